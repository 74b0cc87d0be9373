/* watcher/asked.h - the words of --query, --since and --until. */
#ifndef WATCHER_ASKED_H
#define WATCHER_ASKED_H

#include "base/fail.h"
#include "store/store.h"

/*
 * A time in nanoseconds since 1970: "90s", "15m", "1h", "7d", "2w" before
 * `now`; "2026-11-22", its first moment in UTC; or as RFC 3339 has it,
 * "2026-11-22T02:10:17.332Z", with an offset and a space for the T if you like.
 */
bool asked_time(const char *text, uint64_t now, uint64_t *out,
		struct cg_error *err);

/*
 * Words of a filter: `call=bind`, `program=`, `verdict=`, `container=`,
 * `unit=`, `risk=`, `pid=`, `id=`, `action=`; any other word is text that the
 * event must hold, and several of these must stand there one behind the other.
 * Texts are borrowed from the words, but for `*text`: free() that behind the
 * filter.
 */
bool asked_filter(int count, char **words, struct store_filter *out,
		  char **text, struct cg_error *err);

#endif
