/*
 * Checks of arguments of which the kernel looks at the lower half alone: the
 * upper half must not change the answer.
 */
#include <stdio.h>

#include "lint/lint.h"
#include "prove/permit.h"

/* One such argument of a call, and the call's diagram of truth values. */
struct half {
	const struct cg_abi *abi;
	const struct cg_syscall *call;
	uint32_t nr;
	unsigned index;
	const struct cg_argument *argument;
	dd permit;
};

/* An example on which two diagrams of truth values are yes, and no. */
static bool differ(struct lint *lint, const struct half *half, dd yes, dd no,
		   struct cg_call *example)
{
	dd both = diagram_if(lint->all, no, DD_FALSE, yes);

	*example = (struct cg_call){ .arch = half->abi->audit_arch,
				     .nr = half->nr };
	if (both == DD_FALSE)
		return false;
	permit_example(lint->all, both, true, example);
	return true;
}

/* An argument as people know it: "domain", or "argument 0". */
static const char *name_of(const struct half *half, char *room, size_t size)
{
	if (half->argument->name[0])
		return half->argument->name;
	snprintf(room, size, "argument %u", half->index);
	return room;
}

/*
 * For each value of the lower half, the answer where the upper is clear is what
 * was meant; or, where the int is negative, the answer where it is all ones.
 */
static bool check_half(struct lint *lint, const struct half *half)
{
	enum word high = WORD_ARGS + 2 * half->index;
	dd clear = permit_fix(lint->all, half->permit, high, 0);
	dd full = permit_fix(lint->all, half->permit, high, UINT32_MAX);
	dd negative = half->argument->is_signed
			      ? diagram_bit(lint->all, high + 1, 31)
			      : DD_FALSE;
	dd meant = diagram_or(lint->all, clear,
			      diagram_and(lint->all, negative, full));
	char room[32];
	const char *name = name_of(half, room, sizeof(room));
	struct cg_call example;

	if (differ(lint, half, half->permit, meant, &example))
		return lint_find(lint, "width", CG_ERROR, half->abi, &example,
				 "%s: %s is an int, and with other upper bits, "
				 "as in 0x%llx, a value that is refused passes",
				 half->call->name, name,
				 (unsigned long long)example.args[half->index]);
	if (differ(lint, half, diagram_and(lint->all, negative, clear), full,
		   &example) ||
	    differ(lint, half, diagram_and(lint->all, negative, full), clear,
		   &example))
		return lint_find(lint, "sign", CG_WARNING, half->abi, &example,
				 "%s: a negative %s, such as 0x%llx, is let "
				 "through or refused by how it was widened to "
				 "64 bits",
				 half->call->name, name,
				 (unsigned long long)example.args[half->index]);
	if (!differ(lint, half, meant, half->permit, &example))
		return true;
	return lint_find(lint, "width", CG_NOTE, half->abi, &example,
			 "%s: %s is an int, and with other upper bits, as in "
			 "0x%llx, a value that is allowed is refused",
			 half->call->name, name,
			 (unsigned long long)example.args[half->index]);
}

static bool check_call(struct lint *lint, const struct cg_abi *abi,
		       const struct cg_syscall *call)
{
	struct half half = { .abi = abi, .call = call };
	struct cg_argument arguments[6];
	size_t count;

	if (!cg_syscall_number(call, abi, &half.nr) ||
	    !cg_syscall_arguments(call, abi, arguments, &count))
		return true;
	half.permit = lint_permit(lint, abi, half.nr);
	if (half.permit == DD_TRUE || half.permit == DD_FALSE)
		return true;
	for (size_t i = 0; i < count; i++) {
		half.index = (unsigned)i;
		half.argument = &arguments[i];
		if (arguments[i].bits == 32 && !arguments[i].is_pointer &&
		    !check_half(lint, &half))
			return false;
	}
	return true;
}

bool lint_width(struct lint *lint)
{
	const struct cg_syscall *call;

	/* Registers of 32 bits have no upper half. */
	for (size_t i = 0;
	     lint->native->bits == 64 && (call = cg_syscall_get(i)); i++)
		if (!check_call(lint, lint->native, call))
			return false;
	return true;
}
