#include "abi/interest.h"

#include <string.h>

#define NAMESPACES                                               \
	"CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|CLONE_NEWIPC|" \
	"CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET"

/*
 * Sorted by name. Not here: what depends on the data that is worked on, such
 * as the flags of files, and what no attack is known to need.
 */
static const struct interest rows[] = {
	{ "arch_prctl", 0, INTEREST_VALUES, NULL, NULL },
	{ "bpf", 0, INTEREST_VALUES, NULL, NULL },
	{ "clone", 0, INTEREST_BITS, NAMESPACES, NULL },
	{ "ioctl", 1, INTEREST_VALUES, NULL,
	  "TCGETS,TIOCGWINSZ,FIONREAD,FIONBIO,FIOCLEX,FIONCLEX" },
	{ "ipc", 0, INTEREST_VALUES, NULL, NULL },
	{ "keyctl", 0, INTEREST_VALUES, NULL, NULL },
	{ "mprotect", 2, INTEREST_BITS, "PROT_EXEC", NULL },
	{ "personality", 0, INTEREST_VALUES, NULL, NULL },
	{ "pkey_mprotect", 2, INTEREST_BITS, "PROT_EXEC", NULL },
	{ "prctl", 0, INTEREST_VALUES, NULL, "PR_SET_NAME,PR_GET_NAME" },
	{ "ptrace", 0, INTEREST_VALUES, NULL, NULL },
	{ "setns", 1, INTEREST_VALUES, NULL, NULL },
	{ "socket", 0, INTEREST_VALUES, NULL, NULL },
	{ "socketcall", 0, INTEREST_VALUES, NULL, NULL },
	{ "socketpair", 0, INTEREST_VALUES, NULL, NULL },
	{ "unshare", 0, INTEREST_VALUES, NULL, NULL },
};

const struct interest *interest_of(const struct cg_syscall *call, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].call, call->name) == 0) {
			*count = 1;
			return &rows[i];
		}
	return NULL;
}

unsigned interest_arguments(const struct cg_abi *abi, uint32_t nr)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);
	const struct interest *row;
	unsigned bits = 0;
	size_t count;

	if (!call)
		return 0;
	row = interest_of(call, &count);
	for (size_t i = 0; i < count; i++)
		bits |= 1u << row[i].argument;
	return bits;
}

uint64_t interest_value(const struct cg_abi *abi, uint32_t nr,
			unsigned argument, uint64_t value)
{
	const struct cg_syscall *call = cg_syscall_at(abi, nr);
	struct cg_argument arguments[6];
	size_t count;

	if (abi->bits == 32)
		value = (uint32_t)value;
	if (call && cg_syscall_arguments(call, abi, arguments, &count) &&
	    argument < count && arguments[argument].bits == 32)
		value = (uint32_t)value;
	return value;
}
