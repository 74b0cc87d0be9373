/* callgate/prove.h: differences, call by call. */
#include <callgate/prove.h>

#include <stdlib.h>

#include "abi/doors.h"
#include "api/diagrams.h"
#include "base/fail.h"
#include "prove/compare.h"
#include "prove/regions.h"

/* For the regions of one call; what takes more has a witness only. */
enum { MEMORY = 16 << 20 };

enum { ROWS_MAX = 256 }; /* of nameless numbers of one ABI */

struct differ {
	const struct diagrams *all;
	dd left, right;
	void (*each)(void *context, const struct cg_difference *difference);
	void *context;
	bool no_memory;
};

/*
 * Tell of a difference, and of its regions. Where memory for those runs out it
 * may be their budget: a witness there is anyway.
 */
static void
tell(struct differ *differ, struct cg_difference *difference, dd a, dd b)
{
	const struct cg_call *call = &difference->witness.call;
	struct arena arena = { .budget = MEMORY };
	struct cg_region *regions = NULL;
	size_t count = 0;
	bool ok;

	ok = regions_find(differ->all, a, b, call->arch, call->nr, &arena,
			  &regions, &count) == REGIONS_MADE;
	for (size_t i = 0; ok && i < count; i++)
		ok = regions_text(&arena, difference->call, difference->abi,
				  &regions[i]);
	difference->regions = ok ? regions : NULL;
	difference->region_count = ok ? count : 0;
	differ->each(differ->context, difference);
	arena_free(&arena);
}

static void differ_at(struct differ *differ, struct cg_difference *difference,
		      uint32_t arch, uint32_t nr)
{
	dd a = compare_fix(differ->all, differ->left, arch, nr);
	dd b = compare_fix(differ->all, differ->right, arch, nr);

	if (a == b || differ->no_memory)
		return;
	if (!compare_relation(differ->all, a, b, &difference->relation,
			      &difference->witness)) {
		differ->no_memory = true;
		return;
	}
	difference->witness.call.arch = arch;
	difference->witness.call.nr = nr;
	tell(differ, difference, a, b);
}

/* The numbers from `nr` on that differ alike; what another ABI has is left. */
static uint32_t row_end(const struct differ *differ, const struct cg_abi *abi,
			uint32_t nr, const uint32_t *skip, size_t count)
{
	const struct cg_abi *guest = abi_neighbour(abi);
	uint32_t last = abi->nr_last;

	if (guest && guest->nr_first > nr && guest->nr_first <= last)
		last = guest->nr_first - 1;
	return compare_same_numbers(differ->all, differ->left, differ->right,
				    abi->audit_arch, nr, last, skip, count);
}

/* Numbers without a name on which they differ, row by row. */
static void differ_nameless(struct differ *differ, const struct cg_abi *abi,
			    const uint32_t *skip, size_t count)
{
	uint64_t first = abi->nr_first;
	unsigned rows = 0;
	uint32_t nr;

	while (first <= abi->nr_last && rows < ROWS_MAX &&
	       compare_other_number(differ->all, differ->left, differ->right,
				    abi->audit_arch, (uint32_t)first,
				    abi->nr_last, skip, count, &nr)) {
		const struct cg_abi *owner =
			cg_abi_of_call(abi->audit_arch, nr);
		struct cg_difference difference = { .abi = abi };

		/* x32 owns a part of x86_64's numbers: go on behind it. */
		first = (uint64_t)owner->nr_last + 1;
		if (owner != abi)
			continue;
		difference.nr_last = row_end(differ, abi, nr, skip, count);
		difference.more = ++rows == ROWS_MAX;
		differ_at(differ, &difference, abi->audit_arch, nr);
		first = (uint64_t)difference.nr_last + 1;
	}
}

/*
 * Where neither filter looks at the number, all calls of the ABI differ in the
 * same way, and one stands for them.
 */
static bool differ_as_whole(struct differ *differ, const struct cg_abi *abi)
{
	dd a = compare_fix_arch(differ->all, differ->left, abi->audit_arch);
	dd b = compare_fix_arch(differ->all, differ->right, abi->audit_arch);

	if (a == b)
		return true;
	if (diagram_variable(differ->all, a) < 32 * WORD_ARGS ||
	    diagram_variable(differ->all, b) < 32 * WORD_ARGS)
		return false;
	if (!abi->nr_first) { /* its guest's numbers are among them */
		struct cg_difference difference = { .abi = abi, .whole = true };

		differ_at(differ, &difference, abi->audit_arch, 0);
	}
	return true;
}

static void differ_abi(struct differ *differ, const struct cg_abi *abi)
{
	const struct abi_number *numbers;
	uint32_t *skip;
	size_t count;

	if (differ_as_whole(differ, abi))
		return;
	numbers = abi_numbers(abi, &count);
	skip = calloc(count + 1, sizeof(*skip));
	if (!skip) {
		differ->no_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct cg_difference difference = {
			.abi = abi,
			.call = abi_number_call(&numbers[i]),
		};

		skip[i] = numbers[i].nr;
		differ_at(differ, &difference, abi->audit_arch, numbers[i].nr);
	}
	differ_nameless(differ, abi, skip, count);
	free(skip);
}

static int by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* An architecture value that no ABI has; one stands for all. */
static void differ_elsewhere(struct differ *differ)
{
	struct cg_difference difference = { .whole = true };
	const struct cg_abi *abi;
	uint32_t *skip, arch;
	size_t count = 0;

	while (cg_abi_at(count))
		count++;
	skip = calloc(count + 1, sizeof(*skip));
	if (!skip) {
		differ->no_memory = true;
		return;
	}
	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		skip[i] = abi->audit_arch;
	qsort(skip, count, sizeof(*skip), by_value);
	if (compare_other_arch(differ->all, differ->left, differ->right, skip,
			       count, &arch)) {
		dd a = compare_fix_arch(differ->all, differ->left, arch);
		dd b = compare_fix_arch(differ->all, differ->right, arch);

		differ->no_memory = !compare_relation(differ->all, a, b,
						      &difference.relation,
						      &difference.witness);
		difference.witness.call.arch = arch;
		if (!differ->no_memory)
			tell(differ, &difference, a, b);
	}
	free(skip);
}

enum cg_status
cg_differences(struct cg_side left, struct cg_side right, size_t nodes,
	       void (*each)(void *context,
			    const struct cg_difference *difference),
	       void *context, struct cg_error *err)
{
	struct differ differ = { .each = each, .context = context };
	struct cg_error here = { 0 };
	struct diagrams *all;
	const struct cg_abi *abi;

	all = diagrams_of(left, right, nodes, &differ.left, &differ.right,
			  &here);
	differ.all = all;
	for (size_t i = 0;
	     all && differ.left != differ.right && (abi = cg_abi_at(i)); i++)
		if (abi->big_endian == side_is_big_endian(left))
			differ_abi(&differ, abi);
	if (all && differ.left != differ.right)
		differ_elsewhere(&differ);
	diagrams_free(all);
	if (differ.no_memory)
		fail_set(&here, CG_E_NOMEM, "out of memory");
	if (here.status != CG_OK && err)
		*err = here;
	return here.status;
}
