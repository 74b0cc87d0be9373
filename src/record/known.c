#include "record/known.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/interest.h"
#include "bpf/insn.h"
#include "record/recording.h"

/* As conditions in keys, which compare what is in the register. */
static void
write_values(const struct recorded *row, const struct cg_syscall *call,
	     unsigned argument, struct buf *out)
{
	const struct arguments *values = &row->arguments[argument];

	buf_printf(out,
		   "        - {name: %s, arguments: [{argument: %u, "
		   "operation: In, mask: 0x%x, values: [",
		   call->name, argument, UINT32_MAX);
	for (size_t i = 0; i < values->count; i++)
		buf_printf(out, "%s%" PRIu32, i ? ", " : "",
			   (uint32_t)values->at[i].value);
	buf_puts(out, "]}]}\n");
}

/* Whether all values of it are known, and can be told by 32 bits. */
static bool by_values(const struct recorded *row, unsigned argument)
{
	const struct arguments *values = &row->arguments[argument];

	for (size_t i = 0; i < values->count; i++)
		if (values->at[i].value > UINT32_MAX)
			return false;
	return values->count > 0 && values->count < RECORDING_VALUES &&
	       !values->other;
}

static void
write_row(const struct recorded *row, bool with_values, struct buf *out)
{
	const struct cg_syscall *call = cg_syscall_at(row->abi, row->nr);
	size_t count;
	const struct interest *interest;
	bool values;

	if (!call || !row->count)
		return;
	interest = interest_of(call, &count);
	values = count && by_values(row, interest->argument);
	if (values != with_values)
		return;
	if (values)
		write_values(row, call, interest->argument, out);
	else
		buf_printf(out, "        - %s\n", call->name);
}

/* The calls of one ABI, as a policy of its own. */
static char *
policy_text(const struct cg_recording *known, const struct cg_abi *abi)
{
	static const char *const heads[] = { "      names:\n",
					     "      names_with_args:\n" };
	struct buf out = { 0 };

	buf_printf(&out,
		   "seccomp:\n  default_action: trace\n"
		   "  foreign: trace\n  unknown: trace\n"
		   "  architectures: [%s]\n  syscalls:\n"
		   "    - action: allow\n",
		   abi->name);
	for (int values = 0; values < 2; values++) {
		size_t before = out.length, head;

		buf_puts(&out, heads[values]);
		head = out.length;
		for (size_t i = 0; i < known->count; i++)
			if (known->calls[i]->abi == abi &&
			    known->calls[i]->phase == CG_PHASE_ALL)
				write_row(known->calls[i], values, &out);
		if (out.length == head)
			out.length = before;
	}
	return buf_done(&out);
}

static bool all_to_tracer(struct cg_program **out, struct cg_error *err)
{
	const struct cg_insn insn = { RET_K, 0, 0, CG_RET_TRACE };

	return cg_program_from_insns(&insn, 1, cg_abi_native()->big_endian, out,
				     err) == CG_OK;
}

static bool has_native(const struct cg_recording *known)
{
	for (size_t i = 0; known && i < known->count; i++)
		if (known->calls[i]->abi == cg_abi_native() &&
		    known->calls[i]->phase == CG_PHASE_ALL)
			return true;
	return false;
}

/* Calls of other ABIs are rare, and go on being asked about. */
bool known_filter(const struct cg_recording *known, struct cg_program **out,
		  struct cg_error *err)
{
	struct cg_policy *policy = NULL;
	enum cg_status status;
	char *text;

	if (!has_native(known))
		return all_to_tracer(out, err);
	text = policy_text(known, cg_abi_native());
	if (!text)
		return fail_nomem(err);
	status = cg_policy_parse(text, strlen(text), "(known calls)", NULL,
				 &policy, err);
	free(text);
	if (status == CG_OK)
		status = cg_compile(policy, NULL, out, err);
	cg_policy_free(policy);
	return status == CG_OK;
}
