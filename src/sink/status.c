/* How sinks stand, written down for whoever asks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/inside.h"

enum { STATUS_MAX = 4096 };

char *sink_status_json(const struct sink_status *status)
{
	const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{ "put", status->put },
		{ "carried", status->carried },
		{ "delivered", status->delivered },
		{ "repeated", status->repeated },
		{ "dead_letter", status->dead },
		{ "dropped", status->dropped },
		{ "damaged", status->damaged },
		{ "spooled", status->spooled },
		{ "spool_bytes", status->spool_bytes },
		{ "torn", status->torn },
		{ "retries", status->retries },
	};
	struct buf out = { 0 };

	buf_puts(&out, "{\"sink\":");
	buf_json(&out, status->name);
	buf_puts(&out, ",\"kind\":");
	buf_json(&out, status->kind);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(&out, ",\"%s\":%" PRIu64, rows[i].name,
			   rows[i].number);
	buf_puts(&out, ",\"trouble\":");
	buf_json(&out, status->trouble);
	buf_puts(&out, "}");
	return buf_done(&out);
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
		file = openat(directory, path.text, O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		got = read(file, out, STATUS_MAX - 1);
		close(file);
	}
	out[got > 0 ? got : 0] = '\0';
	buf_free(&path);
	return got > 0;
}

bool sinks_read_status(const char *folder,
		       void (*each)(void *, const char *json), void *opaque)
{
	struct dirent **entries = NULL;
	char text[STATUS_MAX];
	int count = scandir(folder, &entries, NULL, alphasort);
	int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool any = false;

	for (int i = 0; i < count; i++) {
		if (directory >= 0 && entries[i]->d_name[0] != '.' &&
		    read_one(directory, entries[i]->d_name, text)) {
			each(opaque, text);
			any = true;
		}
		free(entries[i]);
	}
	free(entries);
	if (directory >= 0)
		close(directory);
	return any;
}
