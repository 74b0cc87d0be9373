/* format/kafel.h - what kafel's reader and writer share. */
#ifndef FORMAT_KAFEL_H
#define FORMAT_KAFEL_H

#include "format/read.h"

/* What kafel calls a call. */
const char *kafel_name(const char *call);

/* Write a policy. */
bool kafel_write(struct writing *writing);

#endif
