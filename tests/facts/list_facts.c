/*
 * Print every number that the library knows, for tests that compare it with
 * somebody else's tables:
 *
 *	ABI AUDIT_ARCH NUMBER CALL SINCE SINCE-ANYWHERE
 */
#include <inttypes.h>
#include <stdio.h>

#include "abi/doors.h"

static void print_abi(const struct cg_abi *abi)
{
	const struct abi_number *list;
	size_t count;

	list = abi_numbers(abi, &count);
	for (size_t i = 0; i < count; i++) {
		const struct cg_syscall *call = abi_number_call(&list[i]);
		uint32_t since = cg_syscall_since(call, abi);
		uint32_t any = cg_syscall_since(call, NULL);

		printf("%s %" PRIu32 " %" PRIu32 " %s %" PRIu32 ".%" PRIu32
		       " %" PRIu32 ".%" PRIu32 "\n",
		       abi->name, abi->audit_arch, list[i].nr, call->name,
		       since >> 16, since & 0xffff, any >> 16, any & 0xffff);
	}
}

int main(void)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		print_abi(abi);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
