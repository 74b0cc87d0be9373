/* What the terminal shows: leaves of events, safe texts, the folding table. */
#include <locale.h>
#include <string.h>

#include "tap.h"
#include "view/leaves.h"
#include "view/plain.h"
#include "view/table.h"

/* -------------------------------------------------------------- leaves -- */

static const struct leaf_row {
	const char *json, *want; /* "path=value;" for each; ! where it fails */
} leaf_rows[] = {
	{ "{}", "" },
	{ "{\"a\":1}", "a=1;" },
	{ " { \"a\" : { \"b\" : \"c\" } , \"d\" : null } ", "a.b=c;d=null;" },
	{ "{\"a\":{},\"b\":[],\"c\":1}", "c=1;" },
	{ "{\"a\":[1,[2,\"x\"],{\"b\":true}]}",
	  "a.0=1;a.1.0=2;a.1.1=x;a.2.b=true;" },
	{ "{\"a\":\"\\u0041\\n\\\"\\\\\\/\\ud83d\\ude00\"}",
	  "a=A\n\"\\/\xf0\x9f\x98\x80;" },
	{ "{\"a\":\"\\u0000\\ud800\"}", "a=\xef\xbf\xbd\xef\xbf\xbd;" },
	{ "{\"a\":\"\xff\"}", "a=\xff;" },
	{ "", "!" },
	{ "[1]", "!" },
	{ "{", "!" },
	{ "{\"a\"}", "!" },
	{ "{\"a\":}", "!" },
	{ "{\"a\":1", "a=1;!" },
	{ "{\"a\":1}}", "a=1;!" },
	{ "{\"a\":1]", "a=1;!" },
	{ "{\"a\":1 \"b\":2}", "a=1;!" },
	{ "{,\"a\":1}", "!" },
	{ "{\"a\":1,}", "a=1;!" },
	{ "{\"a\":\"\\x\"}", "!" },
	{ "{\"a\":\"\\u12\"}", "!" },
	{ "{\"a\":\"b", "!" },
	{ "{\"a\":\"b\\", "!" },
	{ "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "!" },
};

static void add_leaf(void *context, const char *path, const char *value)
{
	buf_printf(context, "%s=%s;", path, value);
}

static void test_leaves(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(leaf_rows) / sizeof(leaf_rows[0]); i++) {
		const struct leaf_row *row = &leaf_rows[i];
		struct buf got = { 0 };

		buf_puts(&got, "");
		if (!leaves_each(row->json, add_leaf, &got))
			buf_puts(&got, "!");
		if (!tap_ok(tap, strcmp(got.text, row->want) == 0,
			    "leaves of %s", row->json))
			tap_note("got %s", got.text);
		buf_free(&got);
	}
}

/* --------------------------------------------------------------- texts -- */

enum way { FIT, PATH, WRAP };

static const struct text_row {
	enum way way;
	size_t columns;
	bool utf8;
	const char *text, *want;
} text_rows[] = {
	{ FIT, 9, true, "plain", "plain" },
	{ FIT, 5, true, "plain", "plain" },
	{ FIT, 4, true, "plain", "pla\u2026" },
	{ FIT, 4, false, "plain", "pla~" },
	{ FIT, 0, true, "plain", "" },
	{ FIT, 1, true, "plain", "\u2026" },
	{ FIT, 20, true, "\033[31m", "\\x1b[31m" },
	{ FIT, 5, true, "ab\033[31m", "ab\u2026" },
	{ FIT, 20, true,
	  "\xc2\x9b"
	  "31m",
	  "\\u{9b}31m" },
	{ FIT, 20, true, "\xff\xc3(\xe2\x80", "\\xff\\xc3(\\xe2\\x80" },
	{ FIT, 20, true, "\xed\xa0\x80\xc0\xaf", "\\xed\\xa0\\x80\\xc0\\xaf" },
	{ FIT, 20, true, "\u202egnp", "\\u{202e}gnp" },
	{ FIT, 20, true, "a\u200bb\u00ad", "a\\u{200b}b\\u{ad}" },
	{ FIT, 20, true, "e\u0301", "e\\u{301}" },
	{ FIT, 20, true, "\u00e4\u4e2d", "\u00e4\u4e2d" },
	{ FIT, 20, false, "\u00e4", "\\u{e4}" },
	{ FIT, 2, true, "\u4e2d\u4e2d", "\u2026" },
	{ FIT, 20, true, "\U0010fffd", "\\u{10fffd}" },
	{ PATH, 20, true, "/usr/bin/nc", "/usr/bin/nc" },
	{ PATH, 6, true, "/usr/bin/nc", "\u2026/nc" },
	{ PATH, 6, true, "/usr/bin/netcat", "\u2026/net\u2026" },
	{ PATH, 6, true, "/usr/bin/", "/usr/\u2026" },
	{ WRAP, 4, true, "abcdefg", "abcd\n  ef\n  g\n" },
	{ WRAP, 4, true, "a\nb", "a\n  \\x0a\n  b\n" },
	{ WRAP, 1, true, "\033", "\\x1b\n" },
};

static void test_texts(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(text_rows) / sizeof(text_rows[0]); i++) {
		const struct text_row *row = &text_rows[i];
		struct buf got = { 0 };
		size_t used = 0;

		buf_puts(&got, "");
		if (row->way == WRAP)
			plain_wrap(row->text, 0, row->columns, 2, row->utf8,
				   &got);
		else
			used = (row->way == FIT ? plain_fit : plain_fit_path)(
				row->text, row->columns, row->utf8, &got);
		if (!tap_ok(tap,
			    strcmp(got.text, row->want) == 0 &&
				    used <= row->columns,
			    "text %zu", i))
			tap_note("got %s, %zu columns", got.text, used);
		buf_free(&got);
	}
}

/* --------------------------------------------------------------- table -- */

static void put(struct table *table, uint64_t time, const char *program,
		const char *call, const char *verdict)
{
	char json[512];

	snprintf(
		json, sizeof(json),
		"{\"process\":{\"executable\":\"%s\"},\"seccomp\":{\"action\":"
		"\"%s\",\"syscall\":{\"name\":\"%s\"},\"suggestion\":\"+%s\"}}",
		program, verdict, call, call);
	(void)table_put(table, time, json);
}

static const struct match_row {
	const char *filter;
	bool want; /* of /usr/bin/nc, bind, errno */
} match_rows[] = {
	{ "", true },
	{ "bind", true },
	{ "BIN", true },
	{ "bind errno", true },
	{ "bind kill", false },
	{ "call=bi", true },
	{ "call=ind", false },
	{ "program=nc", true },
	{ "program=/usr/bin/n", true },
	{ "program=bin", false },
	{ "verdict=errno call=bind program=nc", true },
	{ "unit=x", false },
	{ "unit=", true },
	{ "  bind  ", true },
	{ "colour=red", false },
};

static void test_matches(struct tap *tap)
{
	static struct table table;

	put(&table, 1, "/usr/bin/nc", "bind", "errno");
	for (size_t i = 0; i < sizeof(match_rows) / sizeof(match_rows[0]); i++)
		tap_ok(tap,
		       table_matches(table.rows[0], match_rows[i].filter) ==
			       match_rows[i].want,
		       "filter '%s'", match_rows[i].filter);
	table_clear(&table);
}

/* The calls of the rows that are shown, with their counts. */
static void tell(struct table *table, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < table->shown_count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%d ",
					 table->shown[i]->texts[TABLE_CALL],
					 (int)table->shown[i]->shown_count);
}

static void
expect(struct tap *tap, struct table *table, const char *want, const char *name)
{
	char got[256];

	table_arrange(table);
	tell(table, got, sizeof(got));
	if (!tap_ok(tap, strcmp(got, want) == 0, "%s", name))
		tap_note("got %s, not %s", got, want);
}

static void test_table(struct tap *tap)
{
	static struct table table;
	char *fix;

	put(&table, 10, "/a", "bind", "errno");
	put(&table, 30, "/b", "connect", "errno");
	put(&table, 20, "/c", "socket", "log");
	put(&table, 40, "/a", "bind", "errno");
	expect(tap, &table, "bind2 connect1 socket1 ", "by the last time");
	table.sort = TABLE_BY_FIRST;
	expect(tap, &table, "connect1 socket1 bind2 ", "by the first");
	table.sort = TABLE_BY_CALL;
	table.reversed = true;
	expect(tap, &table, "socket1 connect1 bind2 ", "by call, turned round");
	table.held = true;
	put(&table, 50, "/a", "bind", "errno");
	put(&table, 60, "/d", "accept", "errno");
	expect(tap, &table, "socket1 connect1 bind2 ", "held");
	table.held = false;
	expect(tap, &table, "socket1 connect1 bind3 accept1 ", "and on");
	tap_ok(tap, table_set_filter(&table, "errno c"), "a filter");
	expect(tap, &table, "connect1 accept1 ", "of some");
	fix = table_fix(table.shown[0]);
	tap_ok(tap, fix && strcmp(fix, "+connect") == 0, "the fix");
	free(fix);
	table_clear(&table);
	tap_ok(tap, !table.count && !table.filter, "cleared");
}

static void test_bound(struct tap *tap)
{
	static struct table table;
	char call[32];

	for (int i = 0; i < TABLE_MAX + 100; i++) {
		snprintf(call, sizeof(call), "call%d", i);
		put(&table, 1 + (uint64_t)i, "/a", call, "errno");
	}
	table_arrange(&table);
	tap_ok(tap,
	       table.count == TABLE_MAX && table.gone == 100 &&
		       table.events == TABLE_MAX + 100 &&
		       strcmp(table.shown[TABLE_MAX - 1]->texts[TABLE_CALL],
			      "call100") == 0,
	       "the oldest rows go, and are counted");
	table.held = true;
	put(&table, 9999, "/a", "new", "errno");
	put(&table, 9999, "/a", "call200", "errno");
	tap_ok(tap, table.missed == 1 && table.shown_count == TABLE_MAX,
	       "while it is held none goes");
	table_clear(&table);
}

int main(void)
{
	struct tap tap = { 0 };

	/* Widths of characters are the locale's. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		tap_note("no C.UTF-8 here");
	test_leaves(&tap);
	test_texts(&tap);
	test_matches(&tap);
	test_table(&tap);
	test_bound(&tap);
	return tap_done(&tap);
}
