/* watch/cgroup.h - who a process belongs to, by the names of its cgroups. */
#ifndef WATCH_CGROUP_H
#define WATCH_CGROUP_H

#include "base/arena.h"

/*
 * A container's id, a unit's name, the uid of a Kubernetes pod, out of the text
 * of a /proc/PID/cgroup or a part of it; NULL: none.
 */
const char *cgroup_container(struct arena *arena, const char *cgroup);
const char *cgroup_unit(struct arena *arena, const char *cgroup);
const char *cgroup_pod(struct arena *arena, const char *cgroup);

#endif
