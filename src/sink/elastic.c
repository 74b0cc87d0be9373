/*
 * Elasticsearch and OpenSearch, by the bulk API. Events go to a data stream
 * with `create` and the event's own id, so that one that was taken before is
 * known (409) and nothing is there twice, however often a batch is sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/elastic.h"
#include "sink/http.h"

enum {
	OK = 200,
	BAD = 400,
	NOT_ALLOWED = 401,
	FORBIDDEN = 403,
	NONE = 404,
	TOO_LARGE = 413,
	TOO_MANY = 429,
	SERVER = 500,
};

struct elastic {
	struct http *http;
	char *hosts[HOSTS_MAX + 1];
	size_t count, at; /* of hosts: which is asked now */
	size_t failed;    /* hosts that did not answer, one behind the other */
	size_t most;      /* events at once: less after "too large" */
	bool prepared;    /* the index template is there */
};

/* --------------------------------------------------------------- answers -- */

static char *url_of(struct elastic *elastic, const char *path, const char *name)
{
	struct buf url = { 0 };

	buf_printf(&url, "%s/%s%s", elastic->hosts[elastic->at], path, name);
	return buf_done(&url);
}

/* The next host; without a wait, if there is one that was not tried yet. */
static void next_host(struct elastic *elastic, struct attempt *attempt)
{
	elastic->at = (elastic->at + 1) % elastic->count;
	elastic->failed++;
	attempt->at_once = elastic->failed < elastic->count;
	if (!attempt->at_once)
		elastic->failed = 0;
}

/* What an answer that is no success means for the whole request. */
static void refuse(struct elastic *elastic, struct attempt *attempt,
		   const struct http_answer *answer)
{
	char words[180];

	elastic_error(answer->body, answer->length, words, sizeof(words));
	attempt_why(attempt, "%.40s answers %d: %.170s",
		    elastic->hosts[elastic->at], answer->status, words);
	attempt->wait = answer->retry_after;
	if (answer->status == TOO_MANY)
		return;
	if (answer->status >= SERVER)
		next_host(elastic, attempt);
	else
		attempt->hopeless = true;
	/* One that said when to come back is not gone round. */
	if (answer->retry_after)
		attempt->at_once = false;
}

static bool send_to(struct elastic *elastic, const char *method, char *url,
		    const char *type, const struct buf *body,
		    struct http_answer *answer, struct attempt *attempt)
{
	const struct http_request request = {
		.method = method,
		.url = url,
		.type = type,
		.body = body ? body->text : NULL,
		.length = body ? body->length : 0,
	};
	char why[HTTP_WHY] = "out of memory";
	bool ok = url && (!body || !body->failed) &&
		  http_send(elastic->http, &request, answer, why);

	free(url);
	if (ok)
		return true;
	attempt_why(attempt, "%.100s: %.150s", elastic->hosts[elastic->at],
		    why);
	next_host(elastic, attempt);
	return false;
}

/* -------------------------------------------------------------- template -- */

static bool
put_template(struct sink *sink, const char *name, struct attempt *attempt)
{
	struct elastic *elastic = sink->state;
	struct http_answer answer;
	struct buf body = { 0 };
	bool ok;

	elastic_template(&body, sink->settings->stream);
	ok = send_to(elastic, "PUT", url_of(elastic, "_index_template/", name),
		     "application/json", &body, &answer, attempt);
	buf_free(&body);
	if (!ok)
		return false;
	/* Without the right to make one: somebody else has, or will. */
	ok = answer.status < 300 || answer.status == FORBIDDEN;
	if (!ok)
		refuse(elastic, attempt, &answer);
	http_free(&answer);
	return ok;
}

/* Make the template if there is none: a changed one is the user's. */
static bool prepare(struct sink *sink, struct attempt *attempt)
{
	struct elastic *elastic = sink->state;
	struct http_answer answer = { 0 };
	struct buf name = { 0 };
	bool ok;

	elastic_template_name(&name, sink->settings->stream);
	ok = !name.failed &&
	     send_to(elastic, "GET",
		     url_of(elastic, "_index_template/", name.text), NULL, NULL,
		     &answer, attempt);
	if (ok && answer.status == NONE)
		ok = put_template(sink, name.text, attempt);
	else if (ok && answer.status != OK && answer.status != FORBIDDEN) {
		refuse(elastic, attempt, &answer);
		ok = false;
	}
	elastic->prepared = ok;
	http_free(&answer);
	buf_free(&name);
	return ok;
}

/* ------------------------------------------------------------------ bulk -- */

/* Those that wait, `most` of them at most. */
static size_t pick(struct attempt *attempt, struct parcel **out, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < attempt->count && count < most; i++)
		if (attempt->parcels[i].fate == WAITING)
			out[count++] = &attempt->parcels[i];
	return count;
}

/* Half as many the next time; one alone that is too large never fits. */
static void
split(struct elastic *elastic, struct attempt *attempt, struct parcel **parcels,
      size_t count, const struct http_answer *answer)
{
	char words[200];

	attempt->at_once = true;
	if (count > 1) {
		elastic->most = count / 2;
		return;
	}
	elastic_error(answer->body, answer->length, words, sizeof(words));
	parcel_die(parcels[0], answer->status, "%s", words);
}

static void
take_answer(struct sink *sink, struct attempt *attempt, struct parcel **parcels,
	    size_t count, const struct http_answer *answer)
{
	struct elastic *elastic = sink->state;
	char why[200] = "";

	if (answer->status >= 300) {
		if (answer->status == TOO_LARGE || answer->status == BAD)
			split(elastic, attempt, parcels, count, answer);
		else
			refuse(elastic, attempt, answer);
		return;
	}
	elastic->failed = 0;
	if (!elastic_answer(answer->body, answer->length, parcels, count, why,
			    sizeof(why)))
		next_host(elastic, attempt);
	if (why[0])
		attempt_why(attempt, "%.40s: %.200s",
			    elastic->hosts[elastic->at], why);
	else
		/* All were dealt with: more at once again, step by step. */
		attempt->at_once = true;
	if (!why[0] && elastic->most < sink->settings->batch)
		elastic->most += elastic->most / 4 + 1;
}

static void deliver(struct sink *sink, struct attempt *attempt)
{
	struct elastic *elastic = sink->state;
	struct parcel **parcels;
	struct http_answer answer;
	struct buf body = { 0 }, path = { 0 };
	size_t count;

	if (!sink->settings->no_template && !elastic->prepared &&
	    !prepare(sink, attempt))
		return;
	parcels = calloc(attempt->count, sizeof(*parcels));
	if (!parcels) {
		attempt_why(attempt, "out of memory");
		return;
	}
	count = pick(attempt, parcels, elastic->most);
	elastic_bulk(&body, parcels, count);
	buf_printf(&path,
		   "%s/_bulk?filter_path=errors,items.*.status,"
		   "items.*.error.type,items.*.error.reason",
		   sink->settings->stream);
	if (send_to(elastic, "POST",
		    path.failed ? NULL : url_of(elastic, path.text, ""),
		    "application/x-ndjson", &body, &answer, attempt)) {
		take_answer(sink, attempt, parcels, count, &answer);
		http_free(&answer);
	}
	buf_free(&body);
	buf_free(&path);
	free(parcels);
}

/* --------------------------------------------------------------- opening -- */

static bool add_host(struct elastic *elastic, const char *url)
{
	size_t length = strlen(url);

	while (length && url[length - 1] == '/')
		length--;
	elastic->hosts[elastic->count] = strndup(url, length);
	return elastic->hosts[elastic->count++];
}

static bool add_hosts(struct elastic *elastic, const struct settings *settings,
		      struct cg_error *err)
{
	char *url = NULL;

	if (settings->cloud_id && !elastic_cloud(settings->cloud_id, &url, err))
		return false;
	if (url)
		elastic->hosts[elastic->count++] = url;
	if (!url && settings->target && !add_host(elastic, settings->target))
		return fail_nomem(err);
	for (size_t i = 0; i < settings->host_count; i++)
		if (elastic->count <= HOSTS_MAX &&
		    !add_host(elastic, settings->hosts[i]))
			return fail_nomem(err);
	return true;
}

static bool open_sink(struct sink *sink, struct cg_error *err)
{
	struct elastic *elastic = calloc(1, sizeof(*elastic));

	if (!elastic)
		return fail_nomem(err);
	sink->state = elastic;
	elastic->most = sink->settings->batch;
	return add_hosts(elastic, sink->settings, err) &&
	       http_open(sink->settings, &sink->abort, &elastic->http, err);
}

static void close_sink(struct sink *sink)
{
	struct elastic *elastic = sink->state;

	if (!elastic)
		return;
	http_close(elastic->http);
	for (size_t i = 0; i < elastic->count; i++)
		free(elastic->hosts[i]);
	free(elastic);
}

static bool
check(struct settings *settings, struct place place, struct cg_error *err)
{
	struct cg_error wrong = { 0 };
	const char *why;
	char *url = NULL;

	if (settings->cloud_id && settings->target)
		return fail_at(err, CG_E_MEANING, place,
			       "either a target or cloud_id, not both");
	if (settings->target && !http_is_url(settings->target))
		return fail_at(err, CG_E_MEANING, place,
			       "'%s' is no URL such as https://host:9200",
			       settings->target);
	for (size_t i = 0; i < settings->host_count; i++)
		if (!http_is_url(settings->hosts[i]))
			return fail_at(err, CG_E_MEANING, place,
				       "'%s' is no URL such as "
				       "https://host:9200",
				       settings->hosts[i]);
	if (!elastic_is_stream(settings->stream, &why))
		return fail_at(err, CG_E_MEANING, place,
			       "'%s' is no name of a data stream: %s",
			       settings->stream, why);
	if (settings->shape == CG_EVENT_LINE)
		return fail_at(err, CG_E_MEANING, place,
			       "Elasticsearch takes JSON, no lines");
	if (settings->cloud_id &&
	    !elastic_cloud(settings->cloud_id, &url, &wrong))
		return fail_at(err, CG_E_MEANING, place, "%s", wrong.message);
	free(url);
	return true;
}

#define KIND(word)                                                        \
	{                                                                 \
		.name = word, .bit = KIND_ELASTIC,                        \
		.target = "a URL such as https://host:9200",              \
		.needs_target = true, .shape = CG_EVENT_ECS,              \
		.linger = SINK_SECOND, .check = check, .open = open_sink, \
		.deliver = deliver, .close = close_sink,                  \
	}

/* The same on the wire, as far as it is used here. */
const struct sink_kind sink_elastic = KIND("elasticsearch");
const struct sink_kind sink_opensearch = KIND("opensearch");
