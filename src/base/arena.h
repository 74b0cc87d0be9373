/*
 * base/arena.h - memory that is given back all at once.
 *
 * Whatever belongs to one policy lies in that policy's arena, so nothing in it
 * is ever freed alone. The budget bounds what a hostile policy can take. It is
 * also how a test makes each allocation fail in its turn.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct chunk;

/*
 * What several arenas may take from malloc together, besides each its own
 * budget, also from several threads at once. It must outlive all of them.
 */
struct arena_pool {
	size_t left; /* bytes */
};

struct arena {
	struct chunk *newest;
	size_t budget;           /* bytes that may still be taken from malloc */
	struct arena_pool *pool; /* or NULL */
};

/*
 * Memory of the caller's, on its stack, that an arena uses up before it asks
 * malloc: what is short-lived and mostly small then costs next to nothing. It
 * counts against the budget as any other, and must outlive the arena.
 */
struct arena_room {
	_Alignas(max_align_t) unsigned char bytes[4096];
};
void arena_begin(struct arena *arena, size_t budget, struct arena_room *room);

/* Room for `count` objects, zeroed; NULL if memory or budget has run out. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* The same, not zeroed: for what is large, and written before it is read. */
void *arena_alloc_raw(struct arena *arena, size_t count, size_t size);

/*
 * An array that grows: room for `count` objects where there was room for
 * `*room` in `old` (NULL at first), the first *room kept. Doubles; NULL if
 * memory or budget has run out, and then `old` is still good.
 */
void *arena_grow_more(struct arena *arena, void *old, size_t *room,
		      size_t count, size_t size);
static inline void *arena_grow(struct arena *arena, void *old, size_t *room,
			       size_t count, size_t size)
{
	return count <= *room ? old
			      : arena_grow_more(arena, old, room, count, size);
}

/*
 * What was allocated, `size` bytes of it, is no longer needed, and nobody
 * points there. What is large is given back at once, all else with the arena.
 */
void arena_release(struct arena *arena, const void *old, size_t size);

/* A copy of `length` bytes with a NUL behind it, or NULL. */
char *arena_text(struct arena *arena, const char *text, size_t length);

/* Give it all back; the arena may be used again, with what budget is left. */
void arena_free(struct arena *arena);

#define arena_array(arena, type, count) \
	((type *)arena_alloc(arena, count, sizeof(type)))
#define arena_array_raw(arena, type, count) \
	((type *)arena_alloc_raw(arena, count, sizeof(type)))

#endif
