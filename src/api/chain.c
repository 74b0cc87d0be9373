/* callgate/chain.h: several filters in force at once. */
#include <callgate/chain.h>

#include <stdlib.h>
#include <string.h>

#include "api/chain.h"
#include "api/object.h"
#include "base/fail.h"
#include "bpf/answer.h"

struct cg_chain *chain_alloc(size_t count, bool big_endian)
{
	struct cg_chain *chain;

	if (count > SIZE_MAX / sizeof(struct link) / 2)
		return NULL;
	chain = calloc(1, sizeof(*chain) + count * sizeof(struct link));
	if (!chain)
		return NULL;
	chain->count = count;
	chain->big_endian = big_endian;
	return chain;
}

static struct cg_chain *copy(const struct cg_program *const *programs,
			     size_t count, struct cg_error *err)
{
	bool big =
		count ? programs[0]->big_endian : cg_abi_native()->big_endian;
	struct cg_chain *chain = chain_alloc(count, big);
	bool ok = chain != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		const struct cg_program *from = programs[i];

		if (from->big_endian != big) {
			fail_set(err, CG_E_INPUT,
				 "the filters of a chain are for kernels of "
				 "one byte order");
			cg_chain_free(chain);
			return NULL;
		}
		chain->at[i].program =
			program_new(from->insns, from->count, big);
		ok = chain->at[i].program != NULL;
	}
	if (ok)
		return chain;
	cg_chain_free(chain);
	fail_set(err, CG_E_NOMEM, "out of memory");
	return NULL;
}

enum cg_status
cg_chain_new(const struct cg_program *const *programs, size_t count,
	     struct cg_chain **out, struct cg_error *err)
{
	struct cg_error here = { 0 };
	struct cg_chain *chain = copy(programs, count, &here);

	if (chain)
		*out = chain;
	else if (err)
		*err = here;
	return here.status;
}

void cg_chain_free(struct cg_chain *chain)
{
	for (size_t i = 0; chain && i < chain->count; i++)
		cg_program_free(chain->at[i].program);
	free(chain);
}

size_t cg_chain_count(const struct cg_chain *chain)
{
	return chain->count;
}

const struct cg_program *
cg_chain_program(const struct cg_chain *chain, size_t index)
{
	return index < chain->count ? chain->at[index].program : NULL;
}

uint32_t cg_chain_flags(const struct cg_chain *chain, size_t index)
{
	return index < chain->count ? chain->at[index].flags : 0;
}

static bool same(const struct cg_program *left, const struct cg_program *right)
{
	return left->count == right->count &&
	       memcmp(left->insns, right->insns,
		      left->count * sizeof(*left->insns)) == 0;
}

bool cg_chain_same(const struct cg_chain *left, const struct cg_chain *right)
{
	if (left->count != right->count ||
	    left->big_endian != right->big_endian)
		return false;
	for (size_t i = 0; i < left->count; i++)
		if (!same(left->at[i].program, right->at[i].program))
			return false;
	return true;
}

/* The kernel begins with the newest, and with a call that is allowed. */
void cg_chain_decide(const struct cg_chain *chain, const struct cg_call *call,
		     struct cg_chain_answer *out)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);

	*out = (struct cg_chain_answer){ .answer = CG_RET_ALLOW,
					 .cached = abi && chain->count };
	for (size_t i = chain->count; i-- > 0;) {
		const struct cg_program *program = chain->at[i].program;
		size_t steps;
		uint32_t answer = cg_program_decide(program, call, &steps);
		bool newest = i == chain->count - 1;

		out->steps += steps;
		if (newest || answer_join(out->answer, answer) != out->answer) {
			out->answer = answer;
			out->decided_by = i;
		}
		out->cached = out->cached &&
			      cg_program_cached(program, abi, call->nr);
	}
}
