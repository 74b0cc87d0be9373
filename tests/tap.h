/*
 * tests/tap.h - say how a test went, in TAP (testanything.org).
 *
 *	struct tap tap = { 0 };
 *	tap_ok(&tap, got == want, "%s", row->name);
 *	return tap_done(&tap);
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct tap {
	size_t run, failed;
};

__attribute__((format(printf, 3, 4))) static inline bool
tap_ok(struct tap *tap, bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%s %zu - ", ok ? "ok" : "not ok", ++tap->run);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	tap->failed += !ok;
	return ok;
}

/* Counts as skipped, not as passed. `why` must tell what is missing. */
static inline void tap_skip(struct tap *tap, const char *name, const char *why)
{
	printf("ok %zu - %s # SKIP %s\n", ++tap->run, name, why);
}

/* A line for the reader, before or after the row it explains. */
__attribute__((format(printf, 1, 2))) static inline void
tap_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

/* For rand(3): CALLGATE_SEED is the one of a run that failed. */
static inline void tap_seed(unsigned seed)
{
	const char *wanted = getenv("CALLGATE_SEED");

	if (wanted)
		seed = (unsigned)strtoul(wanted, NULL, 10);
	tap_note("CALLGATE_SEED=%u", seed);
	srand(seed);
}

static inline int tap_done(const struct tap *tap)
{
	printf("1..%zu\n", tap->run);
	return tap->failed || !tap->run ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
