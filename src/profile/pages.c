#include "profile/pages.h"

#include "profile/page_reads.h"
#include "profile/page_steps.h"

enum {
	WORDS_MAX = 1 << 20,  /* instructions in them */
	SHARED_MAX = 256,     /* bytes of a piece that is called */
	VISITS_MAX = 24,      /* of an instruction, on average */
	VISITS_MORE = 100000, /* and besides */
};

/* ---------------------------------------------------------------- state -- */

static void forget_all(struct halves *halves)
{
	for (unsigned i = 0; i < PAGE_REGISTERS; i++) {
		halves->sets[i] = NO_PAGES;
		halves->stack[i] = NO_STACK;
	}
	halves->stack[31] = SOME_STACK;
	halves->stack[29] = SOME_STACK;
}

static struct halves *copy(struct page_walk *walk, const struct halves *from)
{
	struct halves *made = arena_array(&walk->own, struct halves, 1);

	if (made)
		*made = *from;
	else
		walk->nomem = true;
	return made;
}

/* What is kept of all places of one kind; true if it has grown. */
static bool
gather(struct page_walk *walk, struct halves **into, const struct halves *from)
{
	if (*into)
		return halves_join(walk, *into, from);
	*into = copy(walk, from);
	return true;
}

/* ---------------------------------------------------------------- parts -- */

static struct page_part *part_of(struct page_walk *walk, uint64_t at)
{
	for (unsigned i = 0; i < walk->count; i++)
		if (at >= walk->parts[i].span.start &&
		    at < walk->parts[i].span.end)
			return &walk->parts[i];
	return NULL;
}

static size_t index_in(const struct page_part *part, uint64_t at)
{
	return (size_t)(at - part->span.start) / 4;
}

/* A block that was gone through already is two now: all of them once more. */
static void
lead(struct page_walk *walk, uint64_t at, const struct page_part *fresh)
{
	struct page_part *part = part_of(walk, at);
	unsigned char *leads;

	if (!part || at % 4)
		return;
	leads = &part->leads[index_in(part, at)];
	walk->changed |= part != fresh && !(*leads & 1);
	*leads |= 1;
}

/* Where blocks begin: behind what ends one, and where branches lead. */
static void find_leaders(struct page_walk *walk, const struct page_part *part)
{
	struct step step;

	lead(walk, part->span.start, part);
	for (uint64_t at = part->span.start; at < part->span.end; at += 4) {
		code_read(walk->code, at, &step);
		if (step.direct && step.flow != FLOW_CALL)
			lead(walk, step.target, part);
		if (step.flow != FLOW_ON && step.flow != FLOW_CALL)
			lead(walk, at + 4, part);
		if (step.flow == FLOW_JUMP && !step.direct)
			walk->anywhere = true;
	}
}

static struct page_part *add_part(struct page_walk *walk, struct span span)
{
	const uint64_t words = (span.end - span.start) / 4;
	struct page_part *part = &walk->parts[walk->count];

	if (walk->count == PAGE_PARTS || span.start % 4 ||
	    words > WORDS_MAX - walk->words) {
		walk->gave_up = true;
		return NULL;
	}
	*part = (struct page_part){
		.span = { span.start, span.start + words * 4 },
		.before = arena_array(&walk->own, struct halves *,
				      (size_t)words + 1),
		.leads = arena_array(&walk->own, unsigned char,
				     (size_t)words + 1),
	};
	if (!part->before || !part->leads) {
		walk->nomem = true;
		return NULL;
	}
	walk->words += words;
	walk->most += words * VISITS_MAX;
	walk->count++;
	find_leaders(walk, part);
	return part;
}

/* An entry of the linkage table: adrp x16, ldr x17, add x16, br x17. */
static bool is_linkage(const struct code *code, uint64_t at)
{
	struct step step;

	for (unsigned i = 0; i < 5; i++, at += 4) {
		code_read(code, at, &step);
		if (step.flow == FLOW_JUMP && !step.direct)
			return step.to.name == 17;
		if (!step.length || step.flow != FLOW_ON)
			return false;
	}
	return false;
}

/* A function that others know, and that keeps to the convention. */
static bool is_named(const struct code *code, uint64_t at)
{
	static const char *const pieces[] = { ".cold", "__part", "OUTLINED_" };
	const struct loaded *in = code->in;
	const struct symbol *symbol = loaded_function(in, at);

	if (is_linkage(code, at))
		return true;
	if (!symbol || symbol->value != at - in->image.base ||
	    (symbol->kind != SYMBOL_FUNCTION && symbol->kind != SYMBOL_IFUNC))
		return false;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		if (strstr(symbol->name, pieces[i]))
			return false;
	return true;
}

/* ----------------------------------------------------------------- flow -- */

static void enqueue(struct page_walk *walk, struct page_part *part, uint64_t at)
{
	unsigned char *leads = &part->leads[index_in(part, at)];
	uint64_t *grown;

	if (*leads & 2)
		return;
	grown = arena_grow(&walk->own, walk->queue, &walk->queue_room,
			   walk->queued + 1, sizeof(*grown));
	if (!grown) {
		walk->nomem = true;
		return;
	}
	*leads |= 3;
	walk->queue = grown;
	grown[walk->queued++] = at;
}

static void
flow_in(struct page_walk *walk, uint64_t at, const struct halves *halves)
{
	struct page_part *part = part_of(walk, at);
	struct halves **before;

	if (!part || at % 4)
		return;
	lead(walk, at, NULL);
	before = &part->before[index_in(part, at)];
	if (gather(walk, before, halves))
		enqueue(walk, part, at);
}

/* A jump: within, to a part that lies elsewhere, or to another function. */
static void jump_to(struct page_walk *walk, uint64_t from, uint64_t target,
		    const struct halves *halves)
{
	struct span span;

	if (!part_of(walk, target)) {
		if (is_named(walk->code, target) ||
		    !page_is_read(walk->code, target,
				  halves_holders(walk, halves)))
			return;
		if (!code_known(walk->code->memo, walk->code->in, target,
				&span)) {
			halves_lose(walk, from, halves);
			return;
		}
		if (!add_part(walk, span))
			return;
	}
	flow_in(walk, target, halves);
}

/* A piece of code that is shared, and works on its callers' registers. */
static bool
is_piece(const struct code *code, uint64_t target, struct span *span)
{
	return code_known(code->memo, code->in, target, span) &&
	       span->start == target && span->end - span->start <= SHARED_MAX &&
	       !is_named(code, target);
}

/* Whether a call goes to one that takes pages from here, or leaves some. */
static bool
is_shared(const struct code *code, uint64_t at, uint64_t target, uint32_t held)
{
	struct span span;

	return is_piece(code, target, &span) &&
	       (page_is_read(code, target, held) ||
		page_is_read(code, at + 4, page_brought(code, span)));
}

static void call(struct page_walk *walk, uint64_t at, const struct step *step,
		 struct halves *halves)
{
	struct span span;

	gather(walk, &walk->calling, halves);
	if (!step->direct || !is_shared(walk->code, at, step->target,
					halves_holders(walk, halves)))
		return;
	if (!part_of(walk, step->target) &&
	    (!code_known(walk->code->memo, walk->code->in, step->target,
			 &span) ||
	     !add_part(walk, span)))
		return;
	flow_in(walk, step->target, halves);
	if (walk->returning)
		halves_join(walk, halves, walk->returning);
}

static void leave(struct page_walk *walk, uint64_t at, const struct step *step,
		  struct halves *halves)
{
	switch (step->flow) {
	case FLOW_CALL:
		call(walk, at, step, halves);
		break;
	case FLOW_RETURN:
		if (!page_is_given(walk, at))
			walk->changed |= gather(walk, &walk->returning, halves);
		break;
	case FLOW_JUMP:
	case FLOW_BRANCH:
		if (step->direct)
			jump_to(walk, at, step->target, halves);
		else if (gather(walk, &walk->jumping, halves))
			walk->changed = true;
		break;
	default:
		break;
	}
}

/* One block, to its end. */
static void walk_block(struct page_walk *walk, uint64_t at)
{
	struct page_part *part = part_of(walk, at);
	struct halves halves = *part->before[index_in(part, at)];
	struct step step;

	for (;;) {
		code_read(walk->code, at, &step);
		walk->visits++;
		halves_step(walk, &halves, at, &step);
		leave(walk, at, &step, &halves);
		at += 4;
		if (step.flow == FLOW_JUMP || step.flow == FLOW_RETURN ||
		    step.flow == FLOW_STOP)
			return;
		part = part_of(walk, at);
		if (!part)
			return;
		if (part->leads[index_in(part, at)] & 1) {
			flow_in(walk, at, &halves);
			return;
		}
	}
}

static void again(struct page_walk *walk)
{
	for (unsigned i = 0; i < walk->count; i++) {
		struct page_part *part = &walk->parts[i];

		for (uint64_t at = part->span.start; at < part->span.end;
		     at += 4)
			if (part->before[index_in(part, at)])
				enqueue(walk, part, at);
	}
}

static bool has_memory(const struct page_walk *walk)
{
	return !walk->nomem && !walk->sets.nomem;
}

static bool goes_on(struct page_walk *walk)
{
	if (walk->visits > walk->most + VISITS_MORE || walk->sets.too_many)
		walk->gave_up = true;
	return has_memory(walk) && !walk->gave_up;
}

/* Whether there is something that not all blocks have seen yet. */
static bool unsettled(const struct page_walk *walk)
{
	return walk->changed || walk->queued;
}

static void follow(struct page_walk *walk)
{
	while (unsettled(walk) && goes_on(walk)) {
		if (walk->changed)
			again(walk);
		walk->changed = false;
		while (walk->queued && goes_on(walk)) {
			const uint64_t at = walk->queue[--walk->queued];
			struct page_part *part = part_of(walk, at);

			part->leads[index_in(part, at)] &= (unsigned char)~2;
			walk_block(walk, at);
		}
	}
}

static bool take_pad(void *context, uint64_t address)
{
	struct page_walk *walk = context;
	const uint64_t at = address + walk->image->base;

	if (walk->calling)
		jump_to(walk, at, at, walk->calling);
	return !walk->nomem;
}

/* To its landing pads the unwinder leads, from any of its calls. */
static void follow_pads(struct page_walk *walk)
{
	for (unsigned i = 0; i < walk->count; i++) {
		const struct frame *frame =
			image_frame(walk->image, walk->parts[i].span.start -
							 walk->image->base);

		if (frame && frame->table &&
		    !image_pads(walk->image, frame, take_pad, walk))
			walk->anywhere = true;
	}
	if (walk->anywhere && walk->calling)
		walk->changed |= gather(walk, &walk->jumping, walk->calling);
}

/* Code that no way leads to: whatever there is may be there. */
static bool follow_rest(struct page_walk *walk)
{
	struct halves any;
	bool found = false;

	forget_all(&any);
	if (walk->jumping)
		halves_join(walk, &any, walk->jumping);
	if (walk->calling)
		halves_join(walk, &any, walk->calling);
	for (unsigned i = 0; i < walk->count; i++) {
		const struct page_part *part = &walk->parts[i];

		for (uint64_t at = part->span.start; at < part->span.end;
		     at += 4) {
			const size_t index = index_in(part, at);

			if (!(part->leads[index] & 1) || part->before[index])
				continue;
			flow_in(walk, at, &any);
			found = true;
		}
	}
	return found;
}

static void follow_all(struct page_walk *walk)
{
	struct halves entry;

	forget_all(&entry);
	entry.stack[31] = 0;
	entry.stack[29] = NO_STACK;
	flow_in(walk, walk->parts[0].span.start, &entry);
	do {
		do {
			follow(walk);
			follow_pads(walk);
		} while (unsettled(walk) && goes_on(walk));
	} while (goes_on(walk) && follow_rest(walk));
}

/* ------------------------------------------------------------------ all -- */

/* All of each page that the function loads. */
static void lose_function(struct page_walk *walk)
{
	const struct code *code = walk->code;
	struct step step;

	walk->telling = true;
	for (size_t i = 0; i < code->count; i++) {
		const struct span *span = &code->spans[i];

		for (uint64_t at = (span->start + 3) & ~UINT64_C(3);
		     at < span->end; at += 4) {
			code_read(walk->code, at, &step);
			if (step.page)
				page_lose(walk, at,
					  (uint64_t)step.memory.offset);
			else if (step.op == OP_KEEP && page_numbers(code))
				page_any_number(walk, at, &step);
		}
	}
}

/* False if there was more to find after all. */
static bool tell_all(struct page_walk *walk)
{
	walk->telling = true;
	for (unsigned i = 0; i < walk->count; i++) {
		const struct page_part *part = &walk->parts[i];

		for (uint64_t at = part->span.start; at < part->span.end;
		     at += 4)
			if (part->before[index_in(part, at)])
				walk_block(walk, at);
	}
	for (size_t i = 0; i < walk->used_count; i++) {
		const uint64_t at = walk->sets.origins[i].at;

		if (!walk->used[i] && page_is_given(walk, at))
			page_lose(walk, at, walk->sets.origins[i].page);
	}
	return !unsettled(walk) && !walk->sets.too_many &&
	       walk->sets.origin_count == walk->used_count;
}

/* Whether there is anything to follow. */
static bool has_halves(const struct code *code)
{
	const bool numbers = page_numbers(code);
	struct step step;

	for (size_t i = 0; i < code->count; i++)
		for (uint64_t at = (code->spans[i].start + 3) & ~UINT64_C(3);
		     at < code->spans[i].end; at += 4) {
			code_read(code, at, &step);
			if (step.page || (numbers && step.op == OP_KEEP) ||
			    (step.direct && step.flow == FLOW_CALL &&
			     is_shared(code, at, step.target, 0)))
				return true;
		}
	return false;
}

bool pages_each(struct arena *arena, const struct code *code,
		pages_visit *visit, void *context)
{
	struct page_walk walk = {
		.own = { .budget = arena->budget, .pool = arena->pool },
		.code = code,
		.image = &code->in->image,
		.visit = visit,
		.context = context,
	};

	if (!has_halves(code))
		return true;
	page_sets_init(&walk.sets, &walk.own);
	for (size_t i = 0; i < code->count && goes_on(&walk); i++)
		add_part(&walk, code->spans[i]);
	if (goes_on(&walk))
		follow_all(&walk);
	if (goes_on(&walk)) {
		walk.used_count = walk.sets.origin_count;
		walk.used = arena_array(&walk.own, unsigned char,
					walk.used_count + 1);
		walk.nomem |= !walk.used;
	}
	if (has_memory(&walk) && (walk.gave_up || !tell_all(&walk)))
		lose_function(&walk);
	arena_free(&walk.own);
	return has_memory(&walk);
}
