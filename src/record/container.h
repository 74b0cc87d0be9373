/* record/container.h - containers of runc and crun, by name or bundle. */
#ifndef RECORD_CONTAINER_H
#define RECORD_CONTAINER_H

#include "record/recorder.h"

/*
 * Find what options.container names: one that runs becomes a target by its
 * cgroup or its pid namespace; of a bundle the command that starts it is made.
 */
bool container_find(struct cg_recorder *recorder, struct cg_error *err);

/* Remove what was made for it. All zeros is fine. */
void container_done(struct cg_recorder *recorder);

#endif
