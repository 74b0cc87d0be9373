/*
 * cg_policy_sample(): calls worth asking about. A boundary value that the
 * policy names, or one beside it, finds what a random one never would.
 */
#include <callgate/policy.h>

#include "abi/doors.h"
#include "policy/resolve.h"

/* splitmix64, by Sebastiano Vigna (public domain): short and good enough. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t *state, uint64_t count)
{
	return count ? next(state) % count : 0;
}

/* A value, and what lies around it. */
static uint64_t near(uint64_t *state, uint64_t value)
{
	switch (below(state, 8)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ (uint64_t)1 << below(state, 64);
	case 3:
		return value ^ 0xffffffff00000000u;
	case 4:
		return (uint32_t)value;
	case 5:
		return value | next(state) << 32;
	default:
		return value;
	}
}

static uint64_t any_value(uint64_t *state)
{
	static const uint64_t corners[] = {
		0,
		1,
		2,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		UINT64_MAX,
	};
	uint64_t value = next(state);

	switch (below(state, 4)) {
	case 0:
		return corners[below(state,
				     sizeof(corners) / sizeof(*corners))];
	case 1:
		return below(state, 64);
	default:
		return value >> below(state, 64);
	}
}

static uint64_t value_of(uint64_t *state, const struct test *test)
{
	const struct number_interval *at;

	if (!test->interval_count)
		return near(state, test->value);
	at = &test->intervals[below(state, test->interval_count)];
	switch (below(state, 4)) {
	case 0:
		return near(state, at->last);
	case 1:
		return near(state, test->mask);
	case 2: /* whatever lies outside the mask */
		return at->first | (next(state) & ~test->mask);
	default:
		return near(state, at->first);
	}
}

/* A call that an entry is about, its arguments on the edge of its tests. */
static void sample_entry(uint64_t *state, const struct resolved_abi *abi,
			 struct cg_call *call)
{
	const struct resolved_entry *entry, *other;

	entry = &abi->entries[below(state, abi->count)];
	call->nr = entry->nr;
	for (size_t i = 0; i < entry->count; i++)
		call->args[entry->tests[i].argument] =
			value_of(state, &entry->tests[i]);
	/* Now and then a value from elsewhere, or a number beside it. */
	if (below(state, 8) == 0)
		call->nr += (uint32_t)below(state, 3) - 1;
	if (below(state, 8) == 0) {
		other = &abi->entries[below(state, abi->count)];
		for (size_t i = 0; i < other->count; i++)
			call->args[other->tests[i].argument] =
				value_of(state, &other->tests[i]);
	}
}

static void sample_number(uint64_t *state, const struct resolved_abi *abi,
			  struct cg_call *call)
{
	size_t count;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);

	/* Where one rest ends and the next begins. */
	if (abi->rest_count > 1 && below(state, 4) == 0) {
		call->nr = abi->rests[below(state, abi->rest_count)].first -
			   (uint32_t)below(state, 2);
		return;
	}
	switch (below(state, 4)) {
	case 0:
		call->nr = (uint32_t)any_value(state);
		break;
	case 1:
		call->nr = abi->abi->nr_base + (uint32_t)below(state, 600);
		break;
	default:
		if (count)
			call->nr = numbers[below(state, count)].nr;
		break;
	}
}

static uint32_t sample_arch(uint64_t *state, uint32_t arch)
{
	static const uint32_t others[] = { 0xc000003e, 0x40000003, 0xc00000b7,
					   0x40000028, 0,          UINT32_MAX };

	switch (below(state, 40)) {
	case 0:
		return others[below(state, sizeof(others) / sizeof(*others))];
	case 1:
		return arch ^ 1u << below(state, 32);
	default:
		return arch;
	}
}

void cg_policy_sample(const struct cg_policy *policy, uint64_t seed,
		      uint64_t index, struct cg_call *call)
{
	const struct resolved *resolved = policy->resolved;
	uint64_t state = seed ^ (index + 1) * 0xd1342543de82ef95u;
	const struct resolved_abi *abi =
		&resolved->abis[below(&state, resolved->count)];

	*call = (struct cg_call){ .ip = any_value(&state) };
	for (size_t i = 0; i < 6; i++)
		call->args[i] = any_value(&state);
	if (abi->count && below(&state, 4))
		sample_entry(&state, abi, call);
	else
		sample_number(&state, abi, call);
	call->arch = sample_arch(&state, abi->abi->audit_arch);
}
