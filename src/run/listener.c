#include "run/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <callgate/arch.h>
#include <callgate/program.h>

#include "base/buf.h"
#include "bpf/sim.h"

enum { PATIENCE = 5 /* seconds, with an agent that does not answer */ };

bool listener_connect(const char *path, int *out, struct cg_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE };
	int to;

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return fail(err, CG_E_INPUT,
			    "an agent's socket has a path of 1 to %zu bytes",
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (to >= 0 &&
	    setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &patience,
		       sizeof(patience)) == 0 &&
	    connect(to, (const struct sockaddr *)&address, sizeof(address)) ==
		    0) {
		*out = to;
		return true;
	}
	fail_set_errno(err, CG_E_SYSTEM, errno, "no agent answers at %s", path);
	if (to >= 0)
		close(to);
	return false;
}

/* A copy of the command's descriptor; -1 and errno where it has none. */
static int copy_of(pid_t process, int number)
{
	int of = (int)syscall(SYS_pidfd_open, process, 0);
	int copy, failed;

	if (of < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, of, number, 0);
	failed = errno;
	close(of);
	errno = failed;
	return copy;
}

/* What the filter says of the command's closing it. */
static bool
check_close(const struct inject *inject, uint32_t nr, const uint64_t args[6],
	    const struct cg_program *program, struct cg_error *err)
{
	struct cg_call call = {
		.nr = nr,
		.arch = inject->door->audit_arch,
		.ip = regs_pc(&inject->saved) + inject->door->enter_length,
	};
	uint32_t action;
	size_t count;
	const struct cg_insn *insns = cg_program_insns(program, &count);

	memcpy(call.args, args, sizeof(call.args));
	action = bpf_sim(insns, count, cg_program_big_endian(program), &call,
			 NULL) &
		 CG_RET_ACTION;
	if (action == CG_RET_ALLOW || action == CG_RET_LOG ||
	    action == CG_RET_USER_NOTIF)
		return true;
	return fail(err, CG_E_INPUT,
		    "the policy refuses close, and the command must close its "
		    "own end of the listener before the agent may have it: "
		    "allow close");
}

/* Who has the listener answers for itself. */
static bool close_in(struct inject *inject, int number,
		     const struct cg_program *program, struct cg_error *err)
{
	const struct cg_abi *abi = cg_abi_by_name(inject->door->name);
	const uint64_t args[6] = { (uint64_t)number };
	int64_t result;
	uint32_t nr;
	int still;

	if (!abi || !cg_syscall_number(cg_syscall_by_name("close"), abi, &nr))
		return fail(err, CG_E_UNSUPPORTED, "%s has no close",
			    inject->door->name);
	if (!check_close(inject, nr, args, program, err) ||
	    !inject_call(inject, nr, args, &result, err))
		return false;
	still = result == 0 ? copy_of(inject->process, number) : -1;
	if (result == 0 && still < 0 && errno == EBADF)
		return true;
	if (still >= 0)
		close(still);
	return fail_errno(err, CG_E_BLOCKED, result < 0 ? (int)-result : 0,
			  "something else keeps the command from closing its "
			  "end of the listener");
}

static void describe(struct buf *out, pid_t process)
{
	char path[48], folder[4096];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)process);
	length = readlink(path, folder, sizeof(folder) - 1);
	folder[length > 0 ? length : 0] = '\0';
	buf_printf(out,
		   "{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],"
		   "\"pid\":%d,\"state\":{\"ociVersion\":\"1.0.2\",\"id\":"
		   "\"callgate-run-%d\",\"status\":\"creating\",\"pid\":%d,"
		   "\"bundle\":",
		   (int)process, (int)process, (int)process);
	buf_json(out, *folder ? folder : "/");
	buf_puts(out, "}}");
}

/* The text, and the descriptor with its first byte. */
static bool say(int agent, int listener, const char *text, size_t length)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec piece = { (void *)text, length };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t sent;
	size_t done;

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &listener, sizeof(int));
	sent = sendmsg(agent, &message, MSG_NOSIGNAL);
	for (done = 0; sent > 0 && (done += (size_t)sent) < length;)
		sent = send(agent, text + done, length - done, MSG_NOSIGNAL);
	return done == length;
}

static bool tell(pid_t process, int agent, int listener, struct cg_error *err)
{
	struct buf text = { 0 };
	bool ok;

	describe(&text, process);
	if (text.failed)
		return fail_nomem(err);
	ok = say(agent, listener, text.text, text.length) ||
	     fail_errno(err, CG_E_SYSTEM, errno,
			"the agent does not take the listener");
	buf_free(&text);
	return ok;
}

bool listener_hand_over(struct inject *inject, int number,
			const struct cg_program *program, int agent,
			struct cg_error *err)
{
	int listener = copy_of(inject->process, number);

	if (listener < 0)
		return fail_errno(
			err, errno == ENOSYS ? CG_E_UNSUPPORTED : CG_E_SYSTEM,
			errno,
			"the listener of the command cannot be taken "
			"from it");
	inject->listener = listener;
	return close_in(inject, number, program, err) &&
	       tell(inject->process, agent, listener, err);
}
