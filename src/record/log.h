/*
 * record/log.h - other tools' logs, read as recordings.
 *
 * What was logged by strace or audit is what happened, as far as they saw it:
 * a gap is noted for what such a log cannot tell. Pure.
 */
#ifndef RECORD_LOG_H
#define RECORD_LOG_H

#include "record/recording.h"

/* Where a log is being read, and what is known of it. */
struct log {
	struct cg_recording *recording;
	const struct cg_abi *native;
	const char *source;
	struct cg_error *err;
	uint32_t line;
};

/* One line of a log, without its end; not NUL-terminated. */
struct log_line {
	const char *text;
	size_t length;
};

enum log_kind {
	LOG_NONE,
	LOG_RECORDING, /* not a log: our own format */
	LOG_STRACE_TABLE,
	LOG_STRACE,
	LOG_AUDIT,
};

/* What a text looks like. */
enum log_kind log_sniff(const char *text, size_t length);

bool log_read_table(struct log *log, const char *text, size_t length);
bool log_read_strace(struct log *log, const char *text, size_t length);
bool log_read_audit(struct log *log, const char *text, size_t length);

/* The next line; false at the end. */
bool log_next(const char **at, const char *end, struct log_line *line);

/* Whether the line holds these letters; where, or NULL. */
const char *log_find(struct log_line line, const char *letters);

/* The failure, with the line that is to blame. */
__attribute__((format(printf, 2, 3))) bool
log_fail(const struct log *log, const char *format, ...);

/*
 * The call of that name on an ABI, or "syscall_0x1bd", as strace names what it
 * does not know. False if there is none.
 */
bool log_call(const struct cg_abi *abi, const char *name, size_t length,
	      uint32_t *nr);

/* An unsigned decimal number at `*at`, which is moved behind it. */
bool log_number(const char **at, const char *end, uint64_t *out);

#endif
