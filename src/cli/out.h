/*
 * cli/out.h - what the command says to a person.
 *
 * Errors go to stderr, as "callgate: ...", with the line of the file and a
 * caret where the library names a place. Colours are used on a terminal, and
 * never where NO_COLOR is set.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <callgate/error.h>
#include <callgate/policy.h>
#include <callgate/run.h>

enum colour { PLAIN, BOLD, RED, GREEN, YELLOW, DIM };

/* The escape sequence of a colour for a stream, or "". */
const char *out_colour(FILE *stream, enum colour colour);

__attribute__((format(printf, 1, 2))) void out_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void out_note(const char *format, ...);

/* An error of the library. `text` is that of the source it names, or NULL. */
void out_failure(const struct cg_error *err, const char *text, size_t length);
/* The same as a warning. */
void out_warning(const struct cg_error *err, const char *text, size_t length);

/* The exit status that goes with an error. */
int out_status(const struct cg_error *err);

/* The same where a command was to be started. */
int out_command_status(const struct cg_error *err);

_Noreturn void out_die_nomem(void);

/* Add a name from elsewhere, without what a terminal would act on. */
struct buf;
void out_plain(struct buf *buf, const char *name);
/* Print it on stdout, likewise. */
void out_name(const char *name);

/* Write a buffer to stdout, and free it; dies where memory ran out. */
void out_buf(struct buf *buf);

/*
 * End a command that wrote to stdout: what could not be written (a full disk,
 * a closed pipe) is an error, too. Returns `status`, or EXIT_REFUSED.
 */
int out_finish(int status);

#endif
