/*
 * The difference of Docker's default profile of May 2017 and of today's: each
 * line of it is tried on both compiled filters, and the time is taken.
 */
#include <string.h>
#include <time.h>

#include <callgate/format.h>
#include <callgate/prove.h>

#include "tap.h"

enum { PATH_LENGTH = 512, TIMES = 21, MOST_MS = 20 };

static const char *const names[2] = { "moby-default-2017-05.json",
				      "moby-default.json" };

struct side {
	char *text;
	size_t length;
	struct cg_policy *policy;
	struct cg_program *program;
};

struct found {
	const struct side *sides;
	size_t lines, wrong;
};

static bool load(const char *name, struct side *out)
{
	char path[PATH_LENGTH];
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/oci/%s",
		 getenv("CALLGATE_SHARED"), name);
	file = fopen(path, "re");
	if (!file)
		return false;
	out->text = malloc(CG_POLICY_TEXT_MAX);
	if (out->text)
		out->length = fread(out->text, 1, CG_POLICY_TEXT_MAX, file);
	fclose(file);
	return out->length > 0;
}

static bool read_side(struct side *side)
{
	const struct cg_source source = { side->text, side->length, "profile" };
	const struct cg_target target = { .native = cg_abi_by_name("x86_64"),
					  .runtime = "docker" };
	struct cg_error err;

	return cg_format_read(cg_format_by_name("docker"), &source, 1, &target,
			      &side->policy, &err) == CG_OK;
}

/* Both answers of a line come out of the filters, too. */
static void confirm(void *context, const struct cg_difference *difference)
{
	struct found *found = context;
	const struct cg_witness *witness = &difference->witness;
	uint32_t left, right;

	left = cg_program_decide(found->sides[0].program, &witness->call, NULL);
	right = cg_program_decide(found->sides[1].program, &witness->call,
				  NULL);
	found->lines++;
	if (left == witness->left && right == witness->right && left != right)
		return;
	found->wrong++;
	tap_note("nr %u: 0x%x and 0x%x, not 0x%x and 0x%x", witness->call.nr,
		 left, right, witness->left, witness->right);
}

static void pass_over(void *context, const struct cg_difference *difference)
{
	(void)context;
	(void)difference;
}

static int by_size(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median in milliseconds of this process's time. */
static double median_time(const struct side *sides, bool with_reading)
{
	double times[TIMES];

	for (size_t i = 0; i < TIMES; i++) {
		struct side again[2] = { sides[0], sides[1] };
		struct cg_error err;
		clock_t start = clock();

		for (size_t j = 0; j < 2 && with_reading; j++)
			if (!read_side(&again[j]))
				return -1;
		if (cg_differences(
			    (struct cg_side){ .policy = again[0].policy },
			    (struct cg_side){ .policy = again[1].policy }, 0,
			    pass_over, NULL, &err) != CG_OK)
			return -1;
		times[i] = 1e3 * (double)(clock() - start) / CLOCKS_PER_SEC;
		for (size_t j = 0; j < 2 && with_reading; j++)
			cg_policy_free(again[j].policy);
	}
	qsort(times, TIMES, sizeof(*times), by_size);
	return times[TIMES / 2];
}

static void compare(struct tap *tap, const struct side *sides)
{
	struct found found = { .sides = sides };
	struct cg_error err;
	enum cg_status status;
	double alone, whole;

	status = cg_differences((struct cg_side){ .policy = sides[0].policy },
				(struct cg_side){ .policy = sides[1].policy },
				0, confirm, &found, &err);
	tap_ok(tap, status == CG_OK && found.lines > 100 && !found.wrong,
	       "%zu lines of the difference, each confirmed by both filters",
	       found.lines);
	alone = median_time(sides, false);
	whole = median_time(sides, true);
	tap_note("median of %d: %.1f ms, with the reading of both files %.1f "
		 "ms",
		 TIMES, alone, whole);
#ifdef __SANITIZE_ADDRESS__
	tap_skip(tap, "it takes less than 20 ms", "under a sanitizer");
#else
	tap_ok(tap, whole > 0 && whole < MOST_MS,
	       "it takes less than %d ms, reading included", MOST_MS);
#endif
}

int main(void)
{
	struct side sides[2] = { 0 };
	struct tap tap = { 0 };
	struct cg_error err;
	bool ok = true;

	if (!getenv("CALLGATE_SHARED") || !load(names[0], &sides[0]) ||
	    !load(names[1], &sides[1])) {
		tap_skip(&tap, "Docker's default, then and now",
			 "CALLGATE_SHARED names no folder that has them");
		return tap_done(&tap);
	}
	for (size_t i = 0; i < 2 && ok; i++)
		ok = read_side(&sides[i]) &&
		     cg_compile(sides[i].policy, NULL, &sides[i].program,
				&err) == CG_OK;
	if (tap_ok(&tap, ok, "both are read and compiled"))
		compare(&tap, sides);
	for (size_t i = 0; i < 2; i++) {
		cg_program_free(sides[i].program);
		cg_policy_free(sides[i].policy);
		free(sides[i].text);
	}
	return tap_done(&tap);
}
