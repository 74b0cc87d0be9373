#include "bench.h"

#include <callgate/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_time(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

struct times bench_times(double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), by_time);
	return (struct times){ samples[count / 2], samples[0] };
}

_Noreturn void bench_die(const char *what, const struct cg_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->message);
	exit(EXIT_FAILURE);
}
