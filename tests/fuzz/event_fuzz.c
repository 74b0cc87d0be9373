/*
 * Any bytes as an event for the terminal: whatever they are, what comes out can
 * be read, stays within its columns and steers no terminal.
 */
#include <locale.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "view/leaves.h"
#include "view/plain.h"
#include "view/table.h"

static void check_text(const struct buf *out, bool lines, bool utf8)
{
	size_t wrong;

	must(!out->failed, "there is memory for a line");
	must(!out->text || text_is_utf8(out->text, out->length, &wrong),
	     "what is shown is UTF-8");
	for (size_t i = 0; i < out->length; i++) {
		const unsigned char c = (unsigned char)out->text[i];

		must(c >= ' ' || (lines && c == '\n'), "no control character");
		must(c != 0x7f && (utf8 || c < 0x80), "nor one of others");
		/* The second byte of U+0080 to U+009F, and of U+202A to 2E. */
		must(c != 0xc2 || (unsigned char)out->text[i + 1] >= 0xa0,
		     "nor one behind 0xc2");
		must(i + 3 > out->length ||
			     memcmp(out->text + i, "\u202e", 3) != 0,
		     "nothing turns the line around");
	}
}

static void show(const char *text)
{
	for (int i = 0; i < 8; i++) {
		const size_t columns = (size_t)1 << i;
		const bool utf8 = i % 2;
		struct buf out = { 0 };

		must(plain_fit(text, columns, utf8, &out) <= columns,
		     "a text fits");
		check_text(&out, false, utf8);
		buf_free(&out);
		must(plain_fit_path(text, columns, utf8, &out) <= columns,
		     "a path fits");
		check_text(&out, false, utf8);
		buf_free(&out);
		plain_wrap(text, 3, columns, 2, utf8, &out);
		check_text(&out, true, utf8);
		buf_free(&out);
	}
}

static void take_leaf(void *context, const char *path, const char *value)
{
	size_t *count = context;

	must(strlen(path) <= 256, "a path has a bound");
	if (++*count < 8)
		show(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct table table;
	char *text = malloc(size + 1);
	size_t count = 0;

	must(text != NULL, "there is memory for the input");
	memcpy(text, data, size);
	text[size] = '\0';
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	show(text);
	(void)leaves_each(text, take_leaf, &count);
	must(table_put(&table, 1, text) && table_put(&table, 2, text) &&
		     table.count == 1 && table.rows[0]->count == 2,
	     "an event is the same as itself");
	must(table_matches(table.rows[0], ""), "no filter lets all through");
	(void)table_matches(table.rows[0], text);
	free(table_fix(table.rows[0]));
	table_clear(&table);
	free(text);
	return 0;
}
