/*
 * prove/intern.h - keep equal things once, and name them by an index.
 */
#ifndef PROVE_INTERN_H
#define PROVE_INTERN_H

#include "prove/vector.h"

/* Slots by hash for things that are kept once each; a slot is index + 1. */
struct table {
	uint32_t *slots;
	size_t size; /* a power of two, at least twice what is in it */
};

/* An empty table for `count` things, a power of two; false without memory. */
bool table_init(struct table *table, size_t count);
void table_done(struct table *table);
void table_add(struct table *table, uint32_t hash, size_t index);

uint32_t hash_words(const uint32_t *words, size_t count, uint32_t seed);

/* Vectors, each once. Index 0 is the number 0. */
struct vectors {
	struct diagrams *all; /* told where memory runs out */
	struct vector *at;
	size_t count, room;
	struct table table;
	bool failed; /* one could not be kept: no index is to be believed */
};

bool vectors_init(struct vectors *vectors, struct diagrams *all);
void vectors_done(struct vectors *vectors);

/* The index of the vector that equals this one; 0, and `failed`, if there are
   too many or memory ran out. */
uint32_t vectors_intern(struct vectors *vectors, const struct vector *vector);

#endif
