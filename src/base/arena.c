#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_FIRST = 960, CHUNK_MOST = 65536 };

struct chunk {
	struct chunk *older;
	size_t size; /* of data; 0 for a room of the caller's */
	size_t left; /* bytes of it that are still free, at its end */
	alignas(max_align_t) unsigned char data[];
};

_Static_assert(sizeof(struct arena_room) > 2 * sizeof(struct chunk), "");

void arena_begin(struct arena *arena, size_t budget, struct arena_room *room)
{
	struct chunk *chunk = (struct chunk *)room->bytes;

	chunk->older = NULL;
	chunk->size = 0;
	chunk->left = sizeof(room->bytes) - sizeof(*chunk);
	if (chunk->left > budget)
		chunk->left = budget;
	arena->newest = chunk;
	arena->budget = budget - chunk->left;
	arena->pool = NULL;
}

static bool pool_take(struct arena_pool *pool, size_t size)
{
	size_t left, less;

	if (!pool)
		return true;
	left = __atomic_load_n(&pool->left, __ATOMIC_RELAXED);
	do
		if (__builtin_sub_overflow(left, size, &less))
			return false;
	while (!__atomic_compare_exchange_n(&pool->left, &left, less, true,
					    __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	return true;
}

/* Back to malloc, and to those that it may be taken from again. */
static void chunk_free(struct arena *arena, struct chunk *chunk)
{
	if (arena->pool)
		__atomic_add_fetch(&arena->pool->left, chunk->size,
				   __ATOMIC_RELAXED);
	free(chunk);
}

/*
 * Chunks double, so that few are ever needed. They are zeroed as they are
 * handed out, so that nobody pays for what is left over; but for what is large,
 * which is `zeroed` at once if it is to be, for malloc may have fresh pages.
 * The first is small enough for malloc to have one at hand.
 */
static struct chunk *chunk_new(struct arena *arena, size_t least, bool zeroed)
{
	size_t size = arena->newest ? arena->newest->size * 2 : 0;
	struct chunk *chunk;

	if (least > arena->budget)
		return NULL;
	if (size < CHUNK_FIRST)
		size = CHUNK_FIRST;
	if (size > CHUNK_MOST)
		size = CHUNK_MOST;
	if (size > arena->budget)
		size = arena->budget;
	if (size < least)
		size = least;
	if (!pool_take(arena->pool, size))
		return NULL;
	chunk = zeroed && size > CHUNK_MOST ? calloc(1, sizeof(*chunk) + size)
					    : malloc(sizeof(*chunk) + size);
	if (!chunk) {
		if (arena->pool)
			__atomic_add_fetch(&arena->pool->left, size,
					   __ATOMIC_RELAXED);
		return NULL;
	}
	chunk->older = arena->newest;
	chunk->size = chunk->left = size;
	arena->newest = chunk;
	arena->budget -= size;
	return chunk;
}

/* `*bytes` of them, rounded up, from the newest chunk or a new one. */
static struct chunk *
take(struct arena *arena, size_t count, size_t size, bool zeroed, size_t *bytes)
{
	const size_t mask = alignof(max_align_t) - 1;
	struct chunk *chunk = arena->newest;

	if (__builtin_mul_overflow(count, size, bytes) ||
	    __builtin_add_overflow(*bytes, mask, bytes))
		return NULL;
	*bytes &= ~mask;
	if (!chunk || chunk->left < *bytes)
		chunk = chunk_new(arena, *bytes, zeroed);
	/* Hand out from the end, so that `left` is all there is to keep. */
	if (chunk)
		chunk->left = (chunk->left - *bytes) & ~mask;
	return chunk;
}

void *arena_alloc_raw(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	struct chunk *chunk = take(arena, count, size, false, &bytes);

	return chunk ? chunk->data + chunk->left : NULL;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	struct chunk *chunk = take(arena, count, size, true, &bytes);

	if (!chunk)
		return NULL;
	if (chunk->size <= CHUNK_MOST)
		memset(chunk->data + chunk->left, 0, bytes);
	return chunk->data + chunk->left;
}

void *arena_grow_more(struct arena *arena, void *old, size_t *room,
		      size_t count, size_t size)
{
	size_t more = *room ? *room : 8;
	void *grown;

	while (more < count)
		if (__builtin_mul_overflow(more, 2, &more))
			return NULL;
	grown = arena_alloc(arena, more, size);
	if (!grown)
		return NULL;
	if (*room)
		memcpy(grown, old, *room * size);
	*room = more;
	return grown;
}

void arena_release(struct arena *arena, const void *old, size_t size)
{
	struct chunk **link = &arena->newest, *chunk;

	/* Whatever is larger than a chunk has one to itself. */
	if (size <= CHUNK_MOST)
		return;
	while (*link && (*link)->data != (const unsigned char *)old)
		link = &(*link)->older;
	chunk = *link;
	if (!chunk || chunk->left)
		return;
	*link = chunk->older;
	arena->budget += chunk->size;
	chunk_free(arena, chunk);
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy =
		length < SIZE_MAX ? arena_alloc(arena, length + 1, 1) : NULL;

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

void arena_free(struct arena *arena)
{
	while (arena->newest) {
		struct chunk *chunk = arena->newest;

		arena->newest = chunk->older;
		if (chunk->size)
			chunk_free(arena, chunk);
	}
}
