/* cli/bytes.h - a filter as the kernel takes it. */
#ifndef CLI_BYTES_H
#define CLI_BYTES_H

#include <callgate/program.h>

#include "base/buf.h"

/* Add the program as an array of struct sock_filter, in its byte order. */
void bytes_add(const struct cg_program *program, struct buf *out);

#endif
