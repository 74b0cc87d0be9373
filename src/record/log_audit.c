/* Records of audit: SECCOMP (1326) and SYSCALL (1300). */
#include "abi/interest.h"
#include "record/log.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* The value of " key=" or of a key at the start of a line. */
static bool field(struct log_line line, const char *key, struct log_line *out)
{
	size_t length = strlen(key);
	const char *end = line.text + line.length;

	for (const char *at = line.text; at + length < end; at++) {
		if ((at != line.text && at[-1] != ' ' && at[-1] != '\x1d') ||
		    memcmp(at, key, length) != 0 || at[length] != '=')
			continue;
		out->text = at + length + 1;
		at = out->text;
		while (at < end && *at != ' ' && *at != '\x1d')
			at++;
		out->length = (size_t)(at - out->text);
		return true;
	}
	return false;
}

static bool read_hex(struct log_line word, uint64_t *out)
{
	uint64_t value = 0;

	if (word.length == 0 || word.length > 16)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		char c = word.text[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

/* "audit(1795313417.332:2284751)" as ns since 1970; 0 if it is not there. */
static uint64_t read_time(struct log_line line)
{
	const char *at = log_find(line, "audit("), *end;
	uint64_t seconds, part;

	if (!at)
		return 0;
	at += strlen("audit(");
	end = line.text + line.length;
	if (!log_number(&at, end, &seconds) || at == end || *at++ != '.' ||
	    end - at < 3 || !log_number(&at, at + 3, &part) ||
	    seconds > UINT64_MAX / 2000000000u)
		return 0;
	return seconds * 1000000000u + part * 1000000u;
}

/* exe="/usr/bin/app", or in hex where it holds odd characters. */
static bool note_program(struct log *log, struct log_line line)
{
	struct log_line word;
	char text[512];

	if (!field(line, "exe", &word) || word.length < 3 ||
	    word.text[0] != '"' || word.length - 2 >= sizeof(text))
		return true;
	memcpy(text, word.text + 1, word.length - 2);
	text[word.length - 2] = '\0';
	return recording_tag(log->recording, LABEL_PROGRAM, text, 0);
}

static bool
note_arguments(struct log *log, struct recorded *row, struct log_line line)
{
	unsigned wanted = interest_arguments(row->abi, row->nr);

	for (unsigned i = 0; i < 6; i++) {
		const char key[] = { 'a', (char)('0' + i), '\0' };
		struct log_line word;
		uint64_t value;

		if (!(wanted & 1u << i))
			continue;
		if (!field(line, key, &word) || !read_hex(word, &value)) {
			recording_add(&row->arguments[i].other, 1);
			continue;
		}
		value = interest_value(row->abi, row->nr, i, value);
		if (!recording_value(log->recording, row, i, value, 1))
			return false;
	}
	return true;
}

/* exit=-2 of a SYSCALL record. */
static bool
note_result(struct log *log, struct recorded *row, struct log_line line)
{
	struct log_line word;
	const char *at;
	uint64_t number;

	if (!field(line, "exit", &word) || word.length < 2 ||
	    word.text[0] != '-')
		return true;
	at = word.text + 1;
	if (!log_number(&at, word.text + word.length, &number) || number == 0 ||
	    number > 511)
		return true;
	return recording_error(log->recording, row, (uint32_t)number, 1);
}

static bool read_record(struct log *log, struct log_line line)
{
	struct log_line arch, call;
	const struct cg_abi *abi;
	struct recorded *row;
	uint64_t audit_arch, nr, when = read_time(line);

	if (!field(line, "arch", &arch) || !field(line, "syscall", &call))
		return true;
	if (!read_hex(arch, &audit_arch) ||
	    num_read(call.text, call.length, &nr) != NUM_OK ||
	    nr > UINT32_MAX || audit_arch > UINT32_MAX)
		return log_fail(log, "not a record of audit: arch is a "
				     "hexadecimal number, syscall a decimal "
				     "one");
	abi = cg_abi_of_call((uint32_t)audit_arch, (uint32_t)nr);
	if (!abi)
		return log_fail(log, "no architecture is known as 0x%llx",
				(unsigned long long)audit_arch);
	row = recording_call(log->recording, CG_PHASE_ALL, abi, (uint32_t)nr);
	if (!row)
		return fail_nomem(log->err);
	recording_add(&row->count, 1);
	recorded_seen(row, when, when);
	return (note_arguments(log, row, line) && note_result(log, row, line) &&
		note_program(log, line)) ||
	       fail_nomem(log->err);
}

bool log_read_audit(struct log *log, const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	struct log_line line;

	for (log->line = 1; log_next(&at, end, &line); log->line++)
		if (log_find(line, "audit(") && !read_record(log, line))
			return false;
	/* What was not logged, such a log cannot know. */
	return (recording_tag(log->recording, LABEL_BACKEND, "audit", 0) &&
		recording_tag(log->recording, LABEL_GAP, "calls", 0)) ||
	       fail_nomem(log->err);
}
