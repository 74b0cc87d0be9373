/*
 * cg_load, cg_load_strict and cg_probe, with the kernel as the judge. Missing
 * features are played by an outer filter, as they would be by a sandbox.
 */
#include "live.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/utsname.h>

#include "sys/kernel.h"
#include "sys/task.h"

enum { REFUSED = 77, OTHERS = 3, ARG0 = 16, ARG1 = 24, ARG2 = 32 };

static struct cg_error err;
static struct cg_loaded loaded;

static struct cg_program *refuse_getppid(void)
{
	return live_refuse(SYS_getppid, CG_RET_ERRNO | REFUSED);
}

static bool is_refused(void)
{
	return syscall(SYS_getppid) == -1 && errno == REFUSED;
}

static enum cg_status load(struct cg_load_options options)
{
	struct cg_program *program = refuse_getppid();
	enum cg_status status;

	err = (struct cg_error){ 0 };
	loaded = (struct cg_loaded){ 0 };
	status = cg_load(program, &options, &loaded, &err);
	cg_program_free(program);
	if (status != CG_OK) {
		WANT(status == err.status);
		WANT(err.message[0] != '\0');
	}
	return status;
}

static bool says(const char *words)
{
	if (!strstr(err.message, words))
		printf("# it says: %s\n", err.message);
	return strstr(err.message, words) != NULL;
}

static struct task self(void)
{
	struct task task;

	WANT(task_read(0, &task));
	return task;
}

static void nothing_loaded(void)
{
	WANT(!is_refused());
	WANT(self().no_new_privs == 0 || geteuid() != 0);
}

/* ---------------------------------------------------------------- threads */

static struct other {
	pthread_t thread;
	pthread_barrier_t *ready, *go;
	pid_t id;
	bool own_filter;
	bool refused;
} others[OTHERS];

static void *other_main(void *context)
{
	struct other *other = context;

	other->id = (pid_t)syscall(SYS_gettid);
	prctl(PR_SET_NAME, "other thread");
	if (other->own_filter)
		live_outer(SYS_getpgrp, 0, 0, CG_RET_ERRNO | REFUSED);
	pthread_barrier_wait(other->ready);
	pthread_barrier_wait(other->go);
	other->refused = is_refused();
	return NULL;
}

static pthread_barrier_t ready, go;

static void others_start(bool last_has_own_filter)
{
	pthread_barrier_init(&ready, NULL, OTHERS + 1);
	pthread_barrier_init(&go, NULL, OTHERS + 1);
	for (size_t i = 0; i < OTHERS; i++) {
		others[i] = (struct other){
			.ready = &ready,
			.go = &go,
			.own_filter = last_has_own_filter && i == OTHERS - 1,
		};
		WANT(pthread_create(&others[i].thread, NULL, other_main,
				    &others[i]) == 0);
	}
	pthread_barrier_wait(&ready);
}

static size_t others_refused(void)
{
	size_t refused = 0;

	pthread_barrier_wait(&go);
	for (size_t i = 0; i < OTHERS; i++) {
		pthread_join(others[i].thread, NULL);
		refused += others[i].refused;
	}
	return refused;
}

static void test_plain(void)
{
	WANT(load((struct cg_load_options){ 0 }) == CG_OK);
	WANT(loaded.listener == -1);
	WANT(loaded.threads == 1 && loaded.verified);
	WANT(loaded.set_no_new_privs && !loaded.by_prctl);
	WANT(is_refused());
	WANT(self().no_new_privs == 1 && self().seccomp == 2);
	/* Again: one filter more, and nothing left to set. */
	WANT(load((struct cg_load_options){ 0 }) == CG_OK);
	WANT(loaded.verified && !loaded.set_no_new_privs);
	WANT(self().filters == 2);
}

static void test_nulls(void)
{
	struct cg_program *program = refuse_getppid();

	WANT(cg_load(program, NULL, NULL, NULL) == CG_OK);
	cg_program_free(program);
	WANT(is_refused());
}

static void test_tsync(void)
{
	others_start(false);
	WANT(load((struct cg_load_options){ 0 }) == CG_OK);
	WANT(loaded.threads == OTHERS + 1 && loaded.verified);
	WANT(others_refused() == OTHERS);
	WANT(is_refused());
}

static void test_one_thread(void)
{
	others_start(false);
	WANT(load((struct cg_load_options){ .one_thread = true }) == CG_OK);
	WANT(loaded.threads == 1 && loaded.verified);
	WANT(others_refused() == 0);
	WANT(is_refused());
}

/* Row B5: a thread with a filter of its own. */
static void test_odd_thread(void)
{
	others_start(true);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_THREAD);
	WANT(err.thread == others[OTHERS - 1].id);
	WANT(says("(other thread)") && says("nothing was loaded"));
	WANT(self().seccomp == 0);
	WANT(others_refused() == 0);
	WANT(!is_refused());
}

/* The same where the kernel does not say which thread it is. */
static void test_odd_thread_esrch(void)
{
	others_start(true);
	WANT(load((struct cg_load_options){ .flags = CG_FLAG_NEW_LISTENER }) ==
	     CG_E_THREAD);
	WANT(err.thread == others[OTHERS - 1].id);
	WANT(says("(other thread)"));
	WANT(others_refused() == 0);
	WANT(!is_refused());
}

/* ---------------------------------------------- an outer filter in between */

static void test_outer_enosys(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | ENOSYS);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_BLOCKED);
	WANT(err.sys_errno == ENOSYS && says("outer filter"));
	nothing_loaded();
}

static void test_outer_eperm(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | EPERM);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_BLOCKED);
	WANT(err.sys_errno == EPERM && says("outer filter"));
	nothing_loaded();
}

static void test_outer_einval_flag(void)
{
	live_outer(SYS_seccomp, ARG1, CG_FLAG_TSYNC, CG_RET_ERRNO | EINVAL);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_BLOCKED);
	WANT(err.sys_errno == EINVAL && says("tsync"));
	nothing_loaded();
	WANT(load((struct cg_load_options){ .one_thread = true }) == CG_OK);
	WANT(is_refused());
}

/* "Yes, loaded", says the sandbox, and has not asked the kernel. */
static void test_outer_lies_always(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | 0);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_BLOCKED);
	nothing_loaded();
}

/* The same, but cleverly: a filter at NULL is answered by the kernel. */
static void test_outer_lies_well(void)
{
	live_outer(SYS_seccomp, ARG2, ~0u, CG_RET_ERRNO | 0);
	WANT(load((struct cg_load_options){ 0 }) == CG_E_THREAD);
	WANT(says("is not under it"));
	WANT(!is_refused());
}

static void test_prctl(void)
{
	const struct cg_load_options options = { .allow_prctl = true };

	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | ENOSYS);
	WANT(load(options) == CG_OK);
	WANT(loaded.by_prctl && loaded.verified && loaded.threads == 1);
	WANT(is_refused());
}

static void test_prctl_threads(void)
{
	const struct cg_load_options options = { .allow_prctl = true };

	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | ENOSYS);
	others_start(false);
	WANT(load(options) == CG_E_THREAD);
	WANT(says("this process has 4"));
	WANT(others_refused() == 0);
	nothing_loaded();
}

static void test_prctl_flags(void)
{
	const struct cg_load_options options = { .allow_prctl = true,
						 .flags = CG_FLAG_LOG };

	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | ENOSYS);
	WANT(load(options) == CG_E_UNSUPPORTED);
	nothing_loaded();
}

/* ------------------------------------------------------------- privileges */

static void test_keep_privileges(void)
{
	const struct cg_load_options options = { .keep_privileges = true };

	WANT(load(options) == CG_OK);
	WANT(!loaded.set_no_new_privs && self().no_new_privs == 0);
	WANT(is_refused());
}

static void become_nobody(void)
{
	if (geteuid() == 0)
		WANT(setresuid(65534, 65534, 65534) == 0);
}

static void test_keep_without_privilege(void)
{
	const struct cg_load_options options = { .keep_privileges = true };

	become_nobody();
	WANT(load(options) == CG_E_SYSTEM && err.sys_errno == EACCES);
	WANT(says("CAP_SYS_ADMIN"));
	WANT(!is_refused());
}

static void test_unprivileged(void)
{
	become_nobody();
	WANT(load((struct cg_load_options){ 0 }) == CG_OK);
	WANT(loaded.verified && loaded.set_no_new_privs && is_refused());
}

/* ------------------------------------------------------------------ flags */

static void test_flags(const void *with)
{
	const struct cg_load_options *options = with;
	bool listens = options->flags & CG_FLAG_NEW_LISTENER;

	WANT(load(*options) == CG_OK);
	WANT(is_refused());
	WANT((loaded.listener >= 0) == listens);
	if (listens) {
		char path[64], what[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d",
			 loaded.listener);
		WANT(readlink(path, what, sizeof(what) - 1) > 0);
		WANT(strcmp(what, "anon_inode:seccomp notify") == 0);
		/* A chain has one listener. */
		WANT(load(*options) == CG_E_SYSTEM && err.sys_errno == EBUSY);
	}
}

static void test_bad_input(const void *with)
{
	WANT(load(*(const struct cg_load_options *)with) == CG_E_INPUT);
	nothing_loaded();
}

static void test_other_byte_order(void)
{
	const struct cg_insn allow = { 0x06, 0, 0, CG_RET_ALLOW };
	struct cg_program *program = NULL;

	WANT(cg_program_from_insns(&allow, 1, !cg_abi_native()->big_endian,
				   &program, &err) == CG_OK);
	WANT(cg_load(program, NULL, NULL, &err) == CG_E_INPUT);
	WANT(self().seccomp == 0);
	cg_program_free(program);
}

/* ----------------------------------------------------------- verification */

/* Looking afterwards would be the end: so nobody looks. */
static void test_unlookable(void)
{
	struct cg_program *program =
		live_refuse(SYS_openat, CG_RET_KILL_PROCESS);

	WANT(cg_load(program, NULL, &loaded, &err) == CG_OK);
	WANT(!loaded.verified && loaded.threads == 0);
	cg_program_free(program);
}

static void test_full(void)
{
	enum cg_status status = CG_OK;
	size_t count = 0;

	static struct cg_insn insns[CG_PROGRAM_MAX];
	struct cg_program *program = NULL;

	for (size_t i = 0; i < CG_PROGRAM_MAX; i++)
		insns[i] = (struct cg_insn){ 0x06, 0, 0, CG_RET_ALLOW };
	WANT(cg_program_from_insns(insns, CG_PROGRAM_MAX,
				   cg_abi_native()->big_endian, &program,
				   &err) == CG_OK);
	while (status == CG_OK && count++ < 32)
		status = cg_load(program, NULL, &loaded, &err);
	cg_program_free(program);
	WANT(status == CG_E_SYSTEM && err.sys_errno == ENOMEM);
	WANT(says("32768"));
}

/* ------------------------------------------------------------ strict mode */

static void test_strict(void)
{
	WANT(cg_load_strict(&err) == CG_OK);
	syscall(SYS_exit, 0);
}

static void test_strict_getpid(void)
{
	WANT(cg_load_strict(&err) == CG_OK);
	syscall(SYS_getpid);
	syscall(SYS_exit, 0);
}

static void test_strict_exit_group(void)
{
	WANT(cg_load_strict(NULL) == CG_OK);
	syscall(SYS_exit_group, 0);
}

static void test_strict_under_filter(void)
{
	live_outer(SYS_getppid, 0, 0, CG_RET_ERRNO | REFUSED);
	WANT(cg_load_strict(&err) == CG_E_SYSTEM);
	WANT(says("filter"));
}

/* ------------------------------------------------------------------ probe */

/* Row E6: what Elasticsearch asks, and what a plain kernel says. */
static void test_bogus(void)
{
	const unsigned bogus = 0xf7a46a5c;

	WANT(kernel_seccomp(bogus, 0, NULL) == -1 && errno == EINVAL);
	WANT(kernel_seccomp(1, bogus, NULL) == -1 && errno == EINVAL);
	WANT(prctl((int)bogus, 0, 0, 0, 0) == -1 && errno == EINVAL);
	WANT(prctl(PR_SET_SECCOMP, 2, NULL, 0, 0) == -1 && errno == EFAULT);
	WANT(kernel_ask_flags(0) == 0);
}

static void test_probe(void)
{
	struct utsname name;
	struct cg_features f;

	memset(&f, 0xa5, sizeof(f));
	cg_probe(&f);
	WANT(f.syscall == CG_YES && f.prctl == CG_YES);
	WANT(f.no_new_privs == CG_YES && !f.has_no_new_privs);
	for (size_t i = 0; i < 8; i++)
		WANT(f.actions[i] == CG_YES);
	for (size_t i = 0; i < 6; i++)
		WANT(f.flags[i] == CG_YES);
	WANT(f.mode == 0 && f.filters == 0);
	WANT(f.can_sys_admin == (geteuid() == 0));
	WANT(f.notif_size >= 80 && f.notif_resp_size >= 24);
	WANT(f.data_size == 64);
	WANT(uname(&name) == 0 && strcmp(name.release, f.release) == 0);
	WANT(strcmp(name.machine, f.machine) == 0);
	WANT(strstr(f.actions_avail, "kill_process") != NULL);
	WANT(self().seccomp == 0 && self().no_new_privs == 0);
	/* Its children are not ours. */
	WANT(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD);
}

static void test_probe_inside(void)
{
	struct cg_features f;

	WANT(load((struct cg_load_options){ 0 }) == CG_OK);
	cg_probe(&f);
	WANT(f.mode == 2 && f.filters == 1 && f.has_no_new_privs);
	WANT(f.syscall == CG_YES && f.actions[0] == CG_YES);
}

/* Row E7: an outer filter answers; the kernel is not blamed. */
static void test_probe_blocked(const void *with)
{
	struct cg_features f;

	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | *(const uint32_t *)with);
	cg_probe(&f);
	WANT(f.syscall == CG_BLOCKED && f.prctl == CG_YES);
	for (size_t i = 0; i < 8; i++)
		WANT(f.actions[i] == CG_BLOCKED);
	for (size_t i = 0; i < 6; i++)
		WANT(f.flags[i] == CG_BLOCKED);
	WANT(f.notif_size == 0);
}

static void test_probe_partly_blocked(void)
{
	struct cg_features f;

	live_outer(SYS_seccomp, ARG1, CG_FLAG_LOG, CG_RET_ERRNO | EINVAL);
	cg_probe(&f);
	WANT(f.syscall == CG_YES && f.actions[0] == CG_YES);
	WANT(f.flags[0] == CG_YES && f.flags[1] == CG_BLOCKED);
}

/* A sandbox that kills whoever asks for what no kernel has. */
static void test_probe_is_harmless(void)
{
	struct cg_features f;

	live_outer(SYS_seccomp, ARG0, ~3u, CG_RET_KILL_PROCESS);
	live_outer(SYS_seccomp, ARG1, ~63u, CG_RET_KILL_PROCESS);
	live_outer(SYS_prctl, ARG0, ~63u, CG_RET_KILL_PROCESS);
	cg_probe(&f);
	WANT(f.syscall == CG_YES);
}

static void test_action_names(void)
{
	for (size_t i = 0; i < 8; i++)
		WANT(cg_action_name(i) != NULL);
	WANT(strcmp(cg_action_name(0), "kill_process") == 0);
	WANT(strcmp(cg_action_name(7), "allow") == 0);
	WANT(cg_action_name(8) == NULL);
}

/* What an errno says, with and without a filter that may have said it. */
static void test_support(void)
{
	const struct task free_task = { .seccomp = 0 };
	const struct task confined = { .seccomp = 2 };
	const struct {
		int number;
		uint32_t since;
		const struct task *task;
		enum cg_support want;
	} rows[] = {
		{ 0, CG_KERNEL(3, 17), &free_task, CG_YES },
		{ 0, CG_KERNEL(3, 17), &confined, CG_YES },
		{ ENOSYS, CG_KERNEL(3, 17), &free_task, CG_NO },
		{ EINVAL, CG_KERNEL(3, 17), &free_task, CG_NO },
		{ EOPNOTSUPP, CG_KERNEL(3, 17), &free_task, CG_NO },
		{ EPERM, CG_KERNEL(3, 17), &free_task, CG_BLOCKED },
		{ ENOSYS, CG_KERNEL(3, 17), &confined, CG_BLOCKED },
		{ ENOSYS, CG_KERNEL(999, 0), &confined, CG_NO },
		{ EINVAL, CG_KERNEL(999, 0), &confined, CG_NO },
		{ EACCES, CG_KERNEL(999, 0), &confined, CG_BLOCKED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		WANT(kernel_support(rows[i].number, rows[i].since,
				    rows[i].task) == rows[i].want);
}

/* -------------------------------------------------------------- the table */

static const struct row {
	const char *name;
	void (*work)(void);
	int want; /* wait status */
	bool as_root;
} rows[] = {
	{ "a filter is loaded and verified", test_plain, 0, true },
	{ "NULL for all that may be", test_nulls, 0, false },
	{ "tsync reaches all threads", test_tsync, 0, false },
	{ "one thread alone", test_one_thread, 0, false },
	{ "B5: a thread with its own filter is named", test_odd_thread, 0,
	  false },
	{ "B5: also beside a listener", test_odd_thread_esrch, 0, false },
	{ "outer ENOSYS", test_outer_enosys, 0, false },
	{ "outer EPERM", test_outer_eperm, 0, false },
	{ "outer EINVAL to a flag", test_outer_einval_flag, 0, false },
	{ "outer filter says yes to all", test_outer_lies_always, 0, false },
	{ "outer filter loads nothing", test_outer_lies_well, 0, false },
	{ "prctl where asked for", test_prctl, 0, false },
	{ "prctl not with threads", test_prctl_threads, 0, false },
	{ "prctl not with flags", test_prctl_flags, 0, false },
	{ "privileges kept", test_keep_privileges, 0, true },
	{ "keeping needs privilege", test_keep_without_privilege, 0, false },
	{ "without any privilege", test_unprivileged, 0, false },
	{ "other byte order", test_other_byte_order, 0, false },
	{ "a filter that forbids to look", test_unlookable, 0, false },
	{ "as many as fit", test_full, 0, false },
	{ "strict mode", test_strict, 0, false },
	{ "strict mode kills getpid", test_strict_getpid, SIGKILL, false },
	{ "strict mode kills exit_group", test_strict_exit_group, SIGKILL,
	  false },
	{ "strict mode under a filter", test_strict_under_filter, 0, false },
	{ "E6: bogus calls", test_bogus, 0, false },
	{ "probe", test_probe, 0, true },
	{ "probe under a filter of ours", test_probe_inside, 0, false },
	{ "probe, one flag blocked", test_probe_partly_blocked, 0, false },
	{ "probe makes no bogus call", test_probe_is_harmless, 0, false },
	{ "names of actions", test_action_names, 0, false },
	{ "what an errno says", test_support, 0, false },
};

static const struct flags_row {
	const char *name;
	struct cg_load_options options;
	bool bad;
} flags_rows[] = {
	{ "flag log", { .flags = CG_FLAG_LOG }, false },
	{ "flag spec_allow", { .flags = CG_FLAG_SPEC_ALLOW }, false },
	{ "flag tsync", { .flags = CG_FLAG_TSYNC }, false },
	{ "flag tsync_esrch", { .flags = CG_FLAG_TSYNC_ESRCH }, false },
	{ "flag new_listener", { .flags = CG_FLAG_NEW_LISTENER }, false },
	{ "flag new_listener, one thread",
	  { .flags = CG_FLAG_NEW_LISTENER, .one_thread = true },
	  false },
	{ "flag wait_killable_recv",
	  { .flags = CG_FLAG_NEW_LISTENER | CG_FLAG_WAIT_KILLABLE_RECV },
	  false },
	{ "all flags", { .flags = 63 }, false },
	{ "an unknown flag", { .flags = 64 }, true },
	{ "tsync for one thread",
	  { .flags = CG_FLAG_TSYNC, .one_thread = true },
	  true },
	{ "tsync_esrch for one thread",
	  { .flags = CG_FLAG_TSYNC_ESRCH, .one_thread = true },
	  true },
	{ "wait_killable_recv without a listener",
	  { .flags = CG_FLAG_WAIT_KILLABLE_RECV },
	  true },
};

static void run_row(const void *with)
{
	((const struct row *)with)->work();
}

int main(void)
{
	static const uint32_t errnos[] = { EPERM, ENOSYS, EINVAL, EACCES };
	struct tap tap = { 0 };
	struct task task;

	if (!task_read(0, &task) || task.seccomp != 0) {
		tap_skip(&tap, "loading",
			 "needs /proc, and no filter in force already");
		return tap_done(&tap);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].as_root && geteuid() != 0)
			tap_skip(&tap, rows[i].name, "needs to be root");
		else
			tap_ok(&tap,
			       live_child(run_row, &rows[i]) == rows[i].want,
			       "%s", rows[i].name);
	}
	for (size_t i = 0; i < sizeof(flags_rows) / sizeof(flags_rows[0]); i++)
		tap_ok(&tap,
		       live_child(flags_rows[i].bad ? test_bad_input
						    : test_flags,
				  &flags_rows[i].options) == 0,
		       "%s", flags_rows[i].name);
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		tap_ok(&tap, live_child(test_probe_blocked, &errnos[i]) == 0,
		       "E7: probe blocked with errno %u", errnos[i]);
	return tap_done(&tap);
}
