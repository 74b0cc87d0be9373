#include "cli/differing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"

enum { CALL = 640, ANSWER = 64, WIDTH = 80, INDENT = 11 };

/*
 * A line in pieces: "+ x86_64   ", "bind, listen", ": allow, then kill". Lines
 * with the same first and last piece are joined where what is between is a
 * list.
 */
struct differing_line {
	enum cg_relation relation;
	const char *abi;
	struct buf calls;
	char *answers;
	bool list;     /* calls that differ whatever their arguments are */
	size_t column; /* where its last line ends */
	char *witness; /* or NULL */
};

const char *relation_name(enum cg_relation relation)
{
	static const char *const names[] = {
		[CG_EQUAL] = "equal",
		[CG_STRICTER] = "stricter",
		[CG_LOOSER] = "looser",
		[CG_DIFFERENT] = "different",
	};

	return names[relation];
}

static const char *abi_name(const struct cg_difference *difference)
{
	return difference->abi ? difference->abi->name : "others";
}

static char *done(struct buf *buf)
{
	char *text = buf_done(buf);

	if (!text)
		out_die_nomem();
	return text;
}

static char *put_answers(const struct cg_difference *difference,
			 const struct cg_witness *witness)
{
	char left[ANSWER], right[ANSWER];
	struct buf out = { 0 };

	cg_answer_print(witness->left, difference->abi, left, sizeof(left));
	cg_answer_print(witness->right, difference->abi, right, sizeof(right));
	buf_printf(&out, "%s, then %s", left, right);
	return done(&out);
}

/* ------------------------------------------------------------- lines -- */

/* The name, or the numbers, and the arguments. */
static void put_what(const struct cg_difference *difference, const char *text,
		     struct buf *out)
{
	const uint32_t first = difference->witness.call.nr;

	if (difference->whole) {
		buf_puts(out, "every call");
	} else if (difference->call) {
		buf_puts(out, difference->call->name);
	} else {
		buf_printf(out, "nr=%" PRIu32, first);
		if (difference->nr_last != first)
			buf_printf(out, "..%" PRIu32, difference->nr_last);
	}
	if (*text)
		buf_printf(out, "(%s)", text);
	if (difference->more)
		buf_puts(out, ", and more behind it");
}

static struct differing_line *
find_line(struct differing *differing, const struct differing_line *like)
{
	for (size_t i = differing->count; like->list && i-- > 0;) {
		struct differing_line *line = &differing->lines[i];

		if (line->list && line->relation == like->relation &&
		    strcmp(line->abi, like->abi) == 0 &&
		    strcmp(line->answers, like->answers) == 0)
			return line;
	}
	return NULL;
}

/* Lists are broken between names, and go on below the first one. */
static void put_listed(struct differing_line *line, const char *what)
{
	const size_t length = strlen(what);

	if (!line->calls.length) {
		line->column = INDENT;
	} else if (line->column + 2 + length >= WIDTH) {
		buf_printf(&line->calls, ",\n%*s", INDENT, "");
		line->column = INDENT;
	} else {
		buf_puts(&line->calls, ", ");
		line->column += 2;
	}
	buf_puts(&line->calls, what);
	line->column += length;
}

static void
add_line(struct differing *differing, struct differing_line line, char *what)
{
	struct differing_line *at = find_line(differing, &line);

	if (at) {
		free(line.answers);
		free(line.witness);
	} else {
		if (differing->count == differing->room) {
			const size_t room = 2 * differing->room + 16;
			struct differing_line *lines = realloc(
				differing->lines, room * sizeof(*lines));

			if (!lines)
				out_die_nomem();
			differing->lines = lines;
			differing->room = room;
		}
		at = &differing->lines[differing->count++];
		*at = line;
	}
	put_listed(at, what);
	free(what);
}

static char *
put_witness(const struct differing *differing, const struct cg_witness *witness)
{
	char call[CALL];
	struct buf out = { 0 };

	if (!differing->witnesses)
		return NULL;
	cg_call_print(&witness->call, NULL, call, sizeof(call));
	buf_puts(&out, call);
	return done(&out);
}

static void
add_region(struct differing *differing, const struct cg_difference *difference,
	   const struct cg_region *region)
{
	for (size_t i = 0; i < region->text_count; i++) {
		const bool all = !*region->texts[i];
		struct buf what = { 0 };

		put_what(difference, region->texts[i], &what);
		add_line(differing,
			 (struct differing_line){
				 .relation = region->relation,
				 .abi = abi_name(difference),
				 .answers = put_answers(difference,
							&region->witness),
				 .list = all && !difference->whole &&
					 !differing->witnesses,
				 .witness = i ? NULL
					      : put_witness(differing,
							    &region->witness),
			 },
			 done(&what));
	}
}

/* Where no region could be told: one call, and that there are others. */
static void
add_witness(struct differing *differing, const struct cg_difference *difference)
{
	char call[CALL];
	struct buf what = { 0 };

	cg_call_print(&difference->witness.call, NULL, call, sizeof(call));
	put_what(difference, "", &what);
	buf_printf(&what, ", for some arguments, such as %s", call);
	add_line(differing,
		 (struct differing_line){
			 .relation = difference->relation,
			 .abi = abi_name(difference),
			 .answers =
				 put_answers(difference, &difference->witness),
		 },
		 done(&what));
}

/* -------------------------------------------------------------- JSON -- */

static void
put_pair(const struct cg_difference *difference, enum cg_relation relation,
	 const struct cg_witness *witness, struct buf *out)
{
	char call[CALL], left[ANSWER], right[ANSWER];

	cg_call_print(&witness->call, NULL, call, sizeof(call));
	cg_answer_print(witness->left, difference->abi, left, sizeof(left));
	cg_answer_print(witness->right, difference->abi, right, sizeof(right));
	buf_printf(out,
		   "\"relation\":\"%s\",\"witness\":", relation_name(relation));
	buf_json(out, call);
	buf_puts(out, ",\"left\":");
	buf_json(out, left);
	buf_puts(out, ",\"right\":");
	buf_json(out, right);
}

/* Numbers of 64 bits as text: many readers of JSON have no such numbers. */
static void put_tests(const struct cg_tests *way, struct buf *out)
{
	static const char *const operators[] = {
		[CG_EQ] = "==", [CG_NE] = "!=", [CG_LT] = "<",
		[CG_LE] = "<=", [CG_GT] = ">",  [CG_GE] = ">=",
	};

	buf_puts(out, "[");
	for (size_t i = 0; i < way->count; i++) {
		const struct cg_test *test = &way->tests[i];

		buf_printf(out,
			   "%s{\"argument\":%u,\"mask\":\"0x%" PRIx64
			   "\",\"op\":\"%s\",\"value\":\"0x%" PRIx64 "\"}",
			   i ? "," : "", test->argument, test->mask,
			   operators[test->op], test->value);
	}
	buf_puts(out, "]");
}

static void put_region(const struct cg_difference *difference,
		       const struct cg_region *region, struct buf *out)
{
	buf_puts(out, "{");
	put_pair(difference, region->relation, &region->witness, out);
	buf_puts(out, ",\"conditions\":[");
	for (size_t i = 0; i < region->text_count; i++) {
		buf_puts(out, i ? "," : "");
		buf_json(out, region->texts[i]);
	}
	buf_puts(out, "],\"tests\":[");
	for (size_t i = 0; i < region->way_count; i++) {
		buf_puts(out, i ? "," : "");
		put_tests(&region->ways[i], out);
	}
	buf_puts(out, "]}");
}

static void put_json(const struct cg_difference *difference, struct buf *out)
{
	buf_printf(out, "%s{\"abi\":", out->length ? "," : "");
	buf_json(out, difference->abi ? difference->abi->name : "");
	buf_puts(out, ",\"call\":");
	buf_json(out, difference->call ? difference->call->name : "");
	buf_printf(out, ",\"nr\":%" PRIu32 ",", difference->witness.call.nr);
	if (difference->abi && !difference->call && !difference->whole)
		buf_printf(out, "\"nr_last\":%" PRIu32 ",\"more\":%s,",
			   difference->nr_last,
			   difference->more ? "true" : "false");
	put_pair(difference, difference->relation, &difference->witness, out);
	buf_printf(out, ",\"exact\":%s,\"regions\":[",
		   difference->region_count ? "true" : "false");
	for (size_t i = 0; i < difference->region_count; i++) {
		buf_puts(out, i ? "," : "");
		put_region(difference, &difference->regions[i], out);
	}
	buf_puts(out, "]}");
}

/* ------------------------------------------------------------- output -- */

void differing_add(void *context, const struct cg_difference *difference)
{
	struct differing *differing = context;

	if (differing->json)
		put_json(difference, &differing->out);
	else if (!difference->region_count)
		add_witness(differing, difference);
	for (size_t i = 0; !differing->json && i < difference->region_count;
	     i++)
		add_region(differing, difference, &difference->regions[i]);
}

void differing_print(struct differing *differing)
{
	static const char marks[] = { '=', '-', '+', '~' };

	if (differing->json && differing->out.length)
		out_buf(&differing->out);
	for (size_t i = 0; i < differing->count; i++) {
		struct differing_line *line = &differing->lines[i];
		bool wide;

		if (line->calls.failed)
			out_die_nomem();
		wide = line->list &&
		       line->column + strlen(line->answers) + 2 > WIDTH;
		printf("%s%c%s %-8s %s:%s%*s%s\n",
		       out_colour(stdout,
				  line->relation == CG_LOOSER ? RED : GREEN),
		       marks[line->relation], out_colour(stdout, PLAIN),
		       line->abi, line->calls.text, wide ? "\n" : "",
		       wide ? INDENT : 1, "", line->answers);
		if (line->witness)
			printf("%*ssuch as %s\n", INDENT, "", line->witness);
	}
	differing_free(differing);
}

void differing_free(struct differing *differing)
{
	for (size_t i = 0; i < differing->count; i++) {
		buf_free(&differing->lines[i].calls);
		free(differing->lines[i].answers);
		free(differing->lines[i].witness);
	}
	free(differing->lines);
	buf_free(&differing->out);
	*differing = (struct differing){ .json = differing->json };
}
