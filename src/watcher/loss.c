#include "watcher/loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "cli/out.h"
#include "watcher/keep.h"
#include "watcher/show.h"

static void put_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	buf_json(out, text);
}

static void sentence(struct buf *out, const struct loss *loss)
{
	buf_printf(out, "%" PRIu64 " events were lost by %s %s", loss->count,
		   loss->where, loss->name);
	if (loss->why && *loss->why)
		buf_printf(out, ": %s", loss->why);
}

/* As many digits as the id of a violation has. */
static void id_of(const struct loss *loss, uint64_t now, char id[SHA256_TEXT])
{
	struct buf text = { 0 };

	buf_printf(&text, "%" PRIu64 " %" PRIu64 " %s %s", now, loss->total,
		   loss->where, loss->name);
	sha256_text(text.text ? text.text : "", text.length, id);
	id[CG_VIOLATION_ID - 1] = '\0';
	buf_free(&text);
}

char *loss_event(const struct loss *loss)
{
	const uint64_t now = session_time();
	time_t seconds = (time_t)(now / SECOND);
	char host[256] = "";
	struct buf out = { 0 }, message = { 0 };
	char text[32] = "", id[SHA256_TEXT];
	struct tm day;

	if (gmtime_r(&seconds, &day))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &day);
	sentence(&message, loss);
	id_of(loss, now, id);
	buf_printf(&out,
		   "{\"@timestamp\":\"%s.%03uZ\",\"ecs\":{\"version\":"
		   "\"8.11.0\"}",
		   text, (unsigned)(now % SECOND / 1000000));
	put_text(&out, "message", message.text ? message.text : "");
	/* Whoever lost them is here, wherever they were from. */
	if (gethostname(host, sizeof(host) - 1) == 0 && host[0]) {
		buf_puts(&out, ",\"host\":{\"name\":");
		buf_json(&out, host);
		buf_puts(&out, "}");
	}
	buf_printf(&out,
		   ",\"event\":{\"id\":\"%s\",\"kind\":\"event\",\"module\":"
		   "\"callgate\","
		   "\"dataset\":\"callgate.watch\",\"action\":\"lost-events\","
		   "\"category\":[\"process\"],\"type\":[\"error\"]},"
		   "\"service\":{\"type\":\"seccomp\"},\"seccomp\":{\"lost\":{"
		   "\"count\":%" PRIu64 ",\"total\":%" PRIu64,
		   id, loss->count, loss->total);
	put_text(&out, "where", loss->where);
	put_text(&out, "name", loss->name);
	put_text(&out, "reason", loss->why);
	buf_puts(&out, "}}}");
	out.failed |= message.failed;
	buf_free(&message);
	return buf_done(&out);
}

static void tell_line(const struct loss *loss)
{
	struct buf line = { 0 };

	sentence(&line, loss);
	if (line.failed)
		out_die_nomem();
	out_note("%s", line.text);
	buf_free(&line);
}

void loss_tell(struct session *session, const struct loss *loss,
	       const char *event)
{
	/* Where stdout is a sink's, that one is told as the others are. */
	if (session->shape == CG_EVENT_LINE || session->quiet)
		tell_line(loss);
	else
		puts(event);
	keep_loss(session, event);
	show_put(session, NULL, event);
}
