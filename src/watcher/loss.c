#include "watcher/loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "cli/out.h"

static void put_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	buf_json(out, text);
}

char *loss_event(const struct loss *loss)
{
	const uint64_t now = session_time();
	time_t seconds = (time_t)(now / SECOND);
	struct buf out = { 0 }, message = { 0 };
	char text[32] = "";
	struct tm day;

	if (gmtime_r(&seconds, &day))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &day);
	buf_printf(&message, "%" PRIu64 " events were lost by %s %s",
		   loss->count, loss->where, loss->name);
	buf_printf(&out,
		   "{\"@timestamp\":\"%s.%03uZ\",\"ecs\":{\"version\":"
		   "\"8.11.0\"}",
		   text, (unsigned)(now % SECOND / 1000000));
	put_text(&out, "message", message.text ? message.text : "");
	buf_printf(&out,
		   ",\"event\":{\"kind\":\"event\",\"module\":\"callgate\","
		   "\"dataset\":\"callgate.watch\",\"action\":\"lost-events\","
		   "\"category\":[\"process\"],\"type\":[\"error\"]},"
		   "\"service\":{\"type\":\"seccomp\"},\"seccomp\":{\"lost\":{"
		   "\"count\":%" PRIu64 ",\"total\":%" PRIu64,
		   loss->count, loss->total);
	put_text(&out, "where", loss->where);
	put_text(&out, "name", loss->name);
	put_text(&out, "reason", loss->why);
	buf_puts(&out, "}}}");
	out.failed |= message.failed;
	buf_free(&message);
	return buf_done(&out);
}

void loss_tell(const struct session *session, const struct loss *loss,
	       const char *event)
{
	/* Where stdout is a sink's, that one is told as the others are. */
	if (session->shape == CG_EVENT_LINE || session->quiet)
		out_note("%" PRIu64 " events were lost by %s %s: %s",
			 loss->count, loss->where, loss->name, loss->why);
	else
		puts(event);
}
