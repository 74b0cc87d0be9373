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
#include "base/fail.h"
#include "sys/file.h"

enum { PEEK = 4096, TRIES = 10, TRY = 100 /* milliseconds */ };

/* Which sources are asked about; and of audit and eBPF, by bit, why they cannot
   be had: then they are not in `there`. */
struct asked {
	uint32_t sources, there;
	struct cg_error why[2];
};

static bool peek(const char *path, char out[PEEK])
{
	return file_peek(-1, path, out, PEEK) > 0;
}

/* The actions that kernel.seccomp.actions_logged leaves out, of those that can
   be logged at all and that audit alone sees. */
static void silent_actions(const struct asked *asked, struct buf *out)
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
		if (strcmp(word, "allow") != 0 && !strstr(padded, wanted) &&
		    (!(asked->there & CG_SOURCE_EBPF) ||
		     strcmp(word, "log") == 0))
			buf_printf(out, "%s%s", out->length ? ", " : "", word);
	}
}

static void actions_logged(const struct asked *asked, struct buf *out)
{
	struct buf words = { 0 };

	silent_actions(asked, &words);
	if (words.length)
		buf_printf(out,
			   "the kernel logs no violation by %s: "
			   "kernel.seccomp.actions_logged leaves that out",
			   words.text);
	out->failed |= words.failed;
	buf_free(&words);
}

/* Audit's records go to the first network namespace alone. */
static void foreign_namespace(const struct asked *asked, struct buf *out)
{
	struct stat ours, first;

	(void)asked;
	if (stat("/proc/self/ns/net", &ours) == 0 &&
	    stat("/proc/1/ns/net", &first) == 0 && ours.st_ino != first.st_ino)
		buf_puts(out, "this is not the network namespace of process 1: "
			      "audit's records do not come here");
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

/* Whether it is missed. A source that cannot be had misses nothing here: that
   is said elsewhere. */
static bool is_missed(uint32_t source, uint32_t answer)
{
	const struct cg_watch_options options = { .sources = source };
	struct cg_watch *watch = NULL;
	bool seen;

	if (cg_watch_open(&options, &watch, NULL) != CG_OK)
		return false;
	seen = try_one(watch, answer);
	cg_watch_close(watch);
	return !seen;
}

static void trial(const struct asked *asked, struct buf *out)
{
	(void)asked;
	if (is_missed(CG_SOURCE_AUDIT, SECCOMP_RET_LOG))
		buf_puts(out,
			 "a call that was logged for a trial never came: what "
			 "happens is not heard here (another network "
			 "namespace, an exclude rule for audit's type SECCOMP, "
			 "or a rate limit)");
}

static void trial_by_ebpf(const struct asked *asked, struct buf *out)
{
	(void)asked;
	if (is_missed(CG_SOURCE_EBPF, SECCOMP_RET_ERRNO | EPERM))
		buf_puts(out,
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

static void lost_records(const struct asked *asked, struct buf *out)
{
	struct audit_status status;

	(void)asked;
	if (!ask_status(&status))
		return;
	if (status.lost)
		buf_printf(out,
			   "audit has lost %u records since the kernel booted "
			   "(its backlog limit is %u)",
			   status.lost, status.backlog_limit);
	if (status.rate_limit)
		buf_printf(out,
			   "%saudit hands on no more than %u records a "
			   "second (its rate limit)",
			   out->length ? "; " : "", status.rate_limit);
}

static void switched_off(const struct asked *asked, struct buf *out)
{
	char text[PEEK];

	(void)asked;
	if (peek("/proc/cmdline", text) &&
	    (strstr(text, "audit=0") || strstr(text, "audit=off")))
		buf_puts(out, "audit was switched off when the kernel booted "
			      "(audit=0): there are no records at all");
}

/* ------------------------------------------------- which sources there are --
 */

static void no_audit(const struct asked *asked, struct buf *out)
{
	if (!(asked->there & CG_SOURCE_AUDIT))
		buf_puts(out, asked->why[0].message);
}

static void no_ebpf(const struct asked *asked, struct buf *out)
{
	if (!(asked->there & CG_SOURCE_EBPF))
		buf_puts(out, asked->why[1].message);
}

/* Of audit without eBPF. */
static void unlogged_errno(const struct asked *asked, struct buf *out)
{
	if (asked->there & CG_SOURCE_EBPF)
		return;
	buf_puts(out,
		 "calls refused with an errno, trapped, traced or left to a "
		 "supervisor are told to audit only where the filter was "
		 "loaded with SECCOMP_FILTER_FLAG_LOG, which container "
		 "runtimes leave out unless a profile asks for it (flags: "
		 "[log])");
	if (!(asked->sources & CG_SOURCE_EBPF))
		buf_puts(out, "; eBPF sees the others, too");
}

/* Of eBPF without audit. */
static void unseen_log(const struct asked *asked, struct buf *out)
{
	if (!(asked->there & CG_SOURCE_AUDIT))
		buf_puts(out, "calls that are only logged are not seen by "
			      "eBPF: audit is told of them");
}

static void agent_alone(const struct asked *asked, struct buf *out)
{
	if (asked->sources == CG_SOURCE_AGENT)
		buf_puts(out, "calls that no profile leaves to the agent are "
			      "not seen: audit and eBPF see others");
}

static void look_for(struct asked *asked, uint32_t source, struct cg_error *why)
{
	const struct cg_watch_options options = { .sources = source };
	struct cg_watch *watch = NULL;

	if (!(asked->sources & source) ||
	    cg_watch_open(&options, &watch, why) != CG_OK)
		return;
	asked->there |= source;
	cg_watch_close(watch);
}

enum cg_status
cg_watch_blind_spots(uint32_t sources,
		     void (*each)(void *context, const char *spot),
		     void *context, struct cg_error *err)
{
	/* Said where any of these sources is asked about. */
	static const struct {
		uint32_t of;
		void (*find)(const struct asked *asked, struct buf *out);
	} rows[] = {
		{ CG_SOURCE_AUDIT, no_audit },
		{ CG_SOURCE_AUDIT, switched_off },
		{ CG_SOURCE_AUDIT, foreign_namespace },
		{ CG_SOURCE_AUDIT, actions_logged },
		{ CG_SOURCE_AUDIT, trial },
		{ CG_SOURCE_AUDIT, lost_records },
		{ CG_SOURCE_EBPF, no_ebpf },
		{ CG_SOURCE_EBPF, trial_by_ebpf },
		{ CG_SOURCE_AUDIT, unlogged_errno },
		{ CG_SOURCE_EBPF, unseen_log },
		{ CG_SOURCE_AGENT, agent_alone },
	};
	struct asked asked = { .sources = sources };
	struct cg_error here = { 0 };
	bool ok = true;

	look_for(&asked, CG_SOURCE_AUDIT, &asked.why[0]);
	look_for(&asked, CG_SOURCE_EBPF, &asked.why[1]);
	for (size_t i = 0; ok && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf spot = { 0 };

		if (rows[i].of & sources)
			rows[i].find(&asked, &spot);
		ok = !spot.failed || fail_nomem(&here);
		if (ok && spot.length)
			each(context, spot.text);
		buf_free(&spot);
	}
	return fail_status(ok, &here, err);
}
