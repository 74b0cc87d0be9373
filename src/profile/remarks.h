/*
 * profile/remarks.h - what the code of a region mentions, told later.
 *
 * To read code asks only what the images are, not what was come to so far. So
 * regions can be read at the same time, in any order, and be told in theirs:
 * what comes out does not depend on who read what when.
 */
#ifndef PROFILE_REMARKS_H
#define PROFILE_REMARKS_H

#include "profile/reach.h"

enum remark_kind {
	REMARK_EDGE,        /* a call or jump to `value` */
	REMARK_THROUGH,     /* one to where the word at `value` leads */
	REMARK_SITE,        /* the kernel is entered; `size` is which trap */
	REMARK_INDIRECT,    /* a call or jump to nobody knows where */
	REMARK_STORE,       /* the word at `value` is written */
	REMARK_ADDRESS,     /* `value` is mentioned */
	REMARK_TEXT,        /* a text may be at `value` */
	REMARK_WORDS,       /* `size` bytes from `value` are read */
	REMARK_DATA,        /* any data around `value` may be meant */
	REMARK_FUNCTION,    /* code at `value` is a part of it */
	REMARK_PERSONALITY, /* the unwinder calls what `value` is; `size`: word
			     */
	REMARK_KINDS,
};

/* The `size` of an edge that counts if the call before it comes back. */
enum { REMARK_AFTER_CALL = 1 };

struct remark {
	uint64_t value, at;
	uint64_t from; /* the instruction that does it; 0: the function */
	uint8_t kind;  /* enum remark_kind */
	uint8_t how;   /* enum how */
	uint8_t size;
	bool upward; /* of REMARK_ADDRESS; a jump, of REMARK_INDIRECT */
};

struct remarks {
	struct remark *at;
	size_t count, room;
	struct code code; /* where it was not known before: found by looking */
	bool unreadable;  /* some bytes were no instruction */
	bool foreign;     /* other images had a say in it */
	bool nomem;
};

void remarks_add(struct arena *arena, struct remarks *remarks,
		 struct remark remark);

/* Read the next functions that were come to, and tell what runs of them. */
void remarks_read(struct reach *reach);

#endif
