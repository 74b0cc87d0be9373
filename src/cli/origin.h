/*
 * cli/origin.h - where a foreign file comes from: which format it is in, and
 * what its runtime would see.
 */
#ifndef CLI_ORIGIN_H
#define CLI_ORIGIN_H

#include <callgate/format.h>

#include "cli/opt.h"

struct origin {
	const char *from;       /* --from FORMAT */
	const char *runtime;    /* --for RUNTIME */
	const char *caps;       /* --caps LIST */
	const char *kernel;     /* --kernel RELEASE */
	const char *libseccomp; /* --libseccomp RELEASE */
	const char *item;       /* --item NAME */
};

/* Rows for the options of a `struct origin` at `field` of a command. */
#define ORIGIN_OPTIONS(type, field)                                           \
	{ 0,                                                                  \
	  "from",                                                             \
	  "FORMAT",                                                           \
	  OPTION_TEXT,                                                        \
	  offsetof(type, field.from),                                         \
	  "the format of a policy (default: by its looks)" },                 \
		{ 0,                                                          \
		  "for",                                                      \
		  "RUNTIME",                                                  \
		  OPTION_TEXT,                                                \
		  offsetof(type, field.runtime),                              \
		  "read it as docker, podman, runc, crun, ... would" },       \
		{ 0,                                                          \
		  "caps",                                                     \
		  "LIST",                                                     \
		  OPTION_TEXT,                                                \
		  offsetof(type, field.caps),                                 \
		  "the container's capabilities: default,+SYS_ADMIN; none" }, \
		{ 0,                                                          \
		  "kernel",                                                   \
		  "RELEASE",                                                  \
		  OPTION_TEXT,                                                \
		  offsetof(type, field.kernel),                               \
		  "the kernel below that runtime (default: the newest)" },    \
		{ 0,                                                          \
		  "item",                                                     \
		  "NAME",                                                     \
		  OPTION_TEXT,                                                \
		  offsetof(type, field.item),                                 \
		  "which profile of a file that has several" },               \
	{                                                                     \
		0, "libseccomp", "RELEASE", OPTION_TEXT,                      \
			offsetof(type, field.libseccomp),                     \
			"the libseccomp of that runtime (default: knows all)" \
	}

/* The target that the options name; false, said on stderr, if they are bad. */
bool origin_target(const struct origin *origin, const struct cg_abi *native,
		   struct cg_target *out);

/* The format of that name, said on stderr if there is none; NULL for NULL. */
bool origin_format(const char *name, const struct cg_format **out);

#endif
