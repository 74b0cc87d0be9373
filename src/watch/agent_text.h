/*
 * watch/agent_text.h - what a container runtime says when it hands a listener
 * over: the containerProcessState of the OCI runtime specification. Pure.
 */
#ifndef WATCH_AGENT_TEXT_H
#define WATCH_AGENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fail.h"

enum { AGENT_TEXT_MAX = 1 << 20, AGENT_FDS = 16 };

/* Texts lie in the arena; NULL where nothing was said. */
struct agent_container {
	const char *id;       /* never NULL */
	const char *metadata; /* listenerMetadata of the profile */
	const char *bundle;
	uint32_t pid;    /* as the runtime counts; 0: not said */
	size_t listener; /* which of the descriptors is seccompFd */
};

/* How far a text is JSON: read until the object is closed, not until the peer
   closes, which it does not do before the container runs. */
struct agent_scan {
	size_t depth;
	bool begun, quoted, escaped, closed;
};

/* Go on with more of the text; true once the object is closed, or cannot be. */
bool agent_scan(struct agent_scan *scan, const char *text, size_t length);

/*
 * Read the whole text, that came with `descriptors` file descriptors. Fails
 * with CG_E_SYNTAX (no JSON) or CG_E_INPUT (another object, no seccompFd),
 * CG_E_NOMEM.
 */
bool agent_parse(struct arena *arena, const char *text, size_t length,
		 size_t descriptors, struct agent_container *out,
		 struct cg_error *err);

#endif
