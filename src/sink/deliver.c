/*
 * The thread of a sink: batches from the spool to where they belong, as often
 * as it takes, and in order.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/inside.h"

enum {
	HOPELESS = 60, /* seconds between attempts that only a person helps */
	LEAVE = 2,     /* seconds to leave whatever is waited for */
};

uint64_t sink_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SINK_SECOND + (uint64_t)time.tv_nsec;
}

void attempt_why(struct attempt *attempt, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(attempt->why, sizeof(attempt->why), format, args);
	va_end(args);
}

void parcel_die(struct parcel *parcel, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parcel->reason, sizeof(parcel->reason), format, args);
	va_end(args);
	parcel->fate = DEAD;
	parcel->status = status;
}

/* -------------------------------------------------------------- waiting -- */

/*
 * Until there is news, or `until`. The mutex is held, and let go of meanwhile.
 */
static void wait_until(struct sink *sink, uint64_t until)
{
	struct timespec time = {
		.tv_sec = (time_t)(until / SINK_SECOND),
		.tv_nsec = (long)(until % SINK_SECOND),
	};

	pthread_cond_timedwait(&sink->news, &sink->mutex, &time);
}

/* Whether the thread is to end: the deadline is over, or nothing is left. */
static bool is_over(struct sink *sink)
{
	struct spool_counts counts;

	if (!sink->stopping)
		return false;
	spool_count(sink->spool, &counts);
	return atomic_load(&sink->abort) || !counts.records ||
	       sink_now() >= sink->deadline;
}

/* Wait for something to deliver; with `linger`, for more of it. */
static bool wait_for_news(struct sink *sink)
{
	const struct settings *settings = sink->settings;
	uint64_t since = 0;
	struct spool_counts counts;
	bool over;

	pthread_mutex_lock(&sink->mutex);
	for (;;) {
		spool_count(sink->spool, &counts);
		over = is_over(sink);
		if (over || sink->stopping ||
		    counts.records >= settings->batch ||
		    (counts.records && !settings->linger))
			break;
		if (counts.records && !since)
			since = sink_now();
		if (since && sink_now() - since >= settings->linger)
			break;
		wait_until(sink, since ? since + settings->linger
				       : sink_now() + SINK_SECOND);
	}
	pthread_mutex_unlock(&sink->mutex);
	return !over;
}

/* xorshift64*: jitter needs no more. */
static uint64_t chance(struct sink *sink)
{
	sink->chance ^= sink->chance >> 12;
	sink->chance ^= sink->chance << 25;
	sink->chance ^= sink->chance >> 27;
	return sink->chance * UINT64_C(0x2545f4914f6cdd1d);
}

/*
 * How long to wait before the next attempt: twice as long each time, half of it
 * by chance, so that many who failed at once do not come back at once. What the
 * other side asked for is the least.
 */
static uint64_t
wait_of(struct sink *sink, const struct attempt *attempt, unsigned failures)
{
	const struct settings *settings = sink->settings;
	uint64_t wait = settings->backoff;

	for (; failures > 1 && wait < settings->backoff_max; failures--)
		wait *= 2;
	if (attempt->hopeless && wait < HOPELESS * settings->backoff)
		wait = HOPELESS * settings->backoff;
	if (wait > settings->backoff_max)
		wait = settings->backoff_max;
	wait = wait / 2 + chance(sink) % (wait / 2 + 1);
	return attempt->wait ? attempt->wait + wait / 4 : wait;
}

/* False if it is to end meanwhile. */
static bool back_off(struct sink *sink, uint64_t wait)
{
	const uint64_t until = sink_now() + wait;
	bool over = false;

	pthread_mutex_lock(&sink->mutex);
	while (!over && sink_now() < until) {
		uint64_t end = until;

		if (sink->stopping && sink->deadline < end)
			end = sink->deadline;
		wait_until(sink, end);
		over = is_over(sink);
	}
	pthread_mutex_unlock(&sink->mutex);
	return !over;
}

/* ----------------------------------------------------------- accounting -- */

static void count_parcel(struct sink *sink, struct parcel *parcel)
{
	struct sink_status *status = &sink->status;

	switch (parcel->fate) {
	case REPEATED:
		status->repeated++;
		status->delivered++;
		break;
	case DELIVERED:
		status->delivered++;
		break;
	case DEAD:
		if (dead_write(sink, parcel))
			status->dead++;
		else
			status->dropped++;
		break;
	case WAITING:
		break;
	}
}

/* The first ones that are dealt with leave the spool; all at one moment. */
static size_t settle(struct sink *sink, struct parcel *parcels, size_t count)
{
	struct cg_error err = { 0 };
	size_t done = 0;

	pthread_mutex_lock(&sink->mutex);
	for (; done < count && parcels[done].fate != WAITING; done++)
		count_parcel(sink, &parcels[done]);
	if (done && !spool_done(sink->spool, parcels[done - 1].item, &err))
		snprintf(sink->status.trouble, sizeof(sink->status.trouble),
			 "%.250s", err.message);
	pthread_mutex_unlock(&sink->mutex);
	return done;
}

static void note(struct sink *sink, const struct attempt *attempt, bool again)
{
	pthread_mutex_lock(&sink->mutex);
	sink->status.retries += again;
	sink->status.gone = attempt->gone;
	/* The last attempt is cut short: what was wrong before says more. */
	if (!atomic_load(&sink->abort) || !sink->status.trouble[0])
		memcpy(sink->status.trouble, attempt->why,
		       sizeof(attempt->why));
	pthread_mutex_unlock(&sink->mutex);
}

/* ------------------------------------------------------------- the work -- */

/* Try until all is dealt with; false if it is to end before. */
static bool deliver_all(struct sink *sink, struct parcel *parcels, size_t count)
{
	unsigned failures = 0;

	while (count) {
		struct attempt attempt = { .parcels = parcels, .count = count };
		size_t done;

		sink->settings->kind->deliver(sink, &attempt);
		done = settle(sink, parcels, count);
		parcels += done;
		count -= done;
		note(sink, &attempt,
		     count && !attempt.at_once && !attempt.gone);
		failures = done ? 1 : failures + 1;
		if (atomic_load(&sink->abort) || attempt.gone)
			return false;
		if (!count || attempt.at_once)
			continue;
		if (!back_off(sink, wait_of(sink, &attempt, failures)))
			return false;
	}
	return true;
}

static bool deliver_batch(struct sink *sink)
{
	const struct settings *settings = sink->settings;
	struct attempt failed = { 0 };
	struct spool_batch batch;
	struct cg_error err = { 0 };
	struct parcel *parcels = NULL;
	bool ok = true;

	if (spool_take(sink->spool, settings->batch, settings->batch_bytes,
		       &batch, &err)) {
		parcels = calloc(batch.count + 1, sizeof(*parcels));
		for (size_t i = 0; parcels && i < batch.count; i++)
			parcels[i].item = &batch.items[i];
	}
	if (parcels) {
		ok = deliver_all(sink, parcels, batch.count);
	} else {
		attempt_why(&failed, "%s",
			    err.message[0] ? err.message : "out of memory");
		note(sink, &failed, true);
		ok = back_off(sink, SINK_SECOND);
	}
	free(parcels);
	spool_free(&batch);
	return ok;
}

static void *work(void *opaque)
{
	struct sink *sink = opaque;

	while (wait_for_news(sink) && deliver_batch(sink))
		;
	pthread_mutex_lock(&sink->mutex);
	sink->ended = true;
	pthread_cond_broadcast(&sink->news);
	pthread_mutex_unlock(&sink->mutex);
	return NULL;
}

bool deliver_begin(struct sink *sink, struct cg_error *err)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int number;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sink->news, &attributes);
	pthread_condattr_destroy(&attributes);
	sink->chance = sink_now() | 1;
	/* Signals are for the thread that watches. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(&sink->thread, NULL, work, sink);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (number)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "cannot begin a thread");
	sink->threaded = true;
	return true;
}

void deliver_stop(struct sink *sink)
{
	uint64_t until;

	if (!sink->threaded)
		return;
	pthread_mutex_lock(&sink->mutex);
	if (!sink->stopping) {
		sink->stopping = true;
		sink->deadline = sink_now() + sink->settings->drain;
	}
	pthread_cond_broadcast(&sink->news);
	until = sink->deadline + SINK_SECOND / 10;
	while (!sink->ended && sink_now() < until)
		wait_until(sink, until);
	/* Past the deadline it is told to leave whatever it waits for. */
	atomic_store(&sink->abort, !sink->ended);
	pthread_mutex_unlock(&sink->mutex);
}

/*
 * What the C library waits for nobody can be called back from: a name that is
 * looked up, a disk on a network. That thread is left to the process's end.
 */
void deliver_end(struct sink *sink)
{
	uint64_t until;

	if (!sink->threaded)
		return;
	deliver_stop(sink);
	pthread_mutex_lock(&sink->mutex);
	until = sink_now() + LEAVE * SINK_SECOND;
	while (!sink->ended && sink_now() < until)
		wait_until(sink, until);
	sink->left = !sink->ended;
	if (sink->left)
		snprintf(sink->status.trouble, sizeof(sink->status.trouble),
			 "it is left waiting, and does not come back");
	pthread_mutex_unlock(&sink->mutex);
	if (sink->left)
		pthread_detach(sink->thread);
	else
		pthread_join(sink->thread, NULL);
	sink->threaded = false;
}
