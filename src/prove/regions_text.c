/*
 * Tests as a person writes them. An argument that is compared as the kernel
 * reads it stands with its name; args[0] is all of its 64 bits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/clause.h"
#include "policy/write.h"
#include "prove/regions.h"

enum { ARGUMENTS = 6, JOINS = 16 };

/* A test as the tables have it: values that lie in an interval or outside. */
static bool
make_test(struct arena *arena, const struct cg_test *from, struct test *out)
{
	struct number_interval *in =
		arena_array(arena, struct number_interval, 1);
	const bool outside =
		from->op == CG_NE || from->op == CG_LT || from->op == CG_GT;

	if (!in)
		return false;
	*in = (struct number_interval){ from->value, from->value };
	if (from->op == CG_LE || from->op == CG_GT)
		in->first = 0;
	if (from->op == CG_GE || from->op == CG_LT)
		in->last = UINT64_MAX;
	*out = (struct test){
		.argument = from->argument,
		.bits = 64,
		.compare = outside ? COMPARE_NOT_IN : COMPARE_IN,
		.mask = from->mask,
		.intervals = in,
		.interval_count = 1,
	};
	return true;
}

static bool make_clauses(struct arena *arena, const struct cg_tests *way,
			 struct clauses *out)
{
	struct test *tests = arena_array(arena, struct test, way->count);
	const struct resolved_entry entry = { .tests = tests,
					      .count = way->count };

	for (size_t i = 0; tests && i < way->count; i++)
		if (!make_test(arena, &way->tests[i], &tests[i]))
			return false;
	return tests && clauses_make(arena, &entry, out);
}

static int by_order(const void *left, const void *right)
{
	return clauses_order(left, right);
}

/* Sorted, and joined where that is one; what was joined may join again. */
static bool join(struct arena *arena, struct clauses *ways, size_t *count)
{
	for (unsigned i = 0; i < JOINS; i++) {
		size_t kept = 0;

		if (*count)
			qsort(ways, *count, sizeof(*ways), by_order);
		for (size_t j = 0; j < *count; j++) {
			bool joined = false;

			if (kept && !clauses_or(arena, &ways[kept - 1],
						&ways[j], &joined))
				return false;
			if (!joined)
				ways[kept++] = ways[j];
		}
		if (kept == *count)
			break;
		*count = kept;
	}
	return true;
}

/* What stands behind the argument: "== 3", "in {1, 2}", "not in 3..5". */
static void put_condition(struct buf *out, const char *text)
{
	const bool negated = strncmp(text, "!= ", 3) == 0;
	bool several;

	if (*text == '&') { /* "&MASK == VALUE" */
		const char *end = strchr(text, ' ');

		buf_printf(out, " & %.*s", (int)(end - text - 1), text + 1);
		text = end + 1;
		put_condition(out,
			      strncmp(text, "== ", 3) == 0 ? text + 3 : text);
		return;
	}
	text += negated ? 3 : 0;
	several = *text == '{' || strstr(text, "..");
	if (*text == '<' || *text == '>')
		buf_printf(out, " %s", text);
	else if (several)
		buf_printf(out, " %sin %s", negated ? "not " : "", text);
	else
		buf_printf(out, " %s %s", negated ? "!=" : "==", text);
}

/* The argument's name, where the call has it and the clause is as wide. */
static bool put_clause(struct arena *arena, const struct clause *clause,
		       const struct cg_syscall *call, const struct cg_abi *abi,
		       struct buf *out)
{
	struct cg_argument arguments[ARGUMENTS];
	enum write_result result = WRITE_CANNOT;
	const char *text = NULL;
	size_t count = 0;

	if (call && !cg_syscall_arguments(call, abi, arguments, &count))
		count = 0;
	if (clause->argument < count && *arguments[clause->argument].name)
		result = clause_write(arena, clause, call, abi, false, &text);
	if (result == WRITE_DONE) {
		buf_puts(out, arguments[clause->argument].name);
	} else if (result == WRITE_CANNOT) {
		buf_printf(out, "args[%u]", clause->argument);
		result = clause_write(arena, clause, call, abi, true, &text);
	}
	if (result != WRITE_DONE)
		return false;
	put_condition(out, text);
	return true;
}

static const char *
put_clauses(struct arena *arena, const struct clauses *clauses,
	    const struct cg_syscall *call, const struct cg_abi *abi)
{
	struct buf out = { 0 };
	const char *text = NULL;
	bool ok = true;

	for (size_t i = 0; ok && i < clauses->count; i++) {
		buf_puts(&out, i ? " && " : "");
		ok = put_clause(arena, &clauses->at[i], call, abi, &out);
	}
	if (ok && !out.failed)
		text = arena_text(arena, out.text ? out.text : "", out.length);
	buf_free(&out);
	return text;
}

bool regions_text(struct arena *arena, const struct cg_syscall *call,
		  const struct cg_abi *abi, struct cg_region *region)
{
	/* What no ABI has is looked at in full. */
	const struct cg_abi *by = abi ? abi : cg_abi_by_name("x86_64");
	size_t count = region->way_count;
	struct clauses *ways = arena_array(arena, struct clauses, count);
	const char **texts = arena_array(arena, const char *, count);

	if (!ways || !texts)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!make_clauses(arena, &region->ways[i], &ways[i]))
			return false;
	if (!join(arena, ways, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		texts[i] = put_clauses(arena, &ways[i], call, by);
		if (!texts[i])
			return false;
	}
	region->texts = texts;
	region->text_count = count;
	return true;
}
