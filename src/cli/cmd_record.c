/* callgate record - which system calls a program makes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <callgate/record.h>

#include "base/num.h"
#include "cli/out.h"
#include "cli/ready.h"
#include "cli/record_learn.h"
#include "cli/record_out.h"
#include "cli/verbs.h"

enum {
	EXIT_SIGNAL = 128,
	STEP = 100,        /* ms between looks at the clock */
	LIVE_EVERY = 1000, /* ms */
};

struct fields {
	struct record_out out;
	const char *pid, *cgroup, *unit, *container, *runtime;
	const char *backend, *after, *learn, *seconds;
	struct texts from;
	bool in_container, with_runtime;
	bool errors, time, stacks, no_arguments, live;
};

#define FIELD(name) offsetof(struct fields, name)

static const struct option options[] = {
	{ 'o', "output", "FILE", OPTION_TEXT, FIELD(out.output),
	  "write a policy; FILE.json: the recording itself" },
	{ 0, "table", NULL, OPTION_FLAG, FIELD(out.table),
	  "print the table of `strace -c` (the default without -o)" },
	{ 0, "json", NULL, OPTION_FLAG, FIELD(out.json),
	  "print the recording on stdout" },
	{ 0, "policy", NULL, OPTION_FLAG, FIELD(out.policy),
	  "print the policy on stdout" },
	{ 0, "diff", "BASELINE", OPTION_TEXT, FIELD(out.diff),
	  "tell what a policy or a recording does not have: exit status 1" },
	{ 0, "from", "FILE", OPTION_LIST, FIELD(from),
	  "read a recording, a log of strace or audit, instead of making one" },
	{ 'p', "pid", "PID", OPTION_TEXT, FIELD(pid),
	  "record a process, and what it starts" },
	{ 0, "cgroup", "DIR", OPTION_TEXT, FIELD(cgroup),
	  "record a cgroup and those below it" },
	{ 0, "unit", "NAME", OPTION_TEXT, FIELD(unit),
	  "record a systemd unit" },
	{ 0, "container", "NAME|BUNDLE", OPTION_TEXT, FIELD(container),
	  "record a container of runc or crun that runs, or start a bundle" },
	{ 0, "runtime", "COMMAND", OPTION_TEXT, FIELD(runtime),
	  "what starts the bundle: runc or crun" },
	{ 0, "in-container", NULL, OPTION_FLAG, FIELD(in_container),
	  "COMMAND starts containers: record what runs in them" },
	{ 0, "with-runtime", NULL, OPTION_FLAG, FIELD(with_runtime),
	  "also what the runtime calls once it has loaded the filter" },
	{ 'b', "backend", "NAME", OPTION_TEXT, FIELD(backend),
	  "ebpf, filter or ptrace (default: the cheapest that can be used)" },
	{ 0, "errors", NULL, OPTION_FLAG, FIELD(errors),
	  "count errors (the default for tables and recordings)" },
	{ 't', "time", NULL, OPTION_FLAG, FIELD(time),
	  "measure the time that calls take" },
	{ 0, "stacks", NULL, OPTION_FLAG, FIELD(stacks),
	  "keep the stack of the first call of each kind" },
	{ 0, "no-arguments", NULL, OPTION_FLAG, FIELD(no_arguments),
	  "neither keep values of arguments, nor ask for them in a policy" },
	{ 0, "after", "MOMENT", OPTION_TEXT, FIELD(after),
	  "tell start-up from service: a call, ready, symbol:NAME" },
	{ 0, "init", "FILE", OPTION_TEXT, FIELD(out.init),
	  "write the policy to start with: of both phases (with --after)" },
	{ 0, "then", "FILE", OPTION_TEXT, FIELD(out.then),
	  "write the policy of service alone (with --after)" },
	{ 0, "learn", "STATE", OPTION_TEXT, FIELD(learn),
	  "what STATE knows runs freely; what is new goes there" },
	{ 0, "slack", "PERCENT", OPTION_TEXT, FIELD(out.slack),
	  "how many calls a policy allows that were not seen (default: 20)" },
	{ 0, "live", NULL, OPTION_FLAG, FIELD(live),
	  "show the table each second" },
	{ 0, "for", "SECONDS", OPTION_TEXT, FIELD(seconds),
	  "stop recording after so long" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* Set by signals: end the recording, and write what there is. */
static volatile sig_atomic_t ending;

static void on_end(int sig)
{
	(void)sig;
	ending = 1;
}

/* The terminal sends these to the command, too; it decides what they mean. */
static void on_nothing(int sig)
{
	(void)sig;
}

/* Handlers, so that exec gives the command what it had. */
static void take_signals(bool command)
{
	const struct sigaction end = { .sa_handler = on_end };
	const struct sigaction nothing = { .sa_handler = on_nothing };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGINT, command ? &nothing : &end, NULL);
	sigaction(SIGQUIT, command ? &nothing : &end, NULL);
}

static bool read_backend(const char *name, enum cg_backend *out)
{
	const char *known;

	for (size_t i = 0; name && (known = cg_backend_name(i)); i++)
		if (strcmp(known, name) == 0) {
			*out = (enum cg_backend)i;
			return true;
		}
	if (!name)
		return true;
	out_error("no backend is called '%s'; ebpf, filter and ptrace are",
		  name);
	return false;
}

static bool
read_number(const char *text, const char *option, uint64_t most, uint64_t *out)
{
	if (!text)
		return true;
	if (num_read(text, strlen(text), out) == NUM_OK && *out > 0 &&
	    *out <= most)
		return true;
	out_error("%s is a number from 1 to %llu, not '%s'", option,
		  (unsigned long long)most, text);
	return false;
}

/* Errors cost a little; whoever wants a policy alone does not see them. */
static bool wants_errors(const struct fields *fields)
{
	const char *output = fields->out.output;
	bool file = output || fields->out.init || fields->out.then ||
		    fields->out.diff;
	size_t length = output ? strlen(output) : 0;

	return fields->errors || fields->out.table || fields->out.json ||
	       !file || fields->live ||
	       (length > 5 && strcmp(output + length - 5, ".json") == 0);
}

static bool read_options(const struct fields *fields, char **operands,
			 struct cg_record_options *out, uint64_t *seconds)
{
	uint64_t pid = 0;

	if (!record_out_check(&fields->out) ||
	    !read_backend(fields->backend, &out->backend) ||
	    !read_number(fields->pid, "--pid", INT32_MAX, &pid) ||
	    !read_number(fields->seconds, "--for", UINT32_MAX, seconds))
		return false;
	if ((fields->out.init || fields->out.then) && !fields->after) {
		out_error("--init and --then are for the two sides of a "
			  "moment: which one? (--after)");
		return false;
	}
	out->argv = operands[0] ? operands : NULL;
	out->pid = (int32_t)pid;
	out->cgroup = fields->cgroup;
	out->unit = fields->unit;
	out->container = fields->container;
	out->runtime = fields->runtime;
	out->in_container = fields->in_container;
	out->with_runtime = fields->with_runtime;
	out->errors = wants_errors(fields) && !fields->learn;
	out->time = fields->time;
	out->no_values = fields->no_arguments;
	out->stacks = fields->stacks;
	out->after = fields->after;
	return true;
}

static uint64_t milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void show_live(struct cg_recorder *recorder)
{
	struct cg_recording *recording;
	struct cg_error err;

	if (cg_record_take(recorder, &recording, &err) != CG_OK)
		return; /* the last one will say so */
	record_out_live(recording, stderr);
	cg_recording_free(recording);
}

static void wait_for_end(const struct fields *fields,
			 struct cg_recorder *recorder, uint64_t seconds)
{
	uint64_t start = milliseconds_now(), shown = start;

	while (!ending && !cg_record_wait(recorder, STEP)) {
		uint64_t now = milliseconds_now();

		if (seconds && now - start >= seconds * 1000)
			break;
		if (fields->live && now - shown >= LIVE_EVERY) {
			shown = now;
			show_live(recorder);
		}
	}
}

/* The status of the command, as a shell would have it. */
static int command_status(const struct cg_recorder *recorder)
{
	int status;

	if (!cg_record_ended(recorder, &status))
		return EXIT_YES;
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* Without the moment there is no service: its policy would lack everything. */
static void
warn_moment(const char *moment, const struct cg_recording *recording)
{
	struct cg_recorded call;

	for (size_t i = 0; cg_recording_get(recording, i, &call); i++)
		if (call.phase == CG_PHASE_SERVICE)
			return;
	out_note("the moment '%s' did not come, or no call came after it: all "
		 "that was recorded is start-up",
		 moment);
}

/* A tracer that was killed: what came then, nobody saw. */
static void warn_calls(const struct cg_recording *recording)
{
	const char *gap;

	for (size_t i = 0;
	     (gap = cg_recording_word(recording, CG_WORD_GAP, i, NULL)); i++)
		if (strcmp(gap, "calls") == 0)
			out_note("the process that traces was killed: calls "
				 "are missing in the recording");
}

static int
finish(const struct fields *fields, struct cg_recorder *recorder, bool command)
{
	struct cg_recording *recording = NULL;
	struct cg_error err;
	int status;

	if (cg_record_take(recorder, &recording, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return command ? EXIT_FAILED : out_status(&err);
	}
	if (fields->after)
		warn_moment(fields->after, recording);
	warn_calls(recording);
	status = EXIT_YES;
	if (fields->learn)
		status = learn_write(fields->learn, recording);
	if (status == EXIT_YES &&
	    (!fields->learn || fields->out.output || fields->out.table ||
	     fields->out.json || fields->out.policy || fields->out.diff))
		status = record_out(&fields->out, recording,
				    command ? stderr : stdout);
	cg_recording_free(recording);
	if (status > EXIT_NO && command)
		return EXIT_FAILED;
	return status ? status : command_status(recorder);
}

/* A setuid program does not become what it is meant to be. */
static void warn_setuid(const struct cg_recorder *recorder)
{
	struct stat about;
	char path[64];

	if (cg_record_backend(recorder) == CG_BACKEND_EBPF || geteuid() == 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/exe",
		 (int)cg_record_pid(recorder));
	if (stat(path, &about) == 0 && about.st_mode & (S_ISUID | S_ISGID))
		out_note("the program is setuid, and runs without that while "
			 "it is traced: record it as root with --backend ebpf");
}

/* A container that runs is none; a bundle is started. */
static bool is_command(const struct cg_record_options *record)
{
	char path[4096];

	if (!record->container)
		return record->argv != NULL;
	snprintf(path, sizeof(path), "%s/config.json", record->container);
	return access(path, F_OK) == 0;
}

static int record(const struct fields *fields, char **operands)
{
	struct cg_record_options record = { .backend = CG_BACKEND_BEST };
	struct cg_recorder *recorder;
	struct cg_recording *known = NULL;
	struct cg_error err;
	bool command;
	uint64_t seconds = 0;
	int status = EXIT_YES;

	if (!read_options(fields, operands, &record, &seconds))
		return EXIT_USAGE;
	command = is_command(&record);
	if (fields->learn) {
		if (!learn_read(fields->learn, &known, &status))
			return status;
		record.backend = CG_BACKEND_FILTER;
		record.known = known;
	}
	take_signals(command);
	if (cg_record_start(&record, &recorder, &err) != CG_OK) {
		cg_recording_free(known);
		out_failure(&err, NULL, 0);
		return command ? out_command_status(&err) : out_status(&err);
	}
	cg_recording_free(known);
	if (cg_record_reason(recorder))
		out_note("recorded by %s: %s",
			 cg_backend_name(cg_record_backend(recorder)),
			 cg_record_reason(recorder));
	warn_setuid(recorder);
	/* A command may have been given the socket for itself. */
	if (!command)
		ready_tell();
	wait_for_end(fields, recorder, seconds);
	status = finish(fields, recorder, command);
	cg_record_stop(recorder);
	return status;
}

static int run(void *data, int count, char **operands)
{
	struct fields *fields = data;
	struct cg_recording *recording;
	int status = EXIT_YES;

	fields->out.no_arguments = fields->no_arguments;
	fields->out.with_runtime = fields->with_runtime;
	if (!fields->from.count)
		return record(fields, operands);
	if (count || fields->pid || fields->cgroup || fields->unit ||
	    fields->container || fields->learn) {
		out_error("--from reads what was recorded: there is nothing to "
			  "record besides");
		return EXIT_USAGE;
	}
	if (!record_out_check(&fields->out))
		return EXIT_USAGE;
	recording = record_read(&fields->from, &status);
	if (!recording)
		return status;
	status = record_out(&fields->out, recording, stdout);
	cg_recording_free(recording);
	return status;
}

const struct command command_record = {
	.name = "record",
	.operands = "[OPTION]... [--] [COMMAND [ARG]...]",
	.about = "list the calls that a program makes, and write a policy",
	.details =
		"COMMAND is run and its calls are counted, from its first "
		"instruction on, those of\nits threads and of all that it "
		"starts included. Then the table is printed on\nstderr, or "
		"what was asked for is written.\n\nExit status: that of "
		"COMMAND; 1 if --diff finds something new; 2 for bad usage,\n"
		"3 (125 with a COMMAND) where the system refuses, 126 and 127 "
		"as for callgate run.",
	.options = options,
	.fields = sizeof(struct fields),
	.stop_early = true,
	.most = (size_t)-1,
	.run = run,
};
