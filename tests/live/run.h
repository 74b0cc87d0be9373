/*
 * tests/live/run.h - run a command under a filter, and keep all that is seen.
 */
#ifndef TESTS_LIVE_RUN_H
#define TESTS_LIVE_RUN_H

#include "live.h"
#include "victim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	REFUSED = 13, /* errno of most refusals here; the victim exits so */
	TEXT = 1 << 17,
	ARGS = 5,
	PATIENCE = 60000, /* ms without a word: it hangs */
};
#define REFUSE (CG_RET_ERRNO | REFUSED)

__attribute__((unused)) static const char *victim, *victim32, *fresh;

/* One run: what to run, under what, and what to do before. */
struct setup {
	const char *program; /* NULL: the victim */
	const char *args[ARGS];
	uint32_t answer; /* to getppid, by every door */
	enum cg_explain explain;
	bool before_exec, keep_privileges;
	const char *input; /* NULL: /dev/null */
	void (*prepare)(void);
	size_t pad;  /* more instructions, to make the program longer */
	int foreign; /* what to do when asked for i386: see program_for */
	bool point;  /* `answer` goes to calls with pointers, too */
};

enum { FOREIGN_FAIL = 1, FOREIGN_DIE = 2 };

struct running {
	pid_t pid;
	int out, err, in;
};

struct result {
	int status;
	char out[TEXT], err[TEXT];
};

/* ------------------------------------------------- in the child: callbacks */

static void emit(struct cg_insn *insns, size_t *n, uint16_t code, uint8_t jt,
		 uint8_t jf, uint32_t k)
{
	insns[(*n)++] = (struct cg_insn){ code, jt, jf, k };
}

/* What is refused, others pass: getppid, and what the victim's `point` does. */
static const struct refused_call {
	uint32_t arch, nr;
	bool marked; /* only with VICTIM_MARK in its sixth argument */
	bool point;
} refused_calls[] = {
	{ 0xc000003e, 110, false, false },
	{ 0x40000003, 64, false, false },
	{ 0xc000003e, 49, false, true }, /* bind */
	{ 0x40000003, 361, false, true },
	{ 0xc000003e, 44, false, true }, /* sendto */
	{ 0x40000003, 369, false, true },
	{ 0xc000003e, 82, false, true }, /* rename */
	{ 0x40000003, 38, false, true },
	{ 0xc000003e, 79, false, true }, /* getcwd */
	{ 0x40000003, 183, false, true },
	{ 0xc000003e, 257, true, true }, /* openat: the loader's pass */
	{ 0x40000003, 295, true, true },
};

static void emit_refusal(struct cg_insn *insns, size_t *n,
			 const struct refused_call *call, uint32_t answer)
{
	uint8_t more = call->marked ? 2 : 0;

	emit(insns, n, 0x20, 0, 0, 4);
	emit(insns, n, 0x15, 0, 3 + more, call->arch);
	emit(insns, n, 0x20, 0, 0, 0);
	emit(insns, n, 0x15, 0, 1 + more, call->nr);
	if (call->marked) {
		emit(insns, n, 0x20, 0, 0, 16 + 5 * 8);
		emit(insns, n, 0x15, 0, 1, VICTIM_MARK);
	}
	emit(insns, n, 0x06, 0, 0, answer);
}

static enum cg_status program_for(void *context, const struct cg_abi *abi,
				  struct cg_program **out, struct cg_error *err)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];
	const size_t calls = sizeof(refused_calls) / sizeof(refused_calls[0]);
	const struct setup *setup = context;
	size_t n = 0;

	if (setup->foreign && strcmp(abi->name, "i386") == 0) {
		if (setup->foreign == FOREIGN_DIE)
			raise(SIGKILL);
		err->status = CG_E_MEANING;
		snprintf(err->message, sizeof(err->message), "no i386 here");
		return CG_E_MEANING;
	}
	for (size_t i = 0; i < calls; i++)
		if (setup->point || !refused_calls[i].point)
			emit_refusal(insns, &n, &refused_calls[i],
				     setup->answer);
	for (size_t i = 0; i < setup->pad; i++)
		emit(insns, &n, 0x20, 0, 0, 0);
	emit(insns, &n, 0x06, 0, 0, CG_RET_ALLOW);
	return cg_program_from_insns(insns, n, false, out, err);
}

static void refused(void *context, const struct cg_refusal *refusal)
{
	const struct cg_call *call = &refusal->call;
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	const struct cg_syscall *name =
		abi ? cg_syscall_at(abi, call->nr) : NULL;
	bool placed = refusal->frame_count > 0 &&
		      refusal->frames[0].address == call->ip &&
		      refusal->frames[0].module[0];

	(void)context;
	dprintf(2, "%s %s(%llu, %llu) %08x%s", abi ? abi->name : "?",
		name ? name->name : "?", (unsigned long long)call->args[0],
		(unsigned long long)call->args[1], refusal->answer,
		placed ? "" : " nowhere");
	for (size_t i = 0; i < 6; i++)
		if (refusal->memory[i][0])
			dprintf(2, " %zu=%s", i, refusal->memory[i]);
	dprintf(2, "\n");
}

static void failed(void *context, const struct cg_error *err)
{
	(void)context;
	dprintf(2, "failed %d %s\n", (int)err->status, err->message);
}

static void run_now(const struct setup *setup)
{
	const struct cg_run_options options = {
		.program_for = program_for,
		.refused = refused,
		.failed = failed,
		.context = (void *)(uintptr_t)setup,
		.explain = setup->explain,
		.before_exec = setup->before_exec,
		.keep_privileges = setup->keep_privileges,
	};
	char *argv[ARGS + 2] = { (
		char *)(uintptr_t)(setup->program ? setup->program : victim) };
	struct cg_error err;

	for (size_t i = 0; i < ARGS; i++)
		argv[i + 1] = (char *)(uintptr_t)setup->args[i];
	if (setup->prepare)
		setup->prepare();
	if (cg_run(&options, argv, &err) == CG_OK)
		_exit(98);
	dprintf(2, "returned %d %d %s\n", (int)err.status, (int)err.sys_errno,
		err.message);
	_exit(126);
}

/* ------------------------------------------------ in the parent: judgement */

static inline void start(struct running *running, const struct setup *setup)
{
	int out[2], err[2], in[2];

	assert(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
	       pipe2(in, O_CLOEXEC) == 0);
	fflush(stdout);
	running->pid = fork();
	if (running->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		run_now(setup);
	}
	assert(running->pid > 0);
	close(out[1]);
	close(err[1]);
	close(in[0]);
	if (setup->input)
		assert(write(in[1], setup->input, strlen(setup->input)) ==
		       (ssize_t)strlen(setup->input));
	running->out = out[0];
	running->err = err[0];
	running->in = in[1];
}

/* Both pipes to their ends: the command and its supervisor are gone then. */
static void drain(struct running *running, struct result *result)
{
	struct pollfd fds[2] = { { running->out, POLLIN, 0 },
				 { running->err, POLLIN, 0 } };
	char *text[2] = { result->out, result->err };
	size_t used[2] = { 0 }, open = 2;

	while (open > 0) {
		int n = poll(fds, 2, PATIENCE);

		assert(n > 0 || errno == EINTR); /* else: it hangs */
		for (size_t i = 0; n > 0 && i < 2; i++) {
			ssize_t got;

			if (!fds[i].revents)
				continue;
			got = read(fds[i].fd, text[i] + used[i],
				   TEXT - 1 - used[i]);
			if (got > 0) {
				used[i] += (size_t)got;
			} else {
				fds[i].fd = -1;
				open--;
			}
		}
	}
	text[0][used[0]] = '\0';
	text[1][used[1]] = '\0';
}

static void finish(struct running *running, struct result *result)
{
	drain(running, result);
	assert(waitpid(running->pid, &result->status, 0) == running->pid);
	close(running->out);
	close(running->err);
	close(running->in);
}

static struct result result; /* of the last run */

static inline void run(const struct setup *setup)
{
	struct running running;

	start(&running, setup);
	finish(&running, &result);
}

static inline bool exited(int code)
{
	return WIFEXITED(result.status) && WEXITSTATUS(result.status) == code;
}

static inline bool died(int sig)
{
	return WIFSIGNALED(result.status) && WTERMSIG(result.status) == sig;
}

/* `mode` or what follows it may be "". */
static inline void
expect(struct tap *tap, bool ok, const char *mode, const char *name)
{
	if (!tap_ok(tap, ok, "%s%s%s", mode, *mode ? ": " : "", name))
		tap_note("status 0x%x, err: %.300s out: %.100s",
			 (unsigned)result.status, result.err, result.out);
}

/* How often a line stands in a text; an empty one never. */
static inline unsigned times(const char *text, const char *line)
{
	unsigned n = 0;

	for (; *line && (text = strstr(text, line)) != NULL; text++)
		n++;
	return n;
}

__attribute__((unused)) static const char *const modes[] = {
	[CG_EXPLAIN_KILLS] = "kills",
	[CG_EXPLAIN_ALL] = "all",
	[CG_EXPLAIN_NONE] = "none",
};

static const char *path_or_null(int argc, char **argv, int i)
{
	return i < argc && strcmp(argv[i], "-") != 0 ? argv[i] : NULL;
}

/* Whether the arguments name a victim, and nothing confines us already. Many
   a command dies here, and none shall leave a core file behind. */
static inline bool run_begin(struct tap *tap, int argc, char **argv)
{
	const struct rlimit none = { 0 };

	live_plain_signals();
	setrlimit(RLIMIT_CORE, &none);
	victim = path_or_null(argc, argv, 1);
	victim32 = path_or_null(argc, argv, 2);
	fresh = path_or_null(argc, argv, 3);
	if (victim && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0)
		return true;
	tap_skip(tap, "running",
		 "needs a victim, and no filter in force already");
	return false;
}

#endif
