/*
 * watch/json.h - JSON on one line, member after member.
 *
 * A member without a value (a NULL text) is left out, and so is an object that
 * got no member. Texts may hold any bytes: they are escaped. Names are written
 * as they are.
 */
#ifndef WATCH_JSON_H
#define WATCH_JSON_H

#include <stdint.h>

#include "base/buf.h"

enum { JSON_DEPTH = 8 };

struct json {
	struct buf out;
	const char *names[JSON_DEPTH]; /* of objects not written yet */
	size_t open, written;          /* objects: begun, and there already */
	bool comma;
};

/* Begin an object, the outermost with NULL for a name. */
void json_open(struct json *json, const char *name);
void json_close(struct json *json);

void json_text(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, uint64_t number);
void json_bool(struct json *json, const char *name, bool value);
/* As text in hexadecimal, "0x7ffc0000"; and in decimal. */
void json_hex(struct json *json, const char *name, uint64_t number);
void json_id(struct json *json, const char *name, uint64_t number);
/* A list of texts, up to `count` or the first NULL. */
void json_list(struct json *json, const char *name, const char *const *texts,
	       size_t count);
/* "2026-11-22T02:10:17.332Z" of nanoseconds since 1970; 0 is left out. */
void json_time(struct json *json, const char *name, uint64_t time);

/* The text, the caller's to free(), once all objects are closed; or NULL. */
char *json_done(struct json *json);

#endif
