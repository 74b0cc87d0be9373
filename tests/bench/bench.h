/* tests/bench/bench.h - measure, and say it as a table. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>

struct cg_error;

/* The median and the least of some measurements, in microseconds. */
struct times {
	double median, least;
};

/* Microseconds of a clock that only goes forward. */
double bench_now(void);

/* Sorts `samples`. */
struct times bench_times(double *samples, size_t count);

/* A measurement that cannot be made is an error, not an empty cell. */
_Noreturn void bench_die(const char *what, const struct cg_error *err);

#endif
