/*
 * profile/nss.h - functions of name services, which are called by their names.
 *
 * glibc puts all functions of a service into a table when it is first used, and
 * takes from the table what it is asked for by name: "getpwnam_r" for getpwnam.
 * So such a function counts once some code which can run mentions its name.
 * Nothing is lost by it: there is no other way to an entry of the table, and a
 * name is a constant of whoever asks, in libc or elsewhere. Whoever calls one
 * directly, or takes its address elsewhere, is not concerned.
 */
#ifndef PROFILE_NSS_H
#define PROFILE_NSS_H

#include "profile/reach.h"

/* True if the function waits for its name; then it comes in with it. */
bool nss_waits(struct reach *reach, uint64_t entry, struct cause cause);

/* What such a library exports: true if it waits for its name. */
bool nss_export_waits(struct reach *reach, struct found found,
		      struct cause cause);

/*
 * The same for a function of libc that does nothing before something else has
 * happened, and which then comes in with it.
 */
bool nss_starts_late(struct reach *reach, struct loaded *in, uint64_t entry,
		     struct cause cause);

/* A function that is come to. */
void nss_come_to(struct reach *reach, const struct loaded *in, uint64_t entry);

/* A function that somebody calls, or has the address of. */
void nss_use(struct reach *reach, const struct loaded *in, uint64_t entry,
	     struct cause cause);

/* There may be mutexes that another program has made. */
void nss_share(struct reach *reach);

/* A text that is mentioned. */
void nss_mention(struct reach *reach, const char *text);

#endif
