/* The report: calls with their ways, and gaps. */
#include <stdio.h>
#include <stdlib.h>

#include "abi/doors.h"
#include "abi/interest.h"
#include "profile/arguments.h"
#include "profile/work.h"

enum { STEPS_MAX = 64 };

struct telling {
	struct arena *arena;
	const struct work *work;
	struct report *report;
	const char *program;
	const char **paths; /* of images, kept */
	bool nomem;
};

static const char *kept(struct telling *telling, const char *text)
{
	const char *copy = arena_text(telling->arena, text ? text : "",
				      text ? strlen(text) : 0);

	if (!copy) {
		telling->nomem = true;
		return "";
	}
	return copy;
}

#define more(telling, array, count, room)                                \
	(grow((telling), (void **)&(telling)->report->array,             \
	      (telling)->report->count, &(telling)->report->room,        \
	      sizeof(*(telling)->report->array))                         \
		 ? &(telling)->report->array[(telling)->report->count++] \
		 : NULL)

static bool grow(struct telling *telling, void **array, size_t count,
		 size_t *room, size_t size)
{
	void *grown = arena_grow(telling->arena, *array, room, count + 1, size);

	if (!grown) {
		telling->nomem = true;
		return false;
	}
	*array = grown;
	return true;
}

/* --------------------------------------------------------------- places -- */

static struct cg_profile_step
place_of(struct telling *telling, uint64_t address, const char *how)
{
	struct loaded *in = world_at(&telling->work->world, address);
	const struct symbol *symbol = in ? loaded_function(in, address) : NULL;
	struct cg_profile_step step = { .image = "",
					.function = "",
					.how = how };

	if (!in)
		return step;
	step.image = telling->paths[in->index];
	step.address = step.offset = address - in->image.base;
	/* A symbol that ended before it says nothing. */
	if (!symbol ||
	    (symbol->size && step.address - symbol->value >= symbol->size))
		return step;
	step.function = kept(telling, symbol->name);
	step.offset = step.address - symbol->value;
	return step;
}

static const char *way_of(enum how how)
{
	static const char *const ways[] = {
		[HOW_ROOT] = "starts with",
		[HOW_CALL] = "calls",
		[HOW_JUMP] = "jumps to",
		[HOW_ADDRESS] = "takes the address of",
		[HOW_POINTER] = "holds a pointer to",
		[HOW_UNWIND] = "is unwound by",
		[HOW_TABLE] = "branches by a table to",
		[HOW_EXPORT] = "may look up",
	};

	return ways[how];
}

/* The way to a finding, from the program on. */
static void tell_steps(struct telling *telling, const struct finding *finding,
		       struct report_call *call)
{
	const struct reach *reach = &telling->work->reach;
	struct cg_profile_step steps[STEPS_MAX];
	uint32_t at = finding->function;
	bool object = false;
	size_t count = 0;

	if (finding->site != finding->at)
		steps[count++] =
			place_of(telling, finding->site, "hands the number to");
	steps[count++] = place_of(telling, finding->at, "makes the call at");
	while (at != NOTHING && count < STEPS_MAX - 1) {
		const struct cause *cause =
			object ? &reach->objects[at].cause
			       : &reach->functions[at].cause;
		const uint64_t start = object ? reach->objects[at].start
					      : reach->functions[at].entry;

		steps[count++] =
			place_of(telling, start,
				 cause->how == HOW_ROOT
					 ? kept(telling, cause->root)
					 : way_of((enum how)cause->how));
		if (cause->by == NOTHING)
			break;
		object = cause->object;
		at = cause->by;
	}
	call->steps =
		arena_array(telling->arena, struct cg_profile_step, count);
	if (!call->steps) {
		telling->nomem = true;
		return;
	}
	call->call.steps = count;
	for (size_t i = 0; i < count; i++)
		call->steps[i] = steps[count - 1 - i];
}

/* ---------------------------------------------------------------- calls -- */

static struct report_call *
find_call(struct telling *telling, const struct cg_abi *abi, uint32_t nr)
{
	struct report *report = telling->report;

	for (size_t i = 0; i < report->call_count; i++)
		if (report->calls[i].call.abi == abi &&
		    report->calls[i].call.nr == nr &&
		    report->calls[i].call.call == cg_syscall_at(abi, nr))
			return &report->calls[i];
	return NULL;
}

/* The same by name, for calls that have no number of their own. */
static struct report_call *
find_inner(struct telling *telling, const struct cg_abi *abi,
	   const struct cg_syscall *inner)
{
	struct report *report = telling->report;

	for (size_t i = 0; i < report->call_count; i++)
		if (report->calls[i].call.abi == abi &&
		    report->calls[i].call.call == inner)
			return &report->calls[i];
	return NULL;
}

static struct report_call *
add_call(struct telling *telling, const struct cg_abi *abi, uint32_t nr,
	 enum cg_evidence evidence)
{
	struct report_call *call = more(telling, calls, call_count, call_room);

	if (call)
		*call = (struct report_call){
			.call = {
				.abi = abi,
				.call = cg_syscall_at(abi, nr),
				.nr = nr,
				.evidence = evidence,
				.program = telling->program,
			},
		};
	return call;
}

static const struct cg_abi *abi_of(const struct work *work, bool narrow)
{
	switch (work->loader.program->image.machine) {
	case MACHINE_I386:
		return cg_abi_by_name("i386");
	case MACHINE_AARCH64:
		return cg_abi_by_name("aarch64");
	default:
		return cg_abi_by_name(narrow ? "i386" : "x86_64");
	}
}

/* The call behind one that is a door to others; NULL if there is none. */
static const struct cg_syscall *
behind(const struct cg_abi *abi, const struct finding *finding)
{
	const uint32_t through =
		finding->purpose == FOR_SOCKET ? DOOR_SOCKET : DOOR_IPC;
	const struct cg_syscall *found = NULL;
	struct door doors[DOORS_MAX];
	uint32_t nr;

	for (size_t i = 0; cg_syscall_get(i); i++) {
		const struct cg_syscall *call = cg_syscall_get(i);
		const size_t count = abi_doors(call, abi, doors);

		for (size_t k = 0; k < count; k++)
			if (doors[k].nr == through &&
			    (finding->number & doors[k].mask) ==
				    doors[k].value &&
			    (!found || cg_syscall_number(call, abi, &nr)))
				found = call;
	}
	return found;
}

/* Whether all operations are known that a door is used for at one place. */
static bool
is_open_door(const struct telling *telling, const struct finding *finding)
{
	const struct resolve *resolve = &telling->work->resolve;
	const struct cg_abi *abi = cg_abi_by_name("i386");
	const enum purpose purpose =
		finding->number == DOOR_SOCKET ? FOR_SOCKET : FOR_IPC;

	for (size_t i = 0; i < resolve->unresolved_count; i++)
		if (resolve->unresolved[i].purpose == purpose &&
		    resolve->unresolved[i].site == finding->site)
			return false;
	for (size_t i = 0; i < resolve->finding_count; i++)
		if (resolve->findings[i].purpose == purpose &&
		    resolve->findings[i].site == finding->site &&
		    !behind(abi, &resolve->findings[i]))
			return false;
	return true;
}

static void tell_finding(struct telling *telling, const struct finding *finding)
{
	const bool door =
		finding->purpose == FOR_SOCKET || finding->purpose == FOR_IPC;
	const struct cg_abi *abi =
		abi_of(telling->work, door || finding->purpose == FOR_NUMBER32);
	const struct cg_syscall *inner = door ? behind(abi, finding) : NULL;
	uint32_t nr = (uint32_t)finding->number;
	struct report_call *call;

	if ((door && !inner) ||
	    (finding_is_door(&telling->work->resolve, finding) &&
	     is_open_door(telling, finding)))
		return;
	/* What has no number of its own goes by that of the door. */
	if (inner && !cg_syscall_number(inner, abi, &nr))
		nr = finding->purpose == FOR_SOCKET ? DOOR_SOCKET : DOOR_IPC;
	call = inner ? find_inner(telling, abi, inner)
		     : find_call(telling, abi, nr);
	if (call && call->call.evidence != CG_BY_KERNEL) {
		call->call.sites++;
		return;
	}
	if (!call)
		call = add_call(telling, abi, nr, CG_BY_KERNEL);
	if (!call)
		return;
	if (inner)
		call->call.call = inner;
	call->call.evidence = finding->direct ? CG_BY_CONSTANT : CG_BY_CALLER;
	call->call.sites = 1;
	tell_steps(telling, finding, call);
}

static int by_function(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* Whether it can happen after what was asked for. */
static bool counts(const struct work *work, const struct finding *finding)
{
	return !work->later || finding->function == NOTHING ||
	       work->later[finding->function];
}

static void tell_own(struct telling *telling, const char *name)
{
	const struct cg_abi *abi = abi_of(telling->work, false);
	const struct cg_syscall *call = cg_syscall_by_name(name);
	uint32_t nr;

	if (call && cg_syscall_number(call, abi, &nr) &&
	    !find_call(telling, abi, nr))
		add_call(telling, abi, nr, CG_BY_KERNEL);
}

/* Whether some code calls it, early or late. */
static bool is_made(const struct work *work, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	const struct resolve *resolve = &work->resolve;
	uint32_t nr;

	if (!call || !cg_syscall_number(call, abi_of(work, false), &nr))
		return false;
	for (size_t i = 0; i < resolve->finding_count; i++)
		if (resolve->findings[i].purpose <= FOR_NUMBER32 &&
		    resolve->findings[i].number == nr)
			return true;
	return false;
}

/*
 * Calls that code of the kernel's makes: the one that goes on after SIGSTOP and
 * SIGCONT; and where the vdso has the way back from handlers of signals, that
 * one. On x86_64 it is always the program's own.
 */
static void tell_kernel(struct telling *telling)
{
	const struct work *work = telling->work;

	tell_own(telling, "restart_syscall");
	if (work->loader.program->image.machine == MACHINE_X86_64)
		return;
	if (is_made(work, "rt_sigaction") || is_made(work, "sigaction") ||
	    is_made(work, "signal")) {
		tell_own(telling, "rt_sigreturn");
		tell_own(telling, "sigreturn");
	}
}

static void tell_calls(struct telling *telling)
{
	const struct resolve *resolve = &telling->work->resolve;

	/* Functions that were found first have the shortest ways. */
	if (resolve->finding_count)
		qsort(resolve->findings, resolve->finding_count,
		      sizeof(*resolve->findings), by_function);
	for (size_t i = 0; i < resolve->finding_count; i++)
		if (resolve->findings[i].purpose <= FOR_IPC &&
		    counts(telling->work, &resolve->findings[i]))
			tell_finding(telling, &resolve->findings[i]);
	tell_kernel(telling);
}

/* ------------------------------------------------------------ arguments -- */

static void add_values(struct telling *telling, struct report_call *call,
		       const struct argument_values *values)
{
	struct cg_profile_value *grown =
		arena_array(telling->arena, struct cg_profile_value,
			    call->value_count + values->count);

	if (!grown) {
		telling->nomem = true;
		return;
	}
	for (size_t i = 0; i < call->value_count; i++)
		grown[i] = call->values[i];
	call->values = grown;
	for (size_t i = 0; i < values->count; i++) {
		size_t k = 0;

		while (k < call->value_count &&
		       grown[k].value != values->at[i].value)
			k++;
		if (k < call->value_count)
			continue;
		grown[call->value_count++] = (struct cg_profile_value){
			.argument = call->argument,
			.value = values->at[i].value,
			.place = place_of(telling, values->at[i].at,
					  "has the constant at"),
		};
	}
	call->unsure |= call->value_count > ARGUMENT_VALUES;
}

/* Whether this program makes a call by the number that it stands in the code.
 */
static bool
is_found(const struct telling *telling, const struct report_call *call)
{
	const struct resolve *resolve = &telling->work->resolve;

	for (size_t i = 0; i < resolve->finding_count; i++)
		if (resolve->findings[i].purpose == FOR_NUMBER &&
		    resolve->findings[i].number == call->call.nr)
			return true;
	return false;
}

static void tell_argument(struct telling *telling, struct flows *flows,
			  struct report_call *call)
{
	struct cg_argument arguments[6];
	struct argument_values values = { 0 };
	const struct interest *row;
	size_t count, known;

	row = interest_of(call->call.call, &count);
	if (!count || !is_found(telling, call))
		return;
	call->argument = row->argument;
	if (!flows ||
	    !cg_syscall_arguments(call->call.call, call->call.abi, arguments,
				  &known) ||
	    row->argument >= known) {
		call->unsure = true;
		return;
	}
	if (!arguments_find(flows, &telling->work->resolve, call->call.nr,
			    row->argument, arguments[row->argument].bits != 32,
			    &values))
		telling->nomem = true;
	call->unsure |= !values.count;
	add_values(telling, call, &values);
}

/* Of each program by itself: one that does not know speaks for all. */
static void tell_arguments(struct telling *telling)
{
	const struct work *work = telling->work;
	const bool can = !work->wanted->options->no_arguments &&
			 arguments_can(&work->resolve);
	struct report *report = telling->report;
	struct flows flows;

	if (can && !arguments_flows(&flows, &work->resolve)) {
		telling->nomem = true;
		return;
	}
	for (size_t i = 0; i < report->call_count; i++)
		if (report->calls[i].call.call)
			tell_argument(telling, can ? &flows : NULL,
				      &report->calls[i]);
}

static int by_name(const void *left, const void *right)
{
	const struct cg_profile_call *a =
		&((const struct report_call *)left)->call;
	const struct cg_profile_call *b =
		&((const struct report_call *)right)->call;

	if (a->abi != b->abi)
		return strcmp(a->abi->name, b->abi->name);
	if (!a->call || !b->call)
		return a->nr < b->nr ? -1 : a->nr > b->nr;
	return strcmp(a->call->name, b->call->name);
}

/* ----------------------------------------------------------------- gaps -- */

static void add_gap(struct telling *telling, enum cg_gap kind, bool open,
		    uint64_t address, const char *why)
{
	struct cg_profile_gap *gap = more(telling, gaps, gap_count, gap_room);

	if (gap)
		*gap = (struct cg_profile_gap){
			.kind = kind,
			.open = open,
			.place = place_of(telling, address, ""),
			.why = kept(telling, why),
		};
}

bool report_gap(struct arena *arena, struct report *report, const char *why)
{
	struct telling telling = { .arena = arena, .report = report };
	struct cg_profile_gap *gap = more(&telling, gaps, gap_count, gap_room);

	if (gap)
		*gap = (struct cg_profile_gap){
			.kind = CG_GAP_MISSING,
			.open = true,
			.place = { .image = "", .function = "", .how = "" },
			.why = kept(&telling, why),
		};
	return !telling.nomem;
}

static void
tell_unresolved(struct telling *telling, const struct unresolved *open)
{
	const struct loaded *in = world_at(&telling->work->world, open->at);
	const char *soname = in ? in->image.soname : NULL;
	/* What PAM opens is what the files of its services name. */
	const bool libc = in && ((in->libc && !in->main) ||
				 (telling->work->pam && soname &&
				  strncmp(soname, "libpam.so.", 10) == 0));
	char why[160];

	switch (open->purpose) {
	case FOR_LIBRARY:
		/* glibc's own are NSS and gconv, which are known by name. */
		if (!libc)
			add_gap(telling, CG_GAP_LIBRARY, true, open->at,
				open->why);
		break;
	case FOR_SYMBOL:
		if (!libc)
			add_gap(telling, CG_GAP_SYMBOL, true, open->at,
				open->why);
		break;
	case FOR_SERVICE:
		snprintf(why, sizeof(why),
			 "a service of PAM whose name is not known (%s); "
			 "--with pam:SERVICE tells",
			 open->why);
		add_gap(telling, CG_GAP_MODULES, true, open->at, why);
		break;
	case FOR_SOCKET:
	case FOR_IPC:
		break;
	default:
		snprintf(why, sizeof(why), "the number comes %s%s",
			 open->why[0] == 'c' ? "from a computation: " : "",
			 open->why);
		add_gap(telling,
			open->why[0] == 'b' && open->why[1] == 'y'
				? CG_GAP_POINTER
				: CG_GAP_NUMBER,
			true, open->at, why);
		break;
	}
}

static void tell_code(struct telling *telling)
{
	const struct reach *reach = &telling->work->reach;

	for (size_t i = 0; i < reach->region_count; i++)
		if (reach->regions[i].code.unreadable &&
		    reach->regions[i].code.count)
			add_gap(telling, CG_GAP_CODE,
				reach->regions[i].code.bounded,
				reach->regions[i].code.spans[0].start,
				"some bytes of its code are no instruction "
				"that we know");
}

static void tell_foreign(struct telling *telling)
{
	const struct work *work = telling->work;
	const struct reach *reach = &work->reach;

	if (work->loader.program->image.machine != MACHINE_X86_64)
		return;
	for (size_t i = 0; i < reach->site_count; i++)
		if (reach->sites[i].trap == TRAP_INT80 ||
		    reach->sites[i].trap == TRAP_SYSENTER)
			add_gap(telling, CG_GAP_FOREIGN, false,
				reach->sites[i].at,
				"a call of i386 in a program of x86_64");
}

static void tell_gaps(struct telling *telling)
{
	const struct work *work = telling->work;
	const struct loader *loader = &work->loader;
	char why[400];

	for (size_t i = 0; i < loader->missing_count; i++) {
		const struct missing *one = &loader->missing[i];

		snprintf(why, sizeof(why), "%s, %s by %s, was not found",
			 one->name, one->asked ? "asked for" : "needed",
			 one->by);
		add_gap(telling, CG_GAP_MISSING, !one->asked, 0, why);
	}
	for (size_t i = 0; i < work->resolve.unresolved_count; i++)
		tell_unresolved(telling, &work->resolve.unresolved[i]);
	tell_code(telling);
	tell_foreign(telling);
	if (work->modules_left)
		add_gap(telling, CG_GAP_MODULES, true, 0, work->modules_why);
}

/* --------------------------------------------------------------- images -- */

static void tell_images(struct telling *telling)
{
	const struct work *work = telling->work;
	const size_t first = telling->report->image_count;

	for (size_t i = 0; i < work->world.count; i++) {
		const struct loaded *in = work->world.images[i];
		struct cg_profile_image *image =
			more(telling, images, image_count, image_room);

		if (!image)
			return;
		*image = (struct cg_profile_image){
			.path = telling->paths[i],
			.why = kept(telling, in->why),
			.symbols = in->image.all.count > 0,
		};
	}
	for (size_t i = 0; i < work->reach.function_count; i++) {
		const struct region *region =
			&work->reach.regions[work->reach.functions[i].region];

		const size_t image = first + region->code.in->index;
		struct report_function *function =
			more(telling, functions, function_count, function_room);

		telling->report->images[image].functions++;
		if (!function)
			return;
		*function = (struct report_function){
			.image = image,
			.address = work->reach.functions[i].entry -
				   region->code.in->image.base,
		};
	}
}

static bool is_open(const struct report *report)
{
	for (size_t i = 0; i < report->gap_count; i++)
		if (report->gaps[i].open)
			return true;
	return false;
}

bool profile_tell(struct arena *arena, const struct work *work,
		  struct report *report, struct cg_error *err)
{
	struct telling telling = {
		.arena = arena,
		.work = work,
		.report = report,
	};

	telling.program = kept(&telling, work->path);
	telling.paths = arena_array(arena, const char *, work->world.count + 1);
	if (!telling.paths)
		return fail_nomem(err);
	for (size_t i = 0; i < work->world.count; i++)
		telling.paths[i] =
			kept(&telling, work->world.images[i]->image.path);
	if (!report->abi)
		report->abi = abi_of(work, false);
	tell_calls(&telling);
	tell_gaps(&telling);
	/* Where a gap is open they say nothing (cg_profile_value_at). */
	if (!is_open(report))
		tell_arguments(&telling);
	if (report->call_count)
		qsort(report->calls, report->call_count, sizeof(*report->calls),
		      by_name);
	tell_images(&telling);
	return !telling.nomem || fail_nomem(err);
}
