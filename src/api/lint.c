/* callgate/lint.h: what will hurt. */
#include <callgate/lint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/chain.h"
#include "api/diagrams.h"
#include "api/object.h"
#include "base/fail.h"
#include "format/host.h"
#include "lint/checks.h"
#include "lint/lint.h"
#include "policy/model.h"

enum { MEMORY = 64 << 20 };

struct cg_findings {
	struct arena arena;
	struct cg_finding *at;
	size_t count;
};

/* --------------------------------------------------------------- cost -- */

enum {
	INSNS_MOST = 32768, /* converted, of a process (kernel/seccomp.c) */
	INSNS_MANY = 16384,
	STEPS_MANY = 60, /* what a filter laid out well never needs */
	STEPS_ABSURD = 400,
};

struct bill {
	size_t converted, calls, steps;
};

/* Every call of the ABI that the kernel does not answer from its cache. */
static void add_up(const struct cg_chain *chain, const struct cg_abi *abi,
		   struct bill *bill)
{
	const struct cg_syscall *syscall;
	struct cg_chain_answer answer;

	for (size_t i = 0; i < chain->count; i++)
		bill->converted +=
			cg_program_converted_length(chain->at[i].program) + 4;
	for (size_t i = 0; (syscall = cg_syscall_get(i)); i++) {
		struct cg_call call = { .arch = abi->audit_arch };

		if (!cg_syscall_number(syscall, abi, &call.nr))
			continue;
		cg_chain_decide(chain, &call, &answer);
		if (answer.cached)
			continue;
		bill->calls++;
		bill->steps += answer.steps;
	}
}

static bool check_bill(struct lint *lint, const struct bill *bill)
{
	size_t mean = bill->calls ? bill->steps / bill->calls : 0;

	if (bill->converted > INSNS_MANY &&
	    !lint_find(lint, "cost", CG_WARNING, NULL, NULL,
		       "%zu of the %d converted instructions that a process "
		       "may hold are used: its children can hardly load more",
		       bill->converted, INSNS_MOST))
		return false;
	return mean < STEPS_MANY ||
	       lint_find(lint, "cost",
			 mean < STEPS_ABSURD ? CG_NOTE : CG_WARNING,
			 lint->native, NULL,
			 "the %zu calls that the kernel cannot answer from its "
			 "cache run %zu instructions each, on average",
			 bill->calls, mean);
}

static bool check_chain(struct lint *lint, const struct cg_chain *chain)
{
	struct bill bill = { 0 };

	add_up(chain, lint->native, &bill);
	return check_bill(lint, &bill);
}

static bool check_program(struct lint *lint, const struct cg_program *program)
{
	struct cg_chain *chain = NULL;
	bool ok;

	if (cg_chain_new(&program, 1, &chain, lint->err) != CG_OK)
		return false;
	ok = check_chain(lint, chain);
	cg_chain_free(chain);
	return ok;
}

/* A policy's filter is made short; whether it fits at all is the question. */
static bool check_policy(struct lint *lint, const struct cg_policy *policy)
{
	struct cg_program *program = NULL;
	struct cg_error err;
	enum cg_status status = cg_compile(policy, NULL, &program, &err);

	if (status == CG_E_TOOLONG)
		return lint_find(lint, "cost", CG_ERROR, NULL, NULL, "%s",
				 err.message);
	if (status == CG_OK) {
		cg_program_free(program);
		return true;
	}
	*lint->err = err;
	return false;
}

/* ----------------------------------------------------------- findings -- */

/* What the policy's reader warned of. */
static bool add_warnings(struct lint *lint, const struct cg_policy *policy)
{
	struct cg_error warning;

	for (size_t i = 0; cg_policy_warning(policy, i, &warning); i++) {
		const struct cg_check *check =
			check_named(warning.check ? warning.check : "reader");
		struct cg_finding *found;

		if (!lint_find(lint, check->name, check->severity, NULL, NULL,
			       "%s", warning.message))
			return false;
		found = &lint->found[lint->count - 1];
		found->line = warning.line;
		found->column = warning.column;
		found->source = arena_text(lint->arena, warning.source,
					   strlen(warning.source));
		if (!found->source)
			return fail_nomem(lint->err);
	}
	return true;
}

/* Where the policy says what the example shows. */
static bool find_places(struct lint *lint, const struct cg_policy *policy)
{
	for (size_t i = 0; i < lint->count; i++) {
		struct cg_finding *found = &lint->found[i];
		struct cg_reason reason;

		if (!found->has_call)
			continue;
		cg_policy_explain(policy, &lint->where[i], &reason);
		found->line = reason.line;
		found->column = reason.column;
		if (!reason.source)
			continue;
		found->source = arena_text(lint->arena, reason.source,
					   strlen(reason.source));
		if (!found->source)
			return fail_nomem(lint->err);
	}
	return true;
}

/* The most severe first; then as the table has them. */
static int by_weight(const void *left, const void *right)
{
	const struct cg_finding *a = left, *b = right;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->check != b->check)
		return a->check < b->check ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->message, b->message);
}

/* A reader that knows the line has said it better. */
static bool is_said(const struct lint *lint, size_t i)
{
	const struct cg_finding *found = &lint->found[i];

	for (size_t j = 0; j < lint->count; j++) {
		const struct cg_finding *other = &lint->found[j];

		if (found->has_call && !other->has_call && other->line &&
		    other->check == found->check && other->line == found->line)
			return true;
	}
	return false;
}

static void drop_what_is_said(struct lint *lint)
{
	size_t kept = 0;

	for (size_t i = 0; i < lint->count; i++)
		lint->found[i].check =
			is_said(lint, i) ? NULL : lint->found[i].check;
	for (size_t i = 0; i < lint->count; i++)
		if (lint->found[i].check)
			lint->found[kept++] = lint->found[i];
	lint->count = kept;
}

/* -------------------------------------------------------------- public -- */

static const struct cg_abi *
native_of(struct cg_side side, const struct cg_lint_options *options)
{
	if (options->native)
		return options->native;
	return side.policy ? side.policy->abis[0] : cg_abi_native();
}

static bool begin(struct lint *lint, struct cg_side side,
		  const struct cg_lint_options *options)
{
	const struct cg_target target = { .runtime = options->runtime };
	struct host host;

	if (!host_of(&target, NULL, &host, lint->err))
		return false;
	lint->engine = host.engine ? host.engine->about.name : NULL;
	lint->runtime = host.runtime ? host.runtime->about.name : NULL;
	lint->no_new_privs = options->no_new_privs;
	lint->native = native_of(side, options);
	lint->all = diagrams_of(side, side, options->nodes, &lint->decision,
				&lint->decision, lint->err);
	if (!lint->all)
		return false;
	if (side_is_big_endian(side) == lint->native->big_endian)
		return true;
	return fail(lint->err, CG_E_INPUT,
		    "the filter is for kernels of another byte order than %s",
		    lint->native->name);
}

static bool run(struct lint *lint, struct cg_side side)
{
	if (!lint_run(lint))
		return false;
	if (side.chain)
		return check_chain(lint, side.chain);
	if (side.program)
		return check_program(lint, side.program);
	if (!find_places(lint, side.policy) ||
	    !add_warnings(lint, side.policy) ||
	    !check_policy(lint, side.policy))
		return false;
	drop_what_is_said(lint);
	return true;
}

enum cg_status
cg_lint(struct cg_side side, const struct cg_lint_options *options,
	struct cg_findings **out, struct cg_error *err)
{
	static const struct cg_lint_options usual = { .no_new_privs = -1 };
	struct cg_findings *findings = calloc(1, sizeof(*findings));
	struct cg_error here = { 0 };
	struct lint lint = { .err = &here };
	bool ok = findings != NULL;

	if (ok) {
		findings->arena.budget = MEMORY;
		lint.arena = &findings->arena;
		ok = begin(&lint, side, options ? options : &usual) &&
		     run(&lint, side);
		diagrams_free(lint.all);
	} else {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	}
	if (ok) {
		if (lint.count)
			qsort(lint.found, lint.count, sizeof(*lint.found),
			      by_weight);
		findings->at = lint.found;
		findings->count = lint.count;
		*out = findings;
		return CG_OK;
	}
	cg_findings_free(findings);
	if (err)
		*err = here;
	return here.status;
}

const struct cg_finding *
cg_finding_get(const struct cg_findings *findings, size_t index)
{
	return index < findings->count ? &findings->at[index] : NULL;
}

void cg_findings_free(struct cg_findings *findings)
{
	if (!findings)
		return;
	arena_free(&findings->arena);
	free(findings);
}
