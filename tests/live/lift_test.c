/*
 * `callgate dump --policy` of a live process: what others' filters became in
 * the kernel, all of a chain as one policy, is compiled and proved equal to
 * what is in force.
 *
 *	lift_test FOLDER CALLGATE
 */
#include "live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "chains.h"

enum { PATH_ROOM = 512, COMMAND_ROOM = 2048 };

static const char *folder, *callgate;

static pid_t begin(const struct chain *chain)
{
	int ends[2];
	char word;
	pid_t pid;

	assert(pipe2(ends, O_CLOEXEC) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < chain->count; i++) {
			const struct {
				unsigned short length;
				const struct cg_insn *insns;
			} fprog = { (unsigned short)chain->at[i].count,
				    chain->at[i].insns };

			WANT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
			WANT(prctl(PR_SET_SECCOMP, 2, &fprog, 0, 0) == 0);
		}
		WANT(write(ends[1], "r", 1) == 1);
		for (;;)
			pause();
	}
	assert(pid > 0);
	close(ends[1]);
	assert(read(ends[0], &word, 1) == 1);
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	assert(kill(pid, SIGKILL) == 0);
	assert(waitpid(pid, NULL, 0) == pid);
}

/* The command with these words; its exit status. */
__attribute__((format(printf, 1, 2))) static int
command(const char *format, ...)
{
	char text[COMMAND_ROOM];
	int used = snprintf(text, sizeof(text), "'%s' ", callgate), status;
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, args);
	va_end(args);
	fflush(stdout);
	status = system(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_chain(struct tap *tap, const char *name, pid_t pid, size_t i)
{
	char policy[PATH_ROOM], filter[PATH_ROOM];
	bool dumped;

	snprintf(policy, sizeof(policy), "%s/lifted-%zu.yml", folder, i);
	snprintf(filter, sizeof(filter), "%s/lifted-%zu.bpf", folder, i);
	dumped = command("dump --pid %d --policy >'%s'", (int)pid, policy) == 0;
	tap_ok(tap, dumped, "%s: becomes a policy", name);
	tap_ok(tap,
	       dumped && command("diff -q '%s' pid:%d", policy, (int)pid) == 0,
	       "... which is equal to what is in force");
	tap_ok(tap,
	       dumped && command("compile '%s' -o '%s'", policy, filter) == 0 &&
		       command("diff -q '%s' pid:%d", filter, (int)pid) == 0,
	       "... and so is the filter that it compiles to");
	tap_ok(tap,
	       command("dump --pid %d --policy --json >'%s'", (int)pid,
		       policy) == 0 &&
		       command("diff -q '%s' pid:%d", policy, (int)pid) == 0,
	       "... and the policy as JSON");
	unlink(policy);
	unlink(filter);
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	if (argc != 3) {
		fputs("usage: lift_test FOLDER CALLGATE\n", stderr);
		return EXIT_FAILURE;
	}
	folder = argv[1];
	callgate = argv[2];
	if (geteuid() != 0) {
		tap_skip(&tap, "live filters", "needs root");
		return tap_done(&tap);
	}
	for (size_t i = 0; i < CHAINS; i++) {
		struct chain chain;
		pid_t pid;

		if (!chain_make(i, &chain)) {
			tap_skip(&tap, chain_name(i),
				 "needs libseccomp, x86_64");
			continue;
		}
		pid = begin(&chain);
		test_chain(&tap, chain_name(i), pid, i);
		end(pid);
		chain_free(&chain);
	}
	return tap_done(&tap);
}
