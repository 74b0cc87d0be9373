#include "cli/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"

bool recorded_open(const char *name, const struct cg_abi *native,
		   struct cg_recording **out, int *status)
{
	const struct cg_recording_options options = { .native = native };
	struct cg_error err;

	*out = NULL;
	switch (cg_recording_open(name, &options, out, &err)) {
	case CG_OK:
	case CG_E_INPUT:  /* something else */
	case CG_E_SYSTEM: /* no file: a preset, a process, or nothing */
		return true;
	default:
		out_failure(&err, NULL, 0);
		*status = out_status(&err);
		return false;
	}
}

bool recorded_input(const struct cg_recording *recording, const char *name,
		    const struct cg_abi *native, struct input *out, int *status)
{
	const struct cg_policy_options options = { .native = native };
	struct cg_error err;
	char *text = NULL;
	bool ok;

	*out = (struct input){ 0 };
	ok = cg_recording_policy(recording, NULL, &text, &err) == CG_OK &&
	     cg_policy_parse(text, strlen(text), name, &options, &out->policy,
			     &err) == CG_OK;
	free(text);
	if (!ok) {
		out_failure(&err, NULL, 0);
		*status = out_status(&err);
	}
	return ok;
}
