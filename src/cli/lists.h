/*
 * cli/lists.h - lists of calls, as --drop and --keep take them.
 *
 * A list holds names and @groups, separated by commas, semicolons or white
 * space. A word with a slash in it is a file that holds such a list, #
 * beginning a comment: the allow and block files of Elastic's profiler are read
 * as they are. One such file serves many architectures, so a name in it that
 * this one has no call for is left out, with a note.
 */
#ifndef CLI_LISTS_H
#define CLI_LISTS_H

#include <callgate/arch.h>

#include "cli/opt.h"

/*
 * The text of a policy that allows the calls of the lists and refuses the rest
 * (`keep`), or the other way round; free() it. NULL, said on stderr, if a file
 * cannot be read or no call is left.
 */
char *
lists_policy(const struct texts *lists, bool keep, const struct cg_abi *abi);

#endif
