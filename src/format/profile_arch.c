/* What libseccomp calls an ABI, and what container engines do. */
#include "format/profile.h"

#include <string.h>

static const struct profile_arch rows[] = {
	{ "SCMP_ARCH_X86", "i386", "x86", "386", true, false },
	{ "SCMP_ARCH_X86_64", "x86_64", "amd64", "amd64", true, true },
	{ "SCMP_ARCH_X32", "x32", "x32", "amd64p32", true, false },
	{ "SCMP_ARCH_ARM", "arm", "arm", "arm", true, false },
	{ "SCMP_ARCH_AARCH64", "aarch64", "arm64", "arm64", true, true },
	{ "SCMP_ARCH_MIPS", "mips", "mips", "mips", true, false },
	{ "SCMP_ARCH_MIPS64", "mips64", "mips64", "mips64", true, true },
	{ "SCMP_ARCH_MIPS64N32", "mips64n32", "mips64n32", "mips64p32", true,
	  true },
	{ "SCMP_ARCH_MIPSEL", "mipsel", "mipsel", "mipsle", true, false },
	{ "SCMP_ARCH_MIPSEL64", "mips64el", "mipsel64", "mips64le", true,
	  true },
	{ "SCMP_ARCH_MIPSEL64N32", "mipsel64n32", "mipsel64n32", "mips64p32le",
	  true, true },
	{ "SCMP_ARCH_PPC", "ppc", "ppc", "ppc", true, false },
	{ "SCMP_ARCH_PPC64", "ppc64", "ppc64", "ppc64", true, false },
	{ "SCMP_ARCH_PPC64LE", "ppc64le", "ppc64le", "ppc64le", true, false },
	{ "SCMP_ARCH_S390", "s390", "s390", "s390", true, false },
	{ "SCMP_ARCH_S390X", "s390x", "s390x", "s390x", true, true },
	{ "SCMP_ARCH_RISCV64", "riscv64", "riscv64", "riscv64", true, false },
	{ "SCMP_ARCH_LOONGARCH64", "loongarch64", "loong64", "loong64", true,
	  false },
	{ "SCMP_ARCH_PARISC", "parisc", "parisc", "parisc", false, false },
	{ "SCMP_ARCH_PARISC64", "parisc64", "parisc64", "parisc64", false,
	  false },
	{ "SCMP_ARCH_M68K", "m68k", "m68k", "m68k", false, false },
	{ "SCMP_ARCH_SH", "sh", "sh", "sh", false, false },
	{ "SCMP_ARCH_SHEB", "sheb", "sheb", "sheb", false, false },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct profile_arch *profile_arch_at(size_t index)
{
	return index < ROWS ? &rows[index] : NULL;
}

const struct profile_arch *profile_arch_named(const char *scmp)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].scmp, scmp) == 0)
			return &rows[i];
	return NULL;
}

const struct profile_arch *profile_arch_of(const struct cg_abi *abi)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].abi, abi->name) == 0)
			return &rows[i];
	return NULL;
}
