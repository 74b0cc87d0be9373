/*
 * view/stream.h - rows as they come, by server-sent events.
 *
 * A stream reads the store from where it is, so a slow reader costs no memory.
 * One that is too far behind is moved to the newest rows, and told how many it
 * has not seen. A browser that comes back says the last row that it had.
 */
#ifndef VIEW_STREAM_H
#define VIEW_STREAM_H

#include "view/inside.h"

enum MHD_Result stream_open(struct request *request);

#endif
