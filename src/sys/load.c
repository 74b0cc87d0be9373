/*
 * Put a filter into force. Nothing that cannot be taken back, no_new_privs
 * included, is done before the kernel has been asked whether it will work.
 */
#include "sys/kernel.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fail.h"
#include "bpf/sim.h"
#include "sys/task.h"

static_assert(sizeof(struct cg_insn) == sizeof(struct sock_filter),
	      "the kernel takes struct cg_insn as it is");

struct load {
	const struct cg_insn *insns;
	size_t count;
	uint32_t flags; /* with TSYNC and what it entails */
	const struct cg_load_options *options;
	struct task self; /* before loading */
	struct cg_loaded loaded;
};

static bool
load_init(struct load *load, const struct cg_program *program,
	  const struct cg_load_options *options, struct cg_error *err)
{
	uint32_t flags = options->flags;
	uint32_t known = (1u << KERNEL_FLAGS) - 1;

	if (flags & ~known)
		return fail(err, CG_E_INPUT,
			    "unknown seccomp flags 0x%x; known are 0x%x",
			    (unsigned)(flags & ~known), (unsigned)known);
	if (options->one_thread && (flags & CG_FLAG_TSYNC))
		return fail(err, CG_E_INPUT,
			    "tsync brings every thread under the filter, "
			    "one_thread this one alone: ask for one of them");
	if ((flags & CG_FLAG_WAIT_KILLABLE_RECV) &&
	    !(flags & CG_FLAG_NEW_LISTENER))
		return fail(err, CG_E_INPUT,
			    "wait_killable_recv needs new_listener");
	if (!options->one_thread)
		flags |= CG_FLAG_TSYNC;
	/* One return value cannot be both an fd and a thread to blame. */
	if ((flags & CG_FLAG_TSYNC) && (flags & CG_FLAG_NEW_LISTENER))
		flags |= CG_FLAG_TSYNC_ESRCH;
	if ((flags & CG_FLAG_TSYNC_ESRCH) && !(flags & CG_FLAG_TSYNC))
		return fail(err, CG_E_INPUT, "tsync_esrch needs tsync");
	*load = (struct load){ .flags = flags,
			       .options = options,
			       .loaded = { .listener = -1 } };
	load->insns = cg_program_insns(program, &load->count);
	if (cg_program_big_endian(program) != cg_abi_native()->big_endian)
		return fail(err, CG_E_INPUT,
			    "the filter is for a kernel of the other byte "
			    "order");
	return true;
}

static bool load_privileges(struct load *load, struct cg_error *err)
{
	if (load->options->keep_privileges || load->self.no_new_privs == 1)
		return true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		load->loaded.set_no_new_privs = true;
		return true;
	}
	if (errno == EINVAL)
		return fail_errno(err, CG_E_UNSUPPORTED, errno,
				  "this kernel has no no_new_privs: it needs "
				  "Linux 3.5");
	return fail_errno(err, CG_E_BLOCKED, errno,
			  "an outer filter or sandbox refuses to set "
			  "no_new_privs");
}

/*
 * The kernel's rule for who cannot be synchronised is a filter that is not
 * among this thread's own. Looked up only where it did not name the thread.
 */
static bool has_own_filter(void *context, const struct task *task)
{
	struct task *search = context;
	int mine = search->filters;

	if (task->seccomp <= 0 || task->filters <= mine)
		return true;
	*search = *task;
	return false;
}

static bool
fail_thread(const struct load *load, long thread, struct cg_error *err)
{
	struct task task = load->self;

	if (thread > 0)
		task_read((int32_t)thread, &task);
	else if (task_each(has_own_filter, &task) &&
		 task.thread != load->self.thread)
		thread = task.thread;
	if (thread == 0)
		return fail(err, CG_E_THREAD,
			    "a thread has a seccomp filter of its own, so the "
			    "threads cannot be brought under one filter; "
			    "nothing was loaded");
	fail(err, CG_E_THREAD,
	     "thread %ld (%s) has a seccomp filter of its own, so the threads "
	     "cannot be brought under one filter; nothing was loaded",
	     thread, task.name[0] ? task.name : "its name is not known");
	err->thread = (int32_t)thread;
	return false;
}

static bool fail_load(const struct load *load, int number, struct cg_error *err)
{
	switch (number) {
	case EACCES:
		return fail_errno(err, CG_E_SYSTEM, number,
				  "loading a filter needs no_new_privs or "
				  "CAP_SYS_ADMIN, and this thread has neither");
	case ENOMEM:
		return fail_errno(err, CG_E_SYSTEM, number,
				  "the filter does not fit: all filters of a "
				  "process together may have 32768 "
				  "instructions");
	case EBUSY:
		return fail_errno(err, CG_E_SYSTEM, number,
				  "another filter of this thread already has a "
				  "notification listener");
	case ESRCH:
		return fail_thread(load, 0, err);
	case EINVAL: /* the flags were asked about before: they are known */
		if (load->self.seccomp == 2)
			break;
		return fail_errno(err, CG_E_SYSTEM, number,
				  "this kernel does not take the filter's "
				  "instructions");
	}
	return kernel_refused(number, load->flags, &load->self, err);
}

static struct sock_fprog program_of(const struct load *load)
{
	return (struct sock_fprog){
		.len = (unsigned short)load->count,
		.filter = (struct sock_filter *)load->insns,
	};
}

static bool load_by_seccomp(struct load *load, struct cg_error *err)
{
	struct sock_fprog program = program_of(load);
	long got;

	got = kernel_seccomp(SECCOMP_SET_MODE_FILTER, load->flags, &program);
	if (got < 0)
		return fail_load(load, errno, err);
	if (load->flags & CG_FLAG_NEW_LISTENER)
		load->loaded.listener = (int)got;
	else if (got > 0)
		return fail_thread(load, got, err);
	return true;
}

static bool load_by_prctl(struct load *load, struct cg_error *err)
{
	struct sock_fprog program = program_of(load);

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "neither seccomp(2) nor "
				  "prctl(PR_SET_SECCOMP) loads a filter");
	load->loaded.by_prctl = true;
	return true;
}

/* Whether prctl(2) would do what was asked of seccomp(2). */
static bool prctl_will_do(const struct load *load, struct cg_error *err)
{
	size_t threads = task_count();

	if (load->flags & ~(uint32_t)CG_FLAG_TSYNC)
		return fail(err, CG_E_UNSUPPORTED,
			    "seccomp(2) is missing, and prctl(2) knows none of "
			    "its flags");
	if (threads == 0)
		return fail(err, CG_E_THREAD,
			    "seccomp(2) is missing, prctl(2) reaches one "
			    "thread alone, and /proc does not tell whether "
			    "there are others");
	if (threads > 1)
		return fail(err, CG_E_THREAD,
			    "seccomp(2) is missing, prctl(2) reaches one "
			    "thread alone, and this process has %zu",
			    threads);
	return true;
}

/* Which of the two ways; asks the kernel, changes nothing. */
static bool
choose_way(const struct load *load, bool *by_prctl, struct cg_error *err)
{
	int answer = kernel_ask_flags(load->flags);

	*by_prctl = false;
	if (answer == 0)
		return true;
	if (!load->options->allow_prctl ||
	    (answer != ENOSYS && answer != EPERM))
		return kernel_refused(answer, load->flags, &load->self, err);
	*by_prctl = true;
	return prctl_will_do(load, err);
}

/*
 * Reading /proc goes through the new filter, too. It is done only if the
 * filter surely lets it pass: a kill for our curiosity would be a poor joke.
 */
static bool may_look(const struct load *load)
{
	static const uint32_t calls[] = { SYS_openat, SYS_getdents64, SYS_read,
					  SYS_close };
	uint32_t arch = cg_abi_native()->audit_arch;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!bpf_cached(load->insns, load->count, arch, calls[i]))
			return false;
	return true;
}

struct check {
	const struct load *load;
	uint32_t confirmed;
	struct task missed; /* the one that is not under the filter */
	bool any_missed;
};

static bool check_thread(void *context, const struct task *task)
{
	struct check *check = context;
	int before = check->load->self.filters;

	if (task->state == 'Z' || task->state == 'X' ||
	    (check->load->options->one_thread &&
	     task->thread != check->load->self.thread))
		return true;
	if (task->seccomp == 2 && (before < 0 || task->filters > before)) {
		check->confirmed++;
		return true;
	}
	check->missed = *task;
	check->any_missed = true;
	return false;
}

static bool load_verify(struct load *load, struct cg_error *err)
{
	struct check check = { .load = load };

	/* Without its id, one thread cannot be told from the others. */
	if (!may_look(load) || load->self.thread == 0 ||
	    !task_each(check_thread, &check))
		return true;
	if (check.any_missed) {
		fail(err, CG_E_THREAD,
		     "the kernel took the filter, but thread %d (%s) is not "
		     "under it",
		     (int)check.missed.thread, check.missed.name);
		err->thread = check.missed.thread;
		return false;
	}
	load->loaded.threads = check.confirmed;
	load->loaded.verified = check.confirmed > 0;
	return true;
}

static bool load_program(const struct cg_program *program,
			 const struct cg_load_options *options,
			 struct cg_loaded *loaded, struct cg_error *err)
{
	struct load load;
	bool by_prctl;

	if (!load_init(&load, program, options, err))
		return false;
	task_read(0, &load.self);
	if (!choose_way(&load, &by_prctl, err) || !load_privileges(&load, err))
		return false;
	if (by_prctl ? !load_by_prctl(&load, err)
		     : !load_by_seccomp(&load, err))
		return false;
	if (!load_verify(&load, err)) {
		if (load.loaded.listener >= 0)
			close(load.loaded.listener);
		return false;
	}
	*loaded = load.loaded;
	return true;
}

enum cg_status
cg_load(const struct cg_program *program, const struct cg_load_options *options,
	struct cg_loaded *loaded, struct cg_error *err)
{
	static const struct cg_load_options defaults;
	struct cg_loaded unwanted;
	struct cg_error scratch;

	if (!err)
		err = &scratch;
	if (!load_program(program, options ? options : &defaults,
			  loaded ? loaded : &unwanted, err))
		return err->status;
	/* Nobody would ever close it, and each notification would hang. */
	if (!loaded && unwanted.listener >= 0)
		close(unwanted.listener);
	return CG_OK;
}

static bool load_strict(struct cg_error *err)
{
	struct task self;

	task_read(0, &self);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0)
		return true;
	if (self.seccomp == 2)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "strict mode cannot be entered under a "
				  "filter, and one is in force");
	if (errno == EINVAL)
		return fail_errno(err, CG_E_UNSUPPORTED, errno,
				  "this kernel has no strict mode: it needs "
				  "CONFIG_SECCOMP");
	return fail_errno(err, CG_E_SYSTEM, errno, "strict mode was refused");
}

enum cg_status cg_load_strict(struct cg_error *err)
{
	struct cg_error scratch;

	if (!err)
		err = &scratch;
	return load_strict(err) ? CG_OK : err->status;
}
