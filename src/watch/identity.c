/* One violation, one id: whoever saw it, and whenever it is read again. */
#include <callgate/watch.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

enum { MILLISECOND = 1000000 };

/*
 * A record of audit is told from all others by its time, which has
 * milliseconds, and its serial; what else it has of the call tells hosts from
 * each other. Without a record it is the thread and the exact time.
 */
void cg_violation_id(const struct cg_violation *violation,
		     char out[CG_VIOLATION_ID])
{
	char text[256], hash[SHA256_TEXT];
	int length;

	length = snprintf(text, sizeof(text),
			  "%" PRIu32 " %" PRIx32 " %" PRIu32 " %" PRIx64,
			  violation->pid, violation->arch, violation->nr,
			  violation->has_ip ? violation->ip : 0);
	if (violation->serial)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   " audit %" PRIu64 " %" PRIu64,
				   violation->time / MILLISECOND,
				   violation->serial);
	else
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   " thread %" PRIu64 " %" PRIu32,
				   violation->time, violation->thread);
	sha256_text(text, (size_t)length, hash);
	memcpy(out, hash, CG_VIOLATION_ID - 1);
	out[CG_VIOLATION_ID - 1] = '\0';
}
