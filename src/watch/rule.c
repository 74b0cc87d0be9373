#include "watch/rule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/arch.h>
#include <callgate/policy.h>

#include "bpf/answer.h"
#include "prove/regions.h"
#include "prove/walk.h"

enum {
	NODES = 1 << 14,
	MEMORY = 1 << 20,
	LOAD_IMMEDIATE = 0, /* BPF_LD | BPF_IMM */
	ANSWER = 64,
};

/*
 * What the filter answers to one number, whatever the arguments are. Number and
 * architecture become constants before the program is walked, so that a large
 * filter is no more work than what it has for this call.
 */
static dd answers_to(struct diagrams *all, const struct cg_insn *insns,
		     size_t count, uint32_t arch, uint32_t nr)
{
	struct cg_insn *fixed = calloc(count, sizeof(*fixed));
	dd made;

	if (!fixed) {
		diagrams_no_memory(all);
		return DD_FALSE;
	}
	memcpy(fixed, insns, count * sizeof(*fixed));
	for (size_t i = 0; i < count; i++)
		if (fixed[i].code == LD_ABS && fixed[i].k < 8) {
			fixed[i].code = LOAD_IMMEDIATE;
			fixed[i].k = fixed[i].k ? arch : nr;
		}
	made = walk_program(all, fixed, count, false);
	free(fixed);
	return made;
}

/* A number within the table that no call has: no rule is for it. */
static bool find_nameless(const struct cg_abi *abi, uint32_t *nr)
{
	for (uint32_t at = abi->nr_base; at < abi->nr_base + 512; at++)
		if (!cg_syscall_at(abi, at)) {
			*nr = at;
			return true;
		}
	return false;
}

static struct cg_region *
find_region(struct cg_region *regions, size_t count, uint32_t answer)
{
	for (size_t i = 0; i < count; i++)
		if (regions[i].witness.left == answer)
			return &regions[i];
	return NULL;
}

static void write_region(const struct cg_region *region, const char *answer,
			 const char *call, struct buf *out)
{
	for (size_t i = 0; i < region->text_count; i++) {
		const char *text = region->texts[i];

		if (i == 0)
			buf_printf(out, "%s to ", answer);
		else
			buf_puts(out, " or ");
		buf_puts(out, call);
		if (*text)
			buf_printf(out, "(%s)", text);
	}
}

/* For which arguments it is this answer, and not another. */
static void write_rule(struct diagrams *all, dd made, const struct cg_abi *abi,
		       const struct cg_syscall *call, uint32_t nr,
		       uint32_t answer, struct buf *out)
{
	struct arena arena = { .budget = MEMORY };
	/* No leaf of a program: all of its answers differ from it. */
	const dd none = diagram_answer(all, CG_RET_LOG | CG_RET_DATA);
	struct cg_region *regions = NULL;
	char text[ANSWER];
	size_t count = 0;

	answer_print(answer, abi, text, sizeof(text));
	if (made != none &&
	    regions_find(all, made, none, abi->audit_arch, nr, &arena, &regions,
			 &count) == REGIONS_MADE) {
		struct cg_region *region = find_region(regions, count, answer);

		if (region && regions_text(&arena, call, abi, region))
			write_region(region, text, call->name, out);
	}
	arena_free(&arena);
}

void rule_write(const struct cg_insn *insns, size_t count, uint32_t arch,
		uint32_t nr, uint32_t answer, struct buf *out)
{
	const struct cg_abi *abi = cg_abi_of_call(arch, nr);
	const struct cg_syscall *call = abi ? cg_syscall_at(abi, nr) : NULL;
	struct diagrams *all = call ? diagrams_new(NODES) : NULL;
	uint32_t nameless;
	dd made, leaf;

	if (!all)
		return;
	made = answers_to(all, insns, count, arch, nr);
	leaf = diagram_answer(all, answer);
	if (!diagrams_exhausted(all) && made == leaf &&
	    find_nameless(abi, &nameless) &&
	    answers_to(all, insns, count, arch, nameless) == leaf) {
		char text[ANSWER];

		answer_print(answer, abi, text, sizeof(text));
		buf_printf(out, "default %s: no rule is for %s", text,
			   call->name);
	} else if (!diagrams_exhausted(all)) {
		write_rule(all, made, abi, call, nr, answer, out);
	}
	diagrams_free(all);
}
