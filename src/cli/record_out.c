#include "cli/record_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/out.h"
#include "cli/record_diff.h"
#include "cli/save.h"

enum { SLACK_MAX = 1000 };

static bool read_slack(const struct record_out *out, uint32_t *slack)
{
	uint64_t number = 20;

	if (out->slack &&
	    (num_read(out->slack, strlen(out->slack), &number) != NUM_OK ||
	     number > SLACK_MAX)) {
		out_error("--slack is a number of per cent up to %d, not '%s'",
			  SLACK_MAX, out->slack);
		return false;
	}
	*slack = (uint32_t)number;
	return true;
}

bool record_out_check(const struct record_out *out)
{
	uint32_t slack;

	if (out->json + out->policy + out->table > 1) {
		out_error("one of --json, --policy and --table");
		return false;
	}
	return read_slack(out, &slack);
}

static int fail_record(const struct cg_error *err)
{
	out_failure(err, NULL, 0);
	return out_status(err);
}

/* The policy of some phases as text; NULL after a message. */
static char *
make_policy(const struct record_out *out, const struct cg_recording *recording,
	    uint32_t phases, int *status)
{
	struct cg_recording_draft options = { .phases = phases,
					      .no_arguments =
						      out->no_arguments };
	struct cg_error err;
	char *text = NULL;

	if (!read_slack(out, &options.slack))
		*status = EXIT_USAGE;
	else if (cg_recording_policy(recording, &options, &text, &err) != CG_OK)
		*status = fail_record(&err);
	return text;
}

static int
write_policy(const struct record_out *out, const struct cg_recording *recording,
	     const char *path, uint32_t phases)
{
	int status = EXIT_YES;
	char *text;

	if (!path)
		return EXIT_YES;
	text = make_policy(out, recording, phases, &status);
	if (text)
		status = save(path, text, strlen(text));
	free(text);
	return status;
}

static bool is_json(const char *path)
{
	size_t length = strlen(path);

	return length > 5 && strcmp(path + length - 5, ".json") == 0;
}

static uint32_t all_phases(const struct record_out *out)
{
	uint32_t phases = 1u << CG_PHASE_ALL | 1u << CG_PHASE_START |
			  1u << CG_PHASE_SERVICE;

	return out->with_runtime ? phases | 1u << CG_PHASE_RUNTIME : phases;
}

static int
write_output(const struct record_out *out, const struct cg_recording *recording)
{
	int status;
	char *text;

	if (!out->output)
		return EXIT_YES;
	if (!is_json(out->output))
		return write_policy(out, recording, out->output,
				    all_phases(out));
	text = cg_recording_text(recording);
	if (!text)
		out_die_nomem();
	status = save(out->output, text, strlen(text));
	free(text);
	return status;
}

/* Whether stdout is to be read by a program: nothing else may go there. */
static bool printed(const struct record_out *out)
{
	return out->json || out->policy;
}

static int print(const struct record_out *out,
		 const struct cg_recording *recording, FILE *stream)
{
	bool quiet = (out->output || out->init || out->then || out->diff) &&
		     !out->table && !out->json && !out->policy;
	int status = EXIT_YES;
	char *text;

	if (quiet)
		return EXIT_YES;
	if (out->policy)
		text = make_policy(out, recording, all_phases(out), &status);
	else if (out->json)
		text = cg_recording_text(recording);
	else
		text = cg_recording_table(recording);
	if (!text && status == EXIT_YES)
		out_die_nomem();
	if (text)
		fputs(text, printed(out) ? stdout : stream);
	free(text);
	return status;
}

/* What was lost is said at once, not only in what is written. */
static void warn(const struct cg_recording *recording)
{
	const char *what;
	uint64_t count;

	for (size_t i = 0;
	     (what = cg_recording_word(recording, CG_WORD_LOST, i, &count));
	     i++)
		if (count)
			out_note("lost: %llu %s; the recording is not whole",
				 (unsigned long long)count, what);
}

int record_out(const struct record_out *out,
	       const struct cg_recording *recording, FILE *stream)
{
	int steps[5];
	int status = EXIT_YES;

	warn(recording);
	steps[0] = print(out, recording, stream);
	steps[1] = write_output(out, recording);
	/* Filters add up: what service needs, the first one must allow. */
	steps[2] = write_policy(out, recording, out->init, all_phases(out));
	steps[3] = write_policy(out, recording, out->then,
				1u << CG_PHASE_ALL | 1u << CG_PHASE_SERVICE);
	steps[4] = out->diff ? record_diff(out->diff, recording,
					   printed(out) ? stderr : stdout)
			     : EXIT_YES;
	for (size_t i = 0; i < 5; i++)
		if (steps[i] > status)
			status = steps[i];
	return status;
}

void record_out_live(const struct cg_recording *recording, FILE *stream)
{
	char *text = cg_recording_table(recording);

	if (!text)
		out_die_nomem();
	if (isatty(fileno(stream)))
		fputs("\033[H\033[2J", stream);
	fputs(text, stream);
	fflush(stream);
	free(text);
}

struct cg_recording *record_read(const struct texts *names, int *status)
{
	struct cg_recording *whole = NULL;

	for (size_t i = 0; i < names->count; i++) {
		struct cg_recording *one = NULL;
		struct cg_error err;

		if (cg_recording_open(names->at[i], NULL, &one, &err) !=
			    CG_OK ||
		    (whole && cg_recording_join(whole, one, &err) != CG_OK)) {
			/* A file that cannot be read is bad input here, too. */
			*status = fail_record(&err);
			if (err.status == CG_E_SYSTEM)
				*status = EXIT_USAGE;
			cg_recording_free(one);
			cg_recording_free(whole);
			return NULL;
		}
		if (whole)
			cg_recording_free(one);
		else
			whole = one;
	}
	return whole;
}
