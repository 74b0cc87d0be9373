#include "watcher/sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/arch.h>

#include "cli/out.h"
#include "watcher/loss.h"
#include "watcher/outlets.h"

static const struct {
	const char *name;
	uint32_t source;
} rows[] = { { "audit", CG_SOURCE_AUDIT }, { "ebpf", CG_SOURCE_EBPF } };

enum { ROWS = sizeof(rows) / sizeof(rows[0]), AGENT = 6 };

/* "agent:PATH"; the path has no comma. */
static bool
read_agent(const char *word, size_t length, struct cg_watch_options *out)
{
	static char path[128];

	if (length == AGENT || length - AGENT >= sizeof(path)) {
		out_error("a source agent:SOCKET wants the path of a socket");
		return false;
	}
	memcpy(path, word + AGENT, length - AGENT);
	path[length - AGENT] = '\0';
	out->agent = path;
	out->sources |= CG_SOURCE_AGENT;
	return true;
}

static bool
read_word(const char *word, size_t length, struct cg_watch_options *out)
{
	if (length >= AGENT && memcmp(word, "agent:", AGENT) == 0)
		return read_agent(word, length, out);
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == length &&
		    memcmp(rows[i].name, word, length) == 0) {
			out->sources |= rows[i].source;
			return true;
		}
	out_error("no source is called '%.*s'; there are audit, ebpf and "
		  "agent:SOCKET",
		  (int)length, word);
	return false;
}

bool sources_read_answer(const char *text, struct cg_watch_options *out)
{
	uint64_t number = 0;

	if (!text || strcmp(text, "errno") == 0)
		return true;
	out->agent_continue = strcmp(text, "continue") == 0;
	if (out->agent_continue)
		return true;
	if (strncmp(text, "errno=", 6) == 0 &&
	    cg_constant_value(text + 6, cg_abi_native(), &number) &&
	    number > 0 && number <= 4095 &&
	    cg_errno_name((uint32_t)number, cg_abi_native())) {
		out->agent_errno = (int)number;
		return true;
	}
	out_error("--agent-answer is errno, errno=NAME or continue, not '%s'",
		  text);
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

/* Each source by its own count. */
void sources_tell_losses(struct session *session, const struct cg_watch *watch,
			 bool at_once)
{
	struct loss audit = { .where = "source", .name = "audit" };
	struct loss ebpf = { .where = "source",
			     .name = "ebpf",
			     .why = "there was no room to send them" };
	struct cg_watch_tally counts, before = session->told_counts;
	char why[96];

	if (!at_once && session_now() - session->told_sources < SECOND)
		return;
	cg_watch_counts(watch, &counts);
	session->counts = counts;
	session->told_sources = session_now();
	session->told_counts = counts;
	if (counts.missed > before.missed) {
		snprintf(why, sizeof(why),
			 "records found its queue full, which happened %" PRIu64
			 " times",
			 counts.overruns);
		audit.why = why;
		audit.total = counts.missed;
		audit.count = counts.missed - before.missed;
		outlets_put_loss(session, &audit);
	}
	if (counts.unseen > before.unseen) {
		ebpf.total = counts.unseen;
		ebpf.count = counts.unseen - before.unseen;
		outlets_put_loss(session, &ebpf);
	}
}
