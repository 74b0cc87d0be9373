/* callgate test - a table of calls and the answers they should get. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

enum { OUTCOMES_MAX = 16 };

struct fields {
	struct origin origin;
	const char *arch;
	bool quiet;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture of calls that name none, and native's" },
	{ 'q', "quiet", NULL, OPTION_FLAG, offsetof(struct fields, quiet),
	  "print failures only" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

struct suite {
	const struct input *input;
	const struct cg_abi *abi;
	const char *table;
	bool quiet;
	unsigned line, run, failed;
};

/* One row: "[ABI:] call -> answer", its parts without white space around. */
struct row {
	const struct cg_abi *abi;
	char *call, *wanted;
};

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text;
}

static bool
fail_row(const struct suite *suite, const char *message, const char *what)
{
	out_error("%s:%u: %s%s", suite->table, suite->line, message, what);
	return false;
}

static bool split_row(const struct suite *suite, char *line, struct row *row)
{
	char *arrow = strstr(line, "->"), *colon;

	if (!arrow)
		return fail_row(suite,
				"no '->' in this row; write "
				"'call(arguments) -> answer'",
				"");
	*arrow = '\0';
	row->wanted = trim(arrow + 2);
	row->call = trim(line);
	row->abi = suite->abi;
	colon = strchr(row->call, ':');
	if (colon) {
		*colon = '\0';
		row->abi = cg_abi_by_name(trim(row->call));
		if (!row->abi)
			return fail_row(suite, "unknown architecture ",
					row->call);
		row->call = trim(colon + 1);
	}
	return *row->wanted && *row->call
		       ? true
		       : fail_row(suite, "a call and an answer are wanted", "");
}

static void
print_row(const char *verdict, const struct suite *suite, const struct row *row)
{
	printf("%s %u - %s: ", verdict, suite->run, row->abi->name);
	out_name(row->call);
	printf(" -> ");
	out_name(row->wanted);
	printf("\n");
}

/* Every answer that the call can get must be the wanted one. */
static bool ask(struct suite *suite, const struct row *row, bool *ok)
{
	const struct cg_side side = input_side(suite->input);
	struct cg_outcome outcomes[OUTCOMES_MAX];
	struct cg_call call;
	struct cg_error err;
	char answer[64], example[640];
	uint32_t known;
	size_t count;

	if (cg_call_parse(row->call, row->abi, &call, &known, &err) != CG_OK ||
	    cg_outcomes(side, &call, known, 0, outcomes, OUTCOMES_MAX, &count,
			&err) != CG_OK)
		return fail_row(suite, err.message, "");
	*ok = true;
	for (size_t i = 0; i < count && i < OUTCOMES_MAX; i++) {
		cg_answer_print(outcomes[i].answer, row->abi, answer,
				sizeof(answer));
		if (strcmp(answer, row->wanted) == 0)
			continue;
		if (*ok)
			print_row("not ok", suite, row);
		*ok = false;
		cg_call_print(&outcomes[i].call, NULL, example,
			      sizeof(example));
		printf("# ");
		out_name(suite->table);
		printf(":%u: %s is answered %s\n", suite->line, example,
		       answer);
	}
	return true;
}

static bool run_line(struct suite *suite, char *line)
{
	char *comment = strchr(line, '#');
	struct row row;
	bool ok;

	if (comment)
		*comment = '\0';
	line = trim(line);
	if (!*line)
		return true;
	suite->run++;
	if (!split_row(suite, line, &row) || !ask(suite, &row, &ok))
		return false;
	suite->failed += !ok;
	if (ok && !suite->quiet)
		print_row("ok", suite, &row);
	return true;
}

static int run_table(struct suite *suite)
{
	FILE *file = strcmp(suite->table, "-") == 0 ? stdin
						    : fopen(suite->table, "re");
	char *line = NULL;
	size_t room = 0;
	bool ok = true;
	ssize_t length;

	if (!file) {
		out_error("%s: %s", suite->table, strerror(errno));
		return EXIT_USAGE;
	}
	while (ok && (length = getline(&line, &room, file)) >= 0) {
		suite->line++;
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = '\0';
		ok = run_line(suite, line);
	}
	if (ok && ferror(file)) {
		out_error("%s: %s", suite->table, strerror(errno));
		ok = false;
	}
	free(line);
	if (file != stdin)
		fclose(file);
	if (!ok)
		return EXIT_USAGE;
	printf("1..%u\n", suite->run);
	if (!suite->run) {
		out_error("%s: no row to test", suite->table);
		return EXIT_USAGE;
	}
	return suite->failed ? EXIT_NO : EXIT_YES;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct input input = { 0 };
	struct suite suite = { .input = &input,
			       .table = operands[1],
			       .quiet = fields->quiet };
	int status = EXIT_USAGE;

	(void)count;
	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	suite.abi = native ? native : cg_abi_native();
	if (input_open_from(operands[0], &fields->origin, native, &input,
			    &status))
		status = run_table(&suite);
	input_free(&input);
	return status;
}

const struct command command_test = {
	.name = "test",
	.operands = "[OPTION]... POLICY TABLE",
	.about = "check a table of calls and wanted answers, for CI",
	.details =
		"A row of TABLE is '[ABI:] call(arguments) -> answer', such "
		"as\n'i386: socket(AF_UNIX, _, _) -> allow'; # begins a "
		"comment, TABLE - is stdin. Where\nan argument is _ or "
		"missing, the answer must be the same for every value of it.\n"
		"The output is TAP. No privilege is needed, nothing is "
		"loaded.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 2,
	.most = 2,
	.run = run,
};
