/*
 * profile/values.h - what a register or a word on the stack may hold.
 *
 * A value is a set of a few possibilities, by the number that its set has;
 * equal sets have equal numbers. VALUE_ANY is all there is.
 */
#ifndef PROFILE_VALUES_H
#define PROFILE_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum item_kind {
	ITEM_NUMBER,   /* `number`; addresses are numbers, too */
	ITEM_ENTRY,    /* what register `name` held at entry, plus `offset` */
	ITEM_STACK,    /* the stack pointer at entry plus `offset` */
	ITEM_ARGUMENT, /* what memory held at entry at ITEM_STACK of it */
	ITEM_POINTEE,  /* what memory held at entry at ITEM_ENTRY of it */
	ITEM_VARIABLE, /* what the word at `number` holds */
	ITEM_FIELD,  /* what memory holds `offset` behind what that points to */
	ITEM_LOW,    /* the low byte is `number`, the rest is anything */
	ITEM_RESULT, /* what the call at `number` returned */
};

struct item {
	uint64_t number;
	int32_t offset;
	uint8_t kind; /* enum item_kind */
	uint8_t name; /* of a register */
	uint8_t size; /* bytes read */
	bool stale;   /* memory may have changed since entry */
};

enum { ITEMS_MAX = 24 };

struct items {
	struct item at[ITEMS_MAX];
	unsigned count;
};

enum { VALUE_ANY, VALUE_NONE };

struct value_set;

/* Joins that were made lately: two numbers and what they came to. */
enum { JOINS_KEPT = 1024 };

struct joined {
	uint32_t a, b, both; /* all zeros: none; VALUE_ANY is never asked */
};

struct values {
	struct arena *arena;
	struct joined *joins;
	struct value_set **sets;
	size_t count, room;
	uint32_t *slots;
	size_t slot_count;
	bool nomem;
};

/* Empty: holds VALUE_ANY and VALUE_NONE only. False without memory. */
bool values_init(struct values *values, struct arena *arena);

/* The number of a set; VALUE_ANY if it has too many items. */
uint32_t values_of(struct values *values, const struct items *items);
uint32_t values_one(struct values *values, struct item item);
uint32_t values_number(struct values *values, uint64_t number);

/* False for VALUE_ANY. */
bool values_items(const struct values *values, uint32_t value,
		  struct items *out);

uint32_t values_join(struct values *values, uint32_t a, uint32_t b);

/* Whether an address on the stack may be in it; not for VALUE_ANY. */
bool values_has_stack(const struct values *values, uint32_t value);

/* Add an item, in order; false, and nothing done, if there is no room. */
bool items_add(struct items *items, struct item item);

#endif
