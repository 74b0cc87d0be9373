#include "compile/dispatch.h"

#include "abi/doors.h"
#include "compile/arguments.h"
#include "compile/join.h"
#include "compile/runs.h"

enum {
	WEIGHT_MAIN_ARCH = 1000,
	WEIGHT_OTHER_ARCH = 100,
	BIT_TESTS = 4,      /* what a joined tree needs to tell guests apart */
	GUEST_SHARE = 16,   /* a guest's calls come so much less often */
	WEIGHT_NO_CALL = 1, /* a gap, or all that lies past the table */
};

struct dispatch {
	struct graph *graph;
	struct cg_error *err;
	const struct resolved *resolved;
	const struct cg_abi *main; /* the ABI that most calls come from */
	struct runs pieces; /* of one arch: runs, not yet joined by node */
};

static bool
add(struct dispatch *dispatch, uint64_t first, uint32_t node, uint32_t weight)
{
	struct runs *pieces = &dispatch->pieces;

	if (first > UINT32_MAX)
		return true;
	if (pieces->count && pieces->at[pieces->count - 1].first == first)
		pieces->count--; /* nothing lies in it */
	pieces->at =
		arena_grow(dispatch->graph->arena, pieces->at, &pieces->room,
			   pieces->count + 1, sizeof(*pieces->at));
	if (!pieces->at)
		return fail_nomem(dispatch->err);
	pieces->at[pieces->count++] =
		(struct run){ (uint32_t)first, node, weight };
	return true;
}

/* A call that an entry refuses is expected to come, and is never cached. */
static uint32_t weight_of(const struct graph *graph, uint32_t node,
			  const struct cg_syscall *call, bool named)
{
	const struct node *at;
	enum cost_kind kind = COST_TESTED;

	if (node == GRAPH_NONE)
		return 1;
	at = &graph->nodes[node];
	if (at->op == OP_RETURN && at->k == CG_RET_ALLOW)
		kind = COST_ALLOWED;
	else if (at->op == OP_RETURN && !named)
		kind = COST_REFUSED;
	return cost_weight(&graph->cost, call, kind);
}

/* The rests from `first` up to `end`: numbers without entry and name. */
static bool add_rests(struct dispatch *dispatch, const struct resolved_abi *abi,
		      uint64_t first, uint64_t end)
{
	const struct rest *rest, *past = abi->rests + abi->rest_count;

	if (first >= end)
		return true;
	for (rest = resolved_rest(abi, (uint32_t)first);
	     rest < past && rest->first < end; rest++)
		if (!add(dispatch, rest->first > first ? rest->first : first,
			 graph_return(dispatch->graph, rest->answer),
			 WEIGHT_NO_CALL))
			return false;
	return true;
}

/* One number, with `count` entries; `call` is its name, or NULL. */
static bool
add_number(struct dispatch *dispatch, const struct resolved_abi *abi,
	   uint32_t nr, const struct cg_syscall *call,
	   const struct resolved_entry *entries, size_t count)
{
	const uint32_t share = abi->abi == dispatch->main ? 1 : GUEST_SHARE;
	const struct rest *rest = resolved_rest(abi, nr);
	const bool named = count || rest->cause == CG_CAUSE_RULE;
	uint32_t node;

	return arguments_decide(dispatch->graph, entries, count, rest->answer,
				&node, dispatch->err) &&
	       add(dispatch, nr, node,
		   weight_of(dispatch->graph, node, call, named) / share + 1);
}

/* The runs of a table between `first` and `last`. */
static bool add_table(struct dispatch *dispatch, const struct resolved_abi *abi,
		      uint32_t first, uint32_t last)
{
	size_t number_count, i = 0, j = 0;
	const struct abi_number *numbers = abi_numbers(abi->abi, &number_count);
	uint64_t next = first;

	/* Two sorted lists at once: numbers with entries, numbers with names.
	 */
	while (i < abi->count || j < number_count) {
		uint32_t nr = i < abi->count ? abi->entries[i].nr : UINT32_MAX;
		const struct cg_syscall *call = NULL;
		size_t count = 0;

		if (j < number_count && numbers[j].nr <= nr) {
			call = abi_number_call(&numbers[j]);
			nr = numbers[j++].nr;
		}
		while (i + count < abi->count &&
		       abi->entries[i + count].nr == nr)
			count++;
		if (nr >= first && nr <= last) {
			if (!add_rests(dispatch, abi, next, nr) ||
			    !add_number(dispatch, abi, nr, call,
					count ? abi->entries + i : NULL, count))
				return false;
			next = nr + (uint64_t)1;
		}
		i += count;
	}
	return add_rests(dispatch, abi, next, last + (uint64_t)1);
}

/* ------------------------------------------------------------- trees -- */

/* The bit by which a covered guest's numbers differ from the others, or 0. */
static uint32_t guest_bit(const struct dispatch *dispatch, uint32_t arch)
{
	const struct resolved *resolved = dispatch->resolved;

	for (size_t i = 0; i < resolved->region_count; i++) {
		const struct region *region = &resolved->regions[i];

		if (region->arch == arch && region->abi && region->first &&
		    region->first == region->abi->abi->nr_first &&
		    !(region->first & (region->first - 1)) &&
		    region->last == 2 * region->first - 1)
			return region->first;
	}
	return 0;
}

/* One tree for all numbers; without the guest's bit where that has fewer runs.
 */
static bool
decide_numbers(struct dispatch *dispatch, uint32_t arch, uint32_t *out)
{
	struct graph *graph = dispatch->graph;
	const struct runs *pieces = &dispatch->pieces;
	const uint32_t bit = graph->cost.join ? guest_bit(dispatch, arch) : 0;
	struct runs runs = { 0 }, joined = { 0 };

	for (size_t i = 0; i < pieces->count; i++)
		if (!runs_add(&runs, graph->arena, pieces->at[i].first,
			      pieces->at[i].node, pieces->at[i].weight))
			return fail_nomem(dispatch->err);
	if (bit && !join_runs(graph, pieces, bit, &joined))
		return fail_nomem(dispatch->err);
	if (!graph_ok(graph, dispatch->err))
		return false;
	*out = bit && joined.count + BIT_TESTS < runs.count
		       ? runs_decide(graph, WORD_NR, ~bit, &joined)
		       : runs_decide(graph, WORD_NR, UINT32_MAX, &runs);
	return true;
}

/* All regions of one arch, from `*i` on, which moves behind them. */
static bool arch_node(struct dispatch *dispatch,
		      const struct resolved *resolved, size_t *i, uint32_t *out)
{
	struct graph *graph = dispatch->graph;
	uint32_t arch = resolved->regions[*i].arch;

	dispatch->pieces = (struct runs){ 0 };
	for (; *i < resolved->region_count; ++*i) {
		const struct region *region = &resolved->regions[*i];
		bool ok;

		if (region->arch != arch)
			break;
		if (region->abi)
			ok = add_table(dispatch, region->abi, region->first,
				       region->last);
		else
			ok = add(dispatch, region->first,
				 graph_return(graph, region->answer),
				 WEIGHT_NO_CALL);
		if (!ok)
			return false;
	}
	if (!graph_ok(graph, dispatch->err))
		return false;
	return decide_numbers(dispatch, arch, out);
}

bool dispatch_decide(struct graph *graph, const struct resolved *resolved,
		     uint32_t *out, struct cg_error *err)
{
	struct dispatch dispatch = { .graph = graph,
				     .err = err,
				     .resolved = resolved,
				     .main = resolved->abis[0].abi };
	const uint32_t main_arch = resolved->abis[0].abi->audit_arch;
	const uint32_t foreign = graph_return(graph, resolved->foreign);
	struct runs archs = { 0 };

	if (!runs_add(&archs, graph->arena, 0, foreign, 1))
		return fail_nomem(err);
	for (size_t i = 0; i < resolved->region_count;) {
		uint32_t arch = resolved->regions[i].arch, node;

		if (!arch_node(&dispatch, resolved, &i, &node))
			return false;
		if (!runs_add(&archs, graph->arena, arch, node,
			      arch == main_arch ? WEIGHT_MAIN_ARCH
						: WEIGHT_OTHER_ARCH) ||
		    (arch < UINT32_MAX &&
		     !runs_add(&archs, graph->arena, arch + 1, foreign, 1)))
			return fail_nomem(err);
	}
	*out = runs_decide(graph, WORD_ARCH, UINT32_MAX, &archs);
	return graph_ok(graph, err);
}
