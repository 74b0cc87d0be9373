/*
 * sys/cache.h - a folder of files that may be lost at any time.
 *
 * Who else can write there could make us believe anything, so nothing is read
 * from a folder or file that belongs to somebody else, or that others may
 * write; that is noted, and it is as if there were no cache. Files come into
 * being whole, under their name, or not at all.
 */
#ifndef SYS_CACHE_H
#define SYS_CACHE_H

#include <stdbool.h>
#include <stddef.h>

enum { CACHE_FILE_MAX = 1 << 26, CACHE_MOST = 1 << 29, CACHE_NOTE = 256 };

struct cache;

/*
 * The folder is made (for its owner alone) if that which it is in is there.
 * NULL without memory. A cache that cannot be used is one that has nothing.
 */
struct cache *cache_open(const char *folder);

/*
 * NULL is fine. What was loaded is gone with it. If anything was saved, and all
 * of it is more than CACHE_MOST, what was not used for the longest is removed,
 * but nothing that was used since the cache was opened, or just before.
 */
void cache_close(struct cache *cache);

/* The content of a file, the cache's own. May be called by several threads. */
bool cache_load(struct cache *cache, const char *name,
		const unsigned char **bytes, size_t *size);

void cache_save(struct cache *cache, const char *name,
		const unsigned char *bytes, size_t size);

/* What was wrong, the first of it; "" if nothing was. */
const char *cache_note(const struct cache *cache);

#endif
