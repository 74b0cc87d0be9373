/*
 * profile/answer.h - the whole answer about a program, kept for next time.
 *
 * An answer is made of what was asked, of files, and of nothing else. So each
 * file that was looked for is kept with it: which one it was, or that there was
 * none. As long as all of them are found to be the same, in the same order, so
 * is the answer. Which file it is must stand for its content (FILES_CONTENT);
 * where it does not, nothing is kept.
 *
 * What comes from outside is bounded like all input, and as far as a shelf it
 * is to be trusted (shelf.h).
 */
#ifndef PROFILE_ANSWER_H
#define PROFILE_ANSWER_H

#include "profile/profile.h"

struct looked_for;

struct answer {
	struct arena *arena;
	const struct storage *storage; /* NULL: nothing is kept */
	struct files files;            /* that are really read */
	struct looked_for *looked_for;
	size_t count, room;
	bool lost; /* something cannot be known again */
	char name[SHELF_NAME];
};

/*
 * Begin: for the program at `path`, which is all that the report is about. The
 * arena holds what is only wanted meanwhile.
 */
void answer_open(struct answer *answer, struct arena *arena,
		 const struct wanted *wanted, const char *path);

/* Fill the report with what was kept; false if nothing that holds was. */
bool answer_find(const struct answer *answer, struct arena *arena,
		 struct report *report);

/* The callback of struct files that remembers; its context is an answer. */
bool answer_read(void *answer, const char *path, struct bytes *out,
		 const char **real);

void answer_keep(struct answer *answer, const struct report *report);

/* An answer as it is kept; empty if it cannot be. */
struct bytes answer_pack(struct arena *arena, const struct report *report);

/* The way back, all of it into the arena. False if the bytes make no sense. */
bool answer_unpack(struct bytes packed, struct arena *arena,
		   struct report *report);

#endif
