#include "profile/remarks.h"

#include <stdlib.h>

#include "profile/flow.h"
#include "profile/read.h"
#include "profile/shelf.h"
#include "profile/trail.h"

/* Regions that are read before any is told: it bounds the memory. */
enum { BATCH_MAX = 2048, BATCH_PART = 16 };

/* What is decoded again and again lies close by. */
enum { MEMO_BITS = 9 };

void remarks_add(struct arena *arena, struct remarks *remarks,
		 struct remark remark)
{
	struct remark *grown = arena_grow(arena, remarks->at, &remarks->room,
					  remarks->count + 1, sizeof(*grown));

	if (!grown) {
		remarks->nomem = true;
		return;
	}
	remarks->at = grown;
	grown[remarks->count++] = remark;
}

/* ------------------------------------------------------------- telling -- */

/* What is told, and for whom. */
struct telling {
	struct reach *reach;
	const struct trail *trail; /* NULL: all of it counts */
	const struct remarks *remarks;
	uint32_t function, region;
	const struct known *known; /* at the instruction; NULL: nothing */
	bool again;                /* it was told before, for another caller */
	bool jumps;                /* by a table */
	size_t next;               /* a remark: they are told mostly in order */
};

static void
tell_through(const struct telling *telling, const struct remark *remark,
	     struct cause cause, const struct known *known)
{
	uint64_t target;

	if (reach_targets(telling->reach, remark->value, &target, 1))
		reach_edge(telling->reach, target, telling->region, cause,
			   known, telling->again);
}

static bool comes_back(const struct telling *telling, uint64_t at)
{
	struct flows *flows = telling->reach->flows;
	const struct loaded *in =
		telling->reach->regions[telling->region].code.in;
	struct step step;
	uint64_t callee;

	code_step(in, at, &step);
	callee = flow_callee(flows, in, &step);
	return !callee || flow_returns(flows, callee, 0);
}

static void tell(const struct telling *telling, const struct remark *remark)
{
	struct reach *reach = telling->reach;
	const uint32_t region = telling->region;
	/* Of what happens elsewhere later nothing is known. */
	const struct known *known =
		remark->at == remark->from ? telling->known : NULL;
	const struct cause cause = {
		.how = remark->how,
		.upward = remark->kind == REMARK_ADDRESS && remark->upward,
		.by = telling->function,
		.at = remark->at,
	};

	switch (remark->kind) {
	case REMARK_EDGE:
		if (remark->size == REMARK_AFTER_CALL &&
		    !comes_back(telling, remark->from))
			break;
		reach_edge(reach, remark->value, region, cause, known,
			   telling->again);
		break;
	case REMARK_THROUGH:
		tell_through(telling, remark, cause, known);
		break;
	case REMARK_SITE:
		reach_site(reach, remark->at, region, remark->size);
		break;
	case REMARK_INDIRECT:
		reach_indirect(reach, remark->at, region, remark->upward);
		break;
	case REMARK_STORE:
		reach_store(reach, remark->value, remark->at, region);
		break;
	case REMARK_ADDRESS:
		reach_address(reach, remark->value, cause);
		break;
	case REMARK_TEXT:
		reach_text(reach, remark->value, cause);
		break;
	case REMARK_WORDS:
		reach_words(reach, remark->value, remark->size, cause);
		break;
	case REMARK_DATA:
		reach_far(reach, remark->value, cause);
		break;
	case REMARK_FUNCTION:
		if (cause.how == HOW_TABLE)
			reach_label(reach, remark->value, region, 0, cause);
		else
			reach_function(reach, remark->value, cause);
		break;
	default:
		reach_personality(reach, remark->value, remark->size, cause);
		break;
	}
}

/* What was found by looking, into memory that stays. */
static bool
keep_code(struct reach *reach, struct code *code, const struct remarks *remarks)
{
	if (remarks->code.in) {
		*code = remarks->code;
		code->spans = arena_array(reach->arena, struct span,
					  remarks->code.count + 1);
		if (!code->spans)
			return false;
		code->starts = arena_array(reach->arena, uint64_t,
					   code->start_count + 1);
		if (!code->starts)
			return false;
		if (code->count)
			memcpy(code->spans, remarks->code.spans,
			       code->count * sizeof(*code->spans));
		if (code->start_count)
			memcpy(code->starts, remarks->code.starts,
			       code->start_count * sizeof(*code->starts));
	}
	code->unreadable |= remarks->unreadable;
	return true;
}

/* True the first time that an instruction is told. */
static bool is_first(const struct telling *telling, uint64_t at)
{
	const struct region *region = &telling->reach->regions[telling->region];
	unsigned char *byte;
	uint64_t offset;

	if (!region->seen || !code_holds(&region->code, at))
		return true;
	offset = at - region->code.spans[0].start;
	byte = &region->seen[offset / 8];
	if (*byte >> offset % 8 & 1)
		return false;
	*byte |= (unsigned char)(1 << offset % 8);
	return true;
}

static bool hands_on(const struct remark *remark)
{
	return remark->at == remark->from &&
	       (remark->kind == REMARK_EDGE || remark->kind == REMARK_THROUGH);
}

/* The remarks about one instruction, from `index`; where they end. */
static size_t tell_one(struct telling *telling, size_t index)
{
	const struct remarks *remarks = telling->remarks;
	const uint64_t from = remarks->at[index].from;

	telling->again = !is_first(telling, from);
	for (; index < remarks->count && remarks->at[index].from == from;
	     index++)
		if (!telling->again || hands_on(&remarks->at[index]))
			tell(telling, &remarks->at[index]);
	return index;
}

/* The first remark from an instruction on, close behind the last one. */
static size_t remarks_from(struct telling *telling, uint64_t from)
{
	const struct remarks *remarks = telling->remarks;
	size_t low = telling->next, high = remarks->count;

	if (low && remarks->at[low - 1].from >= from)
		low = 0;
	else if (low == high || remarks->at[low].from >= from)
		return low;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (remarks->at[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	telling->next = low;
	return low;
}

/* A jump to a number that is known, outside of the function's code. */
static void tell_jump(struct telling *telling, uint64_t at,
		      const struct step *step, const struct known *known)
{
	const struct trail *trail = telling->trail;
	uint64_t target;

	if (!known_target(known, trail->code.in, step, &target))
		telling->jumps = true;
	else if (!code_holds(&trail->code, target))
		reach_label(telling->reach, target, telling->region, at,
			    (struct cause){ .how = HOW_TABLE,
					    .by = telling->function,
					    .at = at });
}

static void tell_step(void *context, uint64_t at, const struct step *step,
		      const struct known *known)
{
	struct telling *telling = context;
	const size_t index = remarks_from(telling, at);

	telling->known = known;
	if (index < telling->remarks->count &&
	    telling->remarks->at[index].from == at)
		tell_one(telling, index);
	if (step->flow == FLOW_JUMP && !step->direct)
		tell_jump(telling, at, step, known);
	telling->known = NULL;
}

static void tell_followed(struct telling *telling, const struct handed *handed)
{
	struct reach *reach = telling->reach;
	struct region *region = &reach->regions[telling->region];
	const struct span span = region->code.spans[0];
	const uint64_t entry = reach->functions[telling->function].entry;

	if (!region->seen)
		region->seen =
			arena_alloc(reach->arena,
				    (size_t)((span.end - span.start) / 8 + 1),
				    1);
	if (!region->seen || !trail_walk(reach, telling->trail, entry, handed,
					 tell_step, telling))
		reach->nomem = true;
	/* What does not belong to one instruction comes first. */
	if (telling->jumps && !reach->nomem && telling->remarks->count &&
	    telling->remarks->at[0].from == 0)
		tell_one(telling, 0);
}

static void tell_whole(struct telling *telling)
{
	struct reach *reach = telling->reach;

	reach->regions[telling->region].whole = true;
	reach->regions[telling->region].told = true;
	for (size_t i = 0; i < telling->remarks->count && !reach->nomem;)
		i = tell_one(telling, i);
}

/* What runs for one who asks. */
static void tell_ask(struct reach *reach, struct ask ask)
{
	const struct function function = reach->functions[ask.function];
	const struct region *region = &reach->regions[function.region];
	struct telling telling = {
		.reach = reach,
		.remarks = region->found,
		.function = ask.function,
		.region = function.region,
	};
	struct handed handed = { 0 };

	/* What nothing is known of covers all others. */
	if (region->told || !region->found ||
	    (function.asked_all && ask.which != ASKED_ALL && !region->whole))
		return;
	if (!reach->all_data && !region->whole)
		telling.trail = trail_of(reach, function.entry);
	if (ask.which != ASKED_ALL)
		handed = function.asked[ask.which];
	if (!trail_counts(reach, telling.trail)) {
		tell_whole(&telling);
		return;
	}
	reach->regions[function.region].left_pads |= telling.trail->pads;
	reach->regions[function.region].answered |= ask.which == ASKED_ALL;
	tell_followed(&telling, &handed);
}

/* ------------------------------------------------------------- reading -- */

/* Some regions one behind the other, read by one thread. */
struct part {
	struct arena arena;
	uint32_t functions[BATCH_PART];
	struct bytes packed[BATCH_PART]; /* to be kept; or empty */
	struct shelf *shelf[BATCH_PART]; /* where */
	struct remarks remarks[BATCH_PART];
	unsigned count;
};

struct batch {
	const struct reach *reach;
	size_t end; /* of the asks that it answers */
	struct part parts[BATCH_MAX / BATCH_PART];
};

static bool find_kept(const struct shelf *shelf, uint64_t start,
		      struct part *part, unsigned i)
{
	return shelf &&
	       shelf_find(shelf, start, &part->arena, &part->remarks[i]);
}

/* From what was kept, or by reading; and then pack what may be kept. */
static void read_one(struct part *part, const struct reach *reach,
		     struct memo *memo, unsigned i)
{
	const struct region *region =
		&reach->regions[reach->functions[part->functions[i]].region];
	struct shelf *own = region->unknown ? NULL : region->code.in->shelf;
	struct shelf *all = region->unknown ? NULL : reach->shelf;
	const uint64_t start =
		region->unknown ? 0 : region->code.spans[0].start;
	struct remarks *out = &part->remarks[i];

	if (find_kept(own, start, part, i) || find_kept(all, start, part, i))
		return;
	if (!memo->slots && !memo_init(memo, &part->arena, MEMO_BITS)) {
		out->nomem = true;
		return;
	}
	read_function(reach, &part->arena, memo, part->functions[i], out);
	/* What is read again was kept the first time. */
	if (region->answered)
		return;
	part->shelf[i] = own && !out->foreign ? own : all;
	if (part->shelf[i] && !out->nomem)
		part->packed[i] = shelf_pack(part->shelf[i], &part->arena, out);
}

static void read_part(void *data, size_t index)
{
	struct batch *batch = data;
	struct part *part = &batch->parts[index];
	struct memo memo = { 0 };

	for (unsigned i = 0; i < part->count; i++)
		read_one(part, batch->reach, &memo, i);
}

/* Whether all that an ask wants was told before. */
static bool is_answered(const struct region *region, struct ask ask)
{
	return region->told ||
	       (region->answered && !region->whole && ask.which != ASKED_ALL);
}

/* The next that are asked for, each region once. How many parts they are. */
static size_t fill(struct reach *reach, struct batch *batch)
{
	size_t taken = 0;

	batch->end = reach->next_ask;
	while (taken < BATCH_MAX && batch->end < reach->ask_count) {
		const struct ask ask = reach->asks[batch->end++];
		const uint32_t function = ask.function;
		struct region *region =
			&reach->regions[reach->functions[function].region];
		struct part *part = &batch->parts[taken / BATCH_PART];

		if (region->read || is_answered(region, ask))
			continue;
		region->read = true;
		if (taken++ % BATCH_PART == 0)
			*part = (struct part){
				.arena = { .budget = reach->arena->budget,
					   .pool = reach->arena->pool },
			};
		part->functions[part->count++] = function;
	}
	return (taken + BATCH_PART - 1) / BATCH_PART;
}

static void keep(struct reach *reach, const struct part *part, unsigned i)
{
	const struct function *function = &reach->functions[part->functions[i]];

	if (part->packed[i].size)
		shelf_add(part->shelf[i], reach->arena,
			  reach->regions[function->region].code.spans[0].start,
			  part->packed[i]);
}

static int by_place(const void *left, const void *right)
{
	const struct remark *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

static void each_part(struct reach *reach, struct batch *batch, size_t count,
		      void (*each)(struct reach *reach, struct region *region,
				   struct remarks *remarks))
{
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < batch->parts[i].count; k++) {
			const uint32_t function = batch->parts[i].functions[k];
			const uint32_t region =
				reach->functions[function].region;

			each(reach, &reach->regions[region],
			     &batch->parts[i].remarks[k]);
		}
}

static void
take_over(struct reach *reach, struct region *region, struct remarks *remarks)
{
	if (remarks->nomem || !keep_code(reach, &region->code, remarks)) {
		reach->nomem = true;
		return;
	}
	if (remarks->count)
		qsort(remarks->at, remarks->count, sizeof(*remarks->at),
		      by_place);
	region->found = remarks;
}

/* Of what may be asked for again, what was found stays. */
static void
stay(struct reach *reach, struct region *region, struct remarks *remarks)
{
	struct remarks *kept;

	region->found = NULL;
	if (region->told || reach->nomem)
		return;
	/* Of most, nothing more is ever wanted. If it is, it is read again. */
	if (region->answered) {
		region->read = false;
		return;
	}
	kept = arena_array(reach->arena, struct remarks, 1);
	if (kept)
		kept->at = arena_array(reach->arena, struct remark,
				       remarks->count + 1);
	if (!kept || !kept->at) {
		reach->nomem = true;
		return;
	}
	if (remarks->count)
		memcpy(kept->at, remarks->at,
		       remarks->count * sizeof(*kept->at));
	kept->count = remarks->count;
	region->found = kept;
}

/* In the order in which they were asked for, whoever has read them. */
void remarks_read(struct reach *reach)
{
	struct batch *batch = reach->batch;
	size_t count;

	if (!batch)
		batch = reach->batch =
			arena_array(reach->arena, struct batch, 1);
	if (!batch) {
		reach->nomem = true;
		return;
	}
	batch->reach = reach;
	count = fill(reach, batch);
	crew_each(&reach->crew, count, read_part, batch);
	each_part(reach, batch, count, take_over);
	while (reach->next_ask < batch->end && !reach->nomem)
		tell_ask(reach, reach->asks[reach->next_ask++]);
	each_part(reach, batch, count, stay);
	for (size_t i = 0; i < count; i++) {
		for (unsigned k = 0; k < batch->parts[i].count; k++)
			keep(reach, &batch->parts[i], k);
		arena_free(&batch->parts[i].arena);
	}
	if (reach->progress)
		reach->progress(reach->progress_context, reach->next_ask,
				reach->ask_count);
}
