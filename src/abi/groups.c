/* abi/groups.c - named sets of calls. */
#include <string.h>

#include "abi/tables.h"

const struct cg_group *cg_group_by_name(const char *name)
{
	for (size_t i = 0; i < group_count; i++)
		if (strcmp(group_rows[i].name, name) == 0)
			return &group_rows[i];
	return NULL;
}

const struct cg_group *cg_group_get(size_t index)
{
	return index < group_count ? &group_rows[index] : NULL;
}
