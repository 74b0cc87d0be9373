#include "format/scmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/scmp_names.h"

enum {
	MEMORY = 256 << 20,
	HASH_LEAST = 64,
	DATA_MAX = 4094,
	PSEUDO_NEWER = -20000,
};

/* ------------------------------------------------- the calls of a filter -- */

static struct scmp_filter *filter_new(const struct cg_scmp_arch *arch)
{
	struct scmp_filter *filter = malloc(sizeof(*filter));

	if (filter)
		*filter = (struct scmp_filter){ .arch = arch,
						.arena.budget = MEMORY };
	return filter;
}

static void filter_free(struct scmp_filter *filter)
{
	if (filter)
		arena_free(&filter->arena);
	free(filter);
}

/* Where the call of a number is, or would be. The hash has a free slot. */
static struct scmp_call **slot_of(const struct scmp_filter *filter, uint32_t nr)
{
	size_t slot = nr * 2654435761u >> 7;

	for (;; slot++) {
		struct scmp_call **at =
			&filter->hash[slot & (filter->hash_size - 1)];

		if (!*at || (*at)->nr == nr)
			return at;
	}
}

static bool rehash(struct scmp_filter *filter)
{
	size_t size = filter->hash_size ? filter->hash_size * 2 : HASH_LEAST;
	struct scmp_call **hash =
		arena_array(&filter->arena, struct scmp_call *, size);

	if (!hash)
		return false;
	filter->hash = hash;
	filter->hash_size = size;
	for (struct scmp_block *block = filter->first; block;
	     block = block->next)
		for (size_t i = 0; i < block->used; i++)
			*slot_of(filter, block->calls[i].nr) = &block->calls[i];
	return true;
}

static struct scmp_call *
find_call(const struct scmp_filter *filter, uint32_t nr)
{
	return filter->hash_size ? *slot_of(filter, nr) : NULL;
}

/* The call of a number, made if there is none yet; NULL if memory ran out. */
static struct scmp_call *need_call(struct scmp_filter *filter, uint32_t nr)
{
	struct scmp_call *call = find_call(filter, nr);

	if (call)
		return call;
	if (filter->count >= filter->hash_size / 4 * 3 && !rehash(filter))
		return NULL;
	if (!filter->last || filter->last->used == SCMP_BLOCK) {
		struct scmp_block *block =
			arena_array(&filter->arena, struct scmp_block, 1);

		if (!block)
			return NULL;
		if (filter->last)
			filter->last->next = block;
		else
			filter->first = block;
		filter->last = block;
	}
	call = &filter->last->calls[filter->last->used++];
	call->nr = nr;
	filter->count++;
	*slot_of(filter, nr) = call;
	return call;
}

/* ------------------------------------------------------- life of a filter --
 */

struct cg_scmp *cg_scmp_new(const struct cg_scmp_arch *native, uint32_t answer)
{
	struct cg_scmp *scmp = malloc(sizeof(*scmp));

	if (scmp)
		*scmp = (struct cg_scmp){ .native = native,
					  .answer = answer,
					  .foreign = CG_RET_KILL_THREAD };
	return scmp;
}

void cg_scmp_free(struct cg_scmp *scmp)
{
	if (!scmp)
		return;
	for (size_t i = 0; i < scmp->count; i++)
		filter_free(scmp->filters[i]);
	free(scmp);
}

bool cg_scmp_is_answer(uint32_t answer)
{
	switch (answer & CG_RET_ACTION) {
	case CG_RET_ERRNO:
		return (answer & CG_RET_DATA) <= DATA_MAX;
	case CG_RET_TRACE:
	case CG_RET_TRAP:
		return true;
	case CG_RET_KILL_PROCESS:
	case CG_RET_KILL_THREAD:
	case CG_RET_USER_NOTIF:
	case CG_RET_LOG:
	case CG_RET_ALLOW:
		return (answer & CG_RET_DATA) == 0;
	default:
		return false;
	}
}

void cg_scmp_set_foreign(struct cg_scmp *scmp, uint32_t answer)
{
	scmp->foreign = answer;
}

void cg_scmp_set_minus_one(struct cg_scmp *scmp, bool allowed)
{
	scmp->minus_one = allowed;
}

/* ----------------------------------------------------------- architectures --
 */

const struct cg_scmp_arch *
cg_scmp_arch_at(const struct cg_scmp *scmp, size_t index)
{
	return index < scmp->count ? scmp->filters[index]->arch : NULL;
}

static size_t
place_of(const struct cg_scmp *scmp, const struct cg_scmp_arch *arch)
{
	size_t i = 0;

	while (i < scmp->count && scmp->filters[i]->arch != arch)
		i++;
	return i;
}

int cg_scmp_arch_add(struct cg_scmp *scmp, const struct cg_scmp_arch *arch)
{
	struct scmp_filter *filter;

	if (scmp->broken)
		return -ENOMEM;
	if (place_of(scmp, arch) < scmp->count)
		return -EEXIST;
	if (scmp->count &&
	    scmp->filters[0]->arch->abi->big_endian != arch->abi->big_endian)
		return -EDOM;
	if (scmp->count == SCMP_ARCHES_MAX)
		return -EINVAL;
	filter = filter_new(arch);
	if (!filter)
		return -ENOMEM;
	scmp->filters[scmp->count++] = filter;
	return 0;
}

int cg_scmp_arch_remove(struct cg_scmp *scmp, const struct cg_scmp_arch *arch)
{
	size_t place = place_of(scmp, arch);

	if (scmp->broken)
		return -ENOMEM;
	if (place == scmp->count)
		return -EEXIST;
	filter_free(scmp->filters[place]);
	scmp->count--;
	memmove(&scmp->filters[place], &scmp->filters[place + 1],
		(scmp->count - place) * sizeof(scmp->filters[0]));
	return 0;
}

int cg_scmp_merge(struct cg_scmp *into, struct cg_scmp *from)
{
	if (into->broken || from->broken)
		return -ENOMEM;
	if (!into->count || !from->count)
		return -EINVAL;
	if (into->filters[0]->arch->abi->big_endian !=
	    from->filters[0]->arch->abi->big_endian)
		return -EDOM;
	for (size_t i = 0; i < from->count; i++)
		if (place_of(into, from->filters[i]->arch) < into->count)
			return -EEXIST;
	if (into->count + from->count > SCMP_ARCHES_MAX)
		return -EINVAL;
	memcpy(&into->filters[into->count], from->filters,
	       from->count * sizeof(from->filters[0]));
	into->count += from->count;
	from->count = 0;
	cg_scmp_free(from);
	return 0;
}

/* ------------------------------------------------------------------- rules --
 */

enum {
	DOORS = 2, /* a call, and the multiplexer that leads there */
	TARGETS_MAX = SCMP_ARCHES_MAX * DOORS,
};

/* A rule for one number of one architecture, on its way into the filter. */
struct target {
	struct scmp_filter *filter;
	uint32_t nr;
	uint8_t count;
	struct scmp_condition conditions[CG_SCMP_TESTS_MAX];
	enum scmp_fit fit;
	struct scmp_branch made;
};

/* What is added, and where it goes. */
struct addition {
	struct cg_scmp *scmp;
	bool exact;
	uint32_t answer;
	int nr;
	const struct cg_scmp_test *tests;
	size_t count;
	struct target *targets; /* room for TARGETS_MAX */
	size_t target_count;
};

static int check_number(const struct cg_scmp *scmp, int nr)
{
	if (scmp->broken)
		return -ENOMEM;
	if (!scmp->count)
		return -EINVAL;
	if (nr < 0 && nr >= SCMP_RESERVED && !(nr == -1 && scmp->minus_one))
		return -EINVAL;
	return 0;
}

static int check_tests(const struct cg_scmp_test *tests, size_t count)
{
	unsigned seen = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned argument = tests[i].argument;

		if (argument >= CG_SCMP_TESTS_MAX || seen >> argument & 1 ||
		    tests[i].op < CG_SCMP_NE || tests[i].op > CG_SCMP_MASKED_EQ)
			return -EINVAL;
		seen |= 1u << argument;
	}
	return 0;
}

static int check(const struct addition *add)
{
	int rc = add->count > CG_SCMP_TESTS_MAX
			 ? -EINVAL
			 : check_number(add->scmp, add->nr);

	if (rc)
		return rc;
	if (!cg_scmp_is_answer(add->answer))
		return -EINVAL;
	if (add->answer == add->scmp->answer)
		return -EACCES;
	if (add->exact && add->scmp->count > 1)
		return -EOPNOTSUPP;
	return check_tests(add->tests, add->count);
}

/* The number of `nr`, given as one of the native architecture, on `arch`. */
static int
translate(const struct cg_scmp *scmp, const struct cg_scmp_arch *arch, int *nr)
{
	const struct cg_syscall *call;
	int number;

	if (arch == scmp->native || *nr == -1)
		return 0;
	call = scmp_call_of(scmp->native, *nr);
	if (!call)
		return -EFAULT;
	number = scmp_number_of(arch, call);
	/* Newer than the pseudo numbers in data/: it needs one of its own. */
	if (number == CG_SCMP_UNKNOWN)
		number = PSEUDO_NEWER - call->index;
	*nr = number;
	return 0;
}

/* A condition, unless it is always true. */
static void
add_condition(struct target *target, const struct cg_scmp_test *test)
{
	struct scmp_condition *condition = &target->conditions[target->count];
	uint64_t bits =
		target->filter->arch->bits == 64 ? UINT64_MAX : UINT32_MAX;

	*condition = (struct scmp_condition){
		.mask = bits,
		.value = test->a & bits,
		.argument = (uint8_t)test->argument,
		.op = (uint8_t)test->op,
	};
	if (test->op == CG_SCMP_MASKED_EQ) {
		condition->mask = test->a & bits;
		condition->value = test->b & condition->mask;
	}
	if (condition->mask)
		target->count++;
}

/*
 * A rule for a number. `operation` is what a multiplexer's first argument must
 * be, below 0 where it is none; it takes the place of the rule's own condition.
 */
static void add_target(struct addition *add, struct scmp_filter *filter,
		       uint32_t nr, int operation)
{
	struct target *target = &add->targets[add->target_count++];

	target->filter = filter;
	target->nr = nr;
	target->count = 0;
	if (operation >= 0)
		add_condition(target, &(struct cg_scmp_test){
					      .op = CG_SCMP_EQ,
					      .a = (uint64_t)operation });
	for (unsigned argument = operation >= 0; argument < CG_SCMP_TESTS_MAX;
	     argument++)
		for (size_t i = 0; i < add->count; i++)
			if (add->tests[i].argument == argument)
				add_condition(target, &add->tests[i]);
}

static int64_t kernel_number_of(const struct cg_scmp_arch *arch, int nr)
{
	const struct cg_syscall *call = scmp_call_of(arch, nr);

	return call ? scmp_kernel_number(arch, call) : -1;
}

static int aim(struct addition *add, struct scmp_filter *filter)
{
	const struct cg_scmp_arch *arch = filter->arch;
	const struct scmp_family *family;
	int64_t own = -1;
	int nr = add->nr, rc = translate(add->scmp, arch, &nr);

	if (rc)
		return rc;
	family = arch->doors ? scmp_family_of(nr) : NULL;
	if (!family) {
		if (nr < -1 && add->exact)
			return -EDOM;
		/* What is not there is kept, to be shown; but not where calls
		   go through multiplexers. */
		if (nr >= -1 || !arch->doors)
			add_target(add, filter, (uint32_t)nr, -1);
		return 0;
	}
	if (add->exact && add->count)
		return -EINVAL;
	own = kernel_number_of(arch, nr);
	add_target(add, filter, own >= 0 ? (uint32_t)own : (uint32_t)nr, -1);
	add_target(add, filter, (uint32_t)cg_scmp_door(arch, nr),
		   family->base - nr);
	return 0;
}

static const struct scmp_level no_rules = { .count = 0 };

/* Put a rule into a tree. */
static bool plant(struct scmp_filter *filter, struct scmp_level *root,
		  const struct scmp_rule *rule)
{
	struct scmp_branch made;

	switch (scmp_tree_try(&filter->arena, root, filter->arch->bits,
			      rule->conditions, rule->count, rule->answer,
			      &made)) {
	case SCMP_FITS:
		return scmp_tree_add(&filter->arena, root, filter->arch->bits,
				     &made);
	case SCMP_NOMEM:
		return false;
	default:
		return true;
	}
}

/*
 * Take the rules that others cover by now out of the tree, where libseccomp
 * does not have them either. `*out` says if there were any.
 */
static bool prune(struct scmp_filter *filter, struct scmp_call *call, bool *out)
{
	struct scmp_level *root =
		arena_array(&filter->arena, struct scmp_level, 1);
	bool any = false;

	for (struct scmp_rule *rule = call->first; rule; rule = rule->next) {
		enum scmp_fit fit = SCMP_FITS;

		if (!rule->apart)
			fit = scmp_tree_covers(&filter->arena, call->root,
					       filter->arch->bits,
					       rule->conditions, rule->count,
					       rule->answer);
		if (fit == SCMP_NOMEM)
			return false;
		rule->apart |= fit == SCMP_COVERED;
		any |= fit == SCMP_COVERED;
	}
	*out = any;
	for (struct scmp_rule *rule = call->first; root && any && rule;
	     rule = rule->next)
		if (!rule->apart && !plant(filter, root, rule))
			return false;
	if (any)
		call->root = root;
	return root;
}

static enum scmp_fit fit_of(const struct addition *add, struct target *target,
			    const struct scmp_call *call)
{
	return scmp_tree_try(&target->filter->arena,
			     call && call->root ? call->root : &no_rules,
			     target->filter->arch->bits, target->conditions,
			     target->count, add->answer, &target->made);
}

/* What becomes of the rule at one target; no rule has changed yet. */
static int try_target(struct addition *add, struct target *target)
{
	struct scmp_call *call = find_call(target->filter, target->nr);
	bool pruned;

	target->fit = SCMP_FITS;
	if (call && call->plain)
		target->fit = SCMP_COVERED;
	else if (target->count)
		target->fit = fit_of(add, target, call);
	if (target->fit == SCMP_REFUSED) {
		if (!prune(target->filter, call, &pruned))
			target->fit = SCMP_NOMEM;
		else if (pruned)
			target->fit = fit_of(add, target, call);
	}
	if (target->fit == SCMP_NOMEM) {
		add->scmp->broken = true;
		return -ENOMEM;
	}
	return target->fit == SCMP_REFUSED ? -EEXIST : 0;
}

static bool remember(struct arena *arena, struct scmp_call *call,
		     const struct target *target, uint32_t answer)
{
	struct scmp_rule *rule = arena_array(arena, struct scmp_rule, 1);
	struct scmp_condition *conditions =
		arena_array(arena, struct scmp_condition, target->count);

	if (!rule || !conditions)
		return false;
	memcpy(conditions, target->conditions,
	       target->count * sizeof(*conditions));
	*rule = (struct scmp_rule){ .conditions = conditions,
				    .answer = answer,
				    .number = call->count++,
				    .count = target->count };
	if (call->last)
		call->last->next = rule;
	else
		call->first = rule;
	call->last = rule;
	return true;
}

static bool do_target(const struct target *target, uint32_t answer)
{
	struct scmp_filter *filter = target->filter;
	struct arena *arena = &filter->arena;
	struct scmp_call *call = need_call(filter, target->nr);

	if (!call)
		return false;
	call->ruled = true;
	if (!target->count) {
		call->plain = true;
		call->answer = answer;
		call->root = NULL;
		call->first = call->last = NULL;
		return true;
	}
	if (!call->root)
		call->root = arena_array(arena, struct scmp_level, 1);
	if (!call->root || !remember(arena, call, target, answer))
		return false;
	return target->fit == SCMP_LOST ||
	       scmp_tree_add(arena, call->root, filter->arch->bits,
			     &target->made);
}

static int add_rule(struct addition *add)
{
	struct cg_scmp *scmp = add->scmp;
	int rc = check(add);

	for (size_t i = 0; i < scmp->count && !rc; i++) {
		size_t first = add->target_count;

		rc = aim(add, scmp->filters[i]);
		for (size_t j = first; j < add->target_count && !rc; j++)
			rc = try_target(add, &add->targets[j]);
	}
	if (rc)
		return rc;
	for (size_t i = 0; i < add->target_count; i++)
		if (add->targets[i].fit != SCMP_COVERED &&
		    !do_target(&add->targets[i], add->answer)) {
			scmp->broken = true;
			return -ENOMEM;
		}
	return 0;
}

int cg_scmp_rule(struct cg_scmp *scmp, bool exact, uint32_t answer, int nr,
		 const struct cg_scmp_test *tests, size_t count)
{
	struct target targets[TARGETS_MAX]; /* large: not to be cleared */
	struct addition add = { .scmp = scmp,
				.exact = exact,
				.answer = answer,
				.nr = nr,
				.tests = tests,
				.count = count,
				.targets = targets };

	return add_rule(&add);
}

int cg_scmp_priority(struct cg_scmp *scmp, int nr, uint8_t priority)
{
	int rc = check_number(scmp, nr);

	for (size_t i = 0; i < scmp->count && !rc; i++) {
		int number = nr;

		rc = translate(scmp, scmp->filters[i]->arch, &number);
	}
	for (size_t i = 0; i < scmp->count && !rc; i++) {
		struct scmp_call *call;
		int number = nr;

		translate(scmp, scmp->filters[i]->arch, &number);
		number = cg_scmp_door(scmp->filters[i]->arch, number);
		/* A call that is not there is not made, however often. */
		if (number < -1)
			continue;
		call = need_call(scmp->filters[i], (uint32_t)number);
		scmp->filters[i]->prioritised = true;
		if (call) {
			/* The highest that was ever said counts. */
			if (call->priority < priority)
				call->priority = priority;
			call->early |= !call->ruled;
		} else {
			scmp->broken = true;
			rc = -ENOMEM;
		}
	}
	return rc;
}

/* -------------------------------------------------------------------- copy --
 */

static bool copy_call(struct scmp_filter *into, const struct scmp_call *from)
{
	struct scmp_call *call = need_call(into, from->nr);
	struct target target = { .filter = into, .nr = from->nr };

	if (!call)
		return false;
	call->priority = from->priority;
	call->early = from->early;
	into->prioritised |= from->priority != 0;
	if (from->plain && !do_target(&target, from->answer))
		return false;
	for (const struct scmp_rule *rule = from->first; rule;
	     rule = rule->next) {
		target.count = rule->count;
		memcpy(target.conditions, rule->conditions,
		       rule->count * sizeof(*rule->conditions));
		target.fit =
			scmp_tree_try(&into->arena,
				      call->root ? call->root : &no_rules,
				      into->arch->bits, target.conditions,
				      target.count, rule->answer, &target.made);
		if (target.fit == SCMP_NOMEM ||
		    !do_target(&target, rule->answer))
			return false;
	}
	return true;
}

static struct scmp_filter *copy_filter(const struct scmp_filter *from)
{
	struct scmp_filter *filter = filter_new(from->arch);

	if (!filter)
		return NULL;
	for (const struct scmp_block *block = from->first; block;
	     block = block->next)
		for (size_t i = 0; i < block->used; i++)
			if (!copy_call(filter, &block->calls[i])) {
				filter_free(filter);
				return NULL;
			}
	return filter;
}

struct cg_scmp *cg_scmp_copy(const struct cg_scmp *scmp)
{
	struct cg_scmp *copy = cg_scmp_new(scmp->native, scmp->answer);

	if (!copy)
		return NULL;
	copy->foreign = scmp->foreign;
	copy->minus_one = scmp->minus_one;
	copy->broken = scmp->broken;
	for (size_t i = 0; i < scmp->count; i++) {
		copy->filters[i] = copy_filter(scmp->filters[i]);
		if (!copy->filters[i]) {
			cg_scmp_free(copy);
			return NULL;
		}
		copy->count++;
	}
	return copy;
}
