/* cli/verbs.h - the subcommands, one file each: cmd_*.c. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/opt.h"

/* Said by both programs. */
#define WATCH_ABOUT "tell of violations as they happen, or as logs have them"

extern const struct command command_run_verb;
extern const struct command command_compile;
extern const struct command command_convert;
extern const struct command command_explain;
extern const struct command command_diff;
extern const struct command command_merge;
extern const struct command command_test;
extern const struct command command_dump_verb;
extern const struct command command_lint;
extern const struct command command_profile;
extern const struct command command_ps;
extern const struct command command_record;
extern const struct command command_syscalls;
extern const struct command command_doctor;
extern const struct command command_watch;

#endif
