/* bpf/image.h - instructions as the bytes of an array of struct sock_filter. */
#ifndef BPF_IMAGE_H
#define BPF_IMAGE_H

#include "bpf/insn.h"

enum { INSN_SIZE = 8 };

/* Read or write `count` instructions, INSN_SIZE bytes each. */
void image_read(const unsigned char *bytes, size_t count, bool big_endian,
		struct cg_insn *out);
void image_write(const struct cg_insn *insns, size_t count, bool big_endian,
		 unsigned char *out);

#endif
