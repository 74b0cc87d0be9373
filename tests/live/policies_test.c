/*
 * Policies in force: what they bar fails, by each door, in each thread and
 * child, and what they allow goes on working.
 */
#include "live.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "call.h"

enum { THREADS = 4 };

static const char *policy_text, *preset_name, *policy_path;

/* Put the policy of this test in force, or end the child. */
static void enforce(void)
{
	struct cg_policy *policy = NULL;
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	bool ok;

	if (policy_path)
		ok = cg_policy_open(policy_path, NULL, &policy, &err) == CG_OK;
	else if (preset_name)
		ok = cg_policy_preset(preset_name, NULL, &policy, &err) ==
		     CG_OK;
	else
		ok = cg_policy_parse(policy_text, strlen(policy_text), "", NULL,
				     &policy, &err) == CG_OK;
	ok = ok && cg_compile(policy, NULL, &program, &err) == CG_OK &&
	     cg_load(program, NULL, NULL, &err) == CG_OK;
	if (!ok)
		printf("# %s\n", err.message);
	WANT(ok);
	cg_program_free(program);
	cg_policy_free(policy);
}

static bool fails(long result, int number)
{
	return result == -1 && errno == number;
}

/* Whether a program can be started from here, and how that ends. */
static int start(char *const argv[])
{
	extern char **environ;
	pid_t child;
	int status = -1;
	int failed = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

	if (failed)
		return failed;
	while (waitpid(child, &status, 0) < 0)
		WANT(errno == EINTR);
	return status;
}

static char *const list_files[] = { (char[]){ "ls" }, (char[]){ "-la" }, NULL };

/* --------------------------------------------------------------- A26 -- */

static const char no_listening[] = "seccomp:\n"
				   "  default_action: allow\n"
				   "  syscalls:\n"
				   "    - action: errno\n"
				   "      names: [bind, listen, execve]\n";

static void no_listen(const void *with)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)with;
	WANT(fd >= 0);
	enforce();
	WANT(fails(bind(fd, (struct sockaddr *)&local, sizeof(local)), EPERM));
	WANT(fails(listen(fd, 1), EPERM));
	WANT(start(list_files) == EPERM);
	WANT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

/* ----------------------------------------------------- B6 and doors -- */

static const char no_mkdir[] = "seccomp:\n"
			       "  default_action: allow\n"
			       "  syscalls:\n"
			       "    - action: errno(77)\n"
			       "      names: [mkdir, bind, semget]\n";

static void native_door(const void *with)
{
	(void)with;
	enforce();
	WANT(fails(syscall(SYS_mkdir, "/proc/self/none", 0700), 77));
	WANT(fails(syscall(SYS_bind, -1, NULL, 0), 77));
	WANT(fails(syscall(SYS_rmdir, "/proc/self/none"), ENOENT));
}

#ifdef LIVE_I386
static void i386_doors(const void *with)
{
	static const uint32_t none[6];

	(void)with;
	WANT(call_i386(39, none) == -EFAULT); /* mkdir(NULL) */
	enforce();
	WANT(call_i386(39, none) == -77);
	WANT(call_i386(361, none) == -77); /* bind */
	/* bind and semget through the multiplexers, connect and semop. */
	WANT(call_i386(102, (const uint32_t[6]){ 2 }) == -77);
	WANT(call_i386(102, (const uint32_t[6]){ 3 }) == -EFAULT);
	WANT(call_i386(117, (const uint32_t[6]){ 2, 1 }) == -77);
	WANT(call_i386(117, (const uint32_t[6]){ 0x10002, 1 }) == -77);
	WANT(call_i386(117, (const uint32_t[6]){ 13, 1 }) != -77);
	WANT(call_i386(20, none) == getpid());
}

static void x32_door(const void *with)
{
	(void)with;
	enforce();
	WANT(call_native(0x40000000 | SYS_mkdir, (const uint64_t[6]){ 0 }) ==
	     -77);
}
#endif

/* ----------------------------------------------------------- no-exec -- */

static void *exec_thread(void *unused)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	WANT(fails(execv("/bin/true", argv), EACCES));
	WANT(fails(syscall(SYS_execveat, -1, "", argv, NULL, 0), EACCES));
	return unused;
}

static void check_no_exec(void)
{
	pthread_t thread;

	exec_thread(NULL);
	WANT(start(list_files) == EACCES);
#ifdef SYS_fork
	WANT(fails(syscall(SYS_fork), EACCES));
	WANT(fails(syscall(SYS_vfork), EACCES));
#endif
	WANT(pthread_create(&thread, NULL, exec_thread, NULL) == 0);
	WANT(pthread_join(thread, NULL) == 0);
}

static void no_exec_preset(const void *with)
{
	(void)with;
	enforce();
	check_no_exec();
}

/* E5: fork(3) goes through clone, and threads do, too. */
static void no_new_processes(const void *with)
{
	(void)with;
	enforce();
	check_no_exec();
	WANT(fails(fork(), EACCES));
	WANT(fails(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EACCES));
	WANT(fails(syscall(SYS_clone3, NULL, 0), ENOSYS));
}

/* E4: Elasticsearch's own program. */
static void no_exec_program(const void *with)
{
	struct cg_program *program = NULL;
	struct cg_error err;

	(void)with;
	WANT(cg_program_no_exec(cg_abi_native(), &program, &err) == CG_OK);
	WANT(cg_load(program, NULL, NULL, &err) == CG_OK);
	cg_program_free(program);
	check_no_exec();
}

/* ------------------------------------------------------ other presets -- */

static void no_network(const void *with)
{
	(void)with;
	enforce();
	WANT(fails(socket(AF_INET, SOCK_STREAM, 0), EACCES));
	WANT(fails(socket(AF_INET6, SOCK_DGRAM, 0), EACCES));
	WANT(fails(socket(AF_NETLINK, SOCK_RAW, 0), EACCES));
	WANT(fails(syscall(SYS_socket, (1ull << 32) | AF_INET, SOCK_STREAM, 0),
		   EACCES));
	WANT(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

/* Files work, other programs do not. */
static void check_files(bool with_pipes)
{
	char folder[] = "/tmp/callgate-live-XXXXXX", path[64];
	char text[8] = "";
	int fd;

	WANT(system("true") == 0);
	WANT(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/pipe", folder);
	enforce();
	WANT(system("true") != 0);
	WANT(with_pipes ? mkfifo(path, 0600) == 0
			: fails(mkfifo(path, 0600), EPERM));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	WANT(fd >= 0 && write(fd, "hello", 5) == 5);
	WANT(with_pipes || lseek(fd, 0, SEEK_SET) == 0);
	WANT(read(fd, text, 5) == 5 && strcmp(text, "hello") == 0);
	WANT(unlink(path) == 0);
	WANT(mkdir(path, 0700) == 0 && rmdir(path) == 0);
	WANT(rmdir(folder) == 0);
}

static void server(const void *with)
{
	(void)with;
	check_files(false);
	WANT(fails(syscall(SYS_ptrace, 0, 0, 0, 0), EPERM));
	WANT(fails(syscall(SYS_clone3, NULL, 0), ENOSYS));
	WANT(fails(syscall(0xffff), ENOSYS));
}

/* G5: the list of Elastic's machine-learning processes. */
static void machine_learning(const void *with)
{
	(void)with;
	check_files(true);
	WANT(fails(socket(AF_INET, SOCK_STREAM, 0), EACCES));
}

static void strict(const void *with)
{
	(void)with;
	enforce();
}

/* BT6: a policy that is switched off loads nothing, and that is success. */
static void disabled(const void *with)
{
	const char *path = with;
	struct cg_error err;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	static const char text[] = "seccomp:\n"
				   "  enabled: false\n"
				   "  default_action: kill_process\n"
				   "  syscalls: [{action: allow, names: read}]";

	WANT(fd >= 0 && write(fd, text, sizeof(text) - 1) > 0);
	WANT(cg_load_file(path, NULL, &err) == CG_OK);
	WANT(unlink(path) == 0);
	WANT(prctl(PR_GET_SECCOMP) == 0);
}

/* ---------------------------------------------------------- inheritance -- */

static const char no_getppid[] =
	"seccomp:\n"
	"  default_action: allow\n"
	"  flags: [tsync]\n"
	"  syscalls:\n"
	"    - action: errno(77)\n"
	"      rules: [getppid(), \"kill(0..1, 999)\"]\n";

static pthread_barrier_t loaded;

static void *wait_and_ask(void *unused)
{
	pthread_barrier_wait(&loaded);
	WANT(fails(syscall(SYS_getppid), 77));
	return unused;
}

static void inherited(const void *with)
{
	pthread_t threads[THREADS], late;
	char *const grep[] = { (char[]){ "grep" }, (char[]){ "-q" },
			       (char[]){ "^Seccomp:[[:space:]]*2" },
			       (char[]){ "/proc/self/status" }, NULL };
	pid_t child;
	int status;

	(void)with;
	WANT(pthread_barrier_init(&loaded, NULL, THREADS + 1) == 0);
	for (int i = 0; i < THREADS; i++)
		WANT(pthread_create(&threads[i], NULL, wait_and_ask, NULL) ==
		     0);
	WANT(syscall(SYS_getppid) > 0);
	enforce();
	WANT(fails(syscall(SYS_getppid), 77));
	pthread_barrier_wait(&loaded);
	for (int i = 0; i < THREADS; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
	/* And by what comes later: a thread, a child, another program. */
	WANT(pthread_barrier_init(&loaded, NULL, 1) == 0);
	WANT(pthread_create(&late, NULL, wait_and_ask, NULL) == 0);
	WANT(pthread_join(late, NULL) == 0);
	child = fork();
	WANT(child >= 0);
	if (child == 0)
		_exit(fails(syscall(SYS_getppid), 77) ? 0 : 1);
	WANT(waitpid(child, &status, 0) == child && status == 0);
	WANT(start(grep) == 0);
}

/* ------------------------------------------------------------ one call -- */

/* A child that makes one call, and how that ends. */
static const struct ending {
	const char *name, *action;
	int signal; /* or 0 for an exit with 0 */
	bool by_i386;
} endings[] = {
	{ "kill_process", "kill_process", SIGSYS, false },
	{ "kill_thread", "kill_thread", SIGSYS, false },
	{ "trap", "trap", SIGSYS, false },
	{ "trap(5)", "trap(5)", SIGSYS, false },
	{ "allow", "allow", 0, false },
	{ "errno", "errno", 0, false },
	{ "log", "log", 0, false },
	{ "kill_process by int 0x80", "kill_process", SIGSYS, true },
	{ "kill_thread by int 0x80", "kill_thread", SIGSYS, true },
	{ "trap by int 0x80", "trap", SIGSYS, true },
	{ "errno by int 0x80", "errno", 0, true },
};

static void one_call(const void *with)
{
	const struct ending *ending = with;
	char text[256];

	snprintf(text, sizeof(text),
		 "seccomp: {default_action: allow, syscalls: "
		 "[{action: %s, names: getppid}]}",
		 ending->action);
	policy_text = text;
	enforce();
#ifdef LIVE_I386
	if (ending->by_i386)
		call_i386(64, (const uint32_t[6]){ 0 });
#endif
	if (!ending->by_i386)
		syscall(SYS_getppid);
	syscall(SYS_exit_group, 0);
}

/* An allow list answers for other ABIs as `foreign` says: with death. */
static const char allow_list[] = "seccomp:\n"
				 "  default_action: errno\n"
				 "  syscalls:\n"
				 "    - action: allow\n"
				 "      names: [write, exit_group]\n";

#ifdef LIVE_I386
static void foreign_call(const void *with)
{
	(void)with;
	enforce();
	call_i386(4, (const uint32_t[6]){ UINT32_MAX });
	call_native(SYS_exit_group, (const uint64_t[6]){ 0 });
}
#endif

/* In one thread of several kill_thread ends that thread alone. */
static atomic_int victim_thread;

static void *getppid_thread(void *unused)
{
	victim_thread = (int)syscall(SYS_gettid);
	syscall(SYS_getppid);
	WANT(!"kill_thread is survived");
	return unused;
}

static void kill_one_thread(const void *with)
{
	pthread_t thread;
	struct stat entry;
	char path[64];

	(void)with;
	policy_text = "seccomp: {default_action: allow, syscalls: "
		      "[{action: kill_thread, names: getppid}]}";
	enforce();
	WANT(pthread_create(&thread, NULL, getppid_thread, NULL) == 0);
	while (!victim_thread)
		sched_yield();
	/* What is killed tells nobody; its entry of /proc goes away. */
	snprintf(path, sizeof(path), "/proc/self/task/%d", victim_thread);
	while (stat(path, &entry) == 0)
		usleep(1000);
	WANT(errno == ENOENT);
}

/* ---------------------------------------------------------------- main -- */

struct scene {
	const char *name;
	void (*play)(const void *with);
	const char *preset, *text;
	bool i386;
	int status;
};

static const struct scene scenes[] = {
	{ "A26: no bind, listen, execve", no_listen, NULL, no_listening, false,
	  0 },
	{ "B6: no mkdir, natively", native_door, NULL, no_mkdir, false, 0 },
#ifdef LIVE_I386
	{ "B6: nor by int 0x80", i386_doors, NULL, no_mkdir, true, 0 },
	{ "nor as x32", x32_door, NULL, no_mkdir, false, 0 },
	{ "an allow list kills int 0x80", foreign_call, NULL, allow_list, true,
	  SIGSYS },
#endif
	{ "preset no-exec", no_exec_preset, "no-exec", NULL, false, 0 },
	{ "E5: preset no-new-processes", no_new_processes, "no-new-processes",
	  NULL, false, 0 },
	{ "E4: Elasticsearch's program", no_exec_program, NULL, NULL, false,
	  0 },
	{ "preset no-network", no_network, "no-network", NULL, false, 0 },
	{ "preset server", server, "server", NULL, false, 0 },
	{ "preset strict ends what is not strict", strict, "strict", NULL,
	  false, SIGSYS },
	{ "threads, children and programs inherit", inherited, NULL, no_getppid,
	  false, 0 },
	{ "kill_thread ends one of two", kill_one_thread, NULL, NULL, false,
	  0 },
};

static bool ended_with(int status, int signal)
{
	return signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal
		      : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void play(struct tap *tap, const char *name, int want,
		 void (*work)(const void *), const void *with)
{
	int status = live_child(work, with);

	if (!tap_ok(tap, ended_with(status, want), "%s", name))
		tap_note("wait status 0x%x", (unsigned)status);
}

int main(int argc, char **argv)
{
	static const char no_i386[] = "this kernel takes no int 0x80";
	struct cg_features features;
	struct tap tap = { 0 };
	char path[64];

	cg_probe(&features);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *scene = &scenes[i];

		preset_name = scene->preset;
		policy_text = scene->text;
		if (scene->i386 && !features.i386_works)
			tap_skip(&tap, scene->name, no_i386);
		else
			play(&tap, scene->name, scene->status, scene->play,
			     NULL);
	}
	preset_name = NULL;
	policy_path = argc > 1 ? argv[1] : "ml.yml";
	if (strcmp(cg_abi_native()->name, "x86_64") != 0)
		tap_skip(&tap, "G5", "the list is one of x86_64");
	else
		play(&tap, "G5: what Elastic's machine learning needs", 0,
		     machine_learning, NULL);
	policy_path = NULL;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (endings[i].by_i386 && !features.i386_works)
			tap_skip(&tap, endings[i].name, no_i386);
		else
			play(&tap, endings[i].name, endings[i].signal, one_call,
			     &endings[i]);
	snprintf(path, sizeof(path), "/tmp/callgate-live-%d.yml",
		 (int)getpid());
	play(&tap, "BT6: enabled: false loads nothing", 0, disabled, path);
	return tap_done(&tap);
}
