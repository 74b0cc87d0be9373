/* view/address.h - where to listen, and by which names one may be called. */
#ifndef VIEW_ADDRESS_H
#define VIEW_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/error.h>

enum { ADDRESS_TEXT = 64, HOST_MAX = 256 };

/*
 * A socket that listens at "HOST:PORT", "[HOST]:PORT" or "PORT" (on 127.0.0.1).
 * Port 0 takes any that is free. `text` gets the address as it is written in
 * a URL, `*loopback` whether only this machine can reach it. -1: failed.
 */
int address_listen(const char *where, char text[ADDRESS_TEXT], bool *loopback,
		   struct cg_error *err);

/*
 * The name in a Host header, in lower case and without its port. False where
 * it is none.
 */
bool address_host(const char *header, char out[HOST_MAX]);

/* Whether it is a number, not a name: nobody can make DNS say that. */
bool address_is_number(const char *host);

/* Whether it means this machine itself: localhost, 127.0.0.1, [::1]. */
bool address_is_local(const char *host);

#endif
