/*
 * Audit's multicast group (AUDIT_NLGRP_READLOG, since Linux 3.16): a copy of
 * every record, for whoever may listen. Nobody is slowed by a reader that does
 * not keep up; then recv() says ENOBUFS, and the kernel counts each record that
 * found no room in our queue. Kernels that do not say how many these are
 * (before 4.12) leave a gap in the serials of events, once there is a later
 * one.
 */
#include <callgate/watch.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "watch/source.h"

enum { BUFFER = 16 << 20, MESSAGE = CG_RECORD_MAX + NLMSG_HDRLEN };

struct audit {
	int socket;
	uint64_t serial; /* of the newest event seen; 0: none yet */
	uint64_t gaps;   /* serials that never came */
	struct cg_watch_tally counts;
	union {
		struct nlmsghdr header;
		char bytes[MESSAGE];
	} message;
};

/* ---------------------------------------------------------------- open -- */

static bool refuse(struct cg_error *err, int number)
{
	if (number == EPERM || number == EACCES)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "listening to audit takes root, or "
				  "CAP_AUDIT_READ in the first user namespace");
	if (number == EPROTONOSUPPORT)
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "this kernel has no audit");
	return fail_errno(err, CG_E_SYSTEM, number, "cannot listen to audit");
}

/* As large as asked for, where we may; else as large as anybody gets. */
static void set_buffer(int descriptor, size_t bytes)
{
	int size = bytes > INT32_MAX ? INT32_MAX : (int)bytes;

	if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) != 0)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
}

static bool listen_to(struct audit *audit, size_t bytes, struct cg_error *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = 1u << (AUDIT_NLGRP_READLOG -
							   1) };

	audit->socket =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_AUDIT);
	if (audit->socket < 0)
		return refuse(err, errno);
	set_buffer(audit->socket, bytes);
	if (bind(audit->socket, (struct sockaddr *)&address, sizeof(address)) !=
	    0)
		return refuse(err, errno);
	return true;
}

bool audit_open(size_t bytes, struct audit **out, struct cg_error *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return fail_nomem(err);
	if (listen_to(audit, bytes ? bytes : BUFFER, err)) {
		*out = audit;
		return true;
	}
	audit_close(audit);
	return false;
}

int audit_fd(const struct audit *audit)
{
	return audit->socket;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	if (audit->socket >= 0)
		close(audit->socket);
	free(audit);
}

void audit_stop(struct audit *audit)
{
	const int group = AUDIT_NLGRP_READLOG;

	/* Where it cannot leave, whoever reads on has a bound. */
	(void)setsockopt(audit->socket, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP,
			 &group, sizeof(group));
}

/* What the kernel dropped, in 32 bits; false where it does not say. */
static bool read_drops(int descriptor, uint32_t *out)
{
	uint32_t counts[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(counts);

	if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, counts, &size) !=
		    0 ||
	    size <= SK_MEMINFO_DROPS * sizeof(counts[0]))
		return false;
	*out = counts[SK_MEMINFO_DROPS];
	return true;
}

void audit_counts(struct audit *audit, struct cg_watch_tally *out)
{
	uint64_t *missed = &audit->counts.missed;
	uint32_t drops;

	if (read_drops(audit->socket, &drops))
		*missed += drops - (uint32_t)*missed;
	else
		*missed = audit->gaps;
	*out = audit->counts;
}

/* ---------------------------------------------------------------- next -- */

/* "audit(1795313417.332:51): ...": every record has a serial. */
static void count_serial(struct audit *audit, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	uint64_t serial = colon ? strtoull(colon + 1, NULL, 10) : 0;

	if (!serial)
		return;
	/* Records of one event share it, and two events may change places. */
	if (audit->serial && serial > audit->serial + 1)
		audit->gaps += serial - audit->serial - 1;
	else if (serial < audit->serial && audit->gaps)
		audit->gaps--;
	if (serial > audit->serial)
		audit->serial = serial;
}

/* One message; its length, 0 if none waits. */
static bool receive(struct audit *audit, size_t *length, struct cg_error *err)
{
	for (;;) {
		ssize_t got = recv(audit->socket, &audit->message,
				   sizeof(audit->message) - 1, MSG_DONTWAIT);

		*length = got > 0 ? (size_t)got : 0;
		if (got >= 0)
			return true;
		if (errno == EAGAIN)
			return true;
		if (errno == ENOBUFS)
			audit->counts.overruns++;
		else if (errno != EINTR)
			return fail_errno(err, CG_E_SYSTEM, errno,
					  "cannot read what audit sends");
	}
}

/* Of all that a watch hears, this was it. */
static bool blame(struct cg_error *err)
{
	const struct cg_error why = *err;

	return fail(err, why.status, "a record of audit: %s", why.message);
}

/* The violation in the message, if there is one. */
static bool take(struct audit *audit, size_t length, struct violation **out,
		 struct cg_error *err)
{
	const char *text = audit->message.bytes + NLMSG_HDRLEN;
	struct cg_violation *found = NULL;

	/* The header's own length counts differently on the two ways by which
	   audit sends: what was received is what there is. */
	if (length <= NLMSG_HDRLEN)
		return true;
	audit->message.bytes[length] = '\0';
	length -= NLMSG_HDRLEN;
	audit->counts.records++;
	count_serial(audit, text, length);
	if (audit->message.header.nlmsg_type != AUDIT_SECCOMP)
		return true;
	if (cg_violation_parse(text, length, &found, err) != CG_OK) {
		audit->counts.damaged++;
		return blame(err);
	}
	if (found)
		found->sources = CG_SOURCE_AUDIT;
	audit->counts.violations += found != NULL;
	*out = (struct violation *)found;
	return true;
}

bool audit_next(struct audit *audit, struct violation **out,
		struct cg_error *err)
{
	struct violation *found = NULL;
	size_t length = 1;

	while (!found && length)
		if (!receive(audit, &length, err) ||
		    !take(audit, length, &found, err))
			return false;
	*out = found;
	return true;
}
