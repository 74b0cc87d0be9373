/*
 * watch/chains: filters in pieces, what they say to a call that failed, and
 * which failures are worth telling of.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>

#include "bpf/insn.h"
#include "tap.h"
#include "watch/chains.h"

enum { GETPPID = 110, MKDIR = 83, I386_MKDIR = 39 };

#define JEQ(value, yes, no)                 \
	{                                   \
		0x15, (yes), (no), (value), \
	}
#define LOAD(offset)                    \
	{                               \
		LD_ABS, 0, 0, (offset), \
	}
#define RETURN(value)                 \
	{                             \
		RET_K, 0, 0, (value), \
	}

/* mkdir is refused with EACCES where its second argument is 7. */
static const struct witness_insn picky[] = {
	LOAD(0),
	JEQ(MKDIR, 0, 3),
	LOAD(24),
	JEQ(7, 0, 1),
	RETURN(CG_RET_ERRNO | EACCES),
	RETURN(CG_RET_ALLOW),
};
static const struct witness_insn all[] = { RETURN(CG_RET_ALLOW) };
static const struct witness_insn tracer[] = {
	LOAD(0),
	JEQ(GETPPID, 0, 1),
	RETURN(CG_RET_TRACE),
	RETURN(CG_RET_ALLOW),
};

struct loaded {
	const struct witness_insn *insns;
	unsigned count;
};
#define FILTER(insns)                                 \
	{                                             \
		insns, sizeof(insns) / sizeof(*insns) \
	}

static bool
add(struct chains *chains, uint64_t key, unsigned number,
    const struct loaded *filter, unsigned first, unsigned count, bool last)
{
	static struct witness_piece piece;

	memset(&piece, 0, sizeof(piece));
	piece.kind = WITNESS_FILTER;
	piece.key = key;
	piece.filter = number;
	piece.length = filter->count;
	piece.first = first;
	piece.count = count;
	piece.last = last;
	memcpy(piece.insns, filter->insns + first,
	       count * sizeof(*piece.insns));
	return chains_add(chains, &piece,
			  offsetof(struct witness_piece, insns) +
				  count * sizeof(*piece.insns));
}

static struct chains *chains_of(const struct loaded *filters, unsigned count)
{
	struct chains *chains = chains_new();

	for (unsigned i = 0; i < count; i++)
		if (!add(chains, 1, i, &filters[i], 0, filters[i].count,
			 i + 1 == count))
			return NULL;
	return chains;
}

static const struct row {
	const char *name;
	uint32_t arch, nr;
	uint64_t second;
	uint32_t error;
	bool traced, refused;
	size_t filter, instruction;
} rows[] = {
	{ "refused", 0xc000003e, MKDIR, 7, EACCES, false, true, 1, 4 },
	{ "another argument", 0xc000003e, MKDIR, 8, EACCES, false, false, 0,
	  0 },
	{ "another error", 0xc000003e, MKDIR, 7, EPERM, false, false, 1, 4 },
	{ "the upper half is not looked at", 0xc000003e, MKDIR, 0x100000007,
	  EACCES, false, true, 1, 4 },
	{ "another call", 0xc000003e, 5, 7, EACCES, false, false, 0, 0 },
	{ "traced by nobody", 0xc000003e, GETPPID, 0, ENOSYS, false, true, 0,
	  2 },
	{ "traced by somebody", 0xc000003e, GETPPID, 0, ENOSYS, true, false, 0,
	  2 },
};

static void check_rows(struct tap *tap)
{
	const struct loaded filters[] = { FILTER(tracer), FILTER(picky),
					  FILTER(all) };
	struct chains *chains = chains_of(filters, 3);
	const struct chain *chain = chains ? chains_find(chains, 1) : NULL;

	tap_ok(tap, chain && chain->count == 3 && chain->complete,
	       "a chain of three");
	for (size_t i = 0; chain && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct cg_call call = { .arch = row->arch, .nr = row->nr };
		struct judgement got;
		bool refused;

		call.args[1] = row->second;
		refused = chain_refused(chain, &call, row->error, row->traced,
					&got);
		tap_ok(tap,
		       refused == row->refused && got.filter == row->filter &&
			       got.instruction == row->instruction,
		       "%s", row->name);
	}
	chains_free(chains);
}

static bool has(const unsigned long long *bits, unsigned bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

static void check_interest(struct tap *tap)
{
	const struct loaded filters[] = { FILTER(tracer), FILTER(picky) };
	struct chains *chains = chains_of(filters, 2);
	struct witness_interest got;

	chain_interest(chains_find(chains, 1), &got);
	tap_ok(tap,
	       has(got.errors, EACCES) && has(got.errors, ENOSYS) &&
		       !has(got.errors, EPERM) && !has(got.errors, EAGAIN),
	       "the errors that they answer with");
	tap_ok(tap,
	       has(got.numbers[WITNESS_NATIVE], MKDIR) &&
		       has(got.numbers[WITNESS_NATIVE], GETPPID) &&
		       !has(got.numbers[WITNESS_NATIVE], 0) &&
		       !has(got.numbers[WITNESS_NATIVE], 1),
	       "the calls that they look at");
	chains_free(chains);
}

/* Pieces that are damaged, missing, doubled, or no filter at all. */
static void check_pieces(struct tap *tap)
{
	const struct loaded filter = FILTER(picky);
	static const struct witness_insn wild[] = { LOAD(3), RETURN(0) };
	const struct loaded bad = FILTER(wild);
	struct chains *chains = chains_new();
	static struct witness_piece piece;

	tap_ok(tap,
	       add(chains, 2, 0, &filter, 0, 2, false) &&
		       add(chains, 2, 0, &filter, 0, 2, false) &&
		       !chains_find(chains, 2) &&
		       add(chains, 2, 0, &filter, 2, 4, true) &&
		       chains_find(chains, 2),
	       "in pieces, the first one twice");
	tap_ok(tap, add(chains, 2, 0, &filter, 2, 4, true), "all known");
	tap_ok(tap,
	       !add(chains, 3, 0, &filter, 2, 4, true) &&
		       !chains_find(chains, 3),
	       "the first piece is missing");
	tap_ok(tap,
	       !add(chains, 4, 1, &filter, 0, 6, true) &&
		       !chains_find(chains, 4),
	       "the first filter is missing");
	tap_ok(tap,
	       !add(chains, 5, 0, &bad, 0, 2, true) && !chains_find(chains, 5),
	       "no filter that a kernel takes");
	piece.length = 5;
	piece.first = 4;
	piece.count = 2;
	tap_ok(tap, !chains_add(chains, &piece, sizeof(piece)),
	       "past its own end");
	piece.count = 1;
	tap_ok(tap, !chains_add(chains, &piece, 40), "cut off");
	piece.filter = WITNESS_FILTERS;
	tap_ok(tap, !chains_add(chains, &piece, sizeof(piece)),
	       "too many filters");
	chains_free(chains);
}

/* There is a bound, and who is used is kept. */
static void check_bound(struct tap *tap)
{
	static struct witness_insn longest[CG_PROGRAM_MAX];
	const struct loaded filter = { longest, CG_PROGRAM_MAX };
	struct chains *chains = chains_new();
	size_t forgotten = 0;
	uint64_t key;
	bool ok = true;

	for (size_t i = 0; i < CG_PROGRAM_MAX; i++)
		longest[i] = (struct witness_insn)RETURN(CG_RET_ALLOW);
	for (uint64_t i = 1; i <= 1100; i++) {
		for (unsigned at = 0; at < filter.count; at += 512)
			ok = ok && add(chains, i, 0, &filter, at, 512,
				       at + 512 == filter.count);
		while (chains_forget(chains, &key))
			forgotten++;
	}
	tap_ok(tap, ok && forgotten > 50 && forgotten < 110,
	       "the oldest are forgotten: %zu", forgotten);
	tap_ok(tap, chains_find(chains, 1100), "the newest is there");
	chains_free(chains);
}

int main(void)
{
	struct tap tap = { 0 };

	check_rows(&tap);
	check_interest(&tap);
	check_pieces(&tap);
	check_bound(&tap);
	return tap_done(&tap);
}
