#include "watch/around.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "watch/cgroup.h"

enum {
	PEEK = 4096,
	LINE = 256, /* of an ancestor's command line */
	MEMORY = 64 << 10,
	PLACES = 1024,
};

#define SECOND UINT64_C(1000000000)

struct around_cache {
	struct around *at[PLACES];
	uint64_t tick; /* ns of /proc's unit of time */
};

struct around_cache *around_cache_new(void)
{
	struct around_cache *cache = calloc(1, sizeof(*cache));
	long ticks = sysconf(_SC_CLK_TCK);

	if (cache)
		cache->tick = SECOND / (uint64_t)(ticks > 0 ? ticks : 100);
	return cache;
}

void around_put(struct around *around)
{
	if (!around ||
	    __atomic_sub_fetch(&around->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_free(&around->arena);
	free(around);
}

void around_cache_free(struct around_cache *cache)
{
	for (size_t i = 0; cache && i < PLACES; i++)
		around_put(cache->at[i]);
	free(cache);
}

/* -------------------------------------------------------------- asking -- */

/* Arguments stand one behind the other, each with a NUL at its end. */
static const char *command_line(struct arena *arena, int process, size_t most)
{
	char text[PEEK];
	long length = file_peek(process, "cmdline", text, most);

	if (length <= 0)
		return NULL;
	for (long i = 0; i + 1 < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return arena_text(arena, text, (size_t)length);
}

static const char *link_of(struct arena *arena, int process, const char *name)
{
	char text[PEEK];
	ssize_t length = readlinkat(process, name, text, sizeof(text));

	if (length <= 0 || length == (ssize_t)sizeof(text))
		return NULL;
	return arena_text(arena, text, (size_t)length);
}

/* "\012" as maps has it is a newline; what is gone ends in " (deleted)". */
static const char *path_of(struct arena *arena, const char *path, size_t length)
{
	char text[PEEK];
	size_t used = 0;

	while (length && used + 1 < sizeof(text)) {
		const bool newline =
			length >= 4 && memcmp(path, "\\012", 4) == 0;

		text[used++] = newline ? '\n' : *path;
		path += newline ? 4 : 1;
		length -= newline ? 4 : 1;
	}
	return length ? NULL : arena_text(arena, text, used);
}

/*
 * Whoever may not look into a process is not told its program by the link. Its
 * maps are told to who may profile (CAP_PERFMON, since Linux 6.15): the program
 * is among them, by the inode that eBPF saw. "START-END rwxp OFFSET
 * MAJOR:MINOR INODE   PATH", numbers but the inode in hexadecimal digits.
 */
static const char *
mapped(struct arena *arena, int process, const struct violation *violation)
{
	char line[PEEK + 128], *path = NULL;
	bool begins = true;
	const int file = openat(process, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = file >= 0 ? fdopen(file, "r") : NULL;
	unsigned long long inode;
	unsigned major, minor;
	int at = 0;

	if (file >= 0 && !maps)
		close(file);
	for (; maps && !path && fgets(line, sizeof(line), maps);
	     begins = strchr(line, '\n') != NULL)
		if (begins && strchr(line, '\n') &&
		    sscanf(line, "%*x-%*x %*s %*x %x:%x %llu %n", &major,
			   &minor, &inode, &at) == 3 &&
		    inode == violation->file &&
		    (major << 20 | minor) == violation->device)
			path = line + at;
	if (maps)
		fclose(maps);
	return path && *path == '/' ? path_of(arena, path, strcspn(path, "\n"))
				    : NULL;
}

/* Of /proc/PID/stat, "PID (NAME) STATE PPID ...". */
struct stat_line {
	char name[64];
	uint32_t parent;
	uint64_t start; /* in ticks */
};

static bool read_stat(int process, struct stat_line *out)
{
	enum { PARENT = 1, START = 19 }; /* behind the name, from the state */
	char text[PEEK], *open, *close, *rest = NULL;
	unsigned field = 0;

	*out = (struct stat_line){ 0 };
	if (file_peek(process, "stat", text, sizeof(text)) <= 0)
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return false;
	*close = '\0';
	snprintf(out->name, sizeof(out->name), "%s", open + 1);
	for (char *word = strtok_r(close + 1, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest), field++) {
		if (field == PARENT)
			out->parent = (uint32_t)strtoul(word, NULL, 10);
		if (field == START)
			out->start = strtoull(word, NULL, 10);
	}
	return field > START;
}

static int open_process(uint32_t process)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", process);
	return open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/*
 * Whether it is still the one that is meant: pids are used again. It is if it
 * began when that one did; else its name or its file has to fit.
 */
static bool is_the_same(const struct around *around, uint64_t tick,
			const struct stat_line *line)
{
	if (around->start)
		return around->start / tick == line->start;
	return same_text(around->name, line->name) ||
	       same_text(around->told, around->executable);
}

static void ask_ancestors(struct around *around, uint32_t process)
{
	for (size_t i = 0; process && i < AROUND_ANCESTORS; i++) {
		struct cg_ancestor *ancestor = &around->ancestors[i];
		struct stat_line line;
		int at = open_process(process);

		if (at < 0)
			return;
		if (!read_stat(at, &line)) {
			close(at);
			return;
		}
		ancestor->pid = process;
		ancestor->name = arena_text(&around->arena, line.name,
					    strlen(line.name));
		ancestor->command_line = command_line(&around->arena, at, LINE);
		around->ancestor_count = i + 1;
		process = line.parent;
		close(at);
	}
}

static void
ask(struct around *around, uint64_t tick, const struct violation *violation)
{
	struct arena *arena = &around->arena;
	int process = open_process(around->process);
	struct stat_line line;
	char cgroup[PEEK];

	if (process < 0)
		return;
	around->executable = link_of(arena, process, "exe");
	if (!read_stat(process, &line) || !is_the_same(around, tick, &line)) {
		around->executable = NULL;
		close(process);
		return;
	}
	if (!around->executable && violation->file)
		around->executable = mapped(arena, process, violation);
	around->parent = line.parent;
	around->command_line = command_line(arena, process, PEEK);
	around->working_directory = link_of(arena, process, "cwd");
	if (file_peek(process, "cgroup", cgroup, sizeof(cgroup)) > 0) {
		around->container = cgroup_container(arena, cgroup);
		around->unit = cgroup_unit(arena, cgroup);
		around->pod = cgroup_pod(arena, cgroup);
	}
	close(process);
	ask_ancestors(around, line.parent);
}

/* --------------------------------------------------------------- cache -- */

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_text(arena, text, strlen(text)) : NULL;
}

static struct around *
around_new(const struct violation *violation, uint64_t now)
{
	const struct cg_violation *about = &violation->about;
	struct around *around = calloc(1, sizeof(*around));

	if (!around)
		return NULL;
	around->references = 1;
	around->arena.budget = MEMORY;
	around->process = about->pid;
	around->start = violation->start;
	around->image = violation->image;
	around->asked = now;
	around->name = copy(&around->arena, about->name);
	around->told = copy(&around->arena, about->executable);
	return around;
}

/*
 * What was found stays true for a while: a process may change its folder or be
 * moved. Where only its number and names are known, for as long as no other can
 * have come to the same number.
 */
static bool fits(const struct around *around, const struct violation *violation,
		 uint64_t now)
{
	const struct cg_violation *about = &violation->about;

	if (!around || around->process != about->pid)
		return false;
	if (violation->start && around->start)
		return around->start == violation->start &&
		       around->image == violation->image &&
		       now - around->asked < 5 * SECOND;
	return now - around->asked < SECOND / 2 &&
	       (same_text(around->name, about->name) ||
		same_text(around->told, about->executable));
}

/* What sources that were there told themselves counts. */
static void fill(struct violation *violation, const struct around *around)
{
	struct cg_violation *out = &violation->about;

	if (!out->executable)
		out->executable = around->executable;
	if (!out->parent)
		out->parent = around->parent;
	if (!out->container)
		out->container = around->container;
	out->command_line = around->command_line;
	out->working_directory = around->working_directory;
	out->unit = around->unit;
	out->pod = around->pod;
	out->ancestors = around->ancestors;
	out->ancestor_count = around->ancestor_count;
}

void around_ask(struct around_cache *cache, struct violation *violation,
		uint64_t now)
{
	const uint32_t process = violation->about.pid;
	struct around **place;

	if (process == CG_UNSET || !cache || violation->around)
		return;
	place = &cache->at[process % PLACES];
	if (!fits(*place, violation, now)) {
		struct around *fresh = around_new(violation, now);

		if (!fresh)
			return;
		ask(fresh, cache->tick, violation);
		around_put(*place);
		*place = fresh;
	}
	violation->around = *place;
	__atomic_add_fetch(&violation->around->references, 1, __ATOMIC_RELAXED);
	fill(violation, violation->around);
}
