#include "profile/load.h"

#include <stdio.h>

#include "profile/extents.h"

enum { PATH_MAX_ = 4096, CACHE_HEADER = 48, CACHE_ENTRY = 24 };

/* What an architecture's loader looks for, and where. */
static const struct layout {
	enum machine machine;
	uint32_t cache_flags; /* of entries in ld.so.cache */
	const char *platform, *lib, *triplet;
} layouts[] = {
	{ MACHINE_X86_64, 0x0303, "x86_64", "lib64", "x86_64-linux-gnu" },
	{ MACHINE_I386, 0x0003, "i686", "lib", "i386-linux-gnu" },
	{ MACHINE_AARCH64, 0x0a03, "aarch64", "lib64", "aarch64-linux-gnu" },
};

static const struct layout *layout_of(const struct loader *loader)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].machine == loader->program->image.machine)
			return &layouts[i];
	return &layouts[0];
}

/* -------------------------------------------------------- one candidate -- */

struct candidate {
	char path[PATH_MAX_];
	struct bytes file;
	const char *real;
};

/* The loader passes over files for other machines, and so do we. */
static bool fits(const struct loader *loader, struct bytes file)
{
	const struct image *program = &loader->program->image;

	return file.size >= 20 && memcmp(file.at, "\177ELF", 4) == 0 &&
	       file.at[4] == (program->word == 8 ? 2 : 1) &&
	       bytes_u16(file, 18) == bytes_u16(program->file, 18);
}

static bool try_path(const struct loader *loader, struct candidate *candidate)
{
	return loader->files.read(loader->files.context, candidate->path,
				  &candidate->file, &candidate->real) &&
	       fits(loader, candidate->file);
}

static bool try_in(const struct loader *loader, const char *folder,
		   size_t length, const char *name, struct candidate *candidate)
{
	int used = snprintf(candidate->path, sizeof(candidate->path), "%.*s/%s",
			    (int)length, folder, name);

	return used > 0 && (size_t)used < sizeof(candidate->path) &&
	       try_path(loader, candidate);
}

enum { LEVELS = 3 };

/* Of the folders that glibc looks in first, for processors that have more. */
static const char *const levels[LEVELS] = { "x86-64-v2", "x86-64-v3",
					    "x86-64-v4" };

/* In a folder, or at least in one of those below it. */
static bool
try_levels(const struct loader *loader, const char *folder, size_t length,
	   const char *name, struct candidate *candidate)
{
	char below[PATH_MAX_];

	if (try_in(loader, folder, length, name, candidate))
		return true;
	if (loader->program->image.machine != MACHINE_X86_64)
		return false;
	for (size_t i = 0; i < LEVELS; i++) {
		int used =
			snprintf(below, sizeof(below), "%.*s/glibc-hwcaps/%s",
				 (int)length, folder, levels[i]);

		if (used > 0 && (size_t)used < sizeof(below) &&
		    try_in(loader, below, (size_t)used, name, candidate))
			return true;
	}
	return false;
}

/* ------------------------------------------------------ lists of folders -- */

static bool
add_text(char *out, size_t size, size_t *used, const char *text, size_t length)
{
	if (length >= size - *used)
		return false;
	memcpy(out + *used, text, length);
	*used += length;
	out[*used] = '\0';
	return true;
}

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* $ORIGIN, $LIB and $PLATFORM, also in braces. */
static bool expand(const struct loader *loader, const struct loaded *by,
		   const char *text, size_t length, char *out, size_t size)
{
	const struct layout *layout = layout_of(loader);
	const struct {
		const char *name, *value;
		size_t length;
	} words[] = {
		{ "ORIGIN", by->image.path, folder_length(by->image.path) },
		{ "LIB", layout->lib, strlen(layout->lib) },
		{ "PLATFORM", layout->platform, strlen(layout->platform) },
	};
	size_t used = 0, i = 0;

	out[0] = '\0';
	while (i < length) {
		bool brace = i + 1 < length && text[i + 1] == '{';
		bool known = false;

		for (size_t w = 0; text[i] == '$' && w < 3 && !known; w++) {
			size_t n = strlen(words[w].name);
			size_t from = i + 1 + brace;

			if (from + n + brace > length ||
			    strncmp(text + from, words[w].name, n) != 0 ||
			    (brace && text[from + n] != '}'))
				continue;
			known = true;
			if (!add_text(out, size, &used, words[w].value,
				      words[w].length))
				return false;
			i = from + n + brace;
		}
		if (!known && !add_text(out, size, &used, &text[i++], 1))
			return false;
	}
	return true;
}

static bool
try_list(const struct loader *loader, const struct loaded *by, const char *list,
	 const char *name, struct candidate *candidate)
{
	char folder[PATH_MAX_];

	while (list && *list) {
		size_t length = strcspn(list, ":");

		if (expand(loader, by, list, length, folder, sizeof(folder)) &&
		    try_levels(loader, folder[0] ? folder : ".",
			       folder[0] ? strlen(folder) : 1, name, candidate))
			return true;
		list += length + (list[length] == ':');
	}
	return false;
}

/* ----------------------------------------------------------- the cache -- */

/* The content behind an old-style head, too. */
static struct bytes new_cache(struct bytes cache)
{
	static const char old[] = "ld.so-1.7.0",
			  magic[] = "glibc-ld.so.cache1.1";
	uint64_t skip;

	if (cache.size > 16 && memcmp(cache.at, old, sizeof(old) - 1) == 0) {
		skip = (16 + 12 * (uint64_t)bytes_u32(cache, 12) + 7) & ~7ull;
		cache = bytes_part(cache, skip,
				   cache.size < skip ? 0 : cache.size - skip);
	}
	if (cache.size < CACHE_HEADER ||
	    memcmp(cache.at, magic, sizeof(magic) - 1) != 0)
		return (struct bytes){ NULL, 0 };
	return cache;
}

static bool try_cache(const struct loader *loader, const char *name,
		      struct candidate *candidate)
{
	const struct bytes cache = new_cache(loader->cache);
	const uint32_t flags = layout_of(loader)->cache_flags;
	const uint32_t count = bytes_u32(cache, 20);

	for (uint32_t i = 0; i < count; i++) {
		const uint64_t at = CACHE_HEADER + (uint64_t)i * CACHE_ENTRY;
		const char *key, *value;

		if (!bytes_has(cache, at, CACHE_ENTRY))
			break;
		/* Those for some processors only come with a plain one. */
		if (bytes_u32(cache, at) != flags ||
		    bytes_u64(cache, at + 16) != 0)
			continue;
		key = bytes_text(cache, bytes_u32(cache, at + 4));
		value = bytes_text(cache, bytes_u32(cache, at + 8));
		if (!key || !value || strcmp(key, name) != 0)
			continue;
		snprintf(candidate->path, sizeof(candidate->path), "%s", value);
		if (try_path(loader, candidate))
			return true;
	}
	return false;
}

static bool try_defaults(const struct loader *loader, const char *name,
			 struct candidate *candidate)
{
	const struct layout *layout = layout_of(loader);
	const char *const parents[] = { "/lib", "/usr/lib" };
	char folder[64];

	for (size_t i = 0; i < 2; i++) {
		snprintf(folder, sizeof(folder), "%s/%s", parents[i],
			 layout->triplet);
		if (try_levels(loader, folder, strlen(folder), name, candidate))
			return true;
	}
	for (size_t i = 0; i < 4; i++) {
		snprintf(folder, sizeof(folder), "%s%s", parents[i / 2],
			 i % 2 ? "" : layout->lib + 3);
		if (try_levels(loader, folder, strlen(folder), name, candidate))
			return true;
	}
	if (layout->machine == MACHINE_I386)
		return try_levels(loader, "/lib32", 6, name, candidate) ||
		       try_levels(loader, "/usr/lib32", 10, name, candidate);
	return try_levels(loader, "/usr/local/lib", 14, name, candidate);
}

/* Cross-compilers' own places, for programs of another architecture. */
static bool try_cross(const struct loader *loader, const char *name,
		      struct candidate *candidate)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/usr/%s/lib",
		 layout_of(loader)->triplet);
	return try_levels(loader, folder, strlen(folder), name, candidate);
}

static bool find(const struct loader *loader, const char *name,
		 const struct loaded *by, struct candidate *candidate)
{
	const struct loaded *program = loader->program;

	if (strchr(name, '/')) {
		if (expand(loader, by, name, strlen(name), candidate->path,
			   sizeof(candidate->path)) &&
		    try_path(loader, candidate))
			return true;
		return false;
	}
	for (size_t i = 0; loader->extra && loader->extra[i]; i++)
		if (try_levels(loader, loader->extra[i],
			       strlen(loader->extra[i]), name, candidate))
			return true;
	if (!by->image.runpath &&
	    (try_list(loader, by, by->image.rpath, name, candidate) ||
	     (!program->image.runpath &&
	      try_list(loader, program, program->image.rpath, name,
		       candidate))))
		return true;
	if (try_list(loader, by, by->image.runpath, name, candidate))
		return true;
	return (!by->image.no_default_libs &&
		try_cache(loader, name, candidate)) ||
	       try_defaults(loader, name, candidate) ||
	       try_cross(loader, name, candidate);
}

/* -------------------------------------------------------------- loading -- */

static struct loaded *known_as(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->world->count; i++) {
		struct loaded *loaded = loader->world->images[i];

		if (loaded->image.soname &&
		    strcmp(loaded->image.soname, name) == 0)
			return loaded;
	}
	return NULL;
}

static struct loaded *same_file(const struct loader *loader, const char *real)
{
	for (size_t i = 0; i < loader->world->count; i++)
		if (strcmp(loader->real[i], real) == 0)
			return loader->world->images[i];
	return NULL;
}

/* Symbols that were split off, as Debian's -dbg packages have them. */
static void add_debug(struct loader *loader, struct image *image)
{
	const struct bytes id = image->build_id;
	char path[256] = "/usr/lib/debug/.build-id/";
	size_t used = strlen(path);
	const char *real;
	struct bytes file;

	if (loader->no_debug || image->all.count || id.size < 2 || id.size > 64)
		return;
	for (size_t i = 0; i < id.size; i++) {
		snprintf(path + used, sizeof(path) - used, "%02x%s", id.at[i],
			 i ? "" : "/");
		used += i ? 2 : 3;
	}
	snprintf(path + used, sizeof(path) - used, ".debug");
	if (!loader->files.read(loader->files.context, path, &file, &real))
		return;
	image_add_symbols(loader->arena, file, image);
	image->debug_real = real;
}

static bool add_image(struct loader *loader, const char *path,
		      struct bytes file, const char *real, const char *why,
		      struct loaded **out, struct cg_error *err)
{
	struct image image;
	const char *name = arena_text(loader->arena, path, strlen(path));
	const char **reals;

	if (!name)
		return fail_nomem(err);
	if (!image_open(loader->arena, file, name, &image, err))
		return false;
	image.real = real;
	add_debug(loader, &image);
	if (!extents_add(loader->arena, &image))
		return fail_nomem(err);
	reals = arena_grow(loader->arena, loader->real, &loader->real_room,
			   loader->world->count + 1, sizeof(*reals));
	if (!reals)
		return fail_nomem(err);
	loader->real = reals;
	reals[loader->world->count] = real;
	if (!world_add(loader->world, &image, out, err))
		return false;
	(*out)->why = why;
	return true;
}

bool load_note_missing(struct loader *loader, const char *name,
		       const struct loaded *by, bool asked,
		       struct cg_error *err)
{
	struct missing *grown;

	for (size_t i = 0; i < loader->missing_count; i++)
		if (strcmp(loader->missing[i].name, name) == 0)
			return true;
	grown = arena_grow(loader->arena, loader->missing,
			   &loader->missing_room, loader->missing_count + 1,
			   sizeof(*grown));
	if (!grown)
		return fail_nomem(err);
	loader->missing = grown;
	grown[loader->missing_count++] =
		(struct missing){ name, by->image.path, asked };
	return true;
}

/*
 * What a processor that has more may get instead: which one it is, is not
 * known here, so all of them count, with all that they export.
 */
static bool
load_variant(struct loader *loader, const char *path, struct cg_error *err)
{
	struct candidate candidate;
	struct loaded *loaded;

	snprintf(candidate.path, sizeof(candidate.path), "%s", path);
	if (!try_path(loader, &candidate) || same_file(loader, candidate.real))
		return true;
	if (!add_image(loader, candidate.path, candidate.file, candidate.real,
		       "for some processors", &loaded, err))
		return false;
	loaded->added = true;
	return true;
}

static bool load_variants(struct loader *loader, const char *name,
			  const char *found, struct cg_error *err)
{
	const int folder = (int)folder_length(found);
	char path[PATH_MAX_];

	if (strchr(name, '/') ||
	    loader->program->image.machine != MACHINE_X86_64)
		return true;
	for (size_t i = 0; i < LEVELS; i++)
		if (snprintf(path, sizeof(path), "%.*s/glibc-hwcaps/%s/%s",
			     folder, found, levels[i],
			     name) < (int)sizeof(path) &&
		    !load_variant(loader, path, err))
			return false;
	return true;
}

static bool load_one(struct loader *loader, const char *name, struct loaded *by,
		     const char *why, struct loaded **out, struct cg_error *err)
{
	struct candidate candidate;

	*out = known_as(loader, name);
	if (*out || !find(loader, name, by, &candidate))
		return true;
	*out = same_file(loader, candidate.real);
	if (*out)
		return true;
	return add_image(loader, candidate.path, candidate.file, candidate.real,
			 why, out, err) &&
	       load_variants(loader, name, candidate.path, err);
}

/* What images from `from` on need, and what that needs, in breadth. */
static bool
load_needed(struct loader *loader, size_t from, struct cg_error *err)
{
	for (size_t i = from; i < loader->world->count; i++) {
		struct loaded *by = loader->world->images[i];

		for (size_t k = 0; k < by->image.needed_count; k++) {
			struct loaded *loaded;

			if (!load_one(loader, by->image.needed[k], by,
				      by->image.path, &loaded, err))
				return false;
			if (!loaded &&
			    !load_note_missing(loader, by->image.needed[k], by,
					       false, err))
				return false;
		}
	}
	return true;
}

bool load_program(struct loader *loader, const char *path, struct bytes file,
		  struct cg_error *err)
{
	const char *real, *interpreter;
	struct loaded *loaded;

	if (!add_image(loader, path, file, path, "the program",
		       &loader->program, err))
		return false;
	loader->program->main = true;
	loader->files.read(loader->files.context, "/etc/ld.so.cache",
			   &loader->cache, &real);
	if (!load_needed(loader, 0, err))
		return false;
	interpreter = loader->program->image.interpreter;
	if (!interpreter)
		return true;
	if (!load_one(loader, interpreter, loader->program, "the loader",
		      &loaded, err))
		return false;
	if (!loaded && strrchr(interpreter, '/') &&
	    !load_one(loader, strrchr(interpreter, '/') + 1, loader->program,
		      "the loader", &loaded, err))
		return false;
	if (!loaded)
		return load_note_missing(loader, interpreter, loader->program,
					 false, err);
	/* Libraries may need it, too; it is what starts the program. */
	loaded->why = "the loader";
	loaded->is_loader = true;
	return true;
}

bool load_library(struct loader *loader, const char *name, struct loaded *by,
		  const char *why, struct loaded **out, struct cg_error *err)
{
	const size_t before = loader->world->count;

	return load_one(loader, name, by, why, out, err) &&
	       load_needed(loader, before, err);
}
