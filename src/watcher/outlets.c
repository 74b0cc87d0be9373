#include "watcher/outlets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/out.h"
#include "sink/sink.h"
#include "watcher/loss.h"
#include "watcher/trouble.h"

enum { CONFIG_MAX = 1 << 20 };

struct outlets {
	struct sinks *sinks;
	struct settings list[SINKS_MAX]; /* of --sink */
	size_t count;
	struct settings *read; /* of --config */
	size_t read_count;
	char *folder;
	uint64_t told[SINKS_MAX];   /* losses of each, told to others */
	uint64_t itself[SINKS_MAX]; /* and to the sink itself */
	bool drained;               /* none takes more */
	struct trouble troubles[SINKS_MAX];
};

/* -------------------------------------------------------------- opening -- */

static bool
read_file(const char *path, char **text, size_t *length, struct cg_error *err)
{
	FILE *file = fopen(path, "re");
	bool ok;

	*text = file ? malloc(CONFIG_MAX) : NULL;
	if (!*text) {
		fail_set_errno(err, CG_E_SYSTEM, errno, "%s", path);
		if (file)
			fclose(file);
		return false;
	}
	*length = fread(*text, 1, CONFIG_MAX, file);
	ok = !ferror(file) && *length < CONFIG_MAX;
	if (!ok)
		fail_set(err, CG_E_INPUT, "%s: too large", path);
	fclose(file);
	return ok;
}

static bool
read_config(struct outlets *outlets, const char *path, struct cg_error *err)
{
	char *text = NULL;
	size_t length = 0;
	bool ok = read_file(path, &text, &length, err);

	if (ok && !config_read(text, length, path, &outlets->read,
			       &outlets->read_count, &outlets->folder, err)) {
		out_failure(err, text, length);
		ok = false;
	} else if (!ok) {
		out_failure(err, NULL, 0);
	}
	free(text);
	return ok;
}

/* Those of the command line stand behind those of the file. */
static bool
add_sink(struct outlets *outlets, const char *spec, struct cg_error *err)
{
	struct settings *settings = &outlets->list[outlets->count];

	if (outlets->count == SINKS_MAX)
		fail_set(err, CG_E_MEANING, "more than %d sinks", SINKS_MAX);
	else if (settings_parse(spec, settings, err))
		outlets->count++;
	if (err->status != CG_OK) {
		out_error("--sink %s: %s", spec, err->message);
		return false;
	}
	for (size_t i = 0; i + 1 < outlets->count; i++)
		if (strcmp(outlets->list[i].name, settings->name) == 0) {
			fail_set(err, CG_E_MEANING, "two of a name");
			out_error("two sinks are called '%s'; give one "
				  "another name=",
				  settings->name);
			return false;
		}
	return true;
}

static bool read_all(struct outlets *outlets, const struct fields *fields,
		     struct cg_error *err)
{
	if (fields->config && !read_config(outlets, fields->config, err))
		return false;
	for (size_t i = 0; i < outlets->read_count; i++)
		outlets->list[outlets->count++] = outlets->read[i];
	for (size_t i = 0; i < fields->sinks.count; i++)
		if (!add_sink(outlets, fields->sinks.at[i], err))
			return false;
	if (fields->spool || !outlets->folder) {
		free(outlets->folder);
		outlets->folder =
			fields->spool ? strdup(fields->spool) : sinks_folder();
		if (!outlets->folder)
			out_die_nomem();
	}
	return true;
}

static void free_outlets(struct outlets *outlets)
{
	for (size_t i = outlets->read_count; i < outlets->count; i++)
		settings_done(&outlets->list[i]);
	config_free(outlets->read, outlets->read_count);
	free(outlets->folder);
	free(outlets);
}

static struct outlets *new_outlets(void)
{
	struct outlets *outlets = calloc(1, sizeof(*outlets));

	if (!outlets)
		out_die_nomem();
	return outlets;
}

int outlets_open(struct session *session, const struct fields *fields)
{
	struct outlets *outlets;
	struct cg_error err = { 0 };

	if (!fields->config && !fields->sinks.count)
		return EXIT_YES;
	outlets = new_outlets();
	if (!read_all(outlets, fields, &err)) {
		free_outlets(outlets);
		return out_status(&err);
	}
	if (!sinks_open(outlets->list, outlets->count, outlets->folder,
			&outlets->sinks, &err)) {
		out_failure(&err, NULL, 0);
		free_outlets(outlets);
		return out_status(&err);
	}
	session->outlets = outlets;
	return EXIT_YES;
}

/* -------------------------------------------------------------- putting -- */

void outlets_put(struct session *session, const struct cg_violation *violation,
		 const char *json)
{
	struct outlets *outlets = session->outlets;
	char *made[4] = { NULL };
	const char *texts[4] = { [CG_EVENT_ECS] = json };

	if (!outlets)
		return;
	for (int i = 0; i < 4; i++) {
		if (i == CG_EVENT_ECS ||
		    !sinks_want(outlets->sinks, (enum cg_event_shape)i))
			continue;
		made[i] = cg_violation_event(violation, (enum cg_event_shape)i);
		if (!made[i])
			out_die_nomem();
		texts[i] = made[i];
	}
	sinks_put(outlets->sinks, violation, texts, SIZE_MAX);
	for (int i = 0; i < 4; i++)
		free(made[i]);
}

void outlets_put_loss(struct session *session, const struct loss *loss)
{
	char *event = loss_event(loss);
	const char *texts[4] = { [CG_EVENT_ECS] = event };

	if (!event)
		out_die_nomem();
	loss_tell(session, loss, event);
	if (session->outlets) {
		sinks_put(session->outlets->sinks, NULL, texts, SIZE_MAX);
		sinks_note_loss(session->outlets->sinks, loss->where,
				loss->name, loss->total);
	}
	free(event);
}

/* --------------------------------------------------------------- losses -- */

static uint64_t lost_of(const struct sink_status *status)
{
	return status->dropped + status->dead + status->damaged;
}

/* The sink itself is told when it has room again: it may be why it lost. */
static void tell_one(struct session *session, size_t index)
{
	struct outlets *outlets = session->outlets;
	struct sink_status status;
	struct loss loss = { .where = "sink" };
	const char *texts[4] = { NULL };
	char *event;

	sinks_status(outlets->sinks, index, &status);
	session->unread |= status.gone;
	/* At the end the sums say so. */
	if (!outlets->drained)
		trouble_tell(&outlets->troubles[index], &status, session_now());
	loss.name = status.name;
	loss.why = status.trouble;
	loss.total = lost_of(&status);
	if (loss.total != outlets->told[index]) {
		loss.count = loss.total - outlets->told[index];
		event = loss_event(&loss);
		if (!event)
			out_die_nomem();
		loss_tell(session, &loss, event);
		texts[CG_EVENT_ECS] = event;
		outlets->told[index] = loss.total;
		if (!outlets->drained)
			sinks_put(outlets->sinks, NULL, texts, index);
		free(event);
	}
	if (loss.total == outlets->itself[index] || outlets->drained)
		return;
	loss.count = loss.total - outlets->itself[index];
	event = loss_event(&loss);
	if (event && sinks_put_to(outlets->sinks, index, event))
		outlets->itself[index] = loss.total;
	free(event);
}

size_t outlets_count(const struct session *session)
{
	return session->outlets ? session->outlets->count : 0;
}

uint64_t
outlets_lost(const struct session *session, size_t index, const char **name)
{
	struct sink_status status;

	sinks_status(session->outlets->sinks, index, &status);
	*name = status.name;
	return lost_of(&status);
}

void outlets_tick(struct session *session)
{
	struct outlets *outlets = session->outlets;

	if (!outlets)
		return;
	if (session_now() - session->told_losses >= SECOND) {
		session->told_losses = session_now();
		for (size_t i = 0; i < outlets->count; i++)
			tell_one(session, i);
	}
	sinks_tick(outlets->sinks);
}

/* --------------------------------------------------------------- status -- */

static void say_status(const struct sink_status *status)
{
	struct buf line = { 0 };

	buf_printf(&line, "sink %s: %" PRIu64 " put", status->name,
		   status->put);
	if (status->carried)
		buf_printf(&line, " + %" PRIu64 " carried over",
			   status->carried);
	buf_printf(&line,
		   " = %" PRIu64 " delivered + %" PRIu64
		   " dead letters + %" PRIu64 " dropped + %" PRIu64
		   " damaged + %" PRIu64 " spooled",
		   status->delivered, status->dead, status->dropped,
		   status->damaged, status->spooled);
	if (status->trouble[0])
		buf_printf(&line, "; %s", status->trouble);
	if (line.failed)
		out_die_nomem();
	out_note("%s", line.text);
	buf_free(&line);
}

bool outlets_close(struct session *session)
{
	struct outlets *outlets = session->outlets;
	bool ok = true;

	if (!outlets)
		return true;
	for (size_t i = 0; i < outlets->count; i++)
		tell_one(session, i);
	sinks_drain(outlets->sinks);
	outlets->drained = true;
	for (size_t i = 0; i < outlets->count; i++) {
		struct sink_status status;

		sinks_status(outlets->sinks, i, &status);
		tell_one(session, i);
		say_status(&status);
		session->unread |= status.gone;
		ok &= !lost_of(&status);
	}
	/* A thread that is left behind still reads its settings. */
	if (sinks_close(outlets->sinks))
		free_outlets(outlets);
	session->outlets = NULL;
	return ok;
}

/* A line of the table; a name is cut where its column ends. */
static void print_row(const struct sink_status *status)
{
	struct buf line = { 0 }, plain = { 0 };

	buf_printf(&line,
		   "%-24.24s %-13.13s %10" PRIu64 " %10" PRIu64 " %8" PRIu64
		   " %8" PRIu64 "  %s",
		   status->name, status->kind, status->delivered,
		   status->spooled, status->dead,
		   status->dropped + status->damaged, status->trouble);
	if (line.failed)
		out_die_nomem();
	out_plain(&plain, line.text);
	buf_puts(&plain, "\n");
	buf_free(&line);
	out_buf(&plain);
}

struct telling {
	bool json, begun;
};

static void
print_status(void *opaque, const char *json, const struct sink_status *status)
{
	struct telling *telling = opaque;

	if (telling->json) {
		puts(json);
		return;
	}
	if (!telling->begun)
		printf("%-24s %-13s %10s %10s %8s %8s  %s\n", "SINK", "KIND",
		       "DELIVERED", "WAITING", "DEAD", "LOST", "TROUBLE");
	telling->begun = true;
	if (status)
		print_row(status);
	else
		out_note("a status that cannot be read");
}

int outlets_tell(const struct fields *fields)
{
	struct outlets *outlets = new_outlets();
	struct telling telling = { .json = fields->json };
	struct cg_error err = { 0 };
	bool any = false;

	if (read_all(outlets, fields, &err)) {
		any = sinks_read_status(outlets->folder, print_status,
					&telling);
		if (!any)
			out_note("%s has no spool of a sink", outlets->folder);
	}
	free_outlets(outlets);
	return err.status != CG_OK ? out_status(&err)
	       : any               ? EXIT_YES
				   : EXIT_NO;
}
