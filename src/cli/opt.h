/*
 * cli/opt.h - subcommands and their options, as rows.
 *
 * One row serves the parser, the help, `--dump-cli` and through that the
 * completions and the check of the manual pages.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

enum exit_status {
	EXIT_YES = 0,     /* done, or the answer is yes */
	EXIT_NO = 1,      /* the answer is no */
	EXIT_USAGE = 2,   /* bad usage or bad input */
	EXIT_REFUSED = 3, /* the system refused */
	/* Of verbs that start a command, as env(1) has it. */
	EXIT_FAILED = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
};

enum option_kind {
	OPTION_FLAG,  /* bool */
	OPTION_COUNT, /* int: as many as were given */
	OPTION_TEXT,  /* const char *: the last one counts */
	OPTION_LIST,  /* struct texts: each one counts */
};

struct texts {
	const char **at;
	size_t count;
};

struct option {
	char letter;          /* or 0 */
	const char *name;     /* without the dashes */
	const char *argument; /* what the help calls it; NULL for a flag */
	enum option_kind kind;
	size_t field; /* offset in the command's struct */
	const char *about;
};

struct command {
	const char *name;
	const char *operands; /* "[OPTION]... -- COMMAND [ARG]...", for help */
	const char *about;    /* one line */
	const char *details;  /* paragraphs behind the options, or NULL */
	const struct option *options; /* up to one without a name */
	size_t fields;                /* sizeof the struct that options fill */
	bool stop_early;    /* what follows the first operand is not ours */
	size_t least, most; /* operands */
	bool elsewhere;     /* a program of its own has the rest: elsewhere.h */
	int (*run)(void *fields, int count, char **operands);
};

/* All of them, up to one without a name. */
extern const struct command *const commands[];

/*
 * Read the options of a command, then run it. `argv[0]` is the command's name.
 * Returns its exit status, or EXIT_USAGE with a message on stderr.
 */
int command_run(const struct command *command, int argc, char **argv);

/* The help of one command, on stdout. */
void command_help(const struct command *command);

/* Rows "verb TAB option TAB argument TAB about" of one command. */
void command_dump(const struct command *command);

#endif
