#include "view/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"

enum {
	TOKEN_LEAST = 16,
	TOKEN_MAX = 512,
	HOLD = 1 /* seconds */
};

#define BEARER "Bearer "
/* With this prefix browsers send it only to this host, and only by TLS. */
#define COOKIE_TLS "__Host-callgate"
#define COOKIE "callgate"

/* ------------------------------------------------------------ to begin -- */

/* The first line, without blanks around it. */
static void trim(char *text)
{
	size_t from = strspn(text, " \t");
	size_t length = strcspn(text + from, "\r\n");

	while (length && strchr(" \t", text[from + length - 1]))
		length--;
	memmove(text, text + from, length);
	text[length] = '\0';
}

static bool
read_text(int fd, const char *path, char *text, struct cg_error *err)
{
	struct stat about;
	ssize_t got;

	if (fstat(fd, &about) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	if (S_ISREG(about.st_mode) && about.st_mode & 077)
		return fail(err, CG_E_INPUT,
			    "%s: others may read this token; chmod 600 it",
			    path);
	got = read(fd, text, TOKEN_MAX);
	if (got < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	text[got] = '\0';
	trim(text);
	if (strlen(text) < TOKEN_LEAST)
		return fail(err, CG_E_INPUT,
			    "%s: a token has %d characters at least, on the "
			    "first line; `openssl rand -hex 32` makes a good "
			    "one",
			    path, TOKEN_LEAST);
	return true;
}

static bool
read_token(struct guard *guard, const char *path, struct cg_error *err)
{
	char text[TOKEN_MAX + 1];
	unsigned char chance[SHA256_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	ok = read_text(fd, path, text, err);
	close(fd);
	if (!ok)
		return false;
	sha256(text, strlen(text), guard->token);
	explicit_bzero(text, sizeof(text));
	if (getrandom(chance, sizeof(chance), 0) != sizeof(chance))
		return fail_errno(err, CG_E_SYSTEM, errno, "getrandom");
	sha256_text(chance, sizeof(chance), guard->session);
	guard->wants_token = true;
	return true;
}

static bool
check(const struct web_options *options, bool loopback, struct cg_error *err)
{
	if (!options->certificate != !options->key)
		return fail(err, CG_E_INPUT,
			    "--tls-cert and --tls-key go together");
	if (loopback || (options->token && options->certificate))
		return true;
	return fail(err, CG_E_INPUT,
		    "--listen %s: others can reach this address, so it wants "
		    "%s%s%s; or listen on 127.0.0.1",
		    options->listen,
		    options->token ? "" : "a token (--token-file)",
		    options->token || options->certificate ? "" : " and ",
		    options->certificate ? "" : "TLS (--tls-cert, --tls-key)");
}

static bool
add_host(struct guard *guard, const char *name, struct cg_error *err)
{
	char host[HOST_MAX];

	if (!address_host(name, host))
		return fail(err, CG_E_INPUT,
			    "--host wants the name of a host, not '%s'", name);
	guard->hosts[guard->host_count] = strdup(host);
	if (!guard->hosts[guard->host_count])
		return fail_nomem(err);
	guard->host_count++;
	return true;
}

bool guard_init(struct guard *guard, const struct web_options *options,
		bool loopback, struct cg_error *err)
{
	char own[HOST_MAX] = "";

	*guard = (struct guard){ .tls = options->certificate,
				 .loopback = loopback };
	pthread_mutex_init(&guard->lock, NULL);
	if (!check(options, loopback, err))
		return false;
	guard->hosts = calloc(options->host_count + 1, sizeof(*guard->hosts));
	if (!guard->hosts)
		return fail_nomem(err);
	for (size_t i = 0; i < options->host_count; i++)
		if (!add_host(guard, options->hosts[i], err))
			return false;
	if (!loopback && gethostname(own, sizeof(own) - 1) == 0 && own[0] &&
	    !add_host(guard, own, err))
		return false;
	return !options->token || read_token(guard, options->token, err);
}

void guard_done(struct guard *guard)
{
	for (size_t i = 0; i < guard->host_count; i++)
		free(guard->hosts[i]);
	free(guard->hosts);
	pthread_mutex_destroy(&guard->lock);
	explicit_bzero(guard, sizeof(*guard));
}

/* ---------------------------------------------------------- who it is -- */

static bool is_our_name(const struct guard *guard, const char *host)
{
	if (address_is_local(host) ||
	    (!guard->loopback && address_is_number(host)))
		return true;
	for (size_t i = 0; i < guard->host_count; i++)
		if (strcmp(guard->hosts[i], host) == 0)
			return true;
	return false;
}

/* The origin of the page that asks must be the one that it asks. */
static bool same_origin(const struct request *request, const char *origin)
{
	const char *scheme = request->web->guard.tls ? "https://" : "http://";
	const char *host = request_header(request, "Host");
	const size_t length = strlen(scheme);

	return strncmp(origin, scheme, length) == 0 &&
	       strcasecmp(origin + length, host) == 0;
}

const char *guard_origin(const struct request *request)
{
	const char *host = request_header(request, "Host");
	const char *origin = request_header(request, "Origin");
	const char *site = request_header(request, "Sec-Fetch-Site");
	char name[HOST_MAX];

	if (!host || !address_host(host, name))
		return "the request names no host";
	if (!is_our_name(&request->web->guard, name))
		return "this server is not called that; see --host";
	if (origin && !same_origin(request, origin))
		return "another origin may not ask";
	/* A link may lead to the page from anywhere; to its data it may not. */
	if (site && strncmp(request->path, "/api/", 5) == 0 &&
	    strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return "another site may not ask";
	return NULL;
}

/* Headers that say where a request ends, and whom it is for. */
struct frame {
	unsigned hosts, lengths, codings;
	bool odd; /* a coding other than chunked */
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind,
				    const char *name, const char *value)
{
	struct frame *frame = context;

	(void)kind;
	frame->hosts += strcasecmp(name, "Host") == 0;
	frame->lengths += strcasecmp(name, "Content-Length") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		frame->codings++;
		frame->odd |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

const char *guard_frame(const struct request *request)
{
	struct frame frame = { 0 };

	(void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND,
					count_header, &frame);
	if (frame.hosts > 1)
		return "one host is wanted";
	if (frame.odd || frame.lengths + frame.codings > 1)
		return "where the request ends is said in more ways than one";
	return NULL;
}

/* In the same time whatever it is: bytes that differ are not counted. */
static bool same(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < size; i++)
		differ |= left[i] ^ right[i];
	return differ == 0;
}

static bool is_token(const struct guard *guard, const char *token)
{
	unsigned char digest[SHA256_SIZE];

	sha256(token, strlen(token), digest);
	return same(digest, guard->token, sizeof(digest));
}

static bool is_session(const struct request *request)
{
	const struct guard *guard = &request->web->guard;
	const char *value =
		MHD_lookup_connection_value(request->connection,
					    MHD_COOKIE_KIND,
					    guard->tls ? COOKIE_TLS : COOKIE);

	return value && strlen(value) == SHA256_TEXT - 1 &&
	       same(value, guard->session, SHA256_TEXT - 1);
}

/* Counted as wrong; GUARD_WAIT where that was one too many. */
static enum guard_login count_wrong(const struct request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct guard *guard = &request->web->guard;
	enum guard_login result = GUARD_WRONG;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&guard->lock);
	if (!tries_count(&guard->tries, info ? info->client_addr : NULL,
			 (uint64_t)now.tv_sec))
		result = guard->held < HELD_MAX ? GUARD_WAIT : GUARD_NO_ANSWER;
	guard->held += result == GUARD_WAIT;
	pthread_mutex_unlock(&guard->lock);
	return result;
}

/* Each connection has a thread of its own: nobody else waits. */
static void hold(struct web *web)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HOLD;
	pthread_mutex_lock(&web->lock);
	while (!web->stopping && pthread_cond_timedwait(&web->news, &web->lock,
							&until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&web->lock);
	pthread_mutex_lock(&web->guard.lock);
	web->guard.held--;
	pthread_mutex_unlock(&web->guard.lock);
}

enum guard_login guard_login(const struct request *request, const char *token)
{
	enum guard_login result = GUARD_RIGHT;

	if (!is_token(&request->web->guard, token))
		result = count_wrong(request);
	if (result == GUARD_WAIT)
		hold(request->web);
	return result;
}

enum guard_login guard_knows(const struct request *request)
{
	const char *bearer = request_header(request, "Authorization");

	if (!request->web->guard.wants_token || is_session(request))
		return GUARD_RIGHT;
	if (!bearer || strncmp(bearer, BEARER, sizeof(BEARER) - 1) != 0)
		return GUARD_WRONG;
	return guard_login(request, bearer + sizeof(BEARER) - 1);
}

enum MHD_Result
guard_refuse(struct request *request, enum guard_login login, const char *wrong)
{
	if (login == GUARD_NO_ANSWER)
		return MHD_NO;
	if (login == GUARD_WAIT)
		return answer_error(request, MHD_HTTP_TOO_MANY_REQUESTS,
				    "too many wrong tokens; wait a minute");
	return answer_error(request, MHD_HTTP_UNAUTHORIZED, "%s", wrong);
}

void guard_cookie(const struct guard *guard, char out[256])
{
	snprintf(out, 256, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
		 guard->tls ? COOKIE_TLS : COOKIE, guard->session,
		 guard->tls ? "; Secure" : "");
}
