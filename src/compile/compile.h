/*
 * compile/compile.h - a resolved policy becomes a program.
 */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H

#include "compile/layout.h"
#include "policy/resolve.h"

/* In which form to emit. */
enum form {
	FORM_BEST,
	FORM_LINEAR, /* go-seccomp-bpf's shape: a chain in the policy's order */
};

/*
 * Compile; the instructions lie in the arena. The passes are listed in
 * compile.c, each with what it requires and ensures.
 * Whether it fits the kernel is the caller's to look at. Fails with CG_E_NOMEM,
 * or with CG_E_TOOLONG for one that nobody could want.
 */
bool compile_policy(struct arena *arena, const struct resolved *resolved,
		    enum form form, const struct cost *cost, struct code *out,
		    struct cg_error *err);

#endif
