/* abi/constants.c - named values, and names for values. */
#include <string.h>

#include "abi/constants.h"
#include "abi/names.h"

bool constant_value(const struct constant *constant, const struct cg_abi *abi,
		    uint64_t *value)
{
	const struct override *overrides =
		&override_rows[constant->override_first];

	for (unsigned i = 0; i < constant->override_count; i++)
		if (overrides[i].columns >> abi->column & 1) {
			if (!overrides[i].absent)
				*value = overrides[i].value;
			return !overrides[i].absent;
		}
	*value = constant->value;
	return true;
}

static const struct constant *constant_named(const char *name)
{
	size_t low = 0, high = constant_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct constant *constant = &constant_rows[middle];
		int order = strcmp(name, table_text + constant->name);

		if (order == 0)
			return constant;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool cg_constant_value(const char *name, const struct cg_abi *abi,
		       uint64_t *value)
{
	const struct constant *constant = constant_named(name);

	return constant && constant_value(constant, abi, value);
}

const struct constant *set_member(const struct set *set, size_t index)
{
	if (index >= set->count)
		return NULL;
	return &constant_rows[set_members[set->first + index]];
}

const char *cg_errno_name(uint32_t number, const struct cg_abi *abi)
{
	const struct constant *constant;
	uint64_t value;

	for (size_t i = 0; (constant = set_member(&set_rows[errno_set], i));
	     i++)
		if (constant_value(constant, abi, &value) && value == number)
			return table_text + constant->name;
	return NULL;
}

const char *cg_constant_suggest(const char *name)
{
	struct suggestion suggestion = suggestion_start(name);

	for (size_t i = 0; i < constant_count; i++)
		suggestion_try(&suggestion, table_text + constant_rows[i].name);
	return suggestion.best;
}
