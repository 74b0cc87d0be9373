/*
 * profile/page_reads.h - aarch64: who reads what others left in registers.
 *
 * A function may leave half of an address in a register for another piece of
 * code; far more often what it leaves is of no use to anybody. Which it is,
 * tells the code that comes next: what it writes before it reads it is no use.
 */
#ifndef PROFILE_PAGE_READS_H
#define PROFILE_PAGE_READS_H

#include "profile/code.h"

/*
 * Whether code from `at` on may read one of the registers (bits) before it
 * writes it, or makes a frame as functions of their own do. True, too, where
 * that is not found out soon.
 */
bool page_is_read(const struct code *code, uint64_t at, uint32_t registers);

/* Registers (bits) that may still hold a page when a short piece returns. */
uint32_t page_brought(const struct code *code, struct span piece);

#endif
