/*
 * cg_program_no_exec(): what Elasticsearch installs at start, the same bytes
 * (libs/native, since 2016: load arch, load nr, four numbers, two returns).
 */
#include <string.h>

#include "api/object.h"
#include "base/fail.h"
#include "bpf/insn.h"

enum { EACCES_NUMBER = 13 };

/* fork, vfork, execve, execveat; what aarch64 lacks has a number past all. */
static const struct row {
	const char *abi;
	uint32_t limit, calls[4];
} rows[] = {
	{ "x86_64", 0x3fffffff, { 57, 58, 59, 322 } },
	{ "aarch64", 0xffffffff, { 1079, 1071, 221, 281 } },
};

enum cg_status cg_program_no_exec(const struct cg_abi *abi,
				  struct cg_program **out, struct cg_error *err)
{
	const struct row *row = NULL;
	struct cg_error here;

	err = err ? err : &here;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].abi, abi->name) == 0)
			row = &rows[i];
	if (!row) {
		fail_set(err, CG_E_ARCH,
			 "this filter exists for x86_64 and aarch64, not for "
			 "%s; use the preset no-exec",
			 abi->name);
		return CG_E_ARCH;
	}
	const struct cg_insn insns[] = {
		{ LD_ABS, 0, 0, DATA_ARCH },
		{ JEQ_K, 0, 7, abi->audit_arch },
		{ LD_ABS, 0, 0, DATA_NR },
		{ JGT_K, 5, 0, row->limit },
		{ JEQ_K, 4, 0, row->calls[0] },
		{ JEQ_K, 3, 0, row->calls[1] },
		{ JEQ_K, 2, 0, row->calls[2] },
		{ JEQ_K, 1, 0, row->calls[3] },
		{ RET_K, 0, 0, CG_RET_ALLOW },
		{ RET_K, 0, 0, CG_RET_ERRNO | EACCES_NUMBER },
	};

	return cg_program_from_insns(insns, sizeof(insns) / sizeof(insns[0]),
				     false, out, err);
}
