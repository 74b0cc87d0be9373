/*
 * profile/modules.h - libraries that configuration names: NSS, PAM, gconv.
 *
 * What opens them reads their names from files, so we read these, too. All of
 * them fail without memory, or if a module cannot be read; one that is not
 * there is remembered as missing.
 */
#ifndef PROFILE_MODULES_H
#define PROFILE_MODULES_H

#include "profile/work.h"

/* The services of /etc/nsswitch.conf, each a library. */
bool modules_nss(struct work *work, struct loaded *by, struct cg_error *err);

/* The modules of a service of PAM, and of what it falls back to. */
bool modules_pam(struct work *work, const char *service, struct loaded *by,
		 struct cg_error *err);

/*
 * glibc's converters to and from a character set, or all of them where that is
 * empty. False in *found if there is none.
 */
bool modules_gconv(struct work *work, const char *charset, bool *found,
		   struct cg_error *err);

#endif
