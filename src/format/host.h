/*
 * format/host.h - where a foreign file is read: a target, made concrete.
 *
 * What runtimes do differently is in the rows of runtime.c, so that a reader
 * asks what happens and never who does it.
 */
#ifndef FORMAT_HOST_H
#define FORMAT_HOST_H

#include <callgate/format.h>

#include "base/arena.h"
#include "base/fail.h"

/* What one engine, runtime or tool does with a profile. */
struct runtime {
	struct cg_runtime about;
	const char *below; /* what runs the container, by default; or NULL */
	uint64_t capabilities; /* the bounding set it gives by default */
	uint32_t release;      /* the one that is meant where none is said */
	unsigned traits;
};

enum trait {
	/* Engines. */
	TRAIT_RESOLVES = 1 << 0,    /* includes, excludes and archMap count */
	TRAIT_MIN_KERNEL = 1 << 1,  /* ... and minKernel in them */
	TRAIT_ERRNO_NAMES = 1 << 2, /* errno and defaultErrno count */
	TRAIT_NAME = 1 << 3,        /* `name` in place of `names` counts */
	/* What runs the container. */
	TRAIT_CONTAINER = 1 << 4,    /* it is one of these */
	TRAIT_ENOSYS_STUB = 1 << 5,  /* numbers past the last one named */
	TRAIT_STRICT_ERRNO = 1 << 6, /* errnoRet on a kill is an error */
	TRAIT_NEEDS_NAMES = 1 << 7,  /* a rule without is an error */
	TRAIT_NEEDS_LISTENER = 1 << 8,
	TRAIT_ALL_ARCHES = 1 << 9, /* knows PARISC, M68K and SH, too */
};

struct host {
	const struct cg_abi *native;
	const struct runtime *engine;  /* whom the file is given to */
	const struct runtime *runtime; /* who makes a filter of it */
	uint32_t release;              /* of `runtime` */
	uint64_t capabilities;
	uint32_t kernel;
	uint32_t named; /* the kernel whose calls its libseccomp knows */
	const char *item;
	cg_policy_finder *finder;
	void *context;
};

/* The row of a runtime, or NULL. */
const struct runtime *runtime_named(const char *name, size_t length);

/*
 * Make `target` (NULL: all zeros) concrete. `usual` is the runtime where it
 * names none; or NULL, and then none is filled in. Fails with CG_E_INPUT.
 */
bool host_of(const struct cg_target *target, const char *usual,
	     struct host *out, struct cg_error *err);

/* Whether the engine or what runs below it has a trait. */
static inline bool host_does(const struct host *host, enum trait trait)
{
	return (host->engine && host->engine->traits & trait) ||
	       (host->runtime && host->runtime->traits & trait);
}

#endif
