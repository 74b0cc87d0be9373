/*
 * format/list_write.h - what writers of lists of names share: an answer for
 * each call, the same on some ABIs.
 */
#ifndef FORMAT_LIST_WRITE_H
#define FORMAT_LIST_WRITE_H

#include "format/view.h"

struct listed {
	const struct cg_syscall *call;
	uint32_t answer;
	bool there; /* one of the ABIs has it */
	bool told;  /* that it is not said as it is meant */
};

/* What a format has by itself, or a writer sees to. */
enum list_flags {
	LIST_DOORS = 1,    /* conditions on multiplexers are the format's own */
	LIST_PAST_X32 = 2, /* so are numbers past those of x32 */
	LIST_NUMBERS = 4,  /* the writer looks at numbers without a name */
	LIST_PERSONALITY = 8, /* conditions on personality are the format's */
};

/*
 * One answer for every call that an ABI of `abis` has (bit i: the i-th of the
 * view), by the index of the call. Where there are several (by ABI, by
 * arguments), that is a loss, and the most severe stands.
 */
bool list_answers(struct writing *writing, const struct view *view,
		  uint32_t abis, unsigned flags, struct listed **out,
		  size_t *count);

/* The answer that most of the calls have for which `want` is true. */
uint32_t list_usual(const struct listed *list, size_t count,
		    bool (*want)(uint32_t answer), uint32_t otherwise);

/*
 * Write with `attempt`. If the nearest form is wanted, and the policy's own
 * default lets too much through where a list cannot name it, write again with
 * `closed`: a list of what is allowed, and nothing else is.
 */
bool list_attempts(struct writing *writing, const char *subject,
		   bool (*attempt)(struct writing *writing, bool closed));

/* "EPERM", or "1" where an errno has no name. */
const char *errno_word(struct writing *writing, uint32_t answer);

#endif
