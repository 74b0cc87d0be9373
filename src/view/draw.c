/* What is to be seen: the table, one event, the help. */
#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/plain.h"
#include "view/screen.h"

enum {
	ABOVE = 3, /* lines over the rows: title, filter, columns */
	BELOW = 1,
	LEAST_LINES = 6,
	LEAST_COLUMNS = 40,
};

#define SECOND UINT64_C(1000000000)
#define SHOWN_FOR (6 * SECOND)

enum pair { PAIR_RED = 1, PAIR_YELLOW, PAIR_BLUE, PAIR_MAGENTA, PAIR_GREEN };

static const struct verdict {
	const char *name, *word;
	int pair;
} verdicts[] = {
	{ "kill_process", "killed", PAIR_RED },
	{ "kill_thread", "thread kill", PAIR_RED },
	{ "trap", "SIGSYS", PAIR_MAGENTA },
	{ "errno", "refused", PAIR_YELLOW },
	{ "user_notif", "supervisor", PAIR_BLUE },
	{ "trace", "tracer", PAIR_GREEN },
	{ "log", "logged", 0 },
};

static const char help[] =
	"Keys\n\n"
	"  up, down, k, j     the row above, below\n"
	"  page up, down      a page; Home and End: the first, the last\n"
	"  Enter              details of the row's last event, and back\n"
	"  c                  copy the line that would allow the call\n"
	"  /                  filter: words that must all match, such as\n"
	"                     bind, or call=bind program=nc verdict=errno\n"
	"  Esc                back; in the table: no filter any more\n"
	"  s, r               sort by another column; the other way round\n"
	"  p                  pause: what comes is counted, not shown\n"
	"  q                  back; in the table: leave\n\n"
	"The table folds what is alike: the same program, call, verdict,\n"
	"container and unit. At the top it follows what is new; further down\n"
	"the chosen row stays chosen. Copying is by the terminal (OSC 52), "
	"which\n"
	"may have to be told to allow it; the line is shown, too.\n";

size_t draw_rows(void)
{
	return LINES > ABOVE + BELOW ? (size_t)(LINES - ABOVE - BELOW) : 0;
}

/* A line of the screen, from its text; the rest of it is blank. */
static void put_line(int line, struct buf *text)
{
	move(line, 0);
	clrtoeol();
	if (text->text && !text->failed)
		addstr(text->text);
	buf_free(text);
}

static void put_plain(const struct live *live, int line, const char *text)
{
	struct buf out = { 0 };

	plain_fit(text, (size_t)COLS, live->utf8, &out);
	put_line(line, &out);
}

/* ---------------------------------------------------------------- lines -- */

static void put_title(struct live *live)
{
	const struct table *table = &live->table;
	char text[256], lost[64] = "";

	if (live->lost)
		snprintf(lost, sizeof(lost), "   LOST %" PRIu64, live->lost);
	snprintf(text, sizeof(text),
		 " Callgate watch   %" PRIu64 " event%s, %zu kind%s%s%s",
		 table->events, table->events == 1 ? "" : "s", table->count,
		 table->count == 1 ? "" : "s", table->held ? "   PAUSED" : "",
		 lost);
	attron(A_REVERSE | A_BOLD);
	mvhline(0, 0, ' ', COLS);
	put_plain(live, 0, text);
	mvchgat(0, 0, -1, A_REVERSE | A_BOLD, 0, NULL);
	attroff(A_REVERSE | A_BOLD);
}

static void put_filter(struct live *live)
{
	char text[FILTER_SIZE + 32];

	if (live->mode == MODE_FILTER)
		snprintf(text, sizeof(text), " filter: %s_", live->filter);
	else if (live->table.filter)
		snprintf(text, sizeof(text), " filter: %s   (Esc: none)",
			 live->table.filter);
	else
		text[0] = '\0';
	put_plain(live, 1, text);
}

static void put_hints(struct live *live)
{
	static const char *const hints[] = {
		[MODE_TABLE] = " Enter details  / filter  s sort  p pause  "
			       "c copy fix  ? help  q quit",
		[MODE_DETAIL] = " up, down scroll  c copy fix  Esc back",
		[MODE_FILTER] = " Enter use it  Esc leave it  ^U empty it",
		[MODE_HELP] = " Esc back",
	};
	const bool said =
		live->message[0] && keys_now() - live->said < SHOWN_FOR;
	char text[MESSAGE_SIZE + 2];

	snprintf(text, sizeof(text), " %s",
		 said ? live->message : hints[live->mode] + 1);
	attron(said ? A_BOLD : A_DIM);
	put_plain(live, LINES - 1, text);
	attroff(said ? A_BOLD : A_DIM);
}

/* ---------------------------------------------------------------- table -- */

/* Widths of the columns; program and place share what the others leave. */
enum { COUNT = 7, LAST = 8, VERDICT = 11, CALL = 16 };

struct widths {
	size_t program, place;
};

static struct widths widths_now(void)
{
	const size_t taken = COUNT + LAST + VERDICT + CALL + 4 + 1;
	const size_t left = (size_t)COLS > taken ? (size_t)COLS - taken : 1;
	struct widths widths = { left, 0 };

	if (left >= 30) {
		widths.place = left * 2 / 5;
		widths.program = left - widths.place - 1;
	}
	return widths;
}

static void pad(struct buf *out, size_t used, size_t width)
{
	if (used < width)
		buf_printf(out, "%*s", (int)(width - used), "");
}

static void put_columns(struct live *live)
{
	const struct widths widths = widths_now();
	struct buf out = { 0 };

	buf_printf(&out, "%*s %-*s %-*s %-*s %-*s", COUNT, "COUNT", LAST,
		   "LAST", VERDICT, "VERDICT", CALL, "CALL",
		   (int)widths.program, "PROGRAM");
	if (widths.place)
		buf_puts(&out, " WHERE");
	attron(A_BOLD | A_UNDERLINE);
	put_plain(live, 2, out.text ? out.text : "");
	mvchgat(2, 0, -1, A_BOLD | A_UNDERLINE, 0, NULL);
	attroff(A_BOLD | A_UNDERLINE);
	buf_free(&out);
}

static const struct verdict *verdict_of(const char *name)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strcmp(verdicts[i].name, name) == 0)
			return &verdicts[i];
	return NULL;
}

static void put_clock(uint64_t time, struct buf *out)
{
	time_t seconds = (time_t)(time / SECOND);
	struct tm parts;
	char text[LAST + 1] = "";

	if (time && localtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%H:%M:%S", &parts);
	buf_printf(out, "%-*s ", LAST, text);
}

static void put_row(struct live *live, int line, const struct table_row *row)
{
	const struct widths widths = widths_now();
	const struct verdict *verdict = verdict_of(row->texts[TABLE_VERDICT]);
	const char *place = *row->texts[TABLE_UNIT]
				    ? row->texts[TABLE_UNIT]
				    : row->texts[TABLE_CONTAINER];
	struct buf out = { 0 };

	buf_printf(&out, "%*" PRIu64 " ", COUNT, row->shown_count);
	put_clock(row->shown_last, &out);
	pad(&out,
	    plain_fit(verdict ? verdict->word : row->texts[TABLE_VERDICT],
		      VERDICT, live->utf8, &out),
	    VERDICT + 1);
	pad(&out, plain_fit(row->texts[TABLE_CALL], CALL, live->utf8, &out),
	    CALL + 1);
	pad(&out,
	    plain_fit_path(row->texts[TABLE_PROGRAM], widths.program,
			   live->utf8, &out),
	    widths.program + 1);
	if (widths.place)
		plain_fit(place, widths.place, live->utf8, &out);
	put_line(line, &out);
	if (verdict && verdict->pair && live->colours)
		mvchgat(line, COUNT + LAST + 2, VERDICT, A_BOLD,
			(short)verdict->pair, NULL);
}

static void put_table(struct live *live)
{
	const struct table *table = &live->table;
	const size_t rows = draw_rows();

	put_columns(live);
	for (size_t i = 0; i < rows; i++) {
		const int line = (int)i + ABOVE;

		move(line, 0);
		clrtoeol();
		if (live->top + i >= table->shown_count)
			continue;
		put_row(live, line, table->shown[live->top + i]);
		if (live->top + i == live->at)
			mvchgat(line, 0, -1, A_REVERSE, 0, NULL);
	}
	if (!table->shown_count && rows > 2)
		put_plain(live, ABOVE + 1,
			  table->filter ? "  nothing matches the filter"
					: "  no violations so far");
}

/* ----------------------------------------------------------------- texts -- */

static void make_text(struct live *live)
{
	const size_t width = (size_t)(COLS > 2 ? COLS - 2 : 1);
	const struct table_row *row = NULL;

	if (live->width == width)
		return;
	live->width = width;
	buf_free(&live->text);
	if (live->mode == MODE_HELP) {
		buf_puts(&live->text, help);
		return;
	}
	for (size_t i = 0; i < live->table.count; i++)
		if (live->table.rows[i] == live->picked)
			row = live->table.rows[i];
	detail_make(live->detail, row ? row->shown_count : 1, width, live->utf8,
		    &live->text);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void put_text(struct live *live)
{
	const size_t rows = (size_t)(LINES - ABOVE);
	const char *at;
	size_t lines;

	make_text(live);
	at = live->text.text && !live->text.failed ? live->text.text : "";
	lines = count_lines(at);
	if (live->scroll + rows > lines)
		live->scroll = lines > rows ? lines - rows : 0;
	for (size_t i = 0; i < live->scroll; i++)
		at = strchr(at, '\n') + 1;
	for (size_t i = 0; i < rows; i++) {
		const size_t length = strcspn(at, "\n");

		move((int)i + 2, 0);
		clrtoeol();
		mvaddnstr((int)i + 2, 1, at, (int)length);
		at += length + (at[length] == '\n');
	}
}

void draw_all(struct live *live)
{
	if (LINES < LEAST_LINES || COLS < LEAST_COLUMNS) {
		erase();
		put_plain(live, 0, "too small: 40x6 at least");
		refresh();
		return;
	}
	put_title(live);
	put_filter(live);
	if (live->mode == MODE_DETAIL || live->mode == MODE_HELP)
		put_text(live);
	else
		put_table(live);
	put_hints(live);
	refresh();
}
