/*
 * record/kin.h - calls that stand for each other.
 *
 * A C library of another release, or another one, asks for openat2 where this
 * one asks for openat: what was seen stands for its family.
 */
#ifndef RECORD_KIN_H
#define RECORD_KIN_H

#include <stddef.h>

enum { KIN_MAX = 8 };

struct family {
	/* The commonest first, NULL behind the last. */
	const char *names[KIN_MAX];
};

/* The families, the ones first whose members change most often; NULL past. */
const struct family *kin_get(size_t index);

/* Calls that every program may come to without having been seen to. */
extern const char *const kin_needs[];

/*
 * Calls that a C library tries first and, where the answer is ENOSYS, does
 * without; NULL behind the last.
 */
extern const char *const kin_optional[];

#endif
