#include "watch/json.h"

#include <string.h>

/* Most events are no longer. */
enum { USUAL = 4000 };

/* Names are ours, and stand for themselves. `opens`: an object. */
static void put_name(struct json *json, const char *name, bool opens)
{
	const size_t length = name ? strlen(name) + 3 : 0;
	char *at = buf_extend(&json->out, json->comma + length + opens);

	if (!at)
		return;
	if (json->comma)
		*at++ = ',';
	if (name) {
		*at++ = '"';
		memcpy(at, name, length - 3);
		at += length - 3;
		*at++ = '"';
		*at++ = ':';
	}
	if (opens)
		*at = '{';
	json->comma = !opens;
}

/* Objects wait for their first member; then they are all there. */
static void member(struct json *json, const char *name)
{
	for (; json->written < json->open; json->written++)
		put_name(json, json->names[json->written], true);
	put_name(json, name, false);
}

void json_open(struct json *json, const char *name)
{
	if (json->open == 0)
		buf_reserve(&json->out, USUAL);
	if (json->open == JSON_DEPTH)
		json->out.failed = true;
	else
		json->names[json->open++] = name;
}

void json_close(struct json *json)
{
	if (json->open == 0)
		return;
	if (json->written == json->open) {
		buf_puts(&json->out, "}");
		json->comma = true;
		json->written--;
	}
	json->open--;
}

void json_text(struct json *json, const char *name, const char *text)
{
	if (!text)
		return;
	member(json, name);
	buf_json(&json->out, text);
}

void json_number(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	buf_number(&json->out, number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	member(json, name);
	buf_puts(&json->out, value ? "true" : "false");
}

void json_hex(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	buf_add(&json->out, "\"", 1);
	buf_hex(&json->out, number);
	buf_add(&json->out, "\"", 1);
}

void json_id(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	buf_add(&json->out, "\"", 1);
	buf_number(&json->out, number);
	buf_add(&json->out, "\"", 1);
}

void json_list(struct json *json, const char *name, const char *const *texts,
	       size_t count)
{
	member(json, name);
	buf_puts(&json->out, "[");
	for (size_t i = 0; i < count && texts[i]; i++) {
		buf_puts(&json->out, i ? "," : "");
		buf_json(&json->out, texts[i]);
	}
	buf_puts(&json->out, "]");
}

/*
 * The date of a day since 1970, by the calendar of today: years are counted
 * from March, so that a leap day is their last (Hinnant, days_from_civil).
 */
static void
date_of(uint64_t day, uint64_t *year, unsigned *month, unsigned *of_month)
{
	const uint64_t shifted = day + 719468; /* from 1 March of year 0 */
	const uint64_t era = shifted / 146097;
	const unsigned of_era = (unsigned)(shifted % 146097);
	const unsigned of_years =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	const unsigned of_year =
		of_era - (365 * of_years + of_years / 4 - of_years / 100);
	const unsigned from_march = (5 * of_year + 2) / 153;

	*of_month = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = era * 400 + of_years + (*month <= 2);
}

/* So many digits, with a mark behind; what comes after them. */
static char *put_digits(char *at, uint64_t number, int digits, char mark)
{
	for (int i = digits; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	at[digits] = mark;
	return at + digits + 1;
}

void json_time(struct json *json, const char *name, uint64_t time)
{
	const uint64_t millis = time / 1000000, seconds = millis / 1000;
	const unsigned of_day = (unsigned)(seconds % 86400);
	static const char shape[] = "\"2026-11-22T02:10:17.332Z\"";
	unsigned month, of_month;
	uint64_t year;
	char *at;

	if (!time)
		return;
	date_of(seconds / 86400, &year, &month, &of_month);
	member(json, name);
	at = buf_extend(&json->out, sizeof(shape) - 1);
	if (!at)
		return;
	*at++ = '"';
	at = put_digits(at, year, 4, '-');
	at = put_digits(at, month, 2, '-');
	at = put_digits(at, of_month, 2, 'T');
	at = put_digits(at, of_day / 3600, 2, ':');
	at = put_digits(at, of_day / 60 % 60, 2, ':');
	at = put_digits(at, of_day % 60, 2, '.');
	at = put_digits(at, millis % 1000, 3, 'Z');
	*at = '"';
}

char *json_done(struct json *json)
{
	return buf_done(&json->out);
}
