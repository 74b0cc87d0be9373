/*
 * Audit's multicast group (AUDIT_NLGRP_READLOG, since Linux 3.16): a copy of
 * every record, for whoever may listen. Nobody is slowed by a reader that does
 * not keep up; then recv() says ENOBUFS, and the serials of events have a gap.
 */
#include <callgate/watch.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "watch/source.h"

enum { BUFFER = 16 << 20, MESSAGE = CG_RECORD_MAX + NLMSG_HDRLEN };

struct audit {
	int socket;
	uint64_t serial; /* of the newest event seen; 0: none yet */
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
				  "listening to audit needs CAP_AUDIT_READ in "
				  "the first user namespace");
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

void audit_counts(const struct audit *audit, struct cg_watch_tally *out)
{
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
		audit->counts.missed += serial - audit->serial - 1;
	else if (serial < audit->serial && audit->counts.missed)
		audit->counts.missed--;
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
		return false;
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
