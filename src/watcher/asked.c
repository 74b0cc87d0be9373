#include "watcher/asked.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/text.h"

#define SECOND UINT64_C(1000000000)

/* --------------------------------------------------------------- times -- */

/* `count` digits as one number, and past them. */
static bool digits(const char **at, int count, int *out)
{
	*out = 0;
	for (; count; count--, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static bool mark(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

static bool read_ago(const char *text, uint64_t *out)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {
		{ 's', 1 },     { 'm', 60 },     { 'h', 3600 },
		{ 'd', 86400 }, { 'w', 604800 },
	};
	size_t length = strlen(text);
	uint64_t number;

	if (!length || num_read(text, length - 1, &number) != NUM_OK)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text[length - 1] == units[i].letter)
			return !__builtin_mul_overflow(
				number, units[i].seconds * SECOND, out);
	return false;
}

/* The part behind the date: "T02:10:17.332Z", "+01:00" for the Z. */
static bool
read_clock(const char **at, struct tm *day, uint64_t *fraction, int *offset)
{
	uint64_t unit = SECOND / 10;
	int hours, minutes, sign;

	if (!mark(at, "Tt ") || !digits(at, 2, &day->tm_hour) ||
	    !mark(at, ":") || !digits(at, 2, &day->tm_min) || !mark(at, ":") ||
	    !digits(at, 2, &day->tm_sec))
		return false;
	if (mark(at, "."))
		for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
			*fraction += (uint64_t)(**at - '0') * unit;
	if (mark(at, "Zz"))
		return true;
	sign = **at == '-' ? -1 : 1;
	if (!mark(at, "+-") || !digits(at, 2, &hours) || !mark(at, ":") ||
	    !digits(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * 60 + minutes) * 60;
	return true;
}

static bool read_date(const char *text, uint64_t *out)
{
	struct tm day = { 0 }, again;
	uint64_t fraction = 0;
	int year, month, offset = 0;
	time_t seconds;

	if (!digits(&text, 4, &year) || !mark(&text, "-") ||
	    !digits(&text, 2, &month) || !mark(&text, "-") ||
	    !digits(&text, 2, &day.tm_mday))
		return false;
	if (*text && (!read_clock(&text, &day, &fraction, &offset) || *text))
		return false;
	day.tm_year = year - 1900;
	day.tm_mon = month - 1;
	again = day;
	seconds = timegm(&again);
	/* 30 February became another day: refused. 2262 is where time ends. */
	if (again.tm_mon != day.tm_mon || again.tm_mday != day.tm_mday ||
	    again.tm_hour != day.tm_hour || again.tm_min != day.tm_min ||
	    year < 1970 || year > 2200)
		return false;
	*out = (uint64_t)(seconds - offset) * SECOND + fraction;
	return true;
}

bool asked_time(const char *text, uint64_t now, uint64_t *out,
		struct cg_error *err)
{
	uint64_t ago;

	if (read_ago(text, &ago)) {
		*out = ago < now ? now - ago : 1;
		return true;
	}
	return read_date(text, out) ||
	       fail(err, CG_E_INPUT,
		    "'%s' is no time; 1h, 7d, 2026-11-22 and "
		    "2026-11-22T02:10:17Z are",
		    text);
}

/* -------------------------------------------------------------- filters -- */

static const struct key {
	const char *name;
	size_t field;
} keys[] = {
	{ "call", offsetof(struct store_filter, call) },
	{ "program", offsetof(struct store_filter, program) },
	{ "verdict", offsetof(struct store_filter, verdict) },
	{ "container", offsetof(struct store_filter, container) },
	{ "unit", offsetof(struct store_filter, unit) },
	{ "risk", offsetof(struct store_filter, risk) },
	{ "id", offsetof(struct store_filter, id) },
	{ "action", offsetof(struct store_filter, action) },
	{ "pid", 0 },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static bool read_pid(const char *text, uint32_t *out, struct cg_error *err)
{
	uint64_t number;

	if (num_read(text, strlen(text), &number) != NUM_OK || !number ||
	    number > INT32_MAX)
		return fail(err, CG_E_INPUT, "'%s' is no pid", text);
	*out = (uint32_t)number;
	return true;
}

static bool fail_key(const char *word, struct cg_error *err)
{
	const char *best = NULL;
	unsigned distance = 3;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	for (size_t i = 0; i < KEYS; i++) {
		unsigned d = text_near(name, keys[i].name, 2);

		if (d < distance) {
			distance = d;
			best = keys[i].name;
		}
	}
	if (best)
		return fail(err, CG_E_INPUT,
			    "nothing is called '%s' in a filter; did you mean "
			    "'%s'?",
			    name, best);
	return fail(err, CG_E_INPUT,
		    "nothing is called '%s' in a filter; there are call, "
		    "program, verdict, container, unit, risk, id, action and "
		    "pid",
		    name);
}

static bool is_key(const char *word)
{
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz");

	return length && word[length] == '=';
}

static bool
read_pair(const char *word, struct store_filter *out, struct cg_error *err)
{
	const char *value = strchr(word, '=') + 1;
	size_t length = (size_t)(value - word) - 1;

	for (size_t i = 0; i < KEYS; i++) {
		if (strlen(keys[i].name) != length ||
		    memcmp(keys[i].name, word, length) != 0)
			continue;
		if (!keys[i].field)
			return read_pid(value, &out->pid, err);
		*(const char **)((char *)out + keys[i].field) = value;
		return true;
	}
	return fail_key(word, err);
}

bool asked_filter(int count, char **words, struct store_filter *out,
		  char **text, struct cg_error *err)
{
	struct buf all = { 0 };

	for (int i = 0; i < count; i++) {
		if (is_key(words[i])) {
			if (!read_pair(words[i], out, err)) {
				buf_free(&all);
				return false;
			}
			continue;
		}
		buf_puts(&all, all.length ? " " : "");
		buf_puts(&all, words[i]);
	}
	buf_puts(&all, "");
	*text = buf_done(&all);
	if (!*text)
		return fail_nomem(err);
	out->text = **text ? *text : NULL;
	return true;
}
