#include "made_rules.h"

#include "unit/bpf_random.h"

static uint32_t any_answer(uint64_t *seed)
{
	static const uint32_t answers[] = {
		CG_RET_ALLOW,        CG_RET_ALLOW,           CG_RET_ERRNO | 1,
		CG_RET_ERRNO | 38,   CG_RET_KILL_PROCESS,    CG_RET_LOG,
		CG_RET_TRACE | 7,    CG_RET_KILL_THREAD | 9, CG_RET_USER_NOTIF,
		CG_RET_TRAP | 65535,
	};

	return answers[random_below(seed, 10)];
}

static uint64_t any_value(uint64_t *seed)
{
	switch (random_below(seed, 3)) {
	case 0:
		return random_below(seed, 16);
	case 1:
		return random_edge(seed);
	default:
		return (uint64_t)random_edge(seed) << 32 | random_edge(seed);
	}
}

static uint64_t any_mask(uint64_t *seed)
{
	uint64_t mask;

	switch (random_below(seed, 4)) {
	case 0:
		mask = any_value(seed);
		return mask ? mask : 1;
	case 1:
		return UINT32_MAX;
	default:
		return UINT64_MAX;
	}
}

static uint32_t any_number(uint64_t *seed, const struct cg_abi *abi)
{
	uint32_t nr = abi->nr_base + random_below(seed, 24);

	if (random_below(seed, 6) == 0)
		nr = random_edge(seed);
	/* The numbers of one ABI: x32's are not x86_64's. */
	return cg_abi_of_call(abi->audit_arch, nr) == abi ? nr : abi->nr_base;
}

static void make_rule(uint64_t *seed, struct made_rules *made, size_t i)
{
	struct cg_rule *rule = &made->rule[i];
	const size_t abis = made->rules.default_count;

	*rule = (struct cg_rule){
		.abi = made->defaults[random_below(seed, (uint32_t)abis)].abi,
		.answer = any_answer(seed),
		.tests = made->tests[i],
		.line = (uint32_t)i + 1,
	};
	rule->first = rule->last = any_number(seed, rule->abi);
	switch (random_below(seed, 4)) {
	case 0:
		rule->last += random_below(seed, 8);
		if (random_below(seed, 4) == 0)
			rule->last = random_edge(seed);
		if (rule->last < rule->first)
			rule->last = rule->first;
		break;
	case 1:
		break;
	default:
		rule->count = 1 + random_below(seed, TESTS_MAX);
	}
	for (size_t j = 0; j < rule->count; j++)
		made->tests[i][j] = (struct cg_test){
			.argument = (uint8_t)random_below(seed, 3),
			.op = (enum cg_operator)random_below(seed, 6),
			.mask = any_mask(seed),
			.value = any_value(seed),
		};
}

void made_rules_init(struct made_rules *made, uint64_t start)
{
	uint64_t state = start * 0x9e3779b97f4a7c15u, *seed = &state;
	static const char *const abis[] = { "x86_64", "i386", "x32",
					    "aarch64" };
	static const char *const big[] = { "s390x", "s390", "ppc64", "ppc" };
	const char *const *names = random_below(seed, 5) ? abis : big;
	size_t first = random_below(seed, 4);

	*made = (struct made_rules){ 0 };
	made->rules = (struct cg_rules){
		.defaults = made->defaults,
		.default_count = 1 + random_below(seed, 4),
		.rules = made->rule,
		.rule_count = random_below(seed, RULES_MAX),
		.foreign = any_answer(seed),
	};
	for (size_t i = 0; i < made->rules.default_count; i++)
		made->defaults[i] = (struct cg_default){
			cg_abi_by_name(names[(first + i) % 4]), any_answer(seed)
		};
	for (size_t i = 0; i < made->rules.rule_count; i++)
		make_rule(seed, made, i);
}
