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

#include "watch/around.h"
#include "watch/violation.h"

enum { BUFFER = 16 << 20, MESSAGE = CG_RECORD_MAX + NLMSG_HDRLEN };

struct cg_watch {
	int socket;
	bool ask;
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

static bool
listen_to(struct cg_watch *watch, size_t bytes, struct cg_error *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = 1u << (AUDIT_NLGRP_READLOG -
							   1) };

	watch->socket =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_AUDIT);
	if (watch->socket < 0)
		return refuse(err, errno);
	set_buffer(watch->socket, bytes);
	if (bind(watch->socket, (struct sockaddr *)&address, sizeof(address)) !=
	    0)
		return refuse(err, errno);
	return true;
}

enum cg_status cg_watch_open(const struct cg_watch_options *options,
			     struct cg_watch **out, struct cg_error *err)
{
	struct cg_watch *watch = calloc(1, sizeof(*watch));
	struct cg_error here = { 0 };

	if (!watch) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else {
		watch->ask = options && options->ask;
		if (listen_to(watch,
			      options && options->buffer ? options->buffer
							 : BUFFER,
			      &here)) {
			*out = watch;
			return CG_OK;
		}
		if (watch->socket >= 0)
			close(watch->socket);
		free(watch);
	}
	if (err)
		*err = here;
	return here.status;
}

int cg_watch_fd(const struct cg_watch *watch)
{
	return watch->socket;
}

void cg_watch_close(struct cg_watch *watch)
{
	if (!watch)
		return;
	close(watch->socket);
	free(watch);
}

void cg_watch_counts(const struct cg_watch *watch, struct cg_watch_tally *out)
{
	*out = watch->counts;
}

/* ---------------------------------------------------------------- next -- */

/* "audit(1795313417.332:51): ...": every record has a serial. */
static void
count_serial(struct cg_watch *watch, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	uint64_t serial = colon ? strtoull(colon + 1, NULL, 10) : 0;

	if (!serial)
		return;
	/* Records of one event share it, and two events may change places. */
	if (watch->serial && serial > watch->serial + 1)
		watch->counts.missed += serial - watch->serial - 1;
	else if (serial < watch->serial && watch->counts.missed)
		watch->counts.missed--;
	if (serial > watch->serial)
		watch->serial = serial;
}

/* One message; its length, 0 if none waits. */
static bool
receive(struct cg_watch *watch, size_t *length, struct cg_error *err)
{
	for (;;) {
		ssize_t got = recv(watch->socket, &watch->message,
				   sizeof(watch->message) - 1, MSG_DONTWAIT);

		*length = got > 0 ? (size_t)got : 0;
		if (got >= 0)
			return true;
		if (errno == EAGAIN)
			return true;
		if (errno == ENOBUFS)
			watch->counts.overruns++;
		else if (errno != EINTR)
			return fail_errno(err, CG_E_SYSTEM, errno,
					  "cannot read what audit sends");
	}
}

/* The violation in the message, if there is one. */
static enum cg_status take(struct cg_watch *watch, size_t length,
			   struct cg_violation **out, struct cg_error *err)
{
	const char *text = watch->message.bytes + NLMSG_HDRLEN;
	enum cg_status status;

	/* The header's own length counts differently on the two ways by which
	   audit sends: what was received is what there is. */
	if (length <= NLMSG_HDRLEN)
		return CG_OK;
	watch->message.bytes[length] = '\0';
	length -= NLMSG_HDRLEN;
	watch->counts.records++;
	count_serial(watch, text, length);
	if (watch->message.header.nlmsg_type != AUDIT_SECCOMP)
		return CG_OK;
	status = cg_violation_parse(text, length, out, err);
	if (status != CG_OK) {
		watch->counts.damaged++;
		return status;
	}
	if (*out && watch->ask)
		around_ask((struct violation *)*out);
	watch->counts.violations += *out != NULL;
	return CG_OK;
}

enum cg_status cg_watch_next(struct cg_watch *watch, struct cg_violation **out,
			     struct cg_error *err)
{
	struct cg_violation *found = NULL;
	struct cg_error here = { 0 };
	size_t length = 1;

	while (!found && length && here.status == CG_OK)
		if (receive(watch, &length, &here) && length &&
		    take(watch, length, &found, &here) != CG_OK)
			break;
	if (here.status == CG_OK)
		*out = found;
	else if (err)
		*err = here;
	return here.status;
}
