/* watch/subject.h - what a call is about, as the Elastic Common Schema says. */
#ifndef WATCH_SUBJECT_H
#define WATCH_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

struct subject_row {
	const char *call;
	const char *category;
	const char *types[2]; /* the second may be NULL */
	bool own;             /* Auditbeat does not say so */
};

/* Made from data/ecs.tbl, sorted by call. */
extern const struct subject_row subject_rows[];
extern const size_t subject_row_count;

/*
 * What the call is about; of one that is in no row, or NULL, its process. As
 * Auditbeat has it if `auditbeat`.
 */
const struct subject_row *subject_of(const char *call, bool auditbeat);

#endif
