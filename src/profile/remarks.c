#include "profile/remarks.h"

#include "profile/read.h"
#include "profile/shelf.h"

/* Regions that are read before any is told: it bounds the memory. */
enum { BATCH_MAX = 2048, BATCH_PART = 16 };

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

static void tell_through(struct reach *reach, const struct remark *remark,
			 uint32_t region, struct cause cause)
{
	uint64_t target;

	if (reach_targets(reach, remark->value, &target, 1))
		reach_edge(reach, target, region, cause);
}

static void tell(struct reach *reach, const struct remark *remark,
		 uint32_t function, uint32_t region)
{
	const struct cause cause = {
		.how = remark->how,
		.upward = remark->kind == REMARK_ADDRESS && remark->upward,
		.by = function,
		.at = remark->at,
	};

	switch (remark->kind) {
	case REMARK_EDGE:
		reach_edge(reach, remark->value, region, cause);
		break;
	case REMARK_THROUGH:
		tell_through(reach, remark, region, cause);
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
	case REMARK_WORDS:
		reach_words(reach, remark->value, remark->size, cause);
		break;
	case REMARK_FUNCTION:
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
		if (code->count)
			memcpy(code->spans, remarks->code.spans,
			       code->count * sizeof(*code->spans));
	}
	code->unreadable |= remarks->unreadable;
	return true;
}

void remarks_tell(struct reach *reach, uint32_t function,
		  const struct remarks *remarks)
{
	const uint32_t region = reach->functions[function].region;

	if (remarks->nomem ||
	    !keep_code(reach, &reach->regions[region].code, remarks)) {
		reach->nomem = true;
		return;
	}
	for (size_t i = 0; i < remarks->count && !reach->nomem; i++)
		tell(reach, &remarks->at[i], function, region);
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
	read_function(reach, &part->arena, memo, part->functions[i], out);
	part->shelf[i] = own && !out->foreign ? own : all;
	if (part->shelf[i] && !out->nomem)
		part->packed[i] = shelf_pack(part->shelf[i], &part->arena, out);
}

static void read_part(void *data, size_t index)
{
	struct batch *batch = data;
	struct part *part = &batch->parts[index];
	struct memo *memo = arena_array(&part->arena, struct memo, 1);

	for (unsigned i = 0; i < part->count; i++)
		read_one(part, batch->reach, memo, i);
}

/* The next functions, each region once. How many parts they are. */
static size_t fill(struct reach *reach, struct batch *batch)
{
	size_t taken = 0;

	while (taken < BATCH_MAX &&
	       reach->next_function < reach->function_count) {
		const uint32_t function = (uint32_t)reach->next_function++;
		struct region *region =
			&reach->regions[reach->functions[function].region];
		struct part *part = &batch->parts[taken / BATCH_PART];

		if (region->read)
			continue;
		region->read = true;
		if (taken++ % BATCH_PART == 0)
			*part = (struct part){
				.arena = { .budget = reach->arena->budget },
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

/* In the order in which they were come to, whoever has read them. */
static void tell_parts(struct reach *reach, struct batch *batch, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct part *part = &batch->parts[i];

		for (unsigned k = 0; k < part->count && !reach->nomem; k++) {
			remarks_tell(reach, part->functions[k],
				     &part->remarks[k]);
			keep(reach, part, k);
		}
		arena_free(&part->arena);
	}
}

void remarks_read(struct reach *reach)
{
	size_t count;

	if (!reach->batch)
		reach->batch = arena_array(reach->arena, struct batch, 1);
	if (!reach->batch) {
		reach->nomem = true;
		return;
	}
	reach->batch->reach = reach;
	count = fill(reach, reach->batch);
	crew_each(&reach->crew, count, read_part, reach->batch);
	tell_parts(reach, reach->batch, count);
}
