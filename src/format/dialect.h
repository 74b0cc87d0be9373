/*
 * format/dialect.h - the groups of calls that other tools' policies name.
 *
 * The same @name holds other calls in each tool, and in each of its releases.
 * The rows are in data/foreign/; tools/gen-foreign makes C of them.
 */
#ifndef FORMAT_DIALECT_H
#define FORMAT_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member: a call, or a group with its @. Releases as CG_RELEASE. */
struct dialect_word {
	uint32_t name;        /* in dialect_text */
	uint32_t from, until; /* which releases have it: from <= r < until */
};

struct dialect_group {
	uint32_t name; /* in dialect_text */
	uint16_t first, count;
};

/* A release that is known, and up to which kernel it has names of calls. */
struct dialect_release {
	uint32_t release;
	uint32_t kernel; /* CG_KERNEL; 0: no matter of the tool's own */
};

struct dialect {
	const struct dialect_word *words;
	const struct dialect_group *groups; /* sorted by name */
	size_t group_count;
	const struct dialect_release *releases; /* sorted */
	size_t release_count;
};

extern const char dialect_text[];
extern const struct dialect dialect_firejail, dialect_systemd;

/* A group that `release` has, or NULL. */
const struct dialect_group *
dialect_find(const struct dialect *dialect, const char *name, uint32_t release);

/*
 * Call `each` for every call of a group and of the groups in it, in the order
 * of the tables; some may come twice. False as soon as `each` says so.
 */
bool dialect_each(const struct dialect *dialect,
		  const struct dialect_group *group, uint32_t release,
		  bool (*each)(void *context, const char *name), void *context);

/* The group closest to a misspelt name that `release` has, or NULL. */
const char *dialect_suggest(const struct dialect *dialect, const char *name,
			    uint32_t release);

/*
 * The newest release that is known and not above `release`, or the oldest;
 * with 0 the oldest.
 */
const struct dialect_release *
dialect_release(const struct dialect *dialect, uint32_t release);

#endif
