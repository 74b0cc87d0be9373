/* Wrong tokens: each peer has its own tries, and all together have a bound. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "view/tries.h"

static bool try(struct tries *tries, const char *peer, uint64_t now)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, peer, &four.sin_addr) == 1)
		return tries_count(tries, (void *)&four, now);
	if (inet_pton(AF_INET6, peer, &six.sin6_addr) == 1)
		return tries_count(tries, (void *)&six, now);
	return tries_count(tries, NULL, now);
}

/* Each goes on where the one before stopped: `count` tries, so many good. */
static const struct row {
	const char *peer;
	uint64_t now;
	unsigned count, good;
} rows[] = {
	{ "192.0.2.1", 1000, 4, 4 },
	{ "192.0.2.1", 1059, 2, 1 },
	{ "192.0.2.2", 1059, 6, 5 },
	{ "::ffff:192.0.2.2", 1059, 1, 0 },
	{ "::ffff:192.0.2.3", 1059, 6, 5 },
	{ "192.0.2.3", 1059, 1, 0 },
	{ "192.0.2.1", 1060, 6, 5 },
	{ "192.0.2.2", 1060, 1, 0 },
	{ "2001:db8:0:1::1", 1060, 3, 3 },
	{ "2001:db8:0:1:ffff::2", 1060, 3, 2 },
	{ "2001:db8:0:2::1", 1060, 6, 5 },
	{ "nobody", 1060, 6, 5 },
	{ "2001:db8:0:1::3", 1119, 1, 0 },
	{ "2001:db8:0:1::3", 1120, 1, 1 },
};

static void test_peers(struct tap *tap)
{
	struct tries tries = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned good = 0;

		for (unsigned n = 0; n < rows[i].count; n++)
			good += try(&tries, rows[i].peer, rows[i].now);
		tap_ok(tap, good == rows[i].good,
		       "%s at %" PRIu64 ": %u of %u tries", rows[i].peer,
		       rows[i].now, good, rows[i].count);
	}
}

/* One good try each, in two windows that no peer's own window can tell. */
static void test_ceiling(struct tap *tap)
{
	const uint64_t times[] = { 1000, 1059, 1060 };
	const unsigned wanted[] = { TRIES_MOST_ALL, 0, TRIES_MOST_ALL };
	struct tries tries = { 0 };
	unsigned peer = 0;

	/* The window of all is older than those of its peers. */
	try(&tries, "198.51.100.1", times[0]);
	for (size_t i = 0; i < 3; i++) {
		unsigned good = i == 0;
		char text[32];

		for (unsigned n = 0; n < 2 * TRIES_MOST_ALL; n++, peer++) {
			snprintf(text, sizeof(text), "10.0.%u.%u", peer / 250,
				 peer % 250);
			good += try(&tries, text, times[i]);
		}
		tap_ok(tap, good == wanted[i],
		       "all peers together at %" PRIu64 ": %u tries", times[i],
		       good);
	}
	tap_ok(tap, !try(&tries, "10.9.9.9", 1119), "nobody has one more");
	tap_ok(tap, try(&tries, "10.9.9.9", 1120), "but in the next window");
}

int main(void)
{
	struct tap tap = { 0 };

	test_peers(&tap);
	test_ceiling(&tap);
	return tap_done(&tap);
}
