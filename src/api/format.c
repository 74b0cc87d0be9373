/* callgate/format.h: foreign formats, read. */
#include <callgate/format.h>
#include <callgate/lift.h>

#include <stdlib.h>
#include <string.h>

#include "api/beside.h"
#include "api/side.h"
#include "api/sources.h"
#include "format/read.h"

enum { MEMORY = 64 << 20 };

/* The public format is the first member of its row. */
static const struct format *row_of(const struct cg_format *format)
{
	return (const struct format *)(const void *)format;
}

static bool
policy_of_rules(const struct reading *reading, const struct cg_target *target,
		struct cg_policy **out, struct cg_error *err)
{
	const struct cg_policy_options options = {
		.native = reading->host->native,
		.memory = target ? target->memory : 0,
	};
	const struct cg_rules rules = {
		.source = reading->sources[0].name,
		.defaults = reading->defaults,
		.default_count = reading->default_count,
		.rules = reading->rules,
		.rule_count = reading->rule_count,
		.foreign = reading->foreign,
		.flags = reading->flags,
		.default_line = reading->default_place.line,
		.default_column = reading->default_place.column,
	};

	return cg_policy_from_rules(&rules, &options, out, err) == CG_OK;
}

/* What the reader had to say goes with the policy. */
static bool keep_warnings(const struct notes *warnings,
			  struct cg_policy *policy, struct cg_error *err)
{
	size_t count = policy->warning_count + warnings->count;

	if (!warnings->count)
		return true;
	policy->warnings = arena_grow(&policy->arena, policy->warnings,
				      &policy->warning_room, count,
				      sizeof(*policy->warnings));
	if (!policy->warnings)
		return fail_nomem(err);
	memcpy(policy->warnings + policy->warning_count, warnings->at,
	       warnings->count * sizeof(*warnings->at));
	policy->warning_count = count;
	return true;
}

static bool read_with(const struct format *format, struct reading *reading,
		      const struct cg_target *target, struct cg_policy **out,
		      struct cg_program **program)
{
	struct cg_policy *policy = NULL;

	if (!format->read(reading))
		return false;
	if (reading->insns)
		return cg_program_from_insns(reading->insns,
					     reading->insn_count,
					     reading->big_endian, program,
					     reading->err) == CG_OK;
	if (!policy_of_rules(reading, target, &policy, reading->err))
		return false;
	if (!keep_warnings(&reading->warnings, policy, reading->err)) {
		cg_policy_free(policy);
		return false;
	}
	*out = policy;
	return true;
}

static bool
check_sources(struct arena *arena, const struct cg_source *sources,
	      size_t count, struct cg_source **out, struct cg_error *err)
{
	struct cg_source *named = arena_array(arena, struct cg_source, count);

	if (!named)
		return fail_nomem(err);
	if (!count)
		return fail(err, CG_E_INPUT, "there is nothing to read");
	for (size_t i = 0; i < count; i++) {
		named[i] = sources[i];
		if (!named[i].name)
			named[i].name = "";
		if (named[i].length > CG_POLICY_TEXT_MAX)
			return fail_at(err, CG_E_INPUT,
				       (struct place){ named[i].name, 0, 0 },
				       "longer than %d bytes",
				       CG_POLICY_TEXT_MAX);
	}
	*out = named;
	return true;
}

/* Callgate's own language makes more than rules. */
static enum cg_status read_own(const struct cg_source *source, size_t count,
			       const struct cg_target *target,
			       struct cg_policy **out, struct cg_error *err)
{
	struct cg_policy_options options = { 0 };

	if (target) {
		options.native = target->native;
		options.memory = target->memory;
		options.finder = target->finder;
		options.context = target->context;
	}
	if (count == 1)
		return cg_policy_parse(source->text, source->length,
				       source->name, &options, out, err);
	fail_set(err, CG_E_INPUT, "one policy is one file");
	return err->status;
}

enum cg_status
side_read(const struct cg_format *format, const struct cg_source *sources,
	  size_t count, const struct cg_target *target, struct cg_policy **out,
	  struct cg_program **program, struct cg_error *err)
{
	struct arena arena = { .budget = target && target->memory
						 ? target->memory
						 : MEMORY };
	struct cg_error here = { 0 };
	struct cg_source *named = NULL;
	struct host host;
	struct reading reading = { .arena = &arena,
				   .err = &here,
				   .source_count = count,
				   .host = &host };

	if (!format->reads)
		fail_set(&here, CG_E_INPUT, "%s can be written, not read",
			 format->name);
	else if (!row_of(format)->read)
		read_own(sources, count, target, out, &here);
	else if (host_of(target, format->runtime, &host, &here) &&
		 check_sources(&arena, sources, count, &named, &here)) {
		reading.sources = named;
		read_with(row_of(format), &reading, target, out, program);
	}
	arena_free(&arena);
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}

enum cg_status
cg_format_read(const struct cg_format *format, const struct cg_source *sources,
	       size_t count, const struct cg_target *target,
	       struct cg_policy **out, struct cg_error *err)
{
	struct cg_lift_options how = { .memory = target ? target->memory : 0 };
	struct cg_program *program = NULL;
	enum cg_status status =
		side_read(format, sources, count, target, out, &program, err);

	if (!program)
		return status;
	status =
		cg_lift((struct cg_side){ .program = program }, &how, out, err);
	cg_program_free(program);
	return status;
}

enum cg_status cg_format_open(const char *path, const struct cg_format **format,
			      const struct cg_target *target,
			      struct cg_policy **out, struct cg_error *err)
{
	struct cg_target with = { 0 };
	struct cg_error here = { 0 };
	const struct cg_format *as = format ? *format : NULL;
	struct sources sources;

	if (target)
		with = *target;
	if (!with.finder)
		with.finder = find_beside;
	if (sources_open(path, &sources, &here)) {
		if (!as)
			as = cg_format_guess(&sources.at[0]);
		if (!as)
			as = cg_format_by_name("callgate");
		if (!row_of(as)->beside ||
		    sources_add(&sources, row_of(as)->beside, &here))
			here.status =
				cg_format_read(as, sources.at, sources.count,
					       &with, out, &here);
	}
	sources_done(&sources);
	if (here.status == CG_OK && format)
		*format = as;
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}
