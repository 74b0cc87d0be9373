#include "sink/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"

enum { GZIP_LEAST = 512, GZIP_WINDOW = 15 + 16 };

struct http {
	CURL *curl;
	const struct settings *settings;
	const atomic_bool *abort;
	struct curl_slist *headers; /* of every request */
	unsigned char pin[32];
	char why[CURL_ERROR_SIZE];
	struct buf answer;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --------------------------------------------------------------- headers -- */

static bool add_header(struct http *http, const char *line)
{
	struct curl_slist *more = curl_slist_append(http->headers, line);

	if (more)
		http->headers = more;
	return more;
}

/* "id:key" as Elasticsearch shows it in one form, encoded in the other. */
static bool add_key(struct http *http, const char *key)
{
	char *encoded =
		strchr(key, ':') ? http_base64(key, strlen(key)) : strdup(key);
	struct buf line = { 0 };
	bool ok;

	buf_printf(&line, "Authorization: ApiKey %s", encoded ? encoded : "");
	ok = encoded && !line.failed && add_header(http, line.text);
	free(encoded);
	buf_free(&line);
	return ok;
}

static bool add_lines(struct http *http, const char *lines)
{
	bool ok = true;

	while (ok && *lines) {
		size_t length = strcspn(lines, "\r\n");
		char *line = strndup(lines, length);

		ok = line && (!length || add_header(http, line));
		free(line);
		lines += length;
		lines += strspn(lines, "\r\n");
	}
	return ok;
}

static bool add_headers(struct http *http)
{
	const struct settings *settings = http->settings;

	/* Without Expect: a body goes out at once. */
	return add_header(http, "Expect:") &&
	       add_header(http, "Accept: application/json") &&
	       (!settings->api_key || add_key(http, settings->api_key)) &&
	       (!settings->headers || add_lines(http, settings->headers));
}

/* -------------------------------------------------------------- opening -- */

static size_t take_body(char *text, size_t size, size_t count, void *opaque)
{
	struct http *http = opaque;

	if (size * count > HTTP_ANSWER_MAX - http->answer.length)
		return 0;
	buf_add(&http->answer, text, size * count);
	return http->answer.failed ? 0 : size * count;
}

static int
look(void *opaque, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http *http = opaque;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(http->abort);
}

static CURLcode pin(CURL *curl, void *context, void *opaque)
{
	const struct http *http = opaque;

	(void)curl;
	return pin_trust(context, http->pin) ? CURLE_OK
					     : CURLE_ABORTED_BY_CALLBACK;
}

static void set_tls(struct http *http)
{
	const struct settings *settings = http->settings;
	CURL *curl = http->curl;

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (settings->ca) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (settings->fingerprint) {
		curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, pin);
		curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, http);
	}
	if (strcmp(settings->verify, "certificate") == 0)
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	if (settings->cert)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, settings->cert);
	if (settings->key)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, settings->key);
}

static void set_all(struct http *http)
{
	const struct settings *settings = http->settings;
	CURL *curl = http->curl;
	long timeout = (long)(settings->timeout / 1000000);

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "callgate/" CALLGATE_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Not to wait for names that nobody looks up any more. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
	if (settings->proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, settings->proxy);
	if (settings->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, settings->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD,
				 settings->password ? settings->password : "");
	}
	set_tls(http);
}

/* Now, and not when the first event is to be sent. */
static bool have_files(const struct settings *settings, struct cg_error *err)
{
	const struct {
		const char *key, *path;
	} files[] = { { "ca", settings->ca },
		      { "cert", settings->cert },
		      { "key", settings->key } };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].path && access(files[i].path, R_OK) != 0)
			return fail_errno(err, CG_E_SYSTEM, errno, "%s: %s",
					  files[i].key, files[i].path);
	return true;
}

bool http_open(const struct settings *settings, const atomic_bool *abort,
	       struct http **out, struct cg_error *err)
{
	struct http *http;

	if (!have_files(settings, err))
		return false;
	http = calloc(1, sizeof(*http));
	pthread_once(&once, begin);
	if (!http)
		return fail_nomem(err);
	http->settings = settings;
	http->abort = abort;
	http->curl = curl_easy_init();
	if (!http->curl || !add_headers(http)) {
		http_close(http);
		return fail_nomem(err);
	}
	if (settings->fingerprint &&
	    !pin_read(settings->fingerprint, http->pin)) {
		http_close(http);
		return fail(err, CG_E_MEANING,
			    "fingerprint: 64 hexadecimal digits are wanted");
	}
	set_all(http);
	*out = http;
	return true;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->headers);
	buf_free(&http->answer);
	free(http);
}

/* -------------------------------------------------------------- sending -- */

/* The body gzipped; NULL where it is not worth it, or memory ran out. */
static unsigned char *pack(const struct http *http,
			   const struct http_request *request, size_t *length)
{
	z_stream stream = { 0 };
	unsigned char *out;
	int code;

	if (http->settings->no_gzip || request->length < GZIP_LEAST ||
	    request->length > UINT32_MAX / 2)
		return NULL;
	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	*length = deflateBound(&stream, request->length);
	out = malloc(*length);
	stream.next_in = (Bytef *)(uintptr_t)request->body;
	stream.avail_in = (uInt)request->length;
	stream.next_out = out;
	stream.avail_out = (uInt)*length;
	code = out ? deflate(&stream, Z_FINISH) : Z_MEM_ERROR;
	*length = stream.total_out;
	deflateEnd(&stream);
	if (code == Z_STREAM_END)
		return out;
	free(out);
	return NULL;
}

/* The headers of one request stand before those of all. */
static struct curl_slist *
headers_of(const struct http_request *request, bool packed)
{
	struct curl_slist *list = NULL, *more;
	char line[128];

	if (!request->body)
		return NULL;
	snprintf(line, sizeof(line), "Content-Type: %s", request->type);
	list = curl_slist_append(NULL, line);
	if (!packed || !list)
		return list;
	more = curl_slist_append(list, "Content-Encoding: gzip");
	if (!more)
		curl_slist_free_all(list);
	return more;
}

/* The lists are joined for the time of the request: curl takes one. */
static CURLcode perform(struct http *http, const struct http_request *request,
			const void *body, size_t length, bool packed)
{
	struct curl_slist *own = headers_of(request, packed), *last = own;
	CURLcode code;

	if (request->body && !own)
		return CURLE_OUT_OF_MEMORY;
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = http->headers;
	curl_easy_setopt(http->curl, CURLOPT_URL, request->url);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER,
			 own ? own : http->headers);
	if (request->body) {
		curl_easy_setopt(http->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)length);
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body);
	} else {
		curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, request->method);
	code = curl_easy_perform(http->curl);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	if (last)
		last->next = NULL;
	curl_slist_free_all(own);
	return code;
}

bool http_send(struct http *http, const struct http_request *request,
	       struct http_answer *out, char why[HTTP_WHY])
{
	size_t length = request->length;
	unsigned char *packed = pack(http, request, &length);
	curl_off_t after = 0;
	long status = 0;
	CURLcode code;

	buf_free(&http->answer);
	http->why[0] = '\0';
	code = perform(http, request,
		       packed ? (const void *)packed : request->body,
		       packed ? length : request->length, packed != NULL);
	free(packed);
	if (code == CURLE_ABORTED_BY_CALLBACK && atomic_load(http->abort)) {
		snprintf(why, HTTP_WHY, "the end came before an answer");
		return false;
	}
	if (code != CURLE_OK) {
		snprintf(why, HTTP_WHY, "%.200s",
			 http->why[0] ? http->why : curl_easy_strerror(code));
		return false;
	}
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &after);
	*out = (struct http_answer){ .status = (int)status };
	if (after > 0)
		out->retry_after = (uint64_t)(after < 3600 ? after : 3600) *
				   UINT64_C(1000000000);
	buf_puts(&http->answer, "");
	out->length = http->answer.length;
	out->body = buf_done(&http->answer);
	if (out->body)
		return true;
	snprintf(why, HTTP_WHY, "out of memory");
	return false;
}

void http_free(struct http_answer *answer)
{
	free(answer->body);
	*answer = (struct http_answer){ 0 };
}
