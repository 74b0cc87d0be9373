#include "profile/clones.h"

#include "profile/known.h"

enum { STEPS_MAX = 24, LOOK_MAX = 64 };

static bool is_clones(const struct loaded *in, uint64_t word)
{
	const struct image *image = &in->image;
	const uint64_t own = word - image->base;
	const size_t at = image_reloc_from(image, own);
	const struct reloc *reloc = &image->relocs[at];
	const char *name;

	if (at >= image->reloc_count || reloc->where != own ||
	    (reloc->kind != RELOC_SYMBOL && reloc->kind != RELOC_SLOT) ||
	    reloc->symbol >= image->dynamic.count)
		return false;
	name = image->dynamic.at[reloc->symbol].name;
	return strcmp(name, "_ITM_registerTMCloneTable") == 0 ||
	       strcmp(name, "_ITM_deregisterTMCloneTable") == 0;
}

static const struct span *span_of(const struct code *code, uint64_t at)
{
	for (size_t i = 0; i < code->count; i++)
		if (at >= code->spans[i].start && at < code->spans[i].end)
			return &code->spans[i];
	return NULL;
}

/* It names one of the two functions, and nothing jumps into its middle. */
static bool has_shape(const struct code *code, struct span run)
{
	bool named = false;
	unsigned steps = 0;
	struct step step;

	for (size_t i = 0; i < code->count; i++)
		for (uint64_t at = code->spans[i].start;
		     at < code->spans[i].end; at += step.length) {
			code_read(code, at, &step);
			if (!step.length || ++steps > LOOK_MAX)
				return false;
			if (step.direct && step.target > run.start &&
			    step.target < run.end)
				return false;
			named |= step.op == OP_MOVE &&
				 step.memory.base == REGISTER_PC &&
				 is_clones(code->in,
					   (uint64_t)step.memory.offset);
		}
	return named;
}

/* No more than arithmetic of registers. */
static bool is_plain(const struct step *step)
{
	return step->length && !step->trap && !step->hidden_write &&
	       step->op != OP_PUSH && step->op != OP_POP &&
	       step->op != OP_LEAVE &&
	       (!step->memory.used || step->op == OP_ADDRESS);
}

/* Where it returns, if it comes past `at` and there for sure; or 0. */
static uint64_t run(const struct code *code, uint64_t start, uint64_t at)
{
	static const struct handed nothing;
	struct known known = known_at_entry(&nothing);
	bool passed = false;
	struct step step;

	for (unsigned i = 0; i < STEPS_MAX && code_holds(code, start); i++) {
		enum verdict verdict = VERDICT_NEVER;

		code_read(code, start, &step);
		passed |= start == at;
		if (step.flow == FLOW_RETURN)
			return passed ? start : 0;
		if (!is_plain(&step) ||
		    (step.flow != FLOW_ON && step.flow != FLOW_BRANCH))
			return 0;
		if (step.flow == FLOW_BRANCH)
			verdict = known_branch(&known, &step);
		if (verdict == VERDICT_MAYBE)
			return 0;
		known_step(&known, code->in, &step);
		start = verdict == VERDICT_ALWAYS ? step.target
						  : start + step.length;
	}
	return 0;
}

bool clones_none(const struct code *code, uint64_t at)
{
	const struct span *span = span_of(code, at);
	uint64_t end;

	if (!span || code->in->image.machine != MACHINE_X86_64 ||
	    code->in->image.go || span->end - span->start > 4 * LOOK_MAX)
		return false;
	end = run(code, span->start, at);
	return end && has_shape(code, (struct span){ span->start, end });
}
