#include "watch/json.h"

#include <inttypes.h>

static void put_name(struct json *json, const char *name)
{
	if (json->comma)
		buf_puts(&json->out, ",");
	if (name) {
		buf_json(&json->out, name);
		buf_puts(&json->out, ":");
	}
	json->comma = true;
}

/* Objects wait for their first member; then they are all there. */
static void member(struct json *json, const char *name)
{
	for (; json->written < json->open; json->written++) {
		put_name(json, json->names[json->written]);
		buf_puts(&json->out, "{");
		json->comma = false;
	}
	put_name(json, name);
}

void json_open(struct json *json, const char *name)
{
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
	buf_printf(&json->out, "%" PRIu64, number);
}

void json_bool(struct json *json, const char *name, bool value)
{
	member(json, name);
	buf_puts(&json->out, value ? "true" : "false");
}

void json_hex(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	buf_printf(&json->out, "\"0x%" PRIx64 "\"", number);
}

void json_id(struct json *json, const char *name, uint64_t number)
{
	member(json, name);
	buf_printf(&json->out, "\"%" PRIu64 "\"", number);
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

void json_time(struct json *json, const char *name, uint64_t time)
{
	const uint64_t millis = time / 1000000, seconds = millis / 1000;
	const unsigned of_day = (unsigned)(seconds % 86400);
	unsigned month, of_month;
	uint64_t year;

	if (!time)
		return;
	date_of(seconds / 86400, &year, &month, &of_month);
	member(json, name);
	buf_printf(&json->out,
		   "\"%04" PRIu64 "-%02u-%02uT%02u:%02u:%02u.%03uZ\"", year,
		   month, of_month, of_day / 3600, of_day / 60 % 60,
		   of_day % 60, (unsigned)(millis % 1000));
}

char *json_done(struct json *json)
{
	return buf_done(&json->out);
}
