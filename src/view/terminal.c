/* Whether a terminal can be drawn on; alone here, as term.h has macros with the
   names of everything. */
#include "base/fail.h"
#include "view/screen.h"

#include <curses.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

bool terminal_check(struct cg_error *err)
{
	const char *name = getenv("TERM");
	const char *motion;
	bool moves;
	int found = 0;

	if (!isatty(STDOUT_FILENO))
		return fail(err, CG_E_UNSUPPORTED,
			    "--live draws on a terminal, and standard output "
			    "is none");
	if (!name || !*name)
		return fail(err, CG_E_UNSUPPORTED,
			    "--live wants a terminal that is known: TERM is "
			    "not set");
	if (setupterm(name, STDOUT_FILENO, &found) != OK)
		return fail(err, CG_E_UNSUPPORTED,
			    "--live does not know a terminal '%.64s' (TERM)",
			    name);
	motion = tigetstr("cup");
	moves = motion && motion != (const char *)-1;
	/* What draws reads it again, for itself. */
	del_curterm(cur_term);
	if (!moves)
		return fail(err, CG_E_UNSUPPORTED,
			    "--live wants a terminal that can move its "
			    "cursor; '%.64s' (TERM) cannot",
			    name);
	return true;
}
