/*
 * record/ebpf.h - the parts of the eBPF backend: ebpf.c says who is recorded,
 * ebpf_load.c loads and attaches, ebpf_read.c reads what the kernel counted.
 */
#ifndef RECORD_EBPF_H
#define RECORD_EBPF_H

#include "record/recorder.h"

enum { EBPF_PROGRAMS = 10, EBPF_PAGE = 4096 };

struct ebpf {
	const struct bpf_lib *lib;
	struct bpf_object *object;
	struct bpf_link *links[EBPF_PROGRAMS];
	bool at_exit;               /* calls are counted when they return */
	union side_thread *threads; /* by id */
	size_t thread_count;
	struct side_shared *shared;
	struct ring_buffer *ring;
	struct namer *namer;     /* of stacks */
	struct side_count *each; /* a cell, for each CPU */
	struct side_slot *slots; /* the same */
	uint32_t *keys;          /* that a read of many is told, unused */
	unsigned cpus;
};

/* CG_E_UNSUPPORTED, with why. */
bool ebpf_fail(struct cg_error *err, const char *why);

/*
 * Have the kernel take the programs, and map what is shared with them; then
 * attach them. `ebpf->lib` is there. What has been done by then is undone by
 * ebpf_unload(), also after a failure.
 */
bool ebpf_load(struct cg_recorder *recorder, struct ebpf *ebpf,
	       struct cg_error *err);
bool ebpf_attach(struct cg_recorder *recorder, struct ebpf *ebpf,
		 struct cg_error *err);
void ebpf_unload(struct ebpf *ebpf);

/* The name of the program that counts. */
const char *ebpf_counter(const struct ebpf *ebpf);

/* The link of a program that is attached. */
struct bpf_link *ebpf_link(const struct ebpf *ebpf, const char *program);

/* Bring the tally up to date. */
bool ebpf_read(struct cg_recorder *recorder, struct cg_error *err);

#endif
