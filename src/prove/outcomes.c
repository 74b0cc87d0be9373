#include "prove/outcomes.h"

#include <stdlib.h>
#include <string.h>

#include "prove/call_bits.h"

struct search {
	const struct diagrams *all;
	uint32_t known;
	uint8_t *seen; /* by node: was here before */
	struct cg_call call;
	struct cg_outcome *out;
	size_t room, *count;
};

/* Whether the value of a bit is fixed. */
static bool is_fixed(const struct search *search, unsigned variable)
{
	unsigned word = variable / 32;

	if (word < WORD_ARGS)
		return true;
	return word < WORD_IP && search->known >> ((word - WORD_ARGS) / 2) & 1;
}

/* Each node once: the path that came first is as good as any. */
static void visit(struct search *search, dd a)
{
	unsigned variable = diagram_variable(search->all, a);
	struct cg_call before;

	if (search->seen[a])
		return;
	search->seen[a] = 1;
	if (variable == BITS) {
		if (*search->count < search->room)
			search->out[*search->count] = (struct cg_outcome){
				diagram_leaf(search->all, a), search->call
			};
		++*search->count;
		return;
	}
	if (is_fixed(search, variable)) {
		visit(search, call_bit(&search->call, variable)
				      ? diagram_one(search->all, a)
				      : diagram_zero(search->all, a));
		return;
	}
	before = search->call;
	call_set_bit(&search->call, variable, false);
	visit(search, diagram_zero(search->all, a));
	search->call = before;
	call_set_bit(&search->call, variable, true);
	visit(search, diagram_one(search->all, a));
	search->call = before;
}

bool outcomes_find(const struct diagrams *all, dd a, const struct cg_call *call,
		   uint32_t known, struct cg_outcome *out, size_t room,
		   size_t *count)
{
	struct search search = { .all = all,
				 .known = known,
				 .call = *call,
				 .out = out,
				 .room = room,
				 .count = count };

	*count = 0;
	search.call.ip = 0;
	for (unsigned i = 0; i < 6; i++)
		if (!(known >> i & 1))
			search.call.args[i] = 0;
	search.seen = calloc(diagrams_count(all), 1);
	if (!search.seen)
		return false;
	visit(&search, a);
	free(search.seen);
	return true;
}
