/* abi/presets.c - the policies that come with the library. */
#include "abi/tables.h"

const struct cg_preset *cg_preset_get(size_t index)
{
	return index < preset_count ? &preset_rows[index] : NULL;
}
