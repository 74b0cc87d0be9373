#include "watch/risk.h"

#include <stdbool.h>
#include <string.h>

#include <callgate/arch.h>

static const struct risk_row low = { "", "low",
				     "it stays within what the process has" };
static const struct risk_row nameless = { "", "high",
					  "nobody knows what it does" };

static bool has(const struct cg_group *group, const char *call)
{
	for (size_t i = 0; group && group->names[i]; i++)
		if (strcmp(group->names[i], call) == 0)
			return true;
	return false;
}

const struct risk_row *risk_of(const char *call)
{
	if (!call)
		return &nameless;
	for (size_t i = 0; i < risk_row_count; i++)
		if (has(cg_group_by_name(risk_rows[i].group), call))
			return &risk_rows[i];
	return &low;
}
