/* lint/tables.h - what data/lint/ says, as rows; each list ends with zeros. */
#ifndef LINT_TABLES_H
#define LINT_TABLES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 48 };

enum siblings_kind {
	SIBLINGS_PARTS = 1,
	SIBLINGS_WHOLE,
	SIBLINGS_HINT,
	SIBLINGS_RING,
};

/* Calls that come to the same. */
struct siblings {
	enum siblings_kind kind;
	const char *about; /* "making folders" */
	const char *calls[NAMES_MAX];
};
extern const struct siblings siblings_rows[];

/* A call that a C library tries first. */
struct probe {
	const char *call, *fallback;
	const char *glibc; /* that began to, "2.34" */
};
extern const struct probe probe_rows[];

/* What a runtime calls under its own filter. */
struct need {
	const char *runtime;
	int no_new_privs; /* -1: either way */
	bool kill;        /* only where refusing it kills */
	const char *calls[NAMES_MAX];
};
extern const struct need need_rows[];

#endif
