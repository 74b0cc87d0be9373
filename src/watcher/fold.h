/*
 * watcher/fold.h - the same violation again and again, told once and counted.
 *
 * Violations are the same if program, call, verdict and container are. The
 * first is news; those that follow within a window are counted, and what was
 * counted is told when the window is over.
 */
#ifndef WATCHER_FOLD_H
#define WATCHER_FOLD_H

#include <stdio.h>

#include <callgate/watch.h>

enum { FOLDS = 512 };

struct fold {
	char *key;            /* what makes it the same; NULL: free */
	uint64_t since;       /* nanoseconds: when the window began */
	uint64_t count;       /* those that followed */
	uint64_t first, last; /* when the first and the last of these were */
	struct cg_violation *violation; /* the one that was news */
};

struct folds {
	uint64_t window; /* nanoseconds; 0: nothing is folded */
	struct fold at[FOLDS];
};

/*
 * Whether the violation, seen at `now`, is news. If not, it is counted. Where
 * the table is full everything is news. `*kept`: it belongs to the table now.
 */
bool fold_is_news(struct folds *folds, struct cg_violation *violation,
		  uint64_t now, bool *kept);

/* Tell what was counted in windows that are over by `now`: as a line, or as an
   event that stands for all that followed. */
void fold_tell(struct folds *folds, uint64_t now, enum cg_event_shape shape,
	       FILE *out);

#endif
