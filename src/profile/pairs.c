/* aarch64: instructions that move two registers to or from memory. */
#include "profile/flow.h"

enum { ZERO = 31 };

/* One of the two as an instruction of its own. */
static struct step one_of(const struct step *pair, uint8_t name, unsigned skip)
{
	const struct operand memory = { OPERAND_MEMORY, 0 };
	const struct operand own = { OPERAND_REGISTER,
				     name == ZERO ? REGISTER_NONE : name };
	struct step step = *pair;

	step.op = OP_MOVE;
	step.pair = false;
	step.reads = step.writes = 0;
	step.left = step.post = REGISTER_NONE;
	step.first = step.second = REGISTER_NONE;
	step.memory.size = pair->size;
	step.memory.offset += skip;
	step.to = pair->memory.read ? own : memory;
	step.from = pair->memory.read ? memory : own;
	return step;
}

void state_pair(struct flows *flows, struct state *state,
		const struct loaded *in, uint64_t at, const struct step *step)
{
	const struct step both[] = { one_of(step, step->first, 0),
				     one_of(step, step->second, step->size) };
	/* The address is that from before, also if it is loaded over. */
	const unsigned last = step->first == step->memory.base ? 0 : 1;

	state_step(flows, state, in, at, &both[1 - last]);
	state_step(flows, state, in, at, &both[last]);
}
