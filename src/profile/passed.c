#include "profile/passed.h"

/* A word that the caller left on the stack for the callee. */
static uint32_t
stack_value(struct flows *flows, const struct state *state,
	    const struct convention *about, bool jump, struct item item)
{
	struct items items;
	int32_t offset;

	if (!values_items(&flows->values, state->registers[about->stack],
			  &items) ||
	    items.count != 1 || items.at[0].kind != ITEM_STACK)
		return VALUE_ANY;
	offset = items.at[0].offset;
	/* With its frame still there, others may change it yet. */
	if (jump)
		return offset == 0 ? state_slot(flows, state, item.offset,
						item.size)
				   : VALUE_ANY;
	return state_slot(flows, state,
			  offset + item.offset -
				  (about->pushes ? about->word : 0),
			  item.size);
}

/* What memory holds behind one of the things that a register may hold. */
static uint32_t pointee_value(struct flows *flows, const struct state *state,
			      struct item one, struct item item)
{
	switch (one.kind) {
	case ITEM_STACK:
		return state_slot(flows, state, one.offset + item.offset,
				  item.size);
	case ITEM_NUMBER:
		return flow_memory(flows,
				   one.number + (uint64_t)(int64_t)item.offset,
				   item.size);
	case ITEM_ENTRY:
		one.kind = ITEM_POINTEE;
		one.offset += item.offset;
		one.size = item.size;
		one.stale = state->touched;
		return values_one(&flows->values, one);
	default:
		return VALUE_ANY;
	}
}

/* The same thing, a distance behind. */
static uint32_t
moved_value(struct flows *flows, struct item one, struct item item)
{
	if (one.kind == ITEM_NUMBER)
		one.number += (uint64_t)(int64_t)item.offset;
	else if (item.offset && one.kind != ITEM_ENTRY)
		return VALUE_ANY;
	else
		one.offset += item.offset;
	return values_one(&flows->values, one);
}

uint32_t passed_value(struct flows *flows, const struct state *state,
		      const struct loaded *in, bool jump, struct item item)
{
	const struct convention *about = convention_of(in->image.machine);
	uint32_t value = VALUE_NONE;
	struct items items;

	if (item.kind == ITEM_ARGUMENT)
		return stack_value(flows, state, about, jump, item);
	if (!values_items(&flows->values, state->registers[item.name], &items))
		return VALUE_ANY;
	for (unsigned i = 0; i < items.count; i++)
		value = values_join(&flows->values, value,
				    item.kind == ITEM_ENTRY
					    ? moved_value(flows, items.at[i],
							  item)
					    : pointee_value(flows, state,
							    items.at[i], item));
	return value;
}
