#include "profile/profile.h"

#include <stdio.h>

#include "profile/after.h"
#include "profile/answer.h"
#include "profile/modules.h"
#include "profile/nss.h"
#include "profile/sharing.h"

enum { ROUNDS_MAX = 12 };

/* Functions are gone through again when their callers are. */
enum { MEMO_BITS = 12 };

static bool fail_work(const struct work *work, struct cg_error *err)
{
	return fail(err, CG_E_NOMEM,
		    "%s: out of memory, or of the %zu bytes it may take",
		    work->path, work->wanted->memory);
}

static struct cause root(const char *what)
{
	return (struct cause){ .how = HOW_ROOT, .by = NOTHING, .root = what };
}

static struct cause start(const char *what)
{
	struct cause cause = root(what);

	cause.starts = true;
	return cause;
}

/* -------------------------------------------------------------- roots -- */

static void add_array(struct work *work, const struct image *image,
		      const struct span *array, struct cause cause)
{
	/* Its end comes from the file: not past what is stored there. */
	for (uint64_t at = array->start;
	     at < array->end && image_bytes(image, at, image->word).size;
	     at += image->word)
		reach_words(&work->reach, image->base + at, image->word, cause);
}

/* Relocations whose functions the loader calls, and those inside of code. */
static void add_relocs(struct work *work, struct loaded *in)
{
	const struct image *image = &in->image;

	for (size_t i = 0; i < image->reloc_count; i++) {
		const struct reloc *reloc = &image->relocs[i];
		const struct segment *segment =
			image_segment(image, reloc->where);
		struct found found = { 0 };

		if (reloc->kind == RELOC_IFUNC)
			reach_function(&work->reach,
				       image->base + reloc->addend,
				       root("chosen by the loader"));
		if (reloc->kind == RELOC_BASE && image->code_relocs &&
		    segment->execute)
			reach_address(&work->reach, image->base + reloc->addend,
				      root("named in code by the loader"));
		if (reloc->kind == RELOC_SLOT || reloc->kind == RELOC_SYMBOL)
			found = world_symbol(&work->world, in, reloc);
		if (found.in &&
		    (found.symbol->kind == SYMBOL_IFUNC || segment->execute))
			reach_symbol(&work->reach, found,
				     root("chosen by the loader"));
	}
}

/* dlsym may hand out whatever such a library exports. */
static void add_exports(struct work *work, struct loaded *in)
{
	const struct symbols *symbols = &in->image.dynamic;
	struct cause cause = root("looked up by name");

	cause.how = HOW_EXPORT;
	for (size_t i = 0; i < symbols->count; i++)
		if (symbols->at[i].defined && !symbols->at[i].local &&
		    !(in->nss &&
		      nss_export_waits(&work->reach,
				       (struct found){ in, &symbols->at[i] },
				       cause)))
			reach_symbol(&work->reach,
				     (struct found){ in, &symbols->at[i] },
				     cause);
}

/* Go's linker keeps only what can be come to, and so do we. */
static void add_go(struct work *work, struct loaded *in)
{
	struct cause cause = root("kept by Go's linker");

	cause.how = HOW_CALL;
	for (size_t i = 0; i < in->image.frame_count; i++)
		reach_function(&work->reach,
			       in->image.base + in->image.frames[i].start,
			       cause);
}

static void add_roots(struct work *work, struct loaded *in)
{
	const struct image *image = &in->image;
	struct reach *reach = &work->reach;

	if (in->main)
		reach_function(reach, image->base + image->entry,
			       start("the program's entry"));
	reach_drain(reach);
	if (image->init)
		reach_function(reach, image->base + image->init,
			       start("run at start"));
	add_array(work, image, &image->preinit_array, start("run at start"));
	add_array(work, image, &image->init_array, start("run at start"));
	reach_drain(reach);
	if (image->fini)
		reach_function(reach, image->base + image->fini,
			       root("run at exit"));
	add_array(work, image, &image->fini_array, root("run at exit"));
	add_array(work, image, &image->threads, root("in thread storage"));
	if (image->go)
		add_go(work, in);
	add_relocs(work, in);
	if (in->added)
		add_exports(work, in);
	if (in->is_loader)
		reach_function(reach, image->base + image->entry,
			       start("the loader's entry"));
	if (reach->all_data)
		reach_data(reach, in, root("in data"));
	reach_drain(reach);
}

/* ------------------------------------------------------------- modules -- */

/* How far a search of functions by a name is. */
struct named {
	size_t exported, own;
};

/*
 * Functions by a name, one by one: those that are exported, and the program's
 * own. `*at` begins at 0. NOTHING after the last that can be come to.
 */
static uint32_t
each_reached(const struct work *work, const char *name, struct named *at)
{
	const struct loaded *program = work->loader.program;
	struct found found = world_each(&work->world, name, &at->exported);
	const uint32_t *index;

	while (found.in) {
		index = map_get(&work->reach.by_entry,
				found.in->image.base + found.symbol->value);
		if (index)
			return *index;
		found = world_each(&work->world, name, &at->exported);
	}
	while (at->own < program->functions.count) {
		const struct symbol *symbol = program->functions.at[at->own++];

		if (strcmp(symbol->name, name) != 0)
			continue;
		index = map_get(&work->reach.by_entry,
				program->image.base + symbol->value);
		if (index)
			return *index;
	}
	return NOTHING;
}

static bool is_reached(const struct work *work, const char *name)
{
	struct named at = { 0 };

	return each_reached(work, name, &at) != NOTHING;
}

/* How a library that is opened at run time will be used. */
static void note_opened(struct work *work, struct loaded *loaded, bool fresh,
			bool nss, const struct loaded *by)
{
	if (fresh) {
		loaded->added = !loaded->libc;
		loaded->nss = nss && !work->reach.all_data;
	} else if (loaded->nss && !nss) {
		loaded->nss = false;
		add_exports(work, loaded);
	} else if (by->libc && !loaded->added && !loaded->libc) {
		/* libc looks up what it wants, where we do not see it. */
		loaded->added = true;
		add_exports(work, loaded);
	}
}

static bool open_library(struct work *work, const char *name, struct loaded *by,
			 const char *why, bool nss, struct cg_error *err)
{
	struct loaded *loaded;
	const char *kept = arena_text(&work->arena, name, strlen(name));
	const size_t before = work->world.count;

	if (!kept)
		return fail_work(work, err);
	if (!load_library(&work->loader, kept, by, why, &loaded, err))
		return false;
	/*
	 * Of one that is there anyway only what is looked up by name is used
	 * besides; a name that is not known is a gap of its own.
	 */
	if (loaded)
		note_opened(work, loaded, loaded->index >= before, nss, by);
	return loaded || load_note_missing(&work->loader, kept, by, true, err);
}

bool work_open_library(struct work *work, const char *name, struct loaded *by,
		       const char *why, struct cg_error *err)
{
	return open_library(work, name, by, why, false, err);
}

bool work_open_service(struct work *work, const char *name, struct loaded *by,
		       const char *why, struct cg_error *err)
{
	return open_library(work, name, by, why, true, err);
}

void work_leave_modules(struct work *work, const char *why)
{
	work->modules_left = true;
	work->modules_why = why;
}

/* What glibc opens for itself is of no consequence, and known by name. */
static void note_blind(struct work *work, const struct mention *mention)
{
	const struct image *image = &work->loader.program->image;

	if (mention->in->main && !image->interpreter && !image->all.count &&
	    strncmp(mention->text, "libgcc_s.so", 11) != 0 &&
	    strncmp(mention->text, "libc.so", 7) != 0)
		work_leave_modules(work, "it names a library, and without "
					 "symbols nobody can tell whether it "
					 "opens it");
}

static bool follow_mention(struct work *work, const struct mention *mention,
			   struct cg_error *err)
{
	if (strcmp(mention->text, "/etc/nsswitch.conf") == 0) {
		if (work->wanted->options->no_modules) {
			work_leave_modules(work, "NSS modules were left out");
			return true;
		}
		return modules_nss(work, mention->in, err);
	}
	if (strstr(mention->text, "gconv-modules")) {
		/* glibc's converters call nothing but malloc and memcpy. */
		return true;
	}
	/* PAM: its services are asked for by name. */
	if (mention->text[0] == '/') {
		work->pam = true;
		return true;
	}
	if (!work->opens && !mention->in->libc) {
		note_blind(work, mention);
		return true;
	}
	return work_open_library(work, mention->text, mention->in,
				 "named in code that opens libraries", err);
}

static bool follow_mentions(struct work *work, struct cg_error *err)
{
	const bool opens =
		is_reached(work, "dlopen") || is_reached(work, "dlmopen");

	/* Names that were passed over count from now on. */
	if (opens && !work->opens)
		work->mentioned = 0;
	work->opens = opens;
	for (; work->mentioned < work->reach.mention_count; work->mentioned++) {
		struct mention mention = work->reach.mentions[work->mentioned];

		if (!follow_mention(work, &mention, err))
			return false;
	}
	return true;
}

/* --------------------------------------------------------------- rounds -- */

/* Whether an image has an unwinder of its own, without its symbols. */
static bool may_unwind(const struct loaded *in)
{
	const struct symbols *symbols = &in->image.dynamic;
	const char *soname = in->image.soname;

	if (in->libc || in->is_loader ||
	    (soname && strncmp(soname, "libgcc_s.", 9) == 0))
		return false;
	/* By these an unwinder finds its tables. */
	for (size_t i = 0; i < symbols->count; i++)
		if (!symbols->at[i].defined &&
		    (strcmp(symbols->at[i].name, "dl_iterate_phdr") == 0 ||
		     strcmp(symbols->at[i].name, "_dl_find_object") == 0))
			return true;
	return false;
}

static void note_unwinding(struct work *work)
{
	static const char *const names[] = {
		"_Unwind_RaiseException",
		"_Unwind_ForcedUnwind",
		"_Unwind_Resume_or_Rethrow",
	};
	const struct loaded *program = work->loader.program;
	/* Without symbols nobody can tell. */
	bool unwinds = !program->image.interpreter && !program->image.all.count;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unwinds |= is_reached(work, names[i]);
	for (size_t i = 0; i < work->world.count && !unwinds; i++)
		unwinds = may_unwind(work->world.images[i]);
	for (size_t i = 0; i < program->image.all.count; i++)
		unwinds |= strcmp(program->image.all.at[i].name,
				  "_Unwind_ForcedUnwind") == 0;
	if (unwinds)
		reach_unwind(&work->reach);
}

static bool follow_service(struct work *work, const char *text,
			   struct loaded *in, struct cg_error *err)
{
	if (!work->wanted->options->no_modules)
		return modules_pam(work, text, in, err);
	work_leave_modules(work, "modules of PAM were left out");
	return true;
}

/* Which definition is meant, the handle says: all of them count. */
static void
look_up(struct work *work, const char *name, const struct finding *finding)
{
	const struct cause cause = {
		.how = HOW_EXPORT,
		.by = finding->function,
		.at = finding->at,
	};
	size_t at = 0;
	struct found found = world_each(&work->world, name, &at);

	for (; found.in; found = world_each(&work->world, name, &at))
		reach_symbol(&work->reach, found, cause);
}

static bool follow_name(struct work *work, const struct finding *finding,
			struct cg_error *err)
{
	struct loaded *in = world_at(&work->world, finding->number);
	const char *text;

	if (!in)
		return true;
	text = image_text(&in->image, finding->number - in->image.base);
	if (!text) {
		resolve_unknown(&work->resolve, finding,
				"memory that others may change");
		return true;
	}
	if (!*text)
		return true;
	switch (finding->purpose) {
	case FOR_LIBRARY:
		return work_open_library(work, text, in, "opened by name", err);
	case FOR_SERVICE:
		return follow_service(work, text, in, err);
	default:
		look_up(work, text, finding);
		return true;
	}
}

/* Who has PAM's functions in itself asks by no name that we know. */
static void note_pam(struct work *work)
{
	if (work->pam && !is_reached(work, "pam_start") &&
	    !is_reached(work, "pam_start_confdir"))
		work_leave_modules(work, "modules of PAM were not looked at; "
					 "--with pam:SERVICE does");
}

/* Names that constants hand to dlopen, dlsym and pam_start. */
static bool follow_names(struct work *work, struct cg_error *err)
{
	static const struct {
		const char *function;
		unsigned argument;
		enum purpose purpose;
	} rows[] = {
		{ "dlopen", 0, FOR_LIBRARY },
		{ "dlmopen", 1, FOR_LIBRARY },
		{ "dlsym", 1, FOR_SYMBOL },
		{ "dlvsym", 1, FOR_SYMBOL },
		{ "pam_start", 0, FOR_SERVICE },
		{ "pam_start_confdir", 0, FOR_SERVICE },
	};
	struct resolve *resolve = &work->resolve;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct named at = { 0 };
		uint32_t function;

		while ((function = each_reached(work, rows[i].function, &at)) !=
		       NOTHING)
			resolve_argument(resolve, function, rows[i].argument,
					 rows[i].purpose);
	}
	note_pam(work);
	sharing_note(work);
	for (size_t i = 0; i < resolve->finding_count; i++) {
		const struct finding finding = resolve->findings[i];

		if (finding.purpose >= FOR_LIBRARY &&
		    !follow_name(work, &finding, err))
			return false;
	}
	return true;
}

static void
say(const struct work *work, const char *what, size_t done, size_t known)
{
	const struct cg_profile_options *options = work->wanted->options;

	if (options->progress)
		options->progress(options->context, what, done, known);
}

/* ------------------------------------------------------------- shelves -- */

/* Hashing more than this takes longer than it may save. */
enum { SHELVED_MAX = 1 << 26 };

static void open_shelf(void *data, size_t index)
{
	const struct work *work = data;
	struct loaded *in = work->world.images[work->rooted + index];

	if (in->image.file.size > SHELVED_MAX)
		return;
	shelf_sum(&in->image, &work->wanted->storage);
	if (in->shelf)
		shelf_open(in->shelf, &work->wanted->storage, in,
			   work->reach.all_data);
}

static void save_shelf(struct work *work, const struct shelf *shelf)
{
	if (shelf)
		shelf_save(shelf, &work->arena, &work->wanted->storage);
}

/* What is kept of the images as they stand now. */
static bool open_world_shelf(struct work *work)
{
	save_shelf(work, work->reach.shelf);
	work->reach.shelf = NULL;
	for (size_t i = 0; i < work->world.count; i++)
		if (!work->world.images[i]->image.has_sum)
			return true;
	work->reach.shelf = arena_array(&work->arena, struct shelf, 1);
	if (work->reach.shelf)
		shelf_open_world(work->reach.shelf, &work->wanted->storage,
				 &work->world, work->reach.all_data);
	return work->reach.shelf != NULL;
}

/* What is kept of the images that came last. */
static bool open_shelves(struct work *work, struct cg_error *err)
{
	if (!work->wanted->storage.load || work->rooted == work->world.count)
		return true;
	for (size_t i = work->rooted; i < work->world.count; i++) {
		struct loaded *in = work->world.images[i];

		if (in->main)
			continue;
		in->shelf = arena_array(&work->arena, struct shelf, 1);
		if (!in->shelf)
			return fail_work(work, err);
	}
	crew_each(&work->wanted->crew, work->world.count - work->rooted,
		  open_shelf, work);
	for (size_t i = work->rooted; i < work->world.count; i++)
		if (!work->world.images[i]->image.has_sum)
			work->world.images[i]->shelf = NULL;
	return open_world_shelf(work) || fail_work(work, err);
}

static void save_shelves(struct work *work)
{
	for (size_t i = 0; i < work->world.count; i++)
		save_shelf(work, work->world.images[i]->shelf);
	save_shelf(work, work->reach.shelf);
}

static void say_read(void *context, size_t done, size_t known)
{
	say(context, "code", done, known);
}

/* Until no round brings anything new. */
static bool settle(struct work *work, struct cg_error *err)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		const size_t images = work->world.count;
		size_t functions, asks;

		if (!open_shelves(work, err))
			return false;
		while (work->rooted < work->world.count)
			add_roots(work, work->world.images[work->rooted++]);
		reach_drain(&work->reach);
		note_unwinding(work);
		reach_drain(&work->reach);
		say(work, "code", work->reach.function_count,
		    work->reach.function_count);
		if (work->reach.nomem)
			return fail_work(work, err);
		if (!follow_mentions(work, err))
			return false;
		reach_drain(&work->reach);
		note_unwinding(work);
		reach_drain(&work->reach);
		if (work->world.count > images)
			continue;
		/* Values may be others once there is more code. */
		functions = work->reach.function_count;
		asks = work->reach.ask_count;
		work->resolve = (struct resolve){ .arena = &work->arena,
						  .flows = &work->flows,
						  .reach = &work->reach };
		if (!resolve_all(&work->resolve))
			return fail_work(work, err);
		say(work, "numbers", work->resolve.finding_count,
		    work->resolve.finding_count);
		if (!follow_names(work, err))
			return false;
		reach_drain(&work->reach);
		note_unwinding(work);
		reach_drain(&work->reach);
		if (work->resolve.nomem || work->reach.nomem)
			return fail_work(work, err);
		if (work->world.count == images &&
		    work->reach.function_count == functions &&
		    work->reach.ask_count == asks)
			return true;
	}
	return fail(err, CG_E_INPUT,
		    "%s: each library names another; gave up after %d rounds",
		    work->path, ROUNDS_MAX);
}

/* pam:SERVICE, gconv or gconv:CHARSET, or a library. */
static bool
open_one_wanted(struct work *work, const char *name, struct cg_error *err)
{
	struct loaded *by = work->loader.program;
	bool found;

	if (strncmp(name, "pam:", 4) == 0)
		return modules_pam(work, name + 4, by, err);
	if (strcmp(name, "gconv") == 0 || strncmp(name, "gconv:", 6) == 0)
		return modules_gconv(work, name[5] ? name + 6 : "", &found,
				     err) &&
		       (found || fail(err, CG_E_INPUT,
				      "%s: no converter of '%s' was found",
				      work->path, name));
	return work_open_library(work, name, by, "asked for", err);
}

static bool open_wanted(struct work *work, struct cg_error *err)
{
	const char *const *with = work->wanted->options->with;

	for (size_t i = 0; with && with[i]; i++) {
		const size_t before = work->world.count;

		if (!open_one_wanted(work, with[i], err))
			return false;
		if (work->world.count == before)
			return fail(err, CG_E_INPUT,
				    "%s: no library '%s' was found, or it is "
				    "loaded already",
				    work->path, with[i]);
	}
	return true;
}

/* What is known once files are read; `work` says what is wanted. */
static bool
make_report(struct work *work, struct arena *arena, struct bytes file,
	    struct report *report, struct cg_error *err)
{
	const struct wanted *wanted = work->wanted;

	if (!memo_init(&work->memo, &work->arena, MEMO_BITS))
		return fail_work(work, err);
	work->world.arena = &work->arena;
	work->loader = (struct loader){
		.arena = &work->arena,
		.files = wanted->files,
		.world = &work->world,
		.extra = wanted->options->library_path,
		.no_debug = wanted->options->no_debug,
	};
	work->reach = (struct reach){
		.arena = &work->arena,
		.world = &work->world,
		.all_data = wanted->options->data == CG_DATA_ALL,
		.flows = &work->flows,
		.memo = &work->memo,
		.crew = wanted->crew,
		.progress = say_read,
		.progress_context = work,
	};
	return load_program(&work->loader, work->path, file, err) &&
	       (flows_init(&work->flows, &work->arena, &work->reach) ||
		fail_work(work, err)) &&
	       open_wanted(work, err) && settle(work, err) &&
	       (!wanted->options->after ||
		after_find(work, wanted->options->after, err)) &&
	       profile_tell(arena, work, report, err);
}

/* Whether a report is about nothing yet: then it can be about one program. */
static bool is_empty(const struct report *report)
{
	return !report->abi && !report->image_count && !report->gap_count;
}

bool profile_program(struct arena *arena, const struct wanted *wanted,
		     const char *path, struct bytes file, struct report *report,
		     struct cg_error *err)
{
	struct wanted traced = *wanted;
	struct arena_pool pool = { wanted->memory };
	struct work work = {
		.arena = { .budget = wanted->memory, .pool = &pool },
		.wanted = &traced,
		.path = path,
	};
	struct answer answer = { 0 };
	const char *real;
	bool ok;

	if (is_empty(report))
		answer_open(&answer, &work.arena, wanted, path);
	ok = answer_find(&answer, arena, report);
	if (!ok) {
		if (answer.storage) {
			traced.files = (struct files){ answer_read, &answer,
						       wanted->files.name };
			answer_read(&answer, path, &file, &real);
		}
		ok = make_report(&work, arena, file, report, err);
		if (ok) {
			save_shelves(&work);
			answer_keep(&answer, report);
		}
	}
	arena_free(&work.arena);
	return ok;
}
