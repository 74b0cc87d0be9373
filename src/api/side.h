/* api/side.h - what a foreign text says, as one side of a comparison. */
#ifndef API_SIDE_H
#define API_SIDE_H

#include <callgate/format.h>
#include <callgate/program.h>

/*
 * Read as cg_format_read() does. Text that holds a program makes `*program`,
 * any other `*policy`; the other of the two stays as it was.
 */
enum cg_status
side_read(const struct cg_format *format, const struct cg_source *sources,
	  size_t count, const struct cg_target *target,
	  struct cg_policy **policy, struct cg_program **program,
	  struct cg_error *err);

#endif
