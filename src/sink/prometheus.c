/* Numbers for Prometheus, at http://TARGET/metrics. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "sink/inside.h"
#include "sink/metrics.h"

enum { CONNECTIONS = 16, TIMEOUT = 10, HOST = 256 };

struct prometheus {
	struct MHD_Daemon *daemon;
	struct series *series; /* under the sink's mutex */
};

static struct MHD_Response *text_of(struct sink *sink)
{
	struct prometheus *state = sink->state;
	struct buf out = { 0 };
	struct MHD_Response *response;
	size_t length;
	char *text;

	pthread_mutex_lock(&sink->mutex);
	series_print(state->series, &out);
	pthread_mutex_unlock(&sink->mutex);
	metrics_print(sink->all, &out);
	length = out.length;
	text = buf_done(&out);
	if (!text)
		return NULL;
	response = MHD_create_response_from_buffer(length, text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return response;
}

static struct MHD_Response *words(const char *text)
{
	return MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result
answer(void *opaque, struct MHD_Connection *connection, const char *url,
       const char *method, const char *version, const char *upload,
       size_t *upload_size, void **state)
{
	const bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
			 strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	struct MHD_Response *response;
	enum MHD_Result result;
	unsigned status = MHD_HTTP_OK;

	(void)version, (void)upload, (void)upload_size, (void)state;
	if (!get) {
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
		response = words("only GET\n");
	} else if (strcmp(url, "/metrics") != 0) {
		status = MHD_HTTP_NOT_FOUND;
		response = words("there is /metrics\n");
	} else {
		response = text_of(opaque);
	}
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				status == MHD_HTTP_OK
					? "text/plain; version=0.0.4; "
					  "charset=utf-8"
					: "text/plain");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* -------------------------------------------------------------- opening -- */

/* "127.0.0.1:9464", "[::1]:9464". */
static bool split(const char *target, char host[HOST], const char **port)
{
	size_t length;

	*port = strrchr(target, ':');
	if (!*port || !(*port)[1] || *port == target)
		return false;
	length = (size_t)(*port - target);
	++*port;
	if (target[0] == '[' && target[length - 1] == ']') {
		target++;
		length -= 2;
	}
	if (!length || length >= HOST)
		return false;
	snprintf(host, HOST, "%.*s", (int)length, target);
	return strspn(*port, "0123456789") == strlen(*port);
}

static struct MHD_Daemon *
listen_at(struct sink *sink, const struct addrinfo *at)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;

	if (at->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, 0, NULL, NULL, answer, sink,
				MHD_OPTION_SOCK_ADDR, at->ai_addr,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT,
				MHD_OPTION_END);
}

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
					 .ai_flags = AI_PASSIVE };
	struct prometheus *state = calloc(1, sizeof(*state));
	struct addrinfo *list = NULL;
	const char *port;
	char host[HOST];
	int code;

	if (!state)
		return fail_nomem(err);
	sink->state = state;
	state->series = series_new(sink->settings->series);
	if (!state->series)
		return fail_nomem(err);
	if (!split(sink->settings->target, host, &port))
		return fail(err, CG_E_MEANING, "'%s' is no HOST:PORT",
			    sink->settings->target);
	code = getaddrinfo(host, port, &wanted, &list);
	if (code != 0)
		return fail(err, CG_E_SYSTEM, "%s: %s", host,
			    gai_strerror(code));
	errno = 0;
	state->daemon = listen_at(sink, list);
	freeaddrinfo(list);
	return state->daemon ||
	       fail_errno(err, CG_E_SYSTEM, errno, "cannot listen at %s",
			  sink->settings->target);
}

static void close_sink(struct sink *sink)
{
	struct prometheus *state = sink->state;

	if (!state)
		return;
	if (state->daemon)
		MHD_stop_daemon(state->daemon);
	series_free(state->series);
	free(state);
}

static void take(struct sink *sink, const struct cg_violation *violation)
{
	struct prometheus *state = sink->state;

	if (!violation)
		return;
	pthread_mutex_lock(&sink->mutex);
	sink->status.put++;
	sink->status.delivered++;
	series_add(state->series, violation);
	pthread_mutex_unlock(&sink->mutex);
}

static bool
check(struct settings *settings, struct place place, struct cg_error *err)
{
	const char *port;
	char host[HOST];

	return split(settings->target, host, &port) ||
	       fail_at(err, CG_E_MEANING, place,
		       "'%s' is no HOST:PORT such as 127.0.0.1:9464",
		       settings->target);
}

const struct sink_kind sink_prometheus = {
	.name = "prometheus",
	.bit = KIND_PROMETHEUS,
	.target = "HOST:PORT to listen at, such as 127.0.0.1:9464",
	.needs_target = true,
	.shape = CG_EVENT_ECS,
	.check = check,
	.open = open_sink,
	.take = take,
	.close = close_sink,
};
