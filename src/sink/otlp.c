/* OpenTelemetry collectors: logs by OTLP over HTTP, encoded as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "doc/doc.h"
#include "sink/flat.h"
#include "sink/http.h"
#include "sink/inside.h"

enum { MEMORY = 4 << 20, TOO_LARGE = 413, TOO_MANY = 429 };

struct otlp {
	struct http *http;
	char *url;
	size_t most; /* events at once: less after "too large" */
};

/* ----------------------------------------------------------------- body -- */

static void put_value(struct buf *out, const struct flat_pair *pair)
{
	uint64_t number;
	bool negative;

	if (!pair->text && num_read_signed(pair->value, strlen(pair->value),
					   &number, &negative) == NUM_OK)
		/* Numbers of 64 bits are texts in this encoding. */
		buf_printf(out, "{\"intValue\":\"%s\"}", pair->value);
	else if (!pair->text && (strcmp(pair->value, "true") == 0 ||
				 strcmp(pair->value, "false") == 0))
		buf_printf(out, "{\"boolValue\":%s}", pair->value);
	else {
		buf_puts(out, "{\"stringValue\":");
		buf_json(out, pair->value);
		buf_puts(out, "}");
	}
}

/* Values with the same path become one, a list. */
static size_t put_attribute(struct buf *out, const struct flat *flat, size_t i)
{
	const char *path = flat->pairs[i].path;
	size_t end = i + 1;

	while (end < flat->count && strcmp(flat->pairs[end].path, path) == 0)
		end++;
	buf_puts(out, "{\"key\":");
	buf_json(out, path);
	buf_puts(out, ",\"value\":");
	if (end - i > 1)
		buf_puts(out, "{\"arrayValue\":{\"values\":[");
	for (size_t at = i; at < end; at++) {
		buf_puts(out, at > i ? "," : "");
		put_value(out, &flat->pairs[at]);
	}
	if (end - i > 1)
		buf_puts(out, "]}}");
	buf_puts(out, "}");
	return end;
}

static void put_record(struct buf *out, const struct spool_item *item,
		       const struct flat *flat)
{
	static const struct {
		int number;
		const char *text;
	} severities[] = {
		[3] = { 17, "ERROR" },
		[4] = { 13, "WARN" },
		[6] = { 9, "INFO" },
	};
	const int severity = flat_severity(flat);
	const char *message = flat_get(flat, "message");
	bool comma = false;

	buf_printf(out,
		   "{\"timeUnixNano\":\"%" PRIu64 "\","
		   "\"observedTimeUnixNano\":\"%" PRIu64 "\","
		   "\"severityNumber\":%d,\"severityText\":\"%s\","
		   "\"body\":{\"stringValue\":",
		   item->time, item->time, severities[severity].number,
		   severities[severity].text);
	buf_json(out, message ? message : "an event");
	buf_puts(out, "},\"attributes\":[");
	for (size_t i = 0; i < flat->count;) {
		if (strcmp(flat->pairs[i].path, "message") == 0 ||
		    strcmp(flat->pairs[i].path, "@timestamp") == 0) {
			i++;
			continue;
		}
		buf_puts(out, comma ? "," : "");
		comma = true;
		i = put_attribute(out, flat, i);
	}
	buf_puts(out, "]}");
}

static void put_body(struct buf *out, struct parcel **parcels, size_t *count)
{
	size_t kept = 0;

	buf_puts(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":["
		      "{\"key\":\"service.name\",\"value\":{\"stringValue\":"
		      "\"callgate\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":"
		      "\"callgate\",\"version\":\"" CALLGATE_VERSION
		      "\"},\"logRecords\":[");
	for (size_t i = 0; i < *count; i++) {
		const struct spool_item *item = parcels[i]->item;
		struct flat flat;

		if (!flat_read(&flat, item->text, item->length)) {
			parcel_die(parcels[i], 0, "the event is no JSON");
			continue;
		}
		buf_puts(out, kept ? "," : "");
		put_record(out, item, &flat);
		flat_free(&flat);
		parcels[kept++] = parcels[i];
	}
	*count = kept;
	buf_puts(out, "]}]}]}");
}

/* --------------------------------------------------------------- answer -- */

/* How many a success refused all the same; `why` is theirs. */
static uint64_t
rejected(const struct http_answer *answer, char *why, size_t size)
{
	struct arena arena = { .budget = MEMORY };
	struct cg_error err = { 0 };
	struct node *root, *part = NULL, *text = NULL;
	uint64_t count = 0;

	if (answer->length &&
	    doc_read_json(&arena, answer->body, answer->length, "answer", &root,
			  &err) &&
	    root->kind == NODE_MAPPING)
		part = doc_get(root, "partialSuccess");
	if (part && part->kind == NODE_MAPPING) {
		text = doc_get(part, "rejectedLogRecords");
		if (text && text->kind == NODE_SCALAR &&
		    num_read(text->text, text->length, &count) != NUM_OK)
			count = 0;
		text = doc_get(part, "errorMessage");
	}
	snprintf(why, size, "%s",
		 text && text->kind == NODE_SCALAR ? text->text : "");
	arena_free(&arena);
	return count;
}

/* Which ones were refused a collector does not say: the last so many, then. */
static void
succeed(struct parcel **parcels, size_t count, const struct http_answer *answer)
{
	char why[128];
	uint64_t bad = rejected(answer, why, sizeof(why));

	if (bad > count)
		bad = count;
	for (size_t i = 0; i < count; i++)
		if (i < count - bad)
			parcels[i]->fate = DELIVERED;
		else
			parcel_die(parcels[i], answer->status,
				   "%" PRIu64 " of %zu were rejected, which "
				   "ones is not said: %s",
				   bad, count, why);
}

static bool may_retry(int status)
{
	return status == TOO_MANY || status == 502 || status == 503 ||
	       status == 504 || status == 401 || status == 403 || status == 404;
}

static void
take_answer(struct sink *sink, struct attempt *attempt, struct parcel **parcels,
	    size_t count, const struct http_answer *answer)
{
	struct otlp *otlp = sink->state;

	if (answer->status < 300) {
		succeed(parcels, count, answer);
		attempt->at_once = true;
		if (otlp->most < sink->settings->batch)
			otlp->most += otlp->most / 4 + 1;
		return;
	}
	attempt_why(attempt, "%.100s answers %d: %.100s", otlp->url,
		    answer->status, answer->body);
	attempt->wait = answer->retry_after;
	if (answer->status == TOO_LARGE && count > 1) {
		otlp->most = count / 2;
		attempt->at_once = true;
	} else if (may_retry(answer->status)) {
		/* 401 to 404: a person has to mend the settings. */
		attempt->hopeless = answer->status < TOO_MANY;
	} else {
		for (size_t i = 0; i < count; i++)
			parcel_die(parcels[i], answer->status, "%.200s",
				   answer->body);
	}
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	struct otlp *otlp = sink->state;
	struct parcel **parcels = calloc(attempt->count, sizeof(*parcels));
	struct http_request request = { "POST", otlp->url, "application/json",
					NULL, 0 };
	struct http_answer answer;
	struct buf body = { 0 };
	char why[HTTP_WHY] = "out of memory";
	size_t count = 0;

	for (size_t i = 0; parcels && i < attempt->count; i++)
		if (attempt->parcels[i].fate == WAITING && count < otlp->most)
			parcels[count++] = &attempt->parcels[i];
	if (parcels)
		put_body(&body, parcels, &count);
	request.body = body.text;
	request.length = body.length;
	if (!parcels || body.failed ||
	    (count && !http_send(otlp->http, &request, &answer, why))) {
		attempt_why(attempt, "%.100s: %.150s", otlp->url, why);
	} else if (count) {
		take_answer(sink, attempt, parcels, count, &answer);
		http_free(&answer);
	} else {
		attempt->at_once = true;
	}
	buf_free(&body);
	free(parcels);
}

/* -------------------------------------------------------------- opening -- */

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	struct otlp *otlp = calloc(1, sizeof(*otlp));
	const char *target = sink->settings->target;
	size_t length = strlen(target);
	struct buf url = { 0 };

	if (!otlp)
		return fail_nomem(err);
	sink->state = otlp;
	otlp->most = sink->settings->batch;
	while (length && target[length - 1] == '/')
		length--;
	buf_add(&url, target, length);
	/* The base of a collector's URLs, as its own variable has it. */
	if (length < 8 || strcmp(url.text + length - 8, "/v1/logs") != 0)
		buf_puts(&url, "/v1/logs");
	otlp->url = buf_done(&url);
	return (otlp->url || fail_nomem(err)) &&
	       http_open(sink->settings, &sink->abort, &otlp->http, err);
}

static void close_sink(struct sink *sink)
{
	struct otlp *otlp = sink->state;

	if (!otlp)
		return;
	http_close(otlp->http);
	free(otlp->url);
	free(otlp);
}

static bool
check(struct settings *settings, struct place place, struct cg_error *err)
{
	return http_is_url(settings->target) ||
	       fail_at(err, CG_E_MEANING, place,
		       "'%s' is no URL such as http://host:4318",
		       settings->target);
}

const struct sink_kind sink_otlp = {
	.name = "otlp",
	.bit = KIND_OTLP,
	.target = "a URL such as http://host:4318",
	.needs_target = true,
	.shape = CG_EVENT_ECS,
	.linger = SINK_SECOND,
	.check = check,
	.open = open_sink,
	.deliver = deliver,
	.close = close_sink,
};
