/*
 * What rules for libseccomp mean: which are refused, and which of several
 * decides. Each row was seen with libseccomp itself, but those marked "right",
 * where its filter does not do what its rules say.
 */
#include <callgate/scmp.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define X86_64 0xc000003e
#define I386 0x40000003
enum { LSEEK = 8, LSEEK_I386 = 19 };

/*
 * Rules on lseek, divided by '|': an answer (A allow, T errno 22, U errno 13),
 * the conditions, and behind '=' what adding it returns where that is not 0
 * (E: EEXIST). Then calls: first three arguments, and the answer (K: none of
 * the rules').
 */
static const struct row {
	uint32_t token;
	const char *rules, *calls;
} rows[] = {
	{ X86_64, "A", "0 0 0 A" },
	{ X86_64, "A|T", "0 0 0 A" },
	{ X86_64, "A 0==1|T", "1 0 0 T|2 0 0 T" },
	{ X86_64, "T|A 0==1", "1 0 0 T" },
	{ X86_64, "A 0==1|T 0==1=E", "1 0 0 A" },
	{ X86_64, "A 0==1|A 0==1", "1 0 0 A|2 0 0 K" },
	{ X86_64, "A 0==1|T 0!=1", "1 0 0 A|2 0 0 T" },
	/* the longer one first is refused, the shorter one first wins */
	{ X86_64, "A 0==1 1==2|T 0==1=E", "1 2 0 A|1 3 0 K" },
	{ X86_64, "T 0==1|A 0==1 1==2", "1 2 0 T" },
	{ X86_64, "A 0==1 1==2|A 0==1", "1 3 0 A" },
	/* later arguments first, in either order */
	{ X86_64, "A 0==1|T 1==2", "1 2 0 T" },
	{ X86_64, "T 1==2|A 0==1", "1 2 0 T" },
	{ X86_64, "A 0==1 1==1|T 1==1", "1 1 0 T" },
	/* nested bounds: the narrower one */
	{ X86_64, "A 0<5|T 0<10", "4 0 0 A|5 0 0 T|10 0 0 K" },
	{ X86_64, "T 0<10|A 0<5", "4 0 0 A|5 0 0 T|10 0 0 K" },
	{ X86_64, "A 0>5|T 0>10", "6 0 0 A|11 0 0 T|5 0 0 K" },
	{ X86_64, "T 0>10|A 0>5", "6 0 0 A|11 0 0 T|5 0 0 K" },
	{ X86_64, "A 0<10|T 0==2", "2 0 0 T|3 0 0 A" },
	{ X86_64, "A 0>=5|T 0>5", "5 0 0 A|6 0 0 A" },
	{ X86_64, "T 0>5|A 0>=5", "5 0 0 A|6 0 0 T" },
	{ X86_64, "A 0<9|T 0>=7", "8 0 0 A|9 0 0 T" },
	{ X86_64, "T 0>=7|A 0<9", "8 0 0 A|9 0 0 T" },
	{ X86_64, "A 0<5 1==1|T 0<6=E", "4 1 0 A|5 1 0 K" },
	{ X86_64, "A 0>5 1==1|T 0>6=E", "6 1 0 A|7 0 0 K" },
	{ X86_64, "A 0!=6 1==1|T 0!=5=E", "5 1 0 A|7 0 0 K" },
	/* masked: the larger value; what it leaves open, by addition */
	{ X86_64, "A 0&1==1|T 0&2==2|U 0&3==3", "3 0 0 U|1 0 0 A|2 0 0 T" },
	{ X86_64, "A 0&f==1|T 0&3==1", "1 0 0 A|5 0 0 T" },
	{ X86_64, "A 0&3==1|T 0&f==1", "1 0 0 A|5 0 0 A" },
	{ X86_64, "A 0&0==0|T 0==1", "1 0 0 A|7 0 0 A" },
	{ X86_64, "A 0&1==1|T 0==1", "1 0 0 A" },
	{ X86_64, "T 0==1|A 0&1==1", "1 0 0 T|3 0 0 A" },
	/* 32 bits: the upper half is not looked at */
	{ I386, "A 0==1", "1 0 0 A|100000001 0 0 A" },
	{ I386, "A 0&100000000==0|T 0==1", "1 0 0 A|2 0 0 A" },
	{ I386, "A 0&1==1|T 0==3", "3 0 0 T|1 0 0 A" },
	{ X86_64, "A 0&1==1|T 0==3", "3 0 0 A|1 0 0 A" },
	{ I386, "A 0==1 1==1|T 1==1", "1 1 0 T" },
	/* right: several bounds or unequal values */
	{ X86_64, "A 0<80000000|A 0>=100000001",
	  "ffffffff 0 0 K|7fffffff 0 0 A|100000001 0 0 A" },
	{ X86_64, "A 0!=3|A 1==7 0!=4", "3 7 0 A|3 6 0 K|4 7 0 A" },
	{ X86_64, "A 0>6|T 0>5 1==1", "6 1 0 T|7 1 0 A|6 0 0 K" },
	{ X86_64, "A 0!=5|T 0!=6", "100000000 0 0 T|6 0 0 A|5 0 0 T" },
	{ X86_64, "A 1==5 0!=0 2!=ffffffff|A 2==1 0!=5",
	  "1 5 0 A|5 5 1 A|5 0 1 K|0 0 1 A|0 5 ffffffff K" },
	{ X86_64, "A 2>=80000000|A 0>5 2>=10",
	  "6 0 20 A|5 0 20 K|0 0 80000000 A" },
	{ I386, "A 2==5|T 0!=1 2!=5", "0 0 5 A|0 0 6 T|1 0 6 K" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), ANSWER_REST = CG_RET_ERRNO | 1 };

static uint32_t answer_of(char letter)
{
	switch (letter) {
	case 'A':
		return CG_RET_ALLOW;
	case 'T':
		return CG_RET_ERRNO | 22;
	case 'U':
		return CG_RET_ERRNO | 13;
	default:
		return ANSWER_REST;
	}
}

static int operator_of(const char **at)
{
	static const struct {
		const char *text;
		int op;
	} operators[] = {
		{ "==", CG_SCMP_EQ },       { "!=", CG_SCMP_NE },
		{ "<=", CG_SCMP_LE },       { ">=", CG_SCMP_GE },
		{ "<", CG_SCMP_LT },        { ">", CG_SCMP_GT },
		{ "&", CG_SCMP_MASKED_EQ },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strncmp(*at, operators[i].text,
			    strlen(operators[i].text)) == 0) {
			*at += strlen(operators[i].text);
			return operators[i].op;
		}
	return 0;
}

static uint64_t number(const char **at)
{
	char *end;
	uint64_t value = strtoull(*at, &end, 16);

	*at = end;
	return value;
}

/* Add the rule at `*at`; whether that returns what the row says. */
static bool add(struct cg_scmp *scmp, const char **at)
{
	uint32_t answer = answer_of(*(*at)++);
	struct cg_scmp_test tests[6];
	size_t count = 0;
	int wanted = 0;

	while (**at == ' ') {
		struct cg_scmp_test *test = &tests[count++];

		*at += 1;
		test->argument = (unsigned)(*(*at)++ - '0');
		test->op = operator_of(at);
		test->a = number(at);
		test->b = 0;
		if (test->op == CG_SCMP_MASKED_EQ) {
			*at += 2;
			test->b = number(at);
		}
	}
	if (**at == '=') {
		wanted = -EEXIST;
		*at += 2;
	}
	if (**at == '|')
		*at += 1;
	return cg_scmp_rule(scmp, true, answer, LSEEK, tests, count) == wanted;
}

/* Make the filter of a row; NULL if an addition returned something else. */
static struct cg_scmp *filter_of(const struct row *row)
{
	const struct cg_scmp_arch *x86_64 = cg_scmp_arch_by_token(X86_64);
	struct cg_scmp *scmp = cg_scmp_new(x86_64, ANSWER_REST);
	const char *at = row->rules;
	bool ok =
		scmp &&
		cg_scmp_arch_add(scmp, cg_scmp_arch_by_token(row->token)) == 0;

	while (ok && *at)
		ok = add(scmp, &at);
	if (ok)
		return scmp;
	cg_scmp_free(scmp);
	return NULL;
}

static bool calls_ok(const struct cg_policy *policy, const struct row *row)
{
	struct cg_call call = { .arch = row->token,
				.nr = row->token == I386 ? LSEEK_I386 : LSEEK };
	const char *at = row->calls;

	while (*at) {
		uint32_t answer, wanted;

		for (size_t i = 0; i < 3; i++)
			call.args[i] = number(&at);
		wanted = answer_of(at[1]);
		answer = cg_policy_decide(policy, &call);
		if (answer != wanted) {
			tap_note("%" PRIx64 " %" PRIx64 " %" PRIx64
				 ": 0x%" PRIx32 " for 0x%" PRIx32,
				 call.args[0], call.args[1], call.args[2],
				 answer, wanted);
			return false;
		}
		at += at[2] == '|' ? 3 : 2;
	}
	return true;
}

static bool means(const struct cg_scmp *scmp, const struct row *row)
{
	struct cg_program *program = NULL;
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	bool ok;

	ok = scmp && cg_scmp_policy(scmp, 0, &policy, &err) == CG_OK &&
	     calls_ok(policy, row) &&
	     cg_compile(policy, NULL, &program, &err) == CG_OK;
	if (!ok)
		tap_note("%s", err.message);
	cg_program_free(program);
	cg_policy_free(policy);
	return ok;
}

static void by_row(struct tap *tap)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct cg_scmp *scmp = filter_of(&rows[i]);
		struct cg_scmp *copy = scmp ? cg_scmp_copy(scmp) : NULL;

		tap_ok(tap, means(scmp, &rows[i]) && means(copy, &rows[i]),
		       "%s: %s", rows[i].token == I386 ? "i386" : "x86_64",
		       rows[i].rules);
		cg_scmp_free(copy);
		cg_scmp_free(scmp);
	}
}

/* ------------------------------------------------------ what is refused -- */

static const struct refusal {
	const char *arches; /* names, divided by blanks */
	bool exact;
	uint32_t answer;
	int nr;
	struct cg_scmp_test test;
	size_t count;
	int wanted;
} refusals[] = {
	{ "", false, CG_RET_ALLOW, 0, { 0 }, 0, -EINVAL },
	{ "x86_64", true, CG_RET_ALLOW, 9999, { 0 }, 0, 0 },
	{ "x86_64 x86", false, CG_RET_ALLOW, 9999, { 0 }, 0, -EFAULT },
	{ "x86", false, CG_RET_ALLOW, 9999, { 0 }, 0, -EFAULT },
	{ "x86_64 x86", true, CG_RET_ALLOW, 0, { 0 }, 0, -EOPNOTSUPP },
	{ "x86_64", true, ANSWER_REST, 0, { 0 }, 0, -EACCES },
	{ "x86_64 x86", true, ANSWER_REST, 0, { 0 }, 0, -EACCES },
	{ "x86_64", true, 0x12345, 0, { 0 }, 0, -EINVAL },
	{ "x86_64", true, CG_RET_ERRNO | 4094, 0, { 0 }, 0, 0 },
	{ "x86_64", true, CG_RET_ERRNO | 4095, 0, { 0 }, 0, -EINVAL },
	{ "x86_64", true, CG_RET_ALLOW | 1, 0, { 0 }, 0, -EINVAL },
	{ "x86_64", false, CG_RET_ALLOW, -1, { 0 }, 0, -EINVAL },
	{ "x86_64", false, CG_RET_ALLOW, -99, { 0 }, 0, -EINVAL },
	{ "x86_64", false, CG_RET_ALLOW, -109, { 0 }, 0, 0 },
	{ "x86_64", true, CG_RET_ALLOW, -109, { 0 }, 0, -EDOM },
	{ "x86", false, CG_RET_ALLOW, -101, { 0 }, 0, -EFAULT },
	{ "x86", true, CG_RET_ALLOW, -10026, { 0 }, 0, 0 },
	{ "arm", true, CG_RET_ALLOW, -10060, { 0 }, 0, -EDOM },
	{ "x86", true, CG_RET_ALLOW, 41, { 0 }, 0, 0 },
	{ "x86", true, CG_RET_ALLOW, 41, { 1, 4, 7, 0 }, 1, -EINVAL },
	{ "x86", false, CG_RET_ALLOW, 41, { 1, 4, 7, 0 }, 1, 0 },
	{ "x86_64", true, CG_RET_ALLOW, 0, { 6, 4, 7, 0 }, 1, -EINVAL },
	{ "x86_64", true, CG_RET_ALLOW, 0, { 0, 0, 7, 0 }, 1, -EINVAL },
	{ "x86_64", true, CG_RET_ALLOW, 0, { 0, 8, 7, 0 }, 1, -EINVAL },
};

/* Add architectures by their names. */
static int add_arches(struct cg_scmp *scmp, const char *names)
{
	char name[32];
	int rc = 0;

	while (*names && !rc) {
		size_t length = strcspn(names, " ");

		snprintf(name, sizeof(name), "%.*s", (int)length, names);
		rc = cg_scmp_arch_add(scmp, cg_scmp_arch_by_name(name));
		names += length + (names[length] == ' ');
	}
	return rc;
}

static struct cg_scmp *filter_for(const char *arches)
{
	struct cg_scmp *scmp =
		cg_scmp_new(cg_scmp_arch_by_token(X86_64), ANSWER_REST);

	if (scmp && add_arches(scmp, arches) == 0)
		return scmp;
	cg_scmp_free(scmp);
	return NULL;
}

static void by_refusal(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct cg_scmp *scmp = filter_for(row->arches);
		int rc = scmp ? cg_scmp_rule(scmp, row->exact, row->answer,
					     row->nr, &row->test, row->count)
			      : 1;

		tap_ok(tap, rc == row->wanted,
		       "refusals[%zu]: %s, number %d: %d", i, row->arches,
		       row->nr, rc);
		cg_scmp_free(scmp);
	}
}

/* ------------------------------------------------------------ names, ABIs --
 */

static void names(struct tap *tap)
{
	static const struct {
		const char *arch, *name;
		int number, door;
	} known[] = {
		{ "x86_64", "socket", 41, 41 },
		{ "x86", "socket", -101, 102 },
		{ "x86", "shmat", -221, 117 },
		{ "x86_64", "send", -109, -109 },
		{ "x86_64", "_llseek", -10026, -10026 },
		{ "x32", "read", 0x40000000, 0x40000000 },
		{ "x86_64", "nosuch", -1, -1 },
		{ "x86_64", "fstatat", -1, -1 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct cg_scmp_arch *arch =
			cg_scmp_arch_by_name(known[i].arch);
		int number = cg_scmp_number(arch, known[i].name);
		const char *name = cg_scmp_name(arch, number);

		tap_ok(tap,
		       number == known[i].number &&
			       cg_scmp_door(arch, number) == known[i].door &&
			       (number == -1
					? !name
					: name && !strcmp(name, known[i].name)),
		       "%s on %s is %d", known[i].name, known[i].arch, number);
	}
}

static void arches(struct tap *tap)
{
	struct cg_scmp *one = filter_for("x86_64 x86");
	struct cg_scmp *other = filter_for("x86");
	struct cg_scmp *big = filter_for("s390x");
	const struct cg_scmp_arch *x32 = cg_scmp_arch_by_name("x32");

	tap_ok(tap, cg_scmp_merge(one, other) == -EEXIST,
	       "merge: both have x86");
	tap_ok(tap, cg_scmp_merge(one, big) == -EDOM,
	       "merge: another byte order");
	tap_ok(tap, cg_scmp_arch_remove(one, x32) == -EEXIST,
	       "x32 is not there");
	tap_ok(tap,
	       cg_scmp_arch_remove(one, cg_scmp_arch_by_name("x86")) == 0 &&
		       cg_scmp_merge(one, other) == 0 &&
		       cg_scmp_arch_at(one, 1)->token == I386,
	       "merge: x86 comes back");
	tap_ok(tap,
	       cg_scmp_arch_add(one, x32) == 0 &&
		       cg_scmp_arch_add(one, x32) == -EEXIST,
	       "x32 once");
	cg_scmp_free(one);
	cg_scmp_free(big);
}

/* ---------------------------------------------------------------- text -- */

enum { FLUSH = -10243, READ = 0 }; /* riscv's alone; a call that all have */

/* How often `what` stands in a filter's text. */
static size_t times_in(const struct cg_scmp *scmp, int level, const char *what)
{
	char *text = cg_scmp_text(scmp, level, false);
	size_t times = 0;

	for (const char *at = text; at && (at = strstr(at, what)); at++)
		times++;
	free(text);
	return times;
}

static void absent_calls(struct tap *tap)
{
	static const struct {
		const char *arch;
		size_t shown;
	} known[] = { { "x86_64", 1 },  { "aarch64", 1 }, { "x86", 0 },
		      { "ppc64le", 0 }, { "s390x", 0 },   { "riscv64", 1 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cg_scmp *scmp = filter_for(known[i].arch);

		tap_ok(tap,
		       cg_scmp_rule(scmp, false, CG_RET_ALLOW, FLUSH, NULL,
				    0) == 0 &&
			       times_in(scmp, 1, "riscv_flush_icache") ==
				       known[i].shown,
		       "text: a call that %s may lack", known[i].arch);
		cg_scmp_free(scmp);
	}
}

static void priorities(struct tap *tap)
{
	struct cg_scmp *scmp = filter_for("x86_64");

	(void)cg_scmp_priority(scmp, FLUSH, 7);
	(void)cg_scmp_rule(scmp, false, CG_RET_ALLOW, FLUSH, NULL, 0);
	tap_ok(tap, times_in(scmp, 1, "[priority: 65535]") == 1,
	       "text: a call that is not there has no priority");
	(void)cg_scmp_priority(scmp, READ, 7);
	(void)cg_scmp_rule(scmp, false, CG_RET_ALLOW, READ, NULL, 0);
	tap_ok(tap, times_in(scmp, 1, "[priority: 524287]") == 1,
	       "text: one that is there has");
	cg_scmp_free(scmp);
}

/* Calls behind one whose priority came before its rule. */
static void trees(struct tap *tap)
{
	static const struct {
		int calls;
		size_t branches;
	} known[] = { { 3, 0 }, { 4, 0 }, { 5, 1 }, { 7, 1 },
		      { 8, 1 }, { 9, 2 }, { 16, 3 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cg_scmp *scmp = filter_for("x86_64");

		(void)cg_scmp_priority(scmp, READ, 0);
		for (int nr = READ; nr <= known[i].calls; nr++)
			(void)cg_scmp_rule(scmp, false, CG_RET_ALLOW, nr, NULL,
					   0);
		tap_ok(tap, times_in(scmp, 2, "else #") == known[i].branches,
		       "text: a tree for %d calls and one", known[i].calls);
		cg_scmp_free(scmp);
	}
}

int main(void)
{
	struct tap tap = { 0 };

	by_row(&tap);
	by_refusal(&tap);
	names(&tap);
	arches(&tap);
	absent_calls(&tap);
	priorities(&tap);
	trees(&tap);
	return tap_done(&tap);
}
