/*
 * format/view.h - a policy as writers of lists want it: call after call.
 */
#ifndef FORMAT_VIEW_H
#define FORMAT_VIEW_H

#include "format/write.h"

/* A number of one ABI that has a name, an entry, or both. */
struct view_call {
	uint32_t nr;
	const struct cg_syscall *call;        /* NULL: no name */
	const struct resolved_entry *entries; /* up to one without tests */
	size_t count;
	uint32_t rest; /* the answer when none of them matches */
};

struct view_abi {
	const struct cg_abi *abi;
	const struct resolved_abi *table; /* NULL: `others` for all numbers */
	struct view_call *calls;          /* sorted by number */
	size_t count;
	/* What answers numbers without name and entry: most of them; and one
	   that is answered otherwise, if there is any. */
	uint32_t others;
	bool odd;
	uint32_t odd_nr, odd_answer;
};

enum { VIEW_ABIS = 8 };

/* The native ABI of the host that will read it, and all its guests. */
struct view {
	struct view_abi abis[VIEW_ABIS];
	size_t count;
	uint32_t foreign; /* architectures that are none of these */
	bool beyond;      /* the policy says more of those than `foreign` */
};

/* Fails with CG_E_MEANING where the policy is not about the host's ABI. */
bool view_make(struct writing *writing, struct view *view);

/* Whether a call has one answer, whatever its arguments. */
bool view_is_plain(const struct view_call *call, uint32_t *answer);

/* The most severe of the answers that a call can get. */
uint32_t view_strictest(const struct view_call *call);

/* Whether all numbers of an ABI get one answer: what `others` says. */
bool view_is_constant(const struct view_abi *abi);

/* The view of a call on an ABI; NULL if the ABI does not have it. */
const struct view_call *
view_find(const struct view_abi *abi, const struct cg_syscall *call);

/* Whether the kernel prefers `a` over `b` where two filters differ. */
bool answer_severer(uint32_t a, uint32_t b);

/* "errno(EPERM)" for messages; in one of a few rooms of `writing`'s arena. */
const char *answer_words(struct writing *writing, uint32_t answer);

/* Whether a call of an ABI is a multiplexer such as socketcall. */
bool view_is_door(const struct cg_abi *abi, const struct cg_syscall *call);

/*
 * Read what was written so far as its own format, and compare. Where it does
 * not say what the policy does, fails with CG_E_MEANING and a call that shows
 * it. With `nearest` it is enough that no more is let through.
 */
bool writing_check(struct writing *writing, const struct format *format,
		   const char *subject);

#endif
