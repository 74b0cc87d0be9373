/* view/rows.h - what the store holds, as JSON for the page. */
#ifndef VIEW_ROWS_H
#define VIEW_ROWS_H

#include "view/query.h"

/* One row without its event: what a list shows. */
void rows_put(struct buf *out, const struct store_row *row);

/* A time in nanoseconds as milliseconds, with a fraction. */
void rows_put_time(struct buf *out, const char *name, uint64_t time);

/* The answers to GET below /api/. */
enum MHD_Result rows_events(struct request *request);
enum MHD_Result rows_event(struct request *request);
enum MHD_Result rows_top(struct request *request);
enum MHD_Result rows_timeline(struct request *request);

#endif
