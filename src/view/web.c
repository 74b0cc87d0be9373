#include "view/web.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "view/compare.h"
#include "view/guard.h"
#include "view/inside.h"

enum {
	PATIENCE = 60,     /* seconds without a byte */
	PEM_MAX = 1 << 18, /* bytes of a certificate or a key */
	STACK = 512 << 10  /* bytes of a connection's thread */
};

/* ------------------------------------------------------------------ TLS -- */

static bool read_pem(const char *path, char **out, struct cg_error *err)
{
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	*out = calloc(1, PEM_MAX + 1);
	length = *out ? fread(*out, 1, PEM_MAX, file) : 0;
	if (ferror(file)) {
		fclose(file);
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	}
	fclose(file);
	if (!*out)
		return fail_nomem(err);
	if (!strstr(*out, "-----BEGIN ") || length == PEM_MAX)
		return fail(err, CG_E_INPUT, "%s: no PEM file", path);
	return true;
}

struct tls {
	char *certificate, *key;
};

static bool read_tls(const struct web_options *options, struct tls *tls,
		     struct cg_error *err)
{
	if (!options->certificate)
		return true;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_NO)
		return fail(err, CG_E_UNSUPPORTED,
			    "this libmicrohttpd was built without TLS");
	return read_pem(options->certificate, &tls->certificate, err) &&
	       read_pem(options->key, &tls->key, err);
}

static void free_tls(struct tls *tls)
{
	if (tls->key)
		explicit_bzero(tls->key, PEM_MAX);
	free(tls->key);
	free(tls->certificate);
}

/* ------------------------------------------------------------- to begin -- */

/* It would print on stderr what each client does wrong. */
__attribute__((format(printf, 2, 0))) static void
say_nothing(void *context, const char *format, va_list args)
{
	(void)context, (void)format, (void)args;
}

static bool start(struct web *web, const struct tls *tls, struct cg_error *err)
{
	const struct MHD_OptionItem secure[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t) "SECURE128:-VERS-TLS-ALL:+VERS-TLS1.3:"
				      "+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			       MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC |
			       MHD_USE_ERROR_LOG |
			       (web->guard.tls ? MHD_USE_TLS : 0);

	web->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, route, web,              /* */
		MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, /* */
		MHD_OPTION_LISTEN_SOCKET, web->fd,             /* */
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		web->guard.loopback ? 0u : (unsigned)PEER_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PATIENCE,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_ROOM,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,               /* */
		MHD_OPTION_NOTIFY_COMPLETED, route_done, NULL, /* */
		MHD_OPTION_ARRAY, web->guard.tls ? secure : none,
		MHD_OPTION_END);
	if (web->daemon) {
		web->fd = -1; /* the daemon's now */
		return true;
	}
	return fail(err, CG_E_SYSTEM, "cannot serve at %s%s", web->address,
		    web->guard.tls ? ": do certificate and key fit together?"
				   : "");
}

static bool listen_at(struct web *web, const struct web_options *options,
		      struct cg_error *err)
{
	char text[ADDRESS_TEXT];
	bool loopback;

	web->fd = address_listen(options->listen, text, &loopback, err);
	if (web->fd < 0 || !guard_init(&web->guard, options, loopback, err))
		return false;
	snprintf(web->address, sizeof(web->address), "%s://%s/",
		 web->guard.tls ? "https" : "http", text);
	return true;
}

static void init_locks(struct web *web)
{
	pthread_condattr_t clock;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&web->news, &clock);
	pthread_condattr_destroy(&clock);
	pthread_mutex_init(&web->lock, NULL);
}

enum cg_status web_open(const struct web_options *options, struct web **out,
			struct cg_error *err)
{
	struct web *web = calloc(1, sizeof(*web));
	struct tls tls = { 0 };
	bool ok;

	if (!web) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return CG_E_NOMEM;
	}
	web->fd = -1;
	init_locks(web);
	ok = listen_at(web, options, err) && read_tls(options, &tls, err) &&
	     compare_load(web, options->policies, options->policy_count, err) &&
	     shelf_open(&web->shelf, options->store, err) &&
	     start(web, &tls, err);
	free_tls(&tls);
	if (!ok) {
		web_close(web);
		return err->status;
	}
	*out = web;
	return CG_OK;
}

/* ------------------------------------------------------------ meanwhile -- */

const char *web_address(const struct web *web)
{
	return web->address;
}

enum cg_status web_put(struct web *web, const struct cg_violation *violation,
		       const char *json, struct cg_error *err)
{
	pthread_mutex_lock(&web->lock);
	web->dirty = true;
	pthread_mutex_unlock(&web->lock);
	return shelf_put(&web->shelf, violation, json, err) ? CG_OK
							    : err->status;
}

enum cg_status web_flush(struct web *web, struct cg_error *err)
{
	if (!shelf_commit(&web->shelf, err))
		return err->status;
	pthread_mutex_lock(&web->lock);
	web->flushed += web->dirty;
	web->dirty = false;
	pthread_cond_broadcast(&web->news);
	pthread_mutex_unlock(&web->lock);
	return CG_OK;
}

void web_ready(struct web *web)
{
	pthread_mutex_lock(&web->lock);
	web->ready = true;
	pthread_mutex_unlock(&web->lock);
}

void web_set_status(struct web *web, const char *json)
{
	char *copy = strdup(json), *old;

	/* Without memory the old one stays. */
	if (!copy)
		return;
	pthread_mutex_lock(&web->lock);
	old = web->status;
	web->status = copy;
	pthread_mutex_unlock(&web->lock);
	free(old);
}

void web_close(struct web *web)
{
	if (!web)
		return;
	pthread_mutex_lock(&web->lock);
	web->stopping = true;
	pthread_cond_broadcast(&web->news);
	pthread_mutex_unlock(&web->lock);
	if (web->daemon)
		MHD_stop_daemon(web->daemon);
	if (web->fd >= 0)
		close(web->fd);
	shelf_close(&web->shelf);
	compare_free(web);
	guard_done(&web->guard);
	pthread_mutex_destroy(&web->lock);
	pthread_cond_destroy(&web->news);
	free(web->status);
	free(web);
}
