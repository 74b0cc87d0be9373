/*
 * Any bytes as what sinks read: a file of sinks, a word of --sink, a segment of
 * a spool, the answer of a server, an event. The first byte says which.
 */
#include <stdlib.h>
#include <string.h>

#include "sink/elastic.h"
#include "sink/flat.h"
#include "sink/http.h"
#include "sink/segment.h"

#include "fuzz.h"

enum { PARCELS = 3 };

/* libfyaml 0.7.12 loses a buffer of its own; see policy_fuzz.c. */
CG_API const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void read_config(const char *text, size_t length)
{
	struct settings *list = NULL;
	struct cg_error err = { 0 };
	char *folder = NULL;
	size_t count = 0;

	if (config_read(text, length, "fuzz", &list, &count, &folder, &err)) {
		for (size_t i = 0; i < count; i++)
			must(list[i].kind && list[i].name,
			     "a sink has a kind and a name");
		config_free(list, count);
		free(folder);
	} else {
		must(err.status != CG_OK && err.message[0],
		     "a failure says why");
	}
}

static void read_spec(const char *text)
{
	struct settings settings;
	struct cg_error err = { 0 };

	if (settings_parse(text, &settings, &err))
		settings_done(&settings);
	else
		must(err.status != CG_OK && err.message[0],
		     "a failure says why");
}

/* What is read is written again as the same bytes. */
static void read_segment(const unsigned char *bytes, size_t length)
{
	unsigned char head[SEGMENT_RECORD];
	struct spool_item item = { 0 };
	uint64_t first, turn;
	size_t at = 0, size;

	(void)segment_is(bytes, length, &first);
	if (length >= CURSOR_SIZE)
		(void)cursor_read(bytes, &turn, &first);
	for (; segment_read(bytes + at, length - at, &item, &size);
	     at += size) {
		must(size <= length - at && item.length < size,
		     "a record lies within the bytes");
		segment_record(head, &item);
		must(memcmp(head, bytes + at, SEGMENT_RECORD) == 0,
		     "a record is written as it was read");
	}
}

static void read_answer(const char *text, size_t length)
{
	struct parcel parcels[PARCELS] = { 0 };
	struct parcel *list[PARCELS] = { &parcels[0], &parcels[1],
					 &parcels[2] };
	char why[200] = "";

	if (!elastic_answer(text, length, list, PARCELS, why, sizeof(why)))
		for (int i = 0; i < PARCELS; i++)
			must(parcels[i].fate == WAITING,
			     "what was not understood changes nothing");
	elastic_error(text, length, why, sizeof(why));
}

static void read_words(const char *text)
{
	struct cg_error err = { 0 };
	const char *why;
	char *url = NULL;

	if (elastic_cloud(text, &url, &err))
		must(http_is_url(url), "a cloud.id stands for a URL");
	free(url);
	(void)elastic_is_stream(text, &why);
}

static void read_event(const char *text, size_t length)
{
	struct flat flat;

	if (flat_read(&flat, text, length)) {
		(void)flat_severity(&flat);
		flat_free(&flat);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'c':
		read_config(text, size - 1);
		break;
	case 's':
		read_spec(text);
		break;
	case 'r':
		read_segment((unsigned char *)text, size - 1);
		break;
	case 'a':
		read_answer(text, size - 1);
		break;
	case 'w':
		read_words(text);
		break;
	default:
		read_event(text, size - 1);
	}
	free(text);
	return 0;
}
