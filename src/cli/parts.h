/* cli/parts.h - one policy for the parts of a program: callgate/registry.h. */
#ifndef CLI_PARTS_H
#define CLI_PARTS_H

#include <callgate/registry.h>

#include "cli/opt.h"

/* What the parts say, each as WHO=..., and the user. */
struct parts {
	struct texts need;      /* --need WHO=LIST */
	struct texts policy;    /* --need-policy WHO=POLICY */
	struct texts refuse;    /* --refuse WHO=LIST */
	const char *configured; /* --registered FILE */
};

/* Rows for the options of a `struct parts` at `field` of a command. */
#define PARTS_OPTIONS(type, field)                                            \
	{ 0,                                                                  \
	  "need",                                                             \
	  "WHO=LIST",                                                         \
	  OPTION_LIST,                                                        \
	  offsetof(type, field.need),                                         \
	  "a part of a program needs these calls, @groups and rules" },       \
		{ 0,                                                          \
		  "need-policy",                                              \
		  "WHO=POLICY",                                               \
		  OPTION_LIST,                                                \
		  offsetof(type, field.policy),                               \
		  "a part needs what this policy, or preset, allows" },       \
		{ 0,                                                          \
		  "refuse",                                                   \
		  "WHO=LIST",                                                 \
		  OPTION_LIST,                                                \
		  offsetof(type, field.refuse),                               \
		  "the program never makes these, whatever its parts need" }, \
	{                                                                     \
		0, "registered", "FILE", OPTION_TEXT,                         \
			offsetof(type, field.configured),                     \
			"the user's configuration, which may change that"     \
	}

/* Whether any of the options was given. */
bool parts_given(const struct parts *parts);

/*
 * The policy that comes of it, borrowed from `*registry`, which is to be freed
 * whatever happens. EXIT_YES; EXIT_NO, with a message, where the user has
 * switched it off; else with a message.
 */
int parts_join(const struct parts *parts, struct cg_registry **registry,
	       const struct cg_policy **out);

#endif
