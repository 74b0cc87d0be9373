/*
 * view/guard.h - who may ask, and how.
 *
 * A page in the same browser must not read ours: requests that another site
 * made are refused by what browsers say of them, and by the name that they call
 * us (DNS rebinding). Where there is a token, everything but the bare page
 * wants it: in `Authorization: Bearer`, or once in a form, for a cookie.
 */
#ifndef VIEW_GUARD_H
#define VIEW_GUARD_H

#include "view/inside.h"

/*
 * Read the token, and see that everything goes together: what others can reach
 * has a token and TLS. Fails with CG_E_INPUT, CG_E_SYSTEM, CG_E_NOMEM.
 */
bool guard_init(struct guard *guard, const struct web_options *options,
		bool loopback, struct cg_error *err);
void guard_done(struct guard *guard);

/* NULL, or what is wrong with where the request comes from. */
const char *guard_origin(const struct request *request);

/*
 * NULL, or what is wrong with where it ends. A server before this one could
 * take it for another number of requests: such a connection has to end.
 */
const char *guard_frame(const struct request *request);

/*
 * Try a token. The right one is right whoever guessed before. A peer that sent
 * a few wrong ones waits a second for the answer to each further one; where too
 * many wait already there is none.
 */
enum guard_login { GUARD_WRONG, GUARD_RIGHT, GUARD_WAIT, GUARD_NO_ANSWER };
enum guard_login guard_login(const struct request *request, const char *token);

/* Whether it carries the token or its cookie, where one is wanted; none at all
   is GUARD_WRONG, and not counted. */
enum guard_login guard_knows(const struct request *request);

/* What is answered to any but the right one. */
enum MHD_Result guard_refuse(struct request *request, enum guard_login login,
			     const char *wrong);

/* The header with the cookie for who had the token. */
void guard_cookie(const struct guard *guard, char out[256]);

#endif
