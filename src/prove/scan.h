/*
 * prove/scan.h - a stretch of program that only sorts one word's values.
 *
 * Most of a filter loads nr and compares it with constants until nothing of it
 * is of interest any more. Such a stretch is read at once for whole intervals
 * of values: that is far quicker than to combine the diagrams of its tests, and
 * comes to the same.
 */
#ifndef PROVE_SCAN_H
#define PROVE_SCAN_H

#include "prove/diagram.h"
#include "prove/live.h"

/* From the value `first` on, up to the next piece, the program goes on at pc,
   where no register is of interest and no word up to this one is loaded. */
struct piece {
	uint32_t first;
	uint32_t pc;
};

/*
 * Read the stretch that begins with the load at `pc`.
 *
 * Returns the pieces in order, `*count` of them in `out`, which has room for
 * `room`; false if it is no such stretch, or too long for this way.
 */
bool scan_word(const struct cg_insn *insns, const struct liveness *live,
	       uint32_t pc, enum word word, struct piece *out, size_t room,
	       size_t *count);

/* How many pieces a program of that length may be thought to have. */
size_t scan_room(size_t count);

#endif
