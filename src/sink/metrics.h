/* sink/metrics.h - violations counted by who, what and what became of it. */
#ifndef SINK_METRICS_H
#define SINK_METRICS_H

#include <callgate/program.h>
#include <callgate/watch.h>

#include "base/buf.h"
#include "sink/sink.h"

/*
 * A bounded table: a program that makes up names for itself does not make the
 * table grow past `most` rows; what has no room is counted in a row of its own.
 */
struct series;

/* NULL without memory. */
struct series *series_new(size_t most);
void series_free(struct series *series);
void series_add(struct series *series, const struct cg_violation *violation);

/* In the text format of Prometheus, version 0.0.4. */
void series_print(const struct series *series, struct buf *out);
void metrics_print(const struct sinks *sinks, struct buf *out);

/* The value of a label, quotes included; bytes that are no UTF-8 become ?. */
void metrics_label(struct buf *out, const char *text);

#endif
