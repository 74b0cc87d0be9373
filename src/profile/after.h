/*
 * profile/after.h - what a program can call once it has started.
 *
 * From a function on, such as main: what it calls directly, and so on; all
 * functions whose address is known to anybody, whoever formed it, before or
 * after; and what is run at exit. What only code that ran before calls directly
 * is left out. Nothing else leads from before to after: a call is direct, or
 * through an address that somebody formed.
 */
#ifndef PROFILE_AFTER_H
#define PROFILE_AFTER_H

#include "profile/work.h"

/*
 * Fill work->later, a byte for each function of the reach: 1 if it can run from
 * the function called `name` on. Fails with CG_E_INPUT if there is none such.
 */
bool after_find(struct work *work, const char *name, struct cg_error *err);

#endif
