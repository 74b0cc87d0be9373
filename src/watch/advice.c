#include "watch/advice.h"

#include <string.h>

#include <callgate/policy.h>

#include "base/line.h"

static bool ends(const char *text, const char *with)
{
	size_t length = text ? strlen(text) : 0, least = strlen(with);

	return length > least && strcmp(text + length - least, with) == 0;
}

static void put(char out[ADVICE_MAX], const char *before, const char *name,
		const char *behind)
{
	struct line line = { out, ADVICE_MAX, 0 };

	line_puts(&line, before);
	line_puts(&line, name);
	line_puts(&line, behind);
}

bool advice_of(const struct cg_violation *violation, struct advice *out)
{
	const struct violation_call call = violation_call(violation);
	const char *best;

	if (!call.name || !violation->has_verdict ||
	    violation->verdict == CG_RET_LOG)
		return false;
	put(out->callgate, "- {action: allow, names: [", call.name, "]}");
	put(out->oci, "{\"names\":[\"", call.name,
	    "\"],\"action\":\"SCMP_ACT_ALLOW\"}");
	/* Behind a list of what is allowed it adds to it; behind one of what is
	   not (~) it takes the call out of that. */
	put(out->systemd, "SystemCallFilter=", call.name, "");
	if (violation->container) {
		out->format = "oci";
		best = out->oci;
	} else if (ends(violation->unit, ".service")) {
		out->format = "systemd";
		best = out->systemd;
	} else {
		out->format = "callgate";
		best = out->callgate;
	}
	put(out->best, best, "", "");
	return true;
}
