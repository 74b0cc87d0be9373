/* watch/seccomp.h - the namespace of our own: what the schema has no words for.
 */
#ifndef WATCH_SECCOMP_H
#define WATCH_SECCOMP_H

#include "watch/json.h"
#include "watch/violation.h"

/* Write the member "seccomp" of an event. */
void seccomp_put(struct json *json, const struct cg_violation *violation,
		 const char *text);

#endif
