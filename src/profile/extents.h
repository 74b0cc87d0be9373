/* profile/extents.h - bounds of functions that no unwind table tells. */
#ifndef PROFILE_EXTENTS_H
#define PROFILE_EXTENTS_H

#include "profile/elf.h"

/*
 * Add frames for functions that sized symbols tell of, and, in programs of Go,
 * its own table of functions. False if memory has run out.
 */
bool extents_add(struct arena *arena, struct image *image);

#endif
