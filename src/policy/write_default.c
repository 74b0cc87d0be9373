#include "policy/write_default.h"

#include <string.h>

#include "abi/doors.h"
#include "policy/write.h"

enum { ANSWERS = 64, WORTH = 8 };

static uint32_t
since_of(const struct abi_number *number, const struct cg_abi *abi)
{
	return cg_syscall_since(abi_number_call(number), abi);
}

const char *
defaults_at(const struct defaults *defaults, const struct cg_abi *abi,
	    uint32_t nr, const struct cg_syscall *shadow)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);
	uint32_t since = 0;

	if (call)
		since = cg_syscall_since(call, abi);
	else if (shadow)
		since = cg_syscall_since(shadow, abi_neighbour(abi));
	return (call || shadow) && since <= defaults->kernel
		       ? defaults->had
		       : defaults->unknown;
}

/* What answers all arguments of a number that no test lets elsewhere. */
static uint32_t last_answer(const struct resolved_abi *abi, uint32_t nr)
{
	size_t count;
	const struct resolved_entry *entries =
		resolved_entries(abi, nr, &count);

	for (size_t i = 0; i < count; i++)
		if (!entries[i].count)
			return entries[i].answer;
	return resolved_rest(abi, nr)->answer;
}

uint32_t defaults_tail(const struct resolved_abi *abi)
{
	size_t count;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);
	uint32_t last = count ? numbers[count - 1].nr : abi->abi->nr_first;

	return last_answer(abi, last < abi->abi->nr_last ? last + 1 : last);
}

/* The commonest answer of calls, but not `tail` nor what permits more. */
static bool
common_answer(const struct resolved_abi *abi, uint32_t tail, uint32_t *out)
{
	uint32_t answers[ANSWERS];
	size_t counts[ANSWERS] = { 0 }, used = 0, count, best = 0;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t answer = last_answer(abi, numbers[i].nr);
		size_t j = 0;

		if (answer == tail ||
		    (answer_permits(answer) && !answer_permits(tail)))
			continue;
		while (j < used && answers[j] != answer)
			j++;
		if (j == ANSWERS)
			continue;
		if (j == used)
			answers[used++] = answer;
		counts[j]++;
	}
	for (size_t i = 1; i < used; i++)
		if (counts[i] > counts[best] ||
		    (counts[i] == counts[best] && answers[i] < answers[best]))
			best = i;
	*out = used ? answers[best] : tail;
	return used > 0;
}

/* How many calls answer otherwise than a kernel of this release would have it.
 */
static size_t exceptions(const struct resolved_abi *abi, uint32_t had,
			 uint32_t unknown, uint32_t kernel)
{
	size_t count, found = 0;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);

	for (size_t i = 0; i < count; i++) {
		bool old = since_of(&numbers[i], abi->abi) <= kernel;

		found += last_answer(abi, numbers[i].nr) !=
			 (old ? had : unknown);
	}
	return found;
}

bool defaults_choose(struct arena *arena, const struct resolved_abi *abi,
		     uint32_t kernel, struct defaults *out)
{
	const uint32_t unknown = defaults_tail(abi);
	size_t least = exceptions(abi, unknown, unknown, 0), count, found;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);
	uint32_t had, best = 0;

	if (common_answer(abi, unknown, &had)) {
		for (size_t i = 0; i <= count; i++) {
			uint32_t release =
				i ? since_of(&numbers[i - 1], abi->abi)
				  : kernel;

			if (release < CG_KERNEL(2, 0) || (i && release <= best))
				continue;
			found = exceptions(abi, had, unknown, release);
			/* The release that is said already is as good. */
			if (found + 1 < least || (best && found < least)) {
				least = found;
				best = release;
			}
		}
	}
	out->kernel = best;
	out->unknown = action_write(arena, unknown, abi->abi);
	out->had = best ? action_write(arena, had, abi->abi) : out->unknown;
	return out->unknown && out->had;
}

bool defaults_suit(struct arena *arena, const struct resolved_abi *abi,
		   const struct defaults *defaults, bool *suit)
{
	size_t count, others = 0;
	const struct abi_number *numbers = abi_numbers(abi->abi, &count);
	const uint32_t tail = defaults_tail(abi);
	const char *text = action_write(arena, tail, abi->abi);

	if (!text)
		return false;
	*suit = strcmp(text, defaults->unknown) == 0;
	for (size_t i = 0; i < count && *suit; i++) {
		const char *wanted =
			defaults_at(defaults, abi->abi, numbers[i].nr, NULL);
		uint32_t answer = last_answer(abi, numbers[i].nr);

		text = action_write(arena, answer, abi->abi);
		if (!text)
			return false;
		others += strcmp(text, wanted) != 0;
	}
	*suit = *suit && others <= exceptions(abi, tail, tail, 0) + 1;
	return true;
}
