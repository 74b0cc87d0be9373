#include "view/live.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "view/screen.h"

enum { ESCAPE_WAIT = 25 /* milliseconds for the rest of a key */ };

#define SECOND UINT64_C(1000000000)
#define DRAW_SOON (SECOND / 8)

/* ---------------------------------------------------------- the terminal -- */

/* From here on stderr is a pipe to us: nothing may be written in between. */
static bool take_errors(struct live *live, struct cg_error *err)
{
	int ends[2];

	live->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (live->errors < 0)
		return true; /* there is none: nobody writes there */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "pipe");
	live->notes = ends[0];
	if (dup2(ends[1], STDERR_FILENO) < 0)
		return fail_errno(err, CG_E_SYSTEM, errno, "dup2");
	close(ends[1]);
	return true;
}

static void begin_colours(struct live *live)
{
	static const short colours[] = { COLOR_RED, COLOR_YELLOW, COLOR_BLUE,
					 COLOR_MAGENTA, COLOR_GREEN };
	const char *none = getenv("NO_COLOR");

	live->colours = !(none && *none) && has_colors() && start_color() == OK;
	if (!live->colours)
		return;
	use_default_colors();
	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		init_pair((short)(i + 1), colours[i], -1);
}

static bool begin_screen(struct live *live, struct cg_error *err)
{
	restore_watch(STDOUT_FILENO);
	live->screen = newterm(NULL, stdout, live->keys);
	if (!live->screen) {
		restore_done();
		return fail(err, CG_E_UNSUPPORTED,
			    "--live cannot draw on this terminal");
	}
	set_escdelay(ESCAPE_WAIT);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	curs_set(0);
	begin_colours(live);
	return true;
}

static bool open_keys(struct live *live, bool from_tty, struct cg_error *err)
{
	live->keys = from_tty ? fopen("/dev/tty", "re") : stdin;
	if (live->keys && isatty(fileno(live->keys)))
		return true;
	return fail(err, CG_E_UNSUPPORTED,
		    "--live takes keys from a terminal, and %s is none",
		    from_tty ? "/dev/tty" : "standard input");
}

enum cg_status
live_open(bool keys_from_tty, struct live **out, struct cg_error *err)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live) {
		fail_set(err, CG_E_NOMEM, "out of memory");
		return CG_E_NOMEM;
	}
	live->notes = live->errors = -1;
	setlocale(LC_CTYPE, "");
	live->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	live->changed = true;
	if (!terminal_check(err) || !open_keys(live, keys_from_tty, err) ||
	    !begin_screen(live, err) || !take_errors(live, err)) {
		live_close(live);
		return err->status;
	}
	*out = live;
	return CG_OK;
}

/* ------------------------------------------------------------ meanwhile -- */

void live_put(struct live *live, uint64_t time, const char *json)
{
	if (!table_put(&live->table, time, json))
		keys_say(live, "out of memory: an event is not shown");
	live->changed |= !live->table.held;
}

void live_set_lost(struct live *live, uint64_t lost)
{
	live->changed |= live->lost != lost;
	live->lost = lost;
}

int live_fd(const struct live *live)
{
	return fileno(live->keys);
}

/* What was said to stderr: the last line is shown, some are kept. */
static void take_notes(struct live *live)
{
	char text[4096];
	ssize_t got;

	while (live->notes >= 0 &&
	       (got = read(live->notes, text, sizeof(text) - 1)) > 0) {
		size_t length = (size_t)got;
		char *line;

		if (live->kept_lines++ < NOTES_MAX)
			buf_add(&live->kept, text, length);
		while (length && text[length - 1] == '\n')
			length--;
		text[length] = '\0';
		line = strrchr(text, '\n');
		keys_say(live, line ? line + 1 : text);
	}
}

static void take_keys(struct live *live)
{
	wint_t key;
	int kind;

	while (!live->quit && (kind = get_wch(&key)) != ERR)
		keys_take(live, (unsigned)key, kind == KEY_CODE_YES);
}

bool live_turn(struct live *live)
{
	uint64_t now;

	take_keys(live);
	take_notes(live);
	now = keys_now();
	if (live->quit)
		return false;
	/* A message goes after a while, though nothing else happens. */
	if (live->message[0] && now - live->said > 7 * SECOND) {
		live->message[0] = '\0';
		live->changed = true;
	}
	if (!live->changed || now - live->drawn < DRAW_SOON)
		return true;
	live->drawn = now;
	live->changed = false;
	table_arrange(&live->table);
	keys_settle(live);
	draw_all(live);
	return true;
}

/* What was kept is said where it was meant to be. */
static void give_errors(struct live *live)
{
	take_notes(live);
	if (live->notes < 0)
		return;
	(void)dup2(live->errors, STDERR_FILENO);
	close(live->notes);
	close(live->errors);
	if (live->kept.text && !live->kept.failed)
		fputs(live->kept.text, stderr);
}

void live_close(struct live *live)
{
	if (!live)
		return;
	if (live->screen) {
		endwin();
		restore_done();
		delscreen(live->screen);
	}
	give_errors(live);
	if (live->keys && live->keys != stdin)
		fclose(live->keys);
	table_clear(&live->table);
	buf_free(&live->text);
	buf_free(&live->kept);
	free(live->detail);
	free(live);
}
