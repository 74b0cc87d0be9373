/*
 * format/write.h - what writers of foreign formats share.
 */
#ifndef FORMAT_WRITE_H
#define FORMAT_WRITE_H

#include "format/format.h"

/*
 * The format cannot say this. Where the nearest form is wanted, it becomes a
 * note and the answer is true: go on, with something that lets no more through.
 * Otherwise it is an error, and false.
 */
__attribute__((format(printf, 2, 3))) bool
writing_lossy(struct writing *writing, const char *format, ...);

/* What somebody should know about the text; false if memory ran out. */
__attribute__((format(printf, 2, 3))) bool
writing_note(struct writing *writing, const char *format, ...);

/*
 * The policy's program as bytes, in the order of its machine, in the arena;
 * NULL if memory ran out. For formats that want a program.
 */
unsigned char *writing_bytes(struct writing *writing, size_t *length);

#endif
