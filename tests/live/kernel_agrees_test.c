/*
 * The third judge. Made-up policies go into the kernel, in children, and calls
 * are made under them: each must come out as the policy, read literally, says.
 *
 * A refusal answers with an errno that no kernel knows. What is allowed does
 * nothing: the calls ask for something, or fail over a bad descriptor.
 */
#include "live.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "call.h"
#include "unit/bpf_random.h"

enum {
	POLICIES = 60,
	CALLS = 80,    /* made under each policy, on each ABI */
	CANARY = 1000, /* the first errno that means a refusal */
	CANARIES = 64,
};

#ifdef LIVE_I386

/* What may be called with any arguments, but for those that are set here. */
static const struct harmless {
	const char *name;
	unsigned arguments;
	bool bad_fd; /* the first must be -1 */
} harmless[] = {
	{ "getppid", 0, false },
	{ "getpid", 0, false },
	{ "gettid", 0, false },
	{ "getuid", 0, false },
	{ "geteuid", 0, false },
	{ "getgid", 0, false },
	{ "sched_yield", 0, false },
	{ "umask", 1, false },
	{ "getpgid", 1, false },
	{ "getsid", 1, false },
	{ "getpriority", 2, false },
	{ "ioprio_get", 2, false },
	{ "sched_get_priority_max", 1, false },
	{ "sched_get_priority_min", 1, false },
	{ "sched_getscheduler", 1, false },
	{ "timer_getoverrun", 1, false },
	{ "fcntl", 3, true },
	{ "ioctl", 3, true },
	{ "lseek", 3, true },
	{ "read", 3, true },
	{ "readv", 3, true },
	{ "fchmod", 2, true },
	{ "fchown", 3, true },
	{ "flock", 2, true },
	{ "fsync", 1, true },
	{ "inotify_rm_watch", 2, true },
	{ "sendfile", 4, true },
	{ "listen", 2, true },
	{ "setsockopt", 5, true },
	{ "recvfrom", 6, true },
	{ "splice", 6, true },
	{ "copy_file_range", 6, true },
};

enum { HARMLESS = sizeof(harmless) / sizeof(harmless[0]) };

/* ------------------------------------------------------------- policies -- */

static void make_number(uint64_t *seed, struct buf *out)
{
	uint32_t number = random_below(seed, 2) ? random_below(seed, 8)
						: random_edge(seed);

	if (random_below(seed, 2))
		buf_printf(out, "%" PRIu32, number);
	else
		buf_printf(out, "0x%" PRIx32, number);
}

static void make_condition(uint64_t *seed, struct buf *out)
{
	static const char *const signs[] = {
		"", "!= ", "< ", "<= ", "> ", ">= "
	};

	switch (random_below(seed, 4)) {
	case 0:
		buf_puts(out, "&");
		make_number(seed, out);
		buf_puts(out, random_below(seed, 2) ? " == " : " != ");
		make_number(seed, out);
		return;
	case 1:
		buf_puts(out, random_below(seed, 2) ? "{" : "!= {");
		for (uint32_t i = random_below(seed, 5); i > 0; i--) {
			make_number(seed, out);
			buf_puts(out, ", ");
		}
		make_number(seed, out);
		buf_puts(out, "}");
		return;
	default:
		buf_puts(out, signs[random_below(seed, 6)]);
		make_number(seed, out);
	}
}

static void make_rule(uint64_t *seed, struct buf *out)
{
	const struct harmless *call = &harmless[random_below(seed, HARMLESS)];

	buf_printf(out, "        - '%s", call->name);
	for (unsigned i = 0; i < call->arguments; i++) {
		buf_puts(out, i ? ", " : "(");
		if ((i == 0 && call->bad_fd) || random_below(seed, 3) == 0)
			buf_puts(out, "_");
		else
			make_condition(seed, out);
	}
	buf_puts(out, call->arguments ? ")'\n" : "'\n");
}

static void make_spelled(uint64_t *seed, struct buf *out)
{
	static const char *const operations[] = {
		"Equal",       "NotEqual",    "LessThan",
		"LessOrEqual", "GreaterThan", "BitsSet",
		"BitsNotSet",  "AllBitsSet",  "GreaterOrEqual",
	};
	const struct harmless *call = &harmless[random_below(seed, HARMLESS)];

	buf_printf(out,
		   "        - name: %s\n"
		   "          arguments:\n",
		   call->name);
	for (uint32_t i = random_below(seed, 3) + 1; i > 0; i--) {
		buf_printf(out,
			   "            - {argument: %" PRIu32
			   ", operation: %s, value: ",
			   random_below(seed, 6),
			   operations[random_below(seed, 9)]);
		make_number(seed, out);
		buf_puts(out, "}\n");
	}
}

static void make_action(uint64_t *seed, struct buf *out)
{
	uint32_t canary = CANARY + random_below(seed, CANARIES);

	if (random_below(seed, 3) == 0)
		buf_puts(out, "allow\n");
	else
		buf_printf(out, "errno(%" PRIu32 ")\n", canary);
}

/* Groups may come out at odds with themselves; then the next seed is tried. */
static void make_policy(uint64_t *seed, struct buf *out)
{
	buf_puts(out, "seccomp:\n"
		      "  architectures: [x86_64, i386]\n"
		      "  default_action: ");
	make_action(seed, out);
	buf_puts(out, "  syscalls:\n"
		      "    - action: allow\n"
		      "      names: [write, exit_group, rt_sigreturn]\n");
	for (uint32_t i = random_below(seed, 5) + 1; i > 0; i--) {
		bool spelled = random_below(seed, 3) == 0;

		buf_puts(out, "    - action: ");
		make_action(seed, out);
		buf_puts(out, spelled ? "      names_with_args:\n"
				      : "      rules:\n");
		for (uint32_t j = random_below(seed, 10) + 1; j > 0; j--)
			if (spelled)
				make_spelled(seed, out);
			else
				make_rule(seed, out);
	}
}

/* ----------------------------------------------------------------- calls -- */

/* What is made, what is wanted, and, in shared memory, what came. */
struct attempt {
	struct cg_call call;
	uint32_t want;
	long got;
	bool done;
};

struct trial {
	struct cg_policy *policy;
	struct cg_program *program;
	struct attempt *attempts;
	size_t count;
	const struct cg_abi *abi;
};

/* A sampled call, made harmless, as `abi` can make it. */
static void make_call(struct trial *trial, uint64_t *seed, uint64_t index,
		      struct cg_call *call)
{
	const struct harmless *one = NULL;
	uint32_t nr;

	cg_policy_sample(trial->policy, *seed, index, call);
	for (size_t i = 0; i < HARMLESS && !one; i++)
		if (cg_syscall_number(cg_syscall_by_name(harmless[i].name),
				      trial->abi, &nr) &&
		    nr == call->nr)
			one = &harmless[i];
	if (!one)
		one = &harmless[random_below(seed, HARMLESS)];
	assert(cg_syscall_number(cg_syscall_by_name(one->name), trial->abi,
				 &call->nr));
	call->arch = trial->abi->audit_arch;
	if (one->bad_fd)
		call->args[0] |= UINT32_MAX;
	for (size_t i = 0; trial->abi->bits == 32 && i < 6; i++)
		call->args[i] = (uint32_t)call->args[i];
}

static void plan_calls(struct trial *trial, uint64_t *seed)
{
	for (size_t i = 0; i < trial->count; i++) {
		struct attempt *attempt = &trial->attempts[i];

		*attempt = (struct attempt){ 0 };
		make_call(trial, seed, i, &attempt->call);
		attempt->want = cg_policy_decide(trial->policy, &attempt->call);
	}
}

/* In the child: nothing here needs a system call but those on trial. */
static void make_calls(const void *with)
{
	const struct trial *trial = with;
	struct cg_error err;

	WANT(cg_load(trial->program, NULL, NULL, &err) == CG_OK);
	for (size_t i = 0; i < trial->count; i++) {
		struct attempt *attempt = &trial->attempts[i];
		uint32_t low[6];

		for (size_t j = 0; j < 6; j++)
			low[j] = (uint32_t)attempt->call.args[j];
		attempt->got = trial->abi->bits == 32
				       ? call_i386(attempt->call.nr, low)
				       : call_native(attempt->call.nr,
						     attempt->call.args);
		attempt->done = true;
	}
	call_native(SYS_exit_group, (const uint64_t[6]){ 0 });
}

static bool as_wanted(const struct attempt *attempt)
{
	long canary = (long)(attempt->want & CG_RET_DATA);

	if (!attempt->done)
		return false;
	if ((attempt->want & CG_RET_ACTION) == CG_RET_ERRNO)
		return attempt->got == -canary;
	return attempt->want == CG_RET_ALLOW &&
	       (attempt->got >= 0 || attempt->got <= -CANARY - CANARIES ||
		attempt->got > -CANARY);
}

struct totals {
	size_t pairs, refused, wrong, shown;
};

static void count(const struct trial *trial, struct totals *totals)
{
	for (size_t i = 0; i < trial->count; i++) {
		const struct attempt *attempt = &trial->attempts[i];

		totals->pairs++;
		totals->refused += attempt->want != CG_RET_ALLOW;
		if (as_wanted(attempt))
			continue;
		totals->wrong++;
		if (totals->shown++ < 5)
			tap_note("nr %" PRIu32 " 0x%" PRIx64 " 0x%" PRIx64
				 " 0x%" PRIx64 ": want 0x%" PRIx32 ", got %ld",
				 attempt->call.nr, attempt->call.args[0],
				 attempt->call.args[1], attempt->call.args[2],
				 attempt->want, attempt->got);
	}
}

static bool make_trial(struct trial *trial, uint64_t *seed)
{
	struct buf text = { 0 };
	struct cg_error err;
	bool ok;

	make_policy(seed, &text);
	ok = cg_policy_parse(text.text, text.length, "made", NULL,
			     &trial->policy, &err) == CG_OK &&
	     cg_compile(trial->policy, NULL, &trial->program, &err) == CG_OK;
	buf_free(&text);
	return ok;
}

static void try_abi(struct tap *tap, const char *name, uint64_t seed)
{
	struct trial trial = { .count = CALLS, .abi = cg_abi_by_name(name) };
	struct totals totals = { 0 };
	size_t policies = 0, tried = 0;

	trial.attempts =
		mmap(NULL, CALLS * sizeof(struct attempt),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(trial.attempts != MAP_FAILED);
	for (; policies < POLICIES && tried < 50 * POLICIES; tried++) {
		if (make_trial(&trial, &seed)) {
			int status;

			policies++;
			plan_calls(&trial, &seed);
			status = live_child(make_calls, &trial);
			if (status != 0)
				tap_note("a child ended with 0x%x",
					 (unsigned)status);
			count(&trial, &totals);
		}
		cg_program_free(trial.program);
		cg_policy_free(trial.policy);
		trial.program = NULL;
		trial.policy = NULL;
	}
	munmap(trial.attempts, CALLS * sizeof(struct attempt));
	tap_ok(tap, totals.pairs >= 2000 && !totals.wrong,
	       "%s: the kernel agrees on %zu calls under %zu policies", name,
	       totals.pairs, policies);
	tap_ok(tap,
	       totals.refused > totals.pairs / 10 &&
		       totals.refused < totals.pairs * 9 / 10,
	       "%s: %zu of them are refused", name, totals.refused);
}

int main(void)
{
	struct cg_features features;
	struct tap tap = { 0 };

	cg_probe(&features);
	try_abi(&tap, "x86_64", 271828);
	if (features.i386_works)
		try_abi(&tap, "i386", 161803);
	else
		tap_skip(&tap, "i386: the kernel agrees",
			 "this kernel takes no int 0x80");
	return tap_done(&tap);
}

#else

int main(void)
{
	struct tap tap = { 0 };

	tap_skip(&tap, "the kernel agrees", "written for x86_64");
	return tap_done(&tap);
}

#endif
