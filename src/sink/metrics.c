#include "sink/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sink/inside.h"

enum { KEY_MAX = 512, VERDICT_MAX = 32 };

struct row {
	char *key; /* the labels, as they are printed */
	uint64_t count;
};

struct series {
	struct row *rows; /* open addressing: at most half are in use */
	size_t room, used, most;
	uint64_t rest; /* what had no room */
};

/* ---------------------------------------------------------------- labels -- */

void metrics_label(struct buf *out, const char *text)
{
	size_t length = strlen(text), wrong;

	buf_puts(out, "\"");
	while (length) {
		const bool all = text_is_utf8(text, length, &wrong);
		const size_t good = all ? length : wrong;

		for (size_t i = 0; i < good; i++)
			if (text[i] == '\n')
				buf_puts(out, "\\n");
			else if (text[i] == '"' || text[i] == '\\')
				buf_printf(out, "\\%c", text[i]);
			else
				buf_add(out, &text[i], 1);
		if (!all)
			buf_puts(out, "?");
		text += good + !all;
		length -= good + !all;
	}
	buf_puts(out, "\"");
}

static const char *call_of(const struct cg_violation *violation)
{
	const struct cg_abi *abi =
		violation->arch ? cg_abi_of_call(violation->arch, violation->nr)
				: NULL;
	const struct cg_syscall *call =
		abi ? cg_syscall_at(abi, violation->nr) : NULL;

	return call ? call->name : "";
}

/* The name of the action, without its data. */
static void
verdict_of(const struct cg_violation *violation, char out[VERDICT_MAX])
{
	out[0] = '\0';
	if (violation->has_verdict)
		cg_answer_print(violation->verdict & CG_RET_ACTION,
				cg_abi_native(), out, VERDICT_MAX);
	out[strcspn(out, "(")] = '\0';
}

static char *key_of(const struct cg_violation *violation)
{
	const char *program = violation->executable ? violation->executable
			      : violation->name     ? violation->name
						    : "";
	char cut[KEY_MAX], verdict[VERDICT_MAX];
	struct buf key = { 0 };

	snprintf(cut, sizeof(cut), "%s", program);
	verdict_of(violation, verdict);
	buf_puts(&key, "{program=");
	metrics_label(&key, cut);
	buf_printf(&key, ",call=\"%s\",verdict=\"%s\"}", call_of(violation),
		   verdict);
	return buf_done(&key);
}

/* ---------------------------------------------------------------- series -- */

struct series *series_new(size_t most)
{
	struct series *series = calloc(1, sizeof(*series));

	if (!series)
		return NULL;
	series->most = most;
	series->room = 64;
	while (series->room < 2 * most)
		series->room *= 2;
	series->rows = calloc(series->room, sizeof(*series->rows));
	if (series->rows)
		return series;
	free(series);
	return NULL;
}

void series_free(struct series *series)
{
	for (size_t i = 0; series && i < series->room; i++)
		free(series->rows[i].key);
	if (series)
		free(series->rows);
	free(series);
}

void series_add(struct series *series, const struct cg_violation *violation)
{
	char *key = key_of(violation);
	size_t at = key ? spool_crc(0, key, strlen(key)) : 0;
	struct row *row = NULL;

	for (; key; at++) {
		row = &series->rows[at & (series->room - 1)];
		if (!row->key || strcmp(row->key, key) == 0)
			break;
	}
	if (row && row->key) {
		row->count++;
		free(key);
	} else if (row && series->used < series->most) {
		*row = (struct row){ key, 1 };
		series->used++;
	} else {
		series->rest++;
		free(key);
	}
}

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP callgate_%s %s\n# TYPE callgate_%s %s\n", name,
		   help, name, type);
}

void series_print(const struct series *series, struct buf *out)
{
	head(out, "violations_total", "counter",
	     "Violations of seccomp filters.");
	for (size_t i = 0; i < series->room; i++)
		if (series->rows[i].key)
			buf_printf(out,
				   "callgate_violations_total%s %" PRIu64 "\n",
				   series->rows[i].key, series->rows[i].count);
	if (series->rest)
		buf_printf(out,
			   "callgate_violations_total{program=\"(others)\","
			   "call=\"\",verdict=\"\"} %" PRIu64 "\n",
			   series->rest);
}

/* ----------------------------------------------------------------- sinks -- */

static const struct column {
	const char *name, *type, *help;
	size_t field;
} columns[] = {
	{ "sink_put_total", "counter", "Events handed to a sink.",
	  offsetof(struct sink_status, put) },
	{ "sink_carried_total", "counter",
	  "Events that were in the spool at the start.",
	  offsetof(struct sink_status, carried) },
	{ "sink_delivered_total", "counter", "Events that were delivered.",
	  offsetof(struct sink_status, delivered) },
	{ "sink_dead_letters_total", "counter",
	  "Events that were refused for good.",
	  offsetof(struct sink_status, dead) },
	{ "sink_dropped_total", "counter",
	  "Events that the spool had no room for.",
	  offsetof(struct sink_status, dropped) },
	{ "sink_damaged_total", "counter",
	  "Events that could not be read from the spool.",
	  offsetof(struct sink_status, damaged) },
	{ "sink_retries_total", "counter", "Attempts that failed.",
	  offsetof(struct sink_status, retries) },
	{ "sink_spooled", "gauge", "Events that wait in the spool.",
	  offsetof(struct sink_status, spooled) },
	{ "sink_spool_bytes", "gauge", "Bytes of the spool.",
	  offsetof(struct sink_status, spool_bytes) },
};

static void print_column(const struct sinks *sinks, const struct column *column,
			 struct buf *out)
{
	head(out, column->name, column->type, column->help);
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink_status status;

		if (!sinks->at[i].spool)
			continue;
		sinks_status(sinks, i, &status);
		buf_printf(out, "callgate_%s{sink=\"%s\"} %" PRIu64 "\n",
			   column->name, status.name,
			   *(const uint64_t *)((const char *)&status +
					       column->field));
	}
}

void metrics_print(const struct sinks *sinks, struct buf *out)
{
	struct sinks *shared = (struct sinks *)(uintptr_t)sinks;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		print_column(sinks, &columns[i], out);
	head(out, "lost_events_total", "counter",
	     "Events that were lost, and where.");
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink_status status;

		sinks_status(sinks, i, &status);
		buf_printf(out,
			   "callgate_lost_events_total{where=\"sink\",name="
			   "\"%s\"} %" PRIu64 "\n",
			   status.name,
			   status.dropped + status.dead + status.damaged);
	}
	pthread_mutex_lock(&shared->mutex);
	for (size_t i = 0; i < sinks->loss_count; i++)
		buf_printf(out,
			   "callgate_lost_events_total{where=\"%s\",name="
			   "\"%s\"} %" PRIu64 "\n",
			   sinks->losses[i].where, sinks->losses[i].name,
			   sinks->losses[i].total);
	pthread_mutex_unlock(&shared->mutex);
}
