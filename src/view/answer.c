/* What goes back: each answer with the headers that keep a browser strict. */
#include "view/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct header {
	const char *name, *value;
} headers[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy",
	  "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
	{ "Cache-Control", "no-store" },
};

/* What is no page may load, run and show nothing at all. */
#define NOTHING "default-src 'none'; frame-ancestors 'none'"

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
					   name);
}

static bool
add(struct MHD_Response *response, const char *name, const char *value)
{
	return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(const struct request *request, const char *type,
			struct MHD_Response *response)
{
	bool ok = add(response, "Content-Type", type);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		ok = ok && add(response, headers[i].name, headers[i].value);
	if (!MHD_get_response_header(response, "Content-Security-Policy"))
		ok = ok && add(response, "Content-Security-Policy", NOTHING);
	if (request->web->guard.tls)
		ok = ok && add(response, "Strict-Transport-Security",
			       "max-age=31536000");
	return ok;
}

enum MHD_Result answer_response(struct request *request, unsigned status,
				const char *type, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (add_headers(request, type, response))
		result = MHD_queue_response(request->connection, status,
					    response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result answer_buf(struct request *request, unsigned status,
			   const char *type, struct buf *body)
{
	const size_t length = body->length;
	char *text = buf_done(body);

	/* Without memory there is no answer either: the connection ends. */
	if (!text)
		return MHD_NO;
	return answer_response(
		request, status, type,
		MHD_create_response_from_buffer_with_free_callback(length, text,
								   free));
}

enum MHD_Result answer_json(struct request *request, struct buf *body)
{
	return answer_buf(request, MHD_HTTP_OK, "application/json", body);
}

static void put_error(struct buf *out, const char *message)
{
	buf_puts(out, "{\"error\":");
	buf_json(out, message);
	buf_puts(out, "}");
}

enum MHD_Result
answer_error(struct request *request, unsigned status, const char *format, ...)
{
	char message[CG_MESSAGE_MAX];
	struct buf body = { 0 };
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	put_error(&body, message);
	return answer_buf(request, status, "application/json", &body);
}

enum MHD_Result answer_last(struct request *request, const char *message)
{
	struct MHD_Response *response;
	struct buf body = { 0 };
	char *text;
	size_t length;

	put_error(&body, message);
	length = body.length;
	text = buf_done(&body);
	response = text ? MHD_create_response_from_buffer_with_free_callback(
				  length, text, free)
			: NULL;
	if (response && !add(response, "Connection", "close")) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return answer_response(request, MHD_HTTP_BAD_REQUEST,
			       "application/json", response);
}

enum MHD_Result
answer_failure(struct request *request, const struct cg_error *err)
{
	return answer_error(request,
			    err->status == CG_E_NOMEM
				    ? MHD_HTTP_SERVICE_UNAVAILABLE
				    : MHD_HTTP_INTERNAL_SERVER_ERROR,
			    "%s", err->message);
}

enum MHD_Result answer_page(struct request *request)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(view_page_size,
						(void *)(uintptr_t)view_page,
						MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	if (!add(response, "Content-Security-Policy", view_page_csp)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return answer_response(request, MHD_HTTP_OK, "text/html; charset=utf-8",
			       response);
}
