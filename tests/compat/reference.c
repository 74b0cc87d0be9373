#include "reference.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- reading --
 */

static struct read_filter *
find(struct reference *reference, const struct cg_scmp_arch *arch)
{
	for (size_t i = 0; i < reference->count; i++)
		if (reference->filters[i].arch == arch)
			return &reference->filters[i];
	return NULL;
}

static const struct cg_scmp_arch *arch_of(uint32_t token)
{
	return token ? cg_scmp_arch_by_token(token) : cg_scmp_arch_native();
}

static void
add_filter(struct reference *reference, const struct cg_scmp_arch *arch)
{
	struct read_filter *filter = &reference->filters[reference->count++];

	filter->arch = arch;
	filter->count = filter->priority_count = 0;
}

static void
remove_filter(struct reference *reference, const struct cg_scmp_arch *arch)
{
	struct read_filter *filter = find(reference, arch);
	size_t behind =
		(size_t)(&reference->filters[reference->count] - filter) - 1;

	memmove(filter, filter + 1, behind * sizeof(*filter));
	reference->count--;
}

/* As much of a condition as the architecture compares. */
static struct scmp_arg_cmp
cut(const struct read_filter *filter, struct scmp_arg_cmp arg)
{
	if (filter->arch->bits == 32) {
		arg.datum_a &= UINT32_MAX;
		arg.datum_b &= UINT32_MAX;
	}
	if (arg.op == SCMP_CMP_MASKED_EQ)
		arg.datum_b &= arg.datum_a;
	return arg;
}

static void add_rule(struct read_filter *filter, uint32_t nr,
		     const struct op *op, int operation)
{
	struct read_rule *rule = &filter->rules[filter->count++];

	*rule = (struct read_rule){ .nr = nr, .action = op->action };
	if (operation >= 0)
		rule->args[rule->count++] =
			(struct scmp_arg_cmp){ 0, SCMP_CMP_EQ,
					       (scmp_datum_t)operation, 0 };
	for (unsigned argument = operation >= 0; argument < 6; argument++)
		for (unsigned i = 0; i < op->count; i++) {
			struct scmp_arg_cmp arg = cut(filter, op->args[i]);

			/* What looks at no bit is always true. */
			if (arg.arg == argument &&
			    !(arg.op == SCMP_CMP_MASKED_EQ && !arg.datum_a))
				rule->args[rule->count++] = arg;
		}
}

/* What the kernel has, where the interface says a multiplexer's family. */
static int64_t own_number(const struct cg_scmp_arch *arch, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	uint32_t nr;

	return call && cg_syscall_number(call, arch->abi, &nr) ? (int64_t)nr
							       : -1;
}

/* A native number on another architecture. */
static int number_on(const struct cg_scmp_arch *arch, int nr)
{
	const struct cg_scmp_arch *native = cg_scmp_arch_native();

	return arch == native || nr == -1
		       ? nr
		       : cg_scmp_number(arch, cg_scmp_name(native, nr));
}

static void read_priority(struct reference *reference, const struct op *op)
{
	for (size_t i = 0; i < reference->count; i++) {
		struct read_filter *filter = &reference->filters[i];
		int nr = number_on(filter->arch, op->nr);

		filter->prioritised[filter->priority_count++] =
			(uint32_t)cg_scmp_door(filter->arch, nr);
	}
}

static void read_rule(struct reference *reference, const struct op *op)
{
	for (size_t i = 0; i < reference->count; i++) {
		struct read_filter *filter = &reference->filters[i];
		const struct cg_scmp_arch *arch = filter->arch;
		int nr = number_on(arch, op->nr);
		int door = cg_scmp_door(arch, nr);
		int64_t own;

		if (door == nr) {
			add_rule(filter, (uint32_t)nr, op, -1);
			continue;
		}
		own = own_number(arch, cg_scmp_name(arch, nr));
		add_rule(filter, own < 0 ? (uint32_t)nr : (uint32_t)own, op,
			 -1);
		add_rule(filter, (uint32_t)door, op, -nr % 100);
	}
}

static void read_op(struct reference *all, const struct op *op)
{
	struct reference *reference = &all[op->context];

	switch (op->kind) {
	case OP_RULE:
		read_rule(reference, op);
		break;
	case OP_PRIORITY:
		read_priority(reference, op);
		break;
	case OP_ARCH_ADD:
		add_filter(reference, arch_of(op->token));
		break;
	case OP_ARCH_REMOVE:
		remove_filter(reference, arch_of(op->token));
		break;
	case OP_ATTRIBUTE:
		if (op->attribute == SCMP_FLTATR_ACT_BADARCH)
			reference->foreign = op->value;
		break;
	case OP_MERGE:
		for (size_t i = 0; i < all[1].count; i++)
			all[0].filters[all[0].count++] = all[1].filters[i];
		all[1].count = 0;
		add_filter(&all[1], cg_scmp_arch_native());
		all[1].foreign = SCMP_ACT_KILL;
		break;
	default:
		break;
	}
}

/* Whether a call was given a priority and has no rule, on one architecture. */
static bool is_stray(const struct read_filter *filter)
{
	for (size_t i = 0; i < filter->priority_count; i++) {
		size_t j = 0;

		while (j < filter->count &&
		       filter->rules[j].nr != filter->prioritised[i])
			j++;
		if (j == filter->count)
			return true;
	}
	return false;
}

void reference_read(struct reference *reference,
		    const struct sequence *sequence, const int *codes)
{
	static struct reference all[CONTEXTS]; /* large */

	for (size_t i = 0; i < CONTEXTS; i++) {
		all[i].answer = sequence->answers[i];
		all[i].foreign = SCMP_ACT_KILL;
		all[i].count = 0;
		add_filter(&all[i], cg_scmp_arch_native());
	}
	for (size_t i = 0; i < sequence->count; i++) {
		const struct op *op = &sequence->ops[i];

		if (!op->undone && !codes[i])
			read_op(all, op);
	}
	all[0].stray = false;
	for (size_t i = 0; i < all[0].count; i++)
		all[0].stray |= is_stray(&all[0].filters[i]);
	*reference = all[0];
}

/* ------------------------------------------------------------------ order --
 */

/*
 * A condition is compared as one or two steps: values by halves where there
 * are 64 bits, bounds at once. `what` tells steps apart that compare alike.
 */
struct step {
	unsigned argument, rank;
	uint64_t place, what;
};

static size_t
steps_of(const struct read_rule *rule, unsigned bits, struct step out[12])
{
	size_t count = 0;

	for (unsigned i = 0; i < rule->count; i++) {
		const struct scmp_arg_cmp *arg = &rule->args[i];
		bool masked = arg->op == SCMP_CMP_MASKED_EQ;
		uint64_t value = masked ? arg->datum_b : arg->datum_a;
		uint64_t mask = masked ? arg->datum_a : UINT64_MAX;
		struct step step = { .argument = arg->arg,
				     .place = value,
				     .what = arg->op };

		if (arg->op == SCMP_CMP_LT || arg->op == SCMP_CMP_LE) {
			step.rank = 1;
			step.place = ~value;
			out[count++] = step;
			continue;
		}
		if (arg->op == SCMP_CMP_GE || arg->op == SCMP_CMP_GT) {
			step.rank = 2;
			out[count++] = step;
			continue;
		}
		for (int shift = bits == 64 ? 32 : 0; shift >= 0; shift -= 32) {
			step.place = value >> shift & UINT32_MAX;
			step.what =
				masked ? (mask >> shift & UINT32_MAX) << 8 | 1
				       : 0;
			out[count++] = step;
		}
	}
	return count;
}

static bool same(const struct step *a, const struct step *b)
{
	return a->argument == b->argument && a->rank == b->rank &&
	       a->place == b->place && a->what == b->what;
}

/* The first rule for the same number that begins with these steps. */
static size_t first_with(const struct read_filter *filter, uint32_t nr,
			 const struct step *steps, size_t count)
{
	for (size_t i = 0; i < filter->count; i++) {
		struct step other[12];
		size_t have, j = 0;

		if (filter->rules[i].nr != nr)
			continue;
		have = steps_of(&filter->rules[i], filter->arch->bits, other);
		while (j < count && j < have && same(&steps[j], &other[j]))
			j++;
		if (j == count)
			return i;
	}
	return filter->count;
}

/* Whether rule `a` decides before rule `b` of the same number. */
static bool before(const struct read_filter *filter, size_t a, size_t b)
{
	const struct read_rule *x = &filter->rules[a], *y = &filter->rules[b];
	struct step xs[12], ys[12];
	size_t xc = steps_of(x, filter->arch->bits, xs);
	size_t yc = steps_of(y, filter->arch->bits, ys);

	for (size_t i = 0;; i++) {
		if (i == xc || i == yc)
			return xc == yc ? a < b : xc < yc;
		if (same(&xs[i], &ys[i]))
			continue;
		if (xs[i].argument != ys[i].argument)
			return xs[i].argument > ys[i].argument;
		if (xs[i].rank != ys[i].rank)
			return xs[i].rank < ys[i].rank;
		if (xs[i].place != ys[i].place)
			return xs[i].place > ys[i].place;
		return first_with(filter, x->nr, xs, i + 1) <
		       first_with(filter, y->nr, ys, i + 1);
	}
}

/* ----------------------------------------------------------------- policy --
 */

struct build {
	struct cg_rule rules[FILTERS_MAX * READ_MAX + FILTERS_MAX];
	struct cg_test tests[FILTERS_MAX * READ_MAX][6];
	size_t rule_count, test_count;
	struct cg_default defaults[FILTERS_MAX + 1];
	size_t default_count;
};

static struct cg_test
test_of(const struct read_filter *filter, const struct scmp_arg_cmp *arg)
{
	static const enum cg_operator operators[] = {
		[SCMP_CMP_NE] = CG_NE,        [SCMP_CMP_LT] = CG_LT,
		[SCMP_CMP_LE] = CG_LE,        [SCMP_CMP_EQ] = CG_EQ,
		[SCMP_CMP_GE] = CG_GE,        [SCMP_CMP_GT] = CG_GT,
		[SCMP_CMP_MASKED_EQ] = CG_EQ,
	};
	bool masked = arg->op == SCMP_CMP_MASKED_EQ;

	return (struct cg_test){
		.argument = (uint8_t)arg->arg,
		.op = operators[arg->op],
		.mask = masked                     ? arg->datum_a
			: filter->arch->bits == 32 ? UINT32_MAX
						   : UINT64_MAX,
		.value = masked ? arg->datum_b : arg->datum_a,
	};
}

static void build_rule(struct build *build, const struct read_filter *filter,
		       const struct cg_abi *abi, const struct read_rule *rule)
{
	struct cg_test *tests = build->tests[build->test_count++];

	for (unsigned i = 0; i < rule->count; i++)
		tests[i] = test_of(filter, &rule->args[i]);
	build->rules[build->rule_count++] =
		(struct cg_rule){ .abi = abi,
				  .first = rule->nr,
				  .last = rule->nr,
				  .answer = rule->action,
				  .tests = tests,
				  .count = rule->count };
}

static void
build_default(struct build *build, const struct cg_abi *abi, uint32_t answer)
{
	for (size_t i = 0; i < build->default_count; i++)
		if (build->defaults[i].abi == abi)
			return;
	build->defaults[build->default_count++] =
		(struct cg_default){ abi, answer };
}

/* x86_64 and x32: told by the number alone. */
enum { X32_BIT = 0x40000000 };

static bool has_x32_bit(uint32_t nr)
{
	return nr >= X32_BIT && nr < 2u * X32_BIT;
}

static void
build_defaults(struct build *build, const struct reference *reference)
{
	const struct cg_abi *x86_64 = cg_abi_by_name("x86_64");
	const struct cg_abi *x32 = cg_abi_by_name("x32");
	bool low = false, high = false;

	for (size_t i = 0; i < reference->count; i++) {
		const struct cg_abi *abi = reference->filters[i].arch->abi;

		low |= abi == x86_64;
		high |= abi == x32;
		build_default(build, abi, reference->answer);
	}
	if (low == high)
		return;
	build_default(build, x86_64, reference->answer);
	build->rules[build->rule_count++] = (struct cg_rule){
		.abi = x86_64,
		.first = low ? X32_BIT : 0,
		.last = low ? UINT32_MAX - 1 : X32_BIT - 1,
		.answer = reference->foreign,
	};
}

static const struct cg_abi *
abi_of(const struct build *build, const struct cg_abi *abi, uint32_t nr)
{
	const struct cg_abi *x86_64 = cg_abi_by_name("x86_64");
	const struct cg_abi *x32 = cg_abi_by_name("x32");

	/* A pseudo number that is left: a call that there is not. */
	if ((int32_t)nr < -1)
		return NULL;
	if (abi == x86_64 || abi == x32)
		abi = has_x32_bit(nr) ? x32 : x86_64;
	for (size_t i = 0; i < build->default_count; i++)
		if (build->defaults[i].abi == abi)
			return abi;
	return NULL;
}

static void build_filter(struct build *build, const struct read_filter *filter)
{
	bool done[READ_MAX] = { false };

	for (size_t n = 0; n < filter->count; n++) {
		size_t best = SIZE_MAX;
		const struct cg_abi *abi;

		for (size_t i = 0; i < filter->count; i++) {
			const struct read_rule *rule = &filter->rules[i];

			if (done[i])
				continue;
			if (best == SIZE_MAX ||
			    (rule->nr == filter->rules[best].nr &&
			     before(filter, i, best)))
				best = i;
		}
		done[best] = true;
		abi = abi_of(build, filter->arch->abi, filter->rules[best].nr);
		if (abi)
			build_rule(build, filter, abi, &filter->rules[best]);
	}
}

struct cg_policy *reference_policy(const struct reference *reference)
{
	static struct build build; /* large */
	struct cg_policy *policy = NULL;
	struct cg_rules rules = { .foreign = reference->foreign };
	struct cg_error err;

	build.rule_count = build.test_count = build.default_count = 0;
	build_defaults(&build, reference);
	for (size_t i = 0; i < reference->count; i++)
		build_filter(&build, &reference->filters[i]);
	rules.defaults = build.defaults;
	rules.default_count = build.default_count;
	rules.rules = build.rules;
	rules.rule_count = build.rule_count;
	if (cg_policy_from_rules(&rules, NULL, &policy, &err) != CG_OK)
		return NULL;
	return policy;
}

/* ---------------------------------------------------------------- classes --
 */

bool reference_simple(const struct reference *reference)
{
	for (size_t i = 0; i < reference->count; i++) {
		const struct read_filter *filter = &reference->filters[i];

		for (size_t j = 0; j < filter->count; j++)
			for (size_t k = 0; k < j; k++)
				if (filter->rules[j].nr == filter->rules[k].nr)
					return false;
	}
	return !reference->stray;
}

static bool has_operator(const struct read_rule *rule, bool masked)
{
	for (unsigned i = 0; i < rule->count; i++)
		if (rule->args[i].op != SCMP_CMP_EQ &&
		    (rule->args[i].op == SCMP_CMP_MASKED_EQ) == masked)
			return true;
	return false;
}

enum difference
reference_difference(const struct reference *reference,
		     const struct cg_call *call, size_t instructions)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	size_t masked = 0;

	for (size_t i = 0; i < reference->count; i++)
		for (size_t j = 0; j < reference->filters[i].count; j++)
			masked += has_operator(&reference->filters[i].rules[j],
					       true);
	for (size_t i = 0; i < reference->count; i++) {
		const struct read_filter *filter = &reference->filters[i];
		size_t rules = 0, unequal = 0, pseudo = 0;

		if (filter->arch->abi->audit_arch != call->arch)
			continue;
		for (size_t j = 0; j < filter->count; j++) {
			pseudo += (int32_t)filter->rules[j].nr < -1;
			if (filter->rules[j].nr != call->nr)
				continue;
			rules++;
			unequal += has_operator(&filter->rules[j], false);
		}
		if (rules > 1 && unequal)
			return DIFFERENCE_UNEQUAL;
		if (pseudo)
			return DIFFERENCE_PSEUDO;
	}
	if (masked && reference->count > 1)
		return DIFFERENCE_MASKED;
	if (reference->stray)
		return DIFFERENCE_STRAY;
	if (abi && abi->big_endian && instructions > 255)
		return DIFFERENCE_FAR;
	return DIFFERENCE_NONE;
}
