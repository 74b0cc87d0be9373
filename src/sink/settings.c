#include "sink/settings.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "sink/inside.h"

enum type {
	TEXT,
	LIST,
	NUMBER, /* above 0 */
	SIZE,   /* of bytes: 64MiB */
	TIME,   /* 250ms, 10s, 7d */
	SHAPE,
	NOT,          /* yes or no, kept turned round */
	SECRET_FILE,  /* the first line of a file */
	SECRET_WHOLE, /* all of it */
	SECRET_ENV,
};

enum { MEMORY = 1 << 20, SECRET_MAX = 1 << 16, WORD_MAX = 4096 };

#define FIELD(member) offsetof(struct settings, member)
#define EVERY (KIND_ALL)
#define SPOOLED (KIND_ALL & ~KIND_PROMETHEUS)
#define HTTP (KIND_ELASTIC | KIND_OTLP)

static const struct row {
	const char *name;
	unsigned kinds;
	enum type type;
	size_t field;
} rows[] = {
	{ "name", EVERY, TEXT, FIELD(name) },
	{ "format", KIND_STDOUT | KIND_FILE | KIND_ELASTIC, SHAPE,
	  FIELD(shape) },
	{ "spool", SPOOLED, SIZE, FIELD(spool) },
	{ "batch", SPOOLED, NUMBER, FIELD(batch) },
	{ "batch_bytes", SPOOLED, SIZE, FIELD(batch_bytes) },
	{ "linger", SPOOLED, TIME, FIELD(linger) },
	{ "backoff", SPOOLED, TIME, FIELD(backoff) },
	{ "backoff_max", SPOOLED, TIME, FIELD(backoff_max) },
	{ "drain", SPOOLED, TIME, FIELD(drain) },
	{ "timeout", HTTP | KIND_SYSLOG, TIME, FIELD(timeout) },
	{ "size", KIND_FILE, SIZE, FIELD(size) },
	{ "keep", KIND_FILE, NUMBER, FIELD(keep) },
	{ "age", KIND_FILE, TIME, FIELD(age) },
	{ "facility", KIND_SYSLOG, TEXT, FIELD(facility) },
	{ "tag", KIND_SYSLOG | KIND_JOURNALD, TEXT, FIELD(tag) },
	{ "host", KIND_ELASTIC, LIST, FIELD(hosts) },
	{ "cloud_id", KIND_ELASTIC, TEXT, FIELD(cloud_id) },
	{ "stream", KIND_ELASTIC, TEXT, FIELD(stream) },
	{ "template", KIND_ELASTIC, NOT, FIELD(no_template) },
	{ "user", HTTP, TEXT, FIELD(user) },
	{ "password_file", HTTP, SECRET_FILE, FIELD(password) },
	{ "password_env", HTTP, SECRET_ENV, FIELD(password) },
	{ "api_key_file", KIND_ELASTIC, SECRET_FILE, FIELD(api_key) },
	{ "api_key_env", KIND_ELASTIC, SECRET_ENV, FIELD(api_key) },
	{ "headers_file", HTTP, SECRET_WHOLE, FIELD(headers) },
	{ "ca", HTTP, TEXT, FIELD(ca) },
	{ "fingerprint", HTTP, TEXT, FIELD(fingerprint) },
	{ "verify", HTTP, TEXT, FIELD(verify) },
	{ "cert", HTTP, TEXT, FIELD(cert) },
	{ "key", HTTP, TEXT, FIELD(key) },
	{ "proxy", HTTP, TEXT, FIELD(proxy) },
	{ "gzip", HTTP, NOT, FIELD(no_gzip) },
	{ "series", KIND_PROMETHEUS, NUMBER, FIELD(series) },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *settings_key(const struct sink_kind *kind, size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].kinds & kind->bit) && index-- == 0)
			return rows[i].name;
	return NULL;
}

/* -------------------------------------------------------------- values -- */

static bool
fail_value(const struct pair *pair, const char *wanted, struct cg_error *err)
{
	return fail_at(err, CG_E_MEANING, pair->place, "%s: '%s' is no %s",
		       pair->key, pair->value, wanted);
}

/* A number and a unit; `units` are rows up to one without a name. */
struct unit {
	const char *name;
	uint64_t worth;
};

static bool
read_units(const char *text, const struct unit *units, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;

	if (num_read(text, digits, &number) != NUM_OK || !number)
		return false;
	for (; units->name; units++)
		if (strcmp(text + digits, units->name) == 0)
			return !__builtin_mul_overflow(number, units->worth,
						       out) &&
			       *out <= INT64_MAX;
	return false;
}

static bool read_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },          { "k", 1000 },      { "KiB", 1 << 10 },
		{ "M", 1000000 },   { "MiB", 1 << 20 }, { "G", 1000000000 },
		{ "GiB", 1 << 30 }, { NULL, 0 },
	};

	return read_units(text, units, out);
}

static bool read_time(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ms", 1000000 },
		{ "s", UINT64_C(1000000000) },
		{ "m", UINT64_C(60000000000) },
		{ "h", UINT64_C(3600000000000) },
		{ "d", UINT64_C(86400000000000) },
		{ NULL, 0 },
	};

	return read_units(text, units, out);
}

static bool read_shape(const char *text, enum cg_event_shape *out)
{
	static const char *const names[] = {
		[CG_EVENT_LINE] = "line",
		[CG_EVENT_ECS] = "ecs",
		[CG_EVENT_AUDITBEAT] = "auditbeat",
		[CG_EVENT_AUDITBEAT_OLD] = "auditbeat6",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum cg_event_shape)i;
			return true;
		}
	return false;
}

static bool read_not(const char *text, bool *out)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*out = false;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*out = true;
	else
		return false;
	return true;
}

static bool copy_text(struct settings *settings, const char *text,
		      size_t length, const char **out, struct cg_error *err)
{
	const char *copy = arena_text(&settings->arena, text, length);

	if (!copy)
		return fail_nomem(err);
	*out = copy;
	return true;
}

static bool read_list(struct settings *settings, const struct pair *pair,
		      struct cg_error *err)
{
	if (settings->host_count == HOSTS_MAX)
		return fail_at(err, CG_E_MEANING, pair->place,
			       "more than %d hosts", HOSTS_MAX);
	return copy_text(settings, pair->value, strlen(pair->value),
			 &settings->hosts[settings->host_count++], err);
}

/* The first line without its end, or all of it. */
static bool read_secret(struct settings *settings, const struct pair *pair,
			bool whole, const char **out, struct cg_error *err)
{
	char text[SECRET_MAX];
	FILE *file = fopen(pair->value, "re");
	size_t length;
	bool ok;

	if (!file)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s: %s", pair->key,
				  pair->value);
	length = fread(text, 1, sizeof(text) - 1, file);
	ok = !ferror(file) && length < sizeof(text) - 1;
	fclose(file);
	text[length] = '\0';
	if (!whole)
		text[length = strcspn(text, "\r\n")] = '\0';
	if (!ok || !length)
		return fail_at(err, CG_E_MEANING, pair->place,
			       "%s: %s holds no secret", pair->key,
			       pair->value);
	ok = copy_text(settings, text, length, out, err);
	explicit_bzero(text, sizeof(text));
	return ok;
}

static bool read_environment(struct settings *settings, const struct pair *pair,
			     const char **out, struct cg_error *err)
{
	const char *secret = getenv(pair->value);

	if (!secret || !*secret)
		return fail_at(err, CG_E_MEANING, pair->place,
			       "%s: the environment has no %s", pair->key,
			       pair->value);
	return copy_text(settings, secret, strlen(secret), out, err);
}

static bool set_value(struct settings *settings, const struct row *row,
		      const struct pair *pair, struct cg_error *err)
{
	void *field = (char *)settings + row->field;

	switch (row->type) {
	case TEXT:
		return copy_text(settings, pair->value, strlen(pair->value),
				 field, err);
	case LIST:
		return read_list(settings, pair, err);
	case NUMBER:
		return (num_read(pair->value, strlen(pair->value), field) ==
				NUM_OK &&
			*(uint64_t *)field && *(uint64_t *)field <= 1 << 20) ||
		       fail_value(pair, "number from 1 to 1048576", err);
	case SIZE:
		return read_size(pair->value, field) ||
		       fail_value(pair, "size such as 64MiB", err);
	case TIME:
		return read_time(pair->value, field) ||
		       fail_value(pair, "time such as 250ms, 10s or 7d", err);
	case SHAPE:
		settings->shaped = true;
		return read_shape(pair->value, field) ||
		       fail_value(pair,
				  "format; there are line, ecs, auditbeat and "
				  "auditbeat6",
				  err);
	case NOT:
		return read_not(pair->value, field) ||
		       fail_value(pair, "answer; say true or false", err);
	case SECRET_FILE:
	case SECRET_WHOLE:
		return read_secret(settings, pair, row->type == SECRET_WHOLE,
				   field, err);
	case SECRET_ENV:
		return read_environment(settings, pair, field, err);
	}
	return false;
}

/* ---------------------------------------------------------------- keys -- */

static bool fail_key(const struct settings *settings, const struct pair *pair,
		     struct cg_error *err)
{
	const char *best = NULL;
	unsigned distance = 4;

	for (size_t i = 0; i < ROWS; i++) {
		unsigned d = text_near(pair->key, rows[i].name, 3);

		if ((rows[i].kinds & settings->kind->bit) && d < distance) {
			distance = d;
			best = rows[i].name;
		}
	}
	if (strstr(pair->key, "password") || strstr(pair->key, "api_key") ||
	    strstr(pair->key, "apikey"))
		best = strstr(pair->key, "password") ? "password_file"
						     : "api_key_file";
	return fail_at(err, CG_E_MEANING, pair->place,
		       "%s has no key '%s'%s%s%s", settings->kind->name,
		       pair->key, best ? "; did you mean '" : "",
		       best ? best : "", best ? "'?" : "");
}

bool settings_set(struct settings *settings, const struct pair *pair,
		  struct cg_error *err)
{
	if (strcmp(pair->key, "target") == 0 && settings->kind->target)
		return copy_text(settings, pair->value, strlen(pair->value),
				 &settings->target, err);
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].kinds & settings->kind->bit) &&
		    strcmp(rows[i].name, pair->key) == 0)
			return set_value(settings, &rows[i], pair, err);
	return fail_key(settings, pair, err);
}
