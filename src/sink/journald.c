/*
 * The journal of systemd, by its native protocol: a datagram an event, with a
 * field for each value. What is too large for a datagram goes in a sealed file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/flat.h"
#include "sink/inside.h"

#define SOCKET "/run/systemd/journal/socket"
/* Of our own making: `journalctl MESSAGE_ID=...` finds all of these. */
#define MESSAGE_ID "8c2f6a51f0f84f5fa1f1ab5a7d3e9c04"

enum { FIELD_MAX = 64, LOOK = 100 };

struct journald {
	int socket;
};

/* Values with newlines have their length before them. */
static void put_field(struct buf *out, const char *name, const char *value)
{
	uint64_t length = strlen(value);

	buf_puts(out, name);
	if (!strchr(value, '\n')) {
		buf_printf(out, "=%s\n", value);
		return;
	}
	buf_puts(out, "\n");
	for (int i = 0; i < 8; i++)
		buf_add(out, &(char){ (char)(length >> 8 * i & 255) }, 1);
	buf_printf(out, "%s\n", value);
}

/* "seccomp.syscall.name" as SECCOMP_SYSCALL_NAME: capitals, digits, _. */
static bool name_of(const char *path, char out[FIELD_MAX + 1])
{
	size_t used = 0;

	for (; *path && used < FIELD_MAX; path++) {
		char c = *path;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			c = '_';
		/* The journal keeps names that begin with _ for itself. */
		if (used || (c >= 'A' && c <= 'Z'))
			out[used++] = c;
	}
	out[used] = '\0';
	return used && !*path;
}

static void put_event(struct buf *out, const struct flat *flat, const char *tag)
{
	const char *message = flat_get(flat, "message");
	char name[FIELD_MAX + 1];

	put_field(out, "MESSAGE", message ? message : "an event");
	buf_printf(out, "PRIORITY=%d\n", flat_severity(flat));
	put_field(out, "SYSLOG_IDENTIFIER", tag);
	put_field(out, "MESSAGE_ID", MESSAGE_ID);
	for (size_t i = 0; i < flat->count; i++)
		if (strcmp(flat->pairs[i].path, "message") != 0 &&
		    name_of(flat->pairs[i].path, name))
			put_field(out, name, flat->pairs[i].value);
}

/* ------------------------------------------------------------- sending -- */

static bool open_socket(struct sink *sink, struct attempt *attempt)
{
	struct journald *state = sink->state;
	const char *path =
		sink->settings->target ? sink->settings->target : SOCKET;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (state->socket >= 0)
		return true;
	state->socket =
		socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (state->socket >= 0 &&
	    connect(state->socket, (struct sockaddr *)&address,
		    sizeof(address)) == 0)
		return true;
	attempt_why(attempt, "%s: %s", path, strerror(errno));
	if (state->socket >= 0)
		close(state->socket);
	state->socket = -1;
	return false;
}

/* In a file in memory that nobody can change any more. */
static bool send_file(int socket, const struct buf *event)
{
	int file = memfd_create("event", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	bool ok;

	if (file < 0)
		return false;
	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					   .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	ok = write(file, event->text, event->length) ==
		     (ssize_t)event->length &&
	     fcntl(file, F_ADD_SEALS,
		   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
		     0 &&
	     sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
	close(file);
	return ok;
}

/* A full queue is waited for; any other failure is the attempt's. */
static bool
send_event(struct sink *sink, const struct buf *event, struct attempt *attempt)
{
	struct journald *state = sink->state;
	struct pollfd ready = { state->socket, POLLOUT, 0 };

	while (!atomic_load(&sink->abort)) {
		if (send(state->socket, event->text, event->length,
			 MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EMSGSIZE && send_file(state->socket, event))
			return true;
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			break;
		(void)poll(&ready, 1, LOOK);
	}
	attempt_why(attempt, "the journal: %s", strerror(errno));
	close(state->socket);
	state->socket = -1;
	return false;
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	if (!open_socket(sink, attempt))
		return;
	for (size_t i = 0; i < attempt->count; i++) {
		struct parcel *parcel = &attempt->parcels[i];
		struct buf event = { 0 };
		struct flat flat;
		bool ok;

		if (!flat_read(&flat, parcel->item->text,
			       parcel->item->length)) {
			parcel_die(parcel, 0, "the event is no JSON");
			continue;
		}
		put_event(&event, &flat, sink->settings->tag);
		flat_free(&flat);
		ok = !event.failed && send_event(sink, &event, attempt);
		buf_free(&event);
		if (!ok)
			return;
		parcel->fate = DELIVERED;
	}
}

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	struct journald *state = calloc(1, sizeof(*state));

	if (!state)
		return fail_nomem(err);
	state->socket = -1;
	sink->state = state;
	return true;
}

static void close_sink(struct sink *sink)
{
	struct journald *state = sink->state;

	if (state && state->socket >= 0)
		close(state->socket);
	free(state);
}

static bool
check(struct settings *settings, struct place place, struct cg_error *err)
{
	struct sockaddr_un address;

	return !settings->target ||
	       strlen(settings->target) < sizeof(address.sun_path) ||
	       fail_at(err, CG_E_MEANING, place,
		       "'%s' is too long for the path of a socket",
		       settings->target);
}

const struct sink_kind sink_journald = {
	.name = "journald",
	.bit = KIND_JOURNALD,
	.target = "the path of its socket",
	.shape = CG_EVENT_ECS,
	.check = check,
	.open = open_sink,
	.deliver = deliver,
	.close = close_sink,
};
