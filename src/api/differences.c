/* callgate/prove.h: differences, call by call. */
#include <callgate/prove.h>

#include <stdlib.h>

#include "abi/doors.h"
#include "api/diagrams.h"
#include "base/fail.h"
#include "prove/compare.h"

struct differ {
	const struct diagrams *all;
	dd left, right;
	void (*each)(void *context, const struct cg_difference *difference);
	void *context;
	bool no_memory;
};

static void
differ_at(struct differ *differ, const struct cg_abi *abi,
	  const struct cg_syscall *call, uint32_t arch, uint32_t nr, bool whole)
{
	struct cg_difference difference = { .abi = abi,
					    .call = call,
					    .whole = whole };
	dd a = compare_fix(differ->all, differ->left, arch, nr);
	dd b = compare_fix(differ->all, differ->right, arch, nr);

	if (a == b || differ->no_memory)
		return;
	if (!compare_relation(differ->all, a, b, &difference.relation,
			      &difference.witness)) {
		differ->no_memory = true;
		return;
	}
	difference.witness.call.arch = arch;
	difference.witness.call.nr = nr;
	differ->each(differ->context, &difference);
}

/* A number without a name on which they differ; one stands for all. */
static void differ_nameless(struct differ *differ, const struct cg_abi *abi,
			    const uint32_t *skip, size_t count)
{
	uint64_t first = abi->nr_first;
	uint32_t nr;

	while (first <= abi->nr_last &&
	       compare_other_number(differ->all, differ->left, differ->right,
				    abi->audit_arch, (uint32_t)first,
				    abi->nr_last, skip, count, &nr)) {
		const struct cg_abi *owner =
			cg_abi_of_call(abi->audit_arch, nr);

		if (owner == abi) {
			differ_at(differ, abi, NULL, abi->audit_arch, nr,
				  false);
			return;
		}
		/* x32 owns a part of x86_64's numbers: go on behind it. */
		first = (uint64_t)owner->nr_last + 1;
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
	if (!abi->nr_first) /* its guest's numbers are among them */
		differ_at(differ, abi, NULL, abi->audit_arch, 0, true);
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
		skip[i] = numbers[i].nr;
		differ_at(differ, abi, abi_number_call(&numbers[i]),
			  abi->audit_arch, numbers[i].nr, false);
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
			differ->each(differ->context, &difference);
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
