#include "format/go_names.h"

#include <string.h>

static const struct {
	const char *abi, *goarch;
} names[] = {
	{ "x86_64", "amd64" },
	{ "i386", "386" },
	{ "x32", "amd64" },
	{ "aarch64", "arm64" },
	{ "arm", "arm" },
	{ "riscv64", "riscv64" },
	{ "loongarch64", "loong64" },
	{ "ppc64le", "ppc64le" },
	{ "ppc64", "ppc64" },
	{ "s390x", "s390x" },
	{ "mips64el", "mips64le" },
	{ "mips64", "mips64" },
	{ "mipsel", "mipsle" },
	{ "mips", "mips" },
};

const char *go_arch(const struct cg_abi *abi)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].abi, abi->name) == 0)
			return names[i].goarch;
	return NULL;
}
