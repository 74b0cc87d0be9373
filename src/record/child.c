/* The command of a recorder: forked, held until all is ready, executed. */
#include "record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <callgate/load.h>

#include "sys/task.h"
#include "trace/lookup.h"

/* What the recorder says to the child, and the child to it. */
struct order {
	int32_t tracer;  /* who may trace; 0: nobody */
	bool go;         /* execute */
	uint32_t filter; /* instructions that follow; 0: none */
};

static bool send_all(int fd, const void *from, size_t size)
{
	const char *at = from;

	while (size > 0) {
		/* No SIGPIPE of ours, if the other has gone. */
		ssize_t put = send(fd, at, size, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += put;
		size -= (size_t)put;
	}
	return true;
}

static bool receive_all(int fd, void *to, size_t size)
{
	char *at = to;

	while (size > 0) {
		ssize_t got = read(fd, at, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static bool load_filter(int fd, uint32_t count, struct cg_error *err)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];
	struct cg_program *program = NULL;
	struct cg_load_options load = { .one_thread = true };
	struct task self;
	bool ok;

	if (count > CG_PROGRAM_MAX ||
	    !receive_all(fd, insns, count * sizeof(insns[0])))
		return fail(err, CG_E_SYSTEM, "the recorder is gone");
	task_read(0, &self);
	/* Whoever may, keeps setuid programs as they are. */
	load.keep_privileges = task_can_sys_admin(&self);
	ok = cg_program_from_insns(insns, count, cg_abi_native()->big_endian,
				   &program, err) == CG_OK &&
	     cg_load(program, &load, NULL, err) == CG_OK;
	cg_program_free(program);
	return ok;
}

/* The caller's signals are the command's, but for what was blocked by us. */
static _Noreturn void be_child(int fd, char *const argv[])
{
	struct cg_error err = { 0 };
	struct order order;

	while (receive_all(fd, &order, sizeof(order))) {
		bool ok = true;

		if (order.tracer)
			/* EINVAL where Yama is not there to be told. */
			prctl(PR_SET_PTRACER, order.tracer, 0, 0, 0);
		if (order.go && order.filter)
			ok = load_filter(fd, order.filter, &err);
		if (order.go && ok)
			lookup_exec(argv, &err);
		if (!send_all(fd, &err, sizeof(err)) || order.go)
			break;
	}
	_exit(127);
}

bool child_fork(struct cg_recorder *recorder, struct cg_error *err)
{
	struct child *child = &recorder->child;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot make a socket for the command");
	child->pid = fork();
	if (child->pid == 0) {
		close(pair[0]);
		be_child(pair[1], recorder->target.argv);
	}
	close(pair[1]);
	if (child->pid < 0) {
		child->pid = 0;
		close(pair[0]);
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot start a process for the command");
	}
	child->go = pair[0];
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return true;
}

static bool fail_child(struct cg_error *err)
{
	return fail(err, CG_E_SYSTEM,
		    "the process of the command ended before it was executed");
}

bool child_allow(const struct child *child, pid_t tracer, struct cg_error *err)
{
	const struct order order = { .tracer = tracer };
	struct cg_error told;

	if (!send_all(child->go, &order, sizeof(order)) ||
	    !receive_all(child->go, &told, sizeof(told)))
		return fail_child(err);
	return true;
}

bool child_exec(struct child *child, const struct cg_program *filter,
		struct cg_error *err)
{
	struct order order = { .go = true };
	const struct cg_insn *insns = NULL;
	struct cg_error told;
	size_t count = 0;

	if (filter)
		insns = cg_program_insns(filter, &count);
	order.filter = (uint32_t)count;
	if (!send_all(child->go, &order, sizeof(order)) ||
	    (filter && !send_all(child->go, insns, count * sizeof(*insns))))
		return fail_child(err);
	/* At exec its end is closed; else it tells why there was none. */
	if (receive_all(child->go, &told, sizeof(told))) {
		*err = told;
		return false;
	}
	close(child->go);
	child->go = -1;
	return true;
}

void child_drop(struct child *child)
{
	if (child->pid <= 0)
		return;
	if (child->go >= 0)
		close(child->go);
	if (child->pidfd >= 0)
		close(child->pidfd);
	/* It ends by itself: its socket has. */
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*child = (struct child){ .go = -1, .pidfd = -1 };
}
