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

int64_t scmp_kernel_number(const struct cg_scmp_arch *arch,
			   const struct cg_syscall *call)
{
	uint32_t nr;

	if (!cg_syscall_number(call, arch->abi, &nr))
		return -1;
	return nr;
}

int scmp_number_of(const struct cg_scmp_arch *arch,
		   const struct cg_syscall *call)
{
	const int pseudo = scmp_pseudos[call->index];
	int64_t number;

	if (arch->doors && scmp_family_of(pseudo))
		return pseudo;
	number = scmp_kernel_number(arch, call);
	if (number >= 0)
		return (int)number;
	return pseudo ? pseudo : CG_SCMP_UNKNOWN;
}

/* Other names of a call mean nothing to libseccomp. */
static const struct cg_syscall *call_named(const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);

	return call && strcmp(call->name, name) == 0 ? call : NULL;
}

int cg_scmp_number(const struct cg_scmp_arch *arch, const char *name)
{
	const struct cg_syscall *call = call_named(name);

	return call ? scmp_number_of(arch, call) : CG_SCMP_UNKNOWN;
}

static const struct cg_syscall *call_of_pseudo(int number)
{
	for (size_t i = 0; i < scmp_pseudo_count; i++)
		if (scmp_pseudos[i] == number)
			return cg_syscall_get(i);
	return NULL;
}

const struct cg_syscall *
scmp_call_of(const struct cg_scmp_arch *arch, int number)
{
	const struct cg_syscall *call;

	if (number < 0)
		call = call_of_pseudo(number);
	else if ((uint32_t)number >= arch->abi->nr_first)
		call = cg_syscall_at(arch->abi, (uint32_t)number);
	else /* as the architecture's own: x86_64 has no calls of x32 */
		call = NULL;
	return call && scmp_number_of(arch, call) == number ? call : NULL;
}

const char *cg_scmp_name(const struct cg_scmp_arch *arch, int number)
{
	const struct cg_syscall *call = scmp_call_of(arch, number);

	return call ? call->name : NULL;
}

int cg_scmp_door(const struct cg_scmp_arch *arch, int number)
{
	const struct scmp_family *family = scmp_family_of(number);

	if (!family || !arch->doors)
		return number;
	return (int)scmp_kernel_number(arch, call_named(family->door));
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
	const struct cg_abi *native = cg_abi_native();

	for (size_t i = 0; i < scmp_arch_count; i++)
		if (scmp_arches[i].abi == native)
			return &scmp_arches[i];
	return NULL;
}
