/*
 * sys/trim.h - keep a folder of files that may be lost below a size.
 *
 * A file's time of change says when it was used last. What was not used for the
 * longest goes first; what others make or use at the same time is young, and a
 * file that somebody has removed already is no matter.
 */
#ifndef SYS_TRIM_H
#define SYS_TRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct trim {
	uint64_t most; /* bytes that may lie there */
	time_t young;  /* what was used since then stays in any case */
};

/* Note that an open file was used, if that is not known for the last minute. */
void trim_use(int file);

/*
 * Remove files of an open folder until they come to three quarters of `most`,
 * if they come to more than that; and what was begun long ago and never got its
 * name. How many were removed.
 */
size_t trim_folder(int folder, struct trim trim);

#endif
