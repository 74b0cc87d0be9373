/* How sinks stand, written down for whoever asks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/num.h"
#include "doc/doc.h"
#include "sink/inside.h"

enum { STATUS_MAX = 4096, MEMORY = 1 << 20 };

static const struct {
	const char *name;
	size_t at;
} counts[] = {
	{ "put", offsetof(struct sink_status, put) },
	{ "carried", offsetof(struct sink_status, carried) },
	{ "delivered", offsetof(struct sink_status, delivered) },
	{ "repeated", offsetof(struct sink_status, repeated) },
	{ "dead_letter", offsetof(struct sink_status, dead) },
	{ "dropped", offsetof(struct sink_status, dropped) },
	{ "damaged", offsetof(struct sink_status, damaged) },
	{ "spooled", offsetof(struct sink_status, spooled) },
	{ "spool_bytes", offsetof(struct sink_status, spool_bytes) },
	{ "torn", offsetof(struct sink_status, torn) },
	{ "retries", offsetof(struct sink_status, retries) },
};

enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

char *sink_status_json(const struct sink_status *status)
{
	struct buf out = { 0 };
	uint64_t number;

	buf_puts(&out, "{\"sink\":");
	buf_json(&out, status->name);
	buf_puts(&out, ",\"kind\":");
	buf_json(&out, status->kind);
	for (size_t i = 0; i < COUNTS; i++) {
		memcpy(&number, (const char *)status + counts[i].at,
		       sizeof(number));
		buf_printf(&out, ",\"%s\":%" PRIu64, counts[i].name, number);
	}
	buf_puts(&out, ",\"trouble\":");
	buf_json(&out, status->trouble);
	buf_puts(&out, "}");
	return buf_done(&out);
}

static const char *text_at(const struct node *root, const char *key)
{
	const struct node *node = doc_get(root, key);

	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

/* The same backwards; texts lie in the arena. */
static bool
read_json(struct arena *arena, const char *text, struct sink_status *out)
{
	struct cg_error err = { 0 };
	struct node *root;
	const char *word;
	uint64_t number;

	*out = (struct sink_status){ 0 };
	if (!doc_read_json(arena, text, strlen(text), NULL, &root, &err) ||
	    root->kind != NODE_MAPPING)
		return false;
	out->name = text_at(root, "sink");
	out->kind = text_at(root, "kind");
	for (size_t i = 0; i < COUNTS; i++) {
		word = text_at(root, counts[i].name);
		if (!word || num_read(word, strlen(word), &number) != NUM_OK)
			return false;
		memcpy((char *)out + counts[i].at, &number, sizeof(number));
	}
	word = text_at(root, "trouble");
	snprintf(out->trouble, sizeof(out->trouble), "%s", word ? word : "");
	return out->name && out->kind;
}

/* Either the old text or the new one, never half of it. */
static void write_status(const struct sink *sink, const char *text)
{
	struct buf path = { 0 }, draft = { 0 };
	int file = -1;
	ssize_t length = (ssize_t)strlen(text);

	buf_printf(&path, "%s/status", sink->folder);
	buf_printf(&draft, "%s/status.new", sink->folder);
	if (!path.failed && !draft.failed)
		file = open(draft.text,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
				    O_NOFOLLOW,
			    0600);
	/* On a full disk it stays as it was; the counts are in the metrics. */
	if (file >= 0 && write(file, text, (size_t)length) == length)
		(void)rename(draft.text, path.text);
	if (file >= 0)
		close(file);
	buf_free(&path);
	buf_free(&draft);
}

void sinks_tick(struct sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->at[i];
		struct sink_status status;
		struct cg_error err = { 0 };
		char *text;

		if (!sink->spool || (sink->threaded &&
				     sink_now() - sink->written < SINK_SECOND))
			continue;
		sink->written = sink_now();
		if (!spool_sync(sink->spool, &err)) {
			pthread_mutex_lock(&sink->mutex);
			snprintf(sink->status.trouble,
				 sizeof(sink->status.trouble), "%.250s",
				 err.message);
			pthread_mutex_unlock(&sink->mutex);
		}
		sinks_status(sinks, i, &status);
		text = sink_status_json(&status);
		if (text)
			write_status(sink, text);
		free(text);
	}
}

static bool read_one(int directory, const char *name, char out[STATUS_MAX])
{
	struct buf path = { 0 };
	ssize_t got = -1;
	int file = -1;

	buf_printf(&path, "%s/status", name);
	if (!path.failed)
		file = openat(directory, path.text,
			      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file >= 0) {
		got = read(file, out, STATUS_MAX - 1);
		close(file);
	}
	out[got > 0 ? got : 0] = '\0';
	buf_free(&path);
	return got > 0;
}

static void tell_one(const char *text,
		     void (*each)(void *, const char *json,
				  const struct sink_status *status),
		     void *opaque)
{
	struct arena arena = { .budget = MEMORY };
	struct sink_status status;

	each(opaque, text, read_json(&arena, text, &status) ? &status : NULL);
	arena_free(&arena);
}

bool sinks_read_status(const char *folder,
		       void (*each)(void *, const char *json,
				    const struct sink_status *status),
		       void *opaque)
{
	struct dirent **entries = NULL;
	char text[STATUS_MAX];
	int count = scandir(folder, &entries, NULL, alphasort);
	int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool any = false;

	for (int i = 0; i < count; i++) {
		if (directory >= 0 && entries[i]->d_name[0] != '.' &&
		    read_one(directory, entries[i]->d_name, text)) {
			tell_one(text, each, opaque);
			any = true;
		}
		free(entries[i]);
	}
	free(entries);
	if (directory >= 0)
		close(directory);
	return any;
}
