#include "profile/page_steps.h"

bool page_numbers(const struct code *code)
{
	return !code->in->image.movable && !code->in->image.go;
}

bool page_is_given(const struct page_walk *walk, uint64_t at)
{
	return code_holds(walk->code, at);
}

bool halves_join(struct page_walk *walk, struct halves *into,
		 const struct halves *from)
{
	bool changed = false;

	for (unsigned i = 0; i < PAGE_REGISTERS; i++) {
		const uint32_t both = page_sets_join(&walk->sets, into->sets[i],
						     from->sets[i]);
		const int32_t stack = into->stack[i] == from->stack[i]
					      ? into->stack[i]
					      : SOME_STACK;

		changed |= both != into->sets[i] || stack != into->stack[i];
		into->sets[i] = both;
		into->stack[i] = stack;
	}
	return changed;
}

/* -------------------------------------------------------------- telling -- */

void page_lose(struct page_walk *walk, uint64_t at, uint64_t page)
{
	bool there = false;

	if (!walk->telling)
		return;
	if (!map_add(&walk->own, &walk->lost, page, 0, &there))
		walk->nomem = true;
	if (!there)
		walk->visit(walk->context, at, NULL, page, false);
}

/* Who else has it tells of it, too. */
static bool
is_ours(const struct page_walk *walk, uint64_t at, const struct half *half)
{
	return page_is_given(walk, at) ||
	       (half->origin != NO_ORIGIN &&
		page_is_given(walk,
			      page_sets_origin(&walk->sets, half->origin)));
}

/* Pages that go where nobody follows them. Numbers are no pages. */
static void lose(struct page_walk *walk, uint64_t at, uint32_t set)
{
	const struct page_set list = page_sets_get(&walk->sets, set);

	for (unsigned i = 0; i < list.count; i++) {
		const struct half *half =
			page_sets_half(&walk->sets, list.at[i]);

		if (half->origin != NO_ORIGIN && is_ours(walk, at, half))
			page_lose(walk, at, half->value);
	}
}

/* Each page of a set, with the distance that an instruction has. */
static void tell(struct page_walk *walk, uint64_t at, const struct step *step,
		 uint32_t set, uint64_t distance, bool exact)
{
	const struct page_set list = page_sets_get(&walk->sets, set);

	if (!walk->telling)
		return;
	for (unsigned i = 0; i < list.count; i++) {
		const struct half *half =
			page_sets_half(&walk->sets, list.at[i]);
		if (half->origin == NO_ORIGIN && half->value == ANY_NUMBER)
			continue;
		if (half->origin < walk->used_count)
			walk->used[half->origin] = 1;
		if (is_ours(walk, at, half))
			walk->visit(walk->context, at, step,
				    half->value + distance,
				    exact && !half->indexed);
	}
}

/* ------------------------------------------------------------ registers -- */

static void
set_pages(struct halves *halves, uint8_t name, uint32_t set, int32_t stack)
{
	if (name >= PAGE_REGISTERS)
		return;
	halves->sets[name] = set;
	halves->stack[name] = stack;
}

/* A jump by a value may lead here, with all that it may bring. */
static uint32_t
pages_in(struct page_walk *walk, const struct halves *halves, uint8_t name)
{
	if (name >= PAGE_REGISTERS)
		return NO_PAGES;
	return walk->anywhere && walk->jumping
		       ? page_sets_join(&walk->sets, halves->sets[name],
					walk->jumping->sets[name])
		       : halves->sets[name];
}

static int32_t stack_in(const struct page_walk *walk,
			const struct halves *halves, uint8_t name)
{
	if (name >= PAGE_REGISTERS)
		return NO_STACK;
	if (walk->anywhere && walk->jumping &&
	    walk->jumping->stack[name] != halves->stack[name])
		return SOME_STACK;
	return halves->stack[name];
}

/* ---------------------------------------------------------------- stack -- */

static uint32_t *slot_at(struct page_walk *walk, int32_t offset, bool make)
{
	struct page_slot *grown;

	for (size_t i = 0; i < walk->slot_count; i++)
		if (walk->slots[i].offset == offset)
			return &walk->slots[i].set;
	if (!make)
		return NULL;
	grown = arena_grow(&walk->own, walk->slots, &walk->slot_room,
			   walk->slot_count + 1, sizeof(*grown));
	if (!grown) {
		walk->nomem = true;
		return NULL;
	}
	walk->slots = grown;
	grown[walk->slot_count] = (struct page_slot){ offset, NO_PAGES };
	return &grown[walk->slot_count++].set;
}

static void add_to(struct page_walk *walk, uint32_t *into, uint32_t set)
{
	const uint32_t both = page_sets_join(&walk->sets, *into, set);

	walk->changed |= both != *into;
	*into = both;
}

/* Where memory is on the stack. */
static int32_t
place_of(const struct page_walk *walk, const struct halves *halves,
	 const struct memory *memory, int32_t more)
{
	const int32_t base = stack_in(walk, halves, memory->base);
	int64_t place;

	if (base == NO_STACK)
		return NO_STACK;
	place = (int64_t)base + memory->offset + more;
	if (base == SOME_STACK || memory->index != REGISTER_NONE ||
	    place <= SOME_STACK || place > INT32_MAX)
		return SOME_STACK;
	return (int32_t)place;
}

static void
spill(struct page_walk *walk, uint64_t at, const struct halves *halves,
      const struct memory *memory, int32_t more, uint32_t set)
{
	const int32_t place = place_of(walk, halves, memory, more);
	uint32_t *slot;

	if (set == NO_PAGES)
		return;
	if (place == NO_STACK) {
		lose(walk, at, set);
		return;
	}
	add_to(walk, &walk->stored, set);
	slot = place == SOME_STACK ? &walk->somewhere
				   : slot_at(walk, place, true);
	if (slot)
		add_to(walk, slot, set);
}

static uint32_t reload(struct page_walk *walk, const struct halves *halves,
		       const struct memory *memory, int32_t more)
{
	const int32_t place = place_of(walk, halves, memory, more);
	const uint32_t *slot;

	if (place == NO_STACK)
		return NO_PAGES;
	if (place == SOME_STACK)
		return walk->stored;
	slot = slot_at(walk, place, false);
	return slot ? page_sets_join(&walk->sets, *slot, walk->somewhere)
		    : walk->somewhere;
}

/* ---------------------------------------------------------------- steps -- */

/* A number in a program that does not move may be an address, or half of one.
 */
static void do_number(struct page_walk *walk, struct halves *halves,
		      uint64_t at, const struct step *step)
{
	uint32_t set = NO_PAGES;

	if (page_numbers(walk->code)) {
		set = page_sets_one(&walk->sets,
				    (struct half){ (uint64_t)step->number,
						   NO_ORIGIN, false });
		tell(walk, at, step, set, 0, true);
	}
	set_pages(halves, step->to.name, set, NO_STACK);
}

/* What is loaded is no place on the stack, unless somebody stored one. */
static int32_t loaded_stack(const struct page_walk *walk)
{
	return walk->leaked ? SOME_STACK : NO_STACK;
}

static void keep_stack(struct page_walk *walk, int32_t stack)
{
	walk->changed |= stack != NO_STACK && !walk->leaked;
	walk->leaked |= stack != NO_STACK;
}

static void do_move(struct page_walk *walk, struct halves *halves, uint64_t at,
		    const struct step *step)
{
	if (step->to.kind == OPERAND_MEMORY) {
		if (step->from.kind != OPERAND_REGISTER || step->size != 8)
			return;
		keep_stack(walk, stack_in(walk, halves, step->from.name));
		spill(walk, at, halves, &step->memory, 0,
		      pages_in(walk, halves, step->from.name));
		return;
	}
	switch (step->from.kind) {
	case OPERAND_NUMBER:
		do_number(walk, halves, at, step);
		break;
	case OPERAND_REGISTER:
		set_pages(halves, step->to.name,
			  pages_in(walk, halves, step->from.name),
			  stack_in(walk, halves, step->from.name));
		break;
	default:
		set_pages(halves, step->to.name,
			  step->size == 8 && !step->narrow
				  ? reload(walk, halves, &step->memory, 0)
				  : NO_PAGES,
			  loaded_stack(walk));
		break;
	}
}

static void do_sum(struct page_walk *walk, struct halves *halves, uint64_t at,
		   const struct step *step)
{
	const uint8_t left =
		step->left == REGISTER_NONE ? step->to.name : step->left;
	const uint32_t set = pages_in(walk, halves, left);
	const int32_t stack = stack_in(walk, halves, left);
	const uint64_t by = step->op == OP_SUB ? 0 - (uint64_t)step->number
					       : (uint64_t)step->number;
	const struct memory memory = { .base = left,
				       .index = REGISTER_NONE,
				       .offset = (int64_t)by };

	if (step->from.kind == OPERAND_NUMBER) {
		tell(walk, at, step, set, by, true);
		set_pages(halves, step->to.name,
			  step->number & 0xfff
				  ? NO_PAGES
				  : page_sets_add(&walk->sets, set, by),
			  place_of(walk, halves, &memory, 0));
		return;
	}
	set_pages(halves, step->to.name,
		  page_sets_indexed(&walk->sets,
				    page_sets_join(&walk->sets, set,
						   pages_in(walk, halves,
							    step->from.name))),
		  stack == NO_STACK && stack_in(walk, halves,
						step->from.name) == NO_STACK
			  ? NO_STACK
			  : SOME_STACK);
}

void page_any_number(struct page_walk *walk, uint64_t at,
		     const struct step *step)
{
	const uint64_t low = walk->image->low & ~UINT64_C(0xffff);
	const uint64_t number = (uint64_t)step->number;

	if (!walk->telling || step->narrow > 16)
		return;
	for (uint64_t i = 0; step->narrow == 0; i += 0x10000) {
		if (low + i >= walk->image->high)
			break;
		walk->visit(walk->context, at, step, (low + i) | number, true);
	}
	for (uint64_t i = 0; step->narrow == 16 && i < 0x10000; i += 4096)
		page_lose(walk, at, (number << 16) + i);
}

/* movk: a part of a number, or a tag on top of an address. */
static void do_keep(struct page_walk *walk, struct halves *halves, uint64_t at,
		    const struct step *step)
{
	const uint32_t old = pages_in(walk, halves, step->to.name);
	const uint32_t made = page_sets_patch(&walk->sets, old, step->narrow,
					      (uint64_t)step->number);
	const struct page_set list = page_sets_get(&walk->sets, made);

	for (unsigned i = 0; i < list.count; i++) {
		const struct half *half =
			page_sets_half(&walk->sets, list.at[i]);

		if (half->origin != NO_ORIGIN)
			continue;
		if (half->value == ANY_NUMBER)
			page_any_number(walk, at, step);
		else if (walk->telling)
			walk->visit(walk->context, at, step, half->value, true);
	}
	set_pages(halves, step->to.name, made, NO_STACK);
}

static void
do_one_of_pair(struct page_walk *walk, struct halves *halves, uint64_t at,
	       const struct step *step, uint8_t name, int32_t more)
{
	const bool whole = step->memory.size == 16;

	if (name >= 31)
		return;
	if (step->memory.read) {
		set_pages(halves, name,
			  whole ? reload(walk, halves, &step->memory, more)
				: NO_PAGES,
			  loaded_stack(walk));
	} else if (whole) {
		keep_stack(walk, stack_in(walk, halves, name));
		spill(walk, at, halves, &step->memory, more,
		      pages_in(walk, halves, name));
	}
}

/* Both registers of ldp or stp. Which is first is told by who is second. */
static void do_pair(struct page_walk *walk, struct halves *halves, uint64_t at,
		    const struct step *step)
{
	const uint32_t both = step->memory.read ? step->writes : step->reads;
	const uint32_t others = both & ~(1u << step->second);
	const uint32_t first = others ? others : both;

	for (uint8_t i = 0; i < 31; i++)
		if (first >> i & 1)
			do_one_of_pair(walk, halves, at, step, i, 0);
	do_one_of_pair(walk, halves, at, step, step->second, 8);
}

/* What is read may be in what is written, changed. */
static void do_other(struct page_walk *walk, struct halves *halves, uint64_t at,
		     const struct step *step)
{
	const struct memory *memory = &step->memory;
	uint32_t set = NO_PAGES;
	bool stack = false;

	for (uint8_t i = 0; i < PAGE_REGISTERS; i++) {
		if (!(step->reads >> i & 1))
			continue;
		if (memory->used && i == memory->base)
			continue;
		set = page_sets_join(&walk->sets, set,
				     pages_in(walk, halves, i));
		stack |= stack_in(walk, halves, i) != NO_STACK;
	}
	if (memory->used && memory->write)
		lose(walk, at, set);
	set = page_sets_indexed(&walk->sets, set);
	for (uint8_t i = 0; i < PAGE_REGISTERS; i++)
		if (step->writes >> i & 1)
			set_pages(halves, i, set,
				  stack || i == 31 || walk->leaked ? SOME_STACK
								   : NO_STACK);
}

/* Memory by way of a page. */
static void do_memory(struct page_walk *walk, struct halves *halves,
		      uint64_t at, const struct step *step)
{
	const struct memory *memory = &step->memory;

	if (!memory->used || step->op == OP_ADDRESS)
		return;
	tell(walk, at, step, pages_in(walk, halves, memory->base),
	     (uint64_t)memory->offset, memory->index == REGISTER_NONE);
	tell(walk, at, step, pages_in(walk, halves, memory->index),
	     (uint64_t)memory->offset, false);
}

/* A base that changes is no longer the page, but something in it. */
static void
do_post(struct page_walk *walk, struct halves *halves, const struct step *step)
{
	const struct memory memory = { .base = step->post,
				       .index = REGISTER_NONE,
				       .offset = step->post_by };

	if (step->post >= PAGE_REGISTERS)
		return;
	halves->sets[step->post] = page_sets_indexed(
		&walk->sets, pages_in(walk, halves, step->post));
	halves->stack[step->post] = place_of(walk, halves, &memory, 0);
}

static void do_logic(struct page_walk *walk, struct halves *halves, uint64_t at,
		     const struct step *step)
{
	const uint8_t left =
		step->left == REGISTER_NONE ? step->to.name : step->left;
	const uint32_t set =
		page_sets_join(&walk->sets, pages_in(walk, halves, left),
			       step->from.kind == OPERAND_REGISTER
				       ? pages_in(walk, halves, step->from.name)
				       : NO_PAGES);
	const bool stack = stack_in(walk, halves, left) != NO_STACK;

	if (step->op == OP_OR && step->from.kind == OPERAND_NUMBER)
		tell(walk, at, step, set, (uint64_t)step->number, true);
	set_pages(halves, step->to.name, page_sets_indexed(&walk->sets, set),
		  stack ? SOME_STACK : NO_STACK);
}

void halves_step(struct page_walk *walk, struct halves *halves, uint64_t at,
		 const struct step *step)
{
	do_memory(walk, halves, at, step);
	switch (step->op) {
	case OP_ADDRESS:
		set_pages(halves, step->to.name,
			  step->page ? page_sets_load(
					       &walk->sets, at,
					       (uint64_t)step->memory.offset)
				     : NO_PAGES,
			  NO_STACK);
		break;
	case OP_MOVE:
		do_move(walk, halves, at, step);
		break;
	case OP_ADD:
	case OP_SUB:
		do_sum(walk, halves, at, step);
		break;
	case OP_KEEP:
		do_keep(walk, halves, at, step);
		break;
	case OP_CHOOSE:
		set_pages(
			halves, step->to.name,
			page_sets_join(&walk->sets,
				       pages_in(walk, halves, step->to.name),
				       pages_in(walk, halves, step->from.name)),
			stack_in(walk, halves, step->to.name) ==
					stack_in(walk, halves, step->from.name)
				? stack_in(walk, halves, step->to.name)
				: SOME_STACK);
		break;
	case OP_COMPARE:
	case OP_TEST:
		break;
	case OP_OTHER:
		if (step->second != REGISTER_NONE)
			do_pair(walk, halves, at, step);
		else
			do_other(walk, halves, at, step);
		break;
	default:
		do_logic(walk, halves, at, step);
		break;
	}
	do_post(walk, halves, step);
}

uint32_t
halves_holders(const struct page_walk *walk, const struct halves *halves)
{
	const struct halves *more = walk->anywhere ? walk->jumping : NULL;
	uint32_t found = 0;

	for (unsigned i = 0; i < PAGE_REGISTERS; i++)
		if (halves->sets[i] != NO_PAGES ||
		    (more && more->sets[i] != NO_PAGES))
			found |= 1u << i;
	return found;
}

void halves_lose(struct page_walk *walk, uint64_t at,
		 const struct halves *halves)
{
	for (unsigned i = 0; i < PAGE_REGISTERS; i++)
		lose(walk, at, halves->sets[i]);
}
