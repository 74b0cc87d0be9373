/* A sink's settings as a whole, and as one word. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "sink/inside.h"

enum { MEMORY = 1 << 20, NAME_MAX_LENGTH = 64 };

#define SECOND UINT64_C(1000000000)

static bool
fail_kind(const char *kind, struct place place, struct cg_error *err)
{
	const char *best = NULL;
	unsigned distance = 4;

	if (strncmp(kind, "http", 4) == 0)
		return fail_at(err, CG_E_MEANING, place,
			       "say which kind of sink answers there: "
			       "elasticsearch:%s... or otlp:%s...",
			       kind, kind);
	for (size_t i = 0; sink_kinds[i]; i++) {
		unsigned d = text_near(kind, sink_kinds[i]->name, 3);

		if (d < distance) {
			distance = d;
			best = sink_kinds[i]->name;
		}
	}
	return fail_at(err, CG_E_MEANING, place,
		       "no sink is of the kind '%s'%s%s%s", kind,
		       best ? "; did you mean '" : "", best ? best : "",
		       best ? "'?" : "");
}

static const struct sink_kind *kind_of(const char *name)
{
	for (size_t i = 0; sink_kinds[i]; i++)
		if (strcmp(sink_kinds[i]->name, name) == 0)
			return sink_kinds[i];
	return NULL;
}

bool settings_begin(struct settings *settings, const char *kind,
		    struct place place, struct cg_error *err)
{
	*settings = (struct settings){
		.arena = { .budget = MEMORY },
		.kind = kind_of(kind),
		.spool = 128 << 20,
		.batch = 500,
		.batch_bytes = 5 << 20,
		.backoff = SECOND,
		.backoff_max = 60 * SECOND,
		.timeout = 30 * SECOND,
		.drain = 5 * SECOND,
		.size = 64 << 20,
		.keep = 7,
		.age = 0,
		.facility = "local0",
		.tag = "callgate-watch",
		.stream = "logs-seccomp.violation-default",
		.verify = "full",
		.series = 1000,
	};
	if (!settings->kind)
		return fail_kind(kind, place, err);
	settings->shape = settings->kind->shape;
	settings->linger = settings->kind->linger;
	return true;
}

/* ---------------------------------------------------------------- whole -- */

/* The same sink has the same name, and so its spool, the next time. */
static bool
name_it(struct settings *settings, struct place place, struct cg_error *err)
{
	const char *about = settings->target       ? settings->target
			    : settings->cloud_id   ? settings->cloud_id
			    : settings->host_count ? settings->hosts[0]
						   : NULL;
	char name[NAME_MAX_LENGTH], digest[SHA256_TEXT];

	if (settings->name) {
		size_t length = strspn(settings->name,
				       "abcdefghijklmnopqrstuvwxyz0123456789"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-");

		if (length && !settings->name[length] && length < 64 &&
		    settings->name[0] != '.')
			return true;
		return fail_at(err, CG_E_MEANING, place,
			       "'%s' is no name of a sink: letters, digits, "
			       "'.', '_' and '-' are fine",
			       settings->name);
	}
	if (!about) {
		settings->name = settings->kind->name;
		return true;
	}
	sha256_text(about, strlen(about), digest);
	snprintf(name, sizeof(name), "%s-%.8s", settings->kind->name, digest);
	settings->name = arena_text(&settings->arena, name, strlen(name));
	return settings->name || fail_nomem(err);
}

static bool check_secrets(const struct settings *settings, struct place place,
			  struct cg_error *err)
{
	const char *at =
		settings->target ? strstr(settings->target, "://") : NULL;

	/* A URL stands in ps(1) for everyone. */
	if (at && memchr(at + 3, '@', strcspn(at + 3, "/")))
		return fail_at(err, CG_E_MEANING, place,
			       "no user or password in a URL: there are user "
			       "and password_file");
	if (settings->password && !settings->user)
		return fail_at(err, CG_E_MEANING, place,
			       "a password wants user, too");
	if (settings->user && settings->api_key)
		return fail_at(err, CG_E_MEANING, place,
			       "either user or api_key, not both");
	if (settings->fingerprint && strlen(settings->fingerprint) != 64 &&
	    strlen(settings->fingerprint) != 95)
		return fail_at(err, CG_E_MEANING, place,
			       "fingerprint: 64 hexadecimal digits of a "
			       "certificate's SHA-256 are wanted");
	return true;
}

bool settings_finish(struct settings *settings, struct place place,
		     struct cg_error *err)
{
	const struct sink_kind *kind = settings->kind;

	if (kind->needs_target && !settings->target && !settings->host_count &&
	    !settings->cloud_id)
		return fail_at(err, CG_E_MEANING, place,
			       "%s wants a target: %s", kind->name,
			       kind->target);
	if (strcmp(settings->verify, "full") != 0 &&
	    strcmp(settings->verify, "certificate") != 0)
		return fail_at(err, CG_E_MEANING, place,
			       "verify: '%s' is neither full nor certificate",
			       settings->verify);
	if (settings->backoff_max < settings->backoff)
		settings->backoff_max = settings->backoff;
	if (settings->batch_bytes < 1024)
		settings->batch_bytes = 1024;
	return check_secrets(settings, place, err) &&
	       name_it(settings, place, err) &&
	       (!kind->check || kind->check(settings, place, err));
}

void settings_done(struct settings *settings)
{
	arena_free(&settings->arena);
	*settings = (struct settings){ 0 };
}

/* ------------------------------------------------------------- one word -- */

enum { SPEC_MAX = 4096 };

/* Pairs, cut out of the word where commas are. */
static bool
read_pairs(struct settings *settings, char *at, struct cg_error *err)
{
	const struct place nowhere = { 0 };

	while (at && *at) {
		char *next = strchr(at, ','), *equals;
		struct pair pair = { at, NULL, nowhere };

		if (next)
			*next++ = '\0';
		equals = strchr(at, '=');
		if (!equals)
			return fail(err, CG_E_MEANING,
				    "'%s' is no KEY=VALUE of a sink", at);
		*equals = '\0';
		pair.value = equals + 1;
		if (!settings_set(settings, &pair, err))
			return false;
		at = next;
	}
	return true;
}

static bool
read_target(struct settings *settings, const char *target, struct cg_error *err)
{
	const struct place nowhere = { 0 };
	const struct pair pair = { "target", target, nowhere };

	if (!target || !*target)
		return true;
	if (!settings->kind->target)
		return fail(err, CG_E_MEANING, "%s takes no target, but '%s'",
			    settings->kind->name, target);
	return settings_set(settings, &pair, err);
}

bool settings_parse(const char *spec, struct settings *settings,
		    struct cg_error *err)
{
	const struct place nowhere = { 0 };
	char copy[SPEC_MAX], *comma, *colon;

	*settings = (struct settings){ 0 };
	if (strlen(spec) >= sizeof(copy))
		return fail(err, CG_E_MEANING, "a sink of %zu letters",
			    strlen(spec));
	strcpy(copy, spec);
	comma = strchr(copy, ',');
	if (comma)
		*comma++ = '\0';
	colon = strchr(copy, ':');
	if (colon)
		*colon++ = '\0';
	if (settings_begin(settings, copy, nowhere, err) &&
	    read_target(settings, colon, err) &&
	    read_pairs(settings, comma, err) &&
	    settings_finish(settings, nowhere, err))
		return true;
	settings_done(settings);
	return false;
}
