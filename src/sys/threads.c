#include "sys/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Fewer things than these are done before others have woken up. */
enum { WORTH_WAKING = 8 };

struct threads {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t at[THREADS_MAX];
	unsigned count;      /* besides the caller's */
	unsigned long round; /* of work, so that none is done twice */
	unsigned busy;
	bool stop;
	crew_task *task;
	void *data;
	size_t most;
	atomic_size_t next;
};

static void work_on(struct threads *threads)
{
	for (;;) {
		const size_t index = atomic_fetch_add(&threads->next, 1);

		if (index >= threads->most)
			return;
		threads->task(threads->data, index);
	}
}

static void *worker(void *context)
{
	struct threads *threads = context;
	unsigned long seen = 0;

	pthread_mutex_lock(&threads->lock);
	for (;;) {
		while (!threads->stop && threads->round == seen)
			pthread_cond_wait(&threads->work, &threads->lock);
		if (threads->stop)
			break;
		seen = threads->round;
		pthread_mutex_unlock(&threads->lock);
		work_on(threads);
		pthread_mutex_lock(&threads->lock);
		if (--threads->busy == 0)
			pthread_cond_signal(&threads->done);
	}
	pthread_mutex_unlock(&threads->lock);
	return NULL;
}

static void each(void *context, size_t count, crew_task *task, void *data)
{
	struct threads *threads = context;

	if (!threads->count || count < WORTH_WAKING) {
		for (size_t i = 0; i < count; i++)
			task(data, i);
		return;
	}
	pthread_mutex_lock(&threads->lock);
	threads->task = task;
	threads->data = data;
	threads->most = count;
	atomic_store(&threads->next, 0);
	threads->busy = threads->count;
	threads->round++;
	pthread_cond_broadcast(&threads->work);
	pthread_mutex_unlock(&threads->lock);
	work_on(threads);
	pthread_mutex_lock(&threads->lock);
	while (threads->busy)
		pthread_cond_wait(&threads->done, &threads->lock);
	pthread_mutex_unlock(&threads->lock);
}

static unsigned processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

/* Signals are the business of the program that we are in, not of a helper. */
static void start(struct threads *threads, unsigned count)
{
	sigset_t all, before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return;
	while (threads->count + 1 < count &&
	       pthread_create(&threads->at[threads->count], NULL, worker,
			      threads) == 0)
		threads->count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct threads *threads_new(unsigned count)
{
	struct threads *threads = calloc(1, sizeof(*threads));

	if (!threads)
		return NULL;
	pthread_mutex_init(&threads->lock, NULL);
	pthread_cond_init(&threads->work, NULL);
	pthread_cond_init(&threads->done, NULL);
	if (!count)
		count = processors();
	start(threads, count < THREADS_MAX ? count : THREADS_MAX);
	return threads;
}

void threads_free(struct threads *threads)
{
	if (!threads)
		return;
	pthread_mutex_lock(&threads->lock);
	threads->stop = true;
	pthread_cond_broadcast(&threads->work);
	pthread_mutex_unlock(&threads->lock);
	for (unsigned i = 0; i < threads->count; i++)
		pthread_join(threads->at[i], NULL);
	pthread_cond_destroy(&threads->done);
	pthread_cond_destroy(&threads->work);
	pthread_mutex_destroy(&threads->lock);
	free(threads);
}

struct crew threads_crew(struct threads *threads)
{
	return (struct crew){ each, threads };
}
