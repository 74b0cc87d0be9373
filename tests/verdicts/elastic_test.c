/*
 * What is too much for rows: Elastic's tables of operators and lists, their
 * program form, and the programs that must come out byte for byte.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "judges.h"
#include "tap.h"

enum {
	VALUES = 10,
	OPERATORS = 8,
	SHORTEST = 6,
	LISTED = 384, /* numbers of x86_64, as of Linux 6.19 or so */
};

#define AUDIT_X86_64 0xc000003eu
#define AUDIT_ARM 0x40000028u
#define AUDIT_I386 0x40000003u
#define AUDIT_AARCH64 0xc00000b7u

static uint32_t
decide(const struct judges *judges, uint32_t arch, uint32_t nr, bool *agree)
{
	const struct cg_call call = { .arch = arch, .nr = nr };
	uint32_t answer;

	*agree &= judges_ask(judges, &call, &answer);
	return answer;
}

/* ------------------------------------------------- A12: allow lists -- */

/* The first `count` calls of x86_64 by number, but for exit. */
static void list_policy(struct buf *text, size_t count, const char *action)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	const char *between = "";

	buf_printf(text,
		   "seccomp:\n"
		   "  default_action: %s\n"
		   "  foreign: elastic\n"
		   "  architectures: [x86_64]\n"
		   "  syscalls:\n"
		   "    - action: allow\n"
		   "      names: [",
		   action);
	for (uint32_t nr = 0; nr < 1000 && count; nr++) {
		const struct cg_syscall *call = cg_syscall_at(abi, nr);

		if (!call || strcmp(call->name, "exit") == 0)
			continue;
		buf_printf(text, "%s%s", between, call->name);
		between = ", ";
		count--;
	}
	buf_puts(text, "]\n");
}

/* How many calls, exit not among them, a list can hold. */
static size_t list_longest(void)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	size_t count = 0;

	for (uint32_t nr = 0; nr < 1000; nr++)
		count += cg_syscall_at(abi, nr) != NULL;
	return count - 1;
}

static bool list_decides(const struct judges *judges, size_t count)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");
	bool agree = true;
	size_t allowed = 0;

	for (uint32_t nr = 0; nr < 1000; nr++) {
		const struct cg_syscall *call = cg_syscall_at(abi, nr);
		bool listed = call && strcmp(call->name, "exit") != 0 &&
			      allowed < count;
		uint32_t want = listed ? CG_RET_ALLOW : CG_RET_KILL_PROCESS;

		if (decide(judges, AUDIT_X86_64, nr, &agree) != want ||
		    decide(judges, AUDIT_ARM, nr, &agree) !=
			    CG_RET_KILL_PROCESS)
			return false;
		allowed += listed;
	}
	return agree && allowed == count;
}

static void test_lists(struct tap *tap)
{
	const size_t longest = list_longest();
	size_t decided = 0;

	for (size_t count = 1; count <= longest; count++) {
		struct buf text = { 0 };
		struct judges judges;

		list_policy(&text, count, "kill_process");
		if (judges_read(&judges, text.text, CG_FORM_BEST) &&
		    list_decides(&judges, count))
			decided++;
		judges_done(&judges);
		buf_free(&text);
	}
	tap_ok(tap, decided == longest && longest >= 370,
	       "A12: %zu of %zu allow lists decide each number", decided,
	       longest);
}

/* ----------------------------------------------- A13 to A21: operators -- */

static const char *const operators[OPERATORS] = {
	"Equal",    "NotEqual",    "GreaterThan", "GreaterOrEqual",
	"LessThan", "LessOrEqual", "BitsSet",     "BitsNotSet",
};

static bool holds(size_t operator, uint64_t x, uint64_t value)
{
	const bool holds[OPERATORS] = {
		x == value, x != value, x > value,        x >= value,
		x < value,  x <= value, (x & value) != 0, (x & value) == 0,
	};

	return holds[operator];
}

static const uint64_t values[VALUES] = {
	0,
	0x05060708,
	0x0002030405060707,
	0x0102030400000000,
	0x0102030405060707,
	0x0102030405060708,
	0x1020304050607080,
	0x0102030405060709,
	0x0202030405060708,
	UINT64_MAX,
};

static const uint64_t compared[2] = { 0x0102030405060708, 0x1020304050607080 };

static void operator_policy(struct buf *text, size_t operator, size_t count)
{
	buf_puts(text, "seccomp:\n"
		       "  default_action: allow\n"
		       "  syscalls:\n"
		       "    - action: kill_thread\n"
		       "      names_with_args:\n"
		       "        - name: read\n"
		       "          arguments:\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(text,
			   "            - {argument: %zu, operation: %s, "
			   "value: 0x%" PRIx64 "}\n",
			   i, operators[operator], compared[i]);
}

static bool
operator_decides(const struct judges *judges, size_t operator, size_t count)
{
	for (size_t i = 0; i < VALUES; i++)
		for (size_t j = 0; j < VALUES; j++) {
			const struct cg_call call = {
				.arch = AUDIT_X86_64,
				.args = { values[i], values[j] },
			};
			bool kills = holds(operator, values[i], compared[0]) &&
				     (count == 1 ||
				      holds(operator, values[j], compared[1]));
			uint32_t answer;

			if (!judges_ask(judges, &call, &answer) ||
			    answer !=
				    (kills ? CG_RET_KILL_THREAD : CG_RET_ALLOW))
				return false;
		}
	return true;
}

static void test_operators(struct tap *tap)
{
	for (size_t i = 0; i < 2 * OPERATORS; i++) {
		size_t count = 1 + i / OPERATORS;
		struct buf text = { 0 };
		struct judges judges;
		bool ok;

		operator_policy(&text, i % OPERATORS, count);
		ok = judges_read(&judges, text.text, CG_FORM_BEST) &&
		     operator_decides(&judges, i % OPERATORS, count);
		judges_done(&judges);
		buf_free(&text);
		tap_ok(tap, ok, "A%zu: %s, %zu argument%s",
		       count == 1 ? 13 + i : 21, operators[i % OPERATORS],
		       count, count == 1 ? "" : "s");
	}
}

/* --------------------------------------------------- D3: program form -- */

/* What a list of so many names takes in the linear form. */
static const struct length {
	size_t names, instructions;
} lengths[] = {
	{ 1, 8 },     { 100, 107 }, { 251, 258 },    { 252, 260 },
	{ 256, 264 }, { 257, 266 }, { LISTED, 393 },
};

/*
 * Whether the best form executes less for every number. Six is what it takes
 * to tell the machine, x32 and one number apart: only there may both be even.
 */
static bool is_faster(const struct judges *best, const struct judges *linear)
{
	for (uint32_t nr = 0; nr < 1000; nr++) {
		const struct cg_call call = { .arch = AUDIT_X86_64, .nr = nr };
		size_t few, many;

		if (cg_program_decide(best->program, &call, &few) !=
			    cg_program_decide(linear->program, &call, &many) ||
		    few > many || (few == many && many > SHORTEST)) {
			tap_note("number %" PRIu32 ": %zu, not %zu", nr, few,
				 many);
			return false;
		}
	}
	return true;
}

static void test_lengths(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct length *row = &lengths[i];
		struct judges best, linear;
		struct buf text = { 0 };
		size_t count = 0;
		bool ok;

		list_policy(&text, row->names, "kill_process");
		ok = judges_read(&linear, text.text, CG_FORM_ELASTIC);
		if (ok)
			cg_program_insns(linear.program, &count);
		if (!tap_ok(tap, ok && count == row->instructions,
			    "D3: %zu names are %zu instructions", row->names,
			    row->instructions))
			tap_note("%zu; %s", count, linear.err.message);
		ok = judges_read(&best, text.text, CG_FORM_BEST) && ok &&
		     is_faster(&best, &linear);
		tap_ok(tap, ok, "D3: the best form of %zu is always faster",
		       row->names);
		judges_done(&best);
		judges_done(&linear);
		buf_free(&text);
	}
}

static void test_ending(struct tap *tap)
{
	static const char text[] = "seccomp:\n"
				   "  default_action: allow\n"
				   "  foreign: elastic\n"
				   "  architectures: [x86_64]\n"
				   "  syscalls:\n"
				   "    - action: kill_thread\n"
				   "      names: [execve, fork]\n";
	const struct cg_insn *insns = NULL;
	struct judges judges;
	bool agree = true, ok;
	size_t count = 0;

	ok = judges_read(&judges, text, CG_FORM_ELASTIC);
	if (ok)
		insns = cg_program_insns(judges.program, &count);
	tap_ok(tap,
	       ok && count > 2 && insns[count - 2].code == 6 &&
		       insns[count - 2].k == 0 && insns[count - 1].code == 6 &&
		       insns[count - 1].k == CG_RET_ALLOW,
	       "D4: kill_thread and allow come last");
	tap_ok(tap,
	       ok &&
		       decide(&judges, AUDIT_X86_64, 0x40000000, &agree) ==
			       0x00050026 &&
		       decide(&judges, AUDIT_X86_64, UINT32_MAX, &agree) ==
			       0x00050026 &&
		       agree,
	       "D4: x32 numbers answer ENOSYS");
	judges_done(&judges);
}

/* ------------------------------------------------- E1 to E3: no-exec -- */

enum { REFUSED = 0x0005000d };

/* One of the answers that Elasticsearch's program gives. */
static const struct no_exec {
	const char *abi;
	uint32_t arch, nr, want;
} no_exec[] = {
	{ "x86_64", AUDIT_X86_64, 59, REFUSED },
	{ "x86_64", AUDIT_X86_64, 57, REFUSED },
	{ "x86_64", AUDIT_X86_64, 58, REFUSED },
	{ "x86_64", AUDIT_X86_64, 322, REFUSED },
	{ "x86_64", AUDIT_X86_64, 56, CG_RET_ALLOW },
	{ "x86_64", AUDIT_X86_64, 435, CG_RET_ALLOW },
	{ "x86_64", AUDIT_X86_64, 0, CG_RET_ALLOW },
	{ "x86_64", AUDIT_X86_64, 0x3fffffff, CG_RET_ALLOW },
	{ "x86_64", AUDIT_X86_64, 0x40000000, REFUSED },
	{ "x86_64", AUDIT_X86_64, UINT32_MAX, REFUSED },
	{ "x86_64", AUDIT_I386, 0, REFUSED },
	{ "x86_64", AUDIT_I386, 11, REFUSED },
	{ "x86_64", AUDIT_I386, 102, REFUSED },
	{ "aarch64", AUDIT_AARCH64, 221, REFUSED },
	{ "aarch64", AUDIT_AARCH64, 281, REFUSED },
	{ "aarch64", AUDIT_AARCH64, 220, CG_RET_ALLOW },
	{ "aarch64", AUDIT_AARCH64, UINT32_MAX, CG_RET_ALLOW },
	{ "aarch64", AUDIT_X86_64, 220, REFUSED },
};

static void test_no_exec_answers(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(no_exec) / sizeof(no_exec[0]); i++) {
		const struct no_exec *row = &no_exec[i];
		const struct cg_call call = { .arch = row->arch,
					      .nr = row->nr };
		struct cg_program *program = NULL;
		struct cg_error err;
		bool ok = cg_program_no_exec(cg_abi_by_name(row->abi), &program,
					     &err) == CG_OK;

		tap_ok(tap,
		       ok && cg_program_decide(program, &call, NULL) ==
				       row->want,
		       "E: %s: arch 0x%" PRIx32 " nr %" PRIu32 " -> 0x%" PRIx32,
		       row->abi, row->arch, row->nr, row->want);
		cg_program_free(program);
	}
}

/* The ten instructions by what they do; `last` is the place of the refusal. */
static bool is_no_exec(const char *abi, uint32_t arch, uint32_t limit,
		       const uint32_t numbers[4])
{
	const struct cg_insn want[10] = {
		{ 0x20, 0, 0, 4 },          { 0x15, 0, 7, arch },
		{ 0x20, 0, 0, 0 },          { 0x25, 5, 0, limit },
		{ 0x15, 4, 0, numbers[0] }, { 0x15, 3, 0, numbers[1] },
		{ 0x15, 2, 0, numbers[2] }, { 0x15, 1, 0, numbers[3] },
		{ 0x06, 0, 0, 0x7fff0000 }, { 0x06, 0, 0, REFUSED },
	};
	struct cg_program *program = NULL;
	const struct cg_insn *insns;
	struct cg_error err;
	bool same;
	size_t count;

	if (cg_program_no_exec(cg_abi_by_name(abi), &program, &err) != CG_OK)
		return false;
	insns = cg_program_insns(program, &count);
	same = count == 10;
	for (size_t i = 0; same && i < count; i++)
		same = insns[i].code == want[i].code &&
		       insns[i].jt == want[i].jt && insns[i].jf == want[i].jf &&
		       insns[i].k == want[i].k;
	cg_program_free(program);
	return same;
}

static void test_no_exec(struct tap *tap)
{
	struct cg_program *none = NULL;
	struct cg_error err;

	tap_ok(tap,
	       is_no_exec("x86_64", AUDIT_X86_64, 0x3fffffff,
			  (const uint32_t[]){ 57, 58, 59, 322 }),
	       "E1: the ten instructions for x86_64");
	tap_ok(tap,
	       is_no_exec("aarch64", AUDIT_AARCH64, UINT32_MAX,
			  (const uint32_t[]){ 1079, 1071, 221, 281 }),
	       "E3: the ten instructions for aarch64");
	tap_ok(tap,
	       cg_program_no_exec(cg_abi_by_name("riscv64"), &none, &err) ==
			       CG_E_ARCH &&
		       !none,
	       "E: no other machine has one");
	test_no_exec_answers(tap);
}

/* -------------------------------------------------- BT: what Beats load -- */

static const struct beat {
	const char *preset, *abi;
	uint32_t answer;
	size_t count;
} beats[] = {
	{ "beats-x86_64", "x86_64", CG_RET_ALLOW, 117 },
	{ "beats-i386", "i386", CG_RET_ALLOW, 102 },
	{ "beats-arm", "arm", CG_RET_ERRNO | 1, 4 },
	{ "beats-arm64", "aarch64", CG_RET_ERRNO | 1, 2 },
};

static void test_beats(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(beats) / sizeof(beats[0]); i++) {
		const struct beat *row = &beats[i];
		const struct cg_abi *abi = cg_abi_by_name(row->abi);
		struct judges judges = { 0 };
		bool agree = true;
		size_t count = 0;

		if (cg_policy_preset(row->preset, NULL, &judges.policy,
				     &judges.err) == CG_OK &&
		    judges_compile(&judges, CG_FORM_BEST))
			for (uint32_t nr = 0; nr < 2000; nr++)
				count += decide(&judges, abi->audit_arch, nr,
						&agree) == row->answer;
		if (!tap_ok(tap, agree && count == row->count,
			    "BT: %s answers %zu calls otherwise", row->preset,
			    row->count))
			tap_note("%zu; %s", count, judges.err.message);
		judges_done(&judges);
	}
}

static void test_disabled(struct tap *tap)
{
	static const char text[] = "seccomp: {enabled: false}\n";
	static const char more[] = "seccomp:\n"
				   "  enabled: false\n"
				   "  default_action: errno\n"
				   "  syscalls: [{action: allow, names: read}]";
	const char *const texts[] = { text, more };

	for (size_t i = 0; i < 2; i++) {
		struct judges judges;
		bool compiled = judges_read(&judges, texts[i], CG_FORM_BEST);

		tap_ok(tap,
		       !compiled && judges.policy &&
			       !cg_policy_enabled(judges.policy) &&
			       judges.err.status == CG_E_INPUT,
		       "BT6: a policy that is switched off is read and not "
		       "compiled");
		judges_done(&judges);
	}
}

/* ------------------------------------------ G: order and size of lists -- */

static bool same_program(const struct judges *a, const struct judges *b)
{
	const struct cg_insn *left, *right;
	size_t one, other;

	left = cg_program_insns(a->program, &one);
	right = cg_program_insns(b->program, &other);
	return one == other && memcmp(left, right, one * sizeof(*left)) == 0;
}

static void test_order(struct tap *tap)
{
	static const char *const orders[] = {
		"tkill, write, fork, mmap, fanotify_init",
		"fanotify_init, mmap, fork, write, tkill",
		"write, mmap, fork, tkill, fanotify_init",
		"mmap, fanotify_init, tkill, write, fork",
	};
	struct judges all[4];
	bool same = true;

	for (size_t i = 0; i < 4; i++) {
		struct buf text = { 0 };

		buf_printf(&text,
			   "seccomp: {default_action: errno, syscalls: "
			   "[{action: allow, names: [%s]}]}",
			   orders[i]);
		same &= judges_read(&all[i], text.text, CG_FORM_BEST);
		same = same && same_program(&all[0], &all[i]);
		buf_free(&text);
	}
	for (size_t i = 0; i < 4; i++)
		judges_done(&all[i]);
	tap_ok(tap, same, "G1: the order of a list makes no difference");
}

static void test_sizes(struct tap *tap)
{
	for (size_t count = 255; count <= 256; count++) {
		struct buf text = { 0 };
		struct judges judges;
		bool agree = true, ok;

		list_policy(&text, count, "errno(EACCES)");
		ok = judges_read(&judges, text.text, CG_FORM_BEST) &&
		     decide(&judges, AUDIT_X86_64, 0, &agree) == CG_RET_ALLOW &&
		     decide(&judges, AUDIT_X86_64, 60, &agree) == REFUSED &&
		     decide(&judges, AUDIT_X86_64, (uint32_t)count, &agree) ==
			     CG_RET_ALLOW &&
		     decide(&judges, AUDIT_X86_64, (uint32_t)count + 1,
			    &agree) == REFUSED;
		tap_ok(tap, ok && agree, "G2: %zu names work", count);
		judges_done(&judges);
		buf_free(&text);
	}
}

/* B8: read a hundred times, the same hundred times. */
static void test_again(struct tap *tap)
{
	static const char text[] = "seccomp:\n"
				   "  default_action: kill_process\n"
				   "  architectures: [x32]\n"
				   "  syscalls:\n"
				   "    - action: allow\n"
				   "      names: [execve, ioctl, readv]\n";
	struct judges first, again;
	bool same = judges_read(&first, text, CG_FORM_BEST);

	for (int i = 0; same && i < 100; i++) {
		same = judges_read(&again, text, CG_FORM_BEST) &&
		       same_program(&first, &again);
		judges_done(&again);
	}
	tap_ok(tap, same, "B8: the same program a hundred times");
	judges_done(&first);
}

/* The linear form holds for every policy of one ABI, not for Elastic's alone:
   x32 has its own answer, and ends before numbers do. */
static void test_linear(struct tap *tap)
{
	static const char *const actions[] = { "allow", "errno", "trap" };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct judges judges;
		struct buf text = { 0 };

		buf_printf(&text,
			   "seccomp: {default_action: %s, "
			   "architectures: [x86_64], syscalls: "
			   "[{action: log, names: [read, close]}]}",
			   actions[i]);
		if (!tap_ok(tap,
			    judges_read(&judges, text.text, CG_FORM_ELASTIC),
			    "the linear form of an ordinary policy, %s",
			    actions[i]))
			tap_note("%s", judges.err.message);
		judges_done(&judges);
		buf_free(&text);
	}
}

int main(void)
{
	struct tap tap = { 0 };

	test_lists(&tap);
	test_operators(&tap);
	test_lengths(&tap);
	test_ending(&tap);
	test_no_exec(&tap);
	test_beats(&tap);
	test_disabled(&tap);
	test_order(&tap);
	test_sizes(&tap);
	test_again(&tap);
	test_linear(&tap);
	return tap_done(&tap);
}
