/* scmp_sys_resolver - the number of a call, or the call of a number. */
#include <getopt.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(const char *name)
{
	fprintf(stderr, "usage: %s [-h] [-a <arch>] [-t] <name>|<number>\n",
		name);
	return EINVAL;
}

static int resolve(uint32_t arch, const char *what, int translate)
{
	char *end, *name;
	long number = strtol(what, &end, 0);

	if (*end || end == what) {
		printf("%d\n",
		       translate
			       ? seccomp_syscall_resolve_name_rewrite(arch,
								      what)
			       : seccomp_syscall_resolve_name_arch(arch, what));
		return 0;
	}
	name = number >= INT_MIN && number <= INT_MAX
		       ? seccomp_syscall_resolve_num_arch(arch, (int)number)
		       : NULL;
	puts(name ? name : "UNKNOWN");
	free(name);
	return 0;
}

int main(int argc, char *argv[])
{
	uint32_t arch = seccomp_arch_native();
	int option, translate = 0;

	while ((option = getopt(argc, argv, "a:ht")) != -1)
		switch (option) {
		case 'a':
			arch = seccomp_arch_resolve_name(optarg);
			if (!arch)
				return usage(argv[0]);
			break;
		case 't':
			translate = 1;
			break;
		default:
			return usage(argv[0]);
		}
	if (optind + 1 != argc)
		return usage(argv[0]);
	return resolve(arch, argv[optind], translate);
}
