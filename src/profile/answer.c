#include "profile/answer.h"

#include "base/sha256.h"
#include "profile/pack.h"
#include "profile/profile-stamp.h"

/*
 * Kept is: MAGIC, a check of all that follows, the number of files that were
 * looked for, each with its path and which one it was (NULL: none), and the
 * report.
 */
enum { MAGIC = 16, CHECK = 8, LOOKED_FOR_MAX = 1 << 14 };

static const char magic[MAGIC + 1] = "callgate answer\n";

struct looked_for {
	const char *path, *real; /* NULL: there was none */
};

/* ------------------------------------------------------------- naming -- */

static void name_list(struct packing *packing, const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		pack_text(packing, list[i]);
	pack_text(packing, NULL);
}

/* All that an answer depends on but files. */
static void name_answer(struct answer *answer, const struct wanted *wanted,
			const char *path)
{
	const struct cg_profile_options *options = wanted->options;
	struct packing packing = { .arena = answer->arena };

	pack_text(&packing, PROFILE_STAMP);
	pack_text(&packing, path);
	pack_text(&packing, options->sysroot);
	pack_text(&packing, options->after);
	name_list(&packing, options->with);
	name_list(&packing, options->library_path);
	pack_byte(&packing, options->data);
	pack_byte(&packing, options->no_modules);
	pack_byte(&packing, options->no_arguments);
	pack_byte(&packing, options->no_debug);
	pack_distance(&packing, wanted->memory);
	if (packing.failed)
		answer->storage = NULL;
	else
		sha256_text(packing.at, packing.count, answer->name);
}

void answer_open(struct answer *answer, struct arena *arena,
		 const struct wanted *wanted, const char *path)
{
	*answer = (struct answer){ .arena = arena, .files = wanted->files };
	if (!wanted->storage.load || !wanted->files.name)
		return;
	answer->storage = &wanted->storage;
	name_answer(answer, wanted, path);
}

/* -------------------------------------------------------------- files -- */

static void remember(struct answer *answer, const char *path, const char *real)
{
	struct looked_for *grown;

	/* One that is not there is as good as one that is known. */
	if (answer->count == LOOKED_FOR_MAX ||
	    (real && real[0] != FILES_CONTENT)) {
		answer->lost = true;
		return;
	}
	grown = arena_grow(answer->arena, answer->looked_for, &answer->room,
			   answer->count + 1, sizeof(*grown));
	path = arena_text(answer->arena, path, strlen(path));
	if (!grown || !path) {
		answer->lost = true;
		return;
	}
	answer->looked_for = grown;
	grown[answer->count++] = (struct looked_for){ path, real };
}

bool answer_read(void *context, const char *path, struct bytes *out,
		 const char **real)
{
	struct answer *answer = context;
	const bool found =
		answer->files.read(answer->files.context, path, out, real);

	if (answer->storage && !answer->lost)
		remember(answer, path, found ? *real : NULL);
	return found;
}

static bool still_holds(const struct answer *answer, struct unpacking *from)
{
	const size_t count = unpack_count(from);

	for (size_t i = 0; i < count && !from->failed; i++) {
		const char *path = unpack_text(from);
		const char *real = unpack_text(from);
		char now[FILES_NAME];
		bool there;

		if (!path)
			return false;
		there = answer->files.name(answer->files.context, path, now);
		if (there != (real != NULL) ||
		    (there && (now[0] != FILES_CONTENT || strcmp(now, real))))
			return false;
	}
	return !from->failed;
}

/* ------------------------------------------------------------ packing -- */

static void
pack_step(struct packing *packing, const struct cg_profile_step *step)
{
	pack_text(packing, step->image);
	pack_text(packing, step->function);
	pack_distance(packing, step->offset);
	pack_distance(packing, step->address);
	pack_text(packing, step->how);
}

static void pack_call(struct packing *packing, const struct report_call *one)
{
	const struct cg_profile_call *call = &one->call;

	pack_text(packing, call->abi->name);
	pack_text(packing, call->call ? call->call->name : NULL);
	pack_distance(packing, call->nr);
	pack_byte(packing, call->evidence);
	pack_distance(packing, call->sites);
	pack_text(packing, call->program);
	pack_byte(packing, one->unsure);
	pack_byte(packing, one->argument);
	pack_distance(packing, call->steps);
	for (size_t i = 0; i < call->steps; i++)
		pack_step(packing, &one->steps[i]);
	pack_distance(packing, one->value_count);
	for (size_t i = 0; i < one->value_count; i++) {
		pack_byte(packing, one->values[i].argument);
		pack_distance(packing, one->values[i].value);
		pack_step(packing, &one->values[i].place);
	}
}

static void pack_functions(struct packing *packing, const struct report *report)
{
	const struct report_function *functions = report->functions;
	uint64_t image = 0, address = 0;

	pack_distance(packing, report->function_count);
	for (size_t i = 0; i < report->function_count; i++) {
		pack_distance(packing, functions[i].image - image);
		pack_distance(packing, functions[i].address - address);
		image = functions[i].image;
		address = functions[i].address;
	}
}

static void pack_report(struct packing *packing, const struct report *report)
{
	pack_text(packing, report->abi->name);
	pack_distance(packing, report->call_count);
	for (size_t i = 0; i < report->call_count; i++)
		pack_call(packing, &report->calls[i]);
	pack_distance(packing, report->gap_count);
	for (size_t i = 0; i < report->gap_count; i++) {
		pack_byte(packing, report->gaps[i].kind);
		pack_byte(packing, report->gaps[i].open);
		pack_step(packing, &report->gaps[i].place);
		pack_text(packing, report->gaps[i].why);
	}
	pack_distance(packing, report->image_count);
	for (size_t i = 0; i < report->image_count; i++) {
		pack_text(packing, report->images[i].path);
		pack_text(packing, report->images[i].why);
		pack_distance(packing, report->images[i].functions);
		pack_byte(packing, report->images[i].symbols);
	}
	pack_functions(packing, report);
}

struct bytes answer_pack(struct arena *arena, const struct report *report)
{
	struct packing packing = { .arena = arena };

	for (size_t i = 0; i < report->call_count; i++) {
		const struct cg_syscall *call = report->calls[i].call.call;

		/* By its name it is found again. */
		if (call && cg_syscall_by_name(call->name) != call)
			return (struct bytes){ NULL, 0 };
	}
	pack_report(&packing, report);
	if (packing.failed)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ packing.at, packing.count };
}

/* ---------------------------------------------------------- unpacking -- */

struct reading {
	struct unpacking from;
	struct arena *arena;
};

/* Room for a number of things; NULL is a failure but for none of them. */
static void *array_of(struct reading *reading, size_t size, size_t *count)
{
	void *array;

	*count = unpack_count(&reading->from);
	array = arena_alloc(reading->arena, *count + 1, size);
	if (!array) {
		reading->from.failed = true;
		*count = 0;
	}
	return array;
}

/* A text that is always there. */
static const char *text_of(struct reading *reading)
{
	const char *text = unpack_text(&reading->from);

	reading->from.failed |= text == NULL;
	return text ? text : "";
}

static const struct cg_abi *abi_of(struct reading *reading)
{
	const struct cg_abi *abi = cg_abi_by_name(text_of(reading));

	reading->from.failed |= abi == NULL;
	return abi;
}

static struct cg_profile_step step_of(struct reading *reading)
{
	struct cg_profile_step step = { .image = text_of(reading) };

	step.function = unpack_text(&reading->from);
	step.offset = unpack_distance(&reading->from);
	step.address = unpack_distance(&reading->from);
	step.how = unpack_text(&reading->from);
	return step;
}

static bool flag_of(struct reading *reading)
{
	return unpack_byte(&reading->from) & 1;
}

static struct report_call call_of(struct reading *reading)
{
	struct unpacking *from = &reading->from;
	struct report_call one = { .call.abi = abi_of(reading) };
	const char *name = unpack_text(from);

	one.call.call = name ? cg_syscall_by_name(name) : NULL;
	from->failed |= name && !one.call.call;
	one.call.nr = (uint32_t)unpack_distance(from);
	one.call.evidence = (enum cg_evidence)unpack_byte(from);
	from->failed |= one.call.evidence > CG_BY_KERNEL;
	one.call.sites = (size_t)unpack_distance(from);
	one.call.program = unpack_text(from);
	one.unsure = flag_of(reading);
	one.argument = unpack_byte(from);
	one.steps = array_of(reading, sizeof(*one.steps), &one.call.steps);
	for (size_t i = 0; i < one.call.steps && !from->failed; i++)
		one.steps[i] = step_of(reading);
	one.values = array_of(reading, sizeof(*one.values), &one.value_count);
	for (size_t i = 0; i < one.value_count && !from->failed; i++) {
		one.values[i].argument = unpack_byte(from);
		one.values[i].value = unpack_distance(from);
		one.values[i].place = step_of(reading);
	}
	return one;
}

static struct cg_profile_gap gap_of(struct reading *reading)
{
	struct cg_profile_gap gap = {
		.kind = (enum cg_gap)unpack_byte(&reading->from),
	};

	reading->from.failed |= gap.kind > CG_GAP_FOREIGN;
	gap.open = flag_of(reading);
	gap.place = step_of(reading);
	gap.why = text_of(reading);
	return gap;
}

static struct cg_profile_image image_of(struct reading *reading)
{
	struct cg_profile_image image = { .path = text_of(reading) };

	image.why = unpack_text(&reading->from);
	image.functions = (size_t)unpack_distance(&reading->from);
	image.symbols = flag_of(reading);
	return image;
}

static void read_functions(struct reading *reading, struct report *report)
{
	struct report_function last = { 0 };

	report->functions = array_of(reading, sizeof(*report->functions),
				     &report->function_count);
	for (size_t i = 0; i < report->function_count; i++) {
		last.image += (size_t)unpack_distance(&reading->from);
		last.address += unpack_distance(&reading->from);
		reading->from.failed |= last.image >= report->image_count;
		report->functions[i] = last;
	}
	report->function_room = report->function_count;
}

static void read_report(struct reading *reading, struct report *report)
{
	const struct unpacking *from = &reading->from;

	report->abi = abi_of(reading);
	report->calls =
		array_of(reading, sizeof(*report->calls), &report->call_count);
	for (size_t i = 0; i < report->call_count && !from->failed; i++)
		report->calls[i] = call_of(reading);
	report->gaps =
		array_of(reading, sizeof(*report->gaps), &report->gap_count);
	for (size_t i = 0; i < report->gap_count && !from->failed; i++)
		report->gaps[i] = gap_of(reading);
	report->images = array_of(reading, sizeof(*report->images),
				  &report->image_count);
	for (size_t i = 0; i < report->image_count && !from->failed; i++)
		report->images[i] = image_of(reading);
	report->call_room = report->call_count;
	report->gap_room = report->gap_count;
	report->image_room = report->image_count;
	if (!from->failed)
		read_functions(reading, report);
}

bool answer_unpack(struct bytes packed, struct arena *arena,
		   struct report *report)
{
	/* The texts are used where they lie, and must live as long. */
	const char *copy =
		arena_text(arena, (const char *)packed.at, packed.size);
	struct reading reading = {
		.from.from = { (const unsigned char *)copy, packed.size },
		.arena = arena,
	};
	struct report out = { 0 };

	if (!copy)
		return false;
	read_report(&reading, &out);
	if (reading.from.failed || reading.from.at != packed.size)
		return false;
	*report = out;
	return true;
}

/* ------------------------------------------------------ between two runs -- */

bool answer_find(const struct answer *answer, struct arena *arena,
		 struct report *report)
{
	struct unpacking from = { .at = MAGIC + CHECK };
	struct bytes *all = &from.from;

	if (!answer->storage ||
	    !answer->storage->load(answer->storage->context, answer->name,
				   all) ||
	    all->size < MAGIC + CHECK || memcmp(all->at, magic, MAGIC) != 0 ||
	    bytes_u64(*all, MAGIC) !=
		    shelf_check(bytes_part(*all, MAGIC + CHECK,
					   all->size - MAGIC - CHECK)) ||
	    !still_holds(answer, &from))
		return false;
	return answer_unpack(bytes_part(*all, from.at, all->size - from.at),
			     arena, report);
}

void answer_keep(struct answer *answer, const struct report *report)
{
	struct packing packing = { .arena = answer->arena };
	struct bytes packed;

	if (!answer->storage || answer->lost)
		return;
	packed = answer_pack(answer->arena, report);
	for (size_t i = 0; i < MAGIC + CHECK; i++)
		pack_byte(&packing, i < MAGIC ? (unsigned char)magic[i] : 0);
	pack_distance(&packing, answer->count);
	for (size_t i = 0; i < answer->count; i++) {
		pack_text(&packing, answer->looked_for[i].path);
		pack_text(&packing, answer->looked_for[i].real);
	}
	for (size_t i = 0; i < packed.size; i++)
		pack_byte(&packing, packed.at[i]);
	/* Without memory there is less to keep, and that is all. */
	if (packing.failed || !packed.size || packing.count > SHELF_MOST)
		return;
	shelf_put_number(
		packing.at + MAGIC,
		shelf_check((struct bytes){ packing.at + MAGIC + CHECK,
					    packing.count - MAGIC - CHECK }),
		CHECK);
	answer->storage->save(answer->storage->context, answer->name,
			      (struct bytes){ packing.at, packing.count });
}
