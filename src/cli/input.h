/*
 * cli/input.h - policies and filters as a command line names them.
 *
 * A policy is a file, or the name of a preset where no such file exists. A
 * filter is a file of BPF bytes. Which of the two a file holds is told by its
 * content: text has no NUL byte, and a filter always has some. `pid:1234` is
 * the filters that process 1234 is under, `tid:1235` those of one thread.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <callgate/live.h>
#include <callgate/prove.h>

#include "cli/opt.h"
#include "cli/origin.h"

/* A policy, from one of several options of a command. */
struct choice {
	const char *policy; /* --policy FILE */
	const char *preset; /* --preset NAME */
	struct texts drop;  /* --drop LIST: refuse these, allow the rest */
	struct texts keep;  /* --keep LIST: allow these, refuse the rest */
	bool no_exec, no_new_processes, no_network;
	const char *arch;     /* --arch NAME: what `native` means */
	struct origin origin; /* of --policy */
};

/* Rows for the options of a `struct choice` at `field` of a command. */
#define CHOICE_OPTIONS(type, field)                                     \
	{ 'p',                                                          \
	  "policy",                                                     \
	  "FILE",                                                       \
	  OPTION_TEXT,                                                  \
	  offsetof(type, field.policy),                                 \
	  "the policy in FILE, or the preset of that name" },           \
		{ 0,                                                    \
		  "preset",                                             \
		  "NAME",                                               \
		  OPTION_TEXT,                                          \
		  offsetof(type, field.preset),                         \
		  "a policy that comes with callgate" },                \
		{ 0,                                                    \
		  "drop",                                               \
		  "LIST",                                               \
		  OPTION_LIST,                                          \
		  offsetof(type, field.drop),                           \
		  "refuse these calls or @groups, allow all others" },  \
		{ 0,                                                    \
		  "keep",                                               \
		  "LIST",                                               \
		  OPTION_LIST,                                          \
		  offsetof(type, field.keep),                           \
		  "allow these calls or @groups, refuse all others" },  \
		{ 0,                                                    \
		  "no-exec",                                            \
		  NULL,                                                 \
		  OPTION_FLAG,                                          \
		  offsetof(type, field.no_exec),                        \
		  "the preset no-exec: start no other program" },       \
		{ 0,                                                    \
		  "no-new-processes",                                   \
		  NULL,                                                 \
		  OPTION_FLAG,                                          \
		  offsetof(type, field.no_new_processes),               \
		  "the preset no-new-processes: nor fork either" },     \
		ORIGIN_OPTIONS(type, field.origin),                     \
	{                                                               \
		0, "no-network", NULL, OPTION_FLAG,                     \
			offsetof(type, field.no_network),               \
			"the preset no-network: no sockets but AF_UNIX" \
	}

/* What was read, for messages that show a line of it. */
struct input {
	struct cg_policy *policy;
	struct cg_program *program; /* or NULL; one of the three is set */
	struct cg_chain *chain;     /* of a live thread; or NULL */
	int32_t thread;             /* whose it is */
	char *text;
	size_t length;
	char *name;                     /* "file.yml", "--drop" */
	const struct cg_format *format; /* of a file that is a policy */
};

/*
 * Read the policy that the options choose; `native` NULL: this machine's ABI.
 * Exactly one must be chosen. False, said on stderr, status in `*status`.
 */
bool input_choice(const struct choice *choice, const struct cg_abi *native,
		  struct input *out, int *status);

/* Read a policy or a filter by its name on the command line. */
bool input_open(const char *name, const struct cg_abi *native,
		struct input *out, int *status);

/* The same, read in the format and as the runtime that `origin` names. */
bool input_open_from(const char *name, const struct origin *origin,
		     const struct cg_abi *native, struct input *out,
		     int *status);

/* Whether one runtime reads both formats; NULL is no format. */
bool input_same_family(const struct cg_format *a, const struct cg_format *b);

/*
 * Keep the text of the file that was read, to show a line of it. What is no
 * regular file can be read only once, and is left alone.
 */
void input_keep_text(struct input *input);

/* Read a file as mere text. */
bool input_text(const char *path, struct input *out, int *status);

/* Take the filters of the process or thread with this id. */
bool input_thread(const char *number, struct input *out, int *status);

/* What was read, to compare and to ask. */
struct cg_side input_side(const struct input *input);

/* The ABI of that name; NULL, said on stderr, if there is none. */
const struct cg_abi *input_abi(const char *name);

/* Show the policy's warnings on stderr. */
void input_warn(const struct input *input);

/* The same for files of other tools only: what those pass over in silence. */
void input_warn_foreign(const struct input *input);

/* The id of a process or a thread; false, said on stderr, if it is none. */
bool input_id(const char *text, int32_t *out);

void input_free(struct input *input);

/* The text that an error of this input is about, or NULL. */
const char *
input_text_for(const struct input *input, const struct cg_error *err);

#endif
