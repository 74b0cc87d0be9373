#include "prove/intern.h"

#include <stdlib.h>
#include <string.h>

enum { VECTORS_FIRST = 16, VECTORS_MAX = 1 << 16 };

uint32_t hash_words(const uint32_t *words, size_t count, uint32_t seed)
{
	uint64_t hash = seed * 0x9e3779b97f4a7c15u + 1;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ words[i] ^ hash >> 31) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(hash >> 32);
}

bool table_init(struct table *table, size_t count)
{
	free(table->slots);
	table->size = 2 * count;
	table->slots = calloc(table->size, sizeof(*table->slots));
	return table->slots != NULL;
}

void table_done(struct table *table)
{
	free(table->slots);
}

void table_add(struct table *table, uint32_t hash, size_t index)
{
	size_t at = hash & (table->size - 1);

	while (table->slots[at])
		at = (at + 1) & (table->size - 1);
	table->slots[at] = (uint32_t)index + 1;
}

static uint32_t vector_hash(const struct vector *vector)
{
	return hash_words(vector->bit, 32, 0);
}

bool vectors_init(struct vectors *vectors, struct diagrams *all)
{
	*vectors = (struct vectors){ .all = all, .room = VECTORS_FIRST };
	vectors->at = calloc(vectors->room, sizeof(*vectors->at));
	if (!vectors->at || !table_init(&vectors->table, vectors->room))
		return false;
	table_add(&vectors->table, vector_hash(&vectors->at[0]), 0);
	vectors->count = 1;
	return true;
}

void vectors_done(struct vectors *vectors)
{
	free(vectors->at);
	table_done(&vectors->table);
}

static bool grow(struct vectors *vectors)
{
	size_t room = 2 * vectors->room;
	struct vector *at;

	if (room > VECTORS_MAX)
		return false;
	at = realloc(vectors->at, room * sizeof(*at));
	if (at)
		vectors->at = at;
	if (!at || !table_init(&vectors->table, room)) {
		diagrams_no_memory(vectors->all);
		return false;
	}
	vectors->room = room;
	for (size_t i = 0; i < vectors->count; i++)
		table_add(&vectors->table, vector_hash(&at[i]), i);
	return true;
}

uint32_t vectors_intern(struct vectors *vectors, const struct vector *vector)
{
	const struct table *table = &vectors->table;
	uint32_t hash = vector_hash(vector);

	if (vectors->failed)
		return 0;
	for (size_t at = hash & (table->size - 1); table->slots[at];
	     at = (at + 1) & (table->size - 1)) {
		uint32_t index = table->slots[at] - 1;

		if (memcmp(&vectors->at[index], vector, sizeof(*vector)) == 0)
			return index;
	}
	if (vectors->count == vectors->room && !grow(vectors)) {
		vectors->failed = true;
		return 0;
	}
	table_add(&vectors->table, hash, vectors->count);
	vectors->at[vectors->count] = *vector;
	return (uint32_t)vectors->count++;
}
