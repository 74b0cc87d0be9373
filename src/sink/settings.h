/*
 * sink/settings.h - what a sink was told to do.
 *
 * Keys are rows; a --sink on the command line and an entry of a configuration
 * file take the same ones. Secrets are read from files or the environment,
 * never from either of these.
 */
#ifndef SINK_SETTINGS_H
#define SINK_SETTINGS_H

#include <callgate/watch.h>

#include "base/arena.h"
#include "base/fail.h"

struct sink_kind;

enum { HOSTS_MAX = 16 };

struct settings {
	struct arena arena; /* for all texts */
	const struct sink_kind *kind;
	const char *name;   /* of letters, digits, . _ and -; its folder */
	const char *target; /* NULL where the kind takes none */
	enum cg_event_shape shape;
	bool shaped; /* the format was given */

	uint64_t spool;                /* bytes */
	uint64_t batch, batch_bytes;   /* events, and bytes, at once */
	uint64_t linger;               /* nanoseconds to wait for more */
	uint64_t backoff, backoff_max; /* the first wait, and the longest */
	uint64_t timeout;              /* of one request */
	uint64_t drain;                /* at the end, for what is left */

	uint64_t size, keep, age; /* of a file, before it is rotated */
	const char *facility, *tag;
	const char *hosts[HOSTS_MAX];
	size_t host_count;
	const char *cloud_id, *stream, *user, *password, *api_key, *headers;
	const char *ca, *fingerprint, *cert, *key, *verify, *proxy;
	bool no_gzip, no_template;
	uint64_t series;
};

struct pair {
	const char *key, *value;
	struct place place;
};

/*
 * Take in one pair; both are copied. Fails with CG_E_MEANING, at the place, for
 * a key that the kind does not have and a value that makes no sense; with
 * CG_E_SYSTEM where a secret cannot be read; CG_E_NOMEM. Requires the kind.
 */
bool settings_set(struct settings *settings, const struct pair *pair,
		  struct cg_error *err);

/* Fill in what was not given, and check the whole. */
bool settings_finish(struct settings *settings, struct place place,
		     struct cg_error *err);

/* The kind of this name, with a "did you mean"; the defaults of it. */
bool settings_begin(struct settings *settings, const char *kind,
		    struct place place, struct cg_error *err);

/* "KIND[:TARGET][,KEY=VALUE]...", whole. */
bool settings_parse(const char *spec, struct settings *settings,
		    struct cg_error *err);

void settings_done(struct settings *settings);

/* By index from 0, up to NULL: the keys of a kind, for documents and tests. */
const char *settings_key(const struct sink_kind *kind, size_t index);

/*
 * A file of settings, YAML or JSON, strictly:
 *
 *	spool: /var/lib/callgate/spool
 *	sinks:
 *	- kind: elasticsearch
 *	  target: https://localhost:9200
 *
 * `*list` has `*count` of them; free it with config_free(). `*folder` is the
 * folder of spools, to be freed with free(), or NULL.
 */
enum { SINKS_MAX = 32 };
bool config_read(const char *text, size_t length, const char *source,
		 struct settings **list, size_t *count, char **folder,
		 struct cg_error *err);
void config_free(struct settings *list, size_t count);

#endif
