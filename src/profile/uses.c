#include "profile/uses.h"

#include "profile/flow.h"
#include "profile/x86.h"

enum { WAYS_MAX = 96, STEPS_MAX = 600, CODES_MAX = 6 };

/*
 * A place to go on from, and the registers that hold the address there, or a
 * distance to it.
 */
struct way {
	uint64_t at;
	uint32_t holders, distances;
	unsigned code;
	bool called; /* returns to where the address still is */
};

struct hunt {
	const struct flows *flows;
	struct arena arena;
	struct code codes[CODES_MAX]; /* the function's, and of what it calls */
	unsigned code_count;
	const struct convention *about;
	uint64_t address;
	bool upward; /* only whether it is ever gone down from */
	struct way ways[WAYS_MAX];
	unsigned count, next, steps;
	struct uses *out;
};

static bool hunt_add(struct hunt *hunt, struct way way)
{
	if (!way.holders && !way.distances)
		return true;
	for (unsigned i = 0; i < hunt->count; i++) {
		const struct way *old = &hunt->ways[i];

		if (old->at == way.at && old->code == way.code &&
		    old->called == way.called &&
		    (old->holders & way.holders) == way.holders &&
		    (old->distances & way.distances) == way.distances)
			return true;
	}
	if (hunt->count == WAYS_MAX)
		return false;
	hunt->ways[hunt->count++] = way;
	return true;
}

static bool holds(uint32_t holders, uint8_t name)
{
	return name < REGISTER_MAX && holders >> name & 1;
}

static bool is_held(uint32_t holders, const struct operand *operand)
{
	return operand->kind == OPERAND_REGISTER &&
	       holds(holders, operand->name);
}

static bool add_use(struct hunt *hunt, uint64_t at, const struct step *step)
{
	if (hunt->out->count == USES_MAX)
		return false;
	hunt->out->at[hunt->out->count++] = (struct use){
		.at = at,
		.address = hunt->address + (uint64_t)step->memory.offset,
		.size = step->memory.size ? step->memory.size : 64,
		.flow = step->flow,
		.read = step->memory.read,
		.write = step->memory.write,
	};
	return true;
}

/* Memory by way of the address: a word of it is read, or written. */
static bool
take_memory(struct hunt *hunt, const struct step *step, const struct way *way)
{
	const struct memory *memory = &step->memory;
	const uint32_t holders = way->holders;

	if (!memory->used)
		return true;
	if (holds(way->distances, memory->base) ||
	    holds(way->distances, memory->index) ||
	    holds(holders, memory->index))
		return false;
	if (!holds(holders, memory->base))
		return true;
	if (hunt->upward && memory->index == REGISTER_NONE &&
	    memory->offset >= 0 && step->op != OP_ADDRESS &&
	    step->post == REGISTER_NONE)
		return true;
	if (memory->index != REGISTER_NONE || memory->long_ || memory->thread ||
	    step->op == OP_ADDRESS || step->post != REGISTER_NONE)
		return false;
	return add_use(hunt, way->at, step);
}

static void set_held(struct way *way, uint8_t name, bool holder, bool distance)
{
	const uint32_t bit = 1u << name;

	way->holders = holder ? way->holders | bit : way->holders & ~bit;
	way->distances =
		distance ? way->distances | bit : way->distances & ~bit;
}

static bool
take_move(struct hunt *hunt, const struct step *step, struct way *way)
{
	const bool holder = is_held(way->holders, &step->from);
	const bool distance = is_held(way->distances, &step->from);

	if ((holder || distance) &&
	    (step->size < hunt->about->word || step->narrow ||
	     step->to.kind != OPERAND_REGISTER))
		return false;
	if (step->to.kind == OPERAND_REGISTER && step->to.name < REGISTER_MAX)
		set_held(way, step->to.name, holder, distance);
	return true;
}

/*
 * A pointer less the address is a distance that says nothing of where it is;
 * the address less something may be anything, but if it is only compared, it
 * leads nowhere.
 */
static bool take_difference(const struct hunt *hunt, const struct step *step,
			    struct way *way)
{
	if (step->to.kind != OPERAND_REGISTER || step->left != REGISTER_NONE ||
	    step->size < hunt->about->word)
		return false;
	if (is_held(way->holders | way->distances, &step->to))
		set_held(way, step->to.name, false, true);
	return true;
}

/* The next one of an array. */
static bool goes_up(const struct step *step, uint32_t holders)
{
	return step->op == OP_ADD && is_held(holders, &step->to) &&
	       step->from.kind == OPERAND_NUMBER && step->number >= 0 &&
	       step->left == REGISTER_NONE;
}

/*
 * What an instruction does with the address itself. True if nothing but what
 * leaves no trace of it; `way` is who has it afterwards.
 */
static bool
take_step(struct hunt *hunt, const struct step *step, struct way *way)
{
	const uint32_t held = way->holders | way->distances;
	const bool to = is_held(held, &step->to);
	const bool from = is_held(held, &step->from);

	if (hunt->upward && goes_up(step, way->holders))
		return true;
	if (!take_memory(hunt, step, way) || step->hidden_write)
		return false;
	switch (step->op) {
	case OP_MOVE:
		return take_move(hunt, step, way) &&
		       !(step->writes & (way->holders | way->distances));
	case OP_ADDRESS:
	case OP_POP:
		if (step->to.kind == OPERAND_REGISTER)
			set_held(way, step->to.name, false, false);
		return true;
	case OP_COMPARE:
	case OP_TEST:
		return true;
	case OP_SUB:
		return (!to && !from) || take_difference(hunt, step, way);
	case OP_XOR:
		if (to && from && step->to.name == step->from.name) {
			set_held(way, step->to.name, false, false);
			return true;
		}
		return !to && !from;
	case OP_CONDITION:
		return !to;
	case OP_OTHER:
		return !(step->writes & held) && !(step->reads & held);
	default:
		return !to && !from && !holds(held, step->left) &&
		       !(step->writes & held);
	}
}

/* Functions of no arguments that are called where anything may stand. */
static bool takes_nothing(const struct loaded *in, uint64_t target)
{
	return loaded_is_named(in, target, "__stack_chk_fail") ||
	       loaded_is_named(in, target, "__stack_chk_fail_local") ||
	       loaded_is_named(in, target, "abort");
}

/*
 * Functions of glibc that are handed the handle of a library (__dso_handle),
 * which says whose a function is, and is compared with others of its kind.
 */
static uint32_t
handles_of(const struct hunt *hunt, const struct loaded *in, uint64_t target)
{
	static const struct {
		const char *name;
		uint8_t argument;
	} rows[] = {
		{ "__cxa_finalize", 0 },      { "__cxa_atexit", 2 },
		{ "__cxa_at_quick_exit", 1 }, { "__cxa_thread_atexit_impl", 2 },
		{ "__register_atfork", 3 },
	};

	for (size_t i = 0; in->libc && i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].argument < hunt->about->argument_count &&
		    loaded_is_named(in, target, rows[i].name))
			return 1u << hunt->about->arguments[rows[i].argument];
	return 0;
}

/* Into a function that is known, with what stands in registers. */
static bool take_callee(struct hunt *hunt, uint64_t target, struct way way)
{
	struct loaded *in;

	target = flow_through(hunt->flows, target);
	in = world_at(hunt->flows->reach->world, target);
	if (!in || !reach_is_code(hunt->flows->reach, target))
		return false;
	if (takes_nothing(in, target))
		return true;
	way.holders &= ~handles_of(hunt, in, target);
	if (!way.holders && !way.distances)
		return true;
	way.at = target;
	for (way.code = 0; way.code < hunt->code_count; way.code++)
		if (code_holds(&hunt->codes[way.code], target))
			return hunt_add(hunt, way);
	if (hunt->code_count == CODES_MAX ||
	    !code_around(&hunt->arena, hunt->codes[0].memo, in, target,
			 &hunt->codes[hunt->code_count]))
		return false;
	hunt->code_count++;
	return hunt_add(hunt, way);
}

/*
 * A call takes what stands in its arguments' registers; the callee is looked
 * into. Registers that a call may change are still said to hold the address
 * afterwards: a compiler that knows the callee may count on it.
 */
static bool
take_call(struct hunt *hunt, const struct step *step, struct way *way)
{
	const uint32_t kept = hunt->about->kept;
	const uint32_t results = 1u << hunt->about->result;
	struct way inside = *way;

	if (is_held(way->holders | way->distances, &step->to) ||
	    !take_memory(hunt, step, way))
		return false;
	way->holders &= ~results;
	way->distances &= ~results;
	inside.holders = way->holders & ~kept;
	inside.distances = way->distances & ~kept;
	inside.called = true;
	if (!inside.holders && !inside.distances)
		return true;
	return step->direct && take_callee(hunt, step->target, inside);
}

/* Names that no compiler expects anything behind a call of. */
static bool comes_back(const struct hunt *hunt, const struct step *step)
{
	static const char *const names[] = { "_exit", "exit", "abort" };
	const uint64_t target =
		step->direct ? flow_through(hunt->flows, step->target) : 0;
	const struct loaded *in = world_at(hunt->flows->reach->world, target);

	for (size_t i = 0; in && i < sizeof(names) / sizeof(*names); i++)
		if (loaded_is_named(in, target, names[i]))
			return false;
	return true;
}

static bool
take_jump(struct hunt *hunt, const struct step *step, struct way way)
{
	if (!step->direct)
		return false;
	if (!code_holds(&hunt->codes[way.code], step->target))
		return take_callee(hunt, step->target, way);
	way.at = step->target;
	return hunt_add(hunt, way);
}

/* A return that goes where the instruction before it says. */
static bool is_jump(const struct step *before)
{
	return before->op == OP_PUSH ||
	       (before->op == OP_MOVE && before->to.kind == OPERAND_MEMORY &&
		before->memory.base == X86_RSP);
}

/* From one place on; false if the address gets away. */
static bool take_way(struct hunt *hunt, struct way way)
{
	const uint32_t results =
		1u << hunt->about->result |
		(way.called ? 0 : 1u << hunt->about->second_result);
	struct step step = { 0 }, before;

	while (way.holders || way.distances) {
		const struct code *code = &hunt->codes[way.code];

		if (!code_holds(code, way.at) || ++hunt->steps > STEPS_MAX)
			return false;
		before = step;
		code_read(code, way.at, &step);
		if (!step.length || step.trap)
			return false;
		switch (step.flow) {
		case FLOW_RETURN:
			return !is_jump(&before) &&
			       !((way.holders | way.distances) & results);
		case FLOW_STOP:
			return true;
		case FLOW_CALL:
			if ((step.direct && code_holds(code, step.target) &&
			     step.target != code->spans[0].start) ||
			    !take_call(hunt, &step, &way))
				return false;
			if (!comes_back(hunt, &step))
				return true;
			break;
		case FLOW_JUMP:
			return take_jump(hunt, &step, way);
		case FLOW_BRANCH:
			if (step.writes & (way.holders | way.distances) ||
			    !take_jump(hunt, &step, way))
				return false;
			break;
		default:
			if (!take_step(hunt, &step, &way))
				return false;
		}
		way.at += step.length;
	}
	return true;
}

static bool
hunt_all(const struct reach *reach, const struct code *code, uint64_t from,
	 uint8_t name, uint64_t address, struct uses *out, bool upward)
{
	const struct flows flows = { .reach = (struct reach *)reach };
	struct hunt hunt = {
		.flows = &flows,
		.arena = { .budget = 1 << 22, .pool = reach->arena->pool },
		.codes = { *code },
		.code_count = 1,
		.about = convention_of(code->in->image.machine),
		.address = address,
		.out = out,
		.upward = upward,
	};
	bool ok = true;

	out->count = 0;
	if (code->in->image.go || name >= REGISTER_MAX)
		return false;
	hunt_add(&hunt, (struct way){ .at = from, .holders = 1u << name });
	while (ok && hunt.next < hunt.count)
		ok = take_way(&hunt, hunt.ways[hunt.next++]);
	arena_free(&hunt.arena);
	return ok;
}

bool uses_find(const struct reach *reach, const struct code *code,
	       uint64_t from, uint8_t name, uint64_t address, struct uses *out)
{
	return hunt_all(reach, code, from, name, address, out, false);
}

bool uses_go_up(const struct reach *reach, const struct code *code,
		uint64_t from, uint8_t name)
{
	struct uses uses;

	return hunt_all(reach, code, from, name, 0, &uses, true);
}
