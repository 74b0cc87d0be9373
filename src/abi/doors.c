/* abi/doors.c - the other doors to the same operation. */
#include "abi/doors.h"
#include "abi/tables.h"

size_t abi_doors(const struct cg_syscall *call, const struct cg_abi *abi,
		 struct door out[DOORS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < door_count && count < DOORS_MAX; i++) {
		const struct door_row *row = &door_rows[i];
		struct door *door = &out[count];

		if (row->call != call->index)
			continue;
		door->through = &call_rows[row->through];
		if (!cg_syscall_number(door->through, abi, &door->nr))
			continue;
		door->mask = row->mask;
		door->value = row->value;
		count++;
	}
	return count;
}

size_t abi_twins(const struct cg_syscall *call, const struct cg_abi *abi,
		 const struct cg_syscall *out[TWINS_MAX])
{
	unsigned set = twin_set_of[call->index];
	const struct twin_set *twins;
	size_t count = 0;
	uint32_t nr;

	if (!set)
		return 0;
	twins = &twin_sets[set - 1];
	for (size_t i = 0; i < twins->count && count < TWINS_MAX; i++) {
		const struct cg_syscall *twin =
			&call_rows[twin_members[twins->first + i]];

		if (twin != call && cg_syscall_number(twin, abi, &nr))
			out[count++] = twin;
	}
	return count;
}

const struct cg_abi *abi_neighbour(const struct cg_abi *abi)
{
	const uint8_t row = abi_neighbours[abi - abi_rows];

	return row ? &abi_rows[row - 1] : NULL;
}

bool abi_neighbour_number(const struct cg_abi *abi, uint32_t nr, uint32_t *out)
{
	const struct cg_abi *neighbour = abi_neighbour(abi);

	if (!neighbour)
		return false;
	nr ^= neighbour->nr_first ^ abi->nr_first;
	if (cg_syscall_at(abi, nr))
		return false;
	*out = nr;
	return true;
}

uint32_t cg_unfilterable_since(const struct cg_abi *abi, uint32_t nr)
{
	for (size_t i = 0; i < unfilterable_count; i++) {
		const struct unfilterable *row = &unfilterable_rows[i];

		if (&abi_rows[row->abi] == abi && row->nr == nr)
			return CG_KERNEL(row->since >> 8, row->since & 0xff);
	}
	return 0;
}
