/*
 * format/systemd.h - what systemd's unit files can say of system calls.
 */
#ifndef FORMAT_SYSTEMD_H
#define FORMAT_SYSTEMD_H

#include "format/filters.h"

enum { SYSTEMD_NO_ERRNO = -1, SYSTEMD_KILL = -2, SYSTEMD_LAST_ERRNO = 4095 };

/* A call of a list. */
struct systemd_word {
	bool there;
	int16_t error; /* or SYSTEMD_NO_ERRNO, SYSTEMD_KILL */
	struct place place;
};

/* SystemCallFilter= or SystemCallLog=, all lines merged. */
struct systemd_list {
	bool made;  /* a line has been read since the last empty one */
	bool allow; /* the first of them had no ~ */
	struct systemd_word *words; /* by the index of the call */
	size_t count;               /* of those that are there */
};

enum { SYSTEMD_ARCHES = 64 };

/* All that counts of a unit and its drop-ins. */
struct systemd_unit {
	struct reading *reading;
	struct systemd_list filter, log;
	const struct cg_abi *arches[SYSTEMD_ARCHES];
	size_t arch_count;
	int error;          /* of SystemCallErrorNumber=, or SYSTEMD_KILL */
	struct place place; /* of the first line that counts */
};

/* systemd's name of an ABI ("x86-64"), or NULL if it has no filters there. */
const char *systemd_abi_name(const struct cg_abi *abi);

/* The ABI of such a name; "native" is `native`; NULL if it knows none. */
const struct cg_abi *systemd_abi(const char *name, const struct cg_abi *native);

/* Write a drop-in. */
bool systemd_write(struct writing *writing);

/* Make the filters that systemd makes of a unit. */
bool systemd_filters(const struct systemd_unit *unit);

#endif
