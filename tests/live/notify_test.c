/*
 * callgate/notify.h: one thread's mkdir is decided by another one, which may
 * answer in the kernel's place, let it go on, look at the path, or be late.
 */
#include "live.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static struct cg_error err;
static const char *directory;

/* What the supervised thread does, and what came of it. */
static struct caller {
	pthread_t thread;
	pthread_barrier_t loaded;
	int listener;
	int calls;
	char path[4096];
	long result;
	int number;
} caller;

static void *caller_main(void *context)
{
	const struct cg_load_options options = { .one_thread = true,
						 .flags =
							 CG_FLAG_NEW_LISTENER };
	struct cg_program *program =
		live_refuse(SYS_mkdirat, CG_RET_USER_NOTIF);
	struct cg_loaded loaded;

	WANT(cg_load(program, &options, &loaded, &err) == CG_OK);
	cg_program_free(program);
	caller.listener = loaded.listener;
	pthread_barrier_wait(&caller.loaded);
	for (int i = 0; i < caller.calls; i++) {
		caller.result =
			syscall(SYS_mkdirat, AT_FDCWD, caller.path, 0700);
		caller.number = errno;
	}
	return context;
}

static void start(int calls)
{
	caller = (struct caller){ .calls = calls };
	snprintf(caller.path, sizeof(caller.path), "%s/notify.%d", directory,
		 (int)getpid());
	pthread_barrier_init(&caller.loaded, NULL, 2);
	WANT(pthread_create(&caller.thread, NULL, caller_main, NULL) == 0);
	pthread_barrier_wait(&caller.loaded);
}

static struct cg_notification next(void)
{
	struct cg_notification got;
	enum cg_notify_event event;

	WANT(cg_notify_receive(caller.listener, 60000, &event, &got, &err) ==
	     CG_OK);
	WANT(event == CG_NOTIFY_CALL);
	WANT(got.call.nr == SYS_mkdirat && got.call.args[2] == 0700);
	WANT(got.call.arch == cg_abi_native()->audit_arch);
	WANT(cg_notify_waits(caller.listener, got.id));
	return got;
}

static void test_errno(void)
{
	struct cg_notification got;

	start(1);
	got = next();
	WANT(cg_notify_answer(caller.listener, got.id, 0, EROFS, &err) ==
	     CG_OK);
	pthread_join(caller.thread, NULL);
	WANT(caller.result == -1 && caller.number == EROFS);
	WANT(access(caller.path, F_OK) != 0);
}

static void test_value(void)
{
	struct cg_notification got;

	start(1);
	got = next();
	WANT(cg_notify_answer(caller.listener, got.id, 4242, 0, &err) == CG_OK);
	pthread_join(caller.thread, NULL);
	WANT(caller.result == 4242);
}

static void test_continue(void)
{
	struct cg_notification got;

	start(1);
	got = next();
	WANT(cg_notify_continue(caller.listener, got.id, &err) == CG_OK);
	pthread_join(caller.thread, NULL);
	WANT(caller.result == 0 && rmdir(caller.path) == 0);
}

static void test_fd(void)
{
	struct cg_notification got;
	int fds[2];

	WANT(pipe(fds) == 0);
	start(1);
	got = next();
	WANT(cg_notify_answer_fd(caller.listener, got.id, fds[1], true, &err) ==
	     CG_OK);
	pthread_join(caller.thread, NULL);
	WANT(caller.result > fds[1]);
	WANT(fcntl((int)caller.result, F_GETFD) == FD_CLOEXEC);
}

static void test_memory(void)
{
	char path[sizeof(caller.path)] = "";
	struct cg_notification got;
	size_t length = 0;

	start(1);
	got = next();
	WANT(cg_notify_read(caller.listener, &got, got.call.args[1], path,
			    sizeof(path), &length, &err) == CG_OK);
	WANT(length == sizeof(path) && strcmp(path, caller.path) == 0);
	WANT(cg_notify_read(caller.listener, &got, 1, path, 1, &length, &err) ==
	     CG_E_SYSTEM);
	WANT(cg_notify_answer(caller.listener, got.id, 0, 1, &err) == CG_OK);
	pthread_join(caller.thread, NULL);
	WANT(cg_notify_read(caller.listener, &got, got.call.args[1], path, 1,
			    &length, &err) == CG_E_SYSTEM);
}

/* Late, wrong, and over. */
static void test_edges(void)
{
	enum cg_notify_event event = CG_NOTIFY_CALL;
	struct cg_notification got;
	bool end = false;

	start(1);
	got = next();
	WANT(cg_notify_answer(caller.listener, got.id, 0, 4096, &err) ==
	     CG_E_INPUT);
	WANT(cg_notify_answer(caller.listener, got.id, 0, -1, NULL) ==
	     CG_E_INPUT);
	WANT(cg_notify_answer(caller.listener, got.id + 1, 0, 1, &err) ==
	     CG_E_SYSTEM);
	WANT(err.sys_errno == ENOENT);
	WANT(cg_notify_receive(caller.listener, 0, &event, &got, &err) ==
	     CG_OK);
	WANT(event == CG_NOTIFY_TIMEOUT);
	WANT(cg_notify_answer(caller.listener, got.id, 0, 1, &err) == CG_OK);
	WANT(!cg_notify_waits(caller.listener, got.id));
	WANT(cg_notify_continue(caller.listener, got.id, &err) == CG_E_SYSTEM);
	pthread_join(caller.thread, NULL);
	/* The thread is over, and its filter soon after. */
	for (int i = 0; i < 100 && !end; i++) {
		WANT(cg_notify_receive(caller.listener, 100, &event, &got,
				       &err) == CG_OK);
		end = event == CG_NOTIFY_END;
	}
	WANT(end);
	close(caller.listener);
	WANT(cg_notify_receive(caller.listener, 0, &event, &got, &err) ==
	     CG_E_SYSTEM);
}

static const struct {
	const char *name;
	void (*test)(void);
} rows[] = {
	{ "answered with an errno", test_errno },
	{ "answered with a value", test_value },
	{ "let go on", test_continue },
	{ "answered with a descriptor", test_fd },
	{ "what the call points to", test_memory },
	{ "late, wrong, and over", test_edges },
};

static void call_test(const void *with)
{
	rows[*(const size_t *)with].test();
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	assert(argc == 2);
	directory = argv[1];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, live_child(call_test, &i) == 0, "%s",
		       rows[i].name);
	return tap_done(&tap);
}
