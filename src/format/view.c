#include "format/view.h"

#include <stdlib.h>
#include <string.h>

#include "abi/doors.h"
#include "bpf/answer.h"
#include "format/read.h"
#include "policy/rules.h"
#include "prove/compare.h"
#include "prove/meaning.h"

enum { NODES = 1 << 20 };

bool answer_severer(uint32_t a, uint32_t b)
{
	return (int32_t)(a & CG_RET_ACTION) < (int32_t)(b & CG_RET_ACTION);
}

const char *answer_words(struct writing *writing, uint32_t answer)
{
	char text[40];
	char *copy;

	answer_print(answer, writing->host->native, text, sizeof(text));
	copy = arena_text(writing->arena, text, strlen(text));
	return copy ? copy : "another answer";
}

bool view_is_plain(const struct view_call *call, uint32_t *answer)
{
	if (!call->count) {
		*answer = call->rest;
		return true;
	}
	*answer = call->entries[0].answer;
	for (size_t i = 0; i < call->count; i++) {
		if (call->entries[i].answer != *answer)
			return false;
		if (!call->entries[i].count)
			return true;
	}
	return call->rest == *answer;
}

uint32_t view_strictest(const struct view_call *call)
{
	bool ends = call->count && !call->entries[call->count - 1].count;
	uint32_t answer =
		ends ? call->entries[call->count - 1].answer : call->rest;

	for (size_t i = 0; i < call->count; i++)
		if (answer_severer(call->entries[i].answer, answer))
			answer = call->entries[i].answer;
	return answer;
}

bool view_is_constant(const struct view_abi *abi)
{
	uint32_t answer;

	for (size_t i = 0; i < abi->count; i++)
		if (!view_is_plain(&abi->calls[i], &answer) ||
		    answer != abi->others)
			return false;
	return !abi->odd;
}

const struct view_call *
view_find(const struct view_abi *abi, const struct cg_syscall *call)
{
	for (size_t i = 0; i < abi->count; i++)
		if (abi->calls[i].call == call)
			return &abi->calls[i];
	return NULL;
}

bool view_is_door(const struct cg_abi *abi, const struct cg_syscall *call)
{
	(void)abi;
	return call && (strcmp(call->name, "socketcall") == 0 ||
			strcmp(call->name, "ipc") == 0);
}

/* ------------------------------------------------------------ the making -- */

/* The entries of a number, up to the first without tests. */
static void fill(const struct view_abi *abi, uint32_t nr,
		 const struct cg_syscall *call, struct view_call *out)
{
	*out = (struct view_call){ .nr = nr,
				   .call = call,
				   .rest = abi->others };
	if (!abi->table)
		return;
	out->entries = resolved_entries(abi->table, nr, &out->count);
	out->rest = resolved_rest(abi->table, nr)->answer;
	for (size_t i = 0; i < out->count; i++)
		if (!out->entries[i].count)
			out->count = i + 1;
}

/* The answer that most numbers of a table get when nothing else is said. */
static uint32_t most_common(const struct resolved_abi *table)
{
	uint64_t most = 0;
	uint32_t answer = table->rests[0].answer;

	for (size_t i = 0; i < table->rest_count; i++) {
		uint64_t next = i + 1 < table->rest_count
					? table->rests[i + 1].first
					: (uint64_t)UINT32_MAX + 1;
		uint64_t length = next - table->rests[i].first;

		if (length > most) {
			most = length;
			answer = table->rests[i].answer;
		}
	}
	return answer;
}

static bool has_number(const struct view_abi *abi, uint32_t nr)
{
	return cg_syscall_at(abi->abi, nr) != NULL;
}

/* A number without a name that is not answered as the others are. */
static void find_odd(struct view_abi *abi)
{
	const struct resolved_abi *table = abi->table;

	for (size_t i = 0; i < table->rest_count && !abi->odd; i++) {
		uint64_t end = i + 1 < table->rest_count
				       ? table->rests[i + 1].first
				       : (uint64_t)UINT32_MAX + 1;

		if (table->rests[i].answer == abi->others)
			continue;
		/* Names end early: there is soon one without. */
		for (uint64_t nr = table->rests[i].first; nr < end; nr++)
			if (!has_number(abi, (uint32_t)nr)) {
				abi->odd = true;
				abi->odd_nr = (uint32_t)nr;
				abi->odd_answer = table->rests[i].answer;
				break;
			}
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = ((const struct view_call *)a)->nr;
	uint32_t y = ((const struct view_call *)b)->nr;

	return (x > y) - (x < y);
}

/* All numbers that have a name, then those that have an entry only. */
static bool fill_abi(struct writing *writing, struct view_abi *abi)
{
	size_t named, all;
	const struct abi_number *numbers = abi_numbers(abi->abi, &named);

	all = named + (abi->table ? abi->table->count : 0);
	abi->calls = arena_array(writing->arena, struct view_call, all + 1);
	if (!abi->calls)
		return fail_nomem(writing->err);
	for (size_t i = 0; i < named; i++)
		fill(abi, numbers[i].nr, abi_number_call(&numbers[i]),
		     &abi->calls[abi->count++]);
	for (size_t i = 0; abi->table && i < abi->table->count; i++) {
		uint32_t nr = abi->table->entries[i].nr;

		if (has_number(abi, nr) ||
		    (i && abi->table->entries[i - 1].nr == nr))
			continue;
		fill(abi, nr, NULL, &abi->calls[abi->count++]);
	}
	qsort(abi->calls, abi->count, sizeof(*abi->calls), by_number);
	return true;
}

static bool
add_abi(struct writing *writing, struct view *view, const struct cg_abi *abi)
{
	const struct resolved *resolved = writing->policy->resolved;
	struct view_abi *added = &view->abis[view->count];
	const struct region *region =
		resolved_region(resolved, abi->audit_arch, abi->nr_first);

	if (view->count == VIEW_ABIS)
		return true;
	*added = (struct view_abi){ .abi = abi, .others = resolved->foreign };
	if (region) {
		added->table = region->abi;
		added->others = region->answer;
	}
	if (added->table && added->table->abi != abi)
		return true;
	if (added->table) {
		added->others = most_common(added->table);
		find_odd(added);
	}
	view->count++;
	return fill_abi(writing, added);
}

static bool is_guest(const struct cg_abi *abi, const struct cg_abi *native)
{
	return abi->native && strcmp(abi->native, native->name) == 0;
}

/* Whether the policy says something of an architecture that the view lacks. */
static void look_beyond(const struct resolved *resolved, struct view *view)
{
	for (size_t i = 0; i < resolved->count; i++) {
		bool known = false;

		for (size_t n = 0; n < view->count; n++)
			known |= view->abis[n].abi->audit_arch ==
				 resolved->abis[i].abi->audit_arch;
		view->beyond |= !known;
	}
}

bool view_make(struct writing *writing, struct view *view)
{
	const struct resolved *resolved = writing->policy->resolved;
	const struct cg_abi *native = writing->host->native, *abi;

	*view = (struct view){ .foreign = resolved->foreign };
	if (!add_abi(writing, view, native))
		return false;
	if (!view->count || !view->abis[0].table)
		return fail(writing->err, CG_E_MEANING,
			    "the policy has no rules for %s; --arch says for "
			    "which machine to write",
			    native->name);
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (is_guest(abi, native) && !add_abi(writing, view, abi))
			return false;
	look_beyond(resolved, view);
	return true;
}

/* ------------------------------------------------------------ the check -- */

/* What was written, as a policy. */
static bool read_back(struct writing *writing, const struct format *format,
		      struct cg_policy *back)
{
	const struct cg_source source = { writing->out.text,
					  writing->out.length,
					  "what was written" };
	struct reading reading = {
		.arena = writing->arena,
		.err = writing->err,
		.sources = &source,
		.source_count = 1,
		.host = writing->host,
	};
	struct cg_rules rules = { .source = source.name };

	if (!format->read(&reading))
		return false;
	rules.defaults = reading.defaults;
	rules.default_count = reading.default_count;
	rules.rules = reading.rules;
	rules.rule_count = reading.rule_count;
	rules.foreign = reading.foreign;
	rules.flags = reading.flags;
	back->arena.budget = writing->arena->budget;
	return policy_from_rules(back, &rules, writing->err);
}

static bool refuse(struct writing *writing, const char *subject,
		   const struct cg_witness *witness)
{
	const struct cg_abi *abi =
		cg_abi_of_call(witness->call.arch, witness->call.nr);
	char call[160];

	cg_call_print(&witness->call, NULL, call, sizeof(call));
	return fail(writing->err, CG_E_MEANING,
		    "%s cannot say what the policy means: the answer to %s on "
		    "%s would be %s in place of %s%s",
		    subject, call, abi ? abi->name : "another architecture",
		    answer_words(writing, witness->right),
		    answer_words(writing, witness->left),
		    writing->options->nearest
			    ? ""
			    : "; the nearest form lets no more through");
}

/* Compare two resolved policies as the check wants it. */
static bool
compare(struct writing *writing, const struct resolved *left,
	const struct resolved *right, bool *good, struct cg_witness *witness)
{
	struct diagrams *all = diagrams_new(NODES);
	bool ok = true;
	dd a, b;

	if (!all)
		return fail_nomem(writing->err);
	a = meaning_of(all, left);
	b = meaning_of(all, right);
	*good = true;
	if (diagrams_exhausted(all)) {
		ok = diagrams_out_of_memory(all)
			     ? fail_nomem(writing->err)
			     : fail(writing->err, CG_E_UNDECIDED,
				    "the proof needs more than its budget of "
				    "%d diagram nodes",
				    NODES);
	} else if (writing->options->nearest) {
		ok = compare_permits(all, a, b, good, witness) ||
		     fail_nomem(writing->err);
	} else if (a != b) {
		*good = false;
		compare_witness(all, a, b, witness);
	}
	diagrams_free(all);
	return ok;
}

bool writing_check(struct writing *writing, const struct format *format,
		   const char *subject)
{
	struct cg_policy back = { 0 };
	struct cg_witness witness;
	bool good = false, ok;

	if (writing->out.failed)
		return fail_nomem(writing->err);
	ok = read_back(writing, format, &back) &&
	     compare(writing, writing->policy->resolved, back.resolved, &good,
		     &witness);
	arena_free(&back.arena);
	return ok && (good || refuse(writing, subject, &witness));
}
