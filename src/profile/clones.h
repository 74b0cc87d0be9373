/*
 * profile/clones.h - what gcc's start files do with the end of the data.
 *
 * Each program and library begins with two functions of crtstuff.c that hand
 * their table of transactional clones to libitm. Where there is none, they form
 * its address, which is where the data ends, find it as long as nothing, and
 * return. They return nothing, though the address may be left in a register.
 */
#ifndef PROFILE_CLONES_H
#define PROFILE_CLONES_H

#include "profile/code.h"

/*
 * Whether the instruction at `at`, which forms an address, is in one of these:
 * one that can call libitm by its symbol, but goes one way only, whatever it
 * is called with, to a return, and neither calls anything nor touches memory
 * on it. x86_64 only.
 */
bool clones_none(const struct code *code, uint64_t at);

#endif
