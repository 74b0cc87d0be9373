/* api/object.h - what stands behind the public objects. */
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

/*
 * As cg_policy_parse(); with `changes` also a text that changes what is
 * registered elsewhere (`registered:`). One that extends or restricts, or says
 * nothing, has no answers: it can only be joined.
 */
enum cg_status
policy_parse(const char *text, size_t length, const char *source,
	     const struct cg_policy_options *options, bool changes,
	     struct cg_policy **out, struct cg_error *err);

#endif
