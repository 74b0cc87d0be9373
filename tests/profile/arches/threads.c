#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static int count;

static void *work(void *unused)
{
	const struct timespec nap = { 0, 1000 };

	(void)unused;
	nanosleep(&nap, NULL);
	pthread_mutex_lock(&lock);
	count++;
	pthread_cond_signal(&woken);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	pthread_mutex_lock(&lock);
	while (count < 4)
		pthread_cond_wait(&woken, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
