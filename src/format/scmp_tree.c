#include "format/scmp_tree.h"

#include <string.h>

#define LOW 0xffffffffu

/* Where a test stands among those of a level; see before(). */
enum rank {
	RANK_VALUE, /* ==, !=, masked: by what they compare with */
	RANK_BELOW, /* <, <=: the smaller bound first */
	RANK_ABOVE, /* >=, >: the larger bound first */
};

/* ------------------------------------------------- a rule as tests -- */

/* The rule that is being made, from its last condition to its first. */
struct make {
	struct arena *arena;
	const struct scmp_condition *condition;
	unsigned bits;
	bool failed;
};

static enum rank rank_of(unsigned op)
{
	if (op == CG_SCMP_LT || op == CG_SCMP_LE)
		return RANK_BELOW;
	if (op == CG_SCMP_GE || op == CG_SCMP_GT)
		return RANK_ABOVE;
	return RANK_VALUE;
}

static struct scmp_level *new_level(struct arena *arena, struct scmp_node *node)
{
	struct scmp_level *level = arena_array(arena, struct scmp_level, 1);

	if (!level || !node)
		return NULL;
	level->nodes = arena_array(arena, struct scmp_node *, 1);
	if (!level->nodes)
		return NULL;
	level->nodes[0] = node;
	level->count = level->room = 1;
	return level;
}

/* A level of one test. */
static struct scmp_branch
make_test(struct make *make, unsigned half, enum scmp_test test,
	  struct scmp_branch yes, struct scmp_branch no)
{
	const struct scmp_condition *condition = make->condition;
	unsigned shift = make->bits == 64 && half == 0 ? 32 : 0;
	struct scmp_node *node = arena_array(make->arena, struct scmp_node, 1);
	struct scmp_level *level;

	if (node) {
		*node = (struct scmp_node){
			.yes = yes,
			.no = no,
			.mask = (uint32_t)(condition->mask >> shift),
			.value = (uint32_t)(condition->value >> shift),
			.argument = condition->argument,
			.half = (uint8_t)half,
			.test = (uint8_t)test,
			.rank = (uint8_t)rank_of(condition->op),
		};
		node->place = node->rank == RANK_VALUE ? node->value
						       : condition->value;
	}
	level = new_level(make->arena, node);
	make->failed |= !level;
	return (struct scmp_branch){ .level = level, .end = SCMP_LEVEL };
}

static const struct scmp_branch nowhere = { .end = SCMP_NOWHERE };

/* The order of one condition's low half: what it tests, and which way on. */
static struct scmp_branch
make_last(struct make *make, unsigned half, struct scmp_branch next)
{
	switch (make->condition->op) {
	case CG_SCMP_EQ:
		return make_test(make, half, SCMP_TEST_EQ, next, nowhere);
	case CG_SCMP_NE:
		return make_test(make, half, SCMP_TEST_EQ, nowhere, next);
	case CG_SCMP_LT:
		return make_test(make, half, SCMP_TEST_GE, nowhere, next);
	case CG_SCMP_LE:
		return make_test(make, half, SCMP_TEST_GT, nowhere, next);
	case CG_SCMP_GE:
		return make_test(make, half, SCMP_TEST_GE, next, nowhere);
	case CG_SCMP_GT:
		return make_test(make, half, SCMP_TEST_GT, next, nowhere);
	default:
		return make_test(make, half, SCMP_TEST_MASKED, next, nowhere);
	}
}

static struct scmp_branch
make_condition(struct make *make, struct scmp_branch next)
{
	unsigned op = make->condition->op;
	struct scmp_branch low;

	if (make->bits == 32)
		return make_last(make, 0, next);
	if (next.level && op != CG_SCMP_EQ && op != CG_SCMP_MASKED_EQ)
		next.level->shared = true;
	low = make_last(make, 1, next);
	if (op == CG_SCMP_MASKED_EQ)
		return make_test(make, 0, SCMP_TEST_MASKED, low, nowhere);
	if (op == CG_SCMP_EQ || op == CG_SCMP_NE)
		return make_test(make, 0, SCMP_TEST_EQ, low,
				 op == CG_SCMP_NE ? next : nowhere);
	if (rank_of(op) == RANK_BELOW) {
		low = make_test(make, 0, SCMP_TEST_EQ, low, next);
		return make_test(make, 0, SCMP_TEST_GT, nowhere, low);
	}
	low = make_test(make, 0, SCMP_TEST_EQ, low, nowhere);
	return make_test(make, 0, SCMP_TEST_GT, next, low);
}

static bool
make_rule(struct make *make, const struct scmp_condition *conditions,
	  size_t count, uint32_t answer, struct scmp_branch *out)
{
	struct scmp_branch next = { .end = SCMP_ANSWER, .answer = answer };

	while (count-- && !make->failed) {
		make->condition = &conditions[count];
		next = make_condition(make, next);
	}
	*out = next;
	return !make->failed;
}

/* --------------------------------------------------- order of tests -- */

/* Later arguments first; then by rank, then by value. 0: in the same place. */
static int order(const struct scmp_node *a, const struct scmp_node *b)
{
	int places;

	if (a->argument != b->argument)
		return a->argument > b->argument ? -1 : 1;
	if (a->half != b->half)
		return a->half < b->half ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	places = (a->place > b->place) - (a->place < b->place);
	return a->rank == RANK_BELOW ? places : -places;
}

static bool same_test(const struct scmp_node *a, const struct scmp_node *b)
{
	return a->argument == b->argument && a->half == b->half &&
	       a->test == b->test && a->mask == b->mask && a->value == b->value;
}

static struct scmp_node *node_at(const struct scmp_level *level, size_t place)
{
	return level->nodes[level->count - 1 - place];
}

/* The first place whose test does not stand before `node`; with `past`, the
   first one that stands behind it. */
static size_t
bound(const struct scmp_level *level, const struct scmp_node *node, bool past)
{
	size_t first = 0, last = level->count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int way = order(node_at(level, middle), node);

		if (way < 0 || (past && way == 0))
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

/*
 * The same test among those of one rank, before place `end`, or NULL. Tests of
 * the upper half of a bound stand by all of the bound.
 */
static struct scmp_node *
find_ranked(const struct scmp_level *level, const struct scmp_node *wanted,
	    enum rank rank, unsigned bits, size_t end)
{
	struct scmp_node first = *wanted, last;

	first.rank = (uint8_t)rank;
	last = first;
	if (rank != RANK_VALUE && bits == 64 && wanted->half == 0) {
		uint64_t low = (uint64_t)wanted->value << 32, high = low | LOW;

		first.place = rank == RANK_BELOW ? low : high;
		last.place = rank == RANK_BELOW ? high : low;
	}
	for (size_t i = bound(level, &first, false);
	     i < level->count && i <= end &&
	     order(node_at(level, i), &last) <= 0;
	     i++)
		if (same_test(node_at(level, i), wanted))
			return node_at(level, i);
	return NULL;
}

/*
 * The test that a rule's test joins: libseccomp looks from the front until it
 * finds the same one, or one that stands behind.
 */
static struct scmp_node *find(const struct scmp_level *level,
			      const struct scmp_node *wanted, unsigned bits)
{
	size_t end = bound(level, wanted, true);
	struct scmp_node *node;

	if (wanted->rank == RANK_VALUE)
		return find_ranked(level, wanted, RANK_VALUE, bits, end);
	node = find_ranked(level, wanted, RANK_BELOW, bits, end);
	return node ? node : find_ranked(level, wanted, RANK_ABOVE, bits, end);
}

/* ----------------------------------------------------------- trying -- */

struct trial {
	unsigned bits;
	uint32_t answer;
	bool cover;    /* go on behind an answer that is there already */
	bool stopped;  /* at one */
	bool refused;  /* by another answer */
	bool inserted; /* something that was not there */
	bool differs;  /* an answer that is not the rule's own */
};

/* Whether all that a branch leads to is one answer. */
static bool only(const struct scmp_branch *branch, uint32_t answer)
{
	if (branch->end == SCMP_ANSWER)
		return branch->answer == answer;
	if (branch->end == SCMP_NOWHERE)
		return true;
	for (size_t i = 0; i < branch->level->count; i++) {
		const struct scmp_node *node = branch->level->nodes[i];

		if (!only(&node->yes, answer) || !only(&node->no, answer))
			return false;
	}
	return true;
}

static void try_node(struct trial *trial, const struct scmp_level *old,
		     const struct scmp_node *wanted);

/* A test of a whole condition, not of its upper half, contradicts. */
static bool is_last(const struct scmp_node *node, unsigned bits)
{
	return bits == 32 || node->half == 1;
}

static void
try_branch(struct trial *trial, const struct scmp_node *node,
	   const struct scmp_branch *old, const struct scmp_branch *new)
{
	if (new->end == SCMP_NOWHERE || trial->stopped || trial->refused)
		return;
	if (old->end == SCMP_NOWHERE) {
		trial->inserted = true;
	} else if (old->end == SCMP_ANSWER) {
		trial->differs |= old->answer != trial->answer;
		if (new->end == SCMP_LEVEL)
			trial->stopped = !trial->cover;
		else if (old->answer != trial->answer)
			trial->refused = is_last(node, trial->bits);
	} else if (new->end == SCMP_ANSWER) {
		trial->refused = !only(old, trial->answer);
		trial->inserted = true;
	} else {
		/* A rule's own levels have one test each. */
		try_node(trial, old->level, new->level->nodes[0]);
	}
}

static void try_node(struct trial *trial, const struct scmp_level *old,
		     const struct scmp_node *wanted)
{
	const struct scmp_node *node = find(old, wanted, trial->bits);

	if (!node) {
		trial->inserted = true;
		return;
	}
	try_branch(trial, node, &node->yes, &wanted->yes);
	try_branch(trial, node, &node->no, &wanted->no);
}

/* The test that a rule's own test leads on to, or NULL. */
static const struct scmp_node *next_of(const struct scmp_node *node)
{
	if (node->yes.end == SCMP_LEVEL)
		return node->yes.level->nodes[0];
	return node->no.end == SCMP_LEVEL ? node->no.level->nodes[0] : NULL;
}

/*
 * On 32 bits libseccomp drops a rule whose last test stands in front by itself
 * with an answer, even if that is for the other outcome.
 */
static bool
is_lost(const struct scmp_level *root, const struct scmp_node *first)
{
	const struct scmp_node *last = first, *node;

	while ((node = next_of(last)))
		last = node;
	if (last == first)
		return false;
	node = find(root, last, 32);
	return node && !next_of(node);
}

/* Whether the rule without its first conditions is there already. */
static bool is_covered(const struct scmp_level *root, unsigned bits,
		       const struct scmp_node *first, uint32_t answer)
{
	const struct scmp_node *node = first;

	while ((node = next_of(node))) {
		struct trial trial = { .bits = bits,
				       .answer = answer,
				       .cover = true };

		if (node->argument == first->argument)
			continue;
		first = node;
		try_node(&trial, root, node);
		if (!trial.inserted && !trial.refused && !trial.differs)
			return true;
	}
	return false;
}

enum scmp_fit
scmp_tree_covers(struct arena *arena, const struct scmp_level *root,
		 unsigned bits, const struct scmp_condition *conditions,
		 size_t count, uint32_t answer)
{
	struct make make = { .arena = arena, .bits = bits };
	struct scmp_branch made;

	if (!make_rule(&make, conditions, count, answer, &made))
		return SCMP_NOMEM;
	return is_covered(root, bits, made.level->nodes[0], answer)
		       ? SCMP_COVERED
		       : SCMP_FITS;
}

enum scmp_fit
scmp_tree_try(struct arena *arena, const struct scmp_level *root, unsigned bits,
	      const struct scmp_condition *conditions, size_t count,
	      uint32_t answer, struct scmp_branch *made)
{
	struct make make = { .arena = arena, .bits = bits };
	struct trial trial = { .bits = bits, .answer = answer };
	const struct scmp_node *first;

	if (!make_rule(&make, conditions, count, answer, made))
		return SCMP_NOMEM;
	first = made->level->nodes[0];
	if (is_covered(root, bits, first, answer))
		return SCMP_COVERED;
	if (bits == 32 && is_lost(root, first))
		return SCMP_LOST;
	try_node(&trial, root, first);
	return trial.refused ? SCMP_REFUSED : SCMP_FITS;
}

/* ----------------------------------------------------------- adding -- */

struct join {
	struct arena *arena;
	unsigned bits;
	bool stopped, failed;
};

static bool
insert(struct arena *arena, struct scmp_level *level, struct scmp_node *node)
{
	/* Counted from the end, as the array is. */
	size_t place = level->count - bound(level, node, true);
	struct scmp_node **nodes = arena_grow(arena, level->nodes, &level->room,
					      level->count + 1, sizeof(*nodes));

	if (!nodes)
		return false;
	level->nodes = nodes;
	memmove(&nodes[place + 1], &nodes[place],
		(level->count - place) * sizeof(*nodes));
	nodes[place] = node;
	level->count++;
	return true;
}

static void share(struct scmp_branch *branch)
{
	if (branch->level)
		branch->level->shared = true;
}

/* A level of this branch's own: copied, unless it is. */
static bool own(struct arena *arena, struct scmp_branch *branch)
{
	const struct scmp_level *old = branch->level;
	struct scmp_level *level;
	struct scmp_node *nodes;

	if (!old->shared)
		return true;
	level = arena_array(arena, struct scmp_level, 1);
	nodes = arena_array(arena, struct scmp_node, old->count);
	if (!level || !nodes)
		return false;
	level->nodes = arena_array(arena, struct scmp_node *, old->count);
	if (!level->nodes)
		return false;
	for (size_t i = 0; i < old->count; i++) {
		nodes[i] = *old->nodes[i];
		share(&nodes[i].yes);
		share(&nodes[i].no);
		level->nodes[i] = &nodes[i];
	}
	level->count = level->room = old->count;
	branch->level = level;
	return true;
}

static void join_level(struct join *join, struct scmp_level *level,
		       const struct scmp_branch *made);

static void join_branch(struct join *join, struct scmp_node *node,
			const struct scmp_node *new, struct scmp_branch *old,
			const struct scmp_branch *branch)
{
	if (branch->end == SCMP_NOWHERE || join->stopped || join->failed)
		return;
	if (old->end == SCMP_ANSWER && branch->end == SCMP_LEVEL) {
		join->stopped = true;
	} else if (old->end == SCMP_ANSWER) {
		/* Two bounds with the same upper half: the further one. */
		if (old == &node->yes && new->place > node->place)
			*old = *branch;
	} else if (old->end == SCMP_LEVEL && branch->end == SCMP_LEVEL) {
		if (own(join->arena, old))
			join_level(join, old->level, branch);
		else
			join->failed = true;
	} else {
		*old = *branch;
	}
}

/* A copy of the rule's own test, which may stand elsewhere, too. */
static void insert_copy(struct join *join, struct scmp_level *level,
			const struct scmp_branch *made)
{
	struct scmp_node *node = arena_array(join->arena, struct scmp_node, 1);

	if (!node) {
		join->failed = true;
		return;
	}
	*node = *made->level->nodes[0];
	if (made->level->shared) {
		share(&node->yes);
		share(&node->no);
	}
	join->failed |= !insert(join->arena, level, node);
}

static void join_level(struct join *join, struct scmp_level *level,
		       const struct scmp_branch *made)
{
	const struct scmp_node *new = made->level->nodes[0];
	struct scmp_node *node = find(level, new, join->bits);

	if (!node) {
		insert_copy(join, level, made);
		return;
	}
	join_branch(join, node, new, &node->yes, &new->yes);
	join_branch(join, node, new, &node->no, &new->no);
}

bool scmp_tree_add(struct arena *arena, struct scmp_level *root, unsigned bits,
		   const struct scmp_branch *made)
{
	struct join join = { .arena = arena, .bits = bits };

	join_level(&join, root, made);
	return !join.failed;
}
