#include "prove/outline.h"

#include <stdlib.h>

#include "base/arena.h"
#include "prove/live.h"
#include "prove/scan.h"
#include "prove/walk.h"

enum {
	ARCHS_MAX = 160, /* pieces; more ABIs than there are */
	MEMORY = 1 << 28,
};

/* From `first` on, as a span's, the program goes on at `pc`. */
struct part {
	uint64_t first;
	uint32_t pc;
};

struct outline {
	struct arena arena;
	struct diagrams *all;
	const struct cg_insn *insns;
	size_t count;
	bool big_endian;
	struct liveness *live;
	struct piece *pieces; /* room for one scan */
	size_t room;
	struct part *parts;
	size_t part_count, part_room;
	uint32_t *place_of; /* by pc: 1 + its place among those walked */
	uint32_t *places;   /* and results for them */
	size_t place_count;
	dd *results;
};

/* Read the stretch that begins at `pc`, if one of that word does. */
static bool scan(const struct outline *outline, uint32_t pc, enum word word,
		 struct piece *out, size_t room, size_t *count)
{
	const struct cg_insn *insn = &outline->insns[pc];

	return insn->code == LD_ABS &&
	       live_word(insn->k, outline->big_endian) == word &&
	       scan_word(outline->insns, outline->live, pc, word, out, room,
			 count);
}

static bool add_part(struct outline *outline, uint64_t first, uint32_t pc)
{
	outline->parts =
		arena_grow(&outline->arena, outline->parts, &outline->part_room,
			   outline->part_count + 1, sizeof(*outline->parts));
	if (!outline->parts)
		return false;
	outline->parts[outline->part_count++] = (struct part){ first, pc };
	return true;
}

/* One value of arch: by number, or all numbers alike. */
static bool add_arch(struct outline *outline, uint64_t arch, uint32_t pc)
{
	size_t count;

	if (!(outline->live[pc].words & 1u << WORD_NR))
		return add_part(outline, arch << 32, pc);
	if (!scan(outline, pc, WORD_NR, outline->pieces, outline->room, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_part(outline, arch << 32 | outline->pieces[i].first,
			      outline->pieces[i].pc))
			return false;
	return true;
}

/* Sort all of arch and nr by where the program goes on. */
static bool find_parts(struct outline *outline)
{
	struct piece archs[ARCHS_MAX];
	size_t count;

	if (!scan(outline, 0, WORD_ARCH, archs, ARCHS_MAX, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint32_t pc = archs[i].pc;
		uint64_t end =
			i + 1 < count ? archs[i + 1].first : (uint64_t)1 << 32;

		/* Several values share a span only where nr is not looked at.
		 */
		if (end - archs[i].first > 1 &&
		    outline->live[pc].words & 1u << WORD_NR)
			return false;
		if (!add_arch(outline, archs[i].first, pc))
			return false;
	}
	return true;
}

/* Whatever is no plain answer is walked, each place once. */
static bool find_results(struct outline *outline)
{
	struct arena *arena = &outline->arena;
	bool plain = true;

	for (size_t i = 0; i < outline->part_count && plain; i++)
		plain = outline->insns[outline->parts[i].pc].code == RET_K;
	if (plain)
		return true;
	outline->place_of = arena_array(arena, uint32_t, outline->count);
	outline->places = arena_array(arena, uint32_t, outline->count);
	outline->results = arena_array(arena, dd, outline->count);
	if (!outline->place_of || !outline->places || !outline->results)
		return false;
	for (size_t i = 0; i < outline->part_count; i++) {
		const uint32_t pc = outline->parts[i].pc;

		if (outline->insns[pc].code == RET_K || outline->place_of[pc])
			continue;
		outline->places[outline->place_count++] = pc;
		outline->place_of[pc] = (uint32_t)outline->place_count;
	}
	walk_places(outline->all, outline->insns, outline->count,
		    outline->big_endian, outline->live, outline->places,
		    outline->place_count, outline->results);
	return true;
}

static bool make_spans(const struct outline *outline, struct spans *out)
{
	struct spans spans = { .at = malloc(outline->part_count *
					    sizeof(*spans.at)) };

	if (!spans.at)
		return false;
	for (size_t i = 0; i < outline->part_count; i++) {
		const struct part *part = &outline->parts[i];
		const struct cg_insn *insn = &outline->insns[part->pc];

		spans_add(
			&spans, part->first,
			insn->code == RET_K
				? diagram_answer(outline->all, insn->k)
				: outline->results[outline->place_of[part->pc] -
						   1]);
	}
	*out = spans;
	return true;
}

bool outline_program(struct diagrams *all, const struct cg_insn *insns,
		     size_t count, bool big_endian, struct spans *out)
{
	struct outline outline = {
		.all = all,
		.insns = insns,
		.count = count,
		.big_endian = big_endian,
		.room = scan_room(count),
	};
	struct arena_room room;
	bool ok = false;

	arena_begin(&outline.arena, MEMORY, &room);
	outline.live = arena_array_raw(&outline.arena, struct liveness, count);
	outline.pieces =
		arena_array_raw(&outline.arena, struct piece, outline.room);
	if (outline.live && outline.pieces) {
		live_find(insns, count, big_endian, outline.live);
		ok = find_parts(&outline) && find_results(&outline) &&
		     make_spans(&outline, out);
	}
	arena_free(&outline.arena);
	return ok;
}
