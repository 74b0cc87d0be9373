#include "policy/write_steps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/clause.h"
#include "policy/write.h"

enum { ARGUMENTS = 6, JOINS = 16 };

/* A step as it is made: rules are clauses yet. */
struct draft {
	const char *action;
	struct clauses *rules;
	size_t count, room;
	bool whole; /* for all calls */
};

struct making {
	struct arena *arena;
	const struct steps_of *of;
	struct draft *drafts;
	size_t count, room;
};

static bool add_draft(struct making *making, const char *action)
{
	struct draft *last =
		making->count ? &making->drafts[making->count - 1] : NULL;

	if (last && strcmp(last->action, action) == 0)
		return true;
	making->drafts =
		arena_grow(making->arena, making->drafts, &making->room,
			   making->count + 1, sizeof(*making->drafts));
	if (!making->drafts)
		return false;
	making->drafts[making->count++] = (struct draft){ .action = action };
	return true;
}

/* Add an answer to all calls, or to those of `clauses`. */
static bool
add(struct making *making, uint32_t answer, const struct clauses *clauses)
{
	const char *action =
		action_write(making->arena, answer, making->of->abi);
	struct draft *last;

	if (!action || !add_draft(making, action))
		return false;
	last = &making->drafts[making->count - 1];
	if (!clauses) {
		last->whole = true; /* what is in it already changes nothing */
		return true;
	}
	last->rules = arena_grow(making->arena, last->rules, &last->room,
				 last->count + 1, sizeof(*last->rules));
	if (!last->rules)
		return false;
	last->rules[last->count++] = *clauses;
	return true;
}

static bool draft_all(struct making *making)
{
	const struct steps_of *of = making->of;
	struct clauses clauses;

	for (size_t i = 0; i < of->count; i++) {
		if (!clauses_make(making->arena, &of->entries[i], &clauses))
			return false;
		if (clauses.never)
			continue;
		if (!clauses.count)
			return add(making, of->entries[i].answer, NULL);
		if (!add(making, of->entries[i].answer, &clauses))
			return false;
	}
	return add(making, of->rest, NULL);
}

/* ------------------------------------------------------------- rules -- */

static int by_order(const void *left, const void *right)
{
	return clauses_order(left, right);
}

/* Rules of one action in any order: sorted, and joined where that is one. */
static bool join_once(struct arena *arena, struct draft *draft)
{
	size_t kept = 0;
	bool joined;

	if (draft->count)
		qsort(draft->rules, draft->count, sizeof(*draft->rules),
		      by_order);
	for (size_t i = 0; i < draft->count; i++) {
		joined = false;
		if (kept && !clauses_or(arena, &draft->rules[kept - 1],
					&draft->rules[i], &joined))
			return false;
		if (!joined)
			draft->rules[kept++] = draft->rules[i];
	}
	draft->count = kept;
	/* One that holds whatever comes sorts before all others. */
	draft->whole |= kept && !draft->rules[0].count;
	return true;
}

/* What is joined may go together with others now. */
static bool join(struct arena *arena, struct draft *draft)
{
	for (unsigned i = 0; i < JOINS && !draft->whole; i++) {
		const size_t before = draft->count;

		if (!join_once(arena, draft))
			return false;
		if (draft->count == before)
			break;
	}
	return true;
}

/* The conditions of each argument's place, joined by &&. */
static bool put_parts(struct making *making, const struct clauses *clauses,
		      struct buf parts[ARGUMENTS])
{
	const struct steps_of *of = making->of;

	for (size_t i = 0; i < clauses->count; i++) {
		const struct clause *clause = &clauses->at[i];
		const char *text = UNSAYABLE;
		unsigned place = clause->argument;

		if (!of->exact)
			place = argument_place(of->call, of->abi, place);
		place = place < ARGUMENTS ? place : ARGUMENTS - 1;
		if (clause_write(making->arena, clause, of->call, of->abi,
				 of->exact, &text) == WRITE_FAILED)
			return false;
		buf_puts(&parts[place], parts[place].length ? " && " : "");
		buf_puts(&parts[place], text);
	}
	return true;
}

/* "socket(AF_UNIX, _, < 3)", or NULL if memory ran out. */
static const char *
put_rule(struct making *making, const struct clauses *clauses)
{
	struct buf parts[ARGUMENTS] = { 0 }, out = { 0 };
	bool ok = put_parts(making, clauses, parts);
	const char *text;
	unsigned most = 0;

	if (making->of->call)
		buf_puts(&out, making->of->call->name);
	else
		buf_printf(&out, "nr=%" PRIu32, making->of->nr);
	for (unsigned i = 0; i < ARGUMENTS; i++) {
		most = parts[i].length ? i + 1 : most;
		ok = ok && !parts[i].failed;
	}
	for (unsigned i = 0; i < most; i++) {
		buf_puts(&out, i ? ", " : "(");
		buf_puts(&out, parts[i].length ? parts[i].text : "_");
	}
	buf_puts(&out, ")");
	ok = ok && !out.failed;
	text = ok ? arena_text(making->arena, out.text, out.length) : NULL;
	for (unsigned i = 0; i < ARGUMENTS; i++)
		buf_free(&parts[i]);
	buf_free(&out);
	return text;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool
put_step(struct making *making, struct draft *draft, struct step *out)
{
	*out = (struct step){ .action = draft->action };
	if (draft->whole)
		return true;
	out->rules = arena_array(making->arena, const char *, draft->count);
	if (!out->rules)
		return false;
	for (size_t i = 0; i < draft->count; i++) {
		const char *text = put_rule(making, &draft->rules[i]);

		if (!text)
			return false;
		out->rules[out->count++] = text;
	}
	qsort(out->rules, out->count, sizeof(*out->rules), by_text);
	return true;
}

/* ------------------------------------------------------------- steps -- */

bool steps_make(struct arena *arena, const struct steps_of *of,
		struct steps *out)
{
	struct making making = { .arena = arena, .of = of };

	*out = (struct steps){ 0 };
	if (!draft_all(&making))
		return false;
	for (size_t i = 0; i < making.count; i++) {
		if (!join(arena, &making.drafts[i]))
			return false;
		if (making.drafts[i].whole)
			making.count = i + 1; /* nothing comes through */
	}
	while (making.count && strcmp(making.drafts[making.count - 1].action,
				      of->otherwise) == 0)
		making.count--;
	out->at = arena_array(arena, struct step, making.count);
	if (!out->at)
		return false;
	for (; out->count < making.count; out->count++)
		if (!put_step(&making, &making.drafts[out->count],
			      &out->at[out->count]))
			return false;
	return true;
}

bool steps_same(const struct steps *a, const struct steps *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct step *x = &a->at[i], *y = &b->at[i];

		if (x->count != y->count || strcmp(x->action, y->action) != 0)
			return false;
		for (size_t j = 0; j < x->count; j++)
			if (strcmp(x->rules[j], y->rules[j]) != 0)
				return false;
	}
	return true;
}
