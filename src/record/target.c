/* What is to be recorded: processes, cgroups, units. */
#include "record/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "record/container.h"
#include "sys/file.h"
#include "sys/task.h"

enum { CGROUP_DEPTH = 16, LIST_MAX = 16 << 20, LIST_TRIES = 1000 };

static uint64_t read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_booted(void)
{
	return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
}

uint64_t own_namespace(const char *name)
{
	struct stat about;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &about) == 0 ? about.st_ino : 0;
}

/* ------------------------------------------------------------ processes -- */

/* The number behind a key of /proc/PID/status, or -1. */
static long status_number(pid_t pid, const char *key)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_peek(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* What /proc knows of a process it may not know for a moment: see
   each_of_process(). */
static bool exists(pid_t process)
{
	return kill(process, 0) == 0 || errno == EPERM;
}

enum { EXITING = 0x00000004, KTHREAD = 0x00200000 }; /* PF_ of the kernel */

/* Of /proc/PID/stat. */
struct task_line {
	unsigned flags; /* PF_ */
	long threads;   /* of its process */
};

/* False if it has ended. */
static bool read_task_line(pid_t thread, struct task_line *line)
{
	char path[64], text[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)thread);
	if (file_peek(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	/* Its name may hold anything; behind it: state and 5 numbers. */
	at = strrchr(text, ')');
	return at && sscanf(at,
			    ") %*c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u "
			    "%*u %*d %*d %*d %*d %ld",
			    &line->flags, &line->threads) == 2;
}

uint64_t target_started(pid_t process)
{
	unsigned long long ticks;
	char path[64], text[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	if (file_peek(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	/* 22 is its number there, 2 that of the name. */
	at = strrchr(text, ')');
	for (int i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %llu", &ticks) == 1 ? ticks : 0;
}

bool target_is_ending(pid_t thread)
{
	struct task_line line;

	return !read_task_line(thread, &line) || line.flags & EXITING;
}

bool target_is_over(pid_t process)
{
	struct task_line first;

	if (!read_task_line(process, &first))
		return !exists(process);
	return first.flags & EXITING && first.threads <= 1;
}

pid_t target_tracer(pid_t thread)
{
	return (pid_t)status_number(thread, "\nTracerPid:");
}

/* A thread of the kernel; they make no calls. */
static bool is_kernels(pid_t pid)
{
	struct task_line line;

	return read_task_line(pid, &line) && line.flags & KTHREAD;
}

bool target_refused(pid_t pid, int number, struct cg_error *err)
{
	pid_t tracer = target_tracer(pid);
	long owner = status_number(pid, "\nUid:");

	if (number == ESRCH || !exists(pid))
		return fail_errno(err, CG_E_SYSTEM, ESRCH,
				  "there is no process %d", (int)pid);
	if (tracer > 0)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "process %d is traced already, by process "
				  "%d; there can be one tracer only",
				  (int)pid, (int)tracer);
	if (owner >= 0 && owner != (long)geteuid() && geteuid() != 0)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "process %d belongs to user %ld, and you are "
				  "user %ld: it takes CAP_SYS_PTRACE",
				  (int)pid, owner, (long)geteuid());
	return fail_errno(err, CG_E_SYSTEM, number,
			  "process %d cannot be traced (Yama, a sandbox, or a "
			  "setuid program)",
			  (int)pid);
}

/* For each number that a directory has as a name. */
static bool
each_number(const char *path, bool (*each)(void *context, pid_t number),
	    void *context)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool more = true;

	if (!directory)
		return false;
	while (more && (entry = readdir(directory))) {
		long number = strtol(entry->d_name, NULL, 10);

		if (number > 0)
			more = each(context, (pid_t)number);
	}
	closedir(directory);
	return true;
}

struct threads {
	const struct target *target;
	bool (*each)(void *context, pid_t thread);
	void *context;
};

static bool each_thread_of(void *context, pid_t process)
{
	const struct threads *threads = context;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	/* One that has ended meanwhile has none. */
	each_number(path, threads->each, threads->context);
	return true;
}

static bool each_in_namespace(void *context, pid_t process)
{
	const struct threads *threads = context;
	char path[64], here[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)process);
	got = readlink(path, here, sizeof(here) - 1);
	if (got <= 0)
		return true;
	here[got] = '\0';
	if (strcmp(here, threads->target->namespace) != 0)
		return true;
	return each_thread_of(context, process);
}

/* ---------------------------------------------------------------- cgroups --
 */

/* nftw(3) hands its callback nothing of ours. */
static _Thread_local const struct threads *walked;

static int walk_cgroup(const char *path, const struct stat *about, int type,
		       struct FTW *at)
{
	const char *base = path + at->base;
	bool of_threads = strcmp(base, "tasks") == 0;
	char *text, *rest, *line;
	struct cg_error unwanted;
	size_t length;

	(void)about;
	if (type != FTW_F || (!of_threads && strcmp(base, "cgroup.procs") != 0))
		return 0;
	if (!file_read(path, LIST_MAX, &text, &length, &unwanted))
		return 0; /* the group is gone, or of a kind without */
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		long number = strtol(line, NULL, 10);

		if (number <= 0)
			continue;
		if (of_threads)
			walked->each(walked->context, (pid_t)number);
		else
			each_thread_of((void *)(uintptr_t)walked,
				       (pid_t)number);
	}
	free(text);
	return 0;
}

static bool each_in_cgroup(const struct threads *threads, struct cg_error *err)
{
	int status;

	walked = threads;
	status = nftw(threads->target->cgroup, walk_cgroup, CGROUP_DEPTH,
		      FTW_PHYS | FTW_MOUNT);
	walked = NULL;
	if (status)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "the cgroup %s cannot be read",
				  threads->target->cgroup);
	return true;
}

/*
 * What /proc knows of a process goes by its first thread. When another one
 * executes and takes that one's place, it may have nothing for a moment.
 */
static bool
each_of_process(pid_t process, bool (*each)(void *context, pid_t thread),
		void *context, struct cg_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	for (int tries = 0; tries < LIST_TRIES; tries++) {
		if (each_number(path, each, context))
			return true;
		if (errno != ENOENT || !exists(process))
			break;
		sched_yield();
	}
	return target_refused(process, errno, err);
}

bool target_threads(const struct target *target,
		    bool (*each)(void *context, pid_t thread), void *context,
		    struct cg_error *err)
{
	struct threads threads = { target, each, context };

	if (target->cgroup)
		return each_in_cgroup(&threads, err);
	if (target->namespace)
		return each_number("/proc", each_in_namespace, &threads) ||
		       fail_errno(err, CG_E_SYSTEM, errno,
				  "/proc cannot be read");
	return each_of_process(target->pid, each, context, err);
}

/* The mount of cgroup v1 that a path lies in: its options, or false. */
static bool mount_options(const char *path, char *options, size_t size)
{
	size_t longest = 0, length;
	struct cg_error unwanted;
	char *text, *rest, *line;

	if (!file_read("/proc/self/mountinfo", LIST_MAX, &text, &length,
		       &unwanted))
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char point[256], type[32], super[256];
		const char *dash = strstr(line, " - ");

		if (!dash ||
		    sscanf(line, "%*s %*s %*s %*s %255s", point) != 1 ||
		    sscanf(dash, " - %31s %*s %255s", type, super) != 2 ||
		    strcmp(type, "cgroup") != 0)
			continue;
		length = strlen(point);
		if (length > longest && strncmp(path, point, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0')) {
			longest = length;
			snprintf(options, size, "%s", super);
		}
	}
	free(text);
	return longest > 0;
}

/* "a,b": whether these stand there as a whole, next to each other. */
static bool has_options(const char *options, const char *names)
{
	size_t length = strlen(names);

	for (const char *at = options; (at = strstr(at, names)); at++)
		if ((at == options || at[-1] == ',') &&
		    (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* The number of the hierarchy whose controllers are in the mount's options. */
static int hierarchy_of(const char *path)
{
	char options[256], text[4096];
	char *rest = text, *line;

	if (!mount_options(path, options, sizeof(options)) ||
	    file_peek(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <= 0)
		return -1;
	/* "9:name=systemd:/"; the options are "rw,xattr,name=systemd" */
	while ((line = strsep(&rest, "\n"))) {
		char *number = strsep(&line, ":"), *names = strsep(&line, ":");

		if (names && *names && has_options(options, names))
			return (int)strtol(number, NULL, 10);
	}
	return -1;
}

bool cgroup_identify(const char *path, uint64_t *id, int *hierarchy,
		     struct cg_error *err)
{
	struct statfs system;
	struct stat about;

	if (stat(path, &about) != 0 || statfs(path, &system) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "there is no cgroup %s", path);
	if (!S_ISDIR(about.st_mode) || (system.f_type != CGROUP2_SUPER_MAGIC &&
					system.f_type != CGROUP_SUPER_MAGIC))
		return fail(err, CG_E_INPUT, "%s is no directory of a cgroup",
			    path);
	*id = about.st_ino;
	*hierarchy = 0;
	if (system.f_type == CGROUP_SUPER_MAGIC)
		*hierarchy = hierarchy_of(path);
	if (*hierarchy < 0)
		return fail(err, CG_E_SYSTEM,
			    "which hierarchy the cgroup %s is in cannot be "
			    "told",
			    path);
	return true;
}

/* "/sys/fs/cgroup/...", or a name below one of the places it is mounted at. */
static char *cgroup_path(const char *name)
{
	static const char *const roots[] = { "", "/sys/fs/cgroup/",
					     "/sys/fs/cgroup/unified/",
					     "/sys/fs/cgroup/systemd/" };
	char *path;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct stat about;

		if (asprintf(&path, "%s%s", roots[i], name) < 0)
			return NULL;
		if (stat(path, &about) == 0 && (*name == '/' || i > 0)) {
			char *real = realpath(path, NULL);

			free(path);
			return real;
		}
		free(path);
	}
	return strdup(name);
}

static _Thread_local struct unit_search {
	const char *name;
	char *found;
} * searched;

static int look_for_unit(const char *path, const struct stat *about, int type,
			 struct FTW *at)
{
	(void)about;
	if (type != FTW_D || strcmp(path + at->base, searched->name) != 0)
		return 0;
	searched->found = strdup(path);
	return 1;
}

static char *system_unit(const char *root, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/system.slice/%s", root, name) < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static bool
find_unit(struct target *target, const char *unit, struct cg_error *err)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified",
					     "/sys/fs/cgroup/systemd",
					     "/sys/fs/cgroup" };
	struct unit_search search = { NULL, NULL };
	char name[256];

	if (strchr(unit, '/') || !*unit ||
	    strlen(unit) > sizeof(name) - sizeof(".service"))
		return fail(err, CG_E_INPUT, "'%s' is no name of a unit", unit);
	snprintf(name, sizeof(name), "%s%s", unit,
		 strchr(unit, '.') ? "" : ".service");
	search.name = name;
	searched = &search;
	/* The system's own: any user may give his groups any name. */
	for (size_t i = 0; !search.found && i < 3; i++)
		search.found = system_unit(roots[i], name);
	for (size_t i = 0; !search.found && i < 3; i++)
		nftw(roots[i], look_for_unit, CGROUP_DEPTH, FTW_PHYS);
	searched = NULL;
	target->cgroup = search.found;
	if (search.found && strstr(search.found, "/user.slice/"))
		return fail(err, CG_E_INPUT,
			    "%s is a unit of a user's, who may call his units "
			    "what he likes: say --cgroup %s",
			    name, search.found);
	if (!search.found)
		return fail_errno(err, CG_E_SYSTEM, ENOENT,
				  "no cgroup is called %s: the unit does not "
				  "run, or not on this machine",
				  name);
	return true;
}

/* ---------------------------------------------------------------- finding --
 */

/* Processes are looked for there by the numbers that they have for us. */
static bool proc_is_ours(struct cg_error *err)
{
	char self[16];
	ssize_t got = readlink("/proc/self", self, sizeof(self) - 1);

	if (got > 0) {
		self[got] = '\0';
		if (strtol(self, NULL, 10) == (long)getpid())
			return true;
	}
	return fail(err, CG_E_SYSTEM,
		    "/proc is not that of this pid namespace: its processes "
		    "cannot be found there");
}

static unsigned targets_given(const struct cg_record_options *options)
{
	return (options->argv && options->argv[0]) + (options->pid != 0) +
	       (options->cgroup != NULL) + (options->unit != NULL) +
	       (options->container != NULL);
}

bool target_find(struct cg_recorder *recorder, struct cg_error *err)
{
	const struct cg_record_options *options = &recorder->options;
	struct target *target = &recorder->target;
	uint64_t id;
	int hierarchy;

	if (targets_given(options) != 1)
		return fail(err, CG_E_INPUT,
			    "one thing is recorded: a command, a process, a "
			    "cgroup, a unit or a container");
	if (options->container)
		return container_find(recorder, err);
	if (options->unit)
		return find_unit(target, options->unit, err);
	if (options->cgroup) {
		target->cgroup = cgroup_path(options->cgroup);
		if (!target->cgroup)
			return fail_nomem(err);
		return cgroup_identify(target->cgroup, &id, &hierarchy, err);
	}
	target->argv = options->argv;
	target->pid = options->pid;
	if (options->pid && !proc_is_ours(err))
		return false;
	if (options->pid < 0 || (options->pid && !exists(options->pid)))
		return target_refused(options->pid, ESRCH, err);
	if (options->pid && is_kernels(options->pid))
		return fail(err, CG_E_INPUT,
			    "process %d is a thread of the kernel, which makes "
			    "no system calls",
			    (int)options->pid);
	return true;
}

void target_done(struct cg_recorder *recorder)
{
	free(recorder->target.cgroup);
	free(recorder->target.namespace);
	free(recorder->moment.file);
	container_done(recorder);
}
