/* callgate/record.h: recordings as objects. */
#include <callgate/policy.h>
#include <callgate/record.h>

#include <stdlib.h>
#include <string.h>

#include "record/draft.h"
#include "record/log.h"
#include "record/recording.h"
#include "record/table.h"
#include "sys/file.h"

enum { FILE_MAX = 64 << 20 };

void cg_recording_free(struct cg_recording *recording)
{
	if (!recording)
		return;
	arena_free(&recording->arena);
	free(recording);
}

bool cg_recording_sniff(const char *text, size_t length)
{
	return log_sniff(text, length) != LOG_NONE;
}

static bool parse(struct log *log, const char *text, size_t length)
{
	switch (log_sniff(text, length)) {
	case LOG_RECORDING:
		return recording_read(log->recording, text, length, log->source,
				      log->err);
	case LOG_STRACE_TABLE:
		return log_read_table(log, text, length);
	case LOG_STRACE:
		return log_read_strace(log, text, length);
	case LOG_AUDIT:
		return log_read_audit(log, text, length);
	default:
		return fail(log->err, CG_E_INPUT,
			    "%s is no recording: neither Callgate's own, nor a "
			    "log of strace, nor audit records",
			    log->source);
	}
}

enum cg_status
cg_recording_parse(const char *text, size_t length, const char *source,
		   const struct cg_recording_options *options,
		   struct cg_recording **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct log log = { .err = &here, .source = source ? source : "" };

	log.native =
		options && options->native ? options->native : cg_abi_native();
	log.recording = recording_new(options ? options->memory : 0);
	if (!log.recording)
		fail_set(&here, CG_E_NOMEM, "out of memory");
	else if (parse(&log, text, length)) {
		*out = log.recording;
		return CG_OK;
	}
	cg_recording_free(log.recording);
	if (err)
		*err = here;
	return here.status;
}

enum cg_status
cg_recording_open(const char *path, const struct cg_recording_options *options,
		  struct cg_recording **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	enum cg_status status;
	char *text;
	size_t length;

	if (!file_read(path, FILE_MAX, &text, &length, &here)) {
		if (err)
			*err = here;
		return here.status;
	}
	status = cg_recording_parse(text, length, path, options, out, err);
	free(text);
	return status;
}

enum cg_status
cg_recording_join(struct cg_recording *into, const struct cg_recording *from,
		  struct cg_error *err)
{
	struct cg_error here = { 0 };

	if (into == from)
		fail_set(&here, CG_E_INPUT,
			 "a recording cannot be joined with itself");
	else if (!recording_join(into, from))
		fail_set(&here, CG_E_NOMEM, "out of memory");
	if (err)
		*err = here;
	return here.status;
}

bool cg_recording_get(const struct cg_recording *recording, size_t index,
		      struct cg_recorded *out)
{
	const struct recorded *call;

	if (index >= recording->count)
		return false;
	call = recording->calls[index];
	*out = (struct cg_recorded){
		.phase = call->phase,
		.abi = call->abi,
		.nr = call->nr,
		.call = cg_syscall_at(call->abi, call->nr),
		.count = call->count,
		.time = call->time,
		.first = call->first,
		.last = call->last,
		.error_list = call->failures.at,
		.error_count = call->failures.count,
		.stack = call->stack,
	};
	for (size_t i = 0; i < call->failures.count; i++)
		recording_add(&out->errors, call->failures.at[i].count);
	for (size_t i = 0; i < 6; i++) {
		out->values[i].list = call->arguments[i].at;
		out->values[i].count = call->arguments[i].count;
		out->values[i].other = call->arguments[i].other;
	}
	return true;
}

const char *
cg_recording_word(const struct cg_recording *recording,
		  enum cg_recording_word kind, size_t index, uint64_t *count)
{
	const struct tags *tags;

	if ((size_t)kind >= LABELS)
		return NULL;
	tags = &recording->tags[kind];
	if (index >= tags->count)
		return NULL;
	if (count)
		*count = tags->at[index].count;
	return tags->at[index].text;
}

char *cg_recording_text(const struct cg_recording *recording)
{
	struct buf text = { 0 };

	recording_write(recording, &text);
	return buf_done(&text);
}

char *cg_recording_table(const struct cg_recording *recording)
{
	struct buf text = { 0 };

	table_write(recording, &text);
	return buf_done(&text);
}

/* ------------------------------------------------------------ policies -- */

/* Whether the policy allows a call with this argument; -1: with none set. */
static bool allowed(const struct cg_policy *policy, const struct recorded *row,
		    int argument, uint64_t value)
{
	struct cg_call call = { .arch = row->abi->audit_arch, .nr = row->nr };

	if (argument >= 0)
		call.args[argument] = value;
	return cg_policy_decide(policy, &call) == CG_RET_ALLOW;
}

static bool
row_allowed(const struct cg_policy *policy, const struct recorded *row)
{
	bool any = false;

	for (int arg = 0; arg < 6; arg++)
		for (size_t i = 0; i < row->arguments[arg].count; i++) {
			any = true;
			if (!allowed(policy, row, arg,
				     row->arguments[arg].at[i].value))
				return false;
		}
	return any || allowed(policy, row, -1, 0);
}

/* What a person runs next must not fail for what we wrote. */
static bool
check(const struct draft *draft, const char *text, struct cg_error *err)
{
	const struct cg_recording *recording = draft->recording;
	struct cg_policy *policy = NULL;
	bool ok = true;

	if (cg_policy_parse(text, strlen(text), "(the policy made)", NULL,
			    &policy, err) != CG_OK)
		return false;
	for (size_t i = 0; ok && i < recording->count; i++) {
		const struct recorded *row = recording->calls[i];
		const struct cg_syscall *call =
			cg_syscall_at(row->abi, row->nr);
		size_t at = 0;

		while (at < draft->count && draft->calls[at].call != call)
			at++;
		if (!call || at == draft->count ||
		    draft->calls[at].cause != DRAFT_SEEN ||
		    !(draft->phases >> row->phase & 1) || !row->count)
			continue;
		ok = row_allowed(policy, row) ||
		     fail(err, CG_E_PROOF,
			  "the policy made refuses %s of %s, which was "
			  "recorded: please report this",
			  call->name, row->abi->name);
	}
	cg_policy_free(policy);
	return ok;
}

static bool make(struct draft *draft, char **out, struct cg_error *err)
{
	struct buf text = { 0 };
	char *made;

	if (!draft_make(draft, err))
		return false;
	draft_write(draft, &text);
	made = buf_done(&text);
	if (!made)
		return fail_nomem(err);
	if (!check(draft, made, err)) {
		free(made);
		return false;
	}
	*out = made;
	return true;
}

enum cg_status cg_recording_policy(const struct cg_recording *recording,
				   const struct cg_recording_draft *options,
				   char **out, struct cg_error *err)
{
	struct arena arena = { .budget = RECORDING_MEMORY };
	struct cg_error here = { 0 };
	struct draft draft = {
		.arena = &arena,
		.recording = recording,
		.phases = options ? options->phases : 0,
		.slack = options ? options->slack : DRAFT_SLACK,
		.no_arguments = options && options->no_arguments,
	};

	if (!draft.phases)
		draft.phases = ~(1u << CG_PHASE_RUNTIME);
	make(&draft, out, &here);
	arena_free(&arena);
	if (err)
		*err = here;
	return here.status;
}

/* ---------------------------------------------------------- comparison -- */

static const struct recorded *
row_of(const struct cg_recording *recording, const struct recorded *like)
{
	for (size_t i = 0; i < recording->count; i++)
		if (recording->calls[i]->abi == like->abi &&
		    recording->calls[i]->nr == like->nr)
			return recording->calls[i];
	return NULL;
}

static bool
has_value(const struct cg_recording *recording, const struct recorded *like,
	  int argument, uint64_t value, bool *all_known)
{
	*all_known = true;
	for (size_t i = 0; i < recording->count; i++) {
		const struct recorded *row = recording->calls[i];
		const struct arguments *values = &row->arguments[argument];
		uint64_t counted = values->other;

		if (row->abi != like->abi || row->nr != like->nr)
			continue;
		for (size_t j = 0; j < values->count; j++) {
			recording_add(&counted, values->at[j].count);
			if (values->at[j].value == value)
				return true;
		}
		*all_known =
			*all_known && !values->other && counted >= row->count;
	}
	return false;
}

struct comparing {
	const struct cg_recording *there; /* where it may be missing */
	void (*each)(void *context, const struct cg_recording_change *change);
	void *context;
	bool gone;
};

static void
compare_values(const struct comparing *comparing, const struct recorded *row)
{
	struct cg_recording_change change = {
		.gone = comparing->gone,
		.abi = row->abi,
		.nr = row->nr,
		.call = cg_syscall_at(row->abi, row->nr),
	};

	for (int arg = 0; arg < 6; arg++)
		for (size_t i = 0; i < row->arguments[arg].count; i++) {
			uint64_t value = row->arguments[arg].at[i].value;
			bool all_known;

			if (has_value(comparing->there, row, arg, value,
				      &all_known) ||
			    !all_known)
				continue;
			change.argument = arg;
			change.value = value;
			comparing->each(comparing->context, &change);
		}
}

static void
compare(const struct comparing *comparing, const struct cg_recording *here)
{
	for (size_t i = 0; i < here->count; i++) {
		const struct recorded *row = here->calls[i];
		const struct cg_recording_change change = {
			.gone = comparing->gone,
			.abi = row->abi,
			.nr = row->nr,
			.call = cg_syscall_at(row->abi, row->nr),
			.argument = -1,
		};

		if (row_of(here, row) != row)
			continue; /* of another phase, and compared already */
		if (row_of(comparing->there, row))
			compare_values(comparing, row);
		else
			comparing->each(comparing->context, &change);
	}
}

void cg_recording_compare(
	const struct cg_recording *baseline,
	const struct cg_recording *recording,
	void (*each)(void *context, const struct cg_recording_change *change),
	void *context)
{
	const struct comparing fresh = { baseline, each, context, false };
	const struct comparing gone = { recording, each, context, true };

	compare(&fresh, recording);
	compare(&gone, baseline);
}
