#include "record/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char rule[] = "------ ----------- ----------- --------- "
			   "--------- ----------------\n";

static uint64_t errors_of(const struct recorded *call)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < call->failures.count; i++)
		recording_add(&sum, call->failures.at[i].count);
	return sum;
}

/* The call that took longest first; where that is equal, the one made most. */
static int by_cost(const void *left, const void *right)
{
	const struct recorded *a = *(struct recorded *const *)left;
	const struct recorded *b = *(struct recorded *const *)right;

	if (a->time != b->time)
		return a->time > b->time ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

static void write_numbers(double percent, uint64_t time, uint64_t calls,
			  uint64_t errors, struct buf *out)
{
	uint64_t each = calls ? time / calls / 1000 : 0;
	char failed[24] = "";

	if (errors)
		snprintf(failed, sizeof(failed), "%" PRIu64, errors);
	buf_printf(out,
		   "%6.2f %4" PRIu64 ".%06" PRIu64 " %11" PRIu64 " %9" PRIu64
		   " %9s ",
		   percent, time / 1000000000u, time / 1000u % 1000000u, each,
		   calls, failed);
}

static void
write_row(const struct recorded *call, uint64_t whole, struct buf *out)
{
	const struct cg_syscall *known = cg_syscall_at(call->abi, call->nr);

	write_numbers(whole ? 100.0 * (double)call->time / (double)whole : 0.0,
		      call->time, call->count, errors_of(call), out);
	if (known)
		buf_printf(out, "%s\n", known->name);
	else
		buf_printf(out, "syscall_0x%" PRIx32 "\n", call->nr);
}

static void
write_rows(struct recorded *const *calls, size_t count, struct buf *out)
{
	uint64_t time = 0, made = 0, errors = 0;

	for (size_t i = 0; i < count; i++) {
		recording_add(&time, calls[i]->time);
		recording_add(&made, calls[i]->count);
		recording_add(&errors, errors_of(calls[i]));
	}
	buf_puts(out, "% time     seconds  usecs/call     calls    errors "
		      "syscall\n");
	buf_puts(out, rule);
	for (size_t i = 0; i < count; i++)
		write_row(calls[i], time, out);
	buf_puts(out, rule);
	write_numbers(100.0, time, made, errors, out);
	buf_puts(out, "total\n");
}

enum { SHOWN = 8, VALUE_TEXT = 96 };

static int by_count(const void *left, const void *right)
{
	const struct cg_recorded_value *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

/* "socket family: AF_UNIX 2, AF_INET 1, others 3", the commonest first. */
static void
write_argument(const struct recorded *call, unsigned number, struct buf *out)
{
	const struct arguments *values = &call->arguments[number];
	const struct cg_syscall *known = cg_syscall_at(call->abi, call->nr);
	struct cg_recorded_value sorted[RECORDING_VALUES];
	struct cg_argument arguments[6] = { 0 };
	uint64_t others = values->other;
	char text[VALUE_TEXT];
	size_t count = 0;

	if (!known)
		return;
	cg_syscall_arguments(known, call->abi, arguments, &count);
	memcpy(sorted, values->at, values->count * sizeof(*sorted));
	qsort(sorted, values->count, sizeof(*sorted), by_count);
	buf_printf(out, "  %s %s:", known->name,
		   number < count ? arguments[number].name : "argument");
	for (size_t i = 0; i < values->count; i++) {
		if (i >= SHOWN) {
			recording_add(&others, sorted[i].count);
			continue;
		}
		cg_argument_print(&arguments[number], call->abi,
				  sorted[i].value, text, sizeof(text));
		buf_printf(out, "%s %s %" PRIu64, i ? "," : "", text,
			   sorted[i].count);
	}
	if (others)
		buf_printf(out, "%s others %" PRIu64, values->count ? "," : "",
			   others);
	buf_puts(out, "\n");
}

static void
write_arguments(struct recorded *const *calls, size_t count, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < count; i++)
		for (unsigned arg = 0; arg < 6; arg++) {
			const struct arguments *values =
				&calls[i]->arguments[arg];

			if (!values->count)
				continue;
			buf_puts(out, any ? "" : "arguments:\n");
			any = true;
			write_argument(calls[i], arg, out);
		}
}

/* As strace calls the ABIs behind the first: "32 bit", "x32". */
static const char *mode_of(const struct cg_abi *abi)
{
	if (abi->nr_base)
		return abi->name;
	return abi->bits == 32 ? "32 bit" : "64 bit";
}

static void write_heading(const struct recorded *first,
			  const struct recorded *call, struct buf *out)
{
	if (call->phase != CG_PHASE_ALL &&
	    (call == first || call->phase != first->phase))
		buf_printf(out, "Phase %s:\n",
			   recording_phase_name(call->phase));
	if (call->abi->native || call->abi->bits == 32)
		buf_printf(out, "System call usage summary for %s mode:\n",
			   mode_of(call->abi));
}

/* The calls of one phase: the native ABI first, as strace has it. */
static int by_table(const void *left, const void *right)
{
	const struct recorded *a = *(struct recorded *const *)left;
	const struct recorded *b = *(struct recorded *const *)right;
	bool native_a = !a->abi->native, native_b = !b->abi->native;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (native_a != native_b)
		return native_a ? -1 : 1;
	if (a->abi != b->abi)
		return strcmp(a->abi->name, b->abi->name);
	return by_cost(left, right);
}

void table_write(const struct cg_recording *recording, struct buf *out)
{
	struct recorded **calls = calloc(recording->count + 1, sizeof(*calls));
	size_t from = 0;

	if (!calls) {
		out->failed = true;
		return;
	}
	if (recording->count)
		memcpy(calls, recording->calls,
		       recording->count * sizeof(*calls));
	qsort(calls, recording->count, sizeof(*calls), by_table);
	for (size_t to = 0; to < recording->count; from = to) {
		while (to < recording->count &&
		       calls[to]->abi == calls[from]->abi &&
		       calls[to]->phase == calls[from]->phase)
			to++;
		write_heading(calls[from ? from - 1 : 0], calls[from], out);
		write_rows(calls + from, to - from, out);
		write_arguments(calls + from, to - from, out);
	}
	if (recording->count == 0)
		write_rows(calls, 0, out);
	free(calls);
}
