#include "sink/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "sink/inside.h"

const struct sink_kind *const sink_kinds[] = {
	&sink_stdout, &sink_file,       &sink_journald,
	&sink_syslog, &sink_elastic,    &sink_opensearch,
	&sink_otlp,   &sink_prometheus, NULL,
};

/* -------------------------------------------------------------- opening -- */

char *sinks_folder(void)
{
	const char *state = getenv("STATE_DIRECTORY");
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct buf path = { 0 };

	if (state && *state == '/')
		/* Of a service of systemd; the first, where it has several. */
		buf_printf(&path, "%.*s/spool", (int)strcspn(state, ":"),
			   state);
	else if (geteuid() == 0)
		buf_puts(&path, "/var/lib/callgate/spool");
	else if (base && *base == '/')
		buf_printf(&path, "%s/callgate/spool", base);
	else
		buf_printf(&path, "%s/.local/state/callgate/spool",
			   home && *home ? home : ".");
	return buf_done(&path);
}

/* A folder and those that it lies in. */
static bool make_folders(const char *folder, struct cg_error *err)
{
	char *path = strdup(folder);
	bool ok = path || fail_nomem(err);

	for (char *at = ok ? path + 1 : NULL; at && ok;) {
		at = strchr(at, '/');
		if (at)
			*at = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			ok = fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
		if (at)
			*at++ = '/';
	}
	free(path);
	return ok;
}

/* Whoever can write there puts a spool in the place of another. */
static bool check_folder(const char *folder, struct cg_error *err)
{
	struct stat about;

	if (stat(folder, &about) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", folder);
	return spool_is_safe(&about) ||
	       fail(err, CG_E_INPUT,
		    "%s: others may write to this folder of spools; it has to "
		    "be our own, with mode 700",
		    folder);
}

static bool
open_spool(struct sink *sink, const char *folder, struct cg_error *err)
{
	struct buf path = { 0 };
	struct spool_counts counts;

	buf_printf(&path, "%s/%s", folder, sink->settings->name);
	sink->folder = buf_done(&path);
	if (!sink->folder)
		return fail_nomem(err);
	if (!spool_open(sink->folder, sink->settings->spool, &sink->spool, err))
		return false;
	spool_count(sink->spool, &counts);
	sink->status.carried = counts.carried;
	return true;
}

static void
begin_one(struct sink *sink, const struct settings *settings, struct sinks *all)
{
	sink->all = all;
	sink->settings = settings;
	sink->dead_file = -1;
	sink->status.name = settings->name;
	sink->status.kind = settings->kind->name;
	pthread_mutex_init(&sink->mutex, NULL);
}

static bool
open_one(struct sink *sink, const char *folder, struct cg_error *err)
{
	const struct sink_kind *kind = sink->settings->kind;

	if (kind->deliver && !open_spool(sink, folder, err))
		return false;
	return !kind->open || kind->open(sink, err);
}

/* What answers with the state of all of them begins when they are all there;
   threads when nothing can go wrong any more. */
static bool
open_all(struct sinks *sinks, const char *folder, struct cg_error *err)
{
	bool ok = true;

	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; ok && i < sinks->count; i++)
			if ((turn == 0) ==
			    (sinks->at[i].settings->kind->deliver != NULL))
				ok = open_one(&sinks->at[i], folder, err);
	for (size_t i = 0; ok && i < sinks->count; i++)
		if (sinks->at[i].settings->kind->deliver)
			ok = deliver_begin(&sinks->at[i], err);
	return ok;
}

bool sinks_open(const struct settings *list, size_t count, const char *folder,
		struct sinks **out, struct cg_error *err)
{
	struct sinks *sinks = calloc(1, sizeof(*sinks));
	bool spools = false;

	if (!sinks)
		return fail_nomem(err);
	pthread_mutex_init(&sinks->mutex, NULL);
	sinks->at = calloc(count + 1, sizeof(*sinks->at));
	for (size_t i = 0; sinks->at && i < count; i++) {
		begin_one(&sinks->at[sinks->count++], &list[i], sinks);
		spools |= list[i].kind->deliver != NULL;
	}
	if (!(sinks->at || fail_nomem(err)) ||
	    (spools &&
	     (!make_folders(folder, err) || !check_folder(folder, err))) ||
	    !open_all(sinks, folder, err)) {
		(void)sinks_close(sinks);
		return false;
	}
	*out = sinks;
	return true;
}

/* -------------------------------------------------------------- putting -- */

bool sinks_want(const struct sinks *sinks, enum cg_event_shape shape)
{
	for (size_t i = 0; i < sinks->count; i++)
		if (sinks->at[i].settings->kind->deliver &&
		    sinks->at[i].settings->shape == shape)
			return true;
	return false;
}

/* Make an item of an event: what it is called, and when it was. */
static void describe(struct spool_item *item,
		     const struct cg_violation *violation, const char *text)
{
	char digest[SHA256_TEXT];
	struct timespec now;

	if (violation) {
		cg_violation_id(violation, item->id);
		item->time = violation->time;
	} else {
		sha256_text(text, strlen(text), digest);
		memcpy(item->id, digest, SPOOL_ID - 1);
	}
	if (!item->time) {
		clock_gettime(CLOCK_REALTIME, &now);
		item->time = (uint64_t)now.tv_sec * SINK_SECOND +
			     (uint64_t)now.tv_nsec;
	}
}

static void put_to(struct sink *sink, struct spool_item *item, const char *text)
{
	struct cg_error err = { 0 };

	item->text = text;
	item->length = strlen(text);
	pthread_mutex_lock(&sink->mutex);
	sink->status.put++;
	if (!spool_put(sink->spool, item, &err)) {
		sink->status.dropped++;
		snprintf(sink->status.trouble, sizeof(sink->status.trouble),
			 "%.250s", err.message);
	}
	pthread_cond_signal(&sink->news);
	pthread_mutex_unlock(&sink->mutex);
}

void sinks_put(struct sinks *sinks, const struct cg_violation *violation,
	       const char *const texts[4], size_t except)
{
	struct spool_item item = { 0 };

	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->at[i];
		const char *text = texts[sink->settings->shape];

		if (i == except)
			continue;
		if (sink->settings->kind->take) {
			sink->settings->kind->take(sink, violation);
			continue;
		}
		/* An event that is no violation has one shape, JSON. */
		if (!text)
			text = texts[CG_EVENT_ECS];
		if (!text)
			continue;
		if (!item.id[0])
			describe(&item, violation, text);
		put_to(sink, &item, text);
	}
}

bool sinks_put_to(struct sinks *sinks, size_t index, const char *text)
{
	struct sink *sink = &sinks->at[index];
	struct spool_item item = { 0 };
	struct spool_counts counts;

	if (!sink->spool)
		return true;
	spool_count(sink->spool, &counts);
	if (counts.bytes > sink->settings->spool / 4 * 3)
		return false;
	describe(&item, NULL, text);
	put_to(sink, &item, text);
	return true;
}

void sinks_note_loss(struct sinks *sinks, const char *where, const char *name,
		     uint64_t total)
{
	size_t i = 0;

	pthread_mutex_lock(&sinks->mutex);
	while (i < sinks->loss_count &&
	       (strcmp(sinks->losses[i].where, where) != 0 ||
		strcmp(sinks->losses[i].name, name) != 0))
		i++;
	if (i < sizeof(sinks->losses) / sizeof(sinks->losses[0])) {
		sinks->losses[i] = (struct loss_note){ where, name, total };
		if (i == sinks->loss_count)
			sinks->loss_count++;
	}
	pthread_mutex_unlock(&sinks->mutex);
}

/* --------------------------------------------------------------- status -- */

size_t sinks_count(const struct sinks *sinks)
{
	return sinks->count;
}

void sinks_status(const struct sinks *sinks, size_t index,
		  struct sink_status *out)
{
	struct sink *sink = &sinks->at[index];
	struct spool_counts counts = { 0 };

	pthread_mutex_lock(&sink->mutex);
	*out = sink->status;
	if (sink->spool)
		spool_count(sink->spool, &counts);
	pthread_mutex_unlock(&sink->mutex);
	out->spooled = counts.records;
	out->spool_bytes = counts.bytes;
	out->damaged = counts.damaged;
	out->torn = counts.torn;
}

/* ------------------------------------------------------------------ end -- */

/* All are told first: none waits for the other's end. */
void sinks_drain(struct sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->at[i];

		if (!sink->threaded)
			continue;
		pthread_mutex_lock(&sink->mutex);
		sink->stopping = true;
		sink->deadline = sink_now() + sink->settings->drain;
		pthread_cond_signal(&sink->news);
		pthread_mutex_unlock(&sink->mutex);
	}
	for (size_t i = 0; i < sinks->count; i++)
		deliver_stop(&sinks->at[i]);
	for (size_t i = 0; i < sinks->count; i++)
		deliver_end(&sinks->at[i]);
	sinks_tick(sinks);
}

static void close_one(struct sink *sink)
{
	deliver_end(sink);
	if (sink->left)
		return;
	if (sink->settings->kind->close)
		sink->settings->kind->close(sink);
	spool_close(sink->spool);
	dead_close(sink);
	pthread_mutex_destroy(&sink->mutex);
	free(sink->folder);
}

bool sinks_close(struct sinks *sinks)
{
	bool left = false;

	if (!sinks)
		return true;
	/* What answers with the state of the others goes before them. */
	for (size_t i = sinks->count; i--;)
		if (!sinks->at[i].spool)
			close_one(&sinks->at[i]);
	for (size_t i = 0; i < sinks->count; i++)
		if (sinks->at[i].spool)
			close_one(&sinks->at[i]);
	for (size_t i = 0; i < sinks->count; i++)
		left |= sinks->at[i].left;
	if (left)
		return false;
	pthread_mutex_destroy(&sinks->mutex);
	free(sinks->at);
	free(sinks);
	return true;
}
