/* record/table.h - the table of `strace -c`. */
#ifndef RECORD_TABLE_H
#define RECORD_TABLE_H

#include "record/recording.h"

/* A table for each phase and ABI of a recording. */
void table_write(const struct cg_recording *recording, struct buf *out);

#endif
