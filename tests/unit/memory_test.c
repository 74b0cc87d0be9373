/*
 * What a policy takes at most, from its text to its proven program: under 8 MiB
 * for any that fits the kernel's 4096 instructions, and little for usual ones.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/program.h>

#include "base/buf.h"
#include "tap.h"

enum { MIB = 1 << 20 };

/* ------------------------------------------------------------- malloc -- */

static int64_t live, peak; /* bytes */

/* The linker's --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static void *count(void *out)
{
	live += (int64_t)malloc_usable_size(out);
	if (live > peak)
		peak = live;
	return out;
}

void *__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *__wrap_calloc(size_t items, size_t size)
{
	return count(__real_calloc(items, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	int64_t before = (int64_t)malloc_usable_size(old);
	void *out = __real_realloc(old, size);

	/* While it moves, both are there. */
	count(out);
	live -= out ? before : 0;
	return out;
}

void __wrap_free(void *old)
{
	live -= (int64_t)malloc_usable_size(old);
	__real_free(old);
}

/* ---------------------------------------------------------------- rows -- */

/* The rules of a policy: `each` of them for each of twelve calls. */
static const struct row {
	const char *name;
	const char *condition; /* with a number for each # */
	size_t each;
	size_t at_least; /* instructions, so that a row is what it says */
	int64_t most;    /* bytes */
} rows[] = {
	/* clang-format off */
	{ "one value a call", "#", 1, 30, MIB / 2 },
	{ "ranges", "#..0x7fffffff", 1, 30, MIB / 2 },
	{ "many values", "#", 110, 1300, 2 * MIB },
	{ "three conditions on one argument", "== #, != # && < #", 62, 3700, 8 * MIB },
	{ "orders on two arguments", "> #, < #", 30, 250, 8 * MIB },
	{ "masks on two arguments", "&# == 0, _, &# == 0", 7, 300, 8 * MIB },
	/* clang-format on */
};

static const char *const calls[] = { "read",   "write", "openat",  "ioctl",
				     "fcntl",  "prctl", "socket",  "mmap",
				     "sendto", "bind",  "connect", "lseek" };

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static char *text_of(const struct row *row)
{
	struct buf text = { 0 };
	uint64_t state = 1;

	buf_printf(&text, "seccomp:\n  default_action: errno\n  syscalls:\n"
			  "  - action: allow\n    rules:\n");
	for (size_t i = 0; i < row->each * 12; i++) {
		buf_printf(&text, "    - %s(", calls[i % 12]);
		for (const char *at = row->condition; *at; at++)
			if (*at == '#')
				buf_printf(&text, "%" PRIu32, next(&state));
			else
				buf_add(&text, at, 1);
		buf_printf(&text, ")\n");
	}
	return buf_done(&text);
}

static void check(struct tap *tap, const struct row *row)
{
	struct cg_program *program = NULL;
	struct cg_policy *policy = NULL;
	struct cg_error err = { 0 };
	char *text = text_of(row);
	size_t length = 0;
	int64_t before;

	if (cg_policy_parse(text, strlen(text), row->name, NULL, &policy,
			    &err) == CG_OK) {
		/* The tree of the text is gone by now; the policy counts. */
		before = live;
		peak = live;
		if (cg_compile(policy, NULL, &program, &err) == CG_OK)
			cg_program_insns(program, &length);
		peak -= before;
	}
	tap_ok(tap, length >= row->at_least && peak <= row->most,
	       "%s: %zu instructions, %" PRId64 " KiB %s", row->name, length,
	       peak / 1024, err.message);
	cg_program_free(program);
	cg_policy_free(policy);
	free(text);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&tap, &rows[i]);
	return tap_done(&tap);
}
