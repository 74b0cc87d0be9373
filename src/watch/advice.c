#include "watch/advice.h"

#include <stdio.h>
#include <string.h>

#include <callgate/policy.h>

static bool ends(const char *text, const char *with)
{
	size_t length = text ? strlen(text) : 0, least = strlen(with);

	return length > least && strcmp(text + length - least, with) == 0;
}

bool advice_of(const struct cg_violation *violation, struct advice *out)
{
	const struct violation_call call = violation_call(violation);
	const char *best;

	if (!call.name || !violation->has_verdict ||
	    violation->verdict == CG_RET_LOG)
		return false;
	snprintf(out->callgate, sizeof(out->callgate),
		 "- {action: allow, names: [%s]}", call.name);
	snprintf(out->oci, sizeof(out->oci),
		 "{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\"}",
		 call.name);
	/* Behind a list of what is allowed it adds to it; behind one of what is
	   not (~) it takes the call out of that. */
	snprintf(out->systemd, sizeof(out->systemd), "SystemCallFilter=%s",
		 call.name);
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
	snprintf(out->best, sizeof(out->best), "%s", best);
	return true;
}
