/*
 * view/live.h - violations on a terminal: a table that folds them, and one of
 * them in detail.
 *
 * While it is open it has the terminal: nobody else may write to it. What goes
 * to stderr in the meantime is shown on its last line, and written when it is
 * closed. The terminal is restored by live_close(), by exit(), and where a
 * signal ends the process.
 */
#ifndef VIEW_LIVE_H
#define VIEW_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <callgate/error.h>

struct live;

/*
 * Take the terminal of stdout. Keys come from stdin, or from /dev/tty where
 * `keys_from_tty`. Fails with CG_E_UNSUPPORTED (no terminal, or one that cannot
 * move its cursor), CG_E_NOMEM.
 */
CG_CHECKED enum cg_status
live_open(bool keys_from_tty, struct live **out, struct cg_error *err);

/* Show an event; its time in nanoseconds since 1970. */
void live_put(struct live *live, uint64_t time, const char *json);

/* What was lost so far, for the first line. */
void live_set_lost(struct live *live, uint64_t lost);

/* A descriptor that is readable when a key was pressed. */
int live_fd(const struct live *live);

/* Take keys, and draw what changed. False: the person wants to leave. */
bool live_turn(struct live *live);

/* NULL is fine. */
void live_close(struct live *live);

#endif
