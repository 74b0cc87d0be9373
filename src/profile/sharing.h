/*
 * profile/sharing.h - whether a program may share memory with others.
 *
 * A mutex with a ceiling, or a robust one, is made by functions that name it
 * so, or it lies in memory that another program has made it in. Who never calls
 * the ones, and never asks for the other, has none. x86_64 only: elsewhere all
 * may share.
 */
#ifndef PROFILE_SHARING_H
#define PROFILE_SHARING_H

#include "profile/work.h"

/*
 * Look at what callers hand to mmap, as far as the work has come, and let what
 * waits for foreign mutexes come in if any memory may be shared. libc's own
 * maps do not count: it locks nothing in them.
 */
void sharing_note(struct work *work);

#endif
