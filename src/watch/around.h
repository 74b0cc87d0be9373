/* watch/around.h - what /proc tells of a process that violated its filter. */
#ifndef WATCH_AROUND_H
#define WATCH_AROUND_H

#include "watch/violation.h"

/*
 * Fill in parent, command line, working directory, container and unit, as far
 * as the process is still there. What is not known stays NULL; that includes
 * what there was no memory for.
 */
void around_ask(struct violation *violation);

/* A container's id, or a unit's name, of a line of /proc/PID/cgroup. */
const char *around_container(struct arena *arena, const char *cgroup);
const char *around_unit(struct arena *arena, const char *cgroup);

#endif
