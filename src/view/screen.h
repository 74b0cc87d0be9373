/* view/screen.h - what the files of the terminal view share. */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <stdio.h>

#include "base/buf.h"
#include "view/live.h"
#include "view/table.h"

enum mode { MODE_TABLE, MODE_DETAIL, MODE_FILTER, MODE_HELP };

enum { FILTER_SIZE = 200, MESSAGE_SIZE = 400, NOTES_MAX = 64 };

struct live {
	struct table table;
	void *screen; /* of ncurses */
	FILE *keys;   /* where they come from; stdin, or /dev/tty */
	bool utf8, colours, quit, changed;
	enum mode mode;
	/* The chosen row; NULL: whichever is first. Never looked into: it may
	   be gone. */
	const struct table_row *picked;
	size_t at, top;  /* of it, and of the first row in sight */
	char *detail;    /* JSON of the event that is open */
	struct buf text; /* of it, or of the help, in lines */
	size_t width;    /* that they were made for */
	size_t scroll;
	char filter[FILTER_SIZE]; /* as it is typed */
	char message[MESSAGE_SIZE];
	uint64_t said;  /* when, on a clock that never jumps */
	uint64_t drawn; /* likewise */
	uint64_t lost;
	int notes, errors; /* a pipe that is stderr now, and the real one */
	struct buf kept;   /* what came through it */
	size_t kept_lines;
};

/* draw.c: all that is to be seen, on the screen. */
void draw_all(struct live *live);

/* How many rows of the table, or lines of a text, are in sight. */
size_t draw_rows(void);

/* What is told of one event, wrapped to `columns`. */
void detail_make(const char *json, uint64_t count, size_t columns, bool utf8,
		 struct buf *out);

/* keys.c: one key; `is_code` says that it is one of ncurses'. */
void keys_take(struct live *live, unsigned key, bool is_code);
void keys_say(struct live *live, const char *message);
void keys_settle(struct live *live);
uint64_t keys_now(void);

/* terminal.c: fails where standard output cannot be drawn on. */
bool terminal_check(struct cg_error *err);

/* restore.c: give the terminal back where a signal or exit() ends us. */
void restore_watch(int fd);
void restore_done(void);

#endif
