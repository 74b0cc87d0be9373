#include "record/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/num.h"
#include "doc/doc.h"
#include "sys/file.h"

enum { STATE_MAX = 4 << 20, MEMORY = 64 << 20 };

/* Where the runtimes keep what they know of a container that runs. */
static const struct {
	const char *runtime;
	const char *path;  /* with %s for the name */
	const char *pid;   /* the key of its first process */
	const char *start; /* of when that was started, in ticks since boot */
} states[] = {
	{ "runc", "/run/runc/%s/state.json", "init_process_pid",
	  "init_process_start" },
	{ "crun", "/run/crun/%s/status", "pid", "process-start-time" },
};

static bool read_tree(struct arena *arena, const char *path, struct node **out,
		      struct cg_error *err)
{
	char *text;
	size_t length;
	bool ok;

	if (!file_read(path, STATE_MAX, &text, &length, err))
		return false;
	ok = doc_read(arena, text, length, path, out, err);
	free(text);
	if (ok && (*out)->kind != NODE_MAPPING)
		return fail(err, CG_E_MEANING, "%s is no mapping", path);
	return ok;
}

/* ------------------------------------------------------ one that runs -- */

static bool
enter_namespace(struct target *target, pid_t pid, struct cg_error *err)
{
	char path[64], here[64], own[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	got = readlink(path, here, sizeof(here) - 1);
	if (got <= 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "the container's process %d cannot be looked "
				  "at",
				  (int)pid);
	here[got] = '\0';
	got = readlink("/proc/self/ns/pid", own, sizeof(own) - 1);
	own[got > 0 ? got : 0] = '\0';
	if (strcmp(here, own) == 0) {
		target->pid = pid; /* no namespace to know it by */
		return true;
	}
	target->namespace = strdup(here);
	return target->namespace || fail_nomem(err);
}

static uint64_t number_at(const struct node *state, const char *key)
{
	const struct node *node = doc_get(state, key);
	uint64_t number;

	if (!node || node->kind != NODE_SCALAR ||
	    num_read(node->text, node->length, &number) != NUM_OK)
		return 0;
	return number;
}

/* A runtime that was killed leaves the state of what has ended behind. */
static bool find_running(struct cg_recorder *recorder, size_t which,
			 const char *path, struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	uint64_t pid = 0, start = 0;
	struct node *state;
	bool ok;

	ok = read_tree(&arena, path, &state, err);
	if (ok) {
		pid = number_at(state, states[which].pid);
		start = number_at(state, states[which].start);
	}
	arena_free(&arena);
	if (ok && (pid == 0 || pid > INT32_MAX))
		ok = fail(err, CG_E_MEANING, "%s names no process", path);
	if (ok && start && start != target_started((pid_t)pid))
		ok = fail(err, CG_E_SYSTEM,
			  "the container's process %d has ended (%s)", (int)pid,
			  path);
	return ok && enter_namespace(&recorder->target, (pid_t)pid, err);
}

/* -------------------------------------------------------------- a bundle -- */

static bool has_pid_namespace(const struct node *linux_node)
{
	const struct node *list = linux_node && linux_node->kind == NODE_MAPPING
					  ? doc_get(linux_node, "namespaces")
					  : NULL;

	for (size_t i = 0;
	     list && list->kind == NODE_SEQUENCE && i < list->count; i++) {
		const struct node *type =
			list->items[i]->kind == NODE_MAPPING
				? doc_get(list->items[i], "type")
				: NULL;

		if (type && type->kind == NODE_SCALAR &&
		    strcmp(type->text, "pid") == 0)
			return true;
	}
	return false;
}

static bool in_path(const char *name)
{
	const char *path = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe) */

	for (; path && *path; path += *path == ':') {
		size_t length = strcspn(path, ":");
		char *file;
		bool there;

		if (asprintf(&file, "%.*s/%s", (int)length, path, name) < 0)
			return false;
		there = access(file, X_OK) == 0;
		free(file);
		if (there)
			return true;
		path += length;
	}
	return false;
}

static const char *choose_runtime(const struct cg_record_options *options)
{
	if (options->runtime)
		return options->runtime;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (in_path(states[i].runtime))
			return states[i].runtime;
	return NULL;
}

/* RUNTIME run --bundle DIRECTORY NAME */
static bool make_command(struct cg_recorder *recorder, const char *runtime,
			 const char *bundle, struct cg_error *err)
{
	char name[64];

	snprintf(name, sizeof(name), "callgate-%d", (int)getpid());
	recorder->argv = calloc(6, sizeof(char *));
	if (!recorder->argv)
		return fail_nomem(err);
	recorder->argv[0] = strdup(runtime);
	recorder->argv[1] = strdup("run");
	recorder->argv[2] = strdup("--bundle");
	recorder->argv[3] = strdup(bundle);
	recorder->argv[4] = strdup(name);
	for (size_t i = 0; i < 5; i++)
		if (!recorder->argv[i])
			return fail_nomem(err);
	recorder->target.argv = recorder->argv;
	recorder->options.in_container = true;
	return true;
}

static bool find_bundle(struct cg_recorder *recorder, const char *config,
			struct cg_error *err)
{
	const struct cg_record_options *options = &recorder->options;
	const char *runtime = choose_runtime(options);
	struct arena arena = { .budget = MEMORY };
	struct node *tree, *linux_node;
	bool ok;

	if (!runtime)
		return fail(err, CG_E_UNSUPPORTED,
			    "neither runc nor crun is installed to start the "
			    "bundle %s",
			    options->container);
	ok = read_tree(&arena, config, &tree, err);
	linux_node = ok ? doc_get(tree, "linux") : NULL;
	if (ok && options->with_runtime &&
	    !(linux_node && linux_node->kind == NODE_MAPPING &&
	      doc_get(linux_node, "seccomp")))
		ok = fail(err, CG_E_INPUT,
			  "%s has no linux.seccomp: without a filter, what the "
			  "runtime does after loading it cannot be seen; one "
			  "that allows everything will do: "
			  "{\"defaultAction\": \"SCMP_ACT_ALLOW\", "
			  "\"syscalls\": [{\"names\": [\"getpid\"], "
			  "\"action\": \"SCMP_ACT_LOG\"}]}",
			  config);
	recorder->target.by_mount = ok && !has_pid_namespace(linux_node);
	arena_free(&arena);
	return ok && make_command(recorder, runtime, options->container, err);
}

/* What is started is said as a path: names may be those of containers. */
static bool is_path(const char *text)
{
	return strchr(text, '/') || strcmp(text, ".") == 0 ||
	       strcmp(text, "..") == 0;
}

bool container_find(struct cg_recorder *recorder, struct cg_error *err)
{
	const char *name = recorder->options.container;
	char path[CG_SOURCE_MAX], config[CG_SOURCE_MAX];
	struct stat about;

	snprintf(config, sizeof(config), "%s/config.json", name);
	if (is_path(name) || !*name) {
		if (*name && stat(config, &about) == 0)
			return find_bundle(recorder, config, err);
		return fail(err, CG_E_INPUT, "%s is no bundle: there is no %s",
			    name, config);
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		/* The formats are rows above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), states[i].path, name);
#pragma GCC diagnostic pop
		if (stat(path, &about) == 0)
			return find_running(recorder, i, path, err);
	}
	return fail(err, CG_E_INPUT,
		    "no container of runc or crun is called '%s'%s%s", name,
		    stat(config, &about) == 0 ? "; the bundle is ./" : "",
		    stat(config, &about) == 0 ? name : "");
}

void container_done(struct cg_recorder *recorder)
{
	for (size_t i = 0; recorder->argv && recorder->argv[i]; i++)
		free(recorder->argv[i]);
	free(recorder->argv);
}
