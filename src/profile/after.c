#include "profile/after.h"

#include <string.h>

#include "profile/nss.h"

/* The constant that code at the program's entry hands to libc as main. */
static uint64_t main_of(struct work *work)
{
	const struct loaded *program = work->loader.program;
	const struct convention *about = convention_of(program->image.machine);
	const uint64_t entry = program->image.base + program->image.entry;
	const uint32_t *function = map_get(&work->reach.by_entry, entry);
	const struct course *course = function && about->argument_count
					      ? flow_of(&work->flows, *function)
					      : NULL;
	struct items items;
	struct step step;

	for (size_t i = 0; course && i < course->count; i++) {
		const struct point *point = &course->points[i];

		code_step(program, point->at, &step);
		if (step.flow == FLOW_CALL &&
		    values_items(&work->flows.values,
				 point->state->registers[about->arguments[0]],
				 &items) &&
		    items.count == 1 && items.at[0].kind == ITEM_NUMBER &&
		    reach_is_code(&work->reach, items.at[0].number))
			return items.at[0].number;
	}
	return 0;
}

static uint64_t named(const struct work *work, const char *name)
{
	const struct loaded *program = work->loader.program;
	const struct labels *labels = &program->functions;

	for (size_t i = 0; i < labels->count; i++)
		if (strcmp(labels->at[i]->name, name) == 0)
			return program->image.base + labels->at[i]->value;
	return 0;
}

/* What comes back from main, and what it ends with. */
static bool ends_program(const struct loaded *in, uint64_t entry)
{
	static const char *const names[] = { "exit", "__libc_start_call_main" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (loaded_is_named(in, entry, names[i]))
			return true;
	/* Where the second has no name, whoever calls it. */
	return loaded_is_named(in, entry, "__libc_start_main") &&
	       !loaded_has_function(in, names[1]);
}

static bool comes_later(const struct work *work, const struct function *one)
{
	const struct loaded *in = work->reach.regions[one->region].code.in;

	if (in->image.go)
		return true;
	/*
	 * The loader's own start is nobody's callback, though it hands on where
	 * it would begin if it were the program.
	 */
	if (in->is_loader && (one->entry == in->image.base + in->image.entry ||
			      loaded_is_named(in, one->entry, "dl_main")))
		return false;
	return one->pointed || ends_program(in, one->entry);
}

/* Whether a function of code that runs later calls it. */
static bool
is_called(const struct reach *reach, const struct function *function,
	  const unsigned char *regions)
{
	for (uint32_t e = function->edges; e != NOTHING;
	     e = reach->edges[e].next)
		if (regions[reach->edges[e].region])
			return true;
	return false;
}

static void
spread(const struct reach *reach, unsigned char *later, unsigned char *regions)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < reach->function_count; i++) {
			const struct function *one = &reach->functions[i];

			if (!later[i] && !is_called(reach, one, regions))
				continue;
			if (later[i] && regions[one->region])
				continue;
			later[i] = regions[one->region] = 1;
			more = true;
		}
	}
}

bool after_find(struct work *work, const char *name, struct cg_error *err)
{
	const struct reach *reach = &work->reach;
	unsigned char *regions = arena_array(&work->arena, unsigned char,
					     reach->region_count + 1);
	uint64_t start = named(work, name);
	const uint32_t *first;

	work->later = arena_array(&work->arena, unsigned char,
				  reach->function_count + 1);
	if (!regions || !work->later)
		return fail_nomem(err);
	if (!start && strcmp(name, "main") == 0)
		start = main_of(work);
	first = start ? map_get(&reach->by_entry, start) : NULL;
	if (!first && !work->loader.program->image.go)
		return fail(err, CG_E_INPUT,
			    "%s: no function '%s' is known, or nothing leads "
			    "to it; a stripped program has none but main",
			    work->path, name);
	for (size_t i = 0; i < reach->function_count; i++)
		work->later[i] = comes_later(work, &reach->functions[i]);
	if (first)
		work->later[*first] = 1;
	spread(reach, work->later, regions);
	return true;
}
