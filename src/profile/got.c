/*
 * Where code counts from, if no tag, symbol or section tells: code does. Each
 * function that needs the GOT begins with asking for its own place, and adds
 * the distance to it; what most of them come to is it.
 */
#include "profile/elf_parts.h"
#include "profile/map.h"

enum {
	CALL = 0xe8,
	NEAR = 24, /* bytes between the place and its distance */
	VOTES_MAX = 1 << 16,
};

struct votes {
	struct arena arena;
	struct map of; /* how many for an address */
	const struct image *image;
	uint64_t best;
	uint32_t most;
	unsigned count;
};

/* It may be empty, and then lies behind the end of what may be written. */
static bool may_be_written(const struct image *image, uint64_t address)
{
	const struct segment *at = image_segment(image, address);
	const struct segment *before = image_segment(image, address - 1);

	return (at && at->write) || (before && before->write);
}

static void vote(struct votes *votes, uint64_t address)
{
	uint32_t *number;
	bool there;

	if (votes->image->word == 4)
		address &= 0xffffffff;
	if (!may_be_written(votes->image, address) ||
	    ++votes->count > VOTES_MAX ||
	    !map_add(&votes->arena, &votes->of, address, 0, &there))
		return;
	number = map_get(&votes->of, address);
	if (++*number <= votes->most)
		return;
	votes->most = *number;
	votes->best = address;
}

/* ---------------------------------------------------------------- i386 -- */

/* mov (%esp), %register; ret */
static bool is_thunk(const struct image *image, uint64_t address)
{
	const struct bytes code = image_bytes(image, address, 4);

	return code.size && code.at[0] == 0x8b && (code.at[1] & 0xc7) == 4 &&
	       code.at[2] == 0x24 && code.at[3] == 0xc3;
}

/* add $number, %register, by which a place becomes the GOT. */
static bool read_add(struct bytes code, uint64_t at, uint64_t *number)
{
	const uint8_t first = bytes_u8(code, at);
	const uint8_t second = bytes_u8(code, at + 1);

	if (first == 0x05)
		*number = bytes_u32(code, at + 1);
	else if (first == 0x81 && (second & 0xf8) == 0xc0)
		*number = bytes_u32(code, at + 2);
	return first == 0x05 || (first == 0x81 && (second & 0xf8) == 0xc0);
}

static void
read_call(struct votes *votes, struct bytes code, uint64_t at, uint64_t address)
{
	const uint64_t next = address + 5;
	const uint64_t target = (next + bytes_u32(code, at + 1)) & 0xffffffff;
	uint64_t number;

	if (bytes_u8(code, at) != CALL ||
	    (target != next && !is_thunk(votes->image, target)))
		return;
	for (uint64_t i = at + 5; i < at + 5 + NEAR; i++)
		if (read_add(code, i, &number)) {
			vote(votes, next + number);
			return;
		}
}

/* -------------------------------------------------------------- x86_64 -- */

static bool is_lea(struct bytes code, uint64_t at)
{
	return (bytes_u8(code, at) & 0xfb) == 0x48 &&
	       bytes_u8(code, at + 1) == 0x8d &&
	       (bytes_u8(code, at + 2) & 0xc7) == 5;
}

/* movabs of a number into a register. */
static bool is_wide(struct bytes code, uint64_t at)
{
	return (bytes_u8(code, at) & 0xfe) == 0x48 &&
	       (bytes_u8(code, at + 1) & 0xf8) == 0xb8;
}

/* lea of a place close by, or of the GOT, with movabs of a distance around. */
static void
read_lea(struct votes *votes, struct bytes code, uint64_t at, uint64_t address)
{
	const uint64_t target =
		address + 7 + (uint64_t)bytes_signed(code, at + 3, 4);
	const bool own = target <= address && address - target < 4 * NEAR;

	if (!is_lea(code, at) ||
	    (!own && !may_be_written(votes->image, target)))
		return;
	for (uint64_t i = at < NEAR ? 0 : at - NEAR; i < at + 7 + NEAR; i++)
		if (is_wide(code, i))
			vote(votes,
			     own ? target + bytes_u64(code, i + 2) : target);
}

/* ----------------------------------------------------------------- all -- */

uint64_t got_find(const struct image *image)
{
	struct votes votes = {
		.arena = { .budget = (size_t)1 << 24 },
		.image = image,
	};

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];
		const struct bytes code = image_rest(image, segment->start);

		/* Go names all by its address, and is large. */
		if (!segment->execute || image->go)
			continue;
		for (uint64_t at = 0; at < code.size; at++)
			if (image->word == 4)
				read_call(&votes, code, at,
					  segment->start + at);
			else
				read_lea(&votes, code, at, segment->start + at);
	}
	arena_free(&votes.arena);
	return votes.best;
}
