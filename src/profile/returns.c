/* Where calls go, and whether they come back: never, once, or twice. */
#include "profile/flow.h"
#include "profile/trail.h"

enum {
	DEPTH_MAX = 8,
	LOOK_MAX = 4000, /* instructions until a function is said to return */
};

/* ------------------------------------------------------------- callees -- */

static uint64_t go_through(const struct reach *reach, uint64_t target)
{

	for (int i = 0; i < 4; i++) {
		struct loaded *in = world_at(reach->world, target);
		struct step step;
		uint64_t at = target;

		if (!in)
			return target;
		code_recall(reach->memo, in, at, &step);
		if (step.length && step.flow == FLOW_ON &&
		    step.op == OP_OTHER && !step.memory.used && !step.writes &&
		    !step.trap) {
			at += step.length;
			code_recall(reach->memo, in, at, &step);
		}
		if (!step.length || step.flow != FLOW_JUMP || step.direct ||
		    step.memory.base != REGISTER_PC ||
		    !reach_targets(reach, (uint64_t)step.memory.offset, &target,
				   1))
			return target;
	}
	return target;
}

/*
 * Kept while the images are the same: a symbol may be found in one more.
 * Whoever only reads has no arena, and keeps nothing.
 */
uint64_t flow_through(const struct flows *flows, uint64_t target)
{
	struct through *kept = flows->through;
	const size_t at = (target ^ target >> 11) % THROUGH_SIZE;

	if (!kept)
		return go_through(flows->reach, target);
	if (kept->images != flows->reach->world->count) {
		memset(kept, 0, sizeof(*kept));
		kept->images = flows->reach->world->count;
	}
	if (kept->from[at] != target || !target) {
		kept->to[at] = go_through(flows->reach, target);
		kept->from[at] = target;
	}
	return kept->to[at];
}

uint64_t flow_callee(const struct flows *flows, const struct loaded *in,
		     const struct step *step)
{
	uint64_t target;

	(void)in;
	if (step->direct)
		return flow_through(flows, step->target);
	if (step->to.kind == OPERAND_MEMORY &&
	    step->memory.base == REGISTER_PC &&
	    reach_targets(flows->reach, (uint64_t)step->memory.offset, &target,
			  1))
		return flow_through(flows, target);
	return 0;
}

/* --------------------------------------------------------- noreturn -- */

struct look {
	struct flows *flows;
	const struct code *code;
	struct map seen;
	struct arena arena;
	uint64_t todo[512];
	unsigned count, steps, depth;
};

static bool look_add(struct look *look, uint64_t address)
{
	bool there = true;

	if (!map_add(&look->arena, &look->seen, address, 0, &there))
		return false;
	if (there)
		return true;
	if (look->count == sizeof(look->todo) / sizeof(*look->todo))
		return false;
	look->todo[look->count++] = address;
	return true;
}

/* Whether a way from `address` on comes to a return; true also in doubt. */
static bool look_on(struct look *look, uint64_t address)
{
	struct step step;

	for (;;) {
		bool there = true;

		if (!code_holds(look->code, address))
			return true;
		if (++look->steps > LOOK_MAX)
			return true;
		code_recall(look->flows->reach->memo, look->code->in, address,
			    &step);
		if (!step.length || step.flow == FLOW_RETURN)
			return true;
		if (step.flow == FLOW_STOP)
			return false;
		if (step.flow == FLOW_JUMP && !step.direct)
			return true;
		/* It calls itself, to change where it comes back to. */
		if (step.flow == FLOW_CALL && step.direct &&
		    code_holds(look->code, step.target))
			return true;
		if (step.flow == FLOW_CALL) {
			uint64_t callee =
				flow_callee(look->flows, look->code->in, &step);

			if (callee &&
			    !flow_returns(look->flows, callee, look->depth + 1))
				return false;
		}
		if (step.flow == FLOW_BRANCH &&
		    !(code_holds(look->code, step.target)
			      ? look_add(look, step.target)
			      : !flow_returns(look->flows, step.target,
					      look->depth + 1)))
			return true;
		if (step.flow == FLOW_JUMP) {
			if (!code_holds(look->code, step.target))
				return flow_returns(look->flows, step.target,
						    look->depth + 1);
			return !look_add(look, step.target);
		}
		address += step.length;
		if (!map_add(&look->arena, &look->seen, address, 0, &there) ||
		    there)
			return false;
	}
}

static bool look_for_return(struct flows *flows, const struct code *code,
			    uint64_t entry, unsigned depth)
{
	struct look look = {
		.flows = flows,
		.code = code,
		.depth = depth,
		.arena = { .budget = 1 << 22, .pool = flows->arena->pool },
	};
	bool returns = !look_add(&look, entry);

	while (!returns && look.count)
		returns = look_on(&look, look.todo[--look.count]);
	arena_free(&look.arena);
	return returns;
}

bool flow_returns(struct flows *flows, uint64_t entry, unsigned depth)
{
	uint32_t *known = map_get(&flows->returning, entry);
	struct arena own = { .budget = 1 << 24, .pool = flows->arena->pool };
	struct loaded *in;
	struct code code;
	bool there, returns = true;

	if (known)
		return *known == 1;
	in = world_at(flows->reach->world, entry);
	/* While it is looked at, or too deep down, it is said to return. */
	if (!in || depth > DEPTH_MAX ||
	    !map_add(flows->arena, &flows->returning, entry, 1, &there))
		return true;
	if (code_find(&own, flows->reach->memo, in, entry, &code) && code.count)
		returns = look_for_return(flows, &code, entry, depth);
	arena_free(&own);
	known = map_get(&flows->returning, entry);
	if (known && !returns)
		*known = 2;
	return returns;
}

/* ------------------------------------------------------ returns twice -- */

static bool has_name_of_twice(const struct flows *flows, uint64_t entry)
{
	static const char *const names[] = {
		"setjmp",       "_setjmp",      "__sigsetjmp", "sigsetjmp",
		"getcontext",   "__getcontext", "vfork",       "__vfork",
		"__libc_vfork", "__setjmp",     "savectx",
	};
	struct loaded *in = world_at(flows->reach->world, entry);

	for (size_t i = 0; in && i < sizeof(names) / sizeof(*names); i++)
		if (loaded_is_named(in, entry, names[i]))
			return true;
	return false;
}

/* Registers that calls keep, written one by one to where an argument points. */
static bool saves_registers(const struct loaded *in, uint64_t entry)
{
	const struct convention *about = convention_of(in->image.machine);
	uint64_t at = entry;
	unsigned saved = 0;
	bool first = true;
	struct step step;

	for (int i = 0; i < 40; i++, at += step.length) {
		code_step(in, at, &step);
		if (!step.length || step.flow == FLOW_RETURN ||
		    step.flow == FLOW_JUMP)
			break;
		/* vfork takes its return address off the stack first. */
		if (first && step.op == OP_POP)
			return true;
		first = first && step.op == OP_OTHER && !step.memory.used;
		if (step.memory.used && step.memory.write &&
		    step.from.kind == OPERAND_REGISTER &&
		    step.from.name < REGISTER_MAX &&
		    about->kept >> step.from.name & 1 &&
		    step.memory.base != about->stack &&
		    step.memory.base != about->frame)
			saved++;
	}
	return saved >= 3;
}

uint32_t
flow_kept(const struct flows *flows, const struct loaded *in, uint64_t callee)
{
	const struct convention *about = convention_of(in->image.machine);
	const struct trail *trail;

	/* Go's functions keep the frame pointer only. */
	if (in->image.go)
		return 1u << about->frame;
	if (!flows->registers_only || !callee ||
	    world_at(flows->reach->world, callee) != in)
		return about->kept;
	/* Inside of an image there may be conventions of its own. */
	trail = trail_of(flows->reach, callee);
	return trail ? about->kept & trail->kept : 0;
}

bool flow_returns_twice(struct flows *flows, uint64_t entry)
{
	struct loaded *in = world_at(flows->reach->world, entry);
	const uint32_t *known = map_get(&flows->twice, entry);
	bool there, twice;

	if (!in)
		return false;
	if (known)
		return *known;
	twice = has_name_of_twice(flows, entry) || saves_registers(in, entry);
	if (!map_add(flows->arena, &flows->twice, entry, twice, &there))
		flows->nomem = true;
	return twice;
}
