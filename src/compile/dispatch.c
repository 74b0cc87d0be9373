#include "compile/dispatch.h"

#include "abi/doors.h"
#include "compile/arguments.h"
#include "compile/join.h"
#include "compile/runs.h"

enum {
	WEIGHT_MAIN_ARCH = 1000,
	WEIGHT_OTHER_ARCH = 100,
	BIT_TESTS = 4,      /* what a joined tree needs to tell guests apart */
	GUEST_SHARE = 4,    /* a guest's calls come so many bits less often */
	WEIGHT_NO_CALL = 1, /* numbers without a name */
};

struct dispatch {
	struct graph *graph;
	struct cg_error *err;
	const struct resolved *resolved;
	const struct cg_abi *main; /* the ABI that most calls come from */
	/* The table that is looked at, and what answers where no entry does. */
	const struct resolved_abi *abi;
	const struct rest *rest;
	uint32_t rest_node;
	enum cost_kind rest_kind;
	unsigned share; /* log2 of the part of the calls from this ABI */
	/* The numbers that its calls have, how many of them lie behind, and
	   sums of the caller's frequencies, or NULL. */
	const struct abi_number *numbers;
	size_t number_count, passed;
	const uint32_t *before;
	/* Of one arch; pieces that go to one node are joined, unless `apart`.
	 */
	struct runs pieces;
	bool apart;
};

static bool
add(struct dispatch *dispatch, uint64_t first, uint32_t node, uint32_t weight)
{
	struct arena *arena = dispatch->graph->arena;
	struct runs *pieces = &dispatch->pieces;

	if (first > UINT32_MAX)
		return true;
	if (!dispatch->apart && pieces->count &&
	    pieces->at[pieces->count - 1].first < first &&
	    pieces->at[pieces->count - 1].node == node) {
		pieces->at[pieces->count - 1].weight += weight;
		return true;
	}
	if (!dispatch->apart)
		return runs_add(pieces, arena, (uint32_t)first, node, weight)
			       ? true
			       : fail_nomem(dispatch->err);
	if (pieces->count && pieces->at[pieces->count - 1].first == first)
		pieces->count--; /* nothing lies in it */
	pieces->at = arena_grow(arena, pieces->at, &pieces->room,
				pieces->count + 1, sizeof(*pieces->at));
	if (!pieces->at)
		return fail_nomem(dispatch->err);
	pieces->at[pieces->count++] =
		(struct run){ (uint32_t)first, node, weight };
	return true;
}

/* A call that an entry refuses is expected to come, and is never cached. */
static enum cost_kind
kind_of(const struct graph *graph, uint32_t node, bool named)
{
	const struct node *at = node == GRAPH_NONE ? NULL : &graph->nodes[node];

	if (!at || at->op != OP_RETURN)
		return COST_TESTED;
	if (at->k == CG_RET_ALLOW)
		return COST_ALLOWED;
	return named ? COST_TESTED : COST_REFUSED;
}

/* ------------------------------------------------------------- rests -- */

/* `rest` answers from here on. */
static void set_rest(struct dispatch *dispatch, const struct rest *rest)
{
	dispatch->rest = rest;
	dispatch->rest_node = graph_return(dispatch->graph, rest->answer);
	dispatch->rest_kind = kind_of(dispatch->graph, dispatch->rest_node,
				      rest->cause == CG_CAUSE_RULE);
}

/* The rest behind the present one, if it begins at `limit` or before. */
static const struct rest *
next_rest(const struct dispatch *dispatch, uint64_t limit)
{
	const struct resolved_abi *abi = dispatch->abi;
	const struct rest *next = dispatch->rest + 1;

	return next < abi->rests + abi->rest_count && next->first <= limit
		       ? next
		       : NULL;
}

/* How many of the ABI's numbers lie below `end`: few past those that did. */
static size_t names_below(const struct dispatch *dispatch, uint64_t end)
{
	const struct abi_number *numbers = dispatch->numbers;
	size_t low = dispatch->passed, high = low, step = 1;

	while (high < dispatch->number_count && numbers[high].nr < end) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	if (high > dispatch->number_count)
		high = dispatch->number_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers[middle].nr < end)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How often the numbers with names from `from` up to `to` come. */
static uint32_t weight_of(const struct dispatch *dispatch, size_t from,
			  size_t to, enum cost_kind kind)
{
	const uint32_t *before = dispatch->before;
	const struct abi_number *numbers = dispatch->numbers;
	uint32_t past = before ? before[from] : numbers[from].before;
	uint32_t seen = (before ? before[to] : numbers[to].before) - past;
	size_t count = to - from;

	return (uint32_t)(cost_weight(&dispatch->graph->cost, seen, count,
				      kind) >>
			  dispatch->share) +
	       (uint32_t)count;
}

/* The numbers from `first` up to `end` that the present rest answers. */
static bool add_stretch(struct dispatch *dispatch, uint64_t first, uint64_t end)
{
	const size_t from = dispatch->passed, to = names_below(dispatch, end);
	const uint32_t node = dispatch->rest_node;
	const enum cost_kind kind = dispatch->rest_kind;

	dispatch->passed = to;
	if (!dispatch->apart)
		return add(dispatch, first, node,
			   weight_of(dispatch, from, to, kind) +
				   WEIGHT_NO_CALL);
	if (!add(dispatch, first, node, WEIGHT_NO_CALL))
		return false;
	for (size_t i = from; i < to; i++)
		if (!add(dispatch, dispatch->numbers[i].nr, node,
			 weight_of(dispatch, i, i + 1, kind)))
			return false;
	return true;
}

/*
 * The rests from `first`, where the present one answers, up to `end`: numbers
 * without entry. The one that answers `end` becomes the present one.
 */
static bool add_rests(struct dispatch *dispatch, uint64_t first, uint64_t end)
{
	const struct rest *next;

	while (first < end) {
		next = next_rest(dispatch, end);
		if (!add_stretch(dispatch, first, next ? next->first : end))
			return false;
		if (!next)
			return true;
		first = next->first;
		set_rest(dispatch, next);
	}
	next = next_rest(dispatch, end);
	if (next)
		set_rest(dispatch, next);
	return true;
}

/* ----------------------------------------------------------- numbers -- */

/* One number, with `count` entries. */
static bool add_number(struct dispatch *dispatch, uint32_t nr,
		       const struct resolved_entry *entries, size_t count)
{
	const size_t from = dispatch->passed;
	uint32_t node, weight;

	if (!arguments_decide(dispatch->graph, entries, count,
			      dispatch->rest->answer, &node, dispatch->err))
		return false;
	dispatch->passed = names_below(dispatch, nr + (uint64_t)1);
	weight = weight_of(dispatch, from, dispatch->passed,
			   kind_of(dispatch->graph, node, true));
	return add(dispatch, nr, node, weight + WEIGHT_NO_CALL);
}

/* Where the caller has frequencies of its own: how often what is before. */
static bool sum_up(struct dispatch *dispatch)
{
	const uint32_t *frequency = dispatch->graph->cost.frequency;
	uint32_t *before;

	dispatch->before = NULL;
	if (!frequency)
		return true;
	before = arena_array(dispatch->graph->arena, uint32_t,
			     dispatch->number_count + 1);
	if (!before)
		return fail_nomem(dispatch->err);
	for (size_t i = 0; i < dispatch->number_count; i++)
		before[i + 1] =
			before[i] + frequency[dispatch->numbers[i].index];
	dispatch->before = before;
	return true;
}

/* The runs of a table between `first` and `last`. */
static bool add_table(struct dispatch *dispatch, const struct resolved_abi *abi,
		      uint32_t first, uint32_t last)
{
	uint64_t next = first;

	dispatch->abi = abi;
	dispatch->share = abi->abi == dispatch->main ? 0 : GUEST_SHARE;
	dispatch->numbers = abi_numbers(abi->abi, &dispatch->number_count);
	dispatch->passed = 0;
	dispatch->passed = names_below(dispatch, first);
	set_rest(dispatch, resolved_rest(abi, first));
	if (!sum_up(dispatch))
		return false;
	for (size_t i = 0, count; i < abi->count; i += count) {
		const uint32_t nr = abi->entries[i].nr;

		for (count = 1; i + count < abi->count &&
				abi->entries[i + count].nr == nr;)
			count++;
		if (nr < first || nr > last)
			continue;
		if (!add_rests(dispatch, next, nr) ||
		    !add_number(dispatch, nr, abi->entries + i, count))
			return false;
		next = nr + (uint64_t)1;
	}
	/* Behind the last number there may still be rests. */
	return add_rests(dispatch, next, last + (uint64_t)1);
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
decide_numbers(struct dispatch *dispatch, uint32_t bit, uint32_t *out)
{
	struct graph *graph = dispatch->graph;
	const struct runs *pieces = &dispatch->pieces;
	struct runs runs = { 0 }, joined = { 0 };
	const unsigned share = dispatch->share;

	if (!dispatch->apart) {
		*out = runs_decide_nr(graph, pieces, bit, share);
		return true;
	}
	for (size_t i = 0; i < pieces->count; i++)
		if (!runs_add(&runs, graph->arena, pieces->at[i].first,
			      pieces->at[i].node, pieces->at[i].weight))
			return fail_nomem(dispatch->err);
	if (!join_runs(graph, pieces, bit, &joined))
		return fail_nomem(dispatch->err);
	if (!graph_ok(graph, dispatch->err))
		return false;
	*out = joined.count + BIT_TESTS < runs.count
		       ? runs_decide(graph, WORD_NR, ~bit, &joined)
		       : runs_decide_nr(graph, &runs, bit, share);
	return true;
}

/* All regions of one arch, from `*i` on, which moves behind them. */
static bool arch_node(struct dispatch *dispatch,
		      const struct resolved *resolved, size_t *i, uint32_t *out)
{
	struct graph *graph = dispatch->graph;
	uint32_t arch = resolved->regions[*i].arch;
	const uint32_t bit = guest_bit(dispatch, arch);

	dispatch->pieces = (struct runs){ 0 };
	dispatch->apart = bit && graph->cost.join;
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
	return decide_numbers(dispatch, bit, out);
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
