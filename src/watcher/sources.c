#include "watcher/sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "watcher/loss.h"
#include "watcher/outlets.h"

static const struct {
	const char *name;
	uint32_t source;
} rows[] = { { "audit", CG_SOURCE_AUDIT }, { "ebpf", CG_SOURCE_EBPF } };

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool
read_word(const char *word, size_t length, struct cg_watch_options *out)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == length &&
		    memcmp(rows[i].name, word, length) == 0) {
			out->sources |= rows[i].source;
			return true;
		}
	out_error("no source is called '%.*s'; there are audit and ebpf",
		  (int)length, word);
	return false;
}

bool sources_read(const char *text, struct cg_watch_options *out)
{
	if (!text) {
		for (size_t i = 0; i < ROWS; i++)
			out->wishes |= rows[i].source;
		return true;
	}
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!read_word(text, length, out))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

void sources_note(const struct cg_watch *watch)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *why = cg_watch_left_out(watch, rows[i].source);

		if (why)
			out_note("without %s: %s", rows[i].name, why);
	}
}

/* Each source by its own count. Audit's is known only once a later record
   comes: until then it is 0, and that its queue was full. */
void sources_tell_losses(struct session *session, const struct cg_watch *watch)
{
	struct loss audit = { .where = "source", .name = "audit" };
	struct loss ebpf = { .where = "source",
			     .name = "ebpf",
			     .why = "there was no room to send them" };
	struct cg_watch_tally counts, before = session->counts;
	char why[96];

	cg_watch_counts(watch, &counts);
	session->counts = counts;
	if (counts.missed > before.missed ||
	    counts.overruns > before.overruns) {
		snprintf(why, sizeof(why),
			 "its queue was full %" PRIu64
			 " times, by serials that never came",
			 counts.overruns);
		audit.why = why;
		audit.total = counts.missed;
		audit.count = counts.missed > before.missed
				      ? counts.missed - before.missed
				      : 0;
		outlets_put_loss(session, &audit);
	}
	if (counts.unseen > before.unseen) {
		ebpf.total = counts.unseen;
		ebpf.count = counts.unseen - before.unseen;
		outlets_put_loss(session, &ebpf);
	}
}
