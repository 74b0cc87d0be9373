/* What each key does. */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/screen.h"

enum { ESCAPE = 27, CONTROL_C = 3, CONTROL_L = 12, CONTROL_U = 21 };

uint64_t keys_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void keys_say(struct live *live, const char *message)
{
	snprintf(live->message, sizeof(live->message), "%s", message);
	live->said = keys_now();
	live->changed = true;
}

/* ---------------------------------------------------------------- fixes -- */

/* To the clipboard of whoever sits before the terminal, wherever that is. */
static void send_clipboard(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strlen(text);

	fputs("\033]52;c;", stdout);
	for (; left; at += 3, left -= left < 3 ? left : 3) {
		const unsigned a = at[0], b = left > 1 ? at[1] : 0,
			       c = left > 2 ? at[2] : 0;

		putchar(digits[a >> 2]);
		putchar(digits[(a & 3) << 4 | b >> 4]);
		putchar(left > 1 ? digits[(b & 15) << 2 | c >> 6] : '=');
		putchar(left > 2 ? digits[c & 63] : '=');
	}
	fputc('\a', stdout);
	fflush(stdout);
}

static const struct table_row *chosen(const struct live *live)
{
	return live->at < live->table.shown_count ? live->table.shown[live->at]
						  : NULL;
}

static void copy_fix(struct live *live)
{
	struct table_row open = { .json = live->detail };
	const struct table_row *row =
		live->mode == MODE_DETAIL ? &open : chosen(live);
	char *fix = row ? table_fix(row) : NULL;
	char message[MESSAGE_SIZE];

	if (!fix) {
		keys_say(live, row ? "there is nothing to allow"
				   : "no event is chosen");
		return;
	}
	send_clipboard(fix);
	snprintf(message, sizeof(message), "copied: %s", fix);
	keys_say(live, message);
	free(fix);
}

/* ---------------------------------------------------------------- modes -- */

static void open_detail(struct live *live)
{
	const struct table_row *row = chosen(live);
	char *json = row ? strdup(row->json) : NULL;

	if (!json)
		return;
	free(live->detail);
	live->detail = json;
	live->picked = row;
	live->mode = MODE_DETAIL;
	live->scroll = 0;
	live->width = 0;
}

static void open_text(struct live *live, enum mode mode)
{
	live->mode = mode;
	live->scroll = 0;
	live->width = 0;
}

static void begin_filter(struct live *live)
{
	snprintf(live->filter, sizeof(live->filter), "%s",
		 live->table.filter ? live->table.filter : "");
	live->mode = MODE_FILTER;
}

static void set_filter(struct live *live, const char *filter)
{
	if (!table_set_filter(&live->table, filter))
		keys_say(live, "out of memory");
	live->picked = NULL;
	live->at = live->top = 0;
	/* Even while it is held: the person asked for others. */
	if (live->table.held) {
		live->table.held = false;
		table_arrange(&live->table);
		live->table.held = true;
	}
}

static void toggle_pause(struct live *live)
{
	live->table.held = !live->table.held;
	if (!live->table.held)
		table_arrange(&live->table);
}

/* --------------------------------------------------------------- moving -- */

static void move_to(struct live *live, size_t at)
{
	if (!live->table.shown_count)
		return;
	live->at =
		at < live->table.shown_count ? at : live->table.shown_count - 1;
	/* At the top it follows whatever comes first. */
	live->picked = live->at ? live->table.shown[live->at] : NULL;
}

static void move_by(struct live *live, size_t by, bool up)
{
	size_t *at = live->mode == MODE_TABLE ? &live->at : &live->scroll;
	const size_t to = !up ? *at + by : by < *at ? *at - by : 0;

	if (live->mode == MODE_TABLE)
		move_to(live, to);
	else
		live->scroll = to; /* its end is known when it is drawn */
}

static void move_end(struct live *live, bool last)
{
	if (live->mode != MODE_TABLE)
		live->scroll = last ? SIZE_MAX / 2 : 0;
	else
		move_to(live, last ? live->table.shown_count : 0);
}

/* Where the chosen row is after everything was arranged anew. */
void keys_settle(struct live *live)
{
	const size_t rows = draw_rows();
	struct table *table = &live->table;

	if (!live->picked)
		live->at = 0;
	for (size_t i = 0; live->picked && i < table->shown_count; i++)
		if (table->shown[i] == live->picked)
			live->at = i;
	if (live->at >= table->shown_count)
		live->at = table->shown_count ? table->shown_count - 1 : 0;
	if (live->top > live->at)
		live->top = live->at;
	if (rows && live->at - live->top >= rows)
		live->top = live->at - rows + 1;
}

/* ----------------------------------------------------------------- keys -- */

static void leave(struct live *live)
{
	if (live->mode == MODE_TABLE)
		live->quit = true;
	live->mode = MODE_TABLE;
}

static void escape(struct live *live)
{
	if (live->mode == MODE_TABLE && live->table.filter)
		set_filter(live, NULL);
	live->mode = MODE_TABLE;
}

static void next_sort(struct live *live)
{
	static const char *const names[TABLE_SORTS] = {
		"sorted by the last time",  "sorted by count",
		"sorted by the first time", "sorted by program",
		"sorted by call",
	};

	live->table.sort = (live->table.sort + 1) % TABLE_SORTS;
	keys_say(live, names[live->table.sort]);
}

static bool take_move(struct live *live, unsigned key, bool is_code)
{
	const size_t page = draw_rows() > 1 ? draw_rows() - 1 : 1;

	if ((is_code && key == KEY_UP) || (!is_code && key == 'k'))
		move_by(live, 1, true);
	else if ((is_code && key == KEY_DOWN) || (!is_code && key == 'j'))
		move_by(live, 1, false);
	else if (is_code && key == KEY_PPAGE)
		move_by(live, page, true);
	else if ((is_code && key == KEY_NPAGE) || (!is_code && key == ' '))
		move_by(live, page, false);
	else if ((is_code && key == KEY_HOME) || (!is_code && key == 'g'))
		move_end(live, false);
	else if ((is_code && key == KEY_END) || (!is_code && key == 'G'))
		move_end(live, true);
	else
		return false;
	return true;
}

static void take_command(struct live *live, unsigned key)
{
	switch (key) {
	case 'q':
		leave(live);
		break;
	case CONTROL_C:
		live->quit = true;
		break;
	case ESCAPE:
		escape(live);
		break;
	case '\n':
	case '\r':
		if (live->mode == MODE_TABLE)
			open_detail(live);
		else
			live->mode = MODE_TABLE;
		break;
	case '/':
	case 'f':
		begin_filter(live);
		break;
	case 's':
		next_sort(live);
		break;
	case 'r':
		live->table.reversed = !live->table.reversed;
		break;
	case 'p':
		toggle_pause(live);
		break;
	case 'c':
		copy_fix(live);
		break;
	case '?':
	case 'h':
		open_text(live, MODE_HELP);
		break;
	case CONTROL_L:
		clearok(curscr, TRUE);
		break;
	default:
		break;
	}
}

/* One character less: all bytes of it. */
static void rub_out(char *text)
{
	size_t length = strlen(text);

	while (length && ((unsigned char)text[--length] & 0xc0) == 0x80)
		;
	text[length] = '\0';
}

static void type_filter(struct live *live, unsigned key, bool is_code)
{
	const size_t length = strlen(live->filter);
	char bytes[8] = "";
	int size;

	if ((is_code && key == KEY_BACKSPACE) ||
	    (!is_code && (key == '\b' || key == 0x7f))) {
		rub_out(live->filter);
	} else if ((is_code && key == KEY_ENTER) ||
		   (!is_code && (key == '\n' || key == '\r'))) {
		live->mode = MODE_TABLE;
		set_filter(live, live->filter);
	} else if (!is_code && (key == ESCAPE || key == CONTROL_C)) {
		live->mode = MODE_TABLE;
	} else if (!is_code && key == CONTROL_U) {
		live->filter[0] = '\0';
	} else if (!is_code && key >= ' ') {
		size = wctomb(bytes, (wchar_t)key);
		if (size > 0 && length + (size_t)size < sizeof(live->filter))
			strncat(live->filter, bytes, (size_t)size);
	}
}

void keys_take(struct live *live, unsigned key, bool is_code)
{
	live->changed = true;
	if (is_code && key == KEY_RESIZE) {
		live->width = 0;
		return;
	}
	live->message[0] = '\0';
	if (live->mode == MODE_FILTER) {
		type_filter(live, key, is_code);
		return;
	}
	if (take_move(live, key, is_code))
		return;
	if (is_code && key == KEY_ENTER)
		key = '\n';
	else if (is_code && key == KEY_RIGHT && live->mode == MODE_TABLE)
		key = '\n';
	else if (is_code && (key == KEY_LEFT || key == KEY_BACKSPACE))
		key = live->mode == MODE_TABLE ? 0 : ESCAPE;
	else if (is_code)
		return;
	take_command(live, key);
}
