/* api/object.h - what stands behind the public struct cg_program. */
#ifndef API_OBJECT_H
#define API_OBJECT_H

#include <callgate/program.h>

struct cg_program {
	bool big_endian;
	size_t count;
	struct cg_insn insns[];
};

/* The same instructions as an object of their own, or NULL. */
struct cg_program *
program_new(const struct cg_insn *insns, size_t count, bool big_endian);

#endif
