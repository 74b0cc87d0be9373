#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <callgate/lint.h>

#include "base/num.h"
#include "cli/lists.h"
#include "cli/out.h"

enum { FILTER_BYTES_MAX = CG_PROGRAM_MAX * 8 };

const char *
input_text_for(const struct input *input, const struct cg_error *err)
{
	return input->name && strcmp(err->source, input->name) == 0
		       ? input->text
		       : NULL;
}

static bool
fail_input(const struct input *input, const struct cg_error *err, int *status)
{
	out_failure(err, input_text_for(input, err), input->length);
	/* A file that cannot be read is bad input, as one that makes no sense.
	 */
	*status = err->status == CG_E_NOMEM ? EXIT_REFUSED : EXIT_USAGE;
	return false;
}

const struct cg_abi *input_abi(const char *name)
{
	const struct cg_abi *abi = cg_abi_by_name(name);

	if (!abi)
		out_error("no architecture is called '%s'; `callgate syscalls "
			  "--abis` lists them",
			  name);
	return abi;
}

/* A policy in its own language, so that there is one meaning of everything. */
static bool
list_policy(const struct choice *choice, const struct cg_abi *native,
	    struct input *out, int *status)
{
	bool keep = choice->keep.count > 0;

	*status = EXIT_USAGE;
	out->text = lists_policy(keep ? &choice->keep : &choice->drop, keep,
				 native ? native : cg_abi_native());
	if (!out->text)
		return false;
	out->length = strlen(out->text);
	out->name = strdup(keep ? "--keep" : "--drop");
	if (!out->name)
		out_die_nomem();
	return true;
}

/* ------------------------------------------------------------- files -- */

static bool is_preset(const char *name)
{
	const struct cg_preset *preset;

	for (size_t i = 0; (preset = cg_preset_get(i)); i++)
		if (strcmp(preset->name, name) == 0)
			return true;
	return false;
}

/* Whether a readable file begins as BPF bytes do: with a NUL among them. */
static bool holds_filter(const char *path, char **bytes, size_t *length)
{
	struct stat about;
	ssize_t got;
	int fd;

	/* Pipes can be read only once: they are left to the policy reader. */
	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	*bytes = malloc(FILTER_BYTES_MAX + 1);
	if (!*bytes)
		out_die_nomem();
	got = read(fd, *bytes, FILTER_BYTES_MAX + 1);
	close(fd);
	if (got > 0 && memchr(*bytes, 0, (size_t)got)) {
		*length = (size_t)got;
		return true;
	}
	free(*bytes);
	*bytes = NULL;
	return false;
}

void input_keep_text(struct input *input)
{
	FILE *file = fopen(input->name, "re");
	struct stat about;

	if (!file)
		return;
	if (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) &&
	    about.st_size <= CG_POLICY_TEXT_MAX) {
		input->text = malloc((size_t)about.st_size + 1);
		if (input->text)
			input->length = fread(input->text, 1,
					      (size_t)about.st_size, file);
	}
	fclose(file);
}

/* The name that a file is opened by. */
static const char *path_of(const char *name)
{
	return strcmp(name, "-") == 0 ? "/dev/stdin" : name;
}

static bool
open_policy(const char *path, const struct origin *origin,
	    const struct cg_abi *native, struct input *out, int *status)
{
	const struct cg_policy_options options = { .native = native };
	struct cg_target target;
	struct cg_error err;

	*status = EXIT_USAGE;
	if (!origin_format(origin->from, &out->format) ||
	    !origin_target(origin, native, &target))
		return false;
	if (access(path, F_OK) != 0 && is_preset(path)) {
		if (cg_policy_preset(path, &options, &out->policy, &err) ==
		    CG_OK)
			return true;
		return fail_input(out, &err, status);
	}
	if (cg_format_open(path, &out->format, &target, &out->policy, &err) ==
	    CG_OK)
		return true;
	if (err.line && err.source[0] && strcmp(err.source, out->name) == 0)
		input_keep_text(out);
	return fail_input(out, &err, status);
}

/* -------------------------------------------------------- live threads -- */

/* "pid:123", "tid:123"; false if it is nothing of the kind. */
static bool is_thread(const char *name, const char **number)
{
	if (strncmp(name, "pid:", 4) != 0 && strncmp(name, "tid:", 4) != 0)
		return false;
	*number = name + 4;
	return true;
}

bool input_id(const char *text, int32_t *out)
{
	uint64_t value;

	if (text[0] < '1' || text[0] > '9' ||
	    num_read(text, strlen(text), &value) != NUM_OK ||
	    value > INT32_MAX) {
		out_error("'%s' is no id of a process or thread", text);
		return false;
	}
	*out = (int32_t)value;
	return true;
}

bool input_thread(const char *number, struct input *out, int *status)
{
	struct cg_error err;

	*out = (struct input){ 0 };
	if (asprintf(&out->name, "pid:%s", number) < 0)
		out_die_nomem();
	*status = EXIT_USAGE;
	if (!input_id(number, &out->thread))
		return false;
	if (cg_chain_take(out->thread, &out->chain, &err) == CG_OK)
		return true;
	out_failure(&err, NULL, 0);
	*status = out_status(&err);
	return false;
}

struct cg_side input_side(const struct input *input)
{
	/* A policy may have its program beside it. */
	return (struct cg_side){
		.policy = input->policy,
		.program = input->policy ? NULL : input->program,
		.chain = input->chain,
	};
}

bool input_open(const char *name, const struct cg_abi *native,
		struct input *out, int *status)
{
	static const struct origin anywhere = { 0 };

	return input_open_from(name, &anywhere, native, out, status);
}

bool input_open_from(const char *name, const struct origin *origin,
		     const struct cg_abi *native, struct input *out,
		     int *status)
{
	struct cg_error err;
	const char *number;
	char *bytes = NULL;
	size_t length = 0;
	enum cg_status opened;
	bool big = native && native->big_endian;

	if (is_thread(name, &number))
		return input_thread(number, out, status);
	name = path_of(name);
	*out = (struct input){ .name = strdup(name) };
	if (!out->name)
		out_die_nomem();
	if (origin->from || !holds_filter(name, &bytes, &length))
		return open_policy(name, origin, native, out, status);
	opened = cg_program_from_bytes(bytes, length, big, &out->program, &err);
	free(bytes);
	if (opened == CG_OK)
		return true;
	snprintf(err.source, sizeof(err.source), "%s", name);
	return fail_input(out, &err, status);
}

bool input_text(const char *path, struct input *out, int *status)
{
	struct cg_error err = { 0 };

	*out = (struct input){ .name = strdup(path) };
	if (!out->name)
		out_die_nomem();
	input_keep_text(out);
	if (out->text)
		return true;
	err.status = CG_E_SYSTEM;
	snprintf(err.message, sizeof(err.message), "'%.400s' cannot be read",
		 path);
	return fail_input(out, &err, status);
}

bool input_same_family(const struct cg_format *a, const struct cg_format *b)
{
	/* The OCI family: what one reads, the others do. */
	static const char *const family[] = { "oci", "docker",
					      "containers-common" };
	int found = 0;

	if (!a || !b)
		return false;
	for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++)
		found += !strcmp(a->name, family[i]) +
			 !strcmp(b->name, family[i]);
	return a == b || found == 2;
}

static bool parse_text(const struct cg_policy_options *options,
		       struct input *out, int *status)
{
	struct cg_error err;

	if (cg_policy_parse(out->text, out->length, out->name, options,
			    &out->policy, &err) == CG_OK)
		return true;
	/* Nobody wrote this text: its lines mean nothing to anybody. */
	err.line = err.column = 0;
	return fail_input(out, &err, status);
}

bool input_choice(const struct choice *choice, const struct cg_abi *native,
		  struct input *out, int *status)
{
	const struct cg_policy_options options = { .native = native };
	const char *preset = choice->no_exec            ? "no-exec"
			     : choice->no_new_processes ? "no-new-processes"
			     : choice->no_network       ? "no-network"
							: choice->preset;
	int chosen = !!choice->policy + !!choice->preset + choice->no_exec +
		     choice->no_new_processes + choice->no_network +
		     !!choice->drop.count + !!choice->keep.count;
	struct cg_error err;

	*out = (struct input){ 0 };
	*status = EXIT_USAGE;
	if (chosen != 1) {
		out_error(chosen ? "only one of --policy, --preset, --drop, "
				   "--keep, --no-exec, --no-new-processes and "
				   "--no-network can be followed"
				 : "no policy: give --policy FILE, --preset "
				   "NAME, --drop LIST or --keep LIST");
		return false;
	}
	if (choice->policy) {
		out->name = strdup(path_of(choice->policy));
		if (!out->name)
			out_die_nomem();
		return open_policy(out->name, &choice->origin, native, out,
				   status);
	}
	if (choice->drop.count || choice->keep.count)
		return list_policy(choice, native, out, status) &&
		       parse_text(&options, out, status);
	if (cg_policy_preset(preset, &options, &out->policy, &err) == CG_OK)
		return true;
	return fail_input(out, &err, status);
}

/* What only `callgate lint --notes` tells. */
static bool is_note(const struct cg_error *warning)
{
	const struct cg_check *check =
		warning->check ? cg_check_by_name(warning->check) : NULL;

	return check && check->severity == CG_NOTE;
}

void input_warn(const struct input *input)
{
	struct cg_error warning;

	for (size_t i = 0;
	     input->policy && cg_policy_warning(input->policy, i, &warning);
	     i++)
		if (!is_note(&warning))
			out_warning(&warning, input_text_for(input, &warning),
				    input->length);
}

void input_warn_foreign(const struct input *input)
{
	if (input->format && strcmp(input->format->name, "callgate") != 0)
		input_warn(input);
}

void input_free(struct input *input)
{
	cg_policy_free(input->policy);
	cg_program_free(input->program);
	cg_chain_free(input->chain);
	free(input->text);
	free(input->name);
	*input = (struct input){ 0 };
}
