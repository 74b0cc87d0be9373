/* A filter as libseccomp's pseudo filter code, line by line as it writes it. */
#include "format/scmp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "format/scmp_names.h"

/* Calls that a tree by number keeps together. */
enum { GROUP = 4, PRIORITY_MOST = 65535 };

struct text {
	struct buf buf;
	const struct cg_scmp_arch *arch;
	unsigned indent;
	bool trap_data;
};

/* One call, with what it is sorted by. */
struct ranked {
	const struct scmp_call *call;
	uint32_t priority;
};

__attribute__((format(printf, 2, 3))) static void
line(struct text *text, const char *format, ...)
{
	va_list args;
	char what[128];

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	buf_printf(&text->buf, "%*s%s\n", (int)(2 * text->indent), "", what);
}

static void write_action(struct text *text, uint32_t answer)
{
	static const struct {
		uint32_t action;
		const char *name;
		bool data;
	} rows[] = {
		{ CG_RET_KILL_PROCESS, "KILL_PROCESS", false },
		{ CG_RET_KILL_THREAD, "KILL", false },
		{ CG_RET_TRAP, "TRAP", true },
		{ CG_RET_ERRNO, "ERRNO", true },
		{ CG_RET_TRACE, "TRACE", true },
		{ CG_RET_LOG, "LOG", false },
		{ CG_RET_ALLOW, "ALLOW", false },
	};
	unsigned data = answer & CG_RET_DATA;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].action != (answer & CG_RET_ACTION))
			continue;
		if (rows[i].data &&
		    (rows[i].action != CG_RET_TRAP || text->trap_data))
			line(text, "action %s(%u);", rows[i].name, data);
		else
			line(text, "action %s;", rows[i].name);
		return;
	}
	line(text, "action 0x%" PRIx32 ";", answer);
}

/* --------------------------------------------------------------- one call --
 */

static void write_test(struct text *text, const struct scmp_node *node)
{
	static const char *const halves[] = { ".hi32", ".lo32" };
	const char *half = text->arch->bits == 64 ? halves[node->half] : "";

	if (node->test == SCMP_TEST_MASKED)
		line(text, "if ($a%u%s & 0x%08" PRIx32 " == %" PRIu32 ")",
		     node->argument, half, node->mask, node->value);
	else
		line(text, "if ($a%u%s %s %" PRIu32 ")", node->argument, half,
		     node->test == SCMP_TEST_EQ   ? "=="
		     : node->test == SCMP_TEST_GE ? ">="
						  : ">",
		     node->value);
}

static void write_level(struct text *text, const struct scmp_level *level);

static void write_branch(struct text *text, const struct scmp_branch *branch)
{
	text->indent++;
	if (branch->end == SCMP_ANSWER)
		write_action(text, branch->answer);
	else if (branch->end == SCMP_LEVEL)
		write_level(text, branch->level);
	text->indent--;
}

/* At most two levels an argument, and those of bounds. */
static void write_level(struct text *text, const struct scmp_level *level)
{
	for (size_t i = level->count; i-- > 0;) {
		const struct scmp_node *node = level->nodes[i];

		write_test(text, node);
		write_branch(text, &node->yes);
		if (node->no.end != SCMP_NOWHERE)
			line(text, "else");
		write_branch(text, &node->no);
	}
}

static const char *name_of(const struct cg_scmp_arch *arch, uint32_t nr)
{
	const struct cg_syscall *call = NULL;
	const char *name = cg_scmp_name(arch, (int)nr);

	/* What goes through a multiplexer may have a number all the same. */
	if (!name && nr >= arch->abi->nr_first && nr <= arch->abi->nr_last)
		call = cg_syscall_at(arch->abi, nr);
	return name ? name : call ? call->name : "UNKNOWN";
}

static void write_call(struct text *text, const struct ranked *ranked)
{
	const struct scmp_call *call = ranked->call;

	line(text,
	     "# filter for syscall \"%s\" (%" PRIu32 ") [priority: %" PRIu32
	     "]",
	     name_of(text->arch, call->nr), call->nr, ranked->priority);
	line(text, "if ($syscall == %" PRIu32 ")", call->nr);
	text->indent++;
	if (call->plain)
		write_action(text, call->answer);
	else
		write_level(text, call->root);
	text->indent--;
}

/* -------------------------------------------------------------- all calls --
 */

static uint32_t tests_in(const struct scmp_branch *branch)
{
	uint32_t count = 0;

	if (branch->end != SCMP_LEVEL)
		return 0;
	for (size_t i = 0; i < branch->level->count; i++) {
		const struct scmp_node *node = branch->level->nodes[i];

		count += 1 + tests_in(&node->yes) + tests_in(&node->no);
	}
	return count;
}

/* The tests of a rule that is alone; what they share is there once. */
static uint32_t tests_of(const struct scmp_rule *rule, unsigned bits)
{
	uint32_t count = 0;

	for (size_t i = 0; i < rule->count; i++) {
		uint8_t op = rule->conditions[i].op;
		bool bound = op != CG_SCMP_EQ && op != CG_SCMP_NE &&
			     op != CG_SCMP_MASKED_EQ;

		count += bits == 32 ? 1 : bound ? 3 : 2;
	}
	return count;
}

static uint32_t priority_of(const struct scmp_call *call, unsigned bits)
{
	uint32_t tests = 0;

	if (!call->plain && call->count == 1)
		tests = tests_of(call->first, bits);
	else if (!call->plain)
		tests = tests_in(&(struct scmp_branch){ .level = call->root,
							.end = SCMP_LEVEL });
	return ((uint32_t)call->priority << 16) + PRIORITY_MOST - tests;
}

static int by_number(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	return (a->call->nr < b->call->nr) - (a->call->nr > b->call->nr);
}

static int by_priority(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->priority != b->priority)
		return a->priority < b->priority ? 1 : -1;
	return by_number(left, right);
}

/*
 * Groups of four from the highest number down, halved: the upper half has the
 * largest power of two of groups that leaves the lower half any.
 */
static void
write_tree(struct text *text, const struct ranked *calls, size_t count)
{
	size_t upper = GROUP;

	if (count <= GROUP) {
		for (size_t i = 0; i < count; i++)
			write_call(text, &calls[i]);
		return;
	}
	while (upper * 2 < count)
		upper *= 2;
	line(text, "if ($syscall > %" PRIu32 ")", calls[upper].call->nr);
	text->indent++;
	write_tree(text, calls, upper);
	text->indent--;
	line(text, "else # ($syscall <= %" PRIu32 ")", calls[upper].call->nr);
	text->indent++;
	write_tree(text, calls + upper, count - upper);
	text->indent--;
}

/* How many calls there are places for, if so many are counted; 0: no tree. */
static size_t room_in_tree(size_t counted)
{
	size_t room = 2 * GROUP;

	while (room < counted)
		room *= 2;
	return counted > GROUP ? room : 0;
}

static bool
write_filter(struct text *text, const struct scmp_filter *filter, int level)
{
	struct ranked *calls = calloc(filter->count + 1, sizeof(*calls));
	unsigned bits = filter->arch->bits;
	size_t count = 0, real = 0, inside;

	if (!calls)
		return false;
	for (const struct scmp_block *block = filter->first; block;
	     block = block->next)
		for (size_t i = 0; i < block->used; i++) {
			const struct scmp_call *call = &block->calls[i];

			if (!call->ruled)
				continue;
			calls[count++] =
				(struct ranked){ call,
						 priority_of(call, bits) };
			/* libseccomp does not count these. */
			real += !call->early;
		}
	qsort(calls, count, sizeof(*calls),
	      level == 2 ? by_number : by_priority);
	inside = level == 2 ? room_in_tree(real) : 0;
	if (inside > count)
		inside = count;
	if (inside)
		write_tree(text, calls, inside);
	for (size_t i = inside; i < count; i++)
		write_call(text, &calls[i]);
	free(calls);
	return true;
}

char *cg_scmp_text(const struct cg_scmp *scmp, int level, bool trap_data)
{
	struct text text = { .trap_data = trap_data };
	bool ok = !scmp->broken;

	buf_puts(&text.buf, "#\n# pseudo filter code start\n#\n");
	for (size_t i = 0; i < scmp->count && ok; i++) {
		const struct cg_scmp_arch *arch = scmp->filters[i]->arch;
		uint32_t audit = arch->abi->audit_arch;

		text.arch = arch;
		line(&text, "# filter for arch %s (%" PRIu32 ")", arch->name,
		     audit);
		line(&text, "if ($arch == %" PRIu32 ")", audit);
		text.indent++;
		ok = write_filter(&text, scmp->filters[i], level);
		line(&text, "# default action");
		write_action(&text, scmp->answer);
		text.indent--;
	}
	line(&text, "# invalid architecture action");
	write_action(&text, scmp->foreign);
	buf_puts(&text.buf, "#\n# pseudo filter code end\n#\n");
	if (ok)
		return buf_done(&text.buf);
	buf_free(&text.buf);
	return NULL;
}
