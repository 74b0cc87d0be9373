#include "prove/permit.h"

#include <stdlib.h>

#include "prove/call_bits.h"

/* What became of each diagram: its number + 1, or 0. */
struct change {
	struct diagrams *all;
	dd *done;
	enum word word; /* to fix, or WORDS: turn leaves into truth values */
	uint32_t value;
};

static bool is_permit(uint32_t answer)
{
	uint32_t action = answer & CG_RET_ACTION;

	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

static dd change_leaf(const struct change *change, dd a)
{
	if (change->word != WORDS || a == DD_FALSE || a == DD_TRUE)
		return a;
	return is_permit(diagram_leaf(change->all, a)) ? DD_TRUE : DD_FALSE;
}

/* At most BITS deep. */
static dd visit(struct change *change, dd a)
{
	unsigned variable = diagram_variable(change->all, a);
	dd zero, one, result;

	if (change->done[a])
		return change->done[a] - 1;
	if (variable == BITS) {
		result = change_leaf(change, a);
	} else if (variable / 32 == change->word) {
		bool bit = change->value >> (31 - variable % 32) & 1;

		result = visit(change, bit ? diagram_one(change->all, a)
					   : diagram_zero(change->all, a));
	} else {
		zero = visit(change, diagram_zero(change->all, a));
		one = visit(change, diagram_one(change->all, a));
		result = diagram_node(change->all, variable, zero, one);
	}
	change->done[a] = result + 1;
	return result;
}

/* No diagram made on the way is asked about: `done` has room for the old. */
static dd apply(struct change change, dd a)
{
	dd result;

	change.done = calloc(diagrams_count(change.all), sizeof(*change.done));
	if (!change.done) {
		diagrams_no_memory(change.all);
		return DD_FALSE;
	}
	result = visit(&change, a);
	free(change.done);
	return result;
}

dd permit_of(struct diagrams *all, dd a)
{
	return apply((struct change){ .all = all, .word = WORDS }, a);
}

dd permit_fix(struct diagrams *all, dd a, enum word word, uint32_t value)
{
	return apply(
		(struct change){ .all = all, .word = word, .value = value }, a);
}

/* In canonical form, both truth values lie below each node. */
void permit_example(const struct diagrams *all, dd a, bool wanted,
		    struct cg_call *call)
{
	const dd other = wanted ? DD_FALSE : DD_TRUE;
	unsigned variable;

	while ((variable = diagram_variable(all, a)) < BITS) {
		bool one = diagram_zero(all, a) == other;

		call_set_bit(call, variable, one);
		a = one ? diagram_one(all, a) : diagram_zero(all, a);
	}
}

uint32_t
permit_answer(const struct diagrams *all, dd a, const struct cg_call *call)
{
	unsigned variable;

	while ((variable = diagram_variable(all, a)) < BITS)
		a = call_bit(call, variable) ? diagram_one(all, a)
					     : diagram_zero(all, a);
	return diagram_leaf(all, a);
}
