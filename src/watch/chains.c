#include "watch/chains.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/arch.h>
#include <callgate/policy.h>

#include "bpf/answer.h"
#include "bpf/check.h"
#include "bpf/sim.h"
#include "watch/rule.h"

/* What a filter weighs beside its instructions. */
enum { LAST_ERROR = 4095, BUCKETS = 1024, WEIGHT = 32 };

struct chains {
	struct chain *buckets[BUCKETS]; /* the last used comes first */
	size_t weight;
	size_t sweep; /* the bucket that is thinned out next */
};

struct chains *chains_new(void)
{
	return calloc(1, sizeof(struct chains));
}

static void chain_free(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		free(chain->filters[i].insns);
	free(chain->filters);
	for (size_t i = 0; i < chain->rule_count; i++)
		free(chain->rules[i].text);
	free(chain->rules);
	free(chain);
}

void chains_free(struct chains *chains)
{
	for (size_t i = 0; chains && i < BUCKETS; i++)
		while (chains->buckets[i]) {
			struct chain *chain = chains->buckets[i];

			chains->buckets[i] = chain->next;
			chain_free(chain);
		}
	free(chains);
}

/* ------------------------------------------------------------- keeping -- */

/* Where the chain hangs, or would: at the end of its bucket. */
static struct chain **place_of(struct chains *chains, uint64_t key)
{
	struct chain **at = &chains->buckets[key % BUCKETS];

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

static struct chain *chain_get(struct chains *chains, uint64_t key)
{
	struct chain **at = place_of(chains, key), *chain = *at;

	if (!chain) {
		chain = calloc(1, sizeof(*chain));
		if (!chain)
			return NULL;
		chain->key = key;
	} else {
		*at = chain->next;
	}
	chain->next = chains->buckets[key % BUCKETS];
	chains->buckets[key % BUCKETS] = chain;
	return chain;
}

struct chain *chains_find(struct chains *chains, uint64_t key)
{
	struct chain *chain = *place_of(chains, key);

	return chain && chain->complete ? chain_get(chains, key) : NULL;
}

bool chains_forget(struct chains *chains, uint64_t *key)
{
	for (size_t i = 0; i < BUCKETS && chains->weight > CHAINS_WEIGHT; i++) {
		struct chain **at = &chains->buckets[chains->sweep++ % BUCKETS];
		struct chain *chain;

		if (!*at)
			continue;
		while ((*at)->next)
			at = &(*at)->next;
		chain = *at;
		*at = NULL;
		*key = chain->key;
		chains->weight -= chain->weight;
		chain_free(chain);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------- pieces -- */

static bool is_sound(const struct witness_piece *piece, size_t size)
{
	const size_t head = offsetof(struct witness_piece, insns);

	return size >= head && piece->count <= WITNESS_PIECE &&
	       size >= head + piece->count * sizeof(piece->insns[0]) &&
	       piece->length >= 1 && piece->length <= CG_PROGRAM_MAX &&
	       piece->first <= piece->length &&
	       piece->count <= piece->length - piece->first &&
	       piece->filter < WITNESS_FILTERS;
}

static struct filter *filter_at(struct chain *chain, size_t index)
{
	size_t room = chain->room ? chain->room : 4;
	struct filter *grown;

	while (room <= index)
		room *= 2;
	if (room > chain->room) {
		grown = realloc(chain->filters, room * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + chain->room, 0,
		       (room - chain->room) * sizeof(*grown));
		chain->filters = grown;
		chain->room = room;
	}
	if (index >= chain->count)
		chain->count = index + 1;
	return &chain->filters[index];
}

/* Pieces of one filter come in order; what came already comes once more where
   two CPUs met the chain at the same time. */
static bool put_piece(struct chains *chains, struct chain *chain,
		      const struct witness_piece *piece)
{
	struct filter *filter = filter_at(chain, piece->filter);

	if (!filter)
		return false;
	if (!filter->insns) {
		filter->insns = calloc(piece->length, sizeof(*filter->insns));
		if (!filter->insns)
			return false;
		filter->count = piece->length;
		filter->log = piece->log;
		chain->weight += piece->length + WEIGHT;
		chains->weight += piece->length + WEIGHT;
	}
	if (filter->count != piece->length || filter->got != piece->first)
		return filter->got > piece->first;
	memcpy(filter->insns + piece->first, piece->insns,
	       piece->count * sizeof(*filter->insns));
	filter->got += piece->count;
	return true;
}

/* Whether nothing is missing, and the kernel could have taken it. */
static bool is_whole(struct chain *chain)
{
	struct cg_error err;

	for (size_t i = 0; i < chain->count; i++) {
		struct filter *filter = &chain->filters[i];

		if (filter->got != filter->count || !filter->insns ||
		    !bpf_check(filter->insns, filter->count, &err))
			return false;
		sha256_text(filter->insns,
			    filter->count * sizeof(*filter->insns),
			    filter->hash);
	}
	return chain->count > 0;
}

bool chains_add(struct chains *chains, const struct witness_piece *piece,
		size_t size)
{
	struct chain *chain;

	static_assert(sizeof(struct cg_insn) == sizeof(piece->insns[0]),
		      "instructions are laid out as the kernel has them");
	if (!is_sound(piece, size))
		return false;
	chain = chain_get(chains, piece->key);
	if (!chain)
		return false;
	if (chain->complete)
		return true;
	if (!put_piece(chains, chain, piece))
		return false;
	if (piece->last)
		chain->complete = is_whole(chain);
	return !piece->last || chain->complete;
}

/* ------------------------------------------------------------ judging -- */

void chain_judge(const struct chain *chain, const struct cg_call *call,
		 struct judgement *out)
{
	uint16_t path[CG_PROGRAM_MAX];
	const struct filter *decided;
	size_t steps;

	*out = (struct judgement){ .answer = CG_RET_ALLOW };
	for (size_t i = 0; i < chain->count; i++) {
		const struct filter *filter = &chain->filters[i];
		uint32_t answer = bpf_sim(filter->insns, filter->count, false,
					  call, NULL);

		if (i == 0 || answer_join(out->answer, answer) != out->answer) {
			out->answer = answer;
			out->filter = i;
		}
	}
	if (!chain->count || out->answer == CG_RET_ALLOW)
		return;
	decided = &chain->filters[out->filter];
	bpf_path(decided->insns, decided->count, false, call, path, &steps);
	out->instruction = steps ? path[steps - 1] : 0;
}

static char *make_rule(const struct filter *filter, const struct cg_call *call,
		       uint32_t answer)
{
	struct buf text = { 0 };

	rule_write(filter->insns, filter->count, call->arch, call->nr, answer,
		   &text);
	if (text.length && text.length <= RULE_MAX)
		return buf_done(&text);
	buf_free(&text);
	return NULL;
}

bool chain_rule(struct chains *chains, struct chain *chain,
		const struct cg_call *call, const struct judgement *judgement,
		bool make, const char **out)
{
	const size_t weight =
		(sizeof(struct known_rule) + RULE_MAX) / sizeof(struct cg_insn);
	struct known_rule *rule = chain->rules;

	*out = NULL;
	for (size_t i = 0; i < chain->rule_count; i++, rule++)
		if (rule->nr == call->nr && rule->arch == call->arch &&
		    rule->answer == judgement->answer &&
		    rule->filter == judgement->filter) {
			*out = rule->text;
			return true;
		}
	if (!make || chain->rule_count == CHAIN_RULES)
		return chain->rule_count == CHAIN_RULES;
	if (!chain->rules)
		chain->rules = calloc(CHAIN_RULES, sizeof(*rule));
	if (!chain->rules)
		return true;
	rule = &chain->rules[chain->rule_count++];
	*rule = (struct known_rule){
		.filter = (uint32_t)judgement->filter,
		.arch = call->arch,
		.nr = call->nr,
		.answer = judgement->answer,
		.text = make_rule(&chain->filters[judgement->filter], call,
				  judgement->answer),
	};
	chain->weight += weight;
	chains->weight += weight;
	*out = rule->text;
	return true;
}

/*
 * A filter is asked before anything of the call is done: if it answers with an
 * errno, the call was not made, and this errno is what came back.
 */
bool chain_refused(const struct chain *chain, const struct cg_call *call,
		   uint32_t error, bool traced, struct judgement *out)
{
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	uint32_t data;

	/* Some calls no filter is asked about, by newer kernels; by older ones
	   they are not known at all. */
	if (abi && cg_unfilterable_since(abi, call->nr))
		return false;
	chain_judge(chain, call, out);
	data = out->answer & CG_RET_DATA;
	switch (out->answer & CG_RET_ACTION) {
	case CG_RET_ERRNO:
		return error == (data < LAST_ERROR ? data : LAST_ERROR);
	case CG_RET_TRACE:
		return error == ENOSYS && !traced;
	case CG_RET_USER_NOTIF:
		return true;
	default:
		return false;
	}
}

static void set_bit(unsigned long long *bits, uint32_t bit)
{
	bits[bit / 64] |= 1ull << bit % 64;
}

static void add_error(struct witness_interest *out, uint32_t error)
{
	set_bit(out->errors,
		error < WITNESS_ERRORS ? error : WITNESS_ERRORS - 1);
}

/* What a return can have a call fail with. */
static void add_return(struct witness_interest *out, const struct cg_insn *insn)
{
	const uint32_t action = insn->k & CG_RET_ACTION;

	if (insn->code == RET_A || action == CG_RET_USER_NOTIF)
		memset(out->errors, 0xff, sizeof(out->errors));
	else if (action == CG_RET_ERRNO)
		add_error(out, insn->k & CG_RET_DATA);
	else if (action == CG_RET_TRACE)
		add_error(out, ENOSYS);
}

/* Whether all filters allow this number, whatever else the call is. */
static bool
is_free(const struct chain *chain, const struct cg_abi *abi, uint32_t nr)
{
	for (size_t i = 0; i < chain->count; i++)
		if (!bpf_cached(chain->filters[i].insns,
				chain->filters[i].count, abi->audit_arch,
				abi->nr_base + nr))
			return false;
	return true;
}

void chain_interest(const struct chain *chain, struct witness_interest *out)
{
	static const char *const abis[WITNESS_DOORS] = {
		[WITNESS_NATIVE] = "x86_64",
		[WITNESS_COMPAT] = "i386",
		[WITNESS_X32] = "x32",
	};

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < chain->count; i++)
		for (uint32_t at = 0; at < chain->filters[i].count; at++) {
			const struct cg_insn *insn =
				&chain->filters[i].insns[at];

			if (insn->code == RET_A || insn->code == RET_K)
				add_return(out, insn);
		}
	for (unsigned door = 0; door < WITNESS_DOORS; door++) {
		const struct cg_abi *abi = cg_abi_by_name(abis[door]);

		for (uint32_t nr = 0; nr < WITNESS_NUMBERS; nr++)
			if (!abi || !is_free(chain, abi, nr))
				set_bit(out->numbers[door], nr);
	}
}
