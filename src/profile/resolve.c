#include "profile/resolve.h"

#include "profile/passed.h"
#include "profile/x86.h"

/* The gap that a pointer makes is told in any case: this bounds the effort. */
enum { RESULT_DEPTH = 4, INDIRECT_MAX = 2000, NUMBER_MOST = 4095 };
enum { STORE_MOST = 64 }; /* bytes that one instruction writes */

/* A value at the entry of a function, wanted for a purpose. */
struct need {
	uint32_t function;
	struct item item;
	uint64_t site;
	uint8_t purpose;
	bool quiet;
};

/* A place where a value is, and what it is wanted for. */
struct spot {
	uint32_t region;
	uint32_t function; /* whose entry items are about; NOTHING: none */
	uint64_t at, site;
	enum purpose purpose;
	const struct state *state; /* at `at`; may be NULL */
	unsigned depth;
	bool quiet; /* what is not known here is said elsewhere */
};

/* -------------------------------------------------------------- results -- */

static bool is_first(struct resolve *resolve, struct map *map, uint64_t key)
{
	bool there = true;

	if (!map_add(resolve->arena, map, key, 0, &there))
		resolve->nomem = true;
	return !there;
}

static void
found(struct resolve *resolve, const struct spot *place, uint64_t number)
{
	struct finding *grown;

	/* Of what unknown callees get, addresses and the like are no calls. */
	if (place->quiet && number > NUMBER_MOST)
		return;
	if (place->purpose < FOR_LIBRARY)
		number &= 0xffffffff;
	if (!is_first(resolve, &resolve->seen,
		      map_key(map_key(number, place->at), place->purpose + 77)))
		return;
	grown = arena_grow(resolve->arena, resolve->findings,
			   &resolve->finding_room, resolve->finding_count + 1,
			   sizeof(*grown));
	if (!grown) {
		resolve->nomem = true;
		return;
	}
	resolve->findings = grown;
	grown[resolve->finding_count++] = (struct finding){
		.number = number,
		.at = place->at,
		.function = place->function,
		.site = place->site,
		.purpose = (uint8_t)place->purpose,
		.direct = place->at == place->site,
	};
}

/*
 * Go makes a call on all threads that it has made on one: the function that
 * does takes the number from a variable of the runtime's, set by who made it.
 */
static bool is_repeated(const struct resolve *resolve, const struct spot *place)
{
	const struct loaded *in = world_at(resolve->reach->world, place->site);

	return in && in->image.go_repeater && place->function != NOTHING &&
	       place->purpose <= FOR_NUMBER32 &&
	       resolve->reach->functions[place->function].entry ==
		       in->image.base + in->image.go_repeater;
}

static void
give_up(struct resolve *resolve, const struct spot *place, const char *why)
{
	struct unresolved *grown;

	if (place->quiet || is_repeated(resolve, place))
		return;
	if (!is_first(resolve, &resolve->failed,
		      map_key(map_key(place->at, place->purpose + 1),
			      (uint64_t)why[0] << 8 | (uint64_t)why[1])))
		return;
	grown = arena_grow(resolve->arena, resolve->unresolved,
			   &resolve->unresolved_room,
			   resolve->unresolved_count + 1, sizeof(*grown));
	if (!grown) {
		resolve->nomem = true;
		return;
	}
	resolve->unresolved = grown;
	grown[resolve->unresolved_count++] = (struct unresolved){
		.at = place->at,
		.site = place->site,
		.function = place->function,
		.purpose = (uint8_t)place->purpose,
		.why = why,
	};
}

void resolve_unknown(struct resolve *resolve, const struct finding *finding,
		     const char *why)
{
	const struct spot place = {
		.at = finding->at,
		.site = finding->site,
		.function = finding->function,
		.purpose = (enum purpose)finding->purpose,
	};

	give_up(resolve, &place, why);
}

/*
 * How many things that differ only in their distance from what a function was
 * handed are asked for: one that calls itself may count on without end.
 */
enum { NUMBERS_MOST = 16, WORDS_MOST = 512 };

static bool counts_on(struct resolve *resolve, uint64_t key, struct item item)
{
	const uint32_t most =
		item.kind == ITEM_ENTRY ? NUMBERS_MOST : WORDS_MOST;
	uint32_t *count;
	bool there = true;

	if (!map_add(resolve->arena, &resolve->asked, key, 0, &there)) {
		resolve->nomem = true;
		return false;
	}
	count = map_get(&resolve->asked, key);
	return ++*count > most;
}

static void
need(struct resolve *resolve, const struct spot *place, struct item item)
{
	const uint64_t alike =
		map_key(map_key(place->function, item.kind),
			(uint64_t)item.name << 16 | item.size << 8 |
				(uint64_t)place->purpose |
				(uint64_t)place->quiet << 60);
	struct need *grown;

	if (!is_first(resolve, &resolve->seen,
		      map_key(alike, (uint32_t)item.offset)))
		return;
	if (counts_on(resolve, alike, item)) {
		give_up(resolve, place, "counted on by callers without end");
		return;
	}
	grown = arena_grow(resolve->arena, resolve->needs, &resolve->need_room,
			   resolve->need_count + 1, sizeof(*grown));
	if (!grown) {
		resolve->nomem = true;
		return;
	}
	resolve->needs = grown;
	grown[resolve->need_count++] = (struct need){
		.function = place->function,
		.item = item,
		.site = place->site,
		.purpose = (uint8_t)place->purpose,
		.quiet = place->quiet,
	};
}

/* ------------------------------------------------------------- variables -- */

static void resolve_value(struct resolve *resolve, const struct spot *place,
			  uint32_t value);

/* The object around a variable, if nobody ever knows its address. */
static bool only_named(const struct resolve *resolve, const struct loaded *in,
		       uint64_t address)
{
	const struct reach *reach = resolve->reach;

	if (!loaded_object(in, address))
		return in->libc && !in->main &&
		       !map_get(&reach->addresses, address) &&
		       !map_get(&reach->upward, address);
	for (size_t i = 0; i < reach->object_count; i++)
		if (address >= reach->objects[i].start &&
		    address < reach->objects[i].end)
			return false;
	return true;
}

/* What is written there, if it is a variable that is asked for. */
static void resolve_store(struct resolve *resolve, const struct spot *place,
			  const struct store *store, struct item item)
{
	struct flows *flows = resolve->flows;
	const struct region *region = &resolve->reach->regions[store->region];
	struct step step;
	bool any = false;

	code_step(region->code.in, store->at, &step);
	if (!step.memory.long_ && store->word + step.memory.size <= item.number)
		return;
	if (store->word != item.number || step.size < item.size) {
		give_up(resolve, place, "from a variable that is set in parts");
		return;
	}
	for (uint32_t e = region->first_entry; e != NOTHING;
	     e = resolve->reach->functions[e].next_entry) {
		const struct course *course = flow_of(flows, e);
		struct spot there = *place;
		struct state after;

		if (!course) {
			resolve->nomem = true;
			return;
		}
		there.state = flow_at(course, store->at);
		if (!there.state)
			continue;
		any = true;
		there.region = store->region;
		there.function = e;
		there.at = store->at;
		there.depth++;
		if (step.op != OP_MOVE || step.from.kind == OPERAND_MEMORY) {
			give_up(resolve, &there,
				"from a variable that is computed");
			continue;
		}
		/* Moved to a register of ours instead, to see what it is. */
		after = (struct state){ 0 };
		memcpy(&after, there.state, offsetof(struct state, slots));
		resolve_value(resolve, &there,
			      step.from.kind == OPERAND_NUMBER
				      ? values_number(&flows->values,
						      (uint64_t)step.number)
				      : after.registers[step.from.name]);
	}
	if (!any)
		give_up(resolve, place, "from a variable set in dead code");
}

static void resolve_variable(struct resolve *resolve, const struct spot *place,
			     struct item item)
{
	struct reach *reach = resolve->reach;
	struct loaded *in = world_at(reach->world, item.number);
	struct bytes bytes;

	if (!in || place->depth > RESULT_DEPTH ||
	    !only_named(resolve, in, item.number)) {
		give_up(resolve, place, "from memory that others may change");
		return;
	}
	bytes = image_bytes(&in->image, item.number - in->image.base,
			    item.size);
	found(resolve, place,
	      bytes.size ? bytes_number(bytes, 0, item.size) : 0);
	for (size_t i = 0; i < reach->store_count; i++) {
		const struct store *store = &reach->stores[i];

		if (store->word + STORE_MOST > item.number &&
		    store->word < item.number + item.size)
			resolve_store(resolve, place, store, item);
	}
}

/* ------------------------------------------------------- what comes back -- */

static struct spot caller_of(const struct spot *place, uint64_t at)
{
	struct spot there = *place;

	there.at = at;
	there.depth++;
	return there;
}

static void resolve_result(struct resolve *resolve, const struct spot *place,
			   struct item item)
{
	struct reach *reach = resolve->reach;
	struct loaded *in = world_at(reach->world, item.number);
	const struct course *course, *own;
	const struct state *state;
	struct items items;
	uint32_t *callee;
	struct step step;
	uint64_t target;

	code_step(in, item.number, &step);
	target = flow_callee(resolve->flows, in, &step);
	callee = target ? map_get(&reach->by_entry, target) : NULL;
	if (!callee || place->depth > RESULT_DEPTH ||
	    place->function == NOTHING) {
		give_up(resolve, place, "what a function returned");
		return;
	}
	course = flow_of(resolve->flows, *callee);
	own = flow_of(resolve->flows, place->function);
	if (!course || !own) {
		resolve->nomem = true;
		return;
	}
	state = flow_at(own, item.number);
	if (!values_items(&resolve->flows->values, course->result, &items) ||
	    course->gave_up || !state || !items.count) {
		give_up(resolve, place, "what a function returned");
		return;
	}
	for (unsigned i = 0; i < items.count; i++) {
		struct spot there = caller_of(place, item.number);
		struct item one = items.at[i];

		if (one.kind == ITEM_ENTRY || one.kind == ITEM_ARGUMENT) {
			resolve_value(resolve, &there,
				      passed_value(resolve->flows, state, in,
						   false, one));
			continue;
		}
		there.function = *callee;
		there.region = reach->functions[*callee].region;
		resolve_value(resolve, &there,
			      values_one(&resolve->flows->values, one));
	}
}

/* ---------------------------------------------------------------- values -- */

/*
 * glibc's ways to have all threads make a call: by a record that they share,
 * whose number does not change. Linked into a program they go by their names.
 */
static bool
is_shared_call(const struct resolve *resolve, const struct spot *place)
{
	const struct reach *reach = resolve->reach;
	const struct loaded *in = world_at(reach->world, place->at);
	uint64_t entry;

	if (!in || !in->libc || place->purpose > FOR_NUMBER32)
		return false;
	if (!in->main)
		return true;
	entry = place->function == NOTHING
			? 0
			: reach->functions[place->function].entry;
	return loaded_is_named(in, entry, "__nptl_setxid") ||
	       loaded_is_named(in, entry, "__nptl_setxid_sighandler");
}

static void resolve_item(struct resolve *resolve, const struct spot *place,
			 struct item item)
{
	switch (item.kind) {
	case ITEM_NUMBER:
		found(resolve, place, item.number);
		break;
	case ITEM_POINTEE:
		/*
		 * What memory held at entry, if it cannot have changed since.
		 * glibc's setxid is known not to change its record's number.
		 */
		if (item.stale && !is_shared_call(resolve, place)) {
			give_up(resolve, place,
				"through a pointer, after memory has changed");
			break;
		}
		item.stale = false;
		/* fall through */
	case ITEM_ENTRY:
	case ITEM_ARGUMENT:
		if (place->function == NOTHING)
			give_up(resolve, place, "from an unknown caller");
		else
			need(resolve, place, item);
		break;
	case ITEM_VARIABLE:
		if (item.offset)
			give_up(resolve, place, "computed");
		else
			resolve_variable(resolve, place, item);
		break;
	case ITEM_FIELD:
		/*
		 * glibc: the handler by which setuid and its like reach all
		 * threads. It makes the call that whoever sent it makes, too.
		 */
		if (!is_shared_call(resolve, place))
			give_up(resolve, place, "through a pointer");
		break;
	case ITEM_RESULT:
		resolve_result(resolve, place, item);
		break;
	default:
		give_up(resolve, place, "an address");
		break;
	}
}

static void
resolve_value(struct resolve *resolve, const struct spot *place, uint32_t value)
{
	struct items items;

	if (!values_items(&resolve->flows->values, value, &items)) {
		give_up(resolve, place, "computed");
		return;
	}
	for (unsigned i = 0; i < items.count && !resolve->nomem; i++)
		resolve_item(resolve, place, items.at[i]);
}

/* --------------------------------------------------------------- callers -- */

typedef uint32_t value_at(struct resolve *resolve, const struct state *state,
			  const struct loaded *in, const void *what);

/* A value at an instruction, seen from each entry of its region. */
static void at_each_entry(struct resolve *resolve, struct spot place,
			  value_at *value, const void *what)
{
	struct reach *reach = resolve->reach;
	const struct loaded *in = reach->regions[place.region].code.in;
	const struct course *course;
	bool any = false;

	for (uint32_t e = reach->regions[place.region].first_entry;
	     e != NOTHING && !resolve->nomem;
	     e = reach->functions[e].next_entry) {
		course = flow_of(resolve->flows, e);
		if (!course) {
			resolve->nomem = true;
			return;
		}
		place.function = e;
		if (course->gave_up) {
			give_up(resolve, &place, "in code too large to follow");
			any = true;
			continue;
		}
		place.state = flow_at(course, place.at);
		if (!place.state)
			continue;
		any = true;
		resolve_value(resolve, &place,
			      value(resolve, place.state, in, what));
	}
	if (any || resolve->nomem)
		return;
	course = flow_loose(resolve->flows, place.region);
	if (!course) {
		resolve->nomem = true;
		return;
	}
	place.function = NOTHING;
	place.state = course->gave_up ? NULL : flow_at(course, place.at);
	resolve_value(resolve, &place,
		      place.state ? value(resolve, place.state, in, what)
				  : VALUE_ANY);
}

static uint32_t
value_of_register(struct resolve *resolve, const struct state *state,
		  const struct loaded *in, const void *what)
{
	(void)resolve;
	(void)in;
	return state->registers[*(const uint8_t *)what];
}

struct passed {
	struct item item;
	bool jump;
};

static uint32_t value_passed(struct resolve *resolve, const struct state *state,
			     const struct loaded *in, const void *what)
{
	const struct passed *passed = what;

	return passed_value(resolve->flows, state, in, passed->jump,
			    passed->item);
}

static bool has_taken(const struct function *function, const struct loaded *in)
{
	for (unsigned i = 0; i < function->taker_count; i++)
		if (function->takers[i] == in->index)
			return true;
	return function->taker_count == TAKERS_MAX;
}

/* Whether a call goes through a word that the linker made, for one symbol. */
static bool is_linked(const struct loaded *in, uint64_t at)
{
	const struct section *section;
	struct step step;
	uint64_t word;
	size_t reloc;

	code_step(in, at, &step);
	word = (uint64_t)step.memory.offset;
	section = image_section(&in->image, word - in->image.base);
	reloc = image_reloc_from(&in->image, word - in->image.base);
	return step.to.kind == OPERAND_MEMORY &&
	       step.memory.base == REGISTER_PC && section &&
	       strncmp(section->name, ".got", 4) == 0 &&
	       reloc < in->image.reloc_count &&
	       in->image.relocs[reloc].where == word - in->image.base;
}

/*
 * A function that takes a number, and whose address somebody has: whoever calls
 * what is not known may call it. In the images that mention it, but libc, which
 * keeps such pointers to itself, the constants that are handed to unknown
 * callees count as numbers.
 */
static void
resolve_indirect(struct resolve *resolve, struct spot place, struct item item)
{
	const struct function function =
		resolve->reach->functions[place.function];
	struct reach *reach = resolve->reach;

	place.quiet = true;
	for (size_t i = 0; i < reach->indirect_count && !resolve->nomem &&
			   resolve->indirect_tried < INDIRECT_MAX;
	     i++) {
		const struct indirect *one = &reach->indirects[i];
		const struct passed passed = { item, one->jump };
		const struct loaded *in = reach->regions[one->region].code.in;

		if (in->libc || in->is_loader || in->image.go ||
		    !has_taken(&function, in) || is_linked(in, one->at))
			continue;
		place.region = one->region;
		place.at = one->at;
		resolve->indirect_tried++;
		at_each_entry(resolve, place, value_passed, &passed);
	}
}

/*
 * i386: the function that the loader gives to threads as their way into the
 * kernel. Calls by way of the thread count as calls of the kernel themselves.
 */
static bool
is_kernel_entry(const struct resolve *resolve, const struct function *function)
{
	const struct loaded *in =
		resolve->reach->regions[function->region].code.in;
	const char *soname = in->image.soname;
	const bool loader = in->is_loader ||
			    (soname && strcmp(soname, "ld-linux.so.2") == 0);
	struct step step;

	/* To a static program that opens libraries it is one of them. */
	if (in->image.machine != MACHINE_I386 || !(loader || in->libc))
		return false;
	code_step(in, function->entry, &step);
	if (!step.trap)
		return false;
	code_step(in, function->entry + step.length, &step);
	return step.length && step.flow == FLOW_RETURN;
}

static void resolve_need(struct resolve *resolve, const struct need *open)
{
	struct reach *reach = resolve->reach;
	const struct function *function = &reach->functions[open->function];
	struct spot place = {
		.region = function->region,
		.function = open->function,
		.at = function->entry,
		.site = open->site,
		.purpose = (enum purpose)open->purpose,
		.quiet = open->quiet,
	};

	if (function->taken && !is_kernel_entry(resolve, function)) {
		give_up(resolve, &place, "by a call through a pointer");
		if (open->purpose <= FOR_NUMBER32)
			resolve_indirect(resolve, place, open->item);
	}
	for (uint32_t e = function->edges; e != NOTHING && !resolve->nomem;
	     e = reach->edges[e].next) {
		const struct edge *edge = &reach->edges[e];
		struct passed passed = { open->item, edge->jump };

		place.region = edge->region;
		place.at = edge->at;
		if (place.at)
			at_each_entry(resolve, place, value_passed, &passed);
		else
			give_up(resolve, &place, "by a table of branches");
	}
	/* The unwinder hands on what it has saved. */
	if (function->edges == NOTHING && function->cause.how == HOW_UNWIND &&
	    !function->taken)
		give_up(resolve, &place, "by the unwinder");
}

void resolve_settle(struct resolve *resolve)
{
	while (resolve->next_need < resolve->need_count && !resolve->nomem) {
		struct need open = resolve->needs[resolve->next_need++];

		resolve_need(resolve, &open);
	}
}

void resolve_argument(struct resolve *resolve, uint32_t function,
		      unsigned argument, enum purpose purpose)
{
	const struct function *about = &resolve->reach->functions[function];
	const struct loaded *in =
		resolve->reach->regions[about->region].code.in;
	const struct convention *convention = convention_of(in->image.machine);
	const struct spot place = {
		.region = about->region,
		.function = function,
		.at = about->entry,
		.site = about->entry,
		.purpose = purpose,
	};

	if (argument < convention->argument_count)
		need(resolve, &place,
		     (struct item){ .kind = ITEM_ENTRY,
				    .name = convention->arguments[argument] });
	else
		need(resolve, &place,
		     (struct item){
			     .kind = ITEM_ARGUMENT,
			     .offset = (int32_t)((argument -
						  convention->argument_count +
						  convention->pushes) *
						 convention->word),
			     .size = convention->word });
	resolve_settle(resolve);
}

/*
 * i386: calls that are doors to others, by the number in ebx. Where that is not
 * known the call itself stays in the list, which is no gap.
 */
static void resolve_doors(struct resolve *resolve)
{
	static const uint8_t which = X86_RBX;
	const struct reach *reach = resolve->reach;
	const size_t count = resolve->finding_count;

	for (size_t i = 0; i < count && !resolve->nomem; i++) {
		const struct finding finding = resolve->findings[i];
		struct spot place = { .at = finding.site,
				      .site = finding.site };

		if (finding.purpose > FOR_NUMBER32 ||
		    !finding_is_door(resolve, &finding))
			continue;
		place.purpose =
			finding.number == DOOR_SOCKET ? FOR_SOCKET : FOR_IPC;
		for (size_t k = 0; k < reach->site_count; k++)
			if (reach->sites[k].at == finding.site) {
				place.region = reach->sites[k].region;
				at_each_entry(resolve, place, value_of_register,
					      &which);
			}
	}
	resolve_settle(resolve);
}

bool finding_is_door(const struct resolve *resolve,
		     const struct finding *finding)
{
	const struct loaded *in =
		world_at(resolve->reach->world, finding->site);

	return (finding->number == DOOR_SOCKET ||
		finding->number == DOOR_IPC) &&
	       (finding->purpose == FOR_NUMBER32 ||
		(finding->purpose == FOR_NUMBER && in &&
		 in->image.machine == MACHINE_I386));
}

/* What the page that is older than the vdso is asked for. */
static bool resolve_old(struct resolve *resolve, const struct site *site)
{
	static const uint16_t numbers[] = { 96, 201, 309 };
	const struct spot place = {
		.function = resolve->reach->regions[site->region].first_entry,
		.at = site->at,
		.site = site->at,
		.purpose = FOR_NUMBER,
	};

	if (site->trap < TRAP_OLD_PAGE)
		return false;
	found(resolve, &place, numbers[site->trap - TRAP_OLD_PAGE]);
	return true;
}

bool resolve_all(struct resolve *resolve)
{
	struct reach *reach = resolve->reach;

	for (size_t i = 0; i < reach->site_count && !resolve->nomem; i++) {
		const struct site *site = &reach->sites[i];
		const struct loaded *in = reach->regions[site->region].code.in;
		const struct convention *about =
			convention_of(in->image.machine);
		const struct spot place = {
			.region = site->region,
			.at = site->at,
			.site = site->at,
			.purpose = site->trap != TRAP_SYSCALL &&
						   in->image.machine ==
							   MACHINE_X86_64
					   ? FOR_NUMBER32
					   : FOR_NUMBER,
		};

		if (!resolve_old(resolve, site))
			at_each_entry(resolve, place, value_of_register,
				      &about->number);
	}
	resolve_settle(resolve);
	resolve_doors(resolve);
	return !resolve->nomem;
}
