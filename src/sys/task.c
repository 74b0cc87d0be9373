#include "sys/task.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_SIZE = 4096, CAP_SYS_ADMIN_BIT = 21 };

static const struct task nothing = {
	.uid = UINT32_MAX,
	.gid = UINT32_MAX,
	.seccomp = -1,
	.filters = -1,
	.no_new_privs = -1,
	.ignored = ~0ull,
};

/* A line "Key:\tvalue\n": what stands behind the tab, or NULL. */
static const char *value_of(const char *status, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, length) == 0 && line[length] == ':')
			return line + length + 1 +
			       strspn(line + length + 1, " \t");
	}
	return NULL;
}

static int number_of(const char *status, const char *key)
{
	const char *value = value_of(status, key);

	return value ? (int)strtol(value, NULL, 10) : -1;
}

/* "Uid:\treal\teffective\t...": the first of them. */
static uint32_t id_of(const char *status, const char *key)
{
	const char *value = value_of(status, key);

	return value ? (uint32_t)strtoul(value, NULL, 10) : UINT32_MAX;
}

void task_parse(const char *status, struct task *out)
{
	const char *name = value_of(status, "Name");
	const char *state = value_of(status, "State");
	const char *effective = value_of(status, "CapEff");
	const char *ignored = value_of(status, "SigIgn");
	int pid = number_of(status, "Tgid"), id = number_of(status, "Pid");
	int tracer = number_of(status, "TracerPid");

	*out = nothing;
	if (name)
		snprintf(out->name, sizeof(out->name), "%.*s",
			 (int)strcspn(name, "\n"), name);
	out->state = state ? *state : 0;
	out->pid = pid > 0 ? pid : 0;
	out->thread = id > 0 ? id : 0;
	out->tracer = tracer > 0 ? tracer : 0;
	out->uid = id_of(status, "Uid");
	out->gid = id_of(status, "Gid");
	out->seccomp = number_of(status, "Seccomp");
	out->filters = number_of(status, "Seccomp_filters");
	out->no_new_privs = number_of(status, "NoNewPrivs");
	if (ignored)
		out->ignored = strtoull(ignored, NULL, 16);
	out->effective = effective ? strtoull(effective, NULL, 16) : 0;
}

bool task_read(int32_t thread, struct task *out)
{
	char status[STATUS_SIZE], path[64] = "/proc/thread-self/status";

	/* Not /proc/self: that is the first thread, and filters differ. */
	if (thread != 0)
		snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	if (file_peek(AT_FDCWD, path, status, sizeof(status)) <= 0) {
		*out = nothing;
		return false;
	}
	task_parse(status, out);
	return true;
}

bool task_can_sys_admin(const struct task *task)
{
	return task->effective >> CAP_SYS_ADMIN_BIT & 1;
}

/* As the kernel lays it out for getdents64(2). */
struct entry {
	uint64_t inode, offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static bool
visit(int directory, const char *name,
      bool (*each)(void *context, const struct task *task), void *context)
{
	char status[STATUS_SIZE], path[64];
	struct task task;

	if (name[0] < '0' || name[0] > '9')
		return true; /* no thread */
	snprintf(path, sizeof(path), "%.20s/status", name);
	if (file_peek(directory, path, status, sizeof(status)) <= 0)
		return true; /* it has ended */
	task_parse(status, &task);
	return each(context, &task);
}

static int
each_in(const char *path, bool (*each)(void *context, const struct task *task),
	void *context)
{
	_Alignas(struct entry) char page[4096];
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool more = true;
	long got = 0;
	int saved;

	if (directory < 0)
		return -1;
	while (more && (got = syscall(SYS_getdents64, directory, page,
				      sizeof(page))) > 0)
		for (long at = 0; more && at < got;) {
			struct entry *entry = (struct entry *)(page + at);

			at += entry->length;
			more = visit(directory, entry->name, each, context);
		}
	saved = errno;
	close(directory);
	errno = saved;
	return got >= 0 ? 0 : -1;
}

bool task_each(bool (*each)(void *context, const struct task *task),
	       void *context)
{
	return each_in("/proc/self/task", each, context) == 0;
}

int task_each_of(int32_t process,
		 bool (*each)(void *context, const struct task *task),
		 void *context)
{
	char path[64] = "/proc";

	if (process != 0)
		snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	return each_in(path, each, context);
}

static bool count(void *context, const struct task *task)
{
	size_t *threads = context;

	*threads += task->state != 'Z' && task->state != 'X';
	return true;
}

size_t task_count(void)
{
	size_t threads = 0;

	return task_each(count, &threads) ? threads : 0;
}
