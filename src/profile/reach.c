#include "profile/reach.h"

#include "profile/mention.h"
#include "profile/nss.h"
#include "profile/object.h"
#include "profile/read.h"
#include "profile/trail.h"

/* Room for one more in an array of the reach; NULL, and remembered, if none. */
#define one_more(reach, array, count, room)                          \
	(grow_one((reach), (void **)&(reach)->array, (reach)->count, \
		  &(reach)->room, sizeof(*(reach)->array))           \
		 ? &(reach)->array[(reach)->count++]                 \
		 : NULL)

static bool grow_one(struct reach *reach, void **array, size_t count,
		     size_t *room, size_t size)
{
	const size_t before = *room;
	void *old = *array;
	void *grown = arena_grow(reach->arena, old, room, count + 1, size);

	if (!grown) {
		reach->nomem = true;
		return false;
	}
	if (grown != old)
		arena_release(reach->arena, old, before * size);
	*array = grown;
	return true;
}

/* True if `key` was not in the map yet. */
static bool
is_new(struct reach *reach, struct map *map, uint64_t key, uint32_t value)
{
	bool there = true;

	if (!map_add(reach->arena, map, key, value, &there))
		reach->nomem = true;
	return !there;
}

/* -------------------------------------------------------------- code -- */

static bool is_code(const struct loaded *in, uint64_t address)
{
	const uint64_t own = address - in->image.base;
	const struct segment *segment = image_segment(&in->image, own);
	const struct section *section = image_section(&in->image, own);

	if (!segment || !segment->execute)
		return false;
	return section ? section->execute
		       : own - segment->start < segment->stored;
}

bool reach_is_code(const struct reach *reach, uint64_t address)
{
	const struct loaded *in = world_at(reach->world, address);

	return in && is_code(in, address);
}

/* What is found by looking around is one region for each entry. */
static uint32_t
region_of(struct reach *reach, struct loaded *in, uint64_t entry)
{
	struct region *region;
	struct span span;
	const bool known = code_known(reach->memo, in, entry, &span);
	const uint64_t key = known ? span.start : entry;
	uint32_t *there = map_get(&reach->by_span, key);

	if (there)
		return *there;
	region = one_more(reach, regions, region_count, region_room);
	if (!region)
		return NOTHING;
	*region = (struct region){
		.code = { .in = in },
		.first_entry = NOTHING,
		.unknown = !known,
	};
	if (known && !code_one(reach->arena, span, &region->code))
		reach->nomem = true;
	is_new(reach, &reach->by_span, key,
	       (uint32_t)(reach->region_count - 1));
	return (uint32_t)(reach->region_count - 1);
}

/* --------------------------------------------------------------- asks -- */

static void add_ask(struct reach *reach, uint32_t function, unsigned which)
{
	struct ask *ask = one_more(reach, asks, ask_count, ask_room);

	if (ask)
		*ask = (struct ask){ function, (uint8_t)which };
}

static void ask_all(struct reach *reach, struct function *function)
{
	if (function->asked_all)
		return;
	function->asked_all = true;
	add_ask(reach, (uint32_t)(function - reach->functions), ASKED_ALL);
}

/* A caller of a function, and what it hands to it; NULL: nobody knows. */
static void
ask(struct reach *reach, struct function *function, const struct known *known)
{
	static const struct handed nothing;
	const struct trail *trail = NULL;
	struct handed handed;

	if (function->asked_all)
		return;
	if (known && !reach->regions[function->region].whole)
		trail = trail_of(reach, function->entry);
	if (!trail_counts(reach, trail) || !trail->decides) {
		ask_all(reach, function);
		return;
	}
	handed = known_handed(reach->world, known, trail->decides);
	for (unsigned i = 0; i < function->asked_count; i++)
		if (handed_covers(&function->asked[i], &handed))
			return;
	if (!function->asked)
		function->asked =
			arena_array(reach->arena, struct handed, ASKED_MAX);
	if (!function->asked) {
		reach->nomem = true;
		return;
	}
	if (function->asked_count == ASKED_MAX ||
	    handed_covers(&handed, &nothing)) {
		ask_all(reach, function);
		return;
	}
	function->asked[function->asked_count] = handed;
	add_ask(reach, (uint32_t)(function - reach->functions),
		function->asked_count++);
}

static uint32_t add_function(struct reach *reach, struct loaded *in,
			     uint64_t entry, struct cause cause)
{
	const uint32_t index = (uint32_t)reach->function_count;
	uint32_t region = region_of(reach, in, entry);
	struct function *function;

	if (region == NOTHING)
		return NOTHING;
	function = one_more(reach, functions, function_count, function_room);
	if (!function || !is_new(reach, &reach->by_entry, entry, index))
		return NOTHING;
	*function = (struct function){
		.entry = entry,
		.region = region,
		.cause = cause,
		.edges = NOTHING,
		.next_entry = reach->regions[region].first_entry,
	};
	/* With two entries it is not known which leads where. */
	if (reach->regions[region].first_entry != NOTHING &&
	    !reach->regions[region].whole) {
		reach->regions[region].whole = true;
		add_ask(reach, index, ASKED_ALL);
	}
	reach->regions[region].first_entry = index;
	reach->regions[region].labels += cause.how == HOW_TABLE;
	return index;
}

static bool by_name_of_it(enum how how)
{
	return how == HOW_ADDRESS || how == HOW_POINTER || how == HOW_EXPORT ||
	       how == HOW_UNWIND || how == HOW_ROOT;
}

/* Somebody in an image knows the address of a function. */
static void
take(const struct reach *reach, struct function *function, struct cause cause)
{
	const struct loaded *by = world_at(reach->world, cause.at);

	function->taken = true;
	for (unsigned i = 0; by && i < function->taker_count; i++)
		if (function->takers[i] == by->index)
			return;
	if (by && function->taker_count < TAKERS_MAX)
		function->takers[function->taker_count++] = (uint16_t)by->index;
}

static uint32_t enter(struct reach *reach, uint64_t entry, struct cause cause,
		      const struct known *known)
{
	struct loaded *in = world_at(reach->world, entry);
	uint32_t *there, index;

	if (!in || !is_code(in, entry))
		return NOTHING;
	there = map_get(&reach->by_entry, entry);
	if (!there && nss_starts_late(reach, in, entry, cause))
		return NOTHING;
	index = there ? *there : add_function(reach, in, entry, cause);
	if (index == NOTHING)
		return NOTHING;
	if (!there)
		nss_come_to(reach, in, entry);
	nss_use(reach, in, entry, cause);
	if (by_name_of_it(cause.how))
		take(reach, &reach->functions[index], cause);
	if (known == NULL && cause.how != HOW_CALL && cause.how != HOW_JUMP &&
	    !cause.starts)
		reach->functions[index].pointed = true;
	ask(reach, &reach->functions[index], known);
	return index;
}

static bool is_linked(const struct reach *reach, uint64_t word)
{
	const struct loaded *in = world_at(reach->world, word);
	const struct section *section =
		in ? image_section(&in->image, word - in->image.base) : NULL;

	return section && strncmp(section->name, ".got", 4) == 0;
}

uint32_t reach_function(struct reach *reach, uint64_t entry, struct cause cause)
{
	const struct loaded *in = world_at(reach->world, entry);
	uint32_t index;

	/* What looked like a table was none: they lead to instructions. */
	if (cause.how == HOW_TABLE && in && is_code(in, entry) &&
	    code_is_inside(reach->memo, in, entry))
		return NOTHING;
	index = enter(reach, entry, cause, NULL);
	/* A call through a word of the linker's is an edge of its own. */
	if (index != NOTHING &&
	    ((cause.how != HOW_CALL && cause.how != HOW_JUMP) ||
	     !is_linked(reach, cause.at)))
		reach->functions[index].unasked = true;
	return index;
}

static void add_edge(struct reach *reach, uint32_t function, struct edge added)
{
	struct edge *edge = one_more(reach, edges, edge_count, edge_room);

	if (!edge)
		return;
	*edge = added;
	edge->next = reach->functions[function].edges;
	reach->functions[function].edges = (uint32_t)(reach->edge_count - 1);
}

void reach_edge(struct reach *reach, uint64_t target, uint32_t region,
		struct cause cause, const struct known *known, bool again)
{
	uint32_t index = enter(reach, target, cause, known);

	if (index != NOTHING && !again)
		add_edge(reach, index,
			 (struct edge){ .region = region,
					.at = cause.at,
					.jump = cause.how != HOW_CALL });
}

void reach_label(struct reach *reach, uint64_t target, uint32_t region,
		 uint64_t jump, struct cause cause)
{
	uint32_t index = reach_function(reach, target, cause), at;

	if (index == NOTHING)
		return;
	for (at = reach->functions[index].edges; at != NOTHING;
	     at = reach->edges[at].next)
		if (reach->edges[at].region == region &&
		    reach->edges[at].at == jump)
			return;
	add_edge(reach, index,
		 (struct edge){ .region = region, .at = jump, .jump = true });
}

void reach_site(struct reach *reach, uint64_t at, uint32_t region, uint8_t trap)
{
	struct site *site = one_more(reach, sites, site_count, site_room);

	if (site)
		*site = (struct site){ at, region, trap };
	reach->regions[region].traps = true;
}

void reach_indirect(struct reach *reach, uint64_t at, uint32_t region,
		    bool jump)
{
	struct indirect *one =
		one_more(reach, indirects, indirect_count, indirect_room);

	if (one)
		*one = (struct indirect){ at, region, jump };
}

void reach_store(struct reach *reach, uint64_t word, uint64_t at,
		 uint32_t region)
{
	struct store *store = one_more(reach, stores, store_count, store_room);

	if (store)
		*store = (struct store){ word, at, region };
}

/* -------------------------------------------------------------- words -- */

/* The library's object that a program holds a copy of at `address`, if any. */
static uint64_t copied_from(const struct reach *reach, struct loaded *in,
			    uint64_t address, uint64_t *size)
{
	const struct image *image = &in->image;
	const uint64_t own = address - image->base;

	for (size_t i = 0; i < image->copy_count; i++) {
		const struct reloc *reloc = &image->relocs[image->copies[i]];
		struct found found;

		if (reloc->where > own)
			break;
		found = world_symbol(reach->world, in, reloc);
		if (!found.in || own - reloc->where >= found.symbol->size)
			continue;
		*size = found.symbol->size - (own - reloc->where);
		return found.in->image.base + found.symbol->value +
		       (own - reloc->where);
	}
	return 0;
}

void reach_symbol(struct reach *reach, struct found found, struct cause cause)
{
	if (!found.in || found.symbol->kind == SYMBOL_TLS)
		return;
	reach_address(reach, found.in->image.base + found.symbol->value, cause);
}

static void reach_reloc(struct reach *reach, struct loaded *in,
			const struct reloc *reloc, struct cause cause)
{
	struct found found;

	cause.at = in->image.base + reloc->where;
	switch (reloc->kind) {
	case RELOC_BASE:
	case RELOC_IFUNC:
		reach_address(reach, in->image.base + reloc->addend, cause);
		break;
	case RELOC_SYMBOL:
	case RELOC_SLOT:
		found = world_symbol(reach->world, in, reloc);
		if (!found.in)
			break;
		reach_symbol(reach, found, cause);
		/* An address inside or behind of the symbol's. */
		if (reloc->kind == RELOC_SYMBOL && reloc->addend &&
		    found.symbol->kind != SYMBOL_TLS && in->image.word == 8)
			reach_address(reach,
				      found.in->image.base +
					      found.symbol->value +
					      reloc->addend,
				      cause);
		break;
	default:
		break;
	}
}

/* Where something begins that a packed structure may point to. */
static bool is_start(const struct loaded *in, uint64_t address)
{
	const uint64_t own = address - in->image.base;
	const struct frame *frame = image_frame(&in->image, own);

	return !is_code(in, address) || !frame || frame->start == own;
}

/*
 * A word of a program that does not move is an address as it stands: where
 * words are, and wherever packed structures may have put what looks like the
 * start of something.
 */
static void reach_plain(struct reach *reach, struct loaded *in, uint64_t start,
			uint64_t end, struct cause cause)
{
	const unsigned word = in->image.word;

	/* Go has no such structures. */
	const unsigned step = in->image.go ? word : 1;

	if (in->image.go)
		start = (start + word - 1) & ~(uint64_t)(word - 1);
	for (uint64_t at = start; at + word <= end; at += step) {
		struct bytes bytes = image_bytes(&in->image, at, word);
		uint64_t value;

		if (!bytes.size)
			break;
		value = bytes_number(bytes, 0, word);
		if (value + NEAR < in->image.low ||
		    value >= in->image.high + NEAR ||
		    ((cause.whole || at & (word - 1)) && !is_start(in, value)))
			continue;
		/* Functions only: there is no telling what else is data. */
		if (cause.whole && !is_code(in, value))
			continue;
		cause.at = at;
		reach_address(reach, value, cause);
	}
}

void reach_range(struct reach *reach, struct loaded *in, uint64_t start,
		 uint64_t end, struct cause cause)
{
	const struct image *image = &in->image;
	const uint64_t low = start - image->base, high = end - image->base;
	size_t i = image_reloc_from(image, low < 8 ? 0 : low - 7);

	for (; i < image->reloc_count && image->relocs[i].where < high; i++)
		if (image->relocs[i].where + image->word > low)
			reach_reloc(reach, in, &image->relocs[i], cause);
	if (!image->movable)
		reach_plain(reach, in, start & ~(uint64_t)(image->word - 1),
			    end, cause);
}

void reach_words(struct reach *reach, uint64_t address, uint64_t size,
		 struct cause cause)
{
	struct loaded *in = world_at(reach->world, address);
	uint64_t copied, copied_size = 0;

	/* Words may lie between functions, too. */
	if (!in || !is_new(reach, &reach->words, address * 128 + size, 0))
		return;
	reach_range(reach, in, address, address + size, cause);
	copied = copied_from(reach, in, address, &copied_size);
	if (copied)
		reach_words(reach, copied,
			    size < copied_size ? size : copied_size, cause);
}

size_t reach_targets(const struct reach *reach, uint64_t word, uint64_t *out,
		     size_t most)
{
	struct loaded *in = world_at(reach->world, word);
	const struct reloc *reloc;
	struct found found;
	size_t at;

	if (!in || !most)
		return 0;
	at = image_reloc_from(&in->image, word - in->image.base);
	reloc = &in->image.relocs[at];
	if (at >= in->image.reloc_count ||
	    reloc->where != word - in->image.base) {
		*out = bytes_number(image_bytes(&in->image,
						word - in->image.base,
						in->image.word),
				    0, in->image.word);
		return !in->image.movable && *out ? 1 : 0;
	}
	switch (reloc->kind) {
	case RELOC_BASE:
		*out = in->image.base + reloc->addend;
		return 1;
	case RELOC_SYMBOL:
	case RELOC_SLOT:
		if (reach->foreign)
			*reach->foreign = true;
		found = world_symbol(reach->world, in, reloc);
		/* What the loader chooses is what a function returns to it. */
		if (!found.in || found.symbol->kind == SYMBOL_TLS ||
		    found.symbol->kind == SYMBOL_IFUNC)
			return 0;
		*out = found.in->image.base + found.symbol->value;
		return 1;
	default:
		return 0;
	}
}

/* ------------------------------------------------------------ objects -- */

/* Words of thread storage are an index and an offset, not pointers. */
static bool is_thread_index(const struct loaded *in, uint64_t address)
{
	const uint64_t own = address - in->image.base;
	size_t at = image_reloc_from(&in->image, own);

	return at < in->image.reloc_count &&
	       in->image.relocs[at].where == own &&
	       (in->image.relocs[at].kind == RELOC_TLS ||
		in->image.relocs[at].kind == RELOC_TLSDESC);
}

/* What ends with a section: of a table all, of others the last object. */
static void reach_end(struct reach *reach, struct loaded *in,
		      const struct section *section, struct cause cause)
{
	if (section->execute || is_stream_tables(in, section) ||
	    is_got(section))
		return;
	cause.upward = false;
	reach_address(reach,
		      in->image.base + (is_mixed(section) ? section->end - 1
							  : section->start),
		      cause);
}

/* An array may be gone through from its end, where the next section begins. */
static void reach_before(struct reach *reach, struct loaded *in,
			 uint64_t address, struct cause cause)
{
	const uint64_t own = address - in->image.base;
	const struct section *before = image_section(&in->image, own - 1);

	if (before && before->end == own)
		reach_end(reach, in, before, cause);
}

/* Between two sections: behind the end of one, or before the start of one. */
static bool reach_padding(struct reach *reach, struct loaded *in,
			  uint64_t address, struct cause cause)
{
	const uint64_t own = address - in->image.base;
	const struct section *before = NULL, *behind = NULL;

	if (!in->image.section_count || image_section(&in->image, own))
		return false;
	for (size_t i = 0; i < in->image.section_count; i++) {
		const struct section *one = &in->image.sections[i];

		if (one->end <= own && own - one->end < NEAR)
			before = one;
		if (one->start > own && one->start - own < NEAR && !behind)
			behind = one;
	}
	if (!before && !behind)
		return false;
	if (before)
		reach_end(reach, in, before, cause);
	if (behind && !behind->execute && !is_stream_tables(in, behind))
		reach_address(reach, in->image.base + behind->start, cause);
	return true;
}

/* The last object that begins where this does; NULL if this is there. */
static uint32_t *has_object(struct reach *reach, struct span span)
{
	uint32_t *last, at;

	is_new(reach, &reach->by_object, span.start, NOTHING);
	last = map_get(&reach->by_object, span.start);
	for (at = last ? *last : NOTHING; at != NOTHING;
	     at = reach->objects[at].next)
		if (reach->objects[at].end == span.end)
			return NULL;
	return last;
}

static void
add_object(struct reach *reach, struct span span, struct cause cause)
{
	uint32_t *first = has_object(reach, span);
	struct object *object;

	if (!first)
		return;
	object = one_more(reach, objects, object_count, object_room);
	if (!object)
		return;
	*object = (struct object){ span.start, span.end, cause, *first };
	*first = (uint32_t)(reach->object_count - 1);
}

static void reach_object(struct reach *reach, struct loaded *in,
			 uint64_t address, struct cause cause)
{
	const struct section *section =
		image_section(&in->image, address - in->image.base);

	if (is_thread_index(in, address) ||
	    reach_padding(reach, in, address, cause))
		return;
	/* The end of glibc's list of what to do at exit is only compared. */
	if (!cause.upward && !is_stream_tables(in, section))
		reach_before(reach, in, address, cause);
	/* The linker makes each word of a GOT for itself. */
	if (section && is_got(section)) {
		reach_words(reach, address, in->image.word, cause);
		return;
	}
	add_object(reach, object_around(in, address, cause.upward), cause);
}

/*
 * Where no function is known to begin there may be data, too: a table between
 * functions, or inside of one, or all that is only read, where nothing tells
 * sections.
 */
static void reach_buried(struct reach *reach, struct loaded *in,
			 uint64_t address, struct cause cause)
{
	const struct frame *frame =
		image_frame(&in->image, address - in->image.base);

	if (!cause.upward)
		reach_before(reach, in, address, cause);
	if (frame && frame->start + in->image.base == address)
		return;
	reach_mention(reach, in, address, cause);
	add_object(reach, code_gap(in, address), cause);
}

/* Just behind the end of a segment, or before its start: of its last, first. */
static void reach_aside(struct reach *reach, struct loaded *in,
			uint64_t address, struct cause cause)
{
	const struct image *image = in ? &in->image : NULL;
	const uint64_t own = in ? address - image->base : 0;

	cause.upward = false;
	for (size_t i = 0; in && i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];
		const uint64_t last = image->base + segment->end - 1;

		if (segment->end <= own && own - segment->end < NEAR &&
		    !is_code(in, last))
			reach_address(reach, last, cause);
		if (segment->start > own && segment->start - own < NEAR)
			reach_address(reach, image->base + segment->start,
				      cause);
	}
}

void reach_address(struct reach *reach, uint64_t address, struct cause cause)
{
	struct loaded *in = world_at(reach->world, address);

	if (!in || !image_segment(&in->image, address - in->image.base)) {
		reach_aside(reach, world_at(reach->world, address - NEAR),
			    address, cause);
		reach_aside(reach, world_at(reach->world, address + NEAR),
			    address, cause);
		return;
	}
	if (is_code(in, address)) {
		if (!nss_waits(reach, address, cause))
			reach_function(reach, address, cause);
		reach_buried(reach, in, address, cause);
		return;
	}
	if (map_get(&reach->addresses, address) ||
	    !is_new(reach, cause.upward ? &reach->upward : &reach->addresses,
		    address, 0))
		return;
	reach_mention(reach, in, address, cause);
	reach_object(reach, in, address, cause);
}

void reach_text(struct reach *reach, uint64_t address, struct cause cause)
{
	struct loaded *in = world_at(reach->world, address);

	if (in && image_segment(&in->image, address - in->image.base))
		reach_mention(reach, in, address, cause);
}

void reach_add_mention(struct reach *reach, struct mention mention)
{
	struct mention *one =
		one_more(reach, mentions, mention_count, mention_room);

	if (one)
		*one = mention;
}

static void
call_personality(struct reach *reach, const struct personality *personality)
{
	if (personality->word)
		reach_words(reach, personality->address, personality->word,
			    personality->cause);
	else
		reach_function(reach, personality->address, personality->cause);
}

void reach_personality(struct reach *reach, uint64_t address, unsigned word,
		       struct cause cause)
{
	const struct personality one = { address, word, cause };
	struct personality *more;

	if (reach->unwinding) {
		call_personality(reach, &one);
		return;
	}
	if (!is_new(reach, &reach->unwinders, address, 0))
		return;
	more = one_more(reach, personalities, personality_count,
			personality_room);
	if (more)
		*more = one;
}

void reach_unwind(struct reach *reach)
{
	if (reach->unwinding)
		return;
	reach->unwinding = true;
	for (size_t i = 0; i < reach->personality_count; i++)
		call_personality(reach, &reach->personalities[i]);
	/* Landing pads count from now on. */
	for (size_t i = 0; i < reach->region_count; i++)
		if (reach->regions[i].left_pads && !reach->regions[i].whole) {
			reach->regions[i].whole = true;
			add_ask(reach, reach->regions[i].first_entry,
				ASKED_ALL);
		}
}

static void read_object(struct reach *reach, uint32_t index)
{
	const struct object object = reach->objects[index];
	struct loaded *in = world_at(reach->world, object.start);
	const struct cause cause = {
		.how = HOW_POINTER,
		.object = true,
		.by = index,
	};
	const uint64_t low = object.start - in->image.base;
	const uint64_t high = object.end - in->image.base;

	reach_range(reach, in, object.start, object.end, cause);
	for (size_t i = image_reloc_from(&in->image, low);
	     i < in->image.reloc_count && in->image.relocs[i].where < high; i++)
		if (in->image.relocs[i].kind == RELOC_COPY)
			reach_symbol(reach,
				     world_symbol(reach->world, in,
						  &in->image.relocs[i]),
				     cause);
	/* A reference into the middle of a copy. */
	{
		uint64_t size = 0;
		uint64_t from = copied_from(reach, in, object.start, &size);

		if (from)
			reach_address(reach, from, cause);
	}
}

void reach_drain(struct reach *reach)
{
	while (!reach->nomem) {
		if (reach->next_ask < reach->ask_count)
			remarks_read(reach);
		else if (reach->next_object < reach->object_count)
			read_object(reach, (uint32_t)reach->next_object++);
		else
			break;
	}
}
