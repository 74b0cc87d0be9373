/*
 * base/fail.h - say what went wrong, at the one place that knows.
 *
 * Each returns false, so that a function can end in `return fail(...)`; its
 * callers only pass the false on.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <stdbool.h>
#include <stdint.h>

#include <callgate/error.h>

/* A place in a text: which one, and where in it. */
struct place {
	const char *source; /* NULL: none */
	uint32_t line, column;
};

__attribute__((format(printf, 3, 4))) void
fail_set(struct cg_error *err, enum cg_status status, const char *format, ...);

__attribute__((format(printf, 4, 5))) void
fail_set_at(struct cg_error *err, enum cg_status status, struct place place,
	    const char *format, ...);

/* With errno's number and its text behind the message. */
__attribute__((format(printf, 4, 5))) void
fail_set_errno(struct cg_error *err, enum cg_status status, int number,
	       const char *format, ...);

static inline bool failed(void)
{
	return false;
}

/* The status of a step that said false on failure, with its words in `here`. */
static inline enum cg_status
fail_status(bool ok, const struct cg_error *here, struct cg_error *err)
{
	if (ok)
		return CG_OK;
	if (err)
		*err = *here;
	return here->status;
}

/* Macros, so that the compiler, too, knows that the answer is false. */
#define fail(...) (fail_set(__VA_ARGS__), failed())
#define fail_at(...) (fail_set_at(__VA_ARGS__), failed())
#define fail_errno(...) (fail_set_errno(__VA_ARGS__), failed())
#define fail_nomem(err) fail(err, CG_E_NOMEM, "out of memory")

#endif
