/* What keeps violations from being seen: settings of the host, and our own. */
#include <callgate/watch.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/file.h"

enum { PEEK = 4096, TRIES = 10, TRY = 100 /* milliseconds */ };

static bool peek(const char *path, char out[PEEK])
{
	return file_peek(-1, path, out, PEEK) > 0;
}

/* The actions that kernel.seccomp.actions_logged leaves out, of those that can
   be logged at all. */
static void silent_actions(struct buf *out)
{
	char available[PEEK], logged[PEEK], padded[PEEK + 2];
	char *rest = NULL;

	if (!peek("/proc/sys/kernel/seccomp/actions_avail", available) ||
	    !peek("/proc/sys/kernel/seccomp/actions_logged", logged))
		return;
	snprintf(padded, sizeof(padded), " %s", logged);
	padded[strcspn(padded, "\n")] = ' ';
	for (char *word = strtok_r(available, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest)) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), " %s ", word);
		if (strcmp(word, "allow") != 0 && !strstr(padded, wanted))
			buf_printf(out, "%s%s", out->length ? ", " : "", word);
	}
}

static char *actions_logged(void)
{
	struct buf words = { 0 }, out = { 0 };

	silent_actions(&words);
	if (words.length)
		buf_printf(&out,
			   "the kernel logs no violation by %s: "
			   "kernel.seccomp.actions_logged leaves that out",
			   words.text);
	buf_free(&words);
	return out.length ? buf_done(&out) : NULL;
}

/* Audit's records go to the first network namespace alone. */
static char *foreign_namespace(void)
{
	struct stat ours, first;
	struct buf out = { 0 };

	if (stat("/proc/self/ns/net", &ours) != 0 ||
	    stat("/proc/1/ns/net", &first) != 0 || ours.st_ino == first.st_ino)
		return NULL;
	buf_puts(&out, "this is not the network namespace of process 1: "
		       "audit's records do not come here");
	return buf_done(&out);
}

/* ----------------------------------------------------------- a trial -- */

/* A child that makes one call which its filter answers so, under this name. */
_Noreturn static void violate(const char *name, uint32_t answer)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { 4, insns };

	if (prctl(PR_SET_NAME, name, 0, 0, 0) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
		syscall(SYS_getppid);
	_exit(0);
}

/* Whether a violation by `name` comes within the time. */
static bool comes(struct cg_watch *watch, const char *name)
{
	struct pollfd ready = { cg_watch_fd(watch), POLLIN, 0 };
	bool found = false;

	for (unsigned i = 0; i < TRIES && !found; i++) {
		struct cg_violation *violation = NULL;

		(void)poll(&ready, 1, TRY);
		while (!found &&
		       cg_watch_next(watch, &violation, NULL) == CG_OK &&
		       violation) {
			found = violation->name &&
				strcmp(violation->name, name) == 0;
			cg_violation_free(violation);
			violation = NULL;
		}
	}
	return found;
}

static bool try_one(struct cg_watch *watch, uint32_t answer)
{
	char name[16];
	pid_t child;

	/* No other process is called so: pids differ between namespaces. */
	snprintf(name, sizeof(name), "cg-trial-%d", (int)(getpid() % 100000));
	child = fork();
	if (child == 0)
		violate(name, answer);
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	return child > 0 && comes(watch, name);
}

/* NULL where the source cannot be had: that is said elsewhere. */
static char *trial_of(uint32_t source, uint32_t answer, const char *words)
{
	const struct cg_watch_options options = { .sources = source };
	struct cg_watch *watch = NULL;
	struct buf out = { 0 };
	bool seen;

	if (cg_watch_open(&options, &watch, NULL) != CG_OK)
		return NULL;
	seen = try_one(watch, answer);
	cg_watch_close(watch);
	if (seen)
		return NULL;
	buf_puts(&out, words);
	return buf_done(&out);
}

static char *trial(void)
{
	return trial_of(CG_SOURCE_AUDIT, SECCOMP_RET_LOG,
			"a call that was logged for a trial never came: what "
			"happens is not heard here (another network namespace, "
			"an exclude rule for audit's type SECCOMP, or a rate "
			"limit)");
}

static char *trial_by_ebpf(void)
{
	return trial_of(CG_SOURCE_EBPF, SECCOMP_RET_ERRNO | EPERM,
			"a call that was refused for a trial was not seen by "
			"eBPF: the kernel does not keep filters as they were "
			"loaded (CONFIG_CHECKPOINT_RESTORE)");
}

/* ---------------------------------------------------------- audit's own -- */

/* Answered to CAP_AUDIT_CONTROL alone: without it there is nothing to say. */
static bool ask_status(struct audit_status *out)
{
	struct {
		struct nlmsghdr header;
		struct audit_status status;
	} message = { .header = { .nlmsg_len = NLMSG_LENGTH(0),
				  .nlmsg_type = AUDIT_GET,
				  .nlmsg_flags = NLM_F_REQUEST } };
	const struct timeval patience = { .tv_usec = TRY * 1000 };
	int to = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	ssize_t got = -1;

	if (to < 0)
		return false;
	if (setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) == 0 &&
	    send(to, &message, NLMSG_LENGTH(0), 0) > 0)
		got = recv(to, &message, sizeof(message), 0);
	close(to);
	/* Older kernels have fewer fields; these have always been there. */
	if (got < (ssize_t)(NLMSG_HDRLEN +
			    offsetof(struct audit_status, backlog)) ||
	    message.header.nlmsg_type != AUDIT_GET)
		return false;
	*out = message.status;
	return true;
}

static char *lost_records(void)
{
	struct audit_status status;
	struct buf out = { 0 };

	if (!ask_status(&status) || (!status.lost && !status.rate_limit))
		return NULL;
	if (status.lost)
		buf_printf(&out,
			   "audit has lost %u records since the kernel booted "
			   "(its backlog limit is %u)",
			   status.lost, status.backlog_limit);
	if (status.rate_limit)
		buf_printf(&out,
			   "%saudit hands on no more than %u records a "
			   "second (its rate limit)",
			   out.length ? "; " : "", status.rate_limit);
	return buf_done(&out);
}

/* ------------------------------------------------------------- the rest -- */

/* Why there is no such source; NULL: there is. */
static char *without(uint32_t source)
{
	const struct cg_watch_options options = { .sources = source };
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	struct buf out = { 0 };

	if (cg_watch_open(&options, &watch, &err) == CG_OK) {
		cg_watch_close(watch);
		return NULL;
	}
	buf_puts(&out, err.message);
	return buf_done(&out);
}

static char *unlogged_errno(void)
{
	char *why = without(CG_SOURCE_EBPF);
	struct buf out = { 0 };

	if (!why)
		return NULL;
	free(why);
	buf_puts(&out,
		 "calls refused with an errno, trapped, traced or left to a "
		 "supervisor are then seen only where the filter was loaded "
		 "with "
		 "SECCOMP_FILTER_FLAG_LOG, which container runtimes leave out "
		 "unless a profile asks for it (flags: [log])");
	return buf_done(&out);
}

static char *no_privilege(void)
{
	return without(CG_SOURCE_AUDIT);
}

static char *no_ebpf(void)
{
	return without(CG_SOURCE_EBPF);
}

static char *switched_off(void)
{
	char text[PEEK];
	struct buf out = { 0 };

	if (!peek("/proc/cmdline", text))
		return NULL;
	if (strstr(text, "audit=0") || strstr(text, "audit=off"))
		buf_puts(&out, "audit was switched off when the kernel booted "
			       "(audit=0): there are no records at all");
	return out.length ? buf_done(&out) : NULL;
}

char *cg_watch_blind_spot(size_t index)
{
	char *(*const spots[])(
		void) = { no_privilege,   switched_off,  foreign_namespace,
			  actions_logged, trial,         lost_records,
			  no_ebpf,        trial_by_ebpf, unlogged_errno };

	for (size_t i = 0; i < sizeof(spots) / sizeof(spots[0]); i++) {
		char *found = spots[i]();

		if (found && index-- == 0)
			return found;
		free(found);
	}
	return NULL;
}
