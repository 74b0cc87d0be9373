/*
 * profile/object.h - where the object around an address ends.
 *
 * Where no symbol tells, it may be all that lies between those on either side.
 */
#ifndef PROFILE_OBJECT_H
#define PROFILE_OBJECT_H

#include "profile/world.h"

/* How far from an object its address may be formed. */
enum { NEAR = 64 };

/* Whether an address of an image is in a segment, or so close to one. */
bool is_near(const struct image *image, uint64_t own);

/* Sections that compilers fill with unrelated objects; all else is a table. */
bool is_mixed(const struct section *section);

/* The linker's own words. */
bool is_got(const struct section *section);

/*
 * glibc's tables of stream functions: records of 21 words in a section of their
 * own. Every use of a stream compares its table with the section's start and
 * end, and never goes through them.
 */
bool is_stream_tables(const struct loaded *in, const struct section *section);

/* The bytes that may be meant by an address, only upward from it or not. */
struct span object_around(struct loaded *in, uint64_t address, bool upward);

#endif
