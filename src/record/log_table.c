/* The table of `strace -c`. */
#include "record/log.h"

#include <string.h>

enum { COLUMNS = 6 };

struct table {
	struct log *log;
	const struct cg_abi *abi;
	bool in_rows;
	bool seen; /* any row */
};

/* "for 32 bit mode", "for x32 mode": a table of another ABI follows. */
static bool choose_abi(struct table *table, struct log_line line)
{
	const struct cg_abi *abi;

	if (log_find(line, " 64 bit mode"))
		table->abi = table->log->native;
	if (!log_find(line, " 32 bit mode") && !log_find(line, " x32 mode"))
		return true;
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (abi->native &&
		    strcmp(abi->native, table->log->native->name) == 0 &&
		    !log_find(line, " x32 mode") == !abi->nr_base) {
			table->abi = abi;
			return true;
		}
	return log_fail(table->log, "%s has no such mode",
			table->log->native->name);
}

/* Words of a line; how many, at most COLUMNS + 1. */
static size_t split(struct log_line line, struct log_line words[COLUMNS + 1])
{
	const char *at = line.text, *end = at + line.length;
	size_t count = 0;

	while (count <= COLUMNS) {
		while (at < end && *at == ' ')
			at++;
		if (at == end)
			break;
		words[count].text = at;
		while (at < end && *at != ' ')
			at++;
		words[count].length = (size_t)(at - words[count].text);
		count++;
	}
	return count;
}

/* "0.001025" as nanoseconds. */
static bool read_seconds(struct log_line word, uint64_t *out)
{
	const char *at = word.text, *end = at + word.length;
	uint64_t whole, part;
	const char *start;

	if (!log_number(&at, end, &whole) || at == end || *at++ != '.')
		return false;
	start = at;
	while (start < end && *start == '0')
		start++;
	if (end - at != 6)
		return false;
	part = 0;
	if (start < end && (!log_number(&start, end, &part) || start != end))
		return false;
	if (whole > UINT64_MAX / 2000000000u)
		return false;
	*out = whole * 1000000000u + part * 1000u;
	return true;
}

static bool read_count(struct log_line word, uint64_t *out)
{
	const char *at = word.text, *end = at + word.length;

	return log_number(&at, end, out) && at == end;
}

static bool read_row(struct table *table, struct log_line line)
{
	struct log *log = table->log;
	struct log_line words[COLUMNS + 1];
	size_t count = split(line, words);
	struct log_line name = words[count ? count - 1 : 0];
	uint64_t time, calls, errors = 0;
	struct recorded *row;
	uint32_t nr;

	if ((count != COLUMNS && count != COLUMNS - 1) ||
	    !read_seconds(words[1], &time) || !read_count(words[3], &calls) ||
	    (count == COLUMNS && !read_count(words[4], &errors)))
		return log_fail(log, "not a row of strace -c: %% time, "
				     "seconds, usecs/call, calls, errors, "
				     "syscall");
	if (!log_call(table->abi, name.text, name.length, &nr))
		return log_fail(log, "%s has no call '%.*s'", table->abi->name,
				(int)(name.length < 64 ? name.length : 64),
				name.text);
	row = recording_call(log->recording, CG_PHASE_ALL, table->abi, nr);
	if (!row)
		return fail_nomem(log->err);
	recording_add(&row->count, calls);
	recording_add(&row->time, time);
	/* Which error, such a table does not tell. */
	if (errors && !recording_error(log->recording, row, 0, errors))
		return fail_nomem(log->err);
	table->seen = true;
	return true;
}

static bool read_line(struct table *table, struct log_line line)
{
	bool dashes = line.length > 6 && memcmp(line.text, "------", 6) == 0;

	if (dashes) {
		table->in_rows = !table->in_rows && table->seen == false;
		return true;
	}
	if (table->in_rows)
		return read_row(table, line);
	if (log_find(line, "System call usage summary"))
		return choose_abi(table, line);
	if (log_find(line, "% time     seconds")) {
		table->seen = false;
		return true;
	}
	return true; /* the total, or what the program itself printed */
}

bool log_read_table(struct log *log, const char *text, size_t length)
{
	struct table table = { .log = log, .abi = log->native };
	const char *at = text, *end = text + length;
	struct log_line line;

	for (log->line = 1; log_next(&at, end, &line); log->line++)
		if (!read_line(&table, line))
			return false;
	if (table.in_rows)
		return log_fail(log, "the table of strace -c has no end");
	return (recording_tag(log->recording, LABEL_BACKEND, "strace", 0) &&
		recording_tag(log->recording, LABEL_GAP, "arguments", 0) &&
		recording_tag(log->recording, LABEL_GAP, "errnos", 0)) ||
	       fail_nomem(log->err);
}
