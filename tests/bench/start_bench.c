/*
 * What a launcher adds to the wall time of /bin/true: each command in turn,
 * round after round, so that noise meets all of them alike.
 *
 *	start_bench CALLGATE FILTER.bpf
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

enum { ROUNDS = 300, ARGUMENTS = 12, FILTER_FD = 9 };

struct launcher {
	const char *name;
	const char *argv[ARGUMENTS];
	bool there;
	double samples[ROUNDS];
};

static struct launcher launchers[] = {
	{ .name = "/bin/true alone", .argv = { "/bin/true" } },
	{ .name = "callgate run --drop bind",
	  .argv = { "CALLGATE", "run", "--drop", "bind", "--", "/bin/true" } },
	{ .name = "callgate run, not explained",
	  .argv = { "CALLGATE", "run", "--no-explain", "--drop", "bind", "--",
		    "/bin/true" } },
	{ .name = "bwrap",
	  .argv = { "bwrap", "--dev-bind", "/", "/", "/bin/true" } },
	{ .name = "bwrap --seccomp",
	  .argv = { "bwrap", "--dev-bind", "/", "/", "--seccomp", "9",
		    "/bin/true" } },
	{ .name = "firejail --seccomp.drop=bind",
	  .argv = { "firejail", "--quiet", "--noprofile", "--seccomp.drop=bind",
		    "/bin/true" } },
};

enum { LAUNCHERS = sizeof(launchers) / sizeof(launchers[0]) };

/* bwrap reads its filter from a descriptor, to the end, each time anew. */
static int spawn_once(const struct launcher *launcher, const char *filter)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, FILTER_FD, filter, O_RDONLY,
					 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, launcher->argv[0], &actions, NULL,
			 (char *const *)launcher->argv, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

int main(int argc, char **argv)
{
	double base;

	if (argc != 3) {
		fprintf(stderr, "usage: %s CALLGATE FILTER\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < LAUNCHERS; i++) {
		struct launcher *launcher = &launchers[i];

		if (strcmp(launcher->argv[0], "CALLGATE") == 0)
			launcher->argv[0] = argv[1];
		launcher->there = spawn_once(launcher, argv[2]) == 0;
	}
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < LAUNCHERS; i++) {
			double start = bench_now();

			if (!launchers[i].there)
				continue;
			spawn_once(&launchers[i], argv[2]);
			launchers[i].samples[round] = bench_now() - start;
		}
	printf("Wall time of /bin/true; medians of %d rounds in turn.\n\n",
	       ROUNDS);
	printf("%-30s %10s %10s %10s\n", "command", "median", "least", "added");
	base = bench_times(launchers[0].samples, ROUNDS).median;
	for (size_t i = 0; i < LAUNCHERS; i++) {
		struct times times;

		if (!launchers[i].there) {
			printf("%-30s skipped: it does not run here\n",
			       launchers[i].name);
			continue;
		}
		times = bench_times(launchers[i].samples, ROUNDS);
		printf("%-30s %7.2f ms %7.2f ms %7.2f ms\n", launchers[i].name,
		       times.median / 1e3, times.least / 1e3,
		       (times.median - base) / 1e3);
	}
	return EXIT_SUCCESS;
}
