/*
 * Programs as text and as bytes: what is written is read back as it was, what
 * cannot be read says where, and the listing says what it means.
 */
#include <string.h>

#include "bpf/answer.h"
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/image.h"
#include "bpf_random.h"
#include "tap.h"

enum { PLENTY = 1 << 20 };

/* ------------------------------------------------------ assembly text --- */

static const struct error_row {
	const char *text;
	enum cg_status status;
	uint32_t line, column;
	const char *message;
} error_rows[] = {
	/* clang-format off */
	{ "nop", CG_E_SYNTAX, 1, 1, "there is no instruction of this name" },
	{ "ret #0\n\tfoo a", CG_E_SYNTAX, 2, 2,
	  "there is no instruction of this name" },
	{ "ret", CG_E_SYNTAX, 1, 1, "ret does not take this operand" },
	{ "ret x", CG_E_SYNTAX, 1, 1, "ret does not take this operand" },
	{ "ret [0]", CG_E_SYNTAX, 1, 1, "ret does not take this operand" },
	{ "tax a", CG_E_SYNTAX, 1, 1, "tax does not take this operand" },
	{ "ldx [0]", CG_E_SYNTAX, 1, 1, "ldx does not take this operand" },
	{ "ld #", CG_E_SYNTAX, 1, 5, "a number is wanted here" },
	{ "ld #5x", CG_E_SYNTAX, 1, 5, "a number is wanted here" },
	{ "ld #-1", CG_E_SYNTAX, 1, 5, "a number is wanted here" },
	{ "ld #0x100000000", CG_E_SYNTAX, 1, 5,
	  "the number is above 0xffffffff" },
	{ "ld #99999999999999999999", CG_E_SYNTAX, 1, 5,
	  "the number is above 0xffffffff" },
	{ "ld [4", CG_E_SYNTAX, 1, 6, "] is wanted here" },
	{ "ld M[4", CG_E_SYNTAX, 1, 7, "] is wanted here" },
	{ "ld #1 #2", CG_E_SYNTAX, 1, 7, "the end of the line is wanted here" },
	{ "l: l: ret #1", CG_E_SYNTAX, 1, 4,
	  "the label stands in line 1 already" },
	{ "l:\n ret #1\nl: ret #2", CG_E_SYNTAX, 3, 1,
	  "the label stands in line 1 already" },
	{ "ja nowhere\n ret #1", CG_E_SYNTAX, 1, 4,
	  "no instruction has this label" },
	{ "ja e\n ret #1\ne:", CG_E_SYNTAX, 1, 4,
	  "no instruction has this label" },
	{ "b: ret #1\n ja b", CG_E_SYNTAX, 2, 5,
	  "a jump cannot go back to line 1" },
	{ "s: ja s", CG_E_SYNTAX, 1, 7, "a jump cannot go back to line 1" },
	{ "jeq #1", CG_E_SYNTAX, 1, 7, "a comma is wanted here" },
	{ "jeq #1, ", CG_E_SYNTAX, 1, 9, "a label is wanted here" },
	{ "jeq #1, l", CG_E_SYNTAX, 1, 10, "a comma is wanted here" },
	{ "jeq #1, l, ,", CG_E_SYNTAX, 1, 12, "a label is wanted here" },
	{ ".insn 1", CG_E_SYNTAX, 1, 8, "a comma is wanted here" },
	{ ".insn 0x10000, 0, 0, 0", CG_E_SYNTAX, 1, 7,
	  "the number is above 0xffff" },
	{ ".insn 0, 256, 0, 0", CG_E_SYNTAX, 1, 10,
	  "the number is above 0xff" },
	{ "!", CG_E_SYNTAX, 1, 1, "a label or an instruction is wanted here" },
	{ ": ret #1", CG_E_SYNTAX, 1, 1,
	  "a label or an instruction is wanted here" },
	/* clang-format on */
};

/* Ways to write what disasm_assembly writes otherwise. */
static const struct spelling_row {
	const char *text, *want;
} spelling_rows[] = {
	{ "", "" },
	{ "\n\n ; nothing but a comment\n", "" },
	{ "ret #010", "\tret #0x8\n" },
	{ "ret #0b11 ; comment", "\tret #0x3\n" },
	{ "  ret   a  \r\n", "\tret a\n" },
	{ "ld[4]\nst M[ 3 ]\nret a", "\tld [4]\n\tst M[3]\n\tret a\n" },
	{ "ja e\none: e:\ntwo: ret #1", "\tja L1\nL1:\tret #0x1\n" },
	{ "jeq#1,e,e\ne:ret#1", "\tjeq #0x1, L1, L1\nL1:\tret #0x1\n" },
	{ "ja len\nlen: ld #len", "\tja L1\nL1:\tld #len\n" },
};

static void error_try(struct tap *tap, const struct error_row *row)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns = NULL;
	size_t count = 77;
	bool read = asm_read(&arena, row->text, strlen(row->text), &insns,
			     &count, &err);

	tap_ok(tap,
	       !read && !insns && count == 77 && err.status == row->status &&
		       err.line == row->line && err.column == row->column &&
		       strcmp(err.message, row->message) == 0,
	       "%u:%u: %s", err.line, err.column, err.message);
	arena_free(&arena);
}

static char *assembly(const struct cg_insn *insns, size_t count)
{
	struct buf out = { 0 };

	disasm_assembly(insns, count, &out);
	return buf_done(&out);
}

static void spelling_try(struct tap *tap, const struct spelling_row *row)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns;
	char *text = NULL;
	size_t count, budget = 0;

	/* From no memory up to just enough: it fails cleanly, then is right. */
	for (;; budget += 64) {
		struct arena tight = { .budget = budget };
		bool read = asm_read(&tight, row->text, strlen(row->text),
				     &insns, &count, &err);

		arena_free(&tight);
		if (read || err.status != CG_E_NOMEM)
			break;
	}
	if (asm_read(&arena, row->text, strlen(row->text), &insns, &count,
		     &err))
		text = assembly(insns, count);
	tap_ok(tap,
	       text && strcmp(text, row->want) == 0 &&
		       (budget > 0) == (row->want[0] != '\0'),
	       "spelling %td: %s", row - spelling_rows, err.message);
	free(text);
	arena_free(&arena);
}

static bool
same_insns(const struct cg_insn *a, const struct cg_insn *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].code != b[i].code || a[i].jt != b[i].jt ||
		    a[i].jf != b[i].jf || a[i].k != b[i].k)
			return false;
	return true;
}

static bool comes_back(const struct cg_insn *insns, size_t count)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *read = NULL;
	char *text = assembly(insns, count);
	size_t length = 0;
	bool same =
		text &&
		asm_read(&arena, text, strlen(text), &read, &length, &err) &&
		length == count && same_insns(insns, read, count);

	if (!same)
		tap_note("%u:%u: %s in %s", err.line, err.column, err.message,
			 text ? text : "no text");
	free(text);
	arena_free(&arena);
	return same;
}

/* Good ones, spoilt ones, and pure noise. */
static void round_trips(struct tap *tap)
{
	struct cg_insn insns[600];
	uint64_t seed = 5;
	size_t same = 0;

	for (size_t i = 0; i < 3000; i++) {
		const size_t count =
			17 + random_below(&seed, i % 50 ? 60 : 580);

		random_program(&seed, insns, count);
		if (i % 3 == 1)
			random_mutate(&seed, insns, count);
		for (size_t at = 0; i % 3 == 2 && at < count; at++)
			insns[at] = (struct cg_insn){
				(uint16_t)random_below(&seed, 300),
				(uint8_t)random_below(&seed, 4),
				(uint8_t)random_below(&seed, 4),
				random_edge(&seed)
			};
		same += comes_back(insns, count);
	}
	tap_ok(tap, same == 3000, "3000 programs come back from their text");
}

/* A jump to the last instruction has a label, one past it has not. */
static void edge_trips(struct tap *tap)
{
	static const struct cg_insn edges[][2] = {
		{ { JA, 0, 0, 0 }, { RET_A, 0, 0, 0 } },
		{ { JA, 0, 0, 1 }, { RET_A, 0, 0, 0 } },
		{ { JA, 0, 0, UINT32_MAX }, { RET_A, 0, 0, 0 } },
		{ { JEQ_K, 1, 0, 0 }, { RET_A, 0, 0, 0 } },
		{ { JEQ_K, 0, 1, 0 }, { RET_A, 0, 0, 0 } },
		{ { TAX, 0, 1, 0 }, { RET_A, 1, 0, 0 } },
		{ { TAX, 0, 0, 1 }, { JEQ_X, 0, 0, 1 } },
	};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		tap_ok(tap, comes_back(edges[i], 2), "edge %zu comes back", i);
}

/* A program of the greatest length, and one more. */
static void length_limit(struct tap *tap)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct buf text = { 0 };
	struct cg_insn *insns;
	size_t count = 0;
	bool longest, more;

	for (size_t i = 0; i < CG_PROGRAM_MAX; i++)
		buf_puts(&text, "ret #0\n");
	longest =
		asm_read(&arena, text.text, text.length, &insns, &count, &err);
	buf_puts(&text, "ret #0\n");
	more = asm_read(&arena, text.text, text.length, &insns, &count, &err);
	tap_ok(tap,
	       longest && count == CG_PROGRAM_MAX && !more &&
		       err.status == CG_E_TOOLONG && err.line == 4097,
	       "longest program: %s", err.message);
	buf_free(&text);
	arena_free(&arena);
}

/* 255 is as far as a branch goes; ja goes anywhere. */
static void branch_limit(struct tap *tap, size_t between, bool fits)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct buf text = { 0 };
	struct cg_insn *insns;
	size_t count = 0;
	bool read;

	buf_puts(&text, "ja far\n jeq #1, far, far\n");
	for (size_t i = 0; i < between; i++)
		buf_puts(&text, "tax\n");
	buf_puts(&text, "far: ret #0\n");
	read = asm_read(&arena, text.text, text.length, &insns, &count, &err);
	tap_ok(tap,
	       read == fits &&
		       (fits ? insns[1].jt == between &&
					insns[1].jf == between &&
					insns[0].k == between + 1
			     : err.line == 2 && err.column == 10 &&
					strstr(err.message, "can skip 255")),
	       "a branch over %zu: %s", between, err.message);
	buf_free(&text);
	arena_free(&arena);
}

/* -------------------------------------------------------------- bytes --- */

static void images(struct tap *tap)
{
	static const struct cg_insn insns[] = {
		{ 0x0102, 0x03, 0x04, 0x05060708 },
		{ 0xfffe, 0xfd, 0xfc, 0xfbfaf9f8 },
	};
	static const unsigned char big[] = { 1,    2,    3,    4,    5,    6,
					     7,    8,    0xff, 0xfe, 0xfd, 0xfc,
					     0xfb, 0xfa, 0xf9, 0xf8 };
	static const unsigned char little[] = { 2,    1,    3,    4,
						8,    7,    6,    5,
						0xfe, 0xff, 0xfd, 0xfc,
						0xf8, 0xf9, 0xfa, 0xfb };
	unsigned char bytes[16];
	struct cg_insn read[2];

	image_write(insns, 2, true, bytes);
	image_read(big, 2, true, read);
	tap_ok(tap, memcmp(bytes, big, 16) == 0 && same_insns(read, insns, 2),
	       "image, big-endian");
	image_write(insns, 2, false, bytes);
	image_read(little, 2, false, read);
	tap_ok(tap,
	       memcmp(bytes, little, 16) == 0 && same_insns(read, insns, 2),
	       "image, little-endian");
}

/* ------------------------------------------------------------ meaning --- */

static const struct answer_row {
	uint32_t answer;
	const char *abi, *want;
} answer_rows[] = {
	/* clang-format off */
	{ 0x7fff0000, NULL, "allow" },
	{ 0x7fff0001, NULL, "allow(1)" },
	{ 0x7ffc0000, NULL, "log" },
	{ 0x7ff00000, NULL, "trace" },
	{ 0x7ff00007, NULL, "trace(7)" },
	{ 0x7fc00000, NULL, "user_notif" },
	{ 0x00030000, NULL, "trap" },
	{ 0x00030003, NULL, "trap(3)" },
	{ 0x80000000, NULL, "kill_process" },
	{ 0x00000000, NULL, "kill_thread" },
	{ 0x00050001, "x86_64", "errno(EPERM)" },
	{ 0x00050001, NULL, "errno(EPERM)" },
	{ 0x00050000, "x86_64", "errno(0)" },
	{ 0x00050026, "x86_64", "errno(ENOSYS)" },
	{ 0x00050026, NULL, "errno(38)" },	/* on MIPS it is not ENOSYS */
	{ 0x00050fff, "x86_64", "errno(4095)" },
	{ 0x0005ffff, NULL, "errno(65535)" },
	{ 0x12340000, NULL, "0x12340000" },
	{ 0x00060001, "x86_64", "0x00060001" },
	{ 0xffffffff, NULL, "0xffffffff" },
	/* clang-format on */
};

static const struct listing_row {
	const char *name, *text;
	bool big_endian;
	const char *want[24]; /* what each line means */
} listing_rows[] = {
	/* clang-format off */
	{ "nothing is settled",
	  "ld [0]\n jeq #1, y, n\nn: ret #0x50001\ny: ret #0x7fff0000", false,
	  { "nr", "nr == 1", "errno(EPERM)", "allow" } },
	{ "one ABI",
	  "ld [4]\n jeq #0xc000003e, y, n\ny: ld [0]\n jeq #1, a, e\n"
	  "e: ret #0x50026\na: ret #0x7fff0000\nn: ret #0x80000000", false,
	  { "arch", "arch == x86_64", "x86_64: nr", "x86_64: nr == write",
	    "x86_64: errno(ENOSYS)", "x86_64: allow", "other: kill_process" } },
	{ "ENOSYS on the ABI that the program knows",
	  "ld [4]\n jeq #0xc000003e, n, n\nn: ret #0x50026", false,
	  { "arch", "arch == x86_64", "errno(ENOSYS)" } },
	{ "the same ABI twice",
	  "ld [4]\n jeq #0xc000003e, n, y\ny: jeq #0xc000003e, a, n\n"
	  "a: ret #0\nn: ret #0x7fff0000", false,
	  { "arch", "arch == x86_64", "other: arch == x86_64",
	    "nothing leads here", "allow" } },
	{ "two ABIs with one number for a call",
	  "ld [4]\n jeq #0xc00000b7, y, n\nn: jeq #0xc00000f3, y, o\n"
	  "o: ret #0\ny: ld [0]\n jeq #64, a, o2\no2: ret #0\n"
	  "a: ret #0x7fff0000", false,
	  { "arch", "arch == aarch64", "riscv64|other: arch == riscv64",
	    "other: kill_thread", "aarch64|riscv64: nr",
	    "aarch64|riscv64: nr == write", "aarch64|riscv64: kill_thread",
	    "aarch64|riscv64: allow" } },
	{ "two ABIs that differ",
	  "ld [4]\n jeq #0xc000003e, y, n\nn: jeq #0x40000003, y, o\n"
	  "o: ret #0\ny: ld [0]\n jeq #64, a, a\na: ret #0x7fff0000", false,
	  { "arch", "arch == x86_64", "i386|other: arch == i386",
	    "other: kill_thread", "x86_64|i386: nr", "x86_64|i386: nr == 64",
	    "x86_64|i386: allow" } },
	{ "arch compared far from where it was loaded",
	  "ld [4]\n jeq #0xc000003e, y, n\ny: ld [0]\n jeq #59, e, o\n"
	  "n: jeq #0x40000003, i, k\nk: ret #0x80000000\ni: ld [0]\n"
	  " jge #11, t, o\nt: jgt #11, o, e\ne: ret #0x5000d\n"
	  "o: ret #0x7fff0000", false,
	  { "arch", "arch == x86_64", "x86_64: nr", "x86_64: nr == execve",
	    "i386|other: arch == i386", "other: kill_process", "i386: nr",
	    "i386: nr >= execve", "i386: nr > execve",
	    "x86_64|i386: errno(EACCES)", "x86_64|i386: allow" } },
	{ "no value of arch where A may hold another word",
	  "ld [4]\n jeq #0xc000003e, l, m\nl: ld [0]\nm: jeq #5, e, e\n"
	  "e: ret #0", false,
	  { "arch", "arch == x86_64", "x86_64: nr", NULL, "kill_thread" } },
	{ "x32, masks and ranges",
	  "ld [4]\n jeq #0xc000003e, y, n\nn: ret #0\ny: ld [0]\n"
	  " jge #0x40000000, n2, a\nn2: ret #0\na: jgt #1, b, b\n"
	  "b: and #0xff\n jset #3, c, c\nc: ret #0x30003", false,
	  { "arch", "arch == x86_64", "other: kill_thread", "x86_64: nr",
	    "x86_64: nr >= x32 read", "x86_64: kill_thread",
	    "x86_64: nr > write", NULL, "x86_64: (nr & 0xff) & 0x3",
	    "x86_64: trap(3)" } },
	{ "arguments", "ld [24]\n jeq #2, a, a\na: ld [28]\n jset #2, b, b\n"
	  "b: ld [8]\n ld [12]\n ret a", false,
	  { "args[1].low", "args[1].low == 0x2", "args[1].high",
	    "args[1].high & 0x2", "ip.low", "ip.high", NULL } },
	{ "arguments, big-endian", "ld [24]\n ld [28]\n ld [8]\n ret #0", true,
	  { "args[1].high", "args[1].low", "ip.high", "kill_thread" } },
	{ "the argument of a call",
	  "ld [4]\n jeq #0xc000003e, y, n\ny: ld [0]\n jeq #41, s, n\n"
	  "s: ld [16]\n jeq #1, a, n\na: ret #0x7fff0000\nn: ret #0", false,
	  { "arch", "arch == x86_64", "x86_64: nr", "x86_64: nr == socket",
	    "x86_64: args[0].low (family)",
	    "x86_64: args[0].low (family) == AF_UNIX", "x86_64: allow",
	    "kill_thread" } },
	{ "a call between two thresholds",
	  "ld [4]\n jeq #0xc000003e, y, n\ny: ld [0]\n jge #41, s, n\n"
	  "s: jgt #41, n, t\nt: ld [16]\n jeq #1, a, n\n"
	  "a: ret #0x7fff0000\nn: ret #0", false,
	  { "arch", "arch == x86_64", "x86_64: nr", "x86_64: nr >= socket",
	    "x86_64: nr > socket", "x86_64: args[0].low (family)",
	    "x86_64: args[0].low (family) == AF_UNIX", "x86_64: allow",
	    "kill_thread" } },
	{ "half of an argument is no constant of it",
	  "ld [4]\n jeq #0xc000003e, y, n\ny: ld [0]\n jeq #41, s, m\n"
	  "s: ld [20]\n jeq #1, n, n\nm: jeq #9, o, n\no: ld [24]\n"
	  " jeq #2, n, n\nn: ret #0", false,
	  { "arch", "arch == x86_64", "x86_64: nr", "x86_64: nr == socket",
	    "x86_64: args[0].high (family)",
	    "x86_64: args[0].high (family) == 0x1", "x86_64: nr == mmap",
	    "x86_64: args[1].low (len)", "x86_64: args[1].low (len) == 0x2",
	    "kill_thread" } },
	{ "A is lost",
	  "ld [0]\n add #1\n jeq #1, a, a\na: ld [0]\n txa\n jeq #1, b, b\n"
	  "b: ld [0]\n tax\n st M[0]\n ldx #1\n jeq #1, c, c\nc: ld M[0]\n"
	  " jeq #1, d, d\nd: ret #0", false,
	  { "nr", NULL, NULL, "nr", NULL, NULL, "nr", NULL, NULL, NULL,
	    "nr == 1", NULL, NULL, "kill_thread" } },
	{ "ways that meet with different words",
	  "ld [0]\n jeq #1, a, b\na: ld [4]\nb: jeq #1, c, c\nc: ret #0", false,
	  { "nr", "nr == 1", "arch", NULL, "kill_thread" } },
	{ "what the kernel would refuse", ".insn 0x94, 0, 0, 0\n ld [64]\n"
	  " .insn 5, 0, 0, 0xffffffff\n ret #0", false,
	  { "no instruction of seccomp", "nothing leads here",
	    "nothing leads here", "nothing leads here" } },
	/* clang-format on */
};

static void answer_try(struct tap *tap, const struct answer_row *row)
{
	const struct cg_abi *abi = row->abi ? cg_abi_by_name(row->abi) : NULL;
	char text[64], cut[4];

	answer_print(row->answer, abi, text, sizeof(text));
	answer_print(row->answer, abi, cut, sizeof(cut));
	tap_ok(tap,
	       strcmp(text, row->want) == 0 && strlen(cut) == 3 &&
		       memcmp(cut, text, 3) == 0,
	       "answer 0x%08x: %s, got %s", row->answer, row->want, text);
}

/* Each line is "   N  instruction  ; meaning". */
static bool
line_means(const char *line, size_t length, size_t at, const char *want)
{
	const char *mark = memchr(line, ';', length);
	char number[32];

	snprintf(number, sizeof(number), "%4zu  ", at);
	if (length < 6 || memcmp(line, number, 6) != 0)
		return false;
	if (!want)
		return !mark;
	return mark && (size_t)(line + length - mark) == strlen(want) + 2 &&
	       memcmp(mark + 2, want, strlen(want)) == 0;
}

static void listing_try(struct tap *tap, const struct listing_row *row)
{
	struct arena arena = { .budget = PLENTY };
	struct cg_error err = { .status = CG_OK };
	struct cg_insn *insns = NULL;
	struct buf out = { 0 };
	size_t count = 0;
	bool ok = asm_read(&arena, row->text, strlen(row->text), &insns, &count,
			   &err);
	const char *line;
	char *text;

	disasm_listing(insns, count, row->big_endian, &out);
	text = buf_done(&out);
	line = text;
	for (size_t at = 0; ok && line && at < count; at++) {
		const size_t length = strcspn(line, "\n");

		ok = line[length] == '\n' &&
		     line_means(line, length, at, row->want[at]);
		if (!ok)
			tap_note("want \"%s\"",
				 row->want[at] ? row->want[at] : "");
		line += length + 1;
	}
	ok = ok && text && *line == '\0';
	tap_ok(tap, ok, "listing: %s: %s", row->name, err.message);
	if (!ok && text)
		printf("---\n%s---\n", text);
	free(text);
	arena_free(&arena);
}

/* Whole lines, to the letter. */
static void listing_shape(struct tap *tap)
{
	static const struct cg_insn insns[] = {
		{ LD_ABS, 0, 0, 4 },
		{ JEQ_K, 1, 0, 0xc000003e },
		{ RET_K, 0, 0, 0x80000000 },
		{ NEG, 0, 0, 0 },
		{ JA, 0, 0, 0 },
		{ 0x94, 1, 2, 3 },
		{ RET_A, 0, 0, 0 },
	};
	static const char want[] =
		"   0  ld   [4]                        ; arch\n"
		"   1  jeq  #0xc000003e, 3, 2          ; arch == x86_64\n"
		"   2  ret  #0x80000000                ; other: kill_process\n"
		"   3  neg \n"
		"   4  ja   5\n"
		"   5  .insn 0x94, 1, 2, 0x3           ; no instruction of"
		" seccomp\n"
		"   6  ret  a                          ; nothing leads here\n";
	struct buf out = { 0 };
	char *text;

	disasm_listing(insns, sizeof(insns) / sizeof(insns[0]), false, &out);
	text = buf_done(&out);
	tap_ok(tap, text && strcmp(text, want) == 0, "listing, to the letter");
	if (text && strcmp(text, want) != 0)
		printf("---\n%s---\n", text);
	free(text);
}

/* The listing of anything at all is a line an instruction. */
static void listing_total(struct tap *tap)
{
	struct cg_insn insns[64];
	uint64_t seed = 9;
	size_t good = 0;

	for (size_t i = 0; i < 500; i++) {
		const size_t count = 17 + random_below(&seed, 40);
		struct buf out = { 0 };
		size_t lines = 0;

		random_program(&seed, insns, count);
		for (size_t change = 0; change < i % 8; change++)
			random_mutate(&seed, insns, count);
		disasm_listing(insns, count, i % 2, &out);
		for (size_t c = 0; c < out.length; c++)
			lines += out.text[c] == '\n';
		good += !out.failed && lines == count;
		buf_free(&out);
	}
	tap_ok(tap, good == 500, "listings of 500 programs, good and bad");
}

static void names(struct tap *tap)
{
	tap_ok(tap,
	       strcmp(disasm_name(RET_K), "ret") == 0 &&
		       strcmp(disasm_name(JSET_X), "jset") == 0 &&
		       !disasm_name(0x94) && !disasm_name(0xb0) &&
		       !disasm_name(0xffff),
	       "names of opcodes");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++)
		error_try(&tap, &error_rows[i]);
	for (size_t i = 0; i < sizeof(spelling_rows) / sizeof(spelling_rows[0]);
	     i++)
		spelling_try(&tap, &spelling_rows[i]);
	round_trips(&tap);
	edge_trips(&tap);
	length_limit(&tap);
	branch_limit(&tap, 255, true);
	branch_limit(&tap, 256, false);
	images(&tap);
	for (size_t i = 0; i < sizeof(answer_rows) / sizeof(answer_rows[0]);
	     i++)
		answer_try(&tap, &answer_rows[i]);
	for (size_t i = 0; i < sizeof(listing_rows) / sizeof(listing_rows[0]);
	     i++)
		listing_try(&tap, &listing_rows[i]);
	listing_shape(&tap);
	listing_total(&tap);
	names(&tap);
	return tap_done(&tap);
}
