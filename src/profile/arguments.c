#include "profile/arguments.h"

#include "profile/trail.h"
#include "profile/x86.h"

enum { WANTS_MAX = 512 };

/* What a register holds at the entry of a function, plus `offset`. */
struct want {
	uint32_t function;
	int32_t offset;
	uint8_t name;
};

struct search {
	struct flows *flows;
	struct reach *reach;
	struct argument_values *out;
	struct want wants[WANTS_MAX];
	size_t count;
	bool wide, unknown;
};

/* A register at an instruction of a region. */
struct spot {
	uint32_t region;
	uint64_t at;
	int32_t offset; /* that is added later */
	uint8_t name;
};

static void add_value(struct search *search, uint64_t number, uint64_t at,
		      uint32_t function)
{
	struct argument_values *out = search->out;

	/* As it came here it may have been cut, or have got a sign. */
	if (search->wide && number > INT32_MAX) {
		search->unknown = true;
		return;
	}
	number &= UINT32_MAX;
	for (size_t i = 0; i < out->count; i++)
		if (out->at[i].value == number)
			return;
	if (out->count == ARGUMENT_VALUES) {
		search->unknown = true;
		return;
	}
	out->at[out->count++] = (struct argument_value){ number, at, function };
}

static void add_want(struct search *search, struct want want)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->wants[i].function == want.function &&
		    search->wants[i].offset == want.offset &&
		    search->wants[i].name == want.name)
			return;
	if (search->count == WANTS_MAX)
		search->unknown = true;
	else
		search->wants[search->count++] = want;
}

/* Jumps by a value lead to places that were found, or nothing is known. */
static bool is_followed(struct reach *reach, uint64_t entry)
{
	const struct trail *trail = trail_of(reach, entry);

	return trail_counts(reach, trail) &&
	       (!trail->jumps || trail->place_count);
}

/* The linker's `jmp *word`, to which all registers go as they came. */
static bool is_stub(const struct loaded *in, uint64_t entry, uint64_t at)
{
	struct step step;

	code_step(in, entry, &step);
	if (step.length && step.flow == FLOW_ON && step.op == OP_OTHER &&
	    !step.writes && !step.memory.used)
		code_step(in, entry += step.length, &step);
	return step.length && entry == at && step.flow == FLOW_JUMP &&
	       step.to.kind == OPERAND_MEMORY &&
	       step.memory.base == REGISTER_PC;
}

static void add_item(struct search *search, const struct spot *spot,
		     uint32_t function, struct item item)
{
	const uint64_t by = (uint64_t)(int64_t)spot->offset;
	const int64_t sum = (int64_t)item.offset + spot->offset;

	/* A sum of which parts were cut is right in its low 32 bits only. */
	if (item.kind == ITEM_NUMBER)
		add_value(search, item.number + by, spot->at, function);
	else if (item.kind == ITEM_ENTRY && sum >= INT32_MIN &&
		 sum <= INT32_MAX && !(search->wide && sum))
		add_want(search, (struct want){ .function = function,
						.offset = (int32_t)sum,
						.name = item.name });
	else
		search->unknown = true;
}

/* The possibilities in a register, seen from one entry; none: never there. */
static bool items_at(struct search *search, const struct spot *spot,
		     uint32_t function, struct items *out)
{
	const struct course *course = flow_of(search->flows, function);
	const struct reach *reach = search->reach;
	const uint64_t entry = reach->functions[function].entry;
	const struct state *state;

	out->count = 0;
	if (!course || course->gave_up)
		return false;
	state = flow_at(course, spot->at);
	return !state || ((is_followed(search->reach, entry) ||
			   is_stub(reach->regions[spot->region].code.in, entry,
				   spot->at)) &&
			  values_items(&search->flows->values,
				       state->registers[spot->name], out) &&
			  out->count);
}

static void add_spot(struct search *search, const struct spot *spot)
{
	const struct reach *reach = search->reach;
	struct items items;
	bool any = false;

	for (uint32_t e = reach->regions[spot->region].first_entry;
	     e != NOTHING && !search->unknown;
	     e = reach->functions[e].next_entry) {
		if (!items_at(search, spot, e, &items)) {
			search->unknown = true;
			return;
		}
		any |= items.count > 0;
		for (unsigned i = 0; i < items.count; i++)
			add_item(search, spot, e, items.at[i]);
	}
	search->unknown |= !any;
}

static void add_callers(struct search *search, struct want want)
{
	const struct reach *reach = search->reach;
	const struct function *function = &reach->functions[want.function];

	search->unknown |= function->taken || function->unasked ||
			   function->edges == NOTHING;
	for (uint32_t e = function->edges; e != NOTHING && !search->unknown;
	     e = reach->edges[e].next)
		add_spot(search,
			 &(struct spot){ .region = reach->edges[e].region,
					 .at = reach->edges[e].at,
					 .offset = want.offset,
					 .name = want.name });
}

/* Whether all numbers at a site are constants there, whoever calls. */
static bool
is_constant_site(const struct search *search, const struct site *site)
{
	struct argument_values numbers = { 0 };
	struct search own = {
		.flows = search->flows,
		.reach = search->reach,
		.out = &numbers,
	};

	add_spot(&own, &(struct spot){ .region = site->region,
				       .at = site->at,
				       .name = X86_RAX });
	return !own.unknown && !own.count;
}

static void add_site(struct search *search, uint64_t at, uint8_t name)
{
	const struct reach *reach = search->reach;
	bool any = false;

	for (size_t i = 0; i < reach->site_count; i++) {
		const struct site *site = &reach->sites[i];

		if (site->at != at)
			continue;
		any = true;
		if (!is_constant_site(search, site))
			search->unknown = true;
		else
			add_spot(search, &(struct spot){ .region = site->region,
							 .at = at,
							 .name = name });
	}
	search->unknown |= !any;
}

bool arguments_find(struct flows *flows, const struct resolve *resolve,
		    uint32_t nr, unsigned argument, bool wide,
		    struct argument_values *out)
{
	static const uint8_t names[] = { X86_RDI, X86_RSI, X86_RDX };
	struct search search = {
		.flows = flows,
		.reach = resolve->reach,
		.out = out,
		.wide = wide,
		.unknown = argument >= sizeof(names),
	};

	out->count = 0;
	/* Numbers that callers hand over are found where they do: no site. */
	for (size_t i = 0; i < resolve->finding_count && !search.unknown; i++)
		if (resolve->findings[i].purpose == FOR_NUMBER &&
		    resolve->findings[i].number == nr)
			add_site(&search, resolve->findings[i].at,
				 names[argument]);
	for (size_t i = 0; i < search.count && !search.unknown; i++)
		add_callers(&search, search.wants[i]);
	if (search.unknown)
		out->count = 0;
	return !flows->nomem && !search.reach->nomem;
}

bool arguments_can(const struct resolve *resolve)
{
	const struct reach *reach = resolve->reach;

	if (reach->all_data)
		return false;
	for (size_t i = 0; i < reach->world->count; i++)
		if (reach->world->images[i]->image.machine != MACHINE_X86_64 ||
		    reach->world->images[i]->image.go)
			return false;
	for (size_t i = 0; i < reach->site_count; i++)
		if (reach->sites[i].trap != TRAP_SYSCALL)
			return false;
	return true;
}

bool arguments_flows(struct flows *flows, const struct resolve *resolve)
{
	if (!flows_init(flows, resolve->arena, resolve->reach))
		return false;
	flows->registers_only = true;
	return true;
}
