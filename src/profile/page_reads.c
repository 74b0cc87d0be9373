#include "profile/page_reads.h"

enum { WAYS_MAX = 48, STEPS_MAX = 400, SP = 31 };

/* All but sp. */
#define PLAIN UINT32_C(0x7fffffff)

struct reading_way {
	uint64_t at;
	uint32_t held;
};

struct readings {
	const struct code *code;
	struct reading_way ways[WAYS_MAX];
	unsigned count, next, steps;
};

static uint32_t bit_of(uint8_t name)
{
	return name < REGISTER_MAX ? 1u << name : 0;
}

static uint32_t in_operand(const struct operand *operand)
{
	return operand->kind == OPERAND_REGISTER ? bit_of(operand->name) : 0;
}

static bool sets_to(const struct step *step)
{
	return step->flow == FLOW_ON && step->op != OP_COMPARE &&
	       step->op != OP_TEST;
}

/* All registers that an instruction may read. */
static uint32_t read_by(const struct step *step)
{
	uint32_t read = step->reads | in_operand(&step->from) |
			bit_of(step->left) | bit_of(step->post);

	if (step->memory.used)
		read |= bit_of(step->memory.base) | bit_of(step->memory.index);
	/* to = to op from; a jump to where `to` says. */
	if (step->left == REGISTER_NONE && step->op != OP_MOVE &&
	    step->op != OP_ADDRESS)
		read |= in_operand(&step->to);
	return read & PLAIN;
}

static uint32_t written_by(const struct step *step)
{
	return (step->writes | bit_of(step->post) |
		(sets_to(step) && step->op != OP_KEEP ? in_operand(&step->to)
						      : 0)) &
	       PLAIN;
}

/* A function of its own, then: it keeps to the calling convention. */
static bool makes_frame(const struct step *step)
{
	return (step->post == SP && step->post_by < 0) ||
	       (step->op == OP_SUB && step->to.kind == OPERAND_REGISTER &&
		step->to.name == SP);
}

/* False if there are too many ways to say. */
static bool add_way(struct readings *readings, uint64_t at, uint32_t held)
{
	for (unsigned i = 0; i < readings->count; i++)
		if (readings->ways[i].at == at &&
		    (readings->ways[i].held & held) == held)
			return true;
	if (readings->count == WAYS_MAX)
		return false;
	readings->ways[readings->count++] = (struct reading_way){ at, held };
	return true;
}

/* One way to its end; true if something is read, or may be. */
static bool reads(struct readings *readings, struct reading_way way)
{
	struct step step;

	while (way.held) {
		if (++readings->steps > STEPS_MAX)
			return true;
		code_read(readings->code, way.at, &step);
		if (makes_frame(&step))
			break;
		if (!step.length || read_by(&step) & way.held)
			return true;
		way.held &= ~written_by(&step);
		if (step.direct && step.flow != FLOW_CALL &&
		    !add_way(readings, step.target, way.held))
			return true;
		if (step.flow == FLOW_JUMP || step.flow == FLOW_RETURN ||
		    step.flow == FLOW_STOP)
			break;
		way.at += step.length;
	}
	return false;
}

bool page_is_read(const struct code *code, uint64_t at, uint32_t registers)
{
	struct readings readings = { .code = code };

	add_way(&readings, at, registers & PLAIN);
	while (readings.next < readings.count)
		if (reads(&readings, readings.ways[readings.next++]))
			return true;
	return false;
}

/*
 * A page is gone with the next result in its register, if that comes for sure:
 * before the flow may go elsewhere.
 */
uint32_t page_brought(const struct code *code, struct span piece)
{
	uint32_t brought = 0, fresh = 0;
	struct step step;

	for (uint64_t at = piece.start; at < piece.end; at += 4) {
		code_read(code, at, &step);
		if (!step.length)
			break;
		fresh &= ~written_by(&step);
		if (makes_frame(&step))
			return 0;
		if (step.page)
			fresh |= in_operand(&step.to);
		if (step.flow != FLOW_ON) {
			brought |= fresh;
			fresh = 0;
		}
		/* A copy. */
		if (step.op == OP_MOVE && in_operand(&step.from) & fresh)
			fresh |= in_operand(&step.to);
	}
	return brought | fresh;
}
