/* watch/auditbeat.h - an event, field for field as Auditbeat sends it. */
#ifndef WATCH_AUDITBEAT_H
#define WATCH_AUDITBEAT_H

#include "watch/violation.h"

/* free() it; NULL without memory. */
char *auditbeat_event(const struct cg_violation *violation);

/* As before Auditbeat 7.0, when event.type was seccomp. */
char *auditbeat_old_event(const struct cg_violation *violation);

#endif
