/* One violation, one id: whoever saw it, and whenever it is read again. */
#include <callgate/watch.h>

#include <string.h>

#include "base/line.h"
#include "base/num.h"
#include "base/sha256.h"

enum { MILLISECOND = 1000000 };

static void
put(struct line *line, const char *before, uint64_t number, unsigned base)
{
	char text[NUM_TEXT];

	num_write(number, base, text);
	line_puts(line, before);
	line_puts(line, text);
}

/*
 * A record of audit is told from all others by its time, which has
 * milliseconds, and its serial; what else it has of the call tells hosts from
 * each other. Without a record it is the thread and the exact time.
 */
void cg_violation_id(const struct cg_violation *violation,
		     char out[CG_VIOLATION_ID])
{
	char text[256], hash[SHA256_TEXT];
	struct line line = { text, sizeof(text), 0 };

	put(&line, "", violation->pid, 10);
	put(&line, " ", violation->arch, 16);
	put(&line, " ", violation->nr, 10);
	put(&line, " ", violation->has_ip ? violation->ip : 0, 16);
	if (violation->serial) {
		put(&line, " audit ", violation->time / MILLISECOND, 10);
		put(&line, " ", violation->serial, 10);
	} else {
		put(&line, " thread ", violation->time, 10);
		put(&line, " ", violation->thread, 10);
	}
	sha256_text(text, line.length, hash);
	memcpy(out, hash, CG_VIOLATION_ID - 1);
	out[CG_VIOLATION_ID - 1] = '\0';
}
