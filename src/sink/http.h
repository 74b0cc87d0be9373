/*
 * sink/http.h - requests to servers that take events, on libcurl.
 *
 * It follows no redirection, keeps its connection, and takes proxies from the
 * settings or, as curl does, from the environment. A handle belongs to one
 * thread at a time.
 */
#ifndef SINK_HTTP_H
#define SINK_HTTP_H

#include <stdatomic.h>

#include "sink/settings.h"

struct http;

enum { HTTP_ANSWER_MAX = 32 << 20, HTTP_WHY = 256 };

struct http_request {
	const char *method; /* GET, PUT, POST */
	const char *url;
	const char *type; /* of the body */
	const char *body; /* or NULL */
	size_t length;
};

struct http_answer {
	int status;
	uint64_t retry_after; /* nanoseconds; 0: it did not say */
	char *body;           /* NUL behind its length */
	size_t length;
};

/*
 * `abort` ends a request that is under way. Fails with CG_E_MEANING for a
 * certificate that cannot be used, CG_E_NOMEM.
 */
bool http_open(const struct settings *settings, const atomic_bool *abort,
	       struct http **out, struct cg_error *err);

/*
 * Send a request, its body gzipped unless the settings say otherwise. True
 * where an answer came, of whatever status: http_free() it. False, and why,
 * where none did.
 */
bool http_send(struct http *http, const struct http_request *request,
	       struct http_answer *out, char why[HTTP_WHY]);

void http_free(struct http_answer *answer);

/* NULL is fine. */
void http_close(struct http *http);

/* "http://" or "https://" and a name behind it. */
bool http_is_url(const char *text);

/* Base64, as RFC 4648 has it; free() it. NULL without memory. */
char *http_base64(const char *text, size_t length);

/* The bytes of it, NUL behind; NULL for what is no base64, or no memory. */
char *http_unbase64(const char *text, size_t *length);

/* Have certificates trusted by their fingerprint; see sink/pin.c. */
int pin_trust(void *ssl_context, const unsigned char digest[32]);
/* 64 digits, or 95 with colons between; false for anything else. */
bool pin_read(const char *text, unsigned char digest[32]);

#endif
