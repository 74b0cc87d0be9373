#include "trace/breakpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "profile/elf.h"
#include "sys/file.h"
#include "trace/inject.h"
#include "trace/machine.h"

enum {
	FILE_LIMIT = 1 << 30,
	MEMORY = 1 << 30,
	MAPS_MAX = 64 << 20,
	WORD = 8, /* what memory is read and written in */
};

/* Where the function is in one process. */
struct planted {
	pid_t process;
	uint64_t address;
};

struct breakpoint {
	char *path; /* of the file, without links */
	dev_t device;
	ino_t inode;
	uint64_t offset; /* of the function, in the file */
	unsigned char first[sizeof(((struct trap_insn *)0)->code)];
	struct planted *planted;
	size_t count, room;
};

/* ------------------------------------------------------------- the file -- */

static const struct symbol *
find_in(const struct symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++) {
		const struct symbol *symbol = &symbols->at[i];

		if (symbol->defined && symbol->kind == SYMBOL_FUNCTION &&
		    strcmp(symbol->name, name) == 0)
			return symbol;
	}
	return NULL;
}

static bool find_function(struct breakpoint *out, const struct image *image,
			  const char *name, struct cg_error *err)
{
	const struct symbol *symbol = find_in(&image->all, name);
	const struct trap_insn *trap = machine_trap();
	const struct segment *segment;
	struct bytes bytes;

	if (!symbol)
		symbol = find_in(&image->dynamic, name);
	if (!symbol)
		return fail(err, CG_E_INPUT,
			    "%s has no function '%s' that can be watched for%s",
			    out->path, name,
			    image->all.count ? ""
					     : "; its symbols are "
					       "stripped");
	segment = image_segment(image, symbol->value);
	bytes = image_bytes(image, symbol->value, trap->length);
	if (!segment || !segment->execute || !bytes.size)
		return fail(err, CG_E_INPUT, "'%s' in %s is no code", name,
			    out->path);
	out->offset = symbol->value - segment->start + segment->offset;
	memcpy(out->first, bytes.at, bytes.size);
	return true;
}

static bool read_file(struct breakpoint *out, const char *file,
		      const char *name, struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	struct image image;
	struct stat about;
	size_t length;
	char *text;
	bool ok;

	out->path = realpath(file, NULL);
	if (!out->path || stat(out->path, &about) != 0)
		return fail_errno(err, CG_E_INPUT, errno, "cannot read %s",
				  file);
	out->device = about.st_dev;
	out->inode = about.st_ino;
	if (!file_read(out->path, FILE_LIMIT, &text, &length, err))
		return false;
	ok = image_open(&arena,
			(struct bytes){ (const unsigned char *)text, length },
			out->path, &image, err) &&
	     find_function(out, &image, name, err);
	arena_free(&arena);
	free(text);
	return ok;
}

bool breakpoint_new(const char *text, const char *own, struct breakpoint **out,
		    struct cg_error *err)
{
	const char *colon = strrchr(text, ':');
	const char *name = colon ? colon + 1 : text;
	struct breakpoint *made;
	char *file;
	bool ok;

	if (!machine_trap())
		return fail(err, CG_E_UNSUPPORTED,
			    "on this machine no function can be watched for");
	if (!colon && !own)
		return fail(err, CG_E_INPUT,
			    "which file the symbol '%s' is in cannot be told; "
			    "say symbol:FILE:%s",
			    name, name);
	file = colon ? strndup(text, (size_t)(colon - text)) : strdup(own);
	made = calloc(1, sizeof(*made));
	ok = file && made ? read_file(made, file, name, err) : fail_nomem(err);
	free(file);
	if (!ok) {
		breakpoint_free(made);
		return false;
	}
	*out = made;
	return true;
}

void breakpoint_free(struct breakpoint *breakpoint)
{
	if (!breakpoint)
		return;
	free(breakpoint->path);
	free(breakpoint->planted);
	free(breakpoint);
}

/* --------------------------------------------------------- the processes -- */

static struct planted *
planted_in(const struct breakpoint *breakpoint, pid_t process)
{
	for (size_t i = 0; i < breakpoint->count; i++)
		if (breakpoint->planted[i].process == process)
			return &breakpoint->planted[i];
	return NULL;
}

/* "55a0-55b0 r-xp 00001000 fd:00 1234   /usr/bin/x": the function, or 0. */
static uint64_t
address_in(const struct breakpoint *breakpoint, const char *line)
{
	unsigned long long start, end, offset, inode;
	unsigned major, minor;
	char mode[5];
	int path = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, mode,
		   &offset, &major, &minor, &inode, &path) != 7 ||
	    mode[2] != 'x' || inode != breakpoint->inode)
		return 0;
	/* Some file systems show another device here than to stat(2). */
	if (makedev(major, minor) != breakpoint->device &&
	    strcmp(line + path, breakpoint->path) != 0)
		return 0;
	if (breakpoint->offset < offset ||
	    breakpoint->offset - offset >= end - start)
		return 0;
	return start + (breakpoint->offset - offset);
}

/* Where the function is in a process; 0: the file is not mapped there. */
static bool find_address(const struct breakpoint *breakpoint, pid_t process,
			 uint64_t *out, struct cg_error *err)
{
	char path[64], *text, *rest, *line;
	size_t length;

	*out = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)process);
	if (!file_read(path, MAPS_MAX, &text, &length, err))
		return false;
	rest = text;
	while (!*out && (line = strsep(&rest, "\n")))
		*out = address_in(breakpoint, line);
	free(text);
	return true;
}

/* Whatever a word boundary cuts through. */
static bool write_code(pid_t thread, uint64_t address,
		       const unsigned char *code, size_t length)
{
	uint64_t start = address - address % WORD;
	unsigned char words[2 * WORD];
	size_t size =
		address % WORD + length > WORD ? sizeof(words) : (size_t)WORD;

	if (!memory_read(thread, start, words, size))
		return false;
	memcpy(words + address % WORD, code, length);
	return memory_write(thread, start, words, size);
}

static bool remember(struct breakpoint *breakpoint, pid_t process,
		     uint64_t address, struct cg_error *err)
{
	struct planted *here = planted_in(breakpoint, process);

	if (!here && breakpoint->count == breakpoint->room) {
		size_t room = breakpoint->room ? 2 * breakpoint->room : 16;
		struct planted *grown =
			realloc(breakpoint->planted, room * sizeof(*grown));

		if (!grown)
			return fail_nomem(err);
		breakpoint->planted = grown;
		breakpoint->room = room;
	}
	if (!here)
		here = &breakpoint->planted[breakpoint->count++];
	*here = (struct planted){ process, address };
	return true;
}

static void forget(struct breakpoint *breakpoint, struct planted *planted)
{
	if (planted)
		*planted = breakpoint->planted[--breakpoint->count];
}

bool breakpoint_plant(struct breakpoint *breakpoint, pid_t thread,
		      pid_t process, struct cg_error *err)
{
	const struct trap_insn *trap = machine_trap();
	uint64_t address;

	if (!find_address(breakpoint, process, &address, err))
		return false;
	if (!address) {
		forget(breakpoint, planted_in(breakpoint, process));
		return true;
	}
	return (remember(breakpoint, process, address, err) &&
		write_code(thread, address, trap->code, trap->length)) ||
	       fail(err, CG_E_SYSTEM,
		    "the function cannot be watched for in process %d",
		    (int)process);
}

bool breakpoint_hit(const struct breakpoint *breakpoint, pid_t thread,
		    pid_t process)
{
	const struct planted *here = planted_in(breakpoint, process);
	struct regs regs;

	if (!here || !regs_read(thread, &regs) ||
	    regs_pc(&regs) != here->address + machine_trap()->behind)
		return false;
	regs_set_pc(&regs, here->address);
	return regs_write(thread, &regs);
}

/* By what is mapped now: it may be a child's copy, or gone with an exec. */
bool breakpoint_clear(const struct breakpoint *breakpoint, pid_t thread,
		      pid_t process, struct cg_error *err)
{
	const struct trap_insn *trap = machine_trap();
	unsigned char words[WORD];
	uint64_t address;

	if (!find_address(breakpoint, process, &address, err))
		return false;
	if (!address ||
	    (memory_read(thread, address - address % WORD, words, WORD) &&
	     memcmp(words + address % WORD, trap->code, 1) != 0))
		return true;
	return write_code(thread, address, breakpoint->first, trap->length) ||
	       fail(err, CG_E_SYSTEM,
		    "the code of process %d cannot be put back", (int)process);
}
