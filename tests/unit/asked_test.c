/* The words of --query and --since: a row is what was written, and what of. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "watcher/asked.h"

#include "tap.h"

#define SECOND UINT64_C(1000000000)
#define NOW (UINT64_C(1795313417) * SECOND)

/* Seconds and nanoseconds; 0: refused. */
static const struct time_row {
	const char *text;
	uint64_t seconds, nanoseconds;
} times[] = {
	{ "90s", 1795313327, 0 },
	{ "15m", 1795312517, 0 },
	{ "1h", 1795309817, 0 },
	{ "7d", 1794708617, 0 },
	{ "2w", 1794103817, 0 },
	{ "9000000w", 0, 0 },
	{ "3000w", 0, 1 },
	{ "2026-11-22", 1795305600, 0 },
	{ "1970-01-01", 0, 0 },
	{ "2000-02-29T00:00:00Z", 951782400, 0 },
	{ "2026-11-22T02:10:17Z", 1795313417, 0 },
	{ "2026-11-22T02:10:17.332Z", 1795313417, 332000000 },
	{ "2026-11-22t02:10:17.0000000019z", 1795313417, 1 },
	{ "2026-11-22 03:10:17+01:00", 1795313417, 0 },
	{ "2026-11-21T21:10:17-05:00", 1795313417, 0 },
	{ "", 0, 0 },
	{ "h", 0, 0 },
	{ "1", 0, 0 },
	{ "1y", 0, 0 },
	{ "-1h", 0, 0 },
	{ "1.5h", 0, 0 },
	{ "2026-02-30", 0, 0 },
	{ "2026-13-01", 0, 0 },
	{ "2026-1-01", 0, 0 },
	{ "2026-11-22T02:10", 0, 0 },
	{ "2026-11-22T02:10:17", 0, 0 },
	{ "2026-11-22T25:10:17Z", 0, 0 },
	{ "2026-11-22T02:10:17Zx", 0, 0 },
	{ "2026-11-22T02:10:17+0100", 0, 0 },
	{ "9999-11-22", 0, 0 },
	{ "1969-11-22", 0, 0 },
};

static const struct filter_row {
	const char *words; /* separated by | */
	const char *call, *program, *text;
	uint32_t pid;
	const char *fails;
} filters[] = {
	{ "", NULL, NULL, NULL, 0, NULL },
	{ "call=bind", "bind", NULL, NULL, 0, NULL },
	{ "call=bind|program=/bin/nc|pid=7", "bind", "/bin/nc", NULL, 7, NULL },
	{ "some|text", NULL, NULL, "some text", 0, NULL },
	{ "call=bind|/usr|x", "bind", NULL, "/usr x", 0, NULL },
	{ "a b=c", NULL, NULL, "a b=c", 0, NULL },
	{ "Call=bind", NULL, NULL, "Call=bind", 0, NULL },
	{ "calls=bind", NULL, NULL, NULL, 0, "did you mean 'call'?" },
	{ "nothing=bind", NULL, NULL, NULL, 0, "there are call," },
	{ "acton=x", NULL, NULL, NULL, 0, "did you mean 'action'?" },
	{ "action=lost-events|call=bind", "bind", NULL, NULL, 0, NULL },
	{ "pid=0", NULL, NULL, NULL, 0, "'0' is no pid" },
	{ "pid=x", NULL, NULL, NULL, 0, "'x' is no pid" },
};

static void check_time(struct tap *tap, const struct time_row *row)
{
	const uint64_t want = row->seconds * SECOND + row->nanoseconds;
	struct cg_error err = { 0 };
	uint64_t got = 0;
	bool ok = asked_time(row->text, NOW, &got, &err);

	/* The epoch itself is a time, though it looks like a refusal here. */
	tap_ok(tap,
	       got == want &&
		       (ok == (want != 0) ||
			strcmp(row->text, "1970-01-01") == 0) &&
		       (ok || strstr(err.message, "is no time")),
	       "time '%s': %" PRIu64 "; %s", row->text, got, err.message);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_filter(struct tap *tap, const struct filter_row *row)
{
	struct store_filter filter = { 0 };
	char copy[64], *words[8], *text = NULL;
	struct cg_error err = { 0 };
	int count = 0;
	bool ok;

	strcpy(copy, row->words);
	for (char *at = strtok(copy, "|"); at; at = strtok(NULL, "|"))
		words[count++] = at;
	ok = asked_filter(count, words, &filter, &text, &err);
	tap_ok(tap,
	       ok == !row->fails &&
		       (row->fails
				? strstr(err.message, row->fails) != NULL
				: same(filter.call, row->call) &&
					  same(filter.program, row->program) &&
					  same(filter.text, row->text) &&
					  filter.pid == row->pid),
	       "filter '%s' %s", row->words, err.message);
	free(text);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		check_time(&tap, &times[i]);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		check_filter(&tap, &filters[i]);
	return tap_done(&tap);
}
