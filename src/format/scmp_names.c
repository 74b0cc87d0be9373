#include "format/scmp_names.h"

#include <string.h>

static const struct scmp_family families[] = {
	{ -100, -101, -120, "socketcall" },
	{ -200, -201, -224, "ipc" },
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

const struct scmp_family *scmp_family_of(int number)
{
	for (size_t i = 0; i < FAMILIES; i++)
		if (number <= families[i].first && number >= families[i].last)
			return &families[i];
	return NULL;
}

static const struct scmp_pseudo *pseudo_of(const char *name)
{
	size_t first = 0, last = scmp_pseudo_count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int order = strcmp(scmp_pseudos[middle].name, name);

		if (order == 0)
			return &scmp_pseudos[middle];
		if (order < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return NULL;
}

int64_t scmp_kernel_number(const struct cg_scmp_arch *arch, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	uint32_t nr;

	/* Other names of a call mean nothing to libseccomp. */
	if (!call || strcmp(call->name, name) != 0 ||
	    !cg_syscall_number(call, arch->abi, &nr))
		return -1;
	return nr;
}

int cg_scmp_number(const struct cg_scmp_arch *arch, const char *name)
{
	const struct scmp_pseudo *pseudo = pseudo_of(name);
	int64_t number;

	if (pseudo && arch->doors && scmp_family_of(pseudo->number))
		return pseudo->number;
	number = scmp_kernel_number(arch, name);
	if (number >= 0)
		return (int)number;
	return pseudo ? pseudo->number : CG_SCMP_UNKNOWN;
}

const char *cg_scmp_name(const struct cg_scmp_arch *arch, int number)
{
	const struct cg_syscall *call;

	if (number < 0) {
		for (size_t i = 0; i < scmp_pseudo_count; i++)
			if (scmp_pseudos[i].number == number &&
			    cg_scmp_number(arch, scmp_pseudos[i].name) ==
				    number)
				return scmp_pseudos[i].name;
		return NULL;
	}
	/* As the architecture's own: x86_64 has no calls of x32. */
	if ((uint32_t)number < arch->abi->nr_first)
		return NULL;
	call = cg_syscall_at(arch->abi, (uint32_t)number);
	if (!call || cg_scmp_number(arch, call->name) != number)
		return NULL;
	return call->name;
}

int cg_scmp_door(const struct cg_scmp_arch *arch, int number)
{
	const struct scmp_family *family = scmp_family_of(number);

	if (!family || !arch->doors)
		return number;
	return (int)scmp_kernel_number(arch, family->door);
}

/* ---------------------------------------------------- architectures -- */

const struct cg_scmp_arch *cg_scmp_arch_get(size_t index)
{
	return index < scmp_arch_count ? &scmp_arches[index] : NULL;
}

const struct cg_scmp_arch *cg_scmp_arch_by_token(uint32_t token)
{
	for (size_t i = 0; i < scmp_arch_count; i++)
		if (scmp_arches[i].token == token)
			return &scmp_arches[i];
	return NULL;
}

const struct cg_scmp_arch *cg_scmp_arch_by_name(const char *name)
{
	for (size_t i = 0; i < scmp_arch_count; i++)
		if (strcmp(scmp_arches[i].name, name) == 0)
			return &scmp_arches[i];
	return NULL;
}

const struct cg_scmp_arch *cg_scmp_arch_native(void)
{
	for (size_t i = 0; i < scmp_arch_count; i++)
		if (scmp_arches[i].abi == cg_abi_native())
			return &scmp_arches[i];
	return NULL;
}
