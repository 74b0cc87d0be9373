/* Words of Elasticsearch: cloud ids, streams, URLs, and what answers mean. */
#include <stdlib.h>
#include <string.h>

#include "sink/elastic.h"
#include "sink/http.h"

#include "tap.h"

static const struct cloud {
	const char *name, *id, *url; /* NULL: refused */
} clouds[] = {
	/* clang-format off */
	{ "with a label", "label:ZXhhbXBsZS5jb20kYWJjJGRlZg==", "https://abc.example.com:443" },
	{ "without one", "ZXhhbXBsZS5jb20kYWJjJGRlZg==", "https://abc.example.com:443" },
	{ "a label with a colon", "a:b:ZXhhbXBsZS5jb20kYWJjJGRlZg==", "https://abc.example.com:443" },
	{ "a port for all", "x:ZXhhbXBsZS5jb206OTI0MyRhYmMkZGVm", "https://abc.example.com:9243" },
	{ "a port of its own", "x:ZXhhbXBsZS5jb206OTI0MyRhYmM6OTI0NCRkZWY6OTI0NQ==", "https://abc.example.com:9244" },
	{ "no Kibana", "x:ZXhhbXBsZS5jb20kYWJj", "https://abc.example.com:443" },
	{ "an empty Kibana", "x:ZXhhbXBsZS5jb20kYWJjJA==", "https://abc.example.com:443" },
	{ "no padding", "x:ZXhhbXBsZS5jb20kYWJj", "https://abc.example.com:443" },
	{ "no Elasticsearch", "x:ZXhhbXBsZS5jb20kJGRlZg==", NULL },
	{ "no $", "x:ZXhhbXBsZS5jb20=", NULL },
	{ "bad base64", "x:@@@@", NULL },
	{ "nothing behind the label", "x:", NULL },
	{ "nothing", "", NULL },
	{ "a bad port", "x:ZXhhbXBsZS5jb206cG9ydCRhYmM=", NULL },
	{ "a long port", "x:ZXhhbXBsZS5jb206MTIzNDU2JGFiYw==", NULL },
	{ "a slash in the name", "x:ZXhhbXBsZS5jb20vYSRhYmM=", NULL },
	/* clang-format on */
};

static const struct word {
	const char *text;
	bool good;
} streams[] = {
	{ "logs-seccomp.violation-default", true },
	{ "a", true },
	{ "a_b.c-1", true },
	{ "", false },
	{ "Logs", false },
	{ "-logs", false },
	{ "_logs", false },
	{ ".logs", false },
	{ "lo gs", false },
	{ "logs*", false },
	{ "logs/x", false },
	{ "l\303\266gs", false },
}, urls[] = {
	{ "http://a", true },
	{ "https://a.b:9200/path", true },
	{ "http://[::1]:9200", true },
	{ "ftp://a", false },
	{ "http://", false },
	{ "http:///x", false },
	{ "a:9200", false },
	{ "http://a b", false },
	{ "http://a\nX: y", false },
	{ "", false },
};

/*
 * Two events, and an answer: what becomes of each, as one letter: d delivered,
 * r repeated, w waiting, x dead. "-": no answer to these.
 */
static const struct answer {
	const char *name, *text, *fates;
} answers[] = {
	/* clang-format off */
	{ "both taken", "{\"errors\":false,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":200}}]}", "dd" },
	{ "there already", "{\"items\":[{\"create\":{\"status\":409}},{\"create\":{\"status\":201}}]}", "rd" },
	{ "busy", "{\"items\":[{\"create\":{\"status\":429}},{\"create\":{\"status\":201}}]}", "wd" },
	{ "broken", "{\"items\":[{\"create\":{\"status\":503}},{\"create\":{\"status\":500}}]}", "ww" },
	{ "refused", "{\"items\":[{\"create\":{\"status\":400,\"error\":{\"type\":\"a\",\"reason\":\"b\"}}},{\"create\":{\"status\":404}}]}", "xx" },
	{ "an item too few", "{\"items\":[{\"create\":{\"status\":201}}]}", "-" },
	{ "an item too many", "{\"items\":[{\"a\":{\"status\":201}},{\"a\":{\"status\":201}},{\"a\":{\"status\":201}}]}", "-" },
	{ "no status", "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{}}]}", "-" },
	{ "no number", "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":\"x\"}}]}", "-" },
	{ "no status of HTTP", "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":7}}]}", "-" },
	{ "no items", "{\"errors\":false}", "-" },
	{ "no object", "[1,2]", "-" },
	{ "no JSON", "<html>", "-" },
	{ "nothing", "", "-" },
	/* clang-format on */
};

static void check_cloud(struct tap *tap, const struct cloud *row)
{
	struct cg_error err = { 0 };
	char *url = NULL;
	bool ok = elastic_cloud(row->id, &url, &err);

	tap_ok(tap, row->url ? ok && strcmp(url, row->url) == 0 : !ok,
	       "cloud.id %s: %s", row->name, ok ? url : err.message);
	free(url);
}

static void check_answer(struct tap *tap, const struct answer *row)
{
	struct parcel parcels[2] = { 0 };
	struct parcel *list[2] = { &parcels[0], &parcels[1] };
	char why[200] = "", fates[3] = "-";

	if (elastic_answer(row->text, strlen(row->text), list, 2, why,
			   sizeof(why))) {
		for (int i = 0; i < 2; i++)
			fates[i] = "wdrx"[parcels[i].fate];
		fates[2] = '\0';
	}
	tap_ok(tap, strcmp(fates, row->fates) == 0, "an answer, %s: %s %s",
	       row->name, fates, why);
}

static void check_base64(struct tap *tap)
{
	static const char text[] = "any carnal pleas";
	bool ok = true;

	for (size_t length = 0; length < sizeof(text); length++) {
		char *coded = http_base64(text, length), *back;
		size_t got = 99;

		back = coded ? http_unbase64(coded, &got) : NULL;
		ok &= back && got == length && memcmp(back, text, got) == 0;
		free(coded);
		free(back);
	}
	tap_ok(tap, ok, "base64, there and back");
}

int main(void)
{
	struct tap tap = { 0 };
	const char *why;

	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++)
		check_cloud(&tap, &clouds[i]);
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		tap_ok(&tap,
		       elastic_is_stream(streams[i].text, &why) ==
			       streams[i].good,
		       "stream '%s'", streams[i].text);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		check_answer(&tap, &answers[i]);
	check_base64(&tap);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (!strchr(urls[i].text, '\n'))
			tap_ok(&tap, http_is_url(urls[i].text) == urls[i].good,
			       "URL '%s'", urls[i].text);
		else
			tap_ok(&tap, http_is_url(urls[i].text) == urls[i].good,
			       "URL with a newline");
	return tap_done(&tap);
}
