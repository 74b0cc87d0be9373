/* cli/ranking.h - the calls of a profile by what they would let a program do.
 */
#ifndef CLI_RANKING_H
#define CLI_RANKING_H

#include <callgate/profile.h>
#include <callgate/record.h>

#include "base/buf.h"

enum { EXIT_ANALYSER = 4 }; /* seen to be made, and said to be impossible */

/* Each call with its risk, the highest first, and why. */
void ranking_table(const struct cg_profile *profile, struct buf *out);

/*
 * What was found beside what was recorded: as a table, or as JSON. EXIT_YES if
 * all that was recorded was found; EXIT_ANALYSER if not, and neither an open
 * gap nor a program that was not profiled can be why; else EXIT_NO.
 */
int ranking_merge(const struct cg_profile *profile,
		  const struct cg_recording *recording, bool json,
		  struct buf *out);

#endif
