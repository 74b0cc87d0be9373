/* callgate/error.h: a few words for each status. */
#include <callgate/error.h>

#include <stddef.h>

const char *cg_status_text(enum cg_status status)
{
	static const char *const texts[] = {
		[CG_OK] = "success",
		[CG_E_NOMEM] = "out of memory",
		[CG_E_SYNTAX] = "neither YAML nor JSON",
		[CG_E_MEANING] = "not a policy",
		[CG_E_ARCH] = "not on this architecture",
		[CG_E_TOOLONG] = "too long for the kernel",
		[CG_E_PROGRAM] = "not a program that the kernel takes",
		[CG_E_PROOF] = "proved wrong",
		[CG_E_UNDECIDED] = "not decided within the budget",
		[CG_E_INPUT] = "bad argument",
		[CG_E_SYSTEM] = "refused by the system",
		[CG_E_UNSUPPORTED] = "not supported here",
		[CG_E_BLOCKED] = "blocked by an outer filter",
		[CG_E_THREAD] = "a thread could not be brought along",
	};

	if ((size_t)status < sizeof(texts) / sizeof(texts[0]) && texts[status])
		return texts[status];
	return "unknown status";
}
