/*
 * Tables become items, one for each number that has more to say than the
 * default: a row of steps, each an action with conditions or without. Numbers
 * do not know each other, so the first steps of all of them may stand first,
 * then the second ones; within that, one group holds what has one action on
 * the same ABIs. A name that has the same steps on several ABIs is said once.
 */
#include "policy/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/doors.h"
#include "policy/rests.h"
#include "policy/write_default.h"
#include "policy/write_steps.h"

enum { LAST_STEP = INT32_MAX };

/* A number, or several that say the same. */
struct item {
	const struct cg_syscall *call; /* NULL: it goes by its numbers */
	/* The neighbour's call that old kernels have at this number: a rule
	   that is not exact speaks of it, too. */
	const struct cg_syscall *shadow;
	uint32_t shadow_nr; /* its number there */
	uint32_t first, last;
	unsigned abi; /* its place among the tables */
	struct steps steps;
};

/* A line of a group: a name, a rule or numbers. */
struct line {
	int32_t step;
	uint64_t abis;
	const char *action;
	enum { NAME, NUMBERS, RULE } kind;
	uint32_t first;
	const char *text;
};

struct write {
	struct arena *arena;
	const struct cg_policy *policy;
	bool exact;
	struct cg_error *err;
	struct resolved_abi *abis;
	size_t abi_count;
	struct defaults defaults;
	struct defaults *of; /* by ABI: what its numbers are held against */
	struct item *items;
	size_t item_count, item_room;
	struct line *lines;
	size_t line_count, line_room;
	bool cannot; /* a test that only an exact rule can say */
};

static bool add_line(struct write *write, const struct line *line)
{
	if (line->kind == RULE && strstr(line->text, UNSAYABLE)) {
		write->cannot = true;
		return false;
	}
	write->lines = arena_grow(write->arena, write->lines, &write->line_room,
				  write->line_count + 1, sizeof(*write->lines));
	if (!write->lines)
		return fail_nomem(write->err);
	write->lines[write->line_count++] = *line;
	return true;
}

/* ------------------------------------------------------------- tables -- */

static struct resolved_abi *
table_of(struct write *write, const struct cg_abi *abi)
{
	for (size_t i = 0; i < write->abi_count; i++)
		if (write->abis[i].abi == abi)
			return &write->abis[i];
	return NULL;
}

/* A table, new or not, that has one answer for all its numbers. */
static bool
set_table(struct write *write, const struct cg_abi *abi, uint32_t answer)
{
	struct resolved_abi *table = table_of(write, abi);
	struct rest *rest = arena_array(write->arena, struct rest, 1);

	if (!rest)
		return fail_nomem(write->err);
	*rest = (struct rest){ .answer = answer, .order = UINT32_MAX };
	if (!table)
		table = &write->abis[write->abi_count++];
	*table = (struct resolved_abi){ .abi = abi,
					.rests = rest,
					.rest_count = 1 };
	return true;
}

/*
 * The part of an arch's numbers that belongs to no ABI of the policy, and yet
 * does not answer as foreign ones do (`foreign: elastic`). What lies behind
 * that part is the whole ABI's again.
 */
static bool add_part(struct write *write, const struct region *region)
{
	const struct cg_abi *part = cg_abi_of_call(region->arch, region->first);
	const struct cg_abi *whole = cg_abi_of_call(region->arch, 0);
	struct number_span span = { .rest = { .first = part->nr_last + 1,
					      .answer = region->answer },
				    .last = region->last };
	const uint32_t foreign = write->policy->resolved->foreign;

	if (region->answer != foreign &&
	    (!set_table(write, part, region->answer) ||
	     (!table_of(write, whole) && !set_table(write, whole, foreign))))
		return false;
	if (region->last <= part->nr_last || !table_of(write, whole))
		return true;
	return rests_lay(write->arena, table_of(write, whole), &span, 1)
		       ? true
		       : fail_nomem(write->err);
}

/* Tables of the writer's own: to lay spans drops entries in place. */
static bool take_tables(struct write *write)
{
	const struct resolved *resolved = write->policy->resolved;

	write->abis = arena_array(write->arena, struct resolved_abi,
				  resolved->count + resolved->region_count);
	if (!write->abis)
		return fail_nomem(write->err);
	for (size_t i = 0; i < resolved->count; i++) {
		struct resolved_abi *abi = &write->abis[write->abi_count++];
		const size_t size = resolved->abis[i].count;

		/* Laying spans drops entries in place: not in the policy's. */
		*abi = resolved->abis[i];
		abi->covered = NULL;
		abi->covered_count = 0;
		abi->entries =
			arena_array(write->arena, struct resolved_entry, size);
		if (!abi->entries)
			return fail_nomem(write->err);
		if (size)
			memcpy(abi->entries, resolved->abis[i].entries,
			       size * sizeof(*abi->entries));
	}
	for (size_t i = 0; i < resolved->region_count; i++)
		if (!resolved->regions[i].abi && resolved->regions[i].first &&
		    !add_part(write, &resolved->regions[i]))
			return false;
	if (write->abi_count > ABIS_MAX)
		return fail(write->err, CG_E_INPUT, "more than %d ABIs",
			    ABIS_MAX);
	return true;
}

static bool take_defaults(struct write *write)
{
	struct arena *arena = write->arena;
	bool suit;

	write->of = arena_array(arena, struct defaults, write->abi_count);
	if (!write->of ||
	    !defaults_choose(arena, &write->abis[0], write->policy->kernel,
			     &write->defaults))
		return fail_nomem(write->err);
	for (size_t i = 0; i < write->abi_count; i++) {
		const struct resolved_abi *abi = &write->abis[i];
		struct line line = { .step = LAST_STEP,
				     .abis = (uint64_t)1 << i,
				     .kind = NUMBERS,
				     .text = "0..0xffffffff" };

		write->of[i] = write->defaults;
		if (!defaults_suit(arena, abi, &write->defaults, &suit))
			return fail_nomem(write->err);
		if (suit)
			continue;
		line.action = action_write(arena, defaults_tail(abi), abi->abi);
		if (!line.action)
			return fail_nomem(write->err);
		write->of[i] = (struct defaults){ line.action, line.action, 0 };
		if (!add_line(write, &line))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- items -- */

/* The place of an ABI's covered neighbour, or none. */
static bool neighbour_of(const struct write *write, unsigned abi, unsigned *out)
{
	const struct cg_abi *neighbour = abi_neighbour(write->abis[abi].abi);

	for (*out = 0; neighbour && *out < write->abi_count; ++*out)
		if (write->abis[*out].abi == neighbour)
			return true;
	return false;
}

/* Without the ends that are the neighbour's numbers: none of them is meant. */
static void clip_item(const struct cg_abi *abi, struct item *item)
{
	const struct cg_abi *part = abi_neighbour(abi);

	if (!part || !part->nr_first)
		return;
	if (item->first >= part->nr_first && item->first <= part->nr_last &&
	    item->last > part->nr_last)
		item->first = part->nr_last + 1;
	else if (item->last >= part->nr_first && item->last <= part->nr_last &&
		 item->first < part->nr_first)
		item->last = part->nr_first - 1;
}

/* Whether numbers without a name are more of the same. */
static bool goes_on(const struct item *last, const struct item *item)
{
	return !last->call && !item->call && last->abi == item->abi &&
	       last->last + (uint64_t)1 == item->first &&
	       item->steps.count == 1 && !item->steps.at[0].count &&
	       steps_same(&last->steps, &item->steps);
}

static bool add_item(struct write *write, struct item item,
		     const struct resolved_entry *entries, size_t count)
{
	const struct resolved_abi *table = &write->abis[item.abi];
	struct steps_of of = {
		.abi = table->abi,
		.call = item.call,
		.nr = item.first,
		.entries = entries,
		.count = count,
		.rest = resolved_rest(table, item.first)->answer,
		.otherwise = defaults_at(&write->of[item.abi], table->abi,
					 item.first, item.shadow),
		.exact = write->exact,
	};

	clip_item(table->abi, &item);
	if (!abi_has_numbers(table->abi, item.first, item.last))
		return true;
	if (item.shadow && !write->exact) {
		of.abi = abi_neighbour(table->abi);
		of.call = item.shadow;
	}
	if (!steps_make(write->arena, &of, &item.steps))
		return fail_nomem(write->err);
	if (!item.steps.count)
		return true;
	write->items = arena_grow(write->arena, write->items, &write->item_room,
				  write->item_count + 1, sizeof(*write->items));
	if (!write->items)
		return fail_nomem(write->err);
	if (write->exact && write->item_count &&
	    goes_on(&write->items[write->item_count - 1], &item)) {
		write->items[write->item_count - 1].last = item.last;
		return true;
	}
	write->items[write->item_count++] = item;
	return true;
}

/* Numbers that have neither entries nor a name, from `first` up to `end`. */
static bool
add_gap(struct write *write, unsigned index, uint64_t first, uint64_t end)
{
	const struct resolved_abi *abi = &write->abis[index];
	struct item item = { .abi = index };

	while (first < end) {
		const struct rest *rest = resolved_rest(abi, (uint32_t)first);
		uint64_t next = end;

		if (rest + 1 < abi->rests + abi->rest_count &&
		    rest[1].first < next)
			next = rest[1].first;
		item.first = (uint32_t)first;
		item.last = (uint32_t)(next - 1);
		if (!add_item(write, item, NULL, 0))
			return false;
		first = next;
	}
	return true;
}

/* A number that has a name, or once had the neighbour's. */
struct named {
	uint32_t nr;
	const struct cg_syscall *call, *shadow;
	uint32_t shadow_nr;
};

/* Two sorted lists at once: the ABI's numbers, and those of its neighbour. */
static struct named *
list_named(struct write *write, unsigned index, size_t *out)
{
	const struct cg_abi *abi = write->abis[index].abi;
	const struct abi_number *own, *theirs = NULL;
	size_t own_count, count = 0, i = 0;
	struct named *named;
	unsigned neighbour;
	uint32_t nr;

	own = abi_numbers(abi, &own_count);
	if (neighbour_of(write, index, &neighbour))
		theirs = abi_numbers(write->abis[neighbour].abi, &count);
	named = arena_array(write->arena, struct named, own_count + count);
	*out = 0;
	for (size_t j = 0; named && j < count; j++) {
		if (!abi_neighbour_number(abi, theirs[j].nr, &nr))
			continue;
		for (; i < own_count && own[i].nr < nr; i++)
			named[(*out)++] = (struct named){
				own[i].nr, abi_number_call(&own[i]), NULL, 0
			};
		named[(*out)++] =
			(struct named){ nr, NULL, abi_number_call(&theirs[j]),
					theirs[j].nr };
	}
	for (; named && i < own_count; i++)
		named[(*out)++] =
			(struct named){ own[i].nr, abi_number_call(&own[i]),
					NULL, 0 };
	return named;
}

static bool add_table(struct write *write, unsigned index)
{
	const struct resolved_abi *abi = &write->abis[index];
	const uint32_t low = abi->abi->nr_first, high = abi->abi->nr_last;
	size_t named_count, i = 0, j = 0;
	const struct named *named = list_named(write, index, &named_count);
	uint64_t next = low;

	if (!named)
		return fail_nomem(write->err);
	while (i < abi->count || j < named_count) {
		uint32_t nr = i < abi->count ? abi->entries[i].nr : UINT32_MAX;
		struct item item = { .abi = index };
		size_t count = 0;

		if (j < named_count && named[j].nr <= nr) {
			nr = named[j].nr;
			item.call = named[j].call;
			item.shadow = named[j].shadow;
			item.shadow_nr = named[j++].shadow_nr;
		}
		item.first = item.last = nr;
		while (i + count < abi->count &&
		       abi->entries[i + count].nr == nr)
			count++;
		if (nr >= low && nr <= high) {
			if (!add_gap(write, index, next, nr) ||
			    !add_item(write, item, abi->entries + i, count))
				return false;
			next = nr + (uint64_t)1;
		}
		i += count;
	}
	return add_gap(write, index, next, high + (uint64_t)1);
}

/* ---------------------------------------------------------------- lines -- */

static int by_call(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int64_t x = a->call ? a->call->index : INT32_MAX;
	int64_t y = b->call ? b->call->index : INT32_MAX;

	if (x != y)
		return x < y ? -1 : 1;
	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

static void put_numbers(const struct item *item, char *out, size_t size)
{
	const uint32_t values[] = { item->first, item->last };
	char texts[2][16];

	for (size_t i = 0; i < 2; i++)
		snprintf(texts[i], sizeof(texts[i]),
			 values[i] < UINT16_MAX ? "%" PRIu32 : "0x%" PRIx32,
			 values[i]);
	snprintf(out, size, "%s%s%s", texts[0],
		 item->first == item->last ? "" : "..",
		 item->first == item->last ? "" : texts[1]);
}

/*
 * Whether a rule that is not exact would reach further than this: a text that
 * says both itself and what follows from it is not the same twice.
 */
static bool
has_more(const struct write *write, const struct item *item, uint64_t abis)
{
	const struct cg_syscall *twins[TWINS_MAX];
	struct door doors[DOORS_MAX];

	for (size_t i = 0; item->call && i < write->abi_count; i++) {
		const struct cg_abi *abi = write->abis[i].abi;

		if (abis >> i & 1 && (abi_doors(item->call, abi, doors) ||
				      (i && abi_twins(item->call, abi, twins))))
			return true;
	}
	return false;
}

/* The lines of an item, for these ABIs. */
static bool
add_lines(struct write *write, const struct item *item, uint64_t abis)
{
	if (!write->exact && has_more(write, item, abis)) {
		write->cannot = true;
		return false;
	}
	for (size_t i = 0; i < item->steps.count; i++) {
		const struct step *step = &item->steps.at[i];
		struct line line = { .step = (int32_t)i,
				     .abis = abis,
				     .action = step->action,
				     .kind = step->count  ? RULE
					     : item->call ? NAME
							  : NUMBERS,
				     .first = item->first };
		char numbers[48];

		put_numbers(item, numbers, sizeof(numbers));
		line.text = item->call ? item->call->name
				       : arena_text(write->arena, numbers,
						    strlen(numbers));
		if (!line.text)
			return fail_nomem(write->err);
		for (size_t j = 0; j < step->count; j++) {
			line.text = step->rules[j];
			if (!add_line(write, &line))
				return false;
		}
		if (!step->count && !add_line(write, &line))
			return false;
	}
	return true;
}

/* The ABIs that have the call at all. */
static uint64_t homes(const struct write *write, const struct cg_syscall *call)
{
	uint64_t out = 0;
	uint32_t nr;

	for (size_t i = 0; i < write->abi_count; i++)
		if (cg_syscall_number(call, write->abis[i].abi, &nr))
			out |= (uint64_t)1 << i;
	return out;
}

/*
 * Rules that are not exact speak of both numbers: leave out what so follows.
 * False where it does not follow.
 */
static bool drop_shadows(struct write *write)
{
	size_t kept = 0;

	for (size_t i = 0; i < write->item_count; i++) {
		struct item *item = &write->items[i];
		struct item wanted = { .call = item->shadow };
		const struct item *found;

		if (!item->shadow) {
			write->items[kept++] = *item;
			continue;
		}
		neighbour_of(write, item->abi, &wanted.abi);
		wanted.first = item->shadow_nr;
		found = bsearch(&wanted, write->items, write->item_count,
				sizeof(*write->items), by_call);
		if (!found || !steps_same(&found->steps, &item->steps))
			return false;
	}
	write->item_count = kept;
	return true;
}

static bool join_items(struct write *write)
{
	struct item *items = write->items;
	const uint64_t all = write->abi_count == 64
				     ? UINT64_MAX
				     : ((uint64_t)1 << write->abi_count) - 1;
	size_t end;

	if (write->item_count)
		qsort(items, write->item_count, sizeof(*items), by_call);
	if (!write->exact && !drop_shadows(write)) {
		write->cannot = true;
		return false;
	}
	for (size_t i = 0; i < write->item_count; i = end) {
		const struct cg_syscall *call = items[i].call;
		uint64_t done = 0;

		for (end = i + 1; call && end < write->item_count &&
				  items[end].call == call;)
			end++;
		for (size_t j = i; j < end; j++) {
			uint64_t abis = 0;

			if (done >> items[j].abi & 1)
				continue;
			for (size_t k = j; k < end; k++)
				if (steps_same(&items[j].steps,
					       &items[k].steps))
					abis |= (uint64_t)1 << items[k].abi;
			done |= abis;
			if (!call && write->abi_count == 1)
				abis = all;
			if (call && abis == homes(write, call))
				abis = all;
			if (!add_lines(write, &items[j], abis))
				return false;
		}
	}
	return true;
}

/* ----------------------------------------------------------------- text -- */

static int by_group(const struct line *a, const struct line *b)
{
	int order;

	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	order = strcmp(a->action, b->action);
	if (order)
		return order;
	/* What is for more ABIs comes first: UINT64_MAX is all. */
	return (a->abis < b->abis) - (a->abis > b->abis);
}

static int by_place(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int order = by_group(a, b);

	if (order)
		return order;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == NUMBERS)
		return (a->first > b->first) - (a->first < b->first);
	return strcmp(a->text, b->text);
}

static bool put_abis(struct write *write, struct emit *emit, uint64_t abis)
{
	const char *names[ABIS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < write->abi_count; i++)
		if (abis >> i & 1)
			names[count++] = write->abis[i].abi->name;
	emit_list(emit, "architectures", names, count, true);
	return true;
}

static bool
put_group(struct write *write, struct emit *emit, size_t first, size_t end)
{
	static const char *const keys[] = { "names", "numbers", "rules" };
	const struct line *line = &write->lines[first];
	const uint64_t all = write->abi_count == 64
				     ? UINT64_MAX
				     : ((uint64_t)1 << write->abi_count) - 1;
	const char **texts =
		arena_array(write->arena, const char *, end - first);

	if (!texts)
		return fail_nomem(write->err);
	emit_group(emit);
	emit_text(emit, "action", line->action);
	if (line->abis != all)
		put_abis(write, emit, line->abis);
	for (int kind = NAME; kind <= RULE; kind++) {
		size_t count = 0;

		for (size_t i = first; i < end; i++)
			if ((int)write->lines[i].kind == kind)
				texts[count++] = write->lines[i].text;
		if (count)
			emit_list(emit, keys[kind], texts, count, kind != RULE);
	}
	emit_group_end(emit);
	return true;
}

static bool put_groups(struct write *write, struct emit *emit)
{
	size_t end;

	qsort(write->lines, write->line_count, sizeof(*write->lines), by_place);
	emit_groups(emit);
	for (size_t i = 0; i < write->line_count; i = end) {
		for (end = i + 1;
		     end < write->line_count &&
		     by_group(&write->lines[i], &write->lines[end]) == 0;)
			end++;
		if (!put_group(write, emit, i, end))
			return false;
	}
	emit_groups_end(emit);
	return true;
}

static bool put_settings(struct write *write, struct emit *emit)
{
	const struct cg_policy *policy = write->policy;
	const struct defaults *defaults = &write->defaults;
	const char *names[32], *foreign;
	size_t count = 0;
	char kernel[16];

	emit_text(emit, "default_action", defaults->had);
	if (defaults->had != defaults->unknown) {
		snprintf(kernel, sizeof(kernel), "%u.%u",
			 (unsigned)(defaults->kernel >> 16),
			 (unsigned)(defaults->kernel & 0xffff));
		emit_text(emit, "unknown", defaults->unknown);
		emit_quoted(emit, "kernel", kernel);
	}
	if (write->exact)
		emit_true(emit, "exact");
	put_abis(write, emit, UINT64_MAX);
	if (policy->resolved->foreign != CG_RET_KILL_PROCESS) {
		foreign = action_write(write->arena, policy->resolved->foreign,
				       write->abis[0].abi);
		if (!foreign)
			return fail_nomem(write->err);
		emit_text(emit, "foreign", foreign);
	}
	for (unsigned i = 0; i < 32; i++)
		if (policy->flags >> i & 1 && flag_name(i))
			names[count++] = flag_name(i);
	if (count)
		emit_list(emit, "flags", names, count, true);
	return true;
}

/* A policy must have a group, even where there is nothing to say. */
static bool add_nothing(struct write *write)
{
	const struct cg_abi *abi = write->abis[0].abi;
	struct line line = { .step = LAST_STEP,
			     .abis = 1,
			     .action = write->defaults.unknown,
			     .kind = NUMBERS,
			     .text = "0..0xffffffff" };
	size_t count;
	const struct abi_number *numbers = abi_numbers(abi, &count);

	if (write->defaults.had != write->defaults.unknown && count) {
		line.kind = NAME;
		line.text = abi_number_call(numbers)->name;
		line.action =
			defaults_at(&write->defaults, abi, numbers->nr, NULL);
	}
	return add_line(write, &line);
}

static bool build(struct write *write)
{
	if (!take_tables(write) || !take_defaults(write))
		return false;
	for (unsigned i = 0; i < write->abi_count; i++)
		if (!add_table(write, i))
			return false;
	return join_items(write) && (write->line_count || add_nothing(write));
}

enum write_result
policy_write(struct arena *arena, const struct cg_policy *policy,
	     const struct write_style *style, struct buf *out,
	     struct cg_error *err)
{
	struct write write = { .arena = arena,
			       .policy = policy,
			       .exact = style->exact,
			       .err = err };
	struct emit emit = { .out = out, .json = style->json };

	if (!build(&write))
		return write.cannot ? WRITE_CANNOT : WRITE_FAILED;
	emit_begin(&emit);
	if (!put_settings(&write, &emit) || !put_groups(&write, &emit))
		return WRITE_FAILED;
	emit_end(&emit);
	if (!out->failed)
		return WRITE_DONE;
	fail_nomem(err);
	return WRITE_FAILED;
}
