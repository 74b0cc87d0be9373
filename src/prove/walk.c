/*
 * A state is a place in the program with what the registers hold, each a
 * vector of diagrams. Jumps only go forward, so states are made in one pass
 * over the program, from first to last instruction, and their answers in one
 * pass back. What an instruction path no longer reads is forgotten (live.c),
 * so that paths that meet become one state again. A stretch that only sorts the
 * values of one word is passed at once (scan.c).
 */
#include "prove/walk.h"

#include <stdlib.h>
#include <string.h>

#include "prove/intern.h"
#include "prove/live.h"
#include "prove/scan.h"
#include "prove/spans.h"

enum { REGISTERS = 2 + MEMORY_CELLS, A = 0, X = 1, M = 2, NOTHING = 0 };

/* Where in the program, and which vector each register holds. */
struct state {
	uint32_t pc;
	uint32_t holds[REGISTERS]; /* index of a vector; NOTHING if dead */
	uint32_t next;             /* another state of the same pc, + 1 */
	/* What follows: a diagram at once, or two states and a test. */
	dd test;
	uint32_t yes, no; /* states; equal where there is no test */
	dd result;
	bool is_leaf;
	/* Or, for a stretch that sorts `word`: a state for each piece. */
	bool is_scan;
	enum word word;
	size_t piece, pieces; /* in walk.pieces */
};

/* From the value `first` of the word on it goes on in `state`. */
struct way {
	uint64_t first;
	uint32_t state;
};

struct walk {
	struct diagrams *all;
	const struct cg_insn *insns;
	size_t count;
	bool big_endian;
	const struct liveness *live; /* by instruction */
	struct vectors vectors;      /* index 0 is NOTHING, all zeros */
	struct table state_table;
	uint32_t words[WORDS]; /* vectors of input words, or NOTHING */
	struct state *states;
	size_t state_count, state_room;
	uint32_t *first;       /* by pc: newest state + 1 */
	struct piece *scanned; /* room for one scan */
	size_t scan_room;
	struct way *ways;
	size_t way_count, way_room;
	bool failed;
};

enum {
	STATES_FIRST = 32,
	STATES_MAX = 1 << 18,
};

static uint32_t intern_number(struct walk *walk, uint32_t number)
{
	struct vector vector = vector_number(number);

	return vectors_intern(&walk->vectors, &vector);
}

static uint32_t load(struct walk *walk, uint32_t offset)
{
	enum word word = live_word(offset, walk->big_endian);

	if (walk->words[word] == NOTHING) {
		struct vector vector = vector_word(walk->all, word);

		walk->words[word] = vectors_intern(&walk->vectors, &vector);
	}
	return walk->words[word];
}

/* ------------------------------------------------------------ states -- */

static uint32_t state_hash(const struct state *state)
{
	return hash_words(state->holds, REGISTERS, state->pc);
}

static bool states_grow(struct walk *walk)
{
	size_t room = 2 * walk->state_room;
	struct state *states;

	if (room > STATES_MAX)
		return false;
	states = realloc(walk->states, room * sizeof(*states));
	if (states)
		walk->states = states;
	if (!states || !table_init(&walk->state_table, room)) {
		diagrams_no_memory(walk->all);
		return false;
	}
	walk->state_room = room;
	for (size_t i = 0; i < walk->state_count; i++)
		table_add(&walk->state_table, state_hash(&states[i]), i);
	return true;
}

static uint32_t
state_at(struct walk *walk, uint32_t pc, const uint32_t holds[REGISTERS])
{
	const struct table *table = &walk->state_table;
	struct state state = { .pc = pc };
	uint32_t live = walk->live[pc].registers, hash;
	size_t at;

	for (unsigned i = 0; i < REGISTERS; i++)
		state.holds[i] = live >> i & 1 ? holds[i] : NOTHING;
	hash = state_hash(&state);
	for (at = hash & (table->size - 1); table->slots[at];
	     at = (at + 1) & (table->size - 1)) {
		const struct state *other = &walk->states[table->slots[at] - 1];

		if (other->pc == pc &&
		    memcmp(other->holds, state.holds, sizeof(state.holds)) == 0)
			return table->slots[at] - 1;
	}
	if (walk->state_count == walk->state_room && !states_grow(walk)) {
		walk->failed = true;
		return 0;
	}
	table_add(&walk->state_table, hash, walk->state_count);
	state.next = walk->first[pc];
	walk->states[walk->state_count] = state;
	walk->first[pc] = (uint32_t)walk->state_count + 1;
	return (uint32_t)walk->state_count++;
}

/* ------------------------------------------------------ instructions -- */

typedef struct vector
combine(struct diagrams *, const struct vector *, const struct vector *);

static combine *operation(uint16_t code)
{
	switch (code & 0xf0) {
	case ADD_K & 0xf0:
		return vector_add;
	case SUB_K & 0xf0:
		return vector_sub;
	case MUL_K & 0xf0:
		return vector_mul;
	case DIV_K & 0xf0:
		return vector_div;
	case OR_K & 0xf0:
		return vector_or;
	case AND_K & 0xf0:
		return vector_and;
	case LSH_K & 0xf0:
		return vector_shift_left;
	case RSH_K & 0xf0:
		return vector_shift_right;
	default:
		return vector_xor;
	}
}

/* The second operand: a constant, or what X holds. */
static struct vector operand(const struct walk *walk,
			     const struct cg_insn *insn, const uint32_t *holds)
{
	return insn->code & 0x08 ? walk->vectors.at[holds[X]]
				 : vector_number(insn->k);
}

static void
compute(struct walk *walk, const struct cg_insn *insn, uint32_t *holds)
{
	struct vector a = walk->vectors.at[holds[A]], b, result;

	if (insn->code == NEG) {
		b = vector_number(0);
		result = vector_sub(walk->all, &b, &a);
	} else {
		b = operand(walk, insn, holds);
		result = operation(insn->code)(walk->all, &a, &b);
	}
	holds[A] = vectors_intern(&walk->vectors, &result);
}

static void
load_or_store(struct walk *walk, const struct cg_insn *insn, uint32_t *holds)
{
	unsigned target = insn->code & 0x01 ? X : A;

	switch (insn->code) {
	case LD_ABS:
		holds[A] = load(walk, insn->k);
		break;
	case LD_IMM:
	case LDX_IMM:
		holds[target] = intern_number(walk, insn->k);
		break;
	case LD_LEN:
	case LDX_LEN:
		holds[target] = intern_number(walk, DATA_SIZE);
		break;
	case LD_MEM:
	case LDX_MEM:
		holds[target] = holds[M + insn->k];
		break;
	case ST:
	case STX:
		holds[M + insn->k] = holds[target];
		break;
	case TAX:
		holds[X] = holds[A];
		break;
	default: /* TXA */
		holds[A] = holds[X];
		break;
	}
}

static dd
jump_test(struct walk *walk, const struct cg_insn *insn, const uint32_t *holds)
{
	const struct vector a = walk->vectors.at[holds[A]];
	const struct vector b = operand(walk, insn, holds);

	switch (insn->code & 0xf0) {
	case JEQ_K & 0xf0:
		return vector_equal(walk->all, &a, &b);
	case JGT_K & 0xf0:
		return vector_above(walk->all, &a, &b);
	case JGE_K & 0xf0: /* not b > a */
		return diagram_not(walk->all, vector_above(walk->all, &b, &a));
	default:
		return vector_common(walk->all, &a, &b);
	}
}

static void fork_state(struct walk *walk, size_t from, dd test, uint32_t yes_pc,
		       uint32_t no_pc, const uint32_t *holds)
{
	uint32_t yes, no;

	/* A branch that no input takes is not walked. */
	yes = test == DD_FALSE ? 0 : state_at(walk, yes_pc, holds);
	no = test == DD_TRUE ? 0 : state_at(walk, no_pc, holds);
	walk->states[from].test = test;
	walk->states[from].yes = yes;
	walk->states[from].no = no;
}

static void set_leaf(struct walk *walk, size_t from, dd result)
{
	walk->states[from].is_leaf = true;
	walk->states[from].result = result;
}

/* X == 0 makes a division return 0, and the rest runs where it is not. */
static void divide(struct walk *walk, size_t from, const struct cg_insn *insn,
		   uint32_t *holds)
{
	struct vector zero = vector_number(0);
	struct vector x = walk->vectors.at[holds[X]];
	dd none = vector_equal(walk->all, &x, &zero);
	uint32_t rest;

	compute(walk, insn, holds);
	rest = state_at(walk, walk->states[from].pc + 1, holds);
	walk->states[from].test = none;
	walk->states[from].no = rest;
	walk->states[from].result = diagram_answer(walk->all, 0);
}

/* Remember the pieces of a scan, with a state for each. */
static bool add_ways(struct walk *walk, size_t from, size_t count)
{
	const uint32_t nothing[REGISTERS] = { 0 };
	size_t room = walk->way_room;
	struct way *ways = walk->ways;

	while (room < walk->way_count + count)
		room = room ? 2 * room : 64;
	if (room != walk->way_room) {
		ways = realloc(ways, room * sizeof(*ways));
		if (!ways) {
			diagrams_no_memory(walk->all);
			return false;
		}
		walk->ways = ways;
		walk->way_room = room;
	}
	walk->states[from].piece = walk->way_count;
	walk->states[from].pieces = count;
	for (size_t i = 0; i < count; i++) {
		uint32_t state = state_at(walk, walk->scanned[i].pc, nothing);

		walk->ways[walk->way_count++] =
			(struct way){ walk->scanned[i].first, state };
	}
	return true;
}

/* Pass a stretch at once, if one begins here. */
static bool step_over(struct walk *walk, size_t from)
{
	const uint32_t pc = walk->states[from].pc;
	enum word word;
	size_t count;

	if (walk->insns[pc].code != LD_ABS || walk->live[pc].registers)
		return false;
	word = live_word(walk->insns[pc].k, walk->big_endian);
	if (!scan_word(walk->insns, walk->live, pc, word, walk->scanned,
		       walk->scan_room, &count))
		return false;
	walk->states[from].is_scan = true;
	walk->states[from].word = word;
	return add_ways(walk, from, count);
}

static void step(struct walk *walk, size_t from)
{
	const uint32_t pc = walk->states[from].pc;
	const struct cg_insn *insn = &walk->insns[pc];
	uint32_t holds[REGISTERS];

	if (step_over(walk, from))
		return;
	memcpy(holds, walk->states[from].holds, sizeof(holds));
	switch (insn->code & 0x07) {
	case RET_K & 0x07:
		set_leaf(walk, from,
			 insn->code == RET_K
				 ? diagram_answer(walk->all, insn->k)
				 : vector_answer(walk->all,
						 &walk->vectors.at[holds[A]]));
		return;
	case JA & 0x07:
		if (insn->code == JA)
			fork_state(walk, from, DD_TRUE, pc + 1 + insn->k, 0,
				   holds);
		else
			fork_state(walk, from, jump_test(walk, insn, holds),
				   pc + 1 + insn->jt, pc + 1 + insn->jf, holds);
		return;
	case ADD_K & 0x07:
		if (insn->code == DIV_X) {
			divide(walk, from, insn, holds);
			return;
		}
		compute(walk, insn, holds);
		break;
	default:
		load_or_store(walk, insn, holds);
		break;
	}
	fork_state(walk, from, DD_TRUE, pc + 1, 0, holds);
}

/* ------------------------------------------------------------- whole -- */

/* Make all states that any input reaches, each pc after all before it. */
static void
walk_forward(struct walk *walk, const uint32_t *places, size_t place_count)
{
	const uint32_t nothing[REGISTERS] = { 0 };

	for (size_t i = 0; i < place_count; i++)
		state_at(walk, places[i], nothing);
	for (size_t pc = 0; pc < walk->count; pc++)
		for (uint32_t i = walk->first[pc]; i;
		     i = walk->states[i - 1].next) {
			step(walk, i - 1);
			if (walk->failed || walk->vectors.failed ||
			    diagrams_exhausted(walk->all))
				return;
		}
}

/* Each piece has its answer by now: put them together. */
static void answer_scan(struct walk *walk, struct state *state)
{
	const struct way *ways = walk->ways + state->piece;
	struct span *room = calloc(state->pieces, sizeof(*room));
	struct spans spans = { .at = room };

	if (!room) {
		diagrams_no_memory(walk->all);
		return;
	}
	for (size_t i = 0; i < state->pieces; i++)
		spans_add(&spans, ways[i].first,
			  walk->states[ways[i].state].result);
	state->result = spans_diagram(walk->all, state->word, &spans);
	free(room);
}

static void answer_state(struct walk *walk, struct state *state)
{
	const struct state *states = walk->states;
	dd yes, no;

	if (state->is_leaf)
		return;
	if (state->is_scan) {
		answer_scan(walk, state);
		return;
	}
	/* A division's zero case answers at once. */
	yes = walk->insns[state->pc].code == DIV_X ? state->result
						   : states[state->yes].result;
	no = states[state->no].result;
	state->result = diagram_if(walk->all, state->test, yes, no);
}

static void walk_back(struct walk *walk)
{
	for (size_t pc = walk->count; pc-- > 0;)
		for (uint32_t i = walk->first[pc]; i;
		     i = walk->states[i - 1].next)
			answer_state(walk, &walk->states[i - 1]);
}

static bool walk_init(struct walk *walk)
{
	walk->state_room = STATES_FIRST;
	walk->scan_room = scan_room(walk->count);
	walk->states = calloc(walk->state_room, sizeof(*walk->states));
	walk->first = calloc(walk->count, sizeof(*walk->first));
	walk->scanned = malloc(walk->scan_room * sizeof(*walk->scanned));
	return vectors_init(&walk->vectors, walk->all) && walk->states &&
	       walk->first && walk->scanned &&
	       table_init(&walk->state_table, walk->state_room);
}

void walk_places(struct diagrams *all, const struct cg_insn *insns,
		 size_t count, bool big_endian, const struct liveness *live,
		 const uint32_t *places, size_t place_count, dd *results)
{
	struct walk walk = { .all = all,
			     .insns = insns,
			     .count = count,
			     .big_endian = big_endian,
			     .live = live };

	if (walk_init(&walk))
		walk_forward(&walk, places, place_count);
	else
		diagrams_no_memory(all);
	if (walk.failed || walk.vectors.failed)
		diagrams_exhaust(all);
	if (!diagrams_exhausted(all))
		walk_back(&walk);
	for (size_t i = 0; i < place_count; i++)
		results[i] = diagrams_exhausted(all) ? DD_FALSE
						     : walk.states[i].result;
	vectors_done(&walk.vectors);
	free(walk.states);
	free(walk.first);
	free(walk.scanned);
	free(walk.ways);
	table_done(&walk.state_table);
}

dd walk_program(struct diagrams *all, const struct cg_insn *insns, size_t count,
		bool big_endian)
{
	struct liveness *live = calloc(count, sizeof(*live));
	const uint32_t start = 0;
	dd result = DD_FALSE;

	if (live) {
		live_find(insns, count, big_endian, live);
		walk_places(all, insns, count, big_endian, live, &start, 1,
			    &result);
	} else {
		diagrams_no_memory(all);
	}
	free(live);
	return result;
}
