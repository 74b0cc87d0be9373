/*
 * cg_registry_install() with the kernel as the judge: what came of it, with
 * `required` and `best effort`, and what is attested. Rows BT6, BT7 and G6.
 */
#include "live.h"

#include <pthread.h>
#include <sys/stat.h>

static struct cg_install out;
static struct cg_error err;
static const char *directory, *command;

static struct cg_registry *parts(void)
{
	struct cg_registry *registry = cg_registry_new();

	WANT(registry != NULL);
	WANT(cg_registry_need_preset(registry, "all", "no-network", &err) ==
	     CG_OK);
	WANT(cg_need(registry, &err, "me", "getppid") == CG_OK);
	return registry;
}

static enum cg_status install(struct cg_install_options options)
{
	struct cg_registry *registry = parts();
	enum cg_status status;

	options.name = "the \"parts\"";
	status = cg_registry_install(registry, &options, &out, &err);
	cg_registry_free(registry);
	return status;
}

static bool confined(void)
{
	return syscall(SYS_socket, 2, 1, 0) == -1 && errno != EAFNOSUPPORT;
}

static void test_installed(void)
{
	char wanted[512], *line;

	WANT(install((struct cg_install_options){ 0 }) == CG_OK);
	WANT(out.result == CG_INSTALLED && out.error.status == CG_OK);
	WANT(confined());
	WANT(out.loaded.verified && out.loaded.threads == 1);
	line = cg_install_attestation(&out);
	snprintf(wanted, sizeof(wanted),
		 "{\"event\":\"seccomp_installed\",\"policy\":\"the "
		 "\\\"parts\\\"\",\"sha256\":\"%s\",\"instructions\":%u,"
		 "\"flags\":1,\"threads\":1,\"verified\":true,"
		 "\"no_new_privs_set\":true}",
		 out.sha256, (unsigned)out.instructions);
	WANT(line && strcmp(line, wanted) == 0);
	WANT(strlen(out.sha256) == 64);
	free(line);
}

/* The hash is that of the bytes that the command writes. */
static void test_hash(void)
{
	struct cg_registry *registry = cg_registry_new();
	char line[512], got[65] = "";
	FILE *pipe;

	snprintf(line, sizeof(line),
		 "'%s' compile --format raw no-network | sha256sum", command);
	pipe = popen(line, "r");
	WANT(pipe && fread(got, 1, 64, pipe) == 64 && pclose(pipe) == 0);
	WANT(cg_registry_need_preset(registry, "all", "no-network", &err) ==
	     CG_OK);
	WANT(cg_registry_install(registry, NULL, &out, &err) == CG_OK);
	WANT(strcmp(out.sha256, got) == 0);
}

static void failed(enum cg_install_result result, const char *step)
{
	WANT(out.result == result && strcmp(out.step, step) == 0);
	WANT(out.error.status != CG_OK && out.error.message[0]);
	WANT(cg_install_attestation(&out) == NULL);
	WANT(!confined());
}

/* G6: off, go on without the marker; on, stop. */
static void test_refused(void)
{
	live_outer(SYS_seccomp, 0, 0, CG_RET_ERRNO | EPERM);
	WANT(install((struct cg_install_options){ 0 }) == CG_E_BLOCKED);
	failed(CG_INSTALL_REFUSED, "load");
	WANT(err.sys_errno == EPERM);
	WANT(install((struct cg_install_options){ .best_effort = true }) ==
	     CG_OK);
	failed(CG_INSTALL_REFUSED, "load");
}

static void test_no_privilege(void)
{
	const struct cg_load_options load = { .keep_privileges = true };

	if (geteuid() == 0)
		WANT(setresuid(65534, 65534, 65534) == 0);
	WANT(install((struct cg_install_options){ .load = &load }) ==
	     CG_E_SYSTEM);
	failed(CG_INSTALL_REFUSED, "load");
}

static void *with_own_filter(void *context)
{
	pthread_barrier_t *meet = context;

	live_outer(SYS_getpgrp, 0, 0, CG_RET_ERRNO | 1);
	pthread_barrier_wait(meet);
	pthread_barrier_wait(meet);
	return NULL;
}

static void test_thread(void)
{
	pthread_barrier_t meet;
	pthread_t thread;

	pthread_barrier_init(&meet, NULL, 2);
	WANT(pthread_create(&thread, NULL, with_own_filter, &meet) == 0);
	pthread_barrier_wait(&meet);
	WANT(install((struct cg_install_options){ .best_effort = true }) ==
	     CG_OK);
	failed(CG_INSTALL_FAILED, "load");
	WANT(out.error.status == CG_E_THREAD && out.error.thread > 0);
	pthread_barrier_wait(&meet);
	pthread_join(thread, NULL);
}

/* What is wrong in itself is never an effort. */
static void test_bad_policy(void)
{
	struct cg_registry *registry = cg_registry_new();
	const struct cg_install_options best = { .best_effort = true };

	WANT(cg_registry_install(registry, &best, &out, &err) == CG_E_INPUT);
	failed(CG_INSTALL_FAILED, "join");
	cg_registry_free(registry);
}

/* BT6. */
static void test_off(void)
{
	static const char off[] = "seccomp: {enabled: false}";
	const struct cg_install_options must = { .must_be_on = true };
	struct cg_registry *registry = parts();

	WANT(cg_registry_configure(registry, off, strlen(off), "user", &err) ==
	     CG_OK);
	WANT(cg_registry_install(registry, NULL, &out, &err) == CG_OK);
	WANT(out.result == CG_INSTALL_OFF && !confined());
	WANT(cg_install_attestation(&out) == NULL);
	WANT(cg_registry_install(registry, &must, &out, &err) == CG_E_INPUT);
	failed(CG_INSTALL_FAILED, "join");
}

/* ----------------------------------------------- BT7: the profiler's lists */

struct found {
	const char *names[64];
	char text[64][32];
	size_t count, left_out;
	char last[64];
};

static void name_found(void *context, const char *name)
{
	struct found *found = context;

	snprintf(found->text[found->count], 32, "%s", name);
	found->names[found->count] = found->text[found->count];
	found->count++;
}

static void name_left_out(void *context, uint32_t line, const char *name,
			  const char *suggestion)
{
	struct found *found = context;

	found->left_out++;
	snprintf(found->last, sizeof(found->last), "%u %s %s", (unsigned)line,
		 name, suggestion ? suggestion : "-");
}

static void read_list(const char *text, struct found *found)
{
	const struct cg_list_reader reader = { name_found, name_left_out,
					       found };
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/list.%d", directory, (int)getpid());
	file = fopen(path, "we");
	WANT(file && fputs(text, file) >= 0 && fclose(file) == 0);
	*found = (struct found){ 0 };
	WANT(cg_list_open(path, cg_abi_by_name("x86_64"), &reader, &err) ==
	     CG_OK);
	unlink(path);
}

static void test_lists(void)
{
	struct cg_registry *registry = cg_registry_new();
	const struct cg_policy *joined;
	struct cg_call call = { .arch = 0xc000003e };
	static struct found allow, block;

	read_list("# os/user\naccess\nopen\n\nstat # trailing\nfcntl64\n"
		  "mount, read;write\n",
		  &allow);
	WANT(allow.count == 6 && allow.left_out == 1);
	WANT(strcmp(allow.last, "6 fcntl64 -") == 0);
	read_list("chroot\nmount\nunmount2\n", &block);
	WANT(block.count == 2 && strcmp(block.last, "3 unmount2 umount2") == 0);
	WANT(cg_registry_need(registry, "profile", allow.names, allow.count,
			      &err) == CG_OK);
	WANT(cg_registry_refuse(registry, "block list", block.names,
				block.count, &err) == CG_OK);
	WANT(cg_registry_join(registry, &joined, &err) == CG_OK);
	WANT(cg_policy_decide(joined, &call) == CG_RET_ALLOW);
	call.nr = 165; /* mount: needed, and refused all the same */
	WANT(cg_policy_decide(joined, &call) == (CG_RET_ERRNO | EPERM));
	WANT(strcmp(cg_registry_who(registry, &call, 0), "profile") == 0);
	WANT(cg_list_open("/nowhere/list", cg_abi_native(), NULL, &err) ==
	     CG_E_SYSTEM);
	cg_registry_free(registry);
}

static void test_configure_file(void)
{
	struct cg_registry *registry = parts();
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/user.%d", directory, (int)getpid());
	file = fopen(path, "we");
	WANT(file != NULL);
	fputs("seccomp:\n  registered: restrict\n  syscalls:\n"
	      "    - {action: errno, names: [getppid]}\n",
	      file);
	fclose(file);
	WANT(cg_registry_configure_file(registry, path, &err) == CG_OK);
	unlink(path);
	WANT(cg_registry_install(registry, NULL, &out, &err) == CG_OK);
	WANT(syscall(SYS_getppid) == -1 && errno == EPERM && confined());
	WANT(cg_registry_configure_file(registry, "/nowhere", &err) ==
	     CG_E_SYSTEM);
}

/* A listener that is handed to nobody is closed, so that nothing waits. */
static void test_listener(void)
{
	static const char text[] =
		"seccomp: {default_action: allow, flags: [new_listener], "
		"syscalls: [{action: notify, names: [getppid]}]}";
	struct cg_registry *registry = cg_registry_new();
	struct cg_policy *policy = NULL;

	WANT(cg_policy_parse(text, strlen(text), "own", NULL, &policy, &err) ==
	     CG_OK);
	WANT(cg_registry_add(registry, "all", policy, &err) == CG_OK);
	WANT(cg_registry_install(registry, NULL, NULL, &err) == CG_OK);
	alarm(10);
	WANT(syscall(SYS_getppid) == -1 && errno == ENOSYS);
	cg_registry_free(registry);
}

static const struct {
	const char *name;
	void (*test)(void);
} rows[] = {
	{ "a listener that nobody wants", test_listener },
	{ "installed, and attested", test_installed },
	{ "the hash of what the command writes", test_hash },
	{ "G6: refused by an outer filter", test_refused },
	{ "refused for lack of privilege", test_no_privilege },
	{ "a thread that stays out", test_thread },
	{ "a policy that is wrong", test_bad_policy },
	{ "BT6: switched off", test_off },
	{ "BT7: lists", test_lists },
	{ "the user's file", test_configure_file },
};

static void call_test(const void *with)
{
	rows[*(const size_t *)with].test();
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	assert(argc == 3);
	directory = argv[1];
	command = argv[2];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(&tap, live_child(call_test, &i) == 0, "%s",
		       rows[i].name);
	return tap_done(&tap);
}
