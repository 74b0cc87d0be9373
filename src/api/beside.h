/* api/beside.h - the finder of files that lie beside each other. */
#ifndef API_BESIDE_H
#define API_BESIDE_H

#include <callgate/policy.h>

#include "base/fail.h"

/* A cg_policy_finder: `name` beside `from`, unless its path is absolute. */
enum cg_status
find_beside(void *context, const char *name, const char *from, char **text,
	    size_t *length, char source[CG_SOURCE_MAX], struct cg_error *err);

#endif
