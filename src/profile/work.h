/* profile/work.h - everything that is known while one program is profiled. */
#ifndef PROFILE_WORK_H
#define PROFILE_WORK_H

#include "profile/profile.h"
#include "profile/resolve.h"

struct work {
	struct arena arena;
	const struct wanted *wanted;
	const char *path;
	struct world world;
	struct loader loader;
	struct memo memo; /* of whoever does not only read */
	struct reach reach;
	struct flows flows;
	struct resolve resolve;
	size_t rooted;        /* images whose roots were added */
	size_t mentioned;     /* mentions that were followed */
	bool opens;           /* dlopen can be come to */
	bool pam;             /* modules of PAM may be opened */
	bool shares;          /* memory may be another program's, too */
	unsigned char *later; /* by function: after.h; NULL: not asked for */
	bool modules_left;    /* some were not looked at */
	const char *modules_why;
};

/*
 * Load a library that `by` opens at run time: what it exports counts. One that
 * is not there is remembered as missing.
 */
bool work_open_library(struct work *work, const char *name, struct loaded *by,
		       const char *why, struct cg_error *err);

/* The same for a name service, whose functions are asked for by name (nss.h).
 */
bool work_open_service(struct work *work, const char *name, struct loaded *by,
		       const char *why, struct cg_error *err);

/* Modules were not looked at: the list may lack what they call. */
void work_leave_modules(struct work *work, const char *why);

#endif
