#include "prove/scan.h"

enum {
	/* Instructions that are looked at, each for one interval; and for each
	   piece that there is room for. */
	VISITS_LEAST = 1 << 15,
	VISITS_EACH = 8,
	DEPTH_MAX = 256,
	BLOCKS_MAX = 128, /* pieces that one bit test or AND may cut */
	/* More pieces than that, or than programs past the kernel's limit may
	   have for an instruction, are looked at one by one. */
	PIECES_MOST = 4096,
	PIECES_LONG = 4,
	PIECES_EACH = 16, /* instruction may make so many */
	PIECES_LEAST = 64,
};

struct scan {
	const struct cg_insn *insns;
	const struct liveness *live;
	enum word word;
	uint32_t offset; /* of the word in struct seccomp_data */
	struct piece *out;
	size_t count, room, visits, visits_most;
};

/*
 * The values first..last of the word, for which A holds the value less `base`:
 * what an AND takes off is the same for all of them.
 */
struct interval {
	uint64_t first, last;
	uint32_t base;
};

static bool
go(struct scan *scan, uint32_t pc, struct interval in, unsigned depth);

/* The stretch ends here: nothing that was sorted matters any more. */
static bool leave(struct scan *scan, uint32_t pc, const struct interval *in)
{
	/* Words up to this one in order: the diagrams below may not have
	 * them.*/
	const uint32_t settled = (2u << scan->word) - 1;
	struct piece *last = scan->count ? &scan->out[scan->count - 1] : NULL;

	if (scan->live[pc].registers || scan->live[pc].words & settled)
		return false;
	if (last && last->pc == pc)
		return true;
	if (scan->count == scan->room)
		return false;
	scan->out[scan->count++] = (struct piece){ (uint32_t)in->first, pc };
	return true;
}

/* Values up to `at` - 1 go one way, from there on the other. */
static bool cut(struct scan *scan, uint64_t at, uint32_t below, uint32_t above,
		struct interval in, unsigned depth)
{
	struct interval low = in, high = in;

	at += in.base;
	if (at <= in.first)
		return go(scan, above, in, depth);
	if (at > in.last)
		return go(scan, below, in, depth);
	low.last = at - 1;
	high.first = at;
	return go(scan, below, low, depth) && go(scan, above, high, depth);
}

static bool equal(struct scan *scan, uint32_t k, uint32_t yes, uint32_t no,
		  struct interval in, unsigned depth)
{
	struct interval rest = in;
	uint64_t at = (uint64_t)k + in.base;

	if (at < in.first || at > in.last)
		return go(scan, no, in, depth);
	rest.last = at - 1;
	if (at > in.first && !go(scan, no, rest, depth))
		return false;
	rest = (struct interval){ at, at, in.base };
	if (!go(scan, yes, rest, depth))
		return false;
	rest = (struct interval){ at + 1, in.last, in.base };
	return at == in.last || go(scan, no, rest, depth);
}

/* The last value of A's that has the same bits as `a` from `bit` on. */
static uint64_t block_end(uint64_t a, unsigned bit)
{
	return a | (((uint64_t)1 << bit) - 1);
}

/* Bits below the lowest of k do not matter: block by block of these. */
static bool common(struct scan *scan, uint32_t k, uint32_t yes, uint32_t no,
		   struct interval in, unsigned depth)
{
	unsigned bit, blocks = 0;
	uint64_t at = in.first;

	if (!k)
		return go(scan, no, in, depth);
	bit = (unsigned)__builtin_ctz(k);
	while (at <= in.last) {
		bool set = (uint32_t)(at - in.base) & k;
		uint64_t end = block_end(at - in.base, bit) + in.base;
		struct interval part = { at, 0, in.base };

		/* Blocks that go the same way go together. */
		while (end < in.last &&
		       set == (((uint32_t)(end + 1 - in.base) & k) != 0)) {
			end = block_end(end + 1 - in.base, bit) + in.base;
			if (++blocks > BLOCKS_MAX)
				return false;
		}
		part.last = end < in.last ? end : in.last;
		if (++blocks > BLOCKS_MAX ||
		    !go(scan, set ? yes : no, part, depth))
			return false;
		at = part.last + 1;
	}
	return true;
}

/* What the mask takes off is the same within a block of its lowest zero. */
static bool masked(struct scan *scan, uint32_t mask, uint32_t next,
		   struct interval in, unsigned depth)
{
	unsigned bit, blocks = 0;
	uint64_t at = in.first;

	if (mask == UINT32_MAX)
		return go(scan, next, in, depth);
	bit = (unsigned)__builtin_ctz(~mask);
	while (at <= in.last) {
		uint32_t a = (uint32_t)(at - in.base);
		uint64_t end = block_end(at - in.base, bit) + in.base;
		struct interval part = { at, end < in.last ? end : in.last,
					 in.base + (a & ~mask) };

		if (++blocks > BLOCKS_MAX || !go(scan, next, part, depth))
			return false;
		at = part.last + 1;
	}
	return true;
}

static bool
jump(struct scan *scan, uint32_t pc, struct interval in, unsigned depth)
{
	const struct cg_insn *insn = &scan->insns[pc];
	const uint32_t yes = pc + 1 + insn->jt, no = pc + 1 + insn->jf;

	switch (insn->code) {
	case JEQ_K:
		return equal(scan, insn->k, yes, no, in, depth);
	case JGE_K:
		return cut(scan, insn->k, no, yes, in, depth);
	case JGT_K:
		return cut(scan, (uint64_t)insn->k + 1, no, yes, in, depth);
	default:
		return common(scan, insn->k, yes, no, in, depth);
	}
}

static bool
go(struct scan *scan, uint32_t pc, struct interval in, unsigned depth)
{
	const struct cg_insn *insn = &scan->insns[pc];

	if (depth == DEPTH_MAX || ++scan->visits > scan->visits_most)
		return false;
	switch (insn->code) {
	case LD_ABS:
		if (insn->k != scan->offset)
			return leave(scan, pc, &in);
		in.base = 0;
		return go(scan, pc + 1, in, depth + 1);
	case AND_K:
		return masked(scan, insn->k, pc + 1, in, depth + 1);
	case JA:
		return go(scan, pc + 1 + insn->k, in, depth + 1);
	case JEQ_K:
	case JGT_K:
	case JGE_K:
	case JSET_K:
		return jump(scan, pc, in, depth + 1);
	default:
		return leave(scan, pc, &in);
	}
}

size_t scan_room(size_t count)
{
	size_t room = PIECES_LEAST + PIECES_EACH * count;
	size_t most = PIECES_LONG * count;

	if (most < PIECES_MOST)
		most = PIECES_MOST;
	return room < most ? room : most;
}

bool scan_word(const struct cg_insn *insns, const struct liveness *live,
	       uint32_t pc, enum word word, struct piece *out, size_t room,
	       size_t *count)
{
	struct scan scan = { .insns = insns,
			     .live = live,
			     .word = word,
			     .offset = insns[pc].k,
			     .out = out,
			     .room = room,
			     .visits_most = VISITS_EACH * room };
	const struct interval all = { 0, UINT32_MAX, 0 };

	if (scan.visits_most < VISITS_LEAST)
		scan.visits_most = VISITS_LEAST;
	if (live[pc].registers || !go(&scan, pc, all, 0))
		return false;
	*count = scan.count;
	return true;
}
