/* callgate - the command: find the subcommand, and hand over to it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/elsewhere.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/verbs.h"

const struct command *const commands[] = {
	&command_run_verb, &command_compile,
	&command_convert,  &command_explain,
	&command_diff,     &command_merge,
	&command_test,     &command_dump_verb,
	&command_record,   &command_syscalls,
	&command_lint,     &command_ps,
	&command_watch,    &command_profile,
	&command_doctor,   NULL,
};

static void help(void)
{
	printf("usage: callgate COMMAND [OPTION]...\n\n"
	       "Callgate compiles seccomp policies into proven filters, runs "
	       "programs under them\nand explains every refusal.\n\n"
	       "commands:\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->about);
	printf("\n  callgate COMMAND --help tells more; so does "
	       "callgate(1).\n\n"
	       "exit status: 0 yes or done, 1 no, 2 bad usage or input, 3 "
	       "refused by the system\n");
}

static int dump(void)
{
	int status = EXIT_YES;

	printf("\t-h, --help\t\tshow this help and exit\n"
	       "\t-V, --version\t\tshow the version and exit\n");
	for (size_t i = 0; commands[i] && status == EXIT_YES; i++)
		if (commands[i]->elsewhere)
			status = elsewhere_dump(commands[i]->name);
		else
			command_dump(commands[i]);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	if (command->elsewhere)
		return elsewhere_run(command->name, argv);
	return command_run(command, argc, argv);
}

static int fail_command(const char *name)
{
	const char *best = NULL;
	unsigned distance = 4;

	for (size_t i = 0; commands[i]; i++) {
		unsigned d = text_near(name, commands[i]->name, 3);

		if (d < distance) {
			distance = d;
			best = commands[i]->name;
		}
	}
	out_error("no command is called '%s'%s%s%s", name,
		  best ? "; did you mean '" : "", best ? best : "",
		  best ? "'?" : "");
	fputs("try: callgate --help\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		out_error("no command given");
		fputs("try: callgate --help\n", stderr);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		help();
		return out_finish(EXIT_YES);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("callgate %s\n", CALLGATE_VERSION);
		return out_finish(EXIT_YES);
	}
	if (strcmp(name, "--dump-cli") == 0)
		return out_finish(dump());
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return out_finish(run(commands[i], argc - 1, argv + 1));
	return fail_command(name);
}
