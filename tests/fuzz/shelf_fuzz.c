/*
 * Any bytes as what was kept of an image: they are refused, or what they say of
 * its code lies in it, and is the same when it is kept again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "profile/shelf.h"

enum { MEMORY = 16 << 20, HEAD = 16 + 8, LOW = 0x1000, HIGH = 0x40000 };

static bool load(void *context, const char *name, struct bytes *out)
{
	(void)name;
	*out = *(const struct bytes *)context;
	return true;
}

static void makes_sense(const struct shelf *shelf, const struct remarks *found)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct remark *one = &found->at[i];

		must(one->kind < REMARK_KINDS && one->how < HOW_COUNT &&
			     one->size <= 64,
		     "a remark is of a kind");
		must(one->kind == REMARK_SITE || one->kind == REMARK_INDIRECT ||
			     (one->value >= shelf->low &&
			      one->value <= shelf->high),
		     "a remark is about the image");
		must(!one->at ||
			     (one->at >= shelf->low && one->at <= shelf->high),
		     "a remark is from the image");
	}
}

/* What is packed again and read again is what it was. */
static void comes_back(const struct shelf *shelf, const struct remarks *found)
{
	struct arena arena = { .budget = MEMORY };
	struct bytes packed = shelf_pack(shelf, &arena, found);
	struct remarks again = { 0 };

	must(packed.size > 0, "what was kept can be kept");
	must(shelf_unpack(shelf, packed, &arena, &again) &&
		     again.count == found->count &&
		     again.unreadable == found->unreadable,
	     "what is kept comes back");
	for (size_t i = 0; i < found->count; i++) {
		const struct remark *a = &found->at[i], *b = &again.at[i];

		must(a->at == b->at && a->kind == b->kind && a->how == b->how &&
			     a->size == b->size && a->upward == b->upward,
		     "each remark comes back");
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loaded in = {
		.image = { .low = LOW, .high = HIGH, .base = 0x20000000 }
	};
	unsigned char *whole = malloc(HEAD + size + 1);
	struct arena arena = { .budget = MEMORY };
	struct bytes bytes = { whole, HEAD + size };
	const struct storage storage = { .load = load, .context = &bytes };
	struct shelf shelf;
	uint64_t check;

	if (!whole)
		return 0;
	memcpy(whole, "callgate remark\n", 16);
	memcpy(whole + HEAD, data, size);
	check = shelf_check((struct bytes){ whole + HEAD, size });
	for (size_t i = 0; i < 8; i++)
		whole[16 + i] = (unsigned char)(check >> 8 * i);
	in.image.file = bytes;
	shelf_open(&shelf, &storage, &in, size % 2);
	for (size_t i = 0; i < shelf.old_count && i < 1000; i++) {
		struct remarks found = { 0 };
		const uint64_t start = bytes_u64(bytes, HEAD + 4 + i * 16);

		if (!shelf_find(&shelf, in.image.base + start, &arena, &found))
			continue;
		makes_sense(&shelf, &found);
		comes_back(&shelf, &found);
	}
	arena_free(&arena);
	free(whole);
	return 0;
}
