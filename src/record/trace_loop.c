#include "record/trace_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/interest.h"
#include "sys/task.h"
#include "trace/names.h"
#include "trace/ready.h"
#include "trace/resume.h"

enum { BORDER = SIGTRAP | 0x80, REFUSALS = 100, MISSED_US = 1000 };

static uint64_t now_of(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---------------------------------------------------------------- calls -- */

static void count_values(const struct trace_loop *loop, uint32_t cell,
			 uint32_t which, const uint64_t args[6])
{
	for (uint32_t i = 0; i < SIDE_ARGUMENTS; i++)
		if (which & 1u << i)
			tally_value(loop->recorder->tally, cell, i, args[i], 1);
}

static void keep_stack(const struct trace_loop *loop, pid_t thread,
		       uint32_t cell, uint64_t ip)
{
	struct tally_stack *stack = tally_stack(loop->recorder->tally, cell);
	struct task task;

	if (stack && task_read(thread, &task) &&
	    namer_stopped(loop->namer, task.pid, thread, ip, stack->text,
			  sizeof(stack->text)))
		stack->cell = cell + 1;
}

static bool
is_moment_call(const struct trace_loop *loop, uint32_t audit_arch, uint32_t nr)
{
	const struct moment *moment = &loop->recorder->moment;
	const struct cg_abi *abi;

	if (moment->kind != MOMENT_CALL || loop->recorder->tally->lane)
		return false;
	abi = cg_abi_of_call(audit_arch, nr);
	return abi && cg_syscall_at(abi, nr) == moment->call;
}

/* A call begins. */
static void
on_call(struct trace_loop *loop, pid_t thread, struct held_thread *now,
	const struct __ptrace_syscall_info *info, uint64_t nr,
	const uint64_t args[6])
{
	struct cg_recorder *recorder = loop->recorder;
	struct tally *tally = recorder->tally;
	uint32_t door, bare, cell;

	if (!loop->armed || !tally_door(&recorder->doors, info->arch,
					(uint32_t)nr, &door, &bare))
		return;
	if (recorder->moment.kind == MOMENT_READY && door == DOOR_NATIVE &&
	    ready_is_sent(thread, bare, args))
		tally->lane = 1;
	if (bare >= SIDE_NUMBERS) {
		tally_stranger(tally, tally->lane, door, bare, 1);
		return;
	}
	cell = SIDE_CELL(tally->lane, door, bare);
	tally->lasts[cell] = now_of(CLOCK_REALTIME_COARSE);
	if (tally->counts[cell].count++ == 0) {
		tally->firsts[cell] = tally->lasts[cell];
		if (recorder->options.stacks)
			keep_stack(loop, thread, cell,
				   info->instruction_pointer);
	}
	count_values(loop, cell, loop->wanted[door * SIDE_NUMBERS + bare],
		     args);
	now->in_call = true;
	now->cell = cell;
	now->is_moment = is_moment_call(loop, info->arch, (uint32_t)nr);
	if (recorder->options.time)
		now->since = now_of(CLOCK_MONOTONIC);
}

static void on_return(struct trace_loop *loop, struct held_thread *now,
		      const struct __ptrace_syscall_info *info)
{
	struct cg_recorder *recorder = loop->recorder;
	struct tally *tally = recorder->tally;
	int64_t result = info->exit.rval;

	if (!now->in_call)
		return;
	now->in_call = false;
	if (recorder->options.time)
		tally->counts[now->cell].time +=
			now_of(CLOCK_MONOTONIC) - now->since;
	/* From 512 on the call is made again, unseen by the program. */
	if (recorder->options.errors && info->exit.is_error && result > -512)
		tally_error(tally, now->cell, (uint32_t)-result, 1);
	if (now->is_moment && !info->exit.is_error)
		tally->lane = 1;
	now->is_moment = false;
}

static bool ask(pid_t thread, struct __ptrace_syscall_info *info)
{
	memset(info, 0, sizeof(*info));
	return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(*info), info) > 0;
}

/* A stop at the border of a call, or on the wish of a filter. */
static void
on_border(struct trace_loop *loop, pid_t thread, struct held_thread *now)
{
	struct __ptrace_syscall_info info;
	uint64_t args[6];

	if (!ask(thread, &info))
		return; /* it is gone */
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		memcpy(args, info.entry.args, sizeof(args));
		on_call(loop, thread, now, &info, info.entry.nr, args);
		break;
	case PTRACE_SYSCALL_INFO_SECCOMP:
		memcpy(args, info.seccomp.args, sizeof(args));
		on_call(loop, thread, now, &info, info.seccomp.nr, args);
		break;
	case PTRACE_SYSCALL_INFO_EXIT:
		on_return(loop, now, &info);
		break;
	default:
		break;
	}
}

/* ---------------------------------------------------------------- stops -- */

static void on_exec(struct trace_loop *loop, pid_t thread)
{
	struct held_thread *now = held_find(&loop->held, thread);
	const struct held_thread *before;
	unsigned long old = 0;

	loop->armed = true;
	/* A thread that was not the first one takes over its name. */
	if (ptrace(PTRACE_GETEVENTMSG, thread, NULL, &old) != 0 ||
	    (pid_t)old == thread)
		return;
	before = held_find(&loop->held, (pid_t)old);
	if (now && before)
		*now = *before;
	else if (now)
		*now = (struct held_thread){ 0 };
	if (now)
		now->id = thread;
	held_drop(&loop->held, (pid_t)old);
}

/* How to go on: a call whose end is of interest stops there, too. */
static enum __ptrace_request
next_stop(const struct trace_loop *loop, const struct held_thread *now)
{
	const struct cg_record_options *options = &loop->recorder->options;

	if (!loop->by_filter)
		return PTRACE_SYSCALL;
	if (now && now->in_call &&
	    (options->errors || options->time || now->is_moment))
		return PTRACE_SYSCALL;
	return PTRACE_CONT;
}

static void on_stop(struct trace_loop *loop, pid_t thread, int status)
{
	/* Its calls count in any case; what is of a whole call does not. */
	struct held_thread unknown = { .id = thread };
	struct held_thread *now = held_add(&loop->held, thread);
	int event = status >> 16;

	if (!now) {
		loop->recorder->tally->lost[LOSS_THREADS]++;
		now = &unknown;
	}
	if (event == PTRACE_EVENT_SECCOMP ||
	    (event == 0 && WSTOPSIG(status) == BORDER))
		on_border(loop, thread, now);
	else if (event == PTRACE_EVENT_EXEC)
		on_exec(loop, thread);
	/* A filter still wants to be answered. */
	if (loop->letting_go && !loop->by_filter)
		resume_let_go(thread, status);
	else
		resume_stopped(thread, status,
			       next_stop(loop, held_find(&loop->held, thread)));
}

/* Those that run are asked to stop, to be let go then. */
static void let_go(struct trace_loop *loop)
{
	if (loop->letting_go || loop->by_filter)
		return;
	loop->letting_go = true;
	for (size_t i = 0; i < loop->held.room; i++)
		if (loop->held.slots[i].id)
			ptrace(PTRACE_INTERRUPT, loop->held.slots[i].id, NULL,
			       NULL);
}

void trace_loop_run(struct trace_loop *loop)
{
	int status;
	pid_t thread;

	for (;;) {
		if (*loop->stopping)
			let_go(loop);
		thread = waitpid(-1, &status, __WALL);
		if (thread > 0 && WIFSTOPPED(status))
			on_stop(loop, thread, status);
		else if (thread > 0)
			held_drop(&loop->held, thread);
		else if (errno != EINTR)
			break; /* nobody is left */
	}
	namer_free(loop->namer);
	held_done(&loop->held);
}

/* ------------------------------------------------------------- beginning -- */

static long trace_options(const struct trace_loop *loop)
{
	return PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
	       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	       (loop->by_filter ? PTRACE_O_TRACESECCOMP : 0);
}

struct seizing {
	struct trace_loop *loop;
	bool fresh;
	bool living; /* one that is had already and lives was met */
	int failed;  /* errno of the first thread that could not be had */
};

/* A thread that ends is refused as one without permission. */
static void on_refusal(struct seizing *seizing, pid_t thread, int number)
{
	if (number != ESRCH && !seizing->failed && !target_is_ending(thread))
		seizing->failed = number;
}

/* False, with errno, if it cannot be had. */
static bool seize(struct trace_loop *loop, pid_t thread)
{
	if (ptrace(PTRACE_SEIZE, thread, NULL, trace_options(loop)) != 0)
		return false;
	if (!held_add(&loop->held, thread))
		loop->recorder->tally->lost[LOSS_THREADS]++;
	/* To stop at the border of its calls from now on. */
	if (!loop->by_filter)
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL);
	return true;
}

static bool seize_thread(void *context, pid_t thread)
{
	struct seizing *seizing = context;
	struct trace_loop *loop = seizing->loop;
	pid_t tracer = target_tracer(thread);

	/* Also with the thread that started it: its stop will tell. But one
	   that executes takes over the id of the first one, and is another. */
	if (tracer == getpid() && !seizing->living)
		seizing->living = !target_is_ending(thread);
	if (tracer == getpid() || tracer < 0)
		return true;
	held_drop(&loop->held, thread);
	if (seize(loop, thread)) {
		seizing->fresh = true;
	} else {
		int number = errno;

		/* Its starter may have been seized meanwhile. */
		if (target_tracer(thread) != getpid())
			on_refusal(seizing, thread, number);
	}
	return true;
}

/*
 * What a thread starts is seized with it; what it has started before, not. A
 * list that is read while threads come and go may lack some, so that nobody new
 * has to be found twice. Where nobody at all was met that lives, the one that
 * executes has been missed: it goes from its own id to that of the first one.
 *
 * A refusal is believed when it lasts: it may have been of a thread that had
 * ended, whose id one that executes had taken over when we looked.
 */
static bool seize_target(struct trace_loop *loop, struct cg_error *err)
{
	const struct target *target = &loop->recorder->target;
	struct seizing seizing = { .loop = loop };
	unsigned refusals = 0;
	bool missed;

	for (unsigned quiet = 0; quiet < 2;) {
		seizing.fresh = seizing.living = false;
		seizing.failed = 0;
		if (!target_threads(target, seize_thread, &seizing, err))
			return false;
		refusals = seizing.failed ? refusals + 1 : 0;
		if (refusals == REFUSALS)
			return target_refused(target->pid, seizing.failed, err);
		missed = !seizing.living && target->pid &&
			 !target_is_over(target->pid);
		quiet = seizing.fresh || refusals || missed ? 0 : quiet + 1;
		if (missed)
			usleep(MISSED_US);
	}
	loop->armed = true;
	return true;
}

static bool seize_child(struct trace_loop *loop, struct cg_error *err)
{
	return seize(loop, loop->recorder->child.pid) ||
	       fail_errno(err, CG_E_UNSUPPORTED, errno,
			  "the command cannot be traced: something else traces "
			  "this process, or a sandbox forbids it");
}

static void learn_wanted(struct trace_loop *loop)
{
	const struct cg_recorder *recorder = loop->recorder;

	for (unsigned i = 0; i < SIDE_DOORS * SIDE_NUMBERS; i++) {
		const struct cg_abi *abi =
			recorder->doors.abi[i / SIDE_NUMBERS];

		if (abi && !recorder->options.no_values)
			loop->wanted[i] = (unsigned char)interest_arguments(
				abi, abi->nr_base + i % SIDE_NUMBERS);
	}
}

bool trace_loop_begin(struct trace_loop *loop, struct cg_error *err)
{
	learn_wanted(loop);
	if (loop->recorder->options.stacks)
		loop->namer = namer_new();
	return loop->recorder->child.pid ? seize_child(loop, err)
					 : seize_target(loop, err);
}
