/* One event in words, for the terminal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/leaves.h"
#include "view/plain.h"
#include "view/screen.h"

static const struct meaning {
	const char *verdict, *text;
} meanings[] = {
	{ "kill_process", "The call was not made, and the whole process was "
			  "killed with SIGSYS." },
	{ "kill_thread", "The call was not made, and the thread that tried was "
			 "killed; others go on, often in a bad state." },
	{ "trap", "The call was not made, and the process got the signal "
		  "SIGSYS, which kills it unless it has a handler." },
	{ "errno", "The call was not made, and the program was given an error "
		   "number instead of a result." },
	{ "trace", "The call was left to a tracer; without one the program "
		   "sees ENOSYS." },
	{ "user_notif", "The call was left to a supervisor, which answered in "
			"the kernel's place." },
	{ "log", "The call was let through, and logged. Nothing was refused." },
};

struct event {
	char *message, *verdict, *fix, *risk, *reason;
	struct buf facts;
	size_t columns;
	bool utf8;
};

static bool
keep(const char *path, const char *wanted, const char *value, char **out)
{
	if (*out || strcmp(path, wanted) != 0)
		return false;
	*out = strdup(value);
	return true;
}

static void take_leaf(void *context, const char *path, const char *value)
{
	enum { NAMES = 30 };
	struct event *event = context;
	size_t used;

	if (keep(path, "message", value, &event->message) ||
	    keep(path, "seccomp.suggestion", value, &event->fix))
		return;
	keep(path, "seccomp.action", value, &event->verdict);
	keep(path, "seccomp.risk", value, &event->risk);
	keep(path, "seccomp.risk_reason", value, &event->reason);
	used = plain_fit(path, NAMES, event->utf8, &event->facts);
	buf_printf(&event->facts, "%*s", (int)(NAMES + 1 - used), "");
	plain_wrap(value, NAMES + 1, event->columns, NAMES + 1, event->utf8,
		   &event->facts);
}

static const char *meaning_of(const char *verdict)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (verdict && strcmp(meanings[i].verdict, verdict) == 0)
			return meanings[i].text;
	return NULL;
}

static void put(const struct event *event, const char *title, const char *text,
		struct buf *out)
{
	if (!text)
		return;
	if (title)
		buf_printf(out, "\n%s\n  ", title);
	plain_wrap(text, title ? 2 : 0, event->columns, title ? 2 : 0,
		   event->utf8, out);
}

void detail_make(const char *json, uint64_t count, size_t columns, bool utf8,
		 struct buf *out)
{
	struct event event = { .columns = columns, .utf8 = utf8 };
	struct buf sentence = { 0 };

	(void)leaves_each(json, take_leaf, &event);
	/* Three lines of the sentence will do: all is told below. */
	plain_fit(event.message ? event.message : "an event", 3 * columns, utf8,
		  &sentence);
	put(&event, NULL, sentence.text, out);
	buf_free(&sentence);
	if (count > 1)
		buf_printf(out, "The last of %" PRIu64 " that are alike.\n",
			   count);
	put(&event, NULL, meaning_of(event.verdict), out);
	put(&event, "To allow it (c copies):", event.fix, out);
	if (event.fix && event.risk) {
		buf_puts(out, "  The risk is ");
		plain_fit(event.risk, columns, utf8, out);
		buf_puts(out, ": ");
		plain_fit(event.reason ? event.reason : "?", columns, utf8,
			  out);
		buf_puts(out, ".\n");
	}
	buf_puts(out, "\nWhat is known:\n");
	if (event.facts.text)
		buf_puts(out, event.facts.text);
	out->failed |= event.facts.failed;
	buf_free(&event.facts);
	free(event.message);
	free(event.verdict);
	free(event.fix);
	free(event.risk);
	free(event.reason);
}
