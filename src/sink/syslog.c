/*
 * Syslog, as RFC 5424 has it: to a socket of this machine, by UDP, or by TCP
 * with each message's length before it (RFC 6587). None of them acknowledges a
 * message; by TCP it counts as delivered when the other kernel has it.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/flat.h"
#include "sink/inside.h"

/* The number that RFC 5612 keeps for those who have none of their own. */
#define ELEMENT "callgate@32473"

enum { LOOK = 50, NAME = 256 };

enum transport { LOCAL, UDP, TCP };

struct syslog {
	int socket;
	enum transport transport;
	bool framed; /* its length goes before each message */
	char host[NAME], port[16];
	char self[NAME];
	int facility;
};

/* -------------------------------------------------------------- message -- */

/* A value of structured data: ", \ and ] are escaped, bytes are UTF-8. */
static void put_param(struct buf *out, const struct flat *flat,
		      const char *name, const char *path)
{
	const char *value = flat_get(flat, path);

	if (!value)
		return;
	buf_printf(out, " %s=\"", name);
	for (; *value; value++) {
		if (strchr("\"\\]", *value))
			buf_puts(out, "\\");
		buf_add(out, value, 1);
	}
	buf_puts(out, "\"");
}

static void put_data(struct buf *out, const struct flat *flat)
{
	static const char *const rows[][2] = {
		{ "id", "event.id" },
		{ "action", "seccomp.action" },
		{ "call", "seccomp.syscall.name" },
		{ "abi", "seccomp.syscall.abi" },
		{ "program", "process.executable" },
		{ "pid", "process.pid" },
		{ "uid", "user.id" },
		{ "container", "container.id" },
		{ "unit", "seccomp.systemd.unit" },
		{ "risk", "seccomp.risk" },
		{ "lost", "seccomp.lost.count" },
	};

	buf_puts(out, "[" ELEMENT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_param(out, flat, rows[i][0], rows[i][1]);
	buf_puts(out, "]");
}

static void
put_message(struct buf *out, const struct sink *sink, const struct flat *flat)
{
	const struct syslog *state = sink->state;
	const char *time = flat_get(flat, "@timestamp");
	const char *action = flat_get(flat, "event.action");
	const char *words = flat_get(flat, "message");

	buf_printf(out, "<%d>1 %s %s %s %d %.32s ",
		   state->facility * 8 + flat_severity(flat), time ? time : "-",
		   state->self, sink->settings->tag, (int)getpid(),
		   action ? action : "-");
	put_data(out, flat);
	buf_printf(out, " \xef\xbb\xbf%s", words ? words : "an event");
}

/* ----------------------------------------------------------- connection -- */

static void hang_up(struct syslog *state)
{
	if (state->socket >= 0)
		close(state->socket);
	state->socket = -1;
}

/* Until the socket can be written to; not beyond `end`, nor a request to leave:
   whoever reads at the other side may never do so again. */
static bool wait_writable(struct sink *sink, uint64_t end)
{
	const struct syslog *state = sink->state;
	struct pollfd ready = { state->socket, POLLOUT, 0 };

	while (!atomic_load(&sink->abort) && sink_now() < end)
		if (poll(&ready, 1, LOOK) > 0)
			return true;
	errno = ETIMEDOUT;
	return false;
}

/* A datagram socket, as /dev/log usually is; else a stream. */
static bool connect_local(struct syslog *state, struct attempt *attempt)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

	memcpy(address.sun_path, state->host, sizeof(address.sun_path) - 1);
	for (int i = 0; i < 2; i++) {
		state->socket = socket(
			AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (state->socket >= 0 &&
		    connect(state->socket, (struct sockaddr *)&address,
			    sizeof(address)) == 0) {
			state->framed = types[i] == SOCK_STREAM;
			return true;
		}
		attempt_why(attempt, "%.200s: %s", state->host,
			    strerror(errno));
		hang_up(state);
	}
	return false;
}

static bool connect_one(struct sink *sink, const struct addrinfo *to)
{
	struct syslog *state = sink->state;
	int number = 0;
	socklen_t size = sizeof(number);

	state->socket = socket(to->ai_family,
			       to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			       to->ai_protocol);
	if (state->socket < 0)
		return false;
	if (connect(state->socket, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS ||
	    !wait_writable(sink, sink_now() + sink->settings->timeout) ||
	    getsockopt(state->socket, SOL_SOCKET, SO_ERROR, &number, &size) !=
		    0)
		return false;
	errno = number;
	return number == 0;
}

static bool connect_net(struct sink *sink, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	const struct addrinfo wanted = {
		.ai_socktype =
			state->transport == UDP ? SOCK_DGRAM : SOCK_STREAM,
	};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(state->host, state->port, &wanted, &list);

	if (code != 0) {
		attempt_why(attempt, "%.200s: %s", state->host,
			    gai_strerror(code));
		return false;
	}
	state->framed = state->transport == TCP;
	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		if (connect_one(sink, at)) {
			freeaddrinfo(list);
			return true;
		}
		attempt_why(attempt, "%.200s:%s: %s", state->host, state->port,
			    strerror(errno));
		hang_up(state);
	}
	freeaddrinfo(list);
	return false;
}

/* A stream that the other side has closed takes bytes all the same. */
static bool is_connected(struct syslog *state)
{
	char byte;
	ssize_t got;

	if (state->socket < 0)
		return false;
	if (!state->framed)
		return true;
	got = recv(state->socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return true;
	hang_up(state);
	return false;
}

/* ------------------------------------------------------------- delivery -- */

static bool
send_all(struct sink *sink, const struct buf *out, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	const uint64_t end = sink_now() + sink->settings->timeout;

	for (size_t done = 0; done < out->length;) {
		ssize_t part = send(state->socket, out->text + done,
				    out->length - done, MSG_NOSIGNAL);

		if (part < 0 && (errno == EINTR ||
				 (errno == EAGAIN && wait_writable(sink, end))))
			continue;
		if (part < 0) {
			attempt_why(attempt, "%.200s: %s", state->host,
				    strerror(errno));
			hang_up(state);
			return false;
		}
		done += (size_t)part;
	}
	return true;
}

/* Until the other side's kernel has acknowledged every byte. */
static bool is_there(struct sink *sink, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	const uint64_t end = sink_now() + sink->settings->timeout;
	int unsent = 0;

	while (ioctl(state->socket, SIOCOUTQ, &unsent) == 0 && unsent) {
		if (!is_connected(state) || sink_now() >= end ||
		    atomic_load(&sink->abort)) {
			attempt_why(attempt, "%.200s: the connection ended",
				    state->host);
			hang_up(state);
			return false;
		}
		(void)poll(NULL, 0, LOOK / 10);
	}
	return true;
}

/* One datagram; one that is too large never goes. */
static bool send_datagram(struct sink *sink, const struct buf *out,
			  struct parcel *parcel, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	const uint64_t end = sink_now() + sink->settings->timeout;

	do {
		if (send(state->socket, out->text, out->length, MSG_NOSIGNAL) >=
		    0) {
			parcel->fate = DELIVERED;
			return true;
		}
	} while (errno == EINTR ||
		 (errno == EAGAIN && wait_writable(sink, end)));
	if (errno == EMSGSIZE) {
		parcel_die(parcel, 0, "too large for a datagram");
		return true;
	}
	attempt_why(attempt, "%.200s: %s", state->host, strerror(errno));
	hang_up(state);
	return false;
}

/* One event; on a stream it is not known yet whether it arrives. */
static bool
send_event(struct sink *sink, struct parcel *parcel, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	struct buf message = { 0 }, out = { 0 };
	struct flat flat;
	bool ok;

	if (!flat_read(&flat, parcel->item->text, parcel->item->length)) {
		parcel_die(parcel, 0, "the event is no JSON");
		return true;
	}
	put_message(&message, sink, &flat);
	flat_free(&flat);
	if (state->framed) {
		buf_printf(&out, "%zu ", message.length);
		buf_add(&out, message.text ? message.text : "", message.length);
		ok = !message.failed && !out.failed &&
		     send_all(sink, &out, attempt);
	} else {
		ok = !message.failed &&
		     send_datagram(sink, &message, parcel, attempt);
	}
	buf_free(&message);
	buf_free(&out);
	return ok;
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	struct syslog *state = sink->state;
	size_t i = 0;

	if (!is_connected(state) &&
	    !(state->transport == LOCAL ? connect_local(state, attempt)
					: connect_net(sink, attempt)))
		return;
	attempt->why[0] = '\0';
	for (; i < attempt->count; i++)
		if (attempt->parcels[i].fate == WAITING &&
		    !send_event(sink, &attempt->parcels[i], attempt))
			break;
	if (!state->framed || state->socket < 0 || !is_there(sink, attempt))
		return;
	while (i--)
		if (attempt->parcels[i].fate == WAITING)
			attempt->parcels[i].fate = DELIVERED;
}

/* -------------------------------------------------------------- opening -- */

static bool read_facility(const char *name, int *out)
{
	static const char *const names[] = {
		"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
		"lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
		NULL,     NULL,     NULL,     NULL,     "local0",   "local1",
		"local2", "local3", "local4", "local5", "local6",   "local7",
	};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (names[i] && strcmp(names[i], name) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* "/dev/log", "udp://host:514", "tcp://[::1]:601". */
static bool read_target(const char *target, struct syslog *out)
{
	const char *host = target, *port;
	size_t length;

	if (*target == '/') {
		out->transport = LOCAL;
		return snprintf(out->host, NAME, "%s", target) <
		       (int)sizeof(((struct sockaddr_un *)0)->sun_path);
	}
	if (strncmp(target, "udp://", 6) == 0)
		out->transport = UDP;
	else if (strncmp(target, "tcp://", 6) == 0)
		out->transport = TCP;
	else
		return false;
	host += 6;
	port = strrchr(host, ':');
	if (!port || !port[1] || strlen(port + 1) >= sizeof(out->port))
		return false;
	length = (size_t)(port - host);
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (!length || length >= NAME)
		return false;
	snprintf(out->host, NAME, "%.*s", (int)length, host);
	snprintf(out->port, sizeof(out->port), "%s", port + 1);
	return true;
}

static bool
check(struct settings *settings, struct place place, struct cg_error *err)
{
	struct syslog read = { 0 };

	if (!settings->target)
		settings->target = "/dev/log";
	if (!read_target(settings->target, &read))
		return fail_at(err, CG_E_MEANING, place,
			       "'%s' is no place of a syslog; /dev/log, "
			       "udp://host:514 and tcp://host:601 are",
			       settings->target);
	if (!read_facility(settings->facility, &read.facility))
		return fail_at(err, CG_E_MEANING, place,
			       "facility: '%s' is none; local0 to local7, "
			       "daemon, auth and user are",
			       settings->facility);
	return true;
}

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	struct syslog *state = calloc(1, sizeof(*state));

	if (!state)
		return fail_nomem(err);
	sink->state = state;
	state->socket = -1;
	(void)read_target(sink->settings->target, state);
	(void)read_facility(sink->settings->facility, &state->facility);
	if (gethostname(state->self, sizeof(state->self) - 1) != 0 ||
	    !state->self[0] || strpbrk(state->self, " \t\n"))
		strcpy(state->self, "-");
	return true;
}

static void close_sink(struct sink *sink)
{
	if (sink->state)
		hang_up(sink->state);
	free(sink->state);
}

const struct sink_kind sink_syslog = {
	.name = "syslog",
	.bit = KIND_SYSLOG,
	.target = "/dev/log, udp://host:514 or tcp://host:601",
	.shape = CG_EVENT_ECS,
	.check = check,
	.open = open_sink,
	.deliver = deliver,
	.close = close_sink,
};
