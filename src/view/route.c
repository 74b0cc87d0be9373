/* Which request goes where, and what all of them must bring. */
#include "view/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/compare.h"
#include "view/guard.h"
#include "view/rows.h"
#include "view/stream.h"

static enum MHD_Result get_health(struct request *request)
{
	struct web *web = request->web;
	struct buf out = { 0 };
	bool ready;

	pthread_mutex_lock(&web->lock);
	ready = web->ready;
	pthread_mutex_unlock(&web->lock);
	buf_puts(&out, ready ? "ok\n" : "not yet\n");
	return answer_buf(request,
			  ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			  "text/plain; charset=utf-8", &out);
}

static enum MHD_Result get_status(struct request *request)
{
	struct cg_error err = { 0 };
	struct web *web = request->web;
	struct store_filter all = { 0 };
	struct buf out = { 0 };
	enum cg_status status;
	uint64_t count = 0;

	status = store_count(shelf_take(&web->shelf), &all, &count, &err);
	shelf_give(&web->shelf);
	if (status != CG_OK)
		return answer_failure(request, &err);
	pthread_mutex_lock(&web->lock);
	buf_printf(
		&out,
		"{\"version\":\"%s\",\"stored\":%" PRIu64
		",\"in_memory\":%s,\"streams\":%u,\"token\":%s,\"watch\":%s}",
		CALLGATE_VERSION, count, web->shelf.own ? "true" : "false",
		web->streams, web->guard.wants_token ? "true" : "false",
		web->status ? web->status : "{}");
	pthread_mutex_unlock(&web->lock);
	return answer_json(request, &out);
}

static enum MHD_Result post_login(struct request *request)
{
	const char *token = request->fields[0].value.text;
	struct MHD_Response *response;
	enum guard_login login;
	char cookie[256];

	login = guard_login(request, token ? token : "");
	if (login != GUARD_RIGHT)
		return guard_refuse(request, login, "that is not the token");
	guard_cookie(&request->web->guard, cookie);
	response = MHD_create_response_from_buffer(2, (void *)(uintptr_t) "{}",
						   MHD_RESPMEM_PERSISTENT);
	if (response &&
	    MHD_add_response_header(response, "Set-Cookie", cookie) == MHD_NO) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return answer_response(request, MHD_HTTP_OK, "application/json",
			       response);
}

/* What there is. A path that ends in / has something behind it. */
static const struct row {
	const char *path, *method;
	bool open; /* without a token, too */
	enum MHD_Result (*answer)(struct request *request);
	const char *fields[3]; /* of what is posted */
} rows[] = {
	{ "/", "GET", true, answer_page, { NULL } },
	{ "/healthz", "GET", true, get_health, { NULL } },
	{ "/api/events", "GET", false, rows_events, { NULL } },
	{ "/api/event/", "GET", false, rows_event, { NULL } },
	{ "/api/top", "GET", false, rows_top, { NULL } },
	{ "/api/timeline", "GET", false, rows_timeline, { NULL } },
	{ "/api/stream", "GET", false, stream_open, { NULL } },
	{ "/api/status", "GET", false, get_status, { NULL } },
	{ "/api/policies", "GET", false, compare_offers, { NULL } },
	{ "/api/diff",
	  "POST",
	  false,
	  compare_posted,
	  { "left", "right", NULL } },
	{ "/api/login", "POST", true, post_login, { "token", NULL } },
};

static const struct row *find_row(const char *path)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t length = strlen(rows[i].path);
		const bool inside =
			length > 1 && rows[i].path[length - 1] == '/';

		if (inside ? strncmp(rows[i].path, path, length) == 0 &&
				     path[length] && !strchr(path + length, '/')
			   : strcmp(rows[i].path, path) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool is_method(const struct row *row, const char *method)
{
	return strcmp(row->method, method) == 0 ||
	       (strcmp(row->method, "GET") == 0 &&
		strcmp(method, "HEAD") == 0 && row->answer != stream_open);
}

/* ---------------------------------------------------------------- forms -- */

static enum MHD_Result
take_field(void *context, enum MHD_ValueKind kind, const char *name,
	   const char *file, const char *type, const char *encoding,
	   const char *data, uint64_t offset, size_t size)
{
	struct request *request = context;

	(void)kind, (void)file, (void)type, (void)encoding, (void)offset;
	for (struct field *field = request->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			buf_add(&field->value, data, size);
	return MHD_YES;
}

static bool begin_form(struct request *request, const struct row *row)
{
	enum { FORM_ROOM = 4096, FIELDS = 3 };

	request->fields = calloc(FIELDS, sizeof(*request->fields));
	if (!request->fields)
		return false;
	for (size_t i = 0; row->fields[i]; i++)
		request->fields[i].name = row->fields[i];
	/* NULL where the body is no form: that is told at its end. */
	request->form = MHD_create_post_processor(
		request->connection, FORM_ROOM, take_field, request);
	return true;
}

/* A part of the body; what is too much is read, and not kept. */
static enum MHD_Result
take_body(struct request *request, const char *body, size_t *size)
{
	request->body += *size;
	request->too_large = request->too_large || request->body > BODY_MAX;
	if (request->form && !request->too_large &&
	    MHD_post_process(request->form, body, *size) == MHD_NO) {
		MHD_destroy_post_processor(request->form);
		request->form = NULL;
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result
answer_posted(struct request *request, const struct row *row)
{
	if (request->too_large)
		return answer_error(request, MHD_HTTP_CONTENT_TOO_LARGE,
				    "%d bytes at most", BODY_MAX);
	if (!request->form)
		return answer_error(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
				    "a form is wanted: "
				    "application/x-www-form-urlencoded");
	/* The last field is complete when the reader of the form ends. */
	(void)MHD_destroy_post_processor(request->form);
	request->form = NULL;
	for (struct field *field = request->fields; field->name; field++)
		if (field->value.failed)
			return MHD_NO;
	return row->answer(request);
}

/* ------------------------------------------------------------- requests -- */

/* NULL where the request may go on; else it is answered. */
static const struct row *admit(struct request *request, enum MHD_Result *result)
{
	const char *wrong = guard_origin(request);
	const struct row *row = find_row(request->path);
	enum guard_login login;

	if (wrong)
		*result =
			answer_error(request, MHD_HTTP_FORBIDDEN, "%s", wrong);
	else if (!row)
		*result = answer_error(request, MHD_HTTP_NOT_FOUND,
				       "there is no such page");
	else if (!is_method(row, request->method))
		*result = answer_error(request, MHD_HTTP_METHOD_NOT_ALLOWED,
				       "%s only", row->method);
	else if (!row->open && (login = guard_knows(request)) != GUARD_RIGHT)
		*result = guard_refuse(request, login, "a token is wanted");
	else
		return row;
	return NULL;
}

enum MHD_Result route(void *context, struct MHD_Connection *connection,
		      const char *path, const char *method, const char *version,
		      const char *body, size_t *body_size, void **state)
{
	struct request *request = *state;
	enum MHD_Result result = MHD_NO;
	const struct row *row;
	const char *wrong;

	(void)version;
	if (!request) {
		*state = request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		request->web = context;
	}
	request->connection = connection;
	request->path = path;
	request->method = method;
	if (*body_size)
		return take_body(request, body, body_size);
	/* An answer before the body was seen would end the connection. */
	if (!request->begun) {
		request->begun = true;
		wrong = guard_frame(request);
		if (wrong)
			return answer_last(request, wrong);
		row = find_row(path);
		return !row || strcmp(method, "POST") != 0 ||
				       begin_form(request, row)
			       ? MHD_YES
			       : MHD_NO;
	}
	row = admit(request, &result);
	if (!row)
		return result;
	return row->fields[0] ? answer_posted(request, row)
			      : row->answer(request);
}

void route_done(void *context, struct MHD_Connection *connection, void **state,
		enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	(void)context, (void)connection, (void)code;
	if (!request)
		return;
	if (request->form)
		MHD_destroy_post_processor(request->form);
	for (struct field *field = request->fields; field && field->name;
	     field++)
		buf_free(&field->value);
	free(request->fields);
	free(request);
	*state = NULL;
}
