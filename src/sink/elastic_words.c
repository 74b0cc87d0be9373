/* What is said to Elasticsearch, and what it says: no connection here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "doc/doc.h"
#include "sink/elastic.h"
#include "sink/http.h"

enum { MEMORY = 128 << 20, STREAM_MAX = 255, CONFLICT = 409, BUSY = 429 };

/* The line before an event has fewer bytes. */
enum { ACTION = 64 };

/* ------------------------------------------------------------- cloud.id -- */

/* "name" or "name:port" up to a $; the port of the first one is for all. */
static bool cut(const char **at, char *name, size_t size, const char **port)
{
	size_t length = strcspn(*at, "$"), letters = strcspn(*at, "$:");

	if (!letters || letters >= size ||
	    strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789.-"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ") != letters)
		return false;
	memcpy(name, *at, letters);
	name[letters] = '\0';
	*port = letters < length ? *at + letters + 1 : NULL;
	if (*port && (strspn(*port, "0123456789") != length - letters - 1 ||
		      length - letters - 1 > 5 || length == letters + 1))
		return false;
	*at += length;
	return true;
}

bool elastic_cloud(const char *id, char **url, struct cg_error *err)
{
	const char *label = strrchr(id, ':');
	const char *at, *own = NULL, *common = NULL;
	char host[256], name[256];
	size_t length;
	char *text = http_unbase64(label ? label + 1 : id, &length);
	struct buf out = { 0 };
	bool ok;

	at = text;
	ok = text && strlen(text) == length &&
	     cut(&at, host, sizeof(host), &common) && *at++ == '$' &&
	     cut(&at, name, sizeof(name), &own) && (!*at || *at == '$');
	if (ok) {
		const char *port = own ? own : common;

		buf_printf(&out, "https://%s.%s:%.*s", name, host,
			   port ? (int)strspn(port, "0123456789") : 3,
			   port ? port : "443");
	}
	free(text);
	if (!ok)
		return fail(err, CG_E_MEANING,
			    "'%s' is no cloud.id, as Elastic Cloud shows it",
			    id);
	*url = buf_done(&out);
	return *url || fail_nomem(err);
}

/* --------------------------------------------------------------- stream -- */

bool elastic_is_stream(const char *name, const char **why)
{
	static const char *const good = "abcdefghijklmnopqrstuvwxyz0123456789"
					"._-";
	size_t length = strlen(name);

	*why = NULL;
	if (!length || length > STREAM_MAX)
		*why = "it has 1 to 255 letters";
	else if (strspn(name, good) != length)
		*why = "small letters, digits, '.', '_' and '-' are fine";
	else if (strchr("-_.", name[0]))
		*why = "it begins with a letter or a digit";
	return !*why;
}

/* "logs-seccomp.violation-default" without its last part, the namespace. */
static int base_of(const char *stream)
{
	const char *first = strchr(stream, '-');
	const char *last = strrchr(stream, '-');

	return first && first != last ? (int)(last - stream)
				      : (int)strlen(stream);
}

void elastic_template_name(struct buf *out, const char *stream)
{
	buf_printf(out, "callgate-%.*s", base_of(stream), stream);
}

void elastic_template(struct buf *out, const char *stream)
{
	const int base = base_of(stream);

	/* Above the priority 100 of what Elasticsearch brings for logs-*. */
	buf_printf(out,
		   "{\"index_patterns\":[\"%.*s%s\"],\"data_stream\":{},"
		   "\"priority\":200,\"version\":1,"
		   "\"_meta\":{\"managed_by\":\"callgate\"},"
		   "\"template\":{",
		   base, stream, stream[base] ? "-*" : "");
	buf_puts(out,
		 "\"mappings\":{\"date_detection\":false,"
		 "\"dynamic_templates\":[{\"words\":{"
		 "\"match_mapping_type\":\"string\",\"mapping\":{"
		 "\"type\":\"keyword\",\"ignore_above\":8191}}}],"
		 "\"properties\":{"
		 "\"@timestamp\":{\"type\":\"date\"},"
		 "\"message\":{\"type\":\"text\"},"
		 "\"event\":{\"properties\":{"
		 "\"id\":{\"type\":\"keyword\"},"
		 "\"action\":{\"type\":\"keyword\"},"
		 "\"category\":{\"type\":\"keyword\"},"
		 "\"type\":{\"type\":\"keyword\"},"
		 "\"sequence\":{\"type\":\"long\"}}},"
		 "\"process\":{\"properties\":{"
		 "\"pid\":{\"type\":\"long\"},"
		 "\"name\":{\"type\":\"keyword\"},"
		 "\"executable\":{\"type\":\"keyword\"},"
		 "\"command_line\":{\"type\":\"keyword\",\"ignore_above\":8191,"
		 "\"fields\":{\"text\":{\"type\":\"text\"}}}}},"
		 "\"seccomp\":{\"properties\":{"
		 "\"syscall\":{\"properties\":{"
		 "\"name\":{\"type\":\"keyword\"},"
		 "\"number\":{\"type\":\"long\"}}},"
		 "\"first_seen\":{\"type\":\"date\"},"
		 "\"last_seen\":{\"type\":\"date\"},"
		 "\"suggestion\":{\"type\":\"keyword\",\"index\":false,"
		 "\"doc_values\":false}}}}}}}");
}

/* ----------------------------------------------------------------- bulk -- */

void elastic_bulk(struct buf *out, struct parcel *const *parcels, size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += parcels[i]->item->length + ACTION;
	buf_reserve(out, length);
	for (size_t i = 0; i < count; i++) {
		const struct spool_item *item = parcels[i]->item;

		buf_puts(out, "{\"create\":{\"_id\":\"");
		buf_puts(out, item->id);
		buf_puts(out, "\"}}\n");
		buf_add(out, item->text, item->length);
		buf_puts(out, "\n");
	}
}

static const char *text_of(const struct node *mapping, const char *key)
{
	const struct node *node = mapping && mapping->kind == NODE_MAPPING
					  ? doc_get(mapping, key)
					  : NULL;

	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

static const struct node *part_of(const struct node *mapping, const char *key)
{
	return mapping && mapping->kind == NODE_MAPPING ? doc_get(mapping, key)
							: NULL;
}

/* "type: reason", of an object that has them, or a text. */
static void describe(const struct node *error, char *out, size_t size)
{
	const char *type = text_of(error, "type");
	const char *reason = text_of(error, "reason");

	if (error && error->kind == NODE_SCALAR)
		reason = error->text;
	snprintf(out, size, "%s%s%s", type ? type : "",
		 type && reason ? ": " : "", reason ? reason : "");
}

/* The status of one item, which has one key: what was done. 0: none. */
static int status_of(const struct node *item, const struct node **error)
{
	const struct node *inner;
	const char *text;
	uint64_t status;

	if (item->kind != NODE_MAPPING || item->count != 1)
		return 0;
	inner = item->items[0];
	text = text_of(inner, "status");
	*error = part_of(inner, "error");
	if (!text || num_read(text, strlen(text), &status) != NUM_OK ||
	    status < 100 || status > 599)
		return 0;
	return (int)status;
}

static void judge(struct parcel *parcel, int status, const struct node *error)
{
	char words[200];

	if (status < 300)
		parcel->fate = DELIVERED;
	else if (status == CONFLICT)
		/* It was sent before, and the answer did not reach us. */
		parcel->fate = REPEATED;
	else if (status != BUSY && status < 500) {
		describe(error, words, sizeof(words));
		parcel_die(parcel, status, "%s", words);
	}
}

static bool judge_all(const struct node *root, struct parcel *const *parcels,
		      size_t count, char *why, size_t size)
{
	const struct node *items = part_of(root, "items"), *error = NULL;

	if (!items || items->kind != NODE_SEQUENCE || items->count != count) {
		snprintf(why, size,
			 "the answer has not one item for each "
			 "event");
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!status_of(items->items[i], &error)) {
			snprintf(why, size,
				 "an item of the answer has no "
				 "status");
			return false;
		}
	for (size_t i = 0; i < count; i++) {
		int status = status_of(items->items[i], &error);

		judge(parcels[i], status, error);
		if (parcels[i]->fate == WAITING) {
			int used = snprintf(why, size,
					    "status %d for an "
					    "event: ",
					    status);

			describe(error, why + used, size - (size_t)used);
		}
	}
	return true;
}

/* Past what is expected, between any white space; false if it is not there. */
static bool expect(const char **at, const char *what)
{
	const size_t length = strlen(what);

	*at += strspn(*at, " \t\r\n");
	if (strncmp(*at, what, length) != 0)
		return false;
	*at += length;
	return true;
}

/* { "create" : { "status" : 201 } } */
static bool is_taken(const char **at)
{
	if (!expect(at, "{") || !expect(at, "\"create\"") || !expect(at, ":") ||
	    !expect(at, "{") || !expect(at, "\"status\"") || !expect(at, ":") ||
	    !expect(at, "20") || !(**at == '0' || **at == '1'))
		return false;
	++*at;
	return expect(at, "}") && expect(at, "}");
}

/*
 * Whether the answer is that all were taken, in just the words that it mostly
 * has: to make a tree of it would cost more than all the rest of a delivery.
 */
static bool all_taken(const char *at, size_t count)
{
	if (!expect(&at, "{") || !expect(&at, "\"errors\"") ||
	    !expect(&at, ":") || !expect(&at, "false") || !expect(&at, ",") ||
	    !expect(&at, "\"items\"") || !expect(&at, ":") || !expect(&at, "["))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((i && !expect(&at, ",")) || !is_taken(&at))
			return false;
	return expect(&at, "]") && expect(&at, "}") && !*at;
}

bool elastic_answer(const char *body, size_t length,
		    struct parcel *const *parcels, size_t count, char *why,
		    size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { 0 };
	struct node *root;
	bool ok;

	if (strlen(body) == length && all_taken(body, count)) {
		for (size_t i = 0; i < count; i++)
			parcels[i]->fate = DELIVERED;
		return true;
	}
	ok = doc_read_json(&arena, body, length, "answer", &root, &err);
	if (ok)
		ok = judge_all(root, parcels, count, why, size);
	else
		snprintf(why, size, "the answer is no JSON");
	arena_free(&arena);
	return ok;
}

void elastic_error(const char *body, size_t length, char *out, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { 0 };
	struct node *root;

	out[0] = '\0';
	if (length &&
	    doc_read_json(&arena, body, length, "answer", &root, &err))
		describe(part_of(root, "error"), out, size);
	if (!out[0])
		snprintf(out, size, "%.*s", (int)strcspn(body, "\r\n"), body);
	arena_free(&arena);
}
