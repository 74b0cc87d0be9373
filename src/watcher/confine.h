/* watcher/confine.h - what callgate watch gives up itself. */
#ifndef WATCHER_CONFINE_H
#define WATCHER_CONFINE_H

#include "watcher/session.h"

/*
 * Load the policy that is built in (policy.yml), or that of --confine, for all
 * threads; nothing with --no-confine. Called when everything is open that needs
 * more than the policy allows. The exit status; said on stderr if not 0.
 */
int confine(const struct session *session);

/*
 * Whether a violation is this program's own, and meant: libc asks for clone3
 * before each thread, and falls back. Any other of our own is told as those of
 * others are.
 */
bool confine_expects(const struct session *session,
		     const struct cg_violation *violation);

#endif
