/* callgate/policy.h: a call as a person reads it. */
#include <callgate/policy.h>

#include "base/line.h"

static void
add_arguments(struct line *line, const struct cg_abi *abi,
	      const struct cg_syscall *known, const struct cg_call *call,
	      const char *const memory[6])
{
	struct cg_argument arguments[6];
	size_t count = 0;
	char value[160];

	if (!cg_syscall_arguments(known, abi, arguments, &count))
		for (count = 0; count < 6; count++)
			arguments[count] = (struct cg_argument){
				.name = "", .type = "", .bits = abi->bits
			};
	for (size_t i = 0; i < count; i++) {
		cg_argument_print(&arguments[i], abi, call->args[i], value,
				  sizeof(value));
		line_puts(line, i ? ", " : "");
		line_puts(line, value);
		if (memory && memory[i] && memory[i][0]) {
			line_puts(line, " ");
			line_puts(line, memory[i]);
		}
	}
}

void cg_call_print(const struct cg_call *call, const char *const memory[6],
		   char *out, size_t size)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	const struct cg_syscall *known =
		abi ? cg_syscall_at(abi, call->nr) : NULL;
	struct line line = { out, size, 0 };

	out[0] = '\0';
	if (!known) {
		line_add(&line, "call %u%s", call->nr,
			 abi ? "" : " of an unknown architecture");
		return;
	}
	line_puts(&line, known->name);
	line_puts(&line, "(");
	add_arguments(&line, abi, known, call, memory);
	line_puts(&line, ")");
}
