/*
 * What is no policy must say so, at the right place and in words that help.
 * The rows of refusals.txt, what is too much for a file of rows, and every key
 * with every kind of value that it does not take.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "judges.h"
#include "tap.h"

enum { LINE = 512 };

struct refusal {
	char name[LINE];
	uint32_t line, column;
	enum cg_status status;
	char message[LINE];
};

/* Refused as the row says: there, with that, and nothing handed out. */
static void expect(struct tap *tap, const struct refusal *row, const char *text,
		   size_t length)
{
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status =
		cg_policy_parse(text, length, "row", NULL, &policy, &err);
	bool ok = status == row->status && err.status == status && !policy &&
		  err.line == row->line && err.column == row->column &&
		  strstr(err.message, row->message) &&
		  strcmp(err.source, "row") == 0;

	if (!tap_ok(tap, ok, "%s", row->name))
		tap_note("%d at %s:%" PRIu32 ":%" PRIu32 ": %s", (int)status,
			 err.source, err.line, err.column, err.message);
	cg_policy_free(policy);
}

/* ---------------------------------------------------------- the file -- */

/* "--- 3:5 meaning words", or false where it is another line. */
static bool read_wanted(const char *line, struct refusal *row)
{
	static const struct {
		const char *name;
		enum cg_status status;
	} statuses[] = {
		{ "syntax", CG_E_SYNTAX },
		{ "meaning", CG_E_MEANING },
		{ "arch", CG_E_ARCH },
	};
	char status[16];
	int used = 0;

	if (sscanf(line, "--- %" SCNu32 ":%" SCNu32 " %15s %n", &row->line,
		   &row->column, status, &used) != 3 ||
	    !used)
		return false;
	row->status = CG_OK;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].name, status) == 0)
			row->status = statuses[i].status;
	snprintf(row->message, sizeof(row->message), "%s", line + used);
	row->message[strcspn(row->message, "\n")] = '\0';
	return row->status != CG_OK;
}

static void expect_file(struct tap *tap, const char *folder)
{
	struct refusal row = { 0 };
	struct buf text = { 0 };
	char path[2 * LINE], line[LINE];
	bool in_row = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/refusals.txt", folder);
	file = fopen(path, "r");
	tap_ok(tap, file != NULL, "refusals.txt can be read");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "=== ", 4) == 0) {
			snprintf(row.name, sizeof(row.name), "%s", line + 4);
			row.name[strcspn(row.name, "\n")] = '\0';
			in_row = true;
		} else if (in_row && read_wanted(line, &row)) {
			expect(tap, &row, text.text ? text.text : "",
			       text.length);
			buf_free(&text);
			in_row = false;
		} else if (in_row) {
			buf_puts(&text, line);
		}
	}
	tap_ok(tap, !in_row, "each row has an end");
	buf_free(&text);
	if (file)
		fclose(file);
}

/* --------------------------------------------------- too much for rows -- */

static void repeat(struct buf *out, const char *text, size_t times)
{
	while (times-- > 0)
		buf_puts(out, text);
}

static void expect_bytes(struct tap *tap)
{
	static const struct {
		const char *bytes;
		size_t length;
		struct refusal want;
	} rows[] = {
		{ "", 0, { "no bytes", 1, 1, CG_E_SYNTAX, "empty" } },
		{ "a: \0b", 5, { "a NUL", 1, 4, CG_E_SYNTAX, "NUL byte" } },
		{ "a: \"\\0\"",
		  7,
		  { "an escaped NUL", 1, 4, CG_E_SYNTAX, "NUL character" } },
		{ "a:\n  \xff",
		  6,
		  { "byte 0xff", 2, 3, CG_E_SYNTAX, "not UTF-8: byte 0xff" } },
		{ "a:\n \xc0\x80",
		  6,
		  { "an overlong NUL", 2, 2, CG_E_SYNTAX, "byte 0xc0" } },
		{ "a: \xed\xa0\x80",
		  6,
		  { "a surrogate", 1, 4, CG_E_SYNTAX, "not UTF-8" } },
		{ "a: \xf4\x90\x80\x80",
		  7,
		  { "past U+10FFFF", 1, 4, CG_E_SYNTAX, "not UTF-8" } },
		{ "a: \xe2\x82",
		  5,
		  { "a cut character", 1, 4, CG_E_SYNTAX, "not UTF-8" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(tap, &rows[i].want, rows[i].bytes, rows[i].length);
}

static void expect_large(struct tap *tap)
{
	static const struct refusal brackets = { "20,000 brackets", 1, 33,
						 CG_E_SYNTAX,
						 "nested deeper than 32" };
	static const struct refusal braces = { "20,000 braces", 1, 3 * 32 + 1,
					       CG_E_SYNTAX,
					       "nested deeper than 32" };
	static const struct refusal large = { "4 MiB and a byte", 0, 0,
					      CG_E_SYNTAX,
					      "4194305 bytes are too many" };
	struct buf text = { 0 };

	repeat(&text, "[", 20000);
	expect(tap, &brackets, text.text, text.length);
	buf_free(&text);
	repeat(&text, "{a:", 20000);
	expect(tap, &braces, text.text, text.length);
	buf_free(&text);
	buf_puts(&text, "seccomp: {enabled: false}\n#");
	repeat(&text, "x", CG_POLICY_TEXT_MAX + 1 - text.length);
	expect(tap, &large, text.text, text.length);
	text.length--;
	{
		struct cg_policy *policy = NULL;

		tap_ok(tap,
		       cg_policy_parse(text.text, text.length, "", NULL,
				       &policy, NULL) == CG_OK,
		       "4 MiB are read");
		cg_policy_free(policy);
	}
	buf_free(&text);
}

/* Each level names the one before it nine times: 9^20 values. */
static void expect_bomb(struct tap *tap)
{
	static const struct refusal bomb = { "an alias bomb", 5, 9, CG_E_SYNTAX,
					     "more than 262144 values" };
	struct buf text = { 0 };

	buf_puts(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			buf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
		buf_puts(&text, "]\n");
	}
	expect(tap, &bomb, text.text, text.length);
	buf_free(&text);
}

static void expect_many(struct tap *tap)
{
	static const struct refusal anchors = { "257 anchors", 257, 9,
						CG_E_SYNTAX,
						"more than 256 anchors" };
	static const struct refusal groups = { "4097 groups", 4100, 5,
					       CG_E_MEANING,
					       "more than 4096 groups" };
	struct buf text = { 0 };

	for (int i = 0; i < 300; i++)
		buf_printf(&text, "- &a%d x\n", i);
	expect(tap, &anchors, text.text, text.length);
	buf_free(&text);
	buf_puts(&text, "seccomp:\n  default_action: allow\n  syscalls:\n");
	repeat(&text, "  - {action: errno, names: read}\n", 5000);
	expect(tap, &groups, text.text, text.length);
	buf_free(&text);
}

/* ------------------------------------------------------------- extends -- */

/* A policy that extends itself, whatever it is called. */
static enum cg_status
find_itself(void *context, const char *name, const char *from, char **text,
	    size_t *length, char source[CG_SOURCE_MAX], struct cg_error *err)
{
	const char *itself = context;

	(void)from;
	(void)err;
	*text = strdup(itself);
	*length = strlen(itself);
	snprintf(source, CG_SOURCE_MAX, "%s", name);
	return *text ? CG_OK : CG_E_NOMEM;
}

static void expect_circle(struct tap *tap)
{
	char text[] = "seccomp: {default_action: allow, extends: me}\n";
	const struct cg_policy_options options = { .finder = find_itself,
						   .context = text };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	enum cg_status status = cg_policy_parse(text, strlen(text), "me",
						&options, &policy, &err);

	if (!tap_ok(tap,
		    status == CG_E_MEANING && !policy && err.line == 1 &&
			    err.column == 43 &&
			    strstr(err.message, "does a policy extend itself"),
		    "a policy that extends itself"))
		tap_note("%d at %" PRIu32 ":%" PRIu32 ": %s", (int)status,
			 err.line, err.column, err.message);
	cg_policy_free(policy);
}

/* Twice itself is 2^7 times itself at the deepest: still an end, and soon. */
static void expect_wide_circle(struct tap *tap)
{
	char text[] = "seccomp: {default_action: allow, "
		      "extends: [no-exec, me, me]}\n";
	const struct cg_policy_options options = { .finder = find_itself,
						   .context = text };
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };

	tap_ok(tap,
	       cg_policy_parse(text, strlen(text), "me", &options, &policy,
			       &err) == CG_E_MEANING &&
		       !policy,
	       "a policy that extends itself twice");
	cg_policy_free(policy);
}

static void expect_no_file(struct tap *tap, const char *folder)
{
	char path[2 * LINE];
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };

	snprintf(path, sizeof(path), "%s/policies/nothing.yml", folder);
	tap_ok(tap,
	       cg_policy_open(path, NULL, &policy, &err) == CG_E_SYSTEM &&
		       !policy && err.sys_errno == 2 &&
		       strstr(err.message, path),
	       "a file that is not there");
	tap_ok(tap,
	       cg_policy_open(folder, NULL, &policy, &err) == CG_E_INPUT &&
		       !policy,
	       "a folder");
	tap_ok(tap,
	       cg_policy_preset("nothing", NULL, &policy, &err) == CG_E_INPUT &&
		       !policy && strstr(err.message, "nothing"),
	       "a preset that is not there");
}

/* ------------------------------------------- every key, every kind -- */

/* A policy with a hole in it, and the key whose value is missing there. */
static const struct hole {
	const char *key;
	const char *before, *after;
} holes[] = {
	{ "seccomp", "seccomp: ", "" },
	{ "default_action", "seccomp: {default_action: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "errno", "seccomp: {default_action: errno, errno: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "data", "seccomp: {default_action: trap, data: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "unknown", "seccomp: {default_action: allow, unknown: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "foreign", "seccomp: {default_action: allow, foreign: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "kernel", "seccomp: {default_action: allow, kernel: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "architectures", "seccomp: {default_action: allow, architectures: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "architectures[]",
	  "seccomp: {default_action: allow, architectures: [",
	  "], syscalls: [{action: allow, names: read}]}" },
	{ "flags", "seccomp: {default_action: allow, flags: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "flags[]", "seccomp: {default_action: allow, flags: [",
	  "], syscalls: [{action: allow, names: read}]}" },
	{ "enabled", "seccomp: {default_action: allow, enabled: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "no_new_privs", "seccomp: {default_action: allow, no_new_privs: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "extends", "seccomp: {default_action: allow, extends: ",
	  ", syscalls: [{action: allow, names: read}]}" },
	{ "extends[]", "seccomp: {default_action: allow, extends: [",
	  "], syscalls: [{action: allow, names: read}]}" },
	{ "syscalls", "seccomp: {default_action: allow, syscalls: ", "}" },
	{ "syscalls[]", "seccomp: {default_action: allow, syscalls: [", "]}" },
	{ "action",
	  "seccomp: {default_action: allow, syscalls: [{names: read, action: ",
	  "}]}" },
	{ "group errno",
	  "seccomp: {default_action: allow, syscalls: [{names: read, "
	  "action: errno, errno: ",
	  "}]}" },
	{ "group data",
	  "seccomp: {default_action: allow, syscalls: [{names: read, "
	  "action: trap, data: ",
	  "}]}" },
	{ "names",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names: ",
	  "}]}" },
	{ "names[]",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names: [",
	  "]}]}" },
	{ "rules",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "rules: ",
	  "}]}" },
	{ "rules[]",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "rules: [",
	  "]}]}" },
	{ "names_with_args",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: ",
	  "}]}" },
	{ "names_with_args[]",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [",
	  "]}]}" },
	{ "name",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{arguments: [{operation: Equal}], name: ",
	  "}]}]}" },
	{ "arguments",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: ",
	  "}]}]}" },
	{ "arguments[]",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [",
	  "]}]}]}" },
	{ "argument",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: Equal, "
	  "argument: ",
	  "}]}]}]}" },
	{ "position",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: Equal, "
	  "position: ",
	  "}]}]}]}" },
	{ "operation",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: ",
	  "}]}]}]}" },
	{ "value",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: Equal, "
	  "value: ",
	  "}]}]}]}" },
	{ "mask",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: "
	  "MaskedEqual, value: 1, mask: ",
	  "}]}]}]}" },
	{ "values",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: In, "
	  "values: ",
	  "}]}]}]}" },
	{ "values[]",
	  "seccomp: {default_action: allow, syscalls: [{action: errno, "
	  "names_with_args: [{name: read, arguments: [{operation: In, "
	  "values: [",
	  "]}]}]}]}" },
};

static const char *const kinds[] = {
	"\"\"", "''",    "?!", "99999999999999999999", "[[]]", "[{}]", "{a: b}",
	"{}",   "[[x]]", "~",
};

/* Refused, on the line of the value and not before it. */
static void expect_kinds(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++)
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			const struct hole *hole = &holes[i];
			struct cg_policy *policy = NULL;
			struct cg_error err = { 0 };
			struct buf text = { 0 };
			enum cg_status status;
			size_t at = strlen(hole->before);
			bool inside;

			buf_printf(&text, "%s%s%s", hole->before, kinds[j],
				   hole->after);
			status = cg_policy_parse(text.text, text.length, "",
						 NULL, &policy, &err);
			/* What is a mapping may be told of what it lacks. */
			inside = err.column > at &&
				 err.column <= at + strlen(kinds[j]) + 1;
			if (i == 0)
				inside = err.column > 0;
			if (!tap_ok(tap,
				    status == CG_E_MEANING && !policy &&
					    err.line == 1 && inside,
				    "%s: %s", hole->key, kinds[j]))
				tap_note("%d at %" PRIu32 ":%" PRIu32 ": %s",
					 (int)status, err.line, err.column,
					 err.message);
			cg_policy_free(policy);
			buf_free(&text);
		}
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";
	struct tap tap = { 0 };

	expect_file(&tap, folder);
	expect_bytes(&tap);
	expect_large(&tap);
	expect_bomb(&tap);
	expect_many(&tap);
	expect_circle(&tap);
	expect_wide_circle(&tap);
	expect_no_file(&tap, folder);
	expect_kinds(&tap);
	return tap_done(&tap);
}
