/* callgate diff - the exact difference of two policies or filters. */
#include <stdio.h>

#include "cli/differing.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	struct origin origin;
	const char *arch, *second;
	bool json, quiet, subset, tell, witness;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture that native stands for" },
	{ 's', "subset", NULL, OPTION_FLAG, offsetof(struct fields, subset),
	  "exit 0 also if A allows no more than B" },
	{ 't', "tell", NULL, OPTION_FLAG, offsetof(struct fields, tell),
	  "exit 0: equal, 10: A is stricter, 11: looser, 12: different" },
	{ 'q', "quiet", NULL, OPTION_FLAG, offsetof(struct fields, quiet),
	  "only the exit status" },
	{ 'w', "witness", NULL, OPTION_FLAG, offsetof(struct fields, witness),
	  "with each line a call that it is true of" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, "for-b", "RUNTIME", OPTION_TEXT, offsetof(struct fields, second),
	  "the same for B alone" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

static void print_relation(enum cg_relation relation, char **names)
{
	static const char *const words[][3] = {
		[CG_EQUAL] = { "", " and ", " answer every call alike" },
		[CG_STRICTER] = { "", " allows no more than ",
				  ", and less somewhere" },
		[CG_LOOSER] = { "", " allows all that ", " allows, and more" },
		[CG_DIFFERENT] = { "neither of ", " and ",
				   " covers the other" },
	};

	printf("%s", words[relation][0]);
	out_name(names[0]);
	printf("%s", words[relation][1]);
	out_name(names[1]);
	printf("%s\n", words[relation][2]);
}

static bool
list_all(const struct fields *fields, struct cg_side left, struct cg_side right,
	 enum cg_relation relation, int *status)
{
	struct differing differing = { .json = fields->json,
				       .witnesses = fields->witness };
	struct cg_error err;

	if (cg_differences(left, right, 0, differing_add, &differing, &err) !=
	    CG_OK) {
		differing_free(&differing);
		out_failure(&err, NULL, 0);
		*status = out_status(&err);
		return false;
	}
	if (fields->json)
		printf("{\"relation\":\"%s\",\"differences\":[",
		       relation_name(relation));
	differing_print(&differing);
	if (fields->json)
		puts("]}");
	return true;
}

/* Past all statuses that the command has for failures. */
enum { TELL_STRICTER = 10, TELL_LOOSER, TELL_DIFFERENT };

static int status_of(const struct fields *fields, enum cg_relation relation)
{
	static const int told[] = {
		[CG_EQUAL] = EXIT_YES,
		[CG_STRICTER] = TELL_STRICTER,
		[CG_LOOSER] = TELL_LOOSER,
		[CG_DIFFERENT] = TELL_DIFFERENT,
	};

	if (relation == CG_EQUAL || (fields->subset && relation == CG_STRICTER))
		return EXIT_YES;
	return fields->tell ? told[relation] : EXIT_NO;
}

static int
compare(const struct fields *fields, const struct input *inputs, char **names)
{
	const struct cg_side left = input_side(&inputs[0]);
	const struct cg_side right = input_side(&inputs[1]);
	enum cg_relation relation;
	struct cg_error err;
	int status;

	if (cg_compare(left, right, 0, &relation, NULL, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	status = status_of(fields, relation);
	if (fields->quiet)
		return status;
	if (!list_all(fields, left, right, relation, &status))
		return status;
	if (!fields->json)
		print_relation(relation, names);
	return status;
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	const struct cg_abi *native = NULL;
	struct origin second = fields->origin;
	struct input inputs[2] = { 0 };
	int status = EXIT_USAGE;

	(void)count;
	if (fields->arch && !(native = input_abi(fields->arch)))
		return EXIT_USAGE;
	if (fields->second)
		second.runtime = fields->second;
	if (input_open_from(operands[0], &fields->origin, native, &inputs[0],
			    &status) &&
	    input_open_from(operands[1], &second, native, &inputs[1], &status))
		status = compare(fields, inputs, operands);
	input_free(&inputs[0]);
	input_free(&inputs[1]);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.operands = "[OPTION]... A B",
	.about = "compare two policies or filters for every possible input",
	.details =
		"Each line is calls on which they differ: - where A is "
		"stricter than B, + where A\nis looser, ~ where only the errno "
		"or the like differs; then the calls, with the\narguments for "
		"which they do, and what A and B answer. Exit status 0: equal; "
		"1: not.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 2,
	.most = 2,
	.run = run,
};
