/*
 * base/: numbers, UTF-8, distances and names, at their edges.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/sha256.h"
#include "base/text.h"
#include "tap.h"

/* ------------------------------------------------------------- numbers -- */

static const struct number {
	const char *text;
	enum num_result plain, with_sign;
	uint64_t value;
} numbers[] = {
	/* clang-format off */
	{ "0", NUM_OK, NUM_OK, 0 },
	{ "00", NUM_OK, NUM_OK, 0 },
	{ "1", NUM_OK, NUM_OK, 1 },
	{ "010", NUM_OK, NUM_OK, 8 },
	{ "0o17", NUM_OK, NUM_OK, 15 },
	{ "0O17", NUM_OK, NUM_OK, 15 },
	{ "0b101", NUM_OK, NUM_OK, 5 },
	{ "0B101", NUM_OK, NUM_OK, 5 },
	{ "0xfF", NUM_OK, NUM_OK, 255 },
	{ "0XFf", NUM_OK, NUM_OK, 255 },
	{ "18446744073709551615", NUM_OK, NUM_OK, UINT64_MAX },
	{ "0xffffffffffffffff", NUM_OK, NUM_OK, UINT64_MAX },
	{ "0x0000000000000000000000001", NUM_OK, NUM_OK, 1 },
	{ "01777777777777777777777", NUM_OK, NUM_OK, UINT64_MAX },
	{ "18446744073709551616", NUM_TOO_LARGE, NUM_TOO_LARGE, 0 },
	{ "0x10000000000000000", NUM_TOO_LARGE, NUM_TOO_LARGE, 0 },
	{ "02000000000000000000000", NUM_TOO_LARGE, NUM_TOO_LARGE, 0 },
	{ "99999999999999999999999999", NUM_TOO_LARGE, NUM_TOO_LARGE, 0 },
	{ "9223372036854775808", NUM_OK, NUM_OK, (uint64_t)INT64_MIN },
	{ "-1", NUM_NEGATIVE, NUM_OK, UINT64_MAX },
	{ "-0", NUM_NEGATIVE, NUM_OK, 0 },
	{ "-0x10", NUM_NEGATIVE, NUM_OK, (uint64_t)-16 },
	{ "-9223372036854775808", NUM_NEGATIVE, NUM_OK, (uint64_t)INT64_MIN },
	{ "-9223372036854775809", NUM_NEGATIVE, NUM_TOO_LARGE, 0 },
	{ "", NUM_NOT, NUM_NOT, 0 },
	{ "-", NUM_NOT, NUM_NOT, 0 },
	{ "--1", NUM_NOT, NUM_NOT, 0 },
	{ "+1", NUM_NOT, NUM_NOT, 0 },
	{ " 1", NUM_NOT, NUM_NOT, 0 },
	{ "1 ", NUM_NOT, NUM_NOT, 0 },
	{ "0x", NUM_NOT, NUM_NOT, 0 },
	{ "0b", NUM_NOT, NUM_NOT, 0 },
	{ "0o", NUM_NOT, NUM_NOT, 0 },
	{ "x1", NUM_NOT, NUM_NOT, 0 },
	{ "0xg", NUM_NOT, NUM_NOT, 0 },
	{ "08", NUM_NOT, NUM_NOT, 0 },
	{ "0b2", NUM_NOT, NUM_NOT, 0 },
	{ "1a", NUM_NOT, NUM_NOT, 0 },
	{ "1e3", NUM_NOT, NUM_NOT, 0 },
	{ "1.0", NUM_NOT, NUM_NOT, 0 },
	{ "1_000", NUM_NOT, NUM_NOT, 0 },
	{ "1,000", NUM_NOT, NUM_NOT, 0 },
	/* Not a number, however large what stands before that. */
	{ "99999999999999999999999z", NUM_NOT, NUM_NOT, 0 },
	/* clang-format on */
};

static bool number_reads(const struct number *row)
{
	const uint64_t before = 0x5555;
	uint64_t plain = before, with_sign = before;
	size_t length = strlen(row->text);
	bool negative = false;
	enum num_result a = num_read(row->text, length, &plain);
	enum num_result b =
		num_read_signed(row->text, length, &with_sign, &negative);

	return a == row->plain && b == row->with_sign &&
	       plain == (a == NUM_OK ? row->value : before) &&
	       with_sign == (b == NUM_OK ? row->value : before) &&
	       (b != NUM_OK || negative == (row->text[0] == '-'));
}

/* --------------------------------------------------------------- UTF-8 -- */

static const struct bytes {
	const char *name, *text;
	size_t length;
	int wrong; /* offset of the first wrong byte, or -1 */
} bytes[] = {
	{ "nothing", "", 0, -1 },
	{ "ASCII", "a~\n\t", 4, -1 },
	{ "two bytes", "\xc2\x80\xdf\xbf", 4, -1 },
	{ "three bytes", "\xe0\xa0\x80\xef\xbf\xbf", 6, -1 },
	{ "four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, -1 },
	{ "next to the surrogates", "\xed\x9f\xbf\xee\x80\x80", 6, -1 },
	{ "a NUL", "a\0b", 3, 1 },
	{ "a NUL at the end", "ab\0", 3, 2 },
	{ "a follower alone", "a\x80", 2, 1 },
	{ "a leader alone", "a\xc3", 2, 1 },
	{ "a leader and ASCII", "\xc3(", 2, 0 },
	{ "two of three", "\xe2\x82", 2, 0 },
	{ "two of three, then ASCII", "\xe2\x82z", 3, 0 },
	{ "three of four", "x\xf0\x9f\x98", 4, 1 },
	{ "overlong in two", "\xc0\xaf", 2, 0 },
	{ "overlong in two, highest", "\xc1\xbf", 2, 0 },
	{ "overlong in three", "\xe0\x9f\xbf", 3, 0 },
	{ "overlong in four", "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "the first surrogate", "\xed\xa0\x80", 3, 0 },
	{ "the last surrogate", "\xed\xbf\xbf", 3, 0 },
	{ "past U+10FFFF", "\xf4\x90\x80\x80", 4, 0 },
	{ "five bytes", "\xf8\x88\x80\x80\x80", 5, 0 },
	{ "0xfe", "ok\xfe", 3, 2 },
	{ "0xff", "ok\xff", 3, 2 },
};

static bool bytes_judged(const struct bytes *row)
{
	size_t at = SIZE_MAX;
	/* Of its own size, so that a sanitizer sees who reads past it. */
	char *copy = malloc(row->length ? row->length : 1);
	bool valid;

	if (!copy)
		return false;
	memcpy(copy, row->text, row->length);
	valid = text_is_utf8(copy, row->length, &at);
	free(copy);
	return row->wrong < 0 ? valid : !valid && at == (size_t)row->wrong;
}

/* Each code point, written as RFC 3629 has it, is taken; cut, it is not. */
static bool every_point_judged(void)
{
	for (uint32_t point = 1; point <= 0x110000; point++) {
		char text[4];
		size_t length = point < 0x80      ? 1
				: point < 0x800   ? 2
				: point < 0x10000 ? 3
						  : 4;
		static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
		bool want = point < 0x110000 && (point & 0x1ff800) != 0xd800;
		uint32_t rest = point;
		size_t at;

		for (size_t i = length; i-- > 1; rest >>= 6)
			text[i] = (char)(0x80 | (rest & 0x3f));
		text[0] = (char)(leads[length - 1] | rest);
		if (text_is_utf8(text, length, &at) != want ||
		    (length > 1 && text_is_utf8(text, length - 1, &at)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ distances -- */

static const struct distance {
	const char *a, *b;
	unsigned limit, want;
} distances[] = {
	{ "", "", 3, 0 },
	{ "read", "read", 3, 0 },
	{ "read", "raed", 3, 1 },
	{ "read", "red", 3, 1 },
	{ "read", "reead", 3, 1 },
	{ "read", "reed", 3, 1 },
	{ "read", "write", 3, 4 },
	{ "", "abc", 3, 3 },
	{ "abc", "", 3, 3 },
	{ "abc", "", 2, 3 },
	{ "abc", "abcdefg", 3, 4 },
	{ "abc", "abcdef", 3, 3 },
	{ "abcd", "badc", 3, 2 },
	{ "abcdef", "uvwxyz", 2, 3 },
	{ "action_", "action", 3, 1 },
	{ "ab", "ba", 0, 1 },
	{ "kitten", "sitting", 3, 3 },
	{ "READ", "read", 4, 4 },
};

static bool distance_right(const struct distance *row)
{
	return text_distance(row->a, row->b, row->limit) == row->want &&
	       text_distance(row->b, row->a, row->limit) == row->want;
}

/* Short words must be closer, to be suggested, than they may be apart. */
static bool near_right(void)
{
	return text_near("red", "read", 3) == 1 &&
	       text_near("rd", "read", 3) == 4 &&
	       text_near("abc", "xyz", 3) == 4 &&
	       text_near("raed", "read", 3) == 1 &&
	       text_near("rwad", "raed", 3) == 2 && text_near("", "a", 3) == 1;
}

/* Long text must neither overflow anything nor take for ever. */
static bool distance_of_long(void)
{
	enum { LONG = 100000 };
	char *a = malloc(LONG + 1), *b = malloc(LONG + 1);
	bool ok = a && b;

	if (ok) {
		memset(a, 'a', LONG);
		memset(b, 'b', LONG);
		a[LONG] = b[LONG] = '\0';
		ok = text_distance(a, b, 3) == 4 &&
		     text_distance(a, "read", 3) == 4;
	}
	free(a);
	free(b);
	return ok;
}

static const struct letters {
	const char *a, *b;
	bool same;
} letters[] = {
	{ "", "", true },
	{ "allow", "ALLOW", true },
	{ "Allow", "aLLOW", true },
	{ "allow", "allo", false },
	{ "allo", "allow", false },
	{ "a[", "A{", false }, /* 32 apart, but no letters */
	{ "a@", "a`", false },
	{ "\xc3\xa4", "\xc3\x84", false },
	{ "kill_thread", "kill-thread", false },
};

/* -------------------------------------------------------- arena and buf -- */

static bool arena_keeps_its_budget(void)
{
	struct arena arena = { .budget = 100000 };
	size_t got = 0, room = 0;
	unsigned char *part;
	uint32_t *numbers_, *grown = NULL;
	bool ok = true;

	while ((part = arena_alloc(&arena, 1, 100))) {
		for (size_t i = 0; i < 100; i++)
			ok &= part[i] == 0;
		memset(part, 0xff, 100);
		got += 100;
	}
	ok &= got <= 100000 && got > 80000;
	ok &= !arena_alloc(&arena, SIZE_MAX, 2);
	ok &= !arena_alloc(&arena, SIZE_MAX, 1);
	ok &= !arena_alloc(&arena, SIZE_MAX / 8 + 1, 8);
	arena_free(&arena);
	arena = (struct arena){ .budget = 1 << 20 };
	for (uint32_t i = 0; ok && i < 5000; i++) {
		numbers_ =
			arena_grow(&arena, grown, &room, i + 1, sizeof(*grown));
		ok = numbers_ != NULL;
		if (ok)
			numbers_[i] = i;
		grown = numbers_;
	}
	for (uint32_t i = 0; ok && i < 5000; i++)
		ok = grown[i] == i;
	ok &= !arena_grow(&arena, grown, &room, SIZE_MAX, sizeof(*grown));
	arena_free(&arena);
	/* What is handed out zeroed is, though raw memory lay there before. */
	for (size_t size = 64; size <= 1 << 18; size *= 2) {
		arena = (struct arena){ .budget = 1 << 20 };
		part = arena_alloc_raw(&arena, size, 1);
		ok &= part != NULL;
		if (part)
			memset(part, 0xff, size);
		part = arena_alloc(&arena, size, 1);
		for (size_t i = 0; part && i < size; i++)
			ok &= part[i] == 0;
		ok &= part != NULL;
		ok &= !arena_alloc_raw(&arena, SIZE_MAX, 2);
		arena_free(&arena);
	}
	return ok;
}

static bool arenas_share_a_pool(void)
{
	enum { PART = 100000 };
	struct arena_pool pool = { 5 * PART };
	struct arena one = { .budget = SIZE_MAX, .pool = &pool };
	struct arena other = { .budget = 2 * PART, .pool = &pool };
	void *first = arena_alloc(&one, PART, 1);
	bool ok = first && arena_alloc(&one, PART, 1);

	ok &= arena_alloc(&other, PART, 1) != NULL;
	/* The other's own budget, then what both may take. */
	ok &= !arena_alloc(&other, PART + 1, 1);
	ok &= arena_alloc(&one, PART, 1) && !arena_alloc(&one, PART + 1, 1);
	/* What either gives back both may take. */
	arena_release(&one, first, PART);
	ok &= arena_alloc(&one, 2 * PART, 1) && pool.left == 0;
	arena_free(&other);
	ok &= arena_alloc(&one, PART, 1) != NULL;
	arena_free(&one);
	return ok && pool.left == 5 * PART;
}

static const struct json {
	const char *text, *want;
} json[] = {
	{ "", "\"\"" },
	{ "a", "\"a\"" },
	{ "\"\\/", "\"\\\"\\\\/\"" },
	{ "\n\x01\x1f\x7f", "\"\\u000a\\u0001\\u001f\\u007f\"" },
	{ "\xc3\xa4\xe2\x82\xac", "\"\xc3\xa4\xe2\x82\xac\"" },
	{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
	{ "a\xff"
	  "b",
	  "\"a\\ufffd"
	  "b\"" },
	{ "\xc3", "\"\\ufffd\"" },
	{ "\xe2\x82z", "\"\\ufffd\\ufffdz\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
};

static bool json_written(const struct json *row)
{
	struct buf buf = { 0 };
	char *text;
	bool ok;

	buf_json(&buf, row->text);
	text = buf_done(&buf);
	ok = text && strcmp(text, row->want) == 0;
	if (!ok)
		tap_note("%s", text ? text : "nothing");
	free(text);
	return ok;
}

/* From FIPS 180-4's examples, and lengths about the edges of a block. */
static const struct hash {
	char letter; /* 0: the text */
	size_t length;
	const char *text, *hash;
} hashes[] = {
	{ 0, 0, "",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ 0, 3, "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ 0, 56, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ 'a', 55, NULL,
	  "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
	{ 'a', 64, NULL,
	  "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
	{ 'a', 1000, NULL,
	  "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3" },
};

static bool hash_right(const struct hash *row)
{
	char text[1000], got[SHA256_TEXT];

	if (row->letter)
		memset(text, row->letter, row->length);
	else
		memcpy(text, row->text, row->length);
	sha256_text(text, row->length, got);
	return strcmp(got, row->hash) == 0;
}

static void test_tables(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		tap_ok(tap, hash_right(&hashes[i]), "SHA-256 of %zu bytes",
		       hashes[i].length);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		tap_ok(tap, number_reads(&numbers[i]), "number '%s'",
		       numbers[i].text);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++)
		tap_ok(tap, bytes_judged(&bytes[i]), "UTF-8: %s",
		       bytes[i].name);
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++)
		tap_ok(tap, distance_right(&distances[i]),
		       "from '%s' to '%s', at most %u", distances[i].a,
		       distances[i].b, distances[i].limit);
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		tap_ok(tap,
		       text_same_letters(letters[i].a, letters[i].b) ==
			       letters[i].same,
		       "'%s' and '%s'", letters[i].a, letters[i].b);
	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++)
		tap_ok(tap, json_written(&json[i]), "JSON of text %zu", i);
}

int main(void)
{
	struct tap tap = { 0 };

	test_tables(&tap);
	tap_ok(&tap, every_point_judged(), "UTF-8: each code point");
	tap_ok(&tap, distance_of_long(), "the distance of long text");
	tap_ok(&tap, near_right(), "what is suggested for short words");
	tap_ok(&tap, arena_keeps_its_budget(), "an arena and its budget");
	tap_ok(&tap, arenas_share_a_pool(), "arenas that share a pool");
	return tap_done(&tap);
}
