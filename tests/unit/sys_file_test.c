/*
 * sys/file: what is a file worth reading, and how much of it; files written
 * whole or not at all. And the fields of a status file.
 */
#include "tap.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/task.h"

static char directory[] = "/tmp/callgate-test-XXXXXX";
static struct cg_error err;

static void make(const char *name, const char *text, size_t length)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	close(fd);
}

/* Read, and compare; `want` NULL: refused with `status`. */
static bool reads(const char *path, size_t max, const char *want, size_t size,
		  enum cg_status status)
{
	char *text = NULL;
	size_t length = 0;
	bool ok;

	err = (struct cg_error){ 0 };
	ok = file_read(path, max, &text, &length, &err);
	if (!want)
		return !ok && !text && err.status == status &&
		       strstr(err.message, path);
	ok = ok && length == size && memcmp(text, want, size) == 0 &&
	     text[size] == '\0';
	free(text);
	return ok;
}

static void test_read(struct tap *tap)
{
	static char large[70000];

	memset(large, 'x', sizeof(large));
	make("empty", "", 0);
	make("small", "a\0b", 3);
	make("large", large, sizeof(large));
	assert(mkfifo("fifo", 0600) == 0);
	tap_ok(tap, reads("empty", 0, "", 0, CG_OK), "empty");
	tap_ok(tap, reads("small", 3, "a\0b", 3, CG_OK), "just fits");
	tap_ok(tap, reads("small", 2, NULL, 0, CG_E_INPUT), "one too many");
	tap_ok(tap, reads("large", sizeof(large), large, sizeof(large), CG_OK),
	       "large, just fits");
	tap_ok(tap, reads("large", SIZE_MAX, large, sizeof(large), CG_OK),
	       "no bound");
	tap_ok(tap,
	       reads("nowhere", 9, NULL, 0, CG_E_SYSTEM) &&
		       err.sys_errno == ENOENT,
	       "no such file");
	tap_ok(tap, reads(".", 9, NULL, 0, CG_E_INPUT), "a directory");
	tap_ok(tap, reads("fifo", 9, "", 0, CG_OK),
	       "a named pipe without a writer does not hang");
	tap_ok(tap, reads("/dev/zero", 70000, NULL, 0, CG_E_INPUT),
	       "a device without an end");
	tap_ok(tap, reads("/dev/null", 9, "", 0, CG_OK), "/dev/null");
}

static void test_pipe(struct tap *tap)
{
	char path[32];
	int fds[2];

	assert(pipe(fds) == 0);
	assert(write(fds[1], "through", 7) == 7);
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	tap_ok(tap, reads(path, 7, "through", 7, CG_OK), "a pipe");
	close(fds[0]);
}

static void test_task(struct tap *tap)
{
	struct task task;

	task_parse("Name:\ta b\\n(c)\nState:\tS (sleeping)\nTgid:\t7\n"
		   "Pid:\t8\nUid:\t33\t0\t0\t0\nGid:\t34\t0\t0\t0\nSigIgn:"
		   "\t0000000000001010\nCapEff:"
		   "\t0000000000200000\nNoNewPrivs:\t1\n"
		   "Seccomp:\t2\nSeccomp_filters:\t3\n",
		   &task);
	tap_ok(tap,
	       strcmp(task.name, "a b\\n(c)") == 0 && task.state == 'S' &&
		       task.pid == 7 && task.thread == 8 &&
		       task.no_new_privs == 1 && task.seccomp == 2 &&
		       task.filters == 3 && task.ignored == 0x1010 &&
		       task.uid == 33 && task.gid == 34 &&
		       task_can_sys_admin(&task),
	       "all fields");
	task_parse("Name:\tx\nPid:\t8\n", &task);
	tap_ok(tap,
	       task.seccomp == -1 && task.filters == -1 &&
		       task.no_new_privs == -1 && task.pid == 0 &&
		       task.uid == UINT32_MAX && task.gid == UINT32_MAX &&
		       task.ignored == ~0ull && !task_can_sys_admin(&task),
	       "an old kernel says less");
	task_parse("", &task);
	tap_ok(tap, task.name[0] == '\0' && task.seccomp == -1, "nothing");
	/* Seccomp_filters is not Seccomp. */
	task_parse("Seccomp_filters:\t5\n", &task);
	tap_ok(tap, task.seccomp == -1 && task.filters == 5, "a longer key");
	tap_ok(tap,
	       task_read(0, &task) && task.pid == getpid() && task_count() == 1,
	       "this process");
	tap_ok(tap, !task_read(0x7fffffff, &task) && task.seccomp == -1,
	       "no such thread");
}

int main(void)
{
	struct tap tap = { 0 };
	char command[64];

	assert(mkdtemp(directory) && chdir(directory) == 0);
	test_read(&tap);
	test_pipe(&tap);
	test_task(&tap);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	assert(chdir("/") == 0 && system(command) == 0);
	return tap_done(&tap);
}
