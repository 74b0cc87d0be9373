/* The tables of a resolved policy: sorted, cut into regions, and asked. */
#include <stdlib.h>

#include "abi/doors.h"
#include "policy/resolve.h"

static int by_number_then_order(const void *left, const void *right)
{
	const struct resolved_entry *a = left, *b = right;

	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

void resolved_sort(struct resolved_abi *abi)
{
	size_t i = 1;

	/* Rules often come in order, as those made from tables do. */
	while (i < abi->count && by_number_then_order(&abi->entries[i - 1],
						      &abi->entries[i]) <= 0)
		i++;
	if (i < abi->count)
		qsort(abi->entries, abi->count, sizeof(*abi->entries),
		      by_number_then_order);
}

/* ----------------------------------------------------------- regions -- */

static const struct resolved_abi *
covered(const struct resolved *resolved, const struct cg_abi *abi)
{
	for (size_t i = 0; i < resolved->count; i++)
		if (resolved->abis[i].abi == abi)
			return &resolved->abis[i];
	return NULL;
}

/* The ABI that owns a part of an arch's numbers (x32), if there is one. */
static const struct cg_abi *part_of(const struct cg_abi *abi)
{
	return abi->nr_first ? abi : abi_neighbour(abi);
}

bool abi_has_numbers(const struct cg_abi *abi, uint32_t first, uint32_t last)
{
	const struct cg_abi *part = part_of(abi);

	if (!part)
		return true;
	if (abi == part)
		return last >= part->nr_first && first <= part->nr_last;
	return first < part->nr_first || last > part->nr_last;
}

static void add_region(struct resolved *resolved, uint32_t arch, uint32_t first,
		       uint32_t last, const struct cg_abi *abi)
{
	resolved->regions[resolved->region_count++] = (struct region){
		.arch = arch,
		.first = first,
		.last = last,
		.abi = covered(resolved, abi),
		.answer = resolved->foreign,
	};
}

static void
add_arch(struct resolved *resolved, const struct cg_abi *abi, bool elastic)
{
	const uint32_t arch = abi->audit_arch;
	const struct cg_abi *part = part_of(abi);
	const struct cg_abi *whole = abi == part ? abi_neighbour(abi) : abi;

	if (!part) {
		add_region(resolved, arch, 0, UINT32_MAX, whole);
		return;
	}
	add_region(resolved, arch, 0, part->nr_first - 1, whole);
	if (elastic) {
		/* go-seccomp-bpf: ENOSYS, number -1 included. */
		add_region(resolved, arch, part->nr_first, UINT32_MAX, NULL);
		resolved->regions[resolved->region_count - 1].answer =
			CG_RET_ERRNO | 38;
		return;
	}
	add_region(resolved, arch, part->nr_first, part->nr_last, part);
	if (part->nr_last < UINT32_MAX)
		add_region(resolved, arch, part->nr_last + 1, UINT32_MAX,
			   whole);
}

static int by_arch(const void *left, const void *right)
{
	const struct region *a = left, *b = right;

	if (a->arch != b->arch)
		return a->arch < b->arch ? -1 : 1;
	return a->first < b->first ? -1 : 1;
}

bool resolved_regions(struct resolved *resolved, struct arena *arena,
		      bool elastic)
{
	resolved->regions =
		arena_array(arena, struct region, 3 * resolved->count);
	if (!resolved->regions)
		return false;
	for (size_t i = 0; i < resolved->count; i++) {
		uint32_t arch = resolved->abis[i].abi->audit_arch;
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= resolved->abis[j].abi->audit_arch == arch;
		if (!seen)
			add_arch(resolved, resolved->abis[i].abi, elastic);
	}
	if (resolved->count > 1)
		qsort(resolved->regions, resolved->region_count,
		      sizeof(*resolved->regions), by_arch);
	return true;
}

/* ------------------------------------------------------------ asking -- */

const struct region *
resolved_region(const struct resolved *resolved, uint32_t arch, uint32_t nr)
{
	for (size_t i = 0; i < resolved->region_count; i++) {
		const struct region *region = &resolved->regions[i];

		if (region->arch == arch && nr >= region->first &&
		    nr <= region->last)
			return region;
	}
	return NULL;
}

const struct resolved_entry *
resolved_entries(const struct resolved_abi *abi, uint32_t nr, size_t *count)
{
	size_t low = 0, high = abi->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (abi->entries[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < abi->count && abi->entries[low + *count].nr == nr)
		++*count;
	/* An ABI without any rule has no table of them. */
	return *count ? abi->entries + low : NULL;
}

const struct rest *resolved_rest(const struct resolved_abi *abi, uint32_t nr)
{
	size_t low = 0, high = abi->rest_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (abi->rests[middle].first <= nr)
			low = middle;
		else
			high = middle;
	}
	return &abi->rests[low];
}
