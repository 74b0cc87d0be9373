/*
 * profile/elf.h - an ELF file as bytes, read with bounds.
 *
 * We read what the kernel and the dynamic loader read: program headers and the
 * dynamic segment. Section headers only add knowledge (names, symbols of their
 * own, where one kind of data ends), and may be missing.
 *
 * The bytes are borrowed, and everything points into them: they must outlive
 * the image. Addresses are the file's own; whoever places an image among
 * others adds `base`.
 */
#ifndef PROFILE_ELF_H
#define PROFILE_ELF_H

#include "base/arena.h"
#include "base/fail.h"
#include "profile/bytes.h"

enum machine { MACHINE_X86_64, MACHINE_I386, MACHINE_AARCH64 };

struct segment {
	uint64_t start, end;     /* addresses, memory included */
	uint64_t offset, stored; /* in the file */
	bool write, execute;
};

struct section {
	uint64_t start, end;
	const char *name;
	bool write, execute;
};

enum symbol_kind {
	SYMBOL_OTHER,
	SYMBOL_FUNCTION,
	SYMBOL_IFUNC,
	SYMBOL_OBJECT,
	SYMBOL_TLS,
};

struct symbol {
	const char *name;    /* never NULL */
	const char *version; /* "GLIBC_2.34", or NULL */
	uint64_t value, size;
	uint8_t kind; /* enum symbol_kind */
	bool defined, weak, local;
	bool hidden; /* not the version that a plain name means */
};

struct symbols {
	struct symbol *at;
	size_t count;
};

enum reloc_kind {
	RELOC_BASE,    /* the word is base + addend */
	RELOC_SYMBOL,  /* the word is the symbol's address + addend */
	RELOC_SLOT,    /* as RELOC_SYMBOL, perhaps not before the first call */
	RELOC_COPY,    /* what the symbol's object holds is copied here */
	RELOC_IFUNC,   /* the word is what the function at addend returns */
	RELOC_TLS,     /* no pointer: an index or offset of thread storage */
	RELOC_TLSDESC, /* a function of the loader, and its argument */
};

struct reloc {
	uint64_t where, addend;
	uint32_t symbol; /* index in `dynamic`, for those that have one */
	uint8_t kind;    /* enum reloc_kind */
};

/* A function as the unwind tables tell. */
struct frame {
	uint64_t start, end;
	uint64_t personality; /* address of the routine or of its pointer; 0 */
	uint64_t landing;     /* where landing pads count from, if not start */
	uint64_t table;       /* of its landing pads; 0 */
	bool indirect;        /* personality is the address of a pointer */
};

struct span {
	uint64_t start, end;
};

struct image {
	const char *path; /* as it was given to image_open */
	struct bytes file;
	struct bytes debug;     /* its separate symbols, if there are any */
	const char *real;       /* who reads files calls it so; or NULL */
	const char *debug_real; /* the same of `debug` */
	unsigned char sum[32];  /* of both contents, once has_sum */
	bool has_sum;
	enum machine machine;
	uint8_t word; /* 4 or 8 */
	bool movable; /* ET_DYN */
	uint64_t entry;
	uint64_t low, high; /* all segments lie in [low, high) */
	uint64_t base;      /* 0 until somebody places it */
	struct segment *segments;
	size_t segment_count;
	struct section *sections; /* of what is loaded; sorted */
	size_t section_count;
	const char *interpreter; /* or NULL */

	const char *soname, *rpath, *runpath; /* or NULL */
	const char **needed;
	size_t needed_count;
	struct symbols dynamic; /* what the loader knows */
	struct symbols all;     /* .symtab; empty if stripped */
	struct reloc *relocs;   /* sorted by address */
	size_t reloc_count;
	uint32_t *copies; /* those of them that copy, by index */
	size_t copy_count;
	uint64_t init, fini; /* functions, or 0 */
	struct span preinit_array, init_array, fini_array;
	bool code_relocs;    /* some relocations change instructions */
	uint64_t got;        /* what i386 counts from; or 0 */
	struct span threads; /* what thread storage begins with */
	bool has_dynamic;
	bool no_default_libs; /* DF_1_NODEFLIB */

	struct frame *frames; /* sorted, not overlapping */
	size_t frame_count;
	struct bytes build_id; /* or empty */
	bool go;               /* made by the Go linker */
	struct span pclntab;   /* of Go, or empty */
	uint64_t go_repeater;  /* runtime.runPerThreadSyscall, or 0 */
};

/*
 * Read the file whose content is `file`. `path` is its name in messages, and
 * must live as long.
 *
 * Fails  CG_E_INPUT, saying what is wrong with which part, if it is no ELF file
 *        of a kind that we know, or is truncated, or contradicts itself in what
 *        the loader would use; CG_E_NOMEM.
 */
bool image_open(struct arena *arena, struct bytes file, const char *path,
		struct image *out, struct cg_error *err);

/*
 * The symbols of a separate file of debugging information, for an image whose
 * own were stripped. False if it is none, or is not about this image.
 */
bool image_add_symbols(struct arena *arena, struct bytes file,
		       struct image *image);

/* Whether a file is one that can be started, and no library. */
bool image_is_program(struct bytes file);

/* The bytes stored for [address, address + length); empty if not all are. */
struct bytes
image_bytes(const struct image *image, uint64_t address, uint64_t length);

/* The bytes stored from `address` to the end of its segment. */
struct bytes image_rest(const struct image *image, uint64_t address);

const struct segment *
image_segment(const struct image *image, uint64_t address);

/* The section around an address, or NULL where sections are not known. */
const struct section *
image_section(const struct image *image, uint64_t address);

/* The first relocation at or after an address; reloc_count if none. */
size_t image_reloc_from(const struct image *image, uint64_t address);

/* The frame around an address, or NULL. */
const struct frame *image_frame(const struct image *image, uint64_t address);

/*
 * The landing pads of a frame, one by one. False if its table cannot be read to
 * its end, or `visit` said so.
 */
typedef bool image_pad(void *context, uint64_t address);
bool image_pads(const struct image *image, const struct frame *frame,
		image_pad *visit, void *context);

/* The text at an address, if it is read-only and ends; or NULL. */
const char *image_text(const struct image *image, uint64_t address);

#endif
