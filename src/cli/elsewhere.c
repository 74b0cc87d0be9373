#include "cli/elsewhere.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/out.h"

/* The folder that this command lies in, with its last slash. */
static bool own_folder(char out[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (length < 0) {
		out_error("/proc/self/exe: %s", strerror(errno));
		return false;
	}
	out[length] = '\0';
	slash = strrchr(out, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	return true;
}

int elsewhere_run(const char *name, char **argv)
{
	char folder[PATH_MAX], path[PATH_MAX + 64];

	if (!own_folder(folder))
		return EXIT_REFUSED;
	snprintf(path, sizeof(path), "%scallgate-%s", folder, name);
	argv[0] = path;
	fflush(stdout);
	execv(path, argv);
	if (errno == ENOENT)
		out_error("%s is not there: 'callgate %s' is a program of its "
			  "own, installed beside this one",
			  path, name);
	else
		out_error("%s: %s", path, strerror(errno));
	return EXIT_REFUSED;
}

int elsewhere_dump(const char *name)
{
	char self[] = "", option[] = "--dump-cli";
	char *argv[] = { self, option, NULL };
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(elsewhere_run(name, argv));
	if (child < 0 || waitpid(child, &status, 0) != child) {
		out_error("cannot start callgate-%s: %s", name,
			  strerror(errno));
		return EXIT_REFUSED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_REFUSED;
}
