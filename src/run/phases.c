#include "run/phases.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "bpf/image.h"
#include "bpf/sim.h"
#include "run/fprog.h"
#include "sys/task.h"
#include "trace/breakpoint.h"
#include "trace/inject.h"
#include "trace/ready.h"
#include "trace/resume.h"

enum { BORDER = SIGTRAP | 0x80 };

/* What a thread that loads makes in the place of its own next call. */
enum loading { NOT_LOADING, MAPPING, LOADING, UNMAPPING };

/* A thread that is traced. */
struct follower {
	pid_t id, process;
	bool done;      /* it is under both filters */
	bool at_moment; /* it is in the call that ends the start-up */
	bool at_map;    /* it is in a call that may map the function's file */
	bool planted;   /* the function is watched for in its process... */
	bool cleared;   /* ...and not any more */
	enum loading loading;
	bool waiting; /* at its next call, until a fellow has loaded */
	struct regs before;
	uint64_t mapped;     /* memory for the image, or 0: its stack */
	uint64_t address;    /* where the image is */
	unsigned char *kept; /* what stood there */
	const struct door_in *door;
	int filters; /* that it was under before it loads */
};

struct phases {
	const struct cg_run_options *options;
	struct run_moment moment;
	const struct cg_program *first;
	struct cg_program *then;
	size_t size;  /* of the image */
	bool reached; /* the moment has come */
	struct follower **threads;
	size_t count, room;
	struct cg_error *err; /* the first failure */
};

bool moment_read(const char *text, const char *own, struct run_moment *out,
		 struct cg_error *err)
{
	static const char symbol[] = "symbol:";
	const char *close;

	*out = (struct run_moment){ .kind = RUN_MOMENT_READY };
	if (strcmp(text, "ready") == 0)
		return true;
	if (strncmp(text, symbol, sizeof(symbol) - 1) == 0) {
		out->kind = RUN_MOMENT_ENTRY;
		return breakpoint_new(text + sizeof(symbol) - 1, own,
				      &out->function, err);
	}
	out->kind = RUN_MOMENT_CALL;
	out->call = cg_syscall_by_name(text);
	if (out->call)
		return true;
	close = cg_syscall_suggest(text);
	return fail(err, CG_E_INPUT,
		    "no system call is called '%s'%s%s%s; a moment is one, or "
		    "ready, or symbol:NAME",
		    text, close ? "; did you mean '" : "", close ? close : "",
		    close ? "'?" : "");
}

void moment_done(struct run_moment *moment)
{
	breakpoint_free(moment->function);
	moment->function = NULL;
}

static pid_t process_of(pid_t thread)
{
	struct task task;

	return task_read(thread, &task) && task.pid ? task.pid : thread;
}

/* Filters of one thread are filters of all: a new one has what others have. */
static bool is_done(const struct phases *phases, pid_t process)
{
	for (size_t i = 0; i < phases->count; i++)
		if (phases->threads[i]->process == process &&
		    phases->threads[i]->done)
			return true;
	return false;
}

static struct follower *follower_of(struct phases *phases, pid_t id)
{
	struct follower **grown, *follower;

	for (size_t i = phases->count; i-- > 0;)
		if (phases->threads[i]->id == id)
			return phases->threads[i];
	if (phases->count == phases->room) {
		size_t room = phases->room ? 2 * phases->room : 16;

		grown = realloc(phases->threads, room * sizeof(*grown));
		if (!grown)
			return NULL;
		phases->threads = grown;
		phases->room = room;
	}
	follower = calloc(1, sizeof(*follower));
	if (!follower)
		return NULL;
	follower->id = id;
	follower->process = process_of(id);
	follower->done = is_done(phases, follower->process);
	phases->threads[phases->count++] = follower;
	return follower;
}

/* Whether a thread of that process is loading for all of them. */
static bool is_loading(const struct phases *phases, pid_t process)
{
	for (size_t i = 0; i < phases->count; i++)
		if (phases->threads[i]->loading &&
		    phases->threads[i]->process == process)
			return true;
	return false;
}

static void forget(struct phases *phases, pid_t id)
{
	for (size_t i = 0; i < phases->count; i++) {
		struct follower *follower = phases->threads[i];

		if (follower->id != id)
			continue;
		free(follower->kept);
		free(follower);
		phases->threads[i] = phases->threads[--phases->count];
		return;
	}
}

/* Nothing may go on that lacks the second filter. */
static void give_up(struct phases *phases, pid_t thread)
{
	if (phases->options->failed && phases->err->status != CG_OK)
		phases->options->failed(phases->options->context, phases->err);
	kill(process_of(thread), SIGKILL);
}

/* ------------------------------------------------------------- loading -- */

static const struct door_in *door_of(const struct __ptrace_syscall_info *info)
{
	const struct cg_abi *abi =
		cg_abi_of_call(info->arch, (uint32_t)info->entry.nr);
	size_t count;
	const struct door_in *doors = machine_doors(&count);

	for (size_t i = 0; abi && i < count; i++)
		if (strcmp(doors[i].name, abi->name) == 0)
			return &doors[i];
	return NULL;
}

/* Whether a filter lets a thread make a call that is not its own. */
static bool lets(const struct cg_program *program, const struct cg_call *call)
{
	size_t count;
	const struct cg_insn *insns = cg_program_insns(program, &count);
	uint32_t action = bpf_sim(insns, count, cg_program_big_endian(program),
				  call, NULL) &
			  CG_RET_ACTION;

	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

/*
 * Other threads may be using what lies below this one's stack: that of a
 * coroutine is small, and has neighbours. So the image gets memory of its own
 * wherever the filters let it be mapped.
 */
static void call_for_memory(const struct phases *phases,
			    const struct follower *thread, struct cg_call *out)
{
	const bool maps = thread->loading == MAPPING;

	*out = (struct cg_call){
		.nr = maps ? thread->door->mmap : thread->door->munmap,
		.arch = thread->door->audit_arch,
		.ip = regs_pc(&thread->before),
		.args = { thread->mapped, phases->size },
	};
	if (!maps)
		return;
	out->args[2] = PROT_READ | PROT_WRITE;
	out->args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	out->args[4] = thread->door->pointer == 4 ? UINT32_MAX : UINT64_MAX;
}

/* The image into memory; what stood there is kept. */
static bool write_image(struct phases *phases, struct follower *thread)
{
	size_t count;
	const struct cg_insn *insns = cg_program_insns(phases->then, &count);
	unsigned char *image = calloc(2, phases->size);
	bool ok;

	if (!image)
		return fail_nomem(phases->err);
	image_write(insns, count, cg_abi_native()->big_endian,
		    image + FPROG_SIZE);
	thread->kept = image + phases->size;
	thread->address = thread->mapped;
	ok = thread->mapped || fprog_room(&thread->before, phases->size,
					  &thread->address, phases->err);
	if (ok) {
		fprog_write(thread->door, count, thread->address + FPROG_SIZE,
			    image);
		ok = memory_read(thread->id, thread->address, thread->kept,
				 phases->size) &&
		     memory_write(thread->id, thread->address, image,
				  phases->size);
		if (!ok)
			fail_set(phases->err, CG_E_SYSTEM,
				 "the second filter has no room on the stack "
				 "of thread %d",
				 (int)thread->id);
	}
	thread->kept = NULL;
	if (ok) {
		thread->kept = malloc(phases->size);
		ok = thread->kept != NULL || fail_nomem(phases->err);
	}
	if (ok)
		memcpy(thread->kept, image + phases->size, phases->size);
	free(image);
	return ok;
}

/* The call that loads, with the image in place. */
static bool call_to_load(struct phases *phases, struct follower *thread,
			 struct cg_call *out)
{
	struct task task;

	if (!task_read(thread->id, &task))
		return fail(phases->err, CG_E_SYSTEM,
			    "thread %d cannot be reached", (int)thread->id);
	thread->filters = task.filters;
	if (!write_image(phases, thread))
		return false;
	*out = (struct cg_call){
		.nr = thread->door->seccomp,
		.args = { SECCOMP_SET_MODE_FILTER,
			  phases->options->flags | SECCOMP_FILTER_FLAG_TSYNC,
			  thread->address },
	};
	return true;
}

/* At the entry of a call: on the way to load, make another one instead. */
static bool swap_call(struct phases *phases, struct follower *thread,
		      const struct __ptrace_syscall_info *info)
{
	struct cg_call call;
	struct regs regs;

	thread->door = door_of(info);
	if (!thread->door)
		return fail(phases->err, CG_E_UNSUPPORTED,
			    "a thread of an ABI that is not known");
	if (!regs_read(thread->id, &thread->before))
		return fail(phases->err, CG_E_SYSTEM,
			    "thread %d cannot be reached", (int)thread->id);
	call_for_memory(phases, thread, &call);
	if (thread->loading == MAPPING && !lets(phases->first, &call))
		thread->loading = LOADING;
	if (thread->loading == LOADING && !call_to_load(phases, thread, &call))
		return false;
	if (thread->loading == UNMAPPING &&
	    (!lets(phases->first, &call) || !lets(phases->then, &call))) {
		thread->loading = NOT_LOADING;
		return true;
	}
	regs = thread->before;
	regs_swap_call(&regs, thread->door, call.nr, call.args);
	return regs_write(thread->id, &regs) ||
	       fail_errno(phases->err, CG_E_SYSTEM, errno,
			  "thread %d cannot be made to load the filter",
			  (int)thread->id);
}

static void mark_done(const struct phases *phases, pid_t process)
{
	for (size_t i = 0; i < phases->count; i++)
		if (phases->threads[i]->process == process)
			phases->threads[i]->done = true;
}

/* It has loaded: what lay where the image was is put back. */
static bool
check_loaded(struct phases *phases, struct follower *thread, int64_t result)
{
	struct task task;

	if (result != 0)
		return fail_errno(phases->err, CG_E_SYSTEM,
				  result < 0 ? (int)-result : 0,
				  "the second filter was refused");
	if (!memory_write(thread->id, thread->address, thread->kept,
			  phases->size) ||
	    !task_read(thread->id, &task) ||
	    task.filters != thread->filters + 1)
		return fail(phases->err, CG_E_SYSTEM,
			    "the second filter is not in force in thread %d",
			    (int)thread->id);
	mark_done(phases, thread->process);
	return true;
}

/* The end of such a call: make the thread's own after all, or the next one. */
static bool end_swapped(struct phases *phases, struct follower *thread,
			const struct __ptrace_syscall_info *info)
{
	struct regs regs;

	switch (thread->loading) {
	case MAPPING:
		thread->mapped =
			info->exit.is_error ? 0 : (uint64_t)info->exit.rval;
		thread->loading = LOADING;
		break;
	case LOADING:
		if (!check_loaded(phases, thread, info->exit.rval))
			return false;
		thread->loading = thread->mapped ? UNMAPPING : NOT_LOADING;
		break;
	default:
		thread->loading = NOT_LOADING;
	}
	regs_repeat_call(&regs, &thread->before, thread->door);
	return regs_write(thread->id, &regs) ||
	       fail(phases->err, CG_E_SYSTEM,
		    "thread %d cannot make its own call", (int)thread->id);
}

/* ---------------------------------------------------------------- stops -- */

/* Threads that run are asked to stop: to load, or to be let go. */
static void interrupt_all(const struct phases *phases)
{
	for (size_t i = 0; i < phases->count; i++)
		if (!phases->threads[i]->loading &&
		    !phases->threads[i]->waiting)
			ptrace(PTRACE_INTERRUPT, phases->threads[i]->id, NULL,
			       NULL);
}

static bool is_moment(const struct phases *phases, pid_t thread,
		      const struct __ptrace_syscall_info *info)
{
	const struct cg_abi *abi =
		cg_abi_of_call(info->arch, (uint32_t)info->entry.nr);
	uint64_t args[6];

	memcpy(args, info->entry.args, sizeof(args));
	if (!abi)
		return false;
	if (phases->moment.kind == RUN_MOMENT_CALL)
		return cg_syscall_at(abi, (uint32_t)info->entry.nr) ==
		       phases->moment.call;
	return phases->moment.kind == RUN_MOMENT_READY &&
	       abi == cg_abi_native() &&
	       ready_is_sent(thread, (uint32_t)info->entry.nr, args);
}

/* mmap, mmap2 and mprotect make code of a file. */
static bool is_map(const struct __ptrace_syscall_info *info)
{
	const struct cg_abi *abi =
		cg_abi_of_call(info->arch, (uint32_t)info->entry.nr);
	const struct cg_syscall *call =
		abi ? cg_syscall_at(abi, (uint32_t)info->entry.nr) : NULL;

	return call && info->entry.args[2] & PROT_EXEC &&
	       (strcmp(call->name, "mmap") == 0 ||
		strcmp(call->name, "mmap2") == 0 ||
		strcmp(call->name, "mprotect") == 0);
}

static bool plant(struct phases *phases, struct follower *thread)
{
	thread->planted = true;
	return breakpoint_plant(phases->moment.function, thread->id,
				thread->process, phases->err);
}

/* Threads share their code. */
static bool plant_once(struct phases *phases, struct follower *thread)
{
	for (size_t i = 0; !thread->planted && i < phases->count; i++)
		thread->planted =
			phases->threads[i]->process == thread->process &&
			phases->threads[i]->planted;
	return thread->planted || plant(phases, thread);
}

static void reach(struct phases *phases)
{
	phases->reached = true;
	interrupt_all(phases);
}

/*
 * A stop of a program that may have the function: it is watched for from the
 * first one of each thread, after each exec, and not any more once it has been
 * entered. `*status` is without a signal if the breakpoint was all of it.
 */
static bool
watch_function(struct phases *phases, struct follower *thread, int *status)
{
	bool exec = *status >> 16 == PTRACE_EVENT_EXEC;

	if (*status >> 16 == 0 && WSTOPSIG(*status) == SIGTRAP &&
	    breakpoint_hit(phases->moment.function, thread->id,
			   thread->process)) {
		*status = BORDER << 8 | 0x7f;
		if (!phases->reached)
			reach(phases);
	}
	if (!phases->reached)
		return exec ? plant(phases, thread)
			    : plant_once(phases, thread);
	if (thread->cleared)
		return true;
	thread->cleared = true;
	return breakpoint_clear(phases->moment.function, thread->id,
				thread->process, phases->err);
}

/* False if the thread cannot be brought under the second filter. */
static bool on_entry(struct phases *phases, struct follower *thread,
		     const struct __ptrace_syscall_info *info)
{
	if (!phases->reached) {
		thread->at_moment = is_moment(phases, thread->id, info);
		thread->at_map = phases->moment.function && is_map(info);
		return true;
	}
	if (thread->loading)
		return swap_call(phases, thread, info);
	if (thread->done)
		return true;
	/* Once is enough: it holds for all threads of a process. */
	thread->waiting = is_loading(phases, thread->process);
	if (thread->waiting)
		return true;
	thread->loading = MAPPING;
	return swap_call(phases, thread, info);
}

static bool on_exit_of_call(struct phases *phases, struct follower *thread,
			    const struct __ptrace_syscall_info *info)
{
	if (thread->loading) {
		if (!end_swapped(phases, thread, info))
			return false;
		/* Its fellows have it, too, and may be let go. */
		if (thread->done)
			interrupt_all(phases);
		return true;
	}
	if (thread->at_moment && !info->exit.is_error && !phases->reached)
		reach(phases);
	thread->at_moment = false;
	if (thread->at_map && !phases->reached && !plant(phases, thread))
		return false;
	thread->at_map = false;
	return true;
}

static bool on_border(struct phases *phases, struct follower *thread)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->id, sizeof(info), &info) <=
	    0)
		return errno == ESRCH ||
		       fail_errno(phases->err, CG_E_UNSUPPORTED, errno,
				  "phases need Linux 5.3");
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		return on_entry(phases, thread, &info);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		return on_exit_of_call(phases, thread, &info);
	return true;
}

static bool is_birth(int event)
{
	return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	       event == PTRACE_EVENT_CLONE;
}

/*
 * What a thread makes is under what it is under. A child that was seen before
 * its parent told of it loads once more, which does no harm.
 */
static void pass_on(struct phases *phases, const struct follower *parent)
{
	unsigned long id = 0;
	struct follower *child;

	if (!parent->done ||
	    ptrace(PTRACE_GETEVENTMSG, parent->id, NULL, &id) != 0)
		return;
	child = follower_of(phases, (pid_t)id);
	if (child)
		child->done = true;
}

/*
 * Another thread's exec may have taken this one's place and id, whatever it was
 * at: the kernel reports the end of neither.
 */
static void begin_anew(struct phases *phases, struct follower *thread)
{
	unsigned long former = 0;

	thread->loading = NOT_LOADING;
	thread->waiting = thread->at_moment = thread->at_map = false;
	thread->mapped = 0;
	if (ptrace(PTRACE_GETEVENTMSG, thread->id, NULL, &former) == 0 &&
	    (pid_t)former != thread->id)
		forget(phases, (pid_t)former);
}

static void on_stop(struct phases *phases, pid_t id, int status)
{
	struct follower *thread = follower_of(phases, id);
	bool border = status >> 16 == 0 && WSTOPSIG(status) == BORDER;

	if (!thread) {
		fail_set(phases->err, CG_E_NOMEM, "out of memory");
		give_up(phases, id);
		return;
	}
	if (status >> 16 == PTRACE_EVENT_EXEC)
		begin_anew(phases, thread);
	if (phases->moment.function &&
	    !watch_function(phases, thread, &status)) {
		give_up(phases, id);
		return;
	}
	if (border && !on_border(phases, thread)) {
		give_up(phases, id);
		return;
	}
	if (thread->waiting)
		return; /* it stays where it is */
	if (is_birth(status >> 16))
		pass_on(phases, thread);
	if (phases->reached && !thread->loading && thread->done) {
		resume_let_go(id, status);
		forget(phases, id);
		return;
	}
	resume_stopped(id, status, PTRACE_SYSCALL);
}

/* A waiting thread whose process nobody loads for any more: done, or dead. */
static struct follower *next_to_wake(const struct phases *phases)
{
	for (size_t i = 0; i < phases->count; i++) {
		struct follower *thread = phases->threads[i];

		if (thread->waiting && !is_loading(phases, thread->process))
			return thread;
	}
	return NULL;
}

static void wake_waiting(struct phases *phases)
{
	const int at_border = BORDER << 8 | 0x7f; /* as waitpid(2) told it */
	struct follower *thread;

	while ((thread = next_to_wake(phases))) {
		thread->waiting = false;
		on_stop(phases, thread->id, at_border);
	}
}

static void follow_phases(struct phases *phases)
{
	int status;
	pid_t id;

	for (;;) {
		id = waitpid(-1, &status, __WALL);
		if (id > 0 && WIFSTOPPED(status))
			on_stop(phases, id, status);
		else if (id > 0)
			forget(phases, id);
		else if (errno != EINTR)
			return; /* nobody is left to be held */
		wake_waiting(phases);
	}
}

static bool
prepare(struct phases *phases, pid_t process, const struct installed *installed)
{
	const long wanted = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
			    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	struct follower *first;
	struct task task;
	size_t count;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process);
	if (!moment_read(phases->options->after, path, &phases->moment,
			 phases->err))
		return false;
	if (phases->options->then_for(phases->options->context, installed->abi,
				      &phases->then, phases->err) != CG_OK)
		return false;
	cg_program_insns(phases->then, &count);
	phases->size = FPROG_SIZE + count * INSN_SIZE;
	if (!task_read(process, &task) || task.filters < 0)
		return fail(phases->err, CG_E_UNSUPPORTED,
			    "phases need /proc and Linux 5.9, to see each "
			    "thread under both filters");
	first = follower_of(phases, process);
	if (!first)
		return fail_nomem(phases->err);
	if (phases->moment.function && !plant(phases, first))
		return false;
	if (ptrace(PTRACE_SETOPTIONS, process, NULL, wanted) == 0 &&
	    ptrace(PTRACE_SYSCALL, process, NULL, NULL) == 0)
		return true;
	return fail_errno(phases->err, CG_E_SYSTEM, errno,
			  "the command cannot be followed");
}

bool phases(pid_t process, const struct cg_run_options *options,
	    const struct installed *installed, struct cg_error *err)
{
	struct phases phases = { .options = options,
				 .err = err,
				 .first = installed->program };
	bool ok = prepare(&phases, process, installed);

	if (ok)
		follow_phases(&phases);
	while (phases.count)
		forget(&phases, phases.threads[0]->id);
	free(phases.threads);
	cg_program_free(phases.then);
	moment_done(&phases.moment);
	return ok;
}
