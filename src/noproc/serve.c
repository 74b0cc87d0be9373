/* The bootstrap check: unguarded, a service stays on its own machine. */
#include <callgate/noproc.h>

#include <stdio.h>
#include <string.h>

#include "base/fail.h"

enum { HOST_MAX = 64 };

/*
 * The host of "host", "host:port", "[v6]:port" or a bare v6 address. False if
 * it is too long to be loopback.
 */
static bool host_of(const char *address, char host[HOST_MAX])
{
	const char *colon = strchr(address, ':');
	size_t length;

	if (address[0] == '[') {
		address++;
		length = strcspn(address, "]");
	} else if (colon && !strchr(colon + 1, ':')) {
		length = (size_t)(colon - address);
	} else {
		length = strlen(address);
	}
	if (length >= HOST_MAX)
		return false;
	memcpy(host, address, length);
	host[length] = '\0';
	return true;
}

/* 127.0.0.0/8, four decimal numbers without leading zeros, and no more. */
static bool is_loopback_v4(const char *text)
{
	for (int part = 0; part < 4; part++) {
		unsigned number = 0;
		size_t digits = strspn(text, "0123456789");

		if (!digits || digits > 3 || (digits > 1 && *text == '0'))
			return false;
		for (size_t i = 0; i < digits; i++)
			number = 10 * number + (unsigned)(text[i] - '0');
		if (number > 255 || (part == 0 && number != 127))
			return false;
		text += digits;
		if (part < 3 && *text++ != '.')
			return false;
	}
	return *text == '\0';
}

/* What is not recognised counts as beyond: the safe side. */
static bool is_loopback(const char *address)
{
	static const char mapped[] = "::ffff:";
	char host[HOST_MAX];

	if (strncmp(address, "unix:", 5) == 0)
		return true;
	if (!host_of(address, host))
		return false;
	if (strncmp(host, mapped, sizeof(mapped) - 1) == 0)
		return is_loopback_v4(host + sizeof(mapped) - 1);
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "0:0:0:0:0:0:0:1") == 0 || is_loopback_v4(host);
}

static bool
may_serve(const struct cg_noproc *noproc, const char *const addresses[],
	  size_t count, struct cg_error *err)
{
	if (noproc->state == CG_NOPROC_ALL_THREADS)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!is_loopback(addresses[i]))
			return fail(
				err, CG_E_INPUT,
				"'%.100s' is beyond loopback, and new "
				"processes are refused in %s%s (%s, step "
				"%s): serve on loopback, or mend that "
				"first",
				addresses[i],
				noproc->state == CG_NOPROC_NONE
					? "no thread"
					: cg_noproc_state_text(noproc->state),
				noproc->state == CG_NOPROC_NONE ? "" : " alone",
				noproc->system ? noproc->system : "",
				noproc->step ? noproc->step : "");
	return true;
}

enum cg_status cg_noproc_may_serve(const struct cg_noproc *noproc,
				   const char *const addresses[], size_t count,
				   struct cg_error *err)
{
	struct cg_error scratch;

	err = err ? err : &scratch;
	return may_serve(noproc, addresses, count, err) ? CG_OK : err->status;
}
