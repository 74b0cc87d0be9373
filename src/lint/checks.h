/* lint/checks.h - the table of checks. */
#ifndef LINT_CHECKS_H
#define LINT_CHECKS_H

#include <callgate/lint.h>

/* By name, which must be one of the table's. */
const struct cg_check *check_named(const char *name);

#endif
