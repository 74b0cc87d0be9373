/* record/known.h - the filter that sends to a tracer what is not known yet. */
#ifndef RECORD_KNOWN_H
#define RECORD_KNOWN_H

#include <callgate/program.h>
#include <callgate/record.h>

#include "base/fail.h"

/*
 * Calls that `known` (NULL: nothing) has run freely, where their arguments are
 * worth keeping with known values alone; all others ask the tracer.
 */
bool known_filter(const struct cg_recording *known, struct cg_program **out,
		  struct cg_error *err);

#endif
