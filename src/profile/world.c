#include "profile/world.h"

#include <stdlib.h>

enum {
	PAGE = 0x10000,
	FIRST_BASE = 0x20000000, /* above what programs choose for themselves */
};

struct slot {
	uint32_t hash;
	uint32_t image;
	const struct symbol *symbol; /* NULL: free */
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* ------------------------------------------------------------ symbols -- */

static bool grow_slots(struct world *world, size_t more)
{
	size_t wanted = 1024;
	struct slot *old = world->slots;
	const size_t old_count = world->slot_count;

	while (wanted < 2 * (world->slots_used + more))
		wanted *= 2;
	if (wanted <= old_count)
		return true;
	world->slots = arena_array(world->arena, struct slot, wanted);
	if (!world->slots)
		return false;
	world->slot_count = wanted;
	for (size_t i = 0; i < old_count; i++) {
		size_t at = old[i].hash & (wanted - 1);

		if (!old[i].symbol)
			continue;
		while (world->slots[at].symbol)
			at = (at + 1) & (wanted - 1);
		world->slots[at] = old[i];
	}
	return true;
}

static bool add_symbols(struct world *world, const struct loaded *loaded)
{
	const struct symbols *symbols = &loaded->image.dynamic;

	if (!grow_slots(world, symbols->count))
		return false;
	for (size_t i = 0; i < symbols->count; i++) {
		const struct symbol *symbol = &symbols->at[i];
		uint32_t hash;
		size_t at;

		if (!symbol->defined || symbol->local || !symbol->name[0])
			continue;
		hash = hash_of(symbol->name);
		at = hash & (world->slot_count - 1);
		while (world->slots[at].symbol)
			at = (at + 1) & (world->slot_count - 1);
		world->slots[at] = (struct slot){ hash, loaded->index, symbol };
		world->slots_used++;
	}
	return true;
}

static bool same_version(const struct symbol *symbol, const char *version)
{
	if (!version)
		return !symbol->hidden;
	return !symbol->version || strcmp(symbol->version, version) == 0;
}

struct found world_find(const struct world *world, const char *name,
			const char *version, const struct loaded *except)
{
	const uint32_t hash = hash_of(name);
	struct found exact = { 0 }, any = { 0 };
	const size_t mask = world->slot_count - 1;

	if (!world->slot_count)
		return any;
	for (size_t at = hash & mask; world->slots[at].symbol;
	     at = (at + 1) & mask) {
		const struct slot *slot = &world->slots[at];
		struct loaded *in = world->images[slot->image];

		if (slot->hash != hash || in == except ||
		    strcmp(slot->symbol->name, name) != 0)
			continue;
		if (!any.in || any.in->index > in->index)
			any = (struct found){ in, slot->symbol };
		if (same_version(slot->symbol, version) &&
		    (!exact.in || exact.in->index > in->index))
			exact = (struct found){ in, slot->symbol };
	}
	/* A version that nobody has is the loader's error; we go on. */
	return exact.in ? exact : any;
}

struct found world_each(const struct world *world, const char *name, size_t *at)
{
	const uint32_t hash = hash_of(name);
	const size_t mask = world->slot_count - 1;

	for (; world->slot_count && *at < world->slot_count; ++*at) {
		const struct slot *slot = &world->slots[(hash + *at) & mask];

		if (!slot->symbol)
			break;
		if (slot->hash == hash &&
		    strcmp(slot->symbol->name, name) == 0) {
			++*at;
			return (struct found){ world->images[slot->image],
					       slot->symbol };
		}
	}
	return (struct found){ 0 };
}

struct found world_symbol(const struct world *world, const struct loaded *in,
			  const struct reloc *reloc)
{
	const struct symbol *symbol;

	if (!reloc->symbol || reloc->symbol >= in->image.dynamic.count)
		return (struct found){ 0 };
	symbol = &in->image.dynamic.at[reloc->symbol];
	if (symbol->local && symbol->defined)
		return (struct found){ world->images[in->index], symbol };
	return world_find(world, symbol->name, symbol->version,
			  reloc->kind == RELOC_COPY ? in : NULL);
}

/* ------------------------------------------------------------- labels -- */

static int by_value(const void *left, const void *right)
{
	const struct symbol *a = *(const struct symbol *const *)left;
	const struct symbol *b = *(const struct symbol *const *)right;

	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return (a->size > b->size) - (a->size < b->size);
}

static bool is_label(const struct symbol *symbol, bool object)
{
	if (!symbol->defined || symbol->kind == SYMBOL_TLS)
		return false;
	if (object)
		return symbol->size && symbol->kind != SYMBOL_FUNCTION &&
		       symbol->kind != SYMBOL_IFUNC;
	return symbol->kind == SYMBOL_FUNCTION ||
	       symbol->kind == SYMBOL_IFUNC ||
	       (symbol->kind == SYMBOL_OTHER && symbol->name[0] &&
		symbol->name[0] != '$');
}

static bool make_labels(struct arena *arena, const struct image *image,
			bool object, struct labels *out)
{
	const struct symbols *tables[] = { &image->all, &image->dynamic };

	out->count = 0;
	out->at = arena_array(arena, const struct symbol *,
			      image->all.count + image->dynamic.count + 1);
	if (!out->at)
		return false;
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++)
			if (is_label(&tables[t]->at[i], object)) {
				const struct symbol *symbol = &tables[t]->at[i];

				out->at[out->count++] = symbol;
			}
	if (out->count)
		qsort(out->at, out->count, sizeof(*out->at), by_value);
	out->ends = arena_array(arena, uint64_t, out->count + 1);
	if (!out->ends)
		return false;
	for (size_t i = 0; i < out->count; i++) {
		uint64_t end = out->at[i]->value + out->at[i]->size;

		out->ends[i] =
			i && out->ends[i - 1] > end ? out->ends[i - 1] : end;
	}
	return true;
}

/* How many labels begin at or before an address. */
static size_t labels_until(const struct labels *labels, uint64_t address)
{
	size_t low = 0, high = labels->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (labels->at[middle]->value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct symbol *
loaded_object(const struct loaded *loaded, uint64_t address)
{
	const struct labels *labels = &loaded->objects;
	const struct symbol *best = NULL;

	address -= loaded->image.base;
	/* The largest one: what lies inside of another is a part of it. */
	for (size_t i = labels_until(labels, address); i > 0; i--) {
		const struct symbol *symbol = labels->at[i - 1];

		if (labels->ends[i - 1] <= address)
			break;
		if (address - symbol->value < symbol->size &&
		    (!best || symbol->size > best->size))
			best = symbol;
	}
	return best;
}

enum { NEXT_TO = 64 };

uint64_t loaded_next_end(const struct loaded *loaded, uint64_t address)
{
	const struct labels *labels = &loaded->objects;
	const uint64_t own = address - loaded->image.base;
	size_t at = labels_until(labels, own ? own - 1 : 0);
	uint64_t end = own;

	for (; at < labels->count && labels->at[at]->value - own < NEXT_TO &&
	       labels->at[at]->value >= own;
	     at++)
		if (labels->at[at]->value + labels->at[at]->size > end &&
		    (end == own || labels->at[at]->value == own))
			end = labels->at[at]->value + labels->at[at]->size;
	return end + loaded->image.base;
}

struct span
loaded_between(const struct loaded *loaded, uint64_t address, struct span whole)
{
	const struct labels *labels = &loaded->objects;
	const uint64_t base = loaded->image.base, own = address - base;
	size_t at = labels_until(labels, own);
	struct span span = whole;

	if (at > 0 && labels->ends[at - 1] + base > span.start)
		span.start = labels->ends[at - 1] + base;
	if (at < labels->count && labels->at[at]->value + base < span.end)
		span.end = labels->at[at]->value + base;
	if (address - span.start < NEXT_TO && at > 0 &&
	    labels->at[at - 1]->value + base >= whole.start &&
	    span.start == labels->ends[at - 1] + base)
		span.start = labels->at[at - 1]->value + base;
	if (span.end - address < NEXT_TO && span.end < whole.end)
		span.end = loaded_next_end(loaded, span.end);
	return span;
}

const struct symbol *
loaded_function(const struct loaded *loaded, uint64_t address)
{
	const struct labels *labels = &loaded->functions;
	size_t at = labels_until(labels, address - loaded->image.base);

	return at ? labels->at[at - 1] : NULL;
}

bool loaded_is_named(const struct loaded *loaded, uint64_t address,
		     const char *name)
{
	const struct labels *labels = &loaded->functions;
	const uint64_t own = address - loaded->image.base;

	for (size_t i = labels_until(labels, own);
	     i > 0 && labels->at[i - 1]->value == own; i--)
		if (strcmp(labels->at[i - 1]->name, name) == 0)
			return true;
	return false;
}

bool loaded_has_function(const struct loaded *loaded, const char *name)
{
	const struct labels *labels = &loaded->functions;

	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->at[i]->name, name) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------- places -- */

static bool
place(struct world *world, struct image *image, struct cg_error *err)
{
	const uint64_t size =
		image->high - (image->low & ~(uint64_t)(PAGE - 1));

	if (!world->next)
		world->next = image->word == 8 ? (uint64_t)FIRST_BASE << 8
					       : FIRST_BASE;
	if (!image->movable) {
		for (size_t i = 0; i < world->count; i++) {
			const struct image *other = &world->images[i]->image;

			if (image->low < other->base + other->high &&
			    other->base + other->low < image->high)
				return fail(err, CG_E_INPUT,
					    "%s: wants the same addresses as "
					    "%s; profile them one by one",
					    image->path, other->path);
		}
		return true;
	}
	image->base = world->next - (image->low & ~(uint64_t)(PAGE - 1));
	world->next += (size + 2 * PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (image->word == 4 && world->next > UINT32_MAX)
		return fail(err, CG_E_INPUT,
			    "%s: no room is left in 32 bits of address",
			    image->path);
	return true;
}

static bool remember(struct world *world, struct loaded *loaded)
{
	size_t room = world->room, at = world->count;
	struct loaded **images = arena_grow(world->arena, world->images, &room,
					    at + 1, sizeof(*images));
	size_t also = world->room;
	struct loaded **sorted = arena_grow(world->arena, world->by_base, &also,
					    at + 1, sizeof(*sorted));

	if (!images || !sorted)
		return false;
	world->images = images;
	world->by_base = sorted;
	world->room = room;
	images[at] = loaded;
	while (at > 0 &&
	       sorted[at - 1]->image.base + sorted[at - 1]->image.low >
		       loaded->image.base + loaded->image.low) {
		sorted[at] = sorted[at - 1];
		at--;
	}
	sorted[at] = loaded;
	world->count++;
	return true;
}

static bool is_libc(const struct loaded *loaded)
{
	const struct symbols *symbols = &loaded->image.all;

	if (loaded->image.soname)
		return strcmp(loaded->image.soname, "libc.so.6") == 0;
	for (size_t i = 0; i < symbols->count; i++)
		if (strcmp(symbols->at[i].name, "__libc_start_main_impl") == 0)
			return true;
	return false;
}

bool world_add(struct world *world, const struct image *image,
	       struct loaded **out, struct cg_error *err)
{
	struct loaded *loaded = arena_array(world->arena, struct loaded, 1);

	if (world->count >= IMAGES_MAX)
		return fail(err, CG_E_INPUT, "%s: more than %d libraries",
			    image->path, IMAGES_MAX);
	if (!loaded)
		return fail_nomem(err);
	loaded->image = *image;
	loaded->index = (uint32_t)world->count;
	if (!place(world, &loaded->image, err))
		return false;
	loaded->libc = is_libc(loaded);
	if (!make_labels(world->arena, &loaded->image, true,
			 &loaded->objects) ||
	    !make_labels(world->arena, &loaded->image, false,
			 &loaded->functions) ||
	    !remember(world, loaded) || !add_symbols(world, loaded))
		return fail_nomem(err);
	*out = loaded;
	return true;
}

struct loaded *world_at(const struct world *world, uint64_t address)
{
	size_t low = 0, high = world->count;
	struct loaded *loaded;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct image *image = &world->by_base[middle]->image;

		if (image->base + image->high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= world->count)
		return NULL;
	loaded = world->by_base[low];
	return address >= loaded->image.base + loaded->image.low ? loaded
								 : NULL;
}
