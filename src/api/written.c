/* callgate/format.h: foreign formats, written, read back and proved. */
#include <callgate/format.h>

#include <stdlib.h>
#include <string.h>

#include <callgate/prove.h>
#include <callgate/write.h>

#include "api/diagrams.h"
#include "api/side.h"
#include "format/write.h"
#include "prove/compare.h"

enum { MEMORY = 64 << 20 };

struct cg_written {
	char *text;
	size_t length;
	bool proved;
	struct arena arena;
	struct notes notes;
};

/* Whether `right` lets anything through that `left` does not. */
static bool
prove_no_more(struct cg_side left, struct cg_side right,
	      struct cg_witness *witness, bool *kept, struct cg_error *err)
{
	struct diagrams *all;
	dd a, b;

	all = diagrams_of(left, right, 0, &a, &b, err);
	if (!all)
		return false;
	if (!compare_permits(all, a, b, kept, witness))
		fail_set(err, CG_E_NOMEM, "out of memory");
	diagrams_free(all);
	return err->status == CG_OK;
}

static bool fail_proof(const struct cg_witness *witness, struct cg_error *err)
{
	char call[160], want[40], got[40];

	cg_call_print(&witness->call, NULL, call, sizeof(call));
	cg_answer_print(witness->left, NULL, want, sizeof(want));
	cg_answer_print(witness->right, NULL, got, sizeof(got));
	return fail(err, CG_E_PROOF,
		    "what was written answers %s to %s on %s, where the policy "
		    "says %s",
		    got, call,
		    cg_abi_of_call(witness->call.arch, witness->call.nr)
			    ? cg_abi_of_call(witness->call.arch,
					     witness->call.nr)
				      ->name
			    : "another architecture",
		    want);
}

/* Read the text back as its runtime would, and compare. */
static bool
prove_text(const struct cg_written *written, const struct cg_format *format,
	   const struct cg_policy *policy, const struct cg_target *target,
	   bool nearest, struct cg_error *err)
{
	const struct cg_source source = { written->text, written->length,
					  "what was written" };
	const struct cg_side left = { .policy = policy };
	struct cg_side right = { 0 };
	struct cg_policy *back = NULL;
	struct cg_program *program = NULL;
	enum cg_relation relation;
	struct cg_witness witness;
	bool ok = true, kept = true;

	if (side_read(format, &source, 1, target, &back, &program, err) !=
	    CG_OK)
		return false;
	right.policy = back;
	right.program = program;
	if (nearest)
		ok = prove_no_more(left, right, &witness, &kept, err) &&
		     (kept || fail_proof(&witness, err));
	else if (cg_compare(left, right, 0, &relation, &witness, err) != CG_OK)
		ok = false;
	else if (relation != CG_EQUAL)
		ok = fail_proof(&witness, err);
	cg_policy_free(back);
	cg_program_free(program);
	return ok;
}

/* Callgate's own language, which has its own proof. */
static bool write_own(struct writing *writing, struct cg_written *written)
{
	if (cg_policy_write(writing->policy, CG_TEXT_YAML, 0, &written->text,
			    writing->err) != CG_OK)
		return false;
	written->length = strlen(written->text);
	written->proved = true;
	return true;
}

static bool
write_with(const struct format *format, const struct cg_target *target,
	   struct writing *writing, struct cg_written *written)
{
	const struct cg_policy *policy = writing->policy;
	struct cg_program *program = NULL;
	bool ok = true;

	if (!format->write)
		return write_own(writing, written);
	if (format->wants_program) {
		ok = cg_compile(policy, NULL, &program, writing->err) == CG_OK;
		if (ok)
			writing->insns =
				cg_program_insns(program, &writing->insn_count);
	}
	ok = ok && format->write(writing);
	cg_program_free(program);
	written->length = writing->out.length;
	written->text = buf_done(&writing->out);
	if (!ok)
		return false;
	if (!written->text)
		return fail_nomem(writing->err);
	written->notes = writing->notes;
	if (!format->about.reads)
		return true;
	written->proved = true;
	return prove_text(written, &format->about, policy, target,
			  writing->options->nearest, writing->err);
}

enum cg_status
cg_format_write(const struct cg_format *format, const struct cg_policy *policy,
		const struct cg_target *target,
		const struct cg_write_options *options, struct cg_written **out,
		struct cg_error *err)
{
	static const struct cg_write_options none = { 0 };
	struct cg_written *written = calloc(1, sizeof(*written));
	struct cg_target with = target ? *target : (struct cg_target){ 0 };
	struct cg_error here = { 0 };
	struct host host;
	struct writing writing = { .err = &here,
				   .policy = policy,
				   .host = &host,
				   .options = options ? options : &none };
	bool ok = false;

	/* A policy for another machine is written for that one. */
	if (!with.native)
		with.native = policy->abis[0];
	if (!written) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else if (!format->writes) {
		fail_set(&here, CG_E_INPUT, "%s can be read, not written",
			 format->name);
	} else if (policy->disabled) {
		fail_set(&here, CG_E_INPUT,
			 "the policy is switched off (enabled: false)");
	} else if (host_of(&with, format->runtime, &host, &here)) {
		written->arena.budget = with.memory ? with.memory : MEMORY;
		writing.arena = &written->arena;
		ok = write_with((const struct format *)(const void *)format,
				&with, &writing, written);
	}
	if (ok) {
		*out = written;
		return CG_OK;
	}
	cg_written_free(written);
	if (err)
		*err = here;
	return here.status;
}

const char *cg_written_text(const struct cg_written *written, size_t *length)
{
	*length = written->length;
	return written->text;
}

bool cg_written_note(const struct cg_written *written, size_t index,
		     struct cg_error *out)
{
	if (index >= written->notes.count)
		return false;
	*out = written->notes.at[index];
	return true;
}

bool cg_written_proved(const struct cg_written *written)
{
	return written->proved;
}

void cg_written_free(struct cg_written *written)
{
	if (!written)
		return;
	arena_free(&written->arena);
	free(written->text);
	free(written);
}
