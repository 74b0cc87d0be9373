/*
 * view/web.h - the page: what the store holds, and what comes, in a browser.
 *
 * One page that is built in, and an API below /api/ that it lives on. Events
 * come from a store: the one in a file that the pipeline writes to, or one in
 * memory that belongs to the page. Each connection has a thread of its own; the
 * pipeline only wakes them.
 *
 * Anybody who may open a connection reads everything, so a web is for loopback,
 * or else wants a token and TLS: web_open() refuses anything between.
 */
#ifndef VIEW_WEB_H
#define VIEW_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include <callgate/watch.h>

struct web;

struct web_options {
	const char *listen; /* "127.0.0.1:8443", "[::1]:0", "8443" */
	/* Files; NULL: none. A certificate wants a key, and the other way. */
	const char *token, *certificate, *key;
	/* Names that a browser may call this server by, besides its own. */
	const char *const *hosts;
	size_t host_count;
	/* Files with policies that the page offers to compare with. */
	const char *const *policies;
	size_t policy_count;
	const char *store; /* a store's file, open elsewhere; NULL: in memory */
};

/*
 * Listen and serve. Everything that `options` names is borrowed for the call.
 * Fails with CG_E_INPUT (options that do not go together, an unsafe token
 * file), CG_E_SYSTEM (an address that cannot be had, a file that cannot be
 * read), CG_E_NOMEM.
 */
CG_CHECKED enum cg_status web_open(const struct web_options *options,
				   struct web **out, struct cg_error *err);

/* "https://127.0.0.1:8443/": where it listens. Borrowed. */
const char *web_address(const struct web *web);

/*
 * Take a violation and its event of the Elastic Common Schema. It is kept only
 * where the page's store is its own. Fails as store_add().
 */
CG_CHECKED enum cg_status
web_put(struct web *web, const struct cg_violation *violation, const char *json,
	struct cg_error *err);

/* What was put, or committed to the store, can be shown now. */
CG_CHECKED enum cg_status web_flush(struct web *web, struct cg_error *err);

/* Whoever fills it has begun to: /healthz says 503 before. */
void web_ready(struct web *web);

/* What /api/status says of the sources: a JSON object, copied. */
void web_set_status(struct web *web, const char *json);

/* End all connections and threads. NULL is fine. */
void web_close(struct web *web);

#endif
