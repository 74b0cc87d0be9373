/* Templates: what is written, and which error stands where. */
#include <string.h>

#include "format/template.h"
#include "tap.h"

/* A template and its text; or an error: "line:column: part of it". */
static const struct row {
	const char *text, *out, *error;
} rows[] = {
	{ "", "", NULL },
	{ "no action", "no action", NULL },
	{ "{{.Name}}", "server", NULL },
	{ "a {{- .Name -}} b", "aserverb", NULL },
	{ "{{/* why */}}x", "x", NULL },
	{ "{{.Number}}{{.Inner.Deep}}", "7deep", NULL },
	{ "{{range .List}}[{{.}}]{{end}}", "[a][b\"]", NULL },
	{ "{{range $x := .List}}{{$x}},{{end}}", "a,b\",", NULL },
	{ "{{range $i, $x := .List}}{{$i}}={{$x}} {{end}}", "0=a 1=b\" ",
	  NULL },
	{ "{{range .Empty}}x{{else}}none{{end}}", "none", NULL },
	{ "{{range .List}}{{$.Name}}{{end}}", "serverserver", NULL },
	{ "{{if .Empty}}a{{else if .Number}}b{{else}}c{{end}}", "b", NULL },
	{ "{{if eq .Name \"server\" \"other\"}}yes{{end}}", "yes", NULL },
	{ "{{if and .Number .Empty}}a{{else}}b{{end}}", "b", NULL },
	{ "{{if not .Empty}}x{{end}}{{if or .Empty .Name}}y{{end}}", "xy",
	  NULL },
	{ "{{if lt .Number 8}}a{{end}}{{if ge .Number 8}}b{{end}}", "a", NULL },
	{ "{{with .Inner}}{{.Deep}}{{end}}", "deep", NULL },
	{ "{{with .Empty}}a{{else}}{{.Name}}{{end}}", "server", NULL },
	{ "{{$x := .Name}}{{$x}}{{$x := 5}}{{$x}}", "server5", NULL },
	{ "{{len .List}} {{len .Name}}", "2 6", NULL },
	{ "{{range .List}}{{printf \"%q\" .}} {{end}}", "\"a\" \"b\\\"\" ",
	  NULL },
	{ "{{.Number | printf \"%d %%\"}}", "7 %", NULL },
	{ "{{printf \"%#x %x %v %s\" 255 255 .Number `q`}}", "0xff ff 7 q",
	  NULL },
	{ "{{.", NULL, "1:4: '|' or '}}' is wanted" },
	{ "{{", NULL, "1:3: " },
	{ "a\n {{.Nmae}}", NULL, "2:4: there is no 'Nmae' here" },
	{ "{{.Name.Deep}}", NULL, "1:3: this has no field 'Deep'" },
	{ "{{range .Name}}{{end}}", NULL, "1:9: range wants a list" },
	{ "{{range .List}}", NULL, "1:16: {{end}} is wanted" },
	{ "{{end}}", NULL, "1:8: there is nothing" },
	{ "{{$x}}", NULL, "1:3: there is no variable $x" },
	{ "{{if .Name}}{{$x := 1}}{{end}}{{$x}}", NULL, "1:33: there is no" },
	{ "{{.List}}", NULL, "1:3: a list cannot be written" },
	{ "{{printf \"%d\" .Name}}", NULL, "1:3: printf has" },
	{ "{{printf \"%d\"}}", NULL, "1:3: printf wants" },
	{ "{{printf \"a\" 1}}", NULL, "1:3: printf wants" },
	{ "{{eq 1 \"a\"}}", NULL, "1:3: only two texts" },
	{ "{{foo}}", NULL, "1:3: a field, a variable" },
	{ "{{.Name .Name}}", NULL, "1:9: '|' or '}}'" },
	{ "{{\"abc}}", NULL, "1:4: a text that ends" },
	{ "{{/* no end", NULL, "1:6: a comment" },
	{ "{{if 1}}{{else}}{{else}}{{end}}", NULL, "1:25: {{end}}" },
};

static const struct template_value list[] = {
	{ .kind = VALUE_TEXT, .text = "a" },
	{ .kind = VALUE_TEXT, .text = "b\"" },
};
static const struct template_field inner[] = {
	{ "Deep", { .kind = VALUE_TEXT, .text = "deep" } },
};
static const struct template_field fields[] = {
	{ "Name", { .kind = VALUE_TEXT, .text = "server" } },
	{ "Number", { .kind = VALUE_NUMBER, .number = 7 } },
	{ "List", { .kind = VALUE_LIST, .items = list, .count = 2 } },
	{ "Empty", { .kind = VALUE_LIST } },
	{ "Inner", { .kind = VALUE_OBJECT, .fields = inner, .count = 1 } },
};
static const struct template_value root = {
	.kind = VALUE_OBJECT,
	.fields = fields,
	.count = sizeof(fields) / sizeof(fields[0]),
};

static void test_row(struct tap *tap, const struct row *row)
{
	struct arena arena = { .budget = 1 << 20 };
	char got[CG_MESSAGE_MAX + 32];
	struct cg_error err = { 0 };
	struct buf out = { 0 };
	bool ok = template_fill(&arena, row->text, strlen(row->text), &root,
				&out, &err);

	if (ok)
		snprintf(got, sizeof(got), "%s", out.text ? out.text : "");
	else
		snprintf(got, sizeof(got), "%u:%u: %s", err.line, err.column,
			 err.message);
	if (!tap_ok(tap,
		    row->out ? ok && strcmp(got, row->out) == 0
			     : !ok && strncmp(got, row->error,
					      strlen(row->error)) == 0,
		    "%s",
		    row->text[0] && !strchr(row->text, '\n') &&
				    !strchr(row->text, '#')
			    ? row->text
			    : "a template"))
		tap_note("%s", got);
	buf_free(&out);
	arena_free(&arena);
}

/* Wherever a template is cut, it is read or refused with its place. */
static void test_cuts(struct tap *tap)
{
	static const char text[] =
		"{{range $i, $x := .List -}} {{if eq $x \"a\"}}{{printf "
		"\"%q %d\" $x $i | len}}{{else if .}}{{$.Inner.Deep}}{{end}}"
		"{{else}}{{/* c */}}{{end}}";
	bool ok = true;

	for (size_t at = 0; at < sizeof(text); at++) {
		struct arena arena = { .budget = 1 << 20 };
		struct cg_error err = { 0 };
		struct buf out = { 0 };

		if (!template_fill(&arena, text, at, &root, &out, &err))
			ok &= err.line == 1 && err.column && err.message[0];
		buf_free(&out);
		arena_free(&arena);
	}
	tap_ok(tap, ok, "cut at every byte");
}

static void test_memory(struct tap *tap)
{
	static const char text[] =
		"{{range .List}}{{printf \"%q\" .}}{{end}}{{.Name}}";
	bool ok = false;
	size_t budget = 1;

	for (; budget < 1 << 20 && !ok; budget += 97) {
		struct arena arena = { .budget = budget };
		struct cg_error err = { 0 };
		struct buf out = { 0 };

		ok = template_fill(&arena, text, strlen(text), &root, &out,
				   &err);
		if (!ok && err.status != CG_E_NOMEM)
			break;
		buf_free(&out);
		arena_free(&arena);
	}
	tap_ok(tap, ok, "every budget below %zu bytes fails cleanly", budget);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&tap, &rows[i]);
	test_cuts(&tap);
	test_memory(&tap);
	return tap_done(&tap);
}
