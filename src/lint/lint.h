/*
 * lint/lint.h - judge a filter by what it does.
 *
 * Every check asks the diagram; none looks at instructions or text.
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include <callgate/lint.h>

#include "base/arena.h"
#include "base/fail.h"
#include "prove/diagram.h"

enum { GUESTS_MAX = 4 };

/* What a filter does with a call, whatever its arguments. */
enum state {
	ABSENT, /* the ABI has no such call */
	NEVER,  /* let through for no arguments */
	PARTLY,
	ALWAYS,
};

struct lint {
	struct diagrams *all;
	dd decision;
	const struct cg_abi *native;
	const char *engine, *runtime; /* who takes it, who loads it; or NULL */
	int no_new_privs;             /* -1: not known */
	struct arena *arena;
	struct cg_error *err;
	/* What lint_run() finds out first. */
	dd permit; /* whether a call is made */
	const struct cg_abi *guests[GUESTS_MAX];
	size_t guest_count;
	bool allow_list;     /* what it does not name is refused */
	uint32_t unnamed[2]; /* answers to numbers without a name */
	/* What it finds. */
	struct cg_finding *found;
	struct cg_call *where; /* beside each: whose rule is to blame */
	size_t count, room, where_room;
};

/*
 * Run all checks that need nothing but the diagram. False, with `err` filled,
 * if memory or the budget of nodes ran out.
 */
bool lint_run(struct lint *lint);

/*
 * Add a finding: `check` is its name, `example` a call that shows it, or NULL.
 * False only if memory ran out.
 */
__attribute__((format(printf, 6, 7))) bool
lint_find(struct lint *lint, const char *check, enum cg_severity severity,
	  const struct cg_abi *abi, const struct cg_call *example,
	  const char *format, ...);

/*
 * The rule to blame for the last finding is the one that decides this call, and
 * not the one that decides its example. True, to end a check with.
 */
bool lint_where(struct lint *lint, const struct cg_call *call);

/* What it does with a call of an ABI; ABSENT also where it does not exist. */
enum state lint_state(const struct lint *lint, const struct cg_abi *abi,
		      const struct cg_syscall *call);
enum state lint_state_named(const struct lint *lint, const struct cg_abi *abi,
			    const char *name);

/* The diagram of truth values for a number. */
dd lint_permit(const struct lint *lint, const struct cg_abi *abi, uint32_t nr);

/*
 * A call by name that is let through, or is not, as `wanted`; and its answer.
 * Requires that there is one.
 */
uint32_t lint_example(const struct lint *lint, const struct cg_abi *abi,
		      const char *name, bool wanted, struct cg_call *out);

/* Whether a refusal says "there is no such call", which has libc fall back. */
bool lint_is_enosys(const struct cg_abi *abi, uint32_t answer);

/* Names in a row: "a, b, c and 4 more". */
struct names {
	char text[200];
	size_t count, more;
};
void names_add(struct names *names, const char *name);
/* The list; `names` holds it. */
const char *names_done(struct names *names);

/* The checks, one file a kind; each false if memory ran out. */
bool lint_abis(struct lint *lint);
bool lint_answers(struct lint *lint);
bool lint_calls(struct lint *lint);
bool lint_needs(struct lint *lint);
bool lint_width(struct lint *lint);

#endif
