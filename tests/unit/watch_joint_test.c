/*
 * watch/joint: what several sources tell becomes one violation. A row is a
 * story: who tells what when, and how many are handed out in the end, and by
 * whom they were seen.
 */
#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>

#include "tap.h"
#include "watch/joint.h"

#define A CG_SOURCE_AUDIT
#define E CG_SOURCE_EBPF
#define G CG_SOURCE_AGENT
#define HOLD 30

/* 'a' and 'e': audit and eBPF tell; 'E': a call that audit hears of, too; 'g':
   the agent; a digit: so many tens pass and all are found empty; 's': a tenth
   of a thousand passes, and audit still has more; other letters: another
   process does the same as the letter before. */
static const struct row {
	const char *name, *story;
	uint32_t sources, verdict;
	size_t count;
	uint32_t seen; /* by the last that was handed out */
	size_t late;
} rows[] = {
	{ "audit alone waits for nobody", "a", A, CG_RET_ERRNO, 1, A, 0 },
	{ "eBPF alone", "E", E, CG_RET_ERRNO, 1, E, 0 },
	{ "both, audit first", "aE", A | E, CG_RET_ERRNO, 1, A | E, 0 },
	{ "both, eBPF first", "Ea", A | E, CG_RET_ERRNO, 1, A | E, 0 },
	{ "audit is not told of it", "e", A | E, CG_RET_ERRNO, 1, E, 0 },
	{ "a log is audit's", "a", A | E, CG_RET_LOG, 1, A, 0 },
	{ "it waits", "a", A | E, CG_RET_ERRNO, 0, 0, 0 },
	{ "and not for ever", "a4", A | E, CG_RET_ERRNO, 1, A, 0 },
	{ "twice", "aEaE", A | E, CG_RET_ERRNO, 2, A | E, 0 },
	{ "twice, in disorder", "aaEE", A | E, CG_RET_ERRNO, 2, A | E, 0 },
	{ "of three audit lost one", "EaEEa4", A | E, CG_RET_ERRNO, 3, E, 0 },
	{ "of three eBPF lost one", "aEaaE4", A | E, CG_RET_ERRNO, 3, A, 0 },
	{ "too late is not twice", "E4a4", A | E, CG_RET_ERRNO, 1, E, 1 },
	{ "too late by eBPF", "a4E4", A | E, CG_RET_ERRNO, 1, A, 1 },
	{ "audit is behind", "Es", A | E, CG_RET_ERRNO, 0, 0, 0 },
	{ "audit is behind, and comes", "Esa", A | E, CG_RET_ERRNO, 1, A | E,
	  0 },
	{ "another process", "aF4", A | E, CG_RET_ERRNO, 2, E, 0 },
	{ "a supervisor's, by all", "agE", A | E | G, CG_RET_USER_NOTIF, 1,
	  A | E | G, 0 },
	{ "a supervisor's, not logged", "ge", A | E | G, CG_RET_USER_NOTIF, 1,
	  E | G, 0 },
	{ "a supervisor that goes on", "g4", E | G, CG_RET_USER_NOTIF, 1, G,
	  0 },
};

static struct violation *told(char who, uint32_t verdict)
{
	struct violation *violation = violation_new();
	struct cg_violation *about = &violation->about;

	*about = (struct cg_violation){ .pid = who == 'F' ? 8 : 7,
					.arch = 1,
					.nr = 2,
					.verdict = verdict,
					.has_verdict = true,
					.count = 1 };
	about->sources = who == 'a' ? A : who == 'g' ? G : E;
	about->serial = who == 'a';
	about->has_args = who != 'a';
	violation->logged = who == 'E' || who == 'F';
	return violation;
}

/* What was handed out so far. */
struct got {
	size_t count;
	uint32_t seen;
	bool whole;
};

static void take(struct joint *joint, uint64_t now, struct got *got)
{
	struct violation *each;

	while ((each = joint_take(joint, now))) {
		const struct cg_violation *about = &each->about;

		got->seen = about->sources;
		got->whole = got->whole &&
			     (about->serial != 0) == ((got->seen & A) != 0) &&
			     about->has_args == ((got->seen & ~A) != 0);
		got->count++;
		violation_free(each);
	}
}

static void
tell(struct joint *joint, const char *story, uint32_t verdict, struct got *got)
{
	uint64_t now = 1000;

	for (; *story; story++) {
		now++;
		if (*story >= '1' && *story <= '9') {
			now += (uint64_t)(*story - '0') * 10;
			joint_empty(joint, A | E | G, now);
		} else if (*story == 's') {
			now += 100;
			joint_empty(joint, E | G, now);
		} else {
			joint_put(joint, told(*story, verdict), now);
		}
		take(joint, now, got);
	}
}

static void check(struct tap *tap, const struct row *row)
{
	struct joint *joint = joint_new(row->sources, HOLD);
	struct cg_watch_tally counts = { 0 };
	struct got got = { .whole = true };

	tell(joint, row->story, row->verdict, &got);
	joint_counts(joint, &counts);
	tap_ok(tap,
	       got.count == row->count && got.seen == row->seen && got.whole &&
		       counts.late == row->late,
	       "%s", row->name);
	if (got.count != row->count || got.seen != row->seen)
		tap_note("%zu, by %u, late %zu", got.count, got.seen,
			 (size_t)counts.late);
	joint_free(joint);
}

/* However many wait, none is lost, and there is a bound. */
static void check_flood(struct tap *tap)
{
	enum { MANY = 3 * JOINT_HELD };
	struct joint *joint = joint_new(A | E, HOLD);
	struct violation *each;
	size_t early = 0, rest = 0;

	for (size_t i = 0; i < MANY; i++) {
		each = told('E', CG_RET_ERRNO);
		each->about.pid = (uint32_t)i;
		joint_put(joint, each, 1000);
	}
	while ((each = joint_take(joint, 1000))) {
		early++;
		violation_free(each);
	}
	joint_empty(joint, A | E, 2000);
	while ((each = joint_take(joint, 2000))) {
		rest++;
		violation_free(each);
	}
	tap_ok(tap, early == MANY - JOINT_HELD && rest == JOINT_HELD,
	       "a flood: %zu early, %zu later", early, rest);
	joint_free(joint);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&tap, &rows[i]);
	check_flood(&tap);
	return tap_done(&tap);
}
