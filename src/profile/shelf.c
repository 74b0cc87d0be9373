#include "profile/shelf.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/sha256.h"
#include "profile/load.h"
#include "profile/pack.h"
#include "profile/profile-stamp.h"

/*
 * A shelf: MAGIC, a check of all that follows, the number of entries; for each,
 * sorted, the start of its region, the place of its bytes and their number;
 * then the bytes. Numbers are little endian.
 */
enum {
	MAGIC = 16,
	CHECK_AT = MAGIC,
	COUNT_AT = CHECK_AT + 8,
	ENTRIES_AT = COUNT_AT + 4,
	ENTRY = 16,
	ENTRIES_MAX = 1 << 20,
	WORTH_SAVING = 32, /* new entries: fewer are read in no time */
};

/* Bits of the first byte of a remark, above its kind. */
enum { FROM_THERE = 16, NO_FROM = 32, NO_PLACE = 64, UPWARD = 128 };

static const char magic[MAGIC + 1] = "callgate remark\n";

struct shelf_new {
	uint64_t start;
	struct bytes packed;
};

/* ------------------------------------------------------------- naming -- */

/* What a shelf's name is made of, image by image. */
struct name_part {
	char stamp[sizeof(PROFILE_STAMP) + 7]; /* up to whole words */
	unsigned char sum[SHA256_SIZE];
	uint64_t base, count, all_data;
};

static bool is_sum(struct bytes text)
{
	if (text.size != SHA256_TEXT - 1)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (num_digit((char)text.at[i]) >= 16)
			return false;
	return true;
}

/* The sum of a file, from the storage if it was made before. */
static void sum_file(struct bytes file, const char *real,
		     const struct storage *storage, char out[SHA256_TEXT])
{
	const bool known = real && real[0] == FILES_CONTENT;
	char name[SHA256_TEXT];
	struct bytes text;

	if (known) {
		sha256_text(real, strlen(real), name);
		if (storage->load(storage->context, name, &text) &&
		    is_sum(text)) {
			memcpy(out, text.at, text.size);
			out[text.size] = '\0';
			return;
		}
	}
	sha256_text(file.at, file.size, out);
	if (known)
		storage->save(storage->context, name,
			      (struct bytes){ (const unsigned char *)out,
					      SHA256_TEXT - 1 });
}

void shelf_sum(struct image *image, const struct storage *storage)
{
	char parts[2 * SHA256_TEXT] = "";

	sum_file(image->file, image->real, storage, parts);
	if (image->debug.size)
		sum_file(image->debug, image->debug_real, storage,
			 parts + SHA256_TEXT);
	sha256(parts, sizeof(parts), image->sum);
	image->has_sum = true;
}

/* All images from `first` on, where they lie, and who reads them how. */
static void name_of(struct loaded *const *images, size_t count, bool all_data,
		    char out[SHELF_NAME])
{
	unsigned char whole[SHA256_SIZE + sizeof(struct name_part)] = { 0 };
	struct name_part part = { .stamp = PROFILE_STAMP,
				  .all_data = all_data,
				  .count = count };

	for (size_t i = 0; i < count; i++) {
		memcpy(part.sum, images[i]->image.sum, SHA256_SIZE);
		part.base = count > 1 ? images[i]->image.base : 0;
		memcpy(whole + SHA256_SIZE, &part, sizeof(part));
		sha256(whole, sizeof(whole), whole);
	}
	sha256_text(whole, sizeof(whole), out);
}

/* Against accidents; who could mean harm could write the check, too. */
uint64_t shelf_check(struct bytes bytes)
{
	uint64_t check = bytes.size;

	for (uint64_t at = 0; at < bytes.size; at += 8) {
		const uint64_t left = bytes.size - at;

		check ^= bytes_number(bytes, at, left < 8 ? (unsigned)left : 8);
		check *= UINT64_C(0x9e3779b97f4a7c15);
		check ^= check >> 29;
	}
	return check;
}

/* ------------------------------------------------------------ packing -- */

static bool is_own(const struct shelf *shelf, uint64_t address)
{
	return address >= shelf->low && address <= shelf->high;
}

static bool has_value(const struct remark *remark)
{
	return remark->kind != REMARK_SITE && remark->kind != REMARK_INDIRECT;
}

static unsigned from_of(const struct remark *remark)
{
	if (!remark->from)
		return NO_FROM;
	return remark->from == remark->at ? FROM_THERE : 0;
}

struct bytes shelf_pack(const struct shelf *shelf, struct arena *arena,
			const struct remarks *remarks)
{
	struct packing packing = { .arena = arena };
	uint64_t last = shelf->base;

	pack_byte(&packing, remarks->unreadable);
	for (size_t i = 0; i < remarks->count; i++) {
		const struct remark *one = &remarks->at[i];
		const uint64_t at = one->at ? one->at : last;

		if ((one->at && !is_own(shelf, at)) ||
		    (has_value(one) && !is_own(shelf, one->value)))
			return (struct bytes){ NULL, 0 };
		pack_byte(&packing,
			  (unsigned)one->kind | (one->at ? 0u : NO_PLACE) |
				  (one->upward ? UPWARD : 0u) | from_of(one));
		pack_byte(&packing, one->how);
		pack_byte(&packing, one->size);
		pack_distance(&packing, at - last);
		pack_distance(&packing, has_value(one) ? one->value - at : 0);
		if (!from_of(one))
			pack_distance(&packing, at - one->from);
		last = at;
	}
	if (packing.failed)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ packing.at, packing.count };
}

/* ---------------------------------------------------------- unpacking -- */

static bool unpack_one(struct unpacking *unpacking, const struct shelf *shelf,
		       uint64_t *last, struct remark *out)
{
	const unsigned first = unpack_byte(unpacking);

	*out = (struct remark){
		.kind = first & (FROM_THERE - 1),
		.upward = first & UPWARD,
		.how = (uint8_t)unpack_byte(unpacking),
		.size = (uint8_t)unpack_byte(unpacking),
	};
	*last += unpack_distance(unpacking);
	out->value = *last + unpack_distance(unpacking);
	out->at = first & NO_PLACE ? 0 : *last;
	if (first & FROM_THERE)
		out->from = out->at;
	else if (!(first & NO_FROM))
		out->from = *last - unpack_distance(unpacking);
	return !unpacking->failed && out->kind < REMARK_KINDS &&
	       out->how < HOW_COUNT && out->size <= 64 &&
	       (!out->at || is_own(shelf, *last)) &&
	       (!has_value(out) || is_own(shelf, out->value));
}

bool shelf_unpack(const struct shelf *shelf, struct bytes packed,
		  struct arena *arena, struct remarks *out)
{
	struct unpacking unpacking = { .from = packed };
	uint64_t last = shelf->base;

	out->unreadable = unpack_byte(&unpacking) & 1;
	while (unpacking.at < packed.size) {
		struct remark one;

		if (!unpack_one(&unpacking, shelf, &last, &one))
			return false;
		remarks_add(arena, out, one);
	}
	return !unpacking.failed;
}

/* ------------------------------------------------------------- shelves -- */

static uint64_t entry_start(struct bytes all, size_t index)
{
	return bytes_u64(all, ENTRIES_AT + (uint64_t)index * ENTRY);
}

static struct bytes entry_packed(struct bytes all, size_t index)
{
	const uint64_t at = ENTRIES_AT + (uint64_t)index * ENTRY;

	return bytes_part(all, bytes_u32(all, at + 8), bytes_u32(all, at + 12));
}

/* Bytes that are a shelf, as far as can be said without unpacking it. */
static bool judge(struct bytes all, size_t *count)
{
	*count = bytes_u32(all, COUNT_AT);
	if (all.size < ENTRIES_AT || memcmp(all.at, magic, MAGIC) != 0 ||
	    *count > ENTRIES_MAX ||
	    !bytes_has(all, ENTRIES_AT, (uint64_t)*count * ENTRY) ||
	    bytes_u64(all, CHECK_AT) !=
		    shelf_check(bytes_part(all, COUNT_AT, all.size - COUNT_AT)))
		return false;
	for (size_t i = 1; i < *count; i++)
		if (entry_start(all, i - 1) >= entry_start(all, i))
			return false;
	return true;
}

static void ask(struct shelf *shelf, const struct storage *storage)
{
	if (storage->load(storage->context, shelf->name, &shelf->old) &&
	    judge(shelf->old, &shelf->old_count))
		return;
	shelf->old = (struct bytes){ NULL, 0 };
	shelf->old_count = 0;
}

void shelf_open(struct shelf *shelf, const struct storage *storage,
		const struct loaded *in, bool all_data)
{
	struct loaded *const one = (struct loaded *)in;

	*shelf = (struct shelf){
		.base = in->image.base,
		.low = in->image.base + in->image.low,
		.high = in->image.base + in->image.high,
	};
	name_of(&one, 1, all_data, shelf->name);
	ask(shelf, storage);
}

void shelf_open_world(struct shelf *shelf, const struct storage *storage,
		      const struct world *world, bool all_data)
{
	const struct image *first = &world->by_base[0]->image;
	const struct image *last = &world->by_base[world->count - 1]->image;

	*shelf = (struct shelf){
		.low = first->base + first->low,
		.high = last->base + last->high,
	};
	name_of(world->images, world->count, all_data, shelf->name);
	ask(shelf, storage);
}

bool shelf_find(const struct shelf *shelf, uint64_t start, struct arena *arena,
		struct remarks *out)
{
	const uint64_t own = start - shelf->base;
	size_t low = 0, high = shelf->old_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_start(shelf->old, middle) < own)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == shelf->old_count || entry_start(shelf->old, low) != own)
		return false;
	if (shelf_unpack(shelf, entry_packed(shelf->old, low), arena, out))
		return true;
	/* What makes no sense is as good as not there. */
	*out = (struct remarks){ 0 };
	return false;
}

void shelf_add(struct shelf *shelf, struct arena *arena, uint64_t start,
	       struct bytes packed)
{
	struct shelf_new *grown;
	char *copy;

	if (!packed.size || shelf->fresh_count >= ENTRIES_MAX)
		return;
	/* Without memory there is less to keep, and that is all. */
	copy = arena_text(arena, (const char *)packed.at, packed.size);
	grown = arena_grow(arena, shelf->fresh, &shelf->fresh_room,
			   shelf->fresh_count + 1, sizeof(*grown));
	if (!copy || !grown)
		return;
	shelf->fresh = grown;
	grown[shelf->fresh_count++] =
		(struct shelf_new){ start - shelf->base,
				    { (const unsigned char *)copy,
				      packed.size } };
}

static int by_start(const void *left, const void *right)
{
	const struct shelf_new *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

void shelf_put_number(unsigned char *at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

static void write_all(const struct shelf_new *entries, size_t count,
		      unsigned char *out, size_t size)
{
	size_t at = ENTRIES_AT + count * ENTRY;

	memcpy(out, magic, MAGIC);
	shelf_put_number(out + COUNT_AT, count, 4);
	for (size_t i = 0; i < count; i++) {
		unsigned char *entry = out + ENTRIES_AT + i * ENTRY;

		shelf_put_number(entry, entries[i].start, 8);
		shelf_put_number(entry + 8, at, 4);
		shelf_put_number(entry + 12, entries[i].packed.size, 4);
		memcpy(out + at, entries[i].packed.at, entries[i].packed.size);
		at += entries[i].packed.size;
	}
	shelf_put_number(
		out + CHECK_AT,
		shelf_check((struct bytes){ out + COUNT_AT, size - COUNT_AT }),
		8);
}

void shelf_save(const struct shelf *shelf, struct arena *arena,
		const struct storage *storage)
{
	const size_t count = shelf->old_count + shelf->fresh_count;
	size_t size = ENTRIES_AT + count * ENTRY;
	struct shelf_new *all;
	unsigned char *out;

	if (shelf->fresh_count < WORTH_SAVING || count > ENTRIES_MAX)
		return;
	all = arena_array(arena, struct shelf_new, count);
	if (!all)
		return;
	for (size_t i = 0; i < shelf->old_count; i++)
		all[i] = (struct shelf_new){ entry_start(shelf->old, i),
					     entry_packed(shelf->old, i) };
	memcpy(all + shelf->old_count, shelf->fresh,
	       shelf->fresh_count * sizeof(*all));
	qsort(all, count, sizeof(*all), by_start);
	for (size_t i = 0; i < count; i++)
		size += all[i].packed.size;
	out = size <= SHELF_MOST ? arena_alloc(arena, size, 1) : NULL;
	if (!out)
		return;
	write_all(all, count, out, size);
	storage->save(storage->context, shelf->name,
		      (struct bytes){ out, size });
}
