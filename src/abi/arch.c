/* abi/arch.c - ABIs by name, by place and by what a filter sees. */
#include "abi/names.h"
#include "abi/tables.h"

/* The one place that asks the compiler what it compiles for. */
#if defined(__x86_64__) && defined(__ILP32__)
#define NATIVE_ABI "x32"
#elif defined(__x86_64__)
#define NATIVE_ABI "x86_64"
#elif defined(__i386__)
#define NATIVE_ABI "i386"
#elif defined(__aarch64__)
#define NATIVE_ABI "aarch64"
#elif defined(__arm__) && defined(__ARMEB__)
#define NATIVE_ABI "armeb"
#elif defined(__arm__)
#define NATIVE_ABI "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ABI "riscv64"
#elif defined(__riscv)
#define NATIVE_ABI "riscv32"
#elif defined(__loongarch64)
#define NATIVE_ABI "loongarch64"
#elif defined(__loongarch__)
#define NATIVE_ABI "loongarch32"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE_ABI "ppc64le"
#elif defined(__powerpc64__)
#define NATIVE_ABI "ppc64"
#elif defined(__powerpc__)
#define NATIVE_ABI "ppc"
#elif defined(__s390x__)
#define NATIVE_ABI "s390x"
#elif defined(__s390__)
#define NATIVE_ABI "s390"
#elif defined(__mips__) && _MIPS_SIM == _ABI64 && defined(__MIPSEL__)
#define NATIVE_ABI "mips64el"
#elif defined(__mips__) && _MIPS_SIM == _ABI64
#define NATIVE_ABI "mips64"
#elif defined(__mips__) && _MIPS_SIM == _ABIN32 && defined(__MIPSEL__)
#define NATIVE_ABI "mipsel64n32"
#elif defined(__mips__) && _MIPS_SIM == _ABIN32
#define NATIVE_ABI "mips64n32"
#elif defined(__mips__) && defined(__MIPSEL__)
#define NATIVE_ABI "mipsel"
#elif defined(__mips__)
#define NATIVE_ABI "mips"
#elif defined(__hppa__)
#define NATIVE_ABI "parisc"
#elif defined(__sparc__) && defined(__arch64__)
#define NATIVE_ABI "sparc64"
#elif defined(__sparc__)
#define NATIVE_ABI "sparc"
#elif defined(__alpha__)
#define NATIVE_ABI "alpha"
#elif defined(__m68k__)
#define NATIVE_ABI "m68k"
#elif defined(__sh__) && defined(__LITTLE_ENDIAN__)
#define NATIVE_ABI "sh"
#elif defined(__sh__)
#define NATIVE_ABI "sheb"
#elif defined(__XTENSA_EB__)
#define NATIVE_ABI "xtensaeb"
#elif defined(__XTENSA__)
#define NATIVE_ABI "xtensa"
#elif defined(__csky__)
#define NATIVE_ABI "csky"
#else
#error "no row of data/arch.tbl is known to stand for this compiler's target"
#endif

const struct cg_abi *cg_abi_by_name(const char *name)
{
	size_t row = names_find(abi_names, abi_name_count, name);

	return row == SIZE_MAX ? NULL : &abi_rows[row];
}

const struct cg_abi *cg_abi_native(void)
{
	return cg_abi_by_name(NATIVE_ABI);
}

/* How many numbers an ABI claims, less one. */
static uint32_t abi_breadth(const struct cg_abi *abi)
{
	return abi->nr_last - abi->nr_first;
}

/* The narrowest range wins, and of equal ones the first. */
const struct cg_abi *cg_abi_of_call(uint32_t audit_arch, uint32_t nr)
{
	const struct cg_abi *best = NULL;

	for (size_t i = 0; i < abi_count; i++) {
		const struct cg_abi *abi = &abi_rows[i];

		if (abi->audit_arch != audit_arch || nr < abi->nr_first ||
		    nr > abi->nr_last)
			continue;
		if (!best || abi_breadth(abi) < abi_breadth(best))
			best = abi;
	}
	return best;
}

const struct cg_abi *cg_abi_at(size_t index)
{
	return index < abi_count ? &abi_rows[index] : NULL;
}
