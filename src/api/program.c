/* callgate/program.h: compile, take over and question programs. */
#include <callgate/program.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/proof.h"
#include "base/fail.h"
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/image.h"
#include "bpf/sim.h"
#include "compile/compile.h"

enum { MEMORY = 64 << 20 };

struct cg_program *
program_new(const struct cg_insn *insns, size_t count, bool big_endian)
{
	struct cg_program *program =
		malloc(sizeof(*program) + count * sizeof(*insns));

	if (!program)
		return NULL;
	program->big_endian = big_endian;
	program->count = count;
	memcpy(program->insns, insns, count * sizeof(*insns));
	return program;
}

/* Compiled code becomes a program only once it is proved. */
static bool prove(const struct cg_policy *policy, struct cg_program *program,
		  size_t nodes, struct cg_error *err)
{
	struct cg_witness witness;
	enum cg_status status;
	char want[40], got[40];

	if (!bpf_check_any(program->insns, program->count, err)) {
		err->status = CG_E_PROOF;
		return false;
	}
	status = proof_of(policy, program, nodes, &witness, err);
	if (status != CG_E_PROOF)
		return status == CG_OK;
	cg_answer_print(witness.left, NULL, want, sizeof(want));
	cg_answer_print(witness.right, NULL, got, sizeof(got));
	return fail(err, CG_E_PROOF,
		    "the compiled filter answers %s where the policy says %s "
		    "(arch 0x%x, nr %u); this is a bug of Callgate, and "
		    "nothing was handed out",
		    got, want, witness.call.arch, witness.call.nr);
}

/* Counts by name become parts of a million by index. */
static bool
make_cost(struct arena *arena, const struct cg_compile_options *options,
	  struct cost *cost, struct cg_error *err)
{
	const struct cg_syscall *call;
	uint64_t total = 0;
	uint32_t *parts;
	size_t calls = 0;

	if (!cost_preset(options ? options->cost : CG_COST_CACHED, cost))
		return fail(err, CG_E_INPUT, "there is no cost %d",
			    (int)options->cost);
	if (!options || !options->frequencies)
		return true;
	while (cg_syscall_get(calls))
		calls++;
	parts = arena_array(arena, uint32_t, calls);
	if (!parts)
		return fail_nomem(err);
	for (size_t i = 0; i < options->frequency_count; i++) {
		uint64_t count = options->frequencies[i].count;

		/* A count past this is a mistake, and must not overflow. */
		if (count > (uint64_t)1 << 40)
			return fail(err, CG_E_INPUT,
				    "%" PRIu64 " calls of %.64s are too many",
				    count, options->frequencies[i].name);
		total += count;
	}
	for (size_t i = 0; i < options->frequency_count; i++) {
		call = cg_syscall_by_name(options->frequencies[i].name);
		if (call)
			parts[call->index] +=
				(uint32_t)(options->frequencies[i].count *
					   1000000 / (total ? total : 1));
	}
	cost->frequency = parts;
	return true;
}

static struct cg_program *compile(const struct cg_policy *policy,
				  const struct cg_compile_options *options,
				  struct arena *arena, struct cg_error *err)
{
	enum form form = options && options->form == CG_FORM_ELASTIC
				 ? FORM_LINEAR
				 : FORM_BEST;
	struct cg_program *program;
	struct code code;
	struct cost cost;

	if (policy->disabled) {
		fail_set(err, CG_E_INPUT,
			 "the policy is switched off (enabled: false)");
		return NULL;
	}
	if (form == FORM_LINEAR && policy->abi_count != 1) {
		fail_set(err, CG_E_INPUT,
			 "the elastic form holds one architecture; this "
			 "policy has %zu",
			 policy->abi_count);
		return NULL;
	}
	if (!make_cost(arena, options, &cost, err) ||
	    !compile_policy(arena, policy->resolved, form, &cost, &code, err))
		return NULL;
	program = program_new(code.insns, code.count,
			      policy->resolved->big_endian);
	if (!program)
		fail_set(err, CG_E_NOMEM, "out of memory");
	return program;
}

static struct cg_program *
compile_once(const struct cg_policy *policy,
	     const struct cg_compile_options *options, struct cg_error *err)
{
	struct arena_room room;
	struct arena arena;
	struct cg_program *program;

	arena_begin(&arena,
		    options && options->memory ? options->memory : MEMORY,
		    &room);
	program = compile(policy, options, &arena, err);
	arena_free(&arena);
	return program;
}

/* What is too long for the kernel is made again, as short as can be. */
static struct cg_program *
compile_short(const struct cg_policy *policy,
	      const struct cg_compile_options *options, struct cg_error *err)
{
	struct cg_compile_options shorter = { 0 };
	struct cg_program *program = compile_once(policy, options, err);

	if (options)
		shorter = *options;
	if (program ? program->count <= CG_PROGRAM_MAX
		    : err->status != CG_E_TOOLONG)
		return program;
	if (shorter.form != CG_FORM_BEST || shorter.cost == CG_COST_SIZE)
		return program;
	cg_program_free(program);
	*err = (struct cg_error){ 0 };
	shorter.cost = CG_COST_SIZE;
	return compile_once(policy, &shorter, err);
}

/* A proved program, of any length if `any`; NULL, with `err`, on failure. */
static struct cg_program *
compile_proved(const struct cg_policy *policy,
	       const struct cg_compile_options *options, bool any,
	       struct cg_error *err)
{
	struct cg_program *program = compile_short(policy, options, err);
	bool ok;

	if (!program)
		return NULL;
	if (program->count > CG_PROGRAM_MAX && !any)
		ok = fail(err, CG_E_TOOLONG,
			  "the policy needs %zu instructions; the kernel "
			  "takes %d",
			  program->count, CG_PROGRAM_MAX);
	else
		ok = prove(policy, program, options ? options->nodes : 0, err);
	if (ok)
		return program;
	cg_program_free(program);
	return NULL;
}

enum cg_status cg_compile(const struct cg_policy *policy,
			  const struct cg_compile_options *options,
			  struct cg_program **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_program *program =
		compile_proved(policy, options, false, &here);

	if (program) {
		*out = program;
		return CG_OK;
	}
	if (err)
		*err = here;
	return here.status;
}

enum cg_status
cg_compile_insns(const struct cg_policy *policy,
		 const struct cg_compile_options *options, struct cg_insn **out,
		 size_t *count, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_program *program =
		compile_proved(policy, options, true, &here);
	struct cg_insn *insns = NULL;

	if (program) {
		insns = malloc(program->count * sizeof(*insns));
		if (!insns)
			fail_set(&here, CG_E_NOMEM, "out of memory");
	}
	if (insns) {
		memcpy(insns, program->insns, program->count * sizeof(*insns));
		*out = insns;
		*count = program->count;
	} else if (err) {
		*err = here;
	}
	cg_program_free(program);
	return here.status;
}

enum cg_status cg_program_from_insns(const struct cg_insn *insns, size_t count,
				     bool big_endian, struct cg_program **out,
				     struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_program *program = NULL;

	if (bpf_check(insns, count, &here)) {
		program = program_new(insns, count, big_endian);
		if (!program)
			fail_set(&here, CG_E_NOMEM, "out of memory");
	}
	if (program) {
		*out = program;
		return CG_OK;
	}
	if (err)
		*err = here;
	return here.status;
}

enum cg_status
cg_program_from_bytes(const void *bytes, size_t length, bool big_endian,
		      struct cg_program **out, struct cg_error *err)
{
	struct cg_insn insns[CG_PROGRAM_MAX];
	struct cg_error here;

	err = err ? err : &here;
	if (!length || length % INSN_SIZE ||
	    length / INSN_SIZE > CG_PROGRAM_MAX) {
		fail_set(err, CG_E_INPUT,
			 "%zu bytes are no filter: it has 8 to %d, a multiple "
			 "of 8",
			 length, CG_PROGRAM_MAX * INSN_SIZE);
		return CG_E_INPUT;
	}
	image_read(bytes, length / INSN_SIZE, big_endian, insns);
	return cg_program_from_insns(insns, length / INSN_SIZE, big_endian, out,
				     err);
}

void cg_program_free(struct cg_program *program)
{
	free(program);
}

const struct cg_insn *
cg_program_insns(const struct cg_program *program, size_t *count)
{
	*count = program->count;
	return program->insns;
}

bool cg_program_big_endian(const struct cg_program *program)
{
	return program->big_endian;
}

uint32_t cg_program_decide(const struct cg_program *program,
			   const struct cg_call *call, size_t *steps)
{
	return bpf_sim(program->insns, program->count, program->big_endian,
		       call, steps);
}

size_t
cg_program_path(const struct cg_program *program, const struct cg_call *call,
		uint16_t path[CG_PROGRAM_MAX])
{
	size_t steps;

	bpf_path(program->insns, program->count, program->big_endian, call,
		 path, &steps);
	return steps;
}

bool cg_program_cached(const struct cg_program *program,
		       const struct cg_abi *abi, uint32_t nr)
{
	return abi->action_cache &&
	       bpf_cached(program->insns, program->count, abi->audit_arch, nr);
}

size_t cg_program_converted_length(const struct cg_program *program)
{
	return bpf_converted_length(program->insns, program->count);
}

char *cg_program_listing(const struct cg_program *program)
{
	struct buf buf = { 0 };

	disasm_listing(program->insns, program->count, program->big_endian,
		       &buf);
	return buf_done(&buf);
}

char *
cg_program_trace(const struct cg_program *program, const struct cg_call *call)
{
	struct buf buf = { 0 };

	disasm_trace(program->insns, program->count, program->big_endian, call,
		     &buf);
	return buf_done(&buf);
}

char *cg_program_assembly(const struct cg_program *program)
{
	struct buf buf = { 0 };

	disasm_assembly(program->insns, program->count, &buf);
	return buf_done(&buf);
}
