#include "made_rules.h"

#include <string.h>

#include "abi/doors.h"
#include "unit/bpf_random.h"

enum { NAMES_MAX = 1024, RULES_A_CALL = 4 };

/*
 * Calls whose arguments are in the same registers everywhere, and which have
 * neither a twin nor a multiplexer: libseccomp knows nothing of these.
 */
static const char *const with_arguments[] = {
	"personality", "prctl",           "ioctl",  "madvise", "dup3",
	"kcmp",        "setpriority",     "keyctl", "ptrace",  "tgkill",
	"flock",       "unshare",         "msync",  "bpf",     "seccomp",
	"mprotect",    "perf_event_open", "mlock2", "setns",   "fchmod",
};

enum { WITH_ARGUMENTS = sizeof(with_arguments) / sizeof(with_arguments[0]) };

static bool is_with_arguments(const char *name)
{
	for (size_t i = 0; i < WITH_ARGUMENTS; i++)
		if (strcmp(with_arguments[i], name) == 0)
			return true;
	return false;
}

static void shuffle(const char **names, size_t count, uint64_t *seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(seed, (uint32_t)i);
		const char *name = names[i - 1];

		names[i - 1] = names[other];
		names[other] = name;
	}
}

static uint32_t pick_answer(const struct recipe *recipe, uint64_t *seed)
{
	uint32_t count = 0;

	while (count < 4 && recipe->answers[count])
		count++;
	return recipe->answers[random_below(seed, count)];
}

/* Constants with few bits and with many, in either half. */
static uint64_t pick_value(uint64_t *seed, bool wide)
{
	uint64_t low = random_edge(seed);

	if (random_below(seed, 2))
		low = random_below(seed, 12);
	if (!wide || random_below(seed, 3))
		return low;
	return (uint64_t)random_edge(seed) << 32 | low;
}

static void add_conditions(struct rule *rule, uint64_t *seed, bool wide)
{
	uint32_t first = random_below(seed, 6);

	rule->count = 1 + random_below(seed, RULES_CONDITIONS);
	for (size_t i = 0; i < rule->count; i++) {
		struct condition *condition = &rule->conditions[i];

		condition->argument = (unsigned)(first + i) % 6;
		condition->value = pick_value(seed, wide);
		condition->mask = UINT64_MAX;
		if (random_below(seed, 3) == 0) {
			/* A mask of nothing is no condition. */
			condition->mask = pick_value(seed, wide) | 1;
			condition->value &= condition->mask;
		}
	}
}

static struct rule *
add_rule(struct rules *rules, const char *name, uint32_t answer)
{
	struct rule *rule = &rules->at[rules->count++];

	*rule = (struct rule){ .name = name, .answer = answer };
	return rule;
}

static void add_conditional(struct rules *rules, const struct recipe *recipe,
			    uint64_t *seed)
{
	const char *names[WITH_ARGUMENTS];
	/* On a machine of 32 bits, the upper half is not looked at. */
	bool wide = !rules->abis[1];

	memcpy(names, with_arguments, sizeof(names));
	shuffle(names, WITH_ARGUMENTS, seed);
	for (size_t i = 0; i < recipe->conditional && i < WITH_ARGUMENTS; i++) {
		uint32_t answer = pick_answer(recipe, seed);
		uint32_t count = 1 + random_below(seed, RULES_A_CALL);

		while (count--)
			add_conditions(add_rule(rules, names[i], answer), seed,
				       wide);
	}
}

/*
 * Whether the rules of a call go further here than to libseccomp: what refuses
 * stat on x86_64 refuses stat64 on i386, too.
 */
static bool
reaches_twins(const struct recipe *recipe, const struct cg_syscall *call)
{
	const struct cg_syscall *twins[TWINS_MAX];

	if (recipe->answers[0] == CG_RET_ALLOW && !recipe->answers[1])
		return false;
	for (size_t i = 1; i < RULES_ABIS && recipe->abis[i]; i++)
		if (abi_twins(call, cg_abi_by_name(recipe->abis[i]), twins))
			return true;
	return false;
}

bool made_rules(struct rules *rules, const struct recipe *recipe, uint64_t seed)
{
	static const char *names[NAMES_MAX];
	const struct cg_syscall *call;
	size_t count = 0;

	*rules = (struct rules){ .otherwise = recipe->otherwise,
				 .foreign = recipe->foreign,
				 .level = recipe->level };
	memcpy(rules->abis, recipe->abis, sizeof(rules->abis));
	for (size_t i = 0; (call = cg_syscall_get(i)) && count < NAMES_MAX; i++)
		if (!is_with_arguments(call->name) &&
		    !reaches_twins(recipe, call) && rules_shared(rules, call))
			names[count++] = call->name;
	if (count < recipe->plain)
		return false;
	shuffle(names, count, &seed);
	for (size_t i = 0; i < recipe->plain; i++)
		add_rule(rules, names[i], pick_answer(recipe, &seed));
	add_conditional(rules, recipe, &seed);
	return true;
}

void made_recipe(struct recipe *recipe, uint64_t seed)
{
	static const uint32_t answers[] = {
		CG_RET_ALLOW,      CG_RET_ERRNO | 1,    CG_RET_ERRNO | 13,
		CG_RET_ERRNO | 38, CG_RET_TRAP,         CG_RET_LOG,
		CG_RET_TRACE | 77, CG_RET_KILL_PROCESS,
	};
	static const char *const machines[][RULES_ABIS] = {
		{ "x86_64" },  { "x86_64" }, { "x86_64", "i386", "x32" },
		{ "aarch64" }, { "s390x" },
	};
	const uint32_t kinds = sizeof(answers) / sizeof(answers[0]);
	/* No answer of a call may be that of the rest: libseccomp refuses. */
	uint32_t otherwise = random_below(&seed, kinds);
	uint32_t count = 1 + random_below(&seed, 3);
	uint32_t machine = random_below(&seed, 5);

	*recipe = (struct recipe){
		.otherwise = answers[otherwise],
		.foreign = answers[random_below(&seed, kinds)],
		.plain = random_below(&seed, 60),
		.conditional = 1 + random_below(&seed, 8),
		.level = 1 + (int)random_below(&seed, 2),
	};
	memcpy(recipe->abis, machines[machine], sizeof(recipe->abis));
	/*
	 * Past 255 instructions, libseccomp 2.5.4 leaves the returns that it
	 * repeats close to far jumps in the byte order of this machine.
	 */
	if (strcmp(recipe->abis[0], "s390x") == 0) {
		recipe->plain %= 40;
		recipe->conditional = 1 + recipe->conditional % 3;
	}
	for (uint32_t i = 0; i < count; i++)
		recipe->answers[i] = answers[(otherwise + 1 +
					      random_below(&seed, kinds - 1)) %
					     kinds];
}
