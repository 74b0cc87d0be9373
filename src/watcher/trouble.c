#include "watcher/trouble.h"

#include <inttypes.h>

#include "base/buf.h"
#include "cli/out.h"
#include "watcher/session.h"

/* Seconds: what is over soon nobody wants to read of. */
enum { LASTING = 2, AGAIN = 600 };

static void say(const struct sink_status *status)
{
	struct buf line = { 0 };

	buf_printf(&line,
		   "sink %s: %s; it is tried again, and %" PRIu64
		   " events wait in its spool",
		   status->name, status->trouble, status->spooled);
	if (line.failed)
		out_die_nomem();
	out_note("%s", line.text);
	buf_free(&line);
}

void trouble_tell(struct trouble *trouble, const struct sink_status *status,
		  uint64_t now)
{
	if (!status->trouble[0] || status->gone) {
		if (trouble->told && !status->gone)
			out_note("sink %s: it delivers again", status->name);
		*trouble = (struct trouble){ 0 };
		return;
	}
	if (!trouble->since)
		trouble->since = now;
	if (now - trouble->since < LASTING * SECOND ||
	    (trouble->told && now - trouble->told < AGAIN * SECOND))
		return;
	trouble->told = now;
	say(status);
}
