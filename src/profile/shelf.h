/*
 * profile/shelf.h - what reading code has found, kept for next time.
 *
 * What an image alone tells is on a shelf of its own, by the content of its
 * file. Where others had a say in it, and of the program itself, it is on a
 * shelf of just these images in this order. A build-id would not do: it is what
 * a file says of itself, and a hostile one may say another's. The reader's own
 * source is part of each name, too.
 *
 * What comes from outside is bounded like all input. It can say what it likes
 * of an image, which is why whoever hands it in must know who wrote it.
 */
#ifndef PROFILE_SHELF_H
#define PROFILE_SHELF_H

#include "profile/remarks.h"

/* A name with its NUL; bytes that are kept under one. */
enum { SHELF_NAME = 65, SHELF_MOST = 1 << 26 };

/* Where shelves are between one run and the next. All zeros: nowhere. */
struct storage {
	/* The bytes must live as long as the profile. */
	bool (*load)(void *context, const char *name, struct bytes *out);
	void (*save)(void *context, const char *name, struct bytes bytes);
	void *context;
};

struct shelf_new;

struct shelf {
	char name[SHELF_NAME];
	uint64_t base, low, high; /* addresses are kept less the base */
	struct bytes old;         /* what was kept, already judged; or empty */
	size_t old_count;
	struct shelf_new *fresh; /* what is to be kept besides */
	size_t fresh_count, fresh_room;
};

/* Fill the shelf of an image with what the storage has of it. */
void shelf_open(struct shelf *shelf, const struct storage *storage,
		const struct loaded *in, bool all_data);

/* The shelf of all images of a world, each of which has a sum. */
void shelf_open_world(struct shelf *shelf, const struct storage *storage,
		      const struct world *world, bool all_data);

/* What is kept of the region at `start`; false if that is nothing. */
bool shelf_find(const struct shelf *shelf, uint64_t start, struct arena *arena,
		struct remarks *out);

/* Remarks as they are kept; empty if they cannot be. */
struct bytes shelf_pack(const struct shelf *shelf, struct arena *arena,
			const struct remarks *remarks);

/* The way back. False if the bytes make no sense. */
bool shelf_unpack(const struct shelf *shelf, struct bytes packed,
		  struct arena *arena, struct remarks *out);

/* What stands in a shelf to show accidents, about the bytes behind it. */
uint64_t shelf_check(struct bytes bytes);

void shelf_put_number(unsigned char *at, uint64_t value, unsigned size);

/* Keep what was packed. Its bytes are copied. */
void shelf_add(struct shelf *shelf, struct arena *arena, uint64_t start,
	       struct bytes packed);

/* If there is enough that is new, hand all of it to the storage. */
void shelf_save(const struct shelf *shelf, struct arena *arena,
		const struct storage *storage);

/*
 * What stands for the content of an image's file and its separate symbols. A
 * file whose `real` name stands for its content is hashed once and for all.
 */
void shelf_sum(struct image *image, const struct storage *storage);

#endif
