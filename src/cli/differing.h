/*
 * cli/differing.h - the differences of two filters, for people and as JSON.
 */
#ifndef CLI_DIFFERING_H
#define CLI_DIFFERING_H

#include <callgate/prove.h>

#include "base/buf.h"

/* As the exit status and JSON have it: "equal", "stricter", ... */
const char *relation_name(enum cg_relation relation);

/* Lines that are collected; what differs alike stands in one. */
struct differing {
	bool json, witnesses;
	struct buf out; /* JSON: the items of a list */
	struct differing_line *lines;
	size_t count, room;
};

/* A callback of cg_differences(); the context is a struct differing. */
void differing_add(void *context, const struct cg_difference *difference);

/* Write what was collected to stdout: the lines, or the JSON list. Frees it. */
void differing_print(struct differing *differing);
void differing_free(struct differing *differing);

#endif
