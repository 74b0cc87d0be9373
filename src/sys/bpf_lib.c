#include "sys/bpf_lib.h"

#include <dlfcn.h>
#include <string.h>

static const struct {
	const char *name;
	size_t at;
} names[] = {
#define X(result, name, parameters) { #name, offsetof(struct bpf_lib, name) },
	BPF_FUNCTIONS(X)
#undef X
};

static int
silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

const struct bpf_lib *bpf_lib(const char **why)
{
	static struct bpf_lib lib;
	static bool ready;
	void *library;

	if (ready)
		return &lib;
	library = dlopen("libbpf.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		*why = "libbpf.so.1 is not installed (Debian: libbpf1)";
		return NULL;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *found = dlsym(library, names[i].name);

		if (!found) {
			*why = "libbpf.so.1 is too old";
			return NULL;
		}
		memcpy((char *)&lib + names[i].at, &found, sizeof(found));
	}
	lib.libbpf_set_print(silent);
	ready = true;
	return &lib;
}
