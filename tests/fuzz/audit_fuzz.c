/*
 * Any line as a record of audit: a violation, or refused, or none; and whatever
 * it is, each shape of event can be had of it: one line of UTF-8, and an id.
 */
#include <string.h>

#include <callgate/watch.h>

#include "base/text.h"
#include "fuzz.h"

static void
check_shape(const struct cg_violation *violation, enum cg_event_shape shape)
{
	char *event = cg_violation_event(violation, shape);
	size_t wrong;

	must(event != NULL, "an event of each shape");
	must(text_is_utf8(event, strlen(event), &wrong), "of UTF-8");
	for (const char *at = event; *at; at++)
		must((unsigned char)*at >= ' ' && *at != 0x7f,
		     "on one line, without control characters");
	free(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cg_violation *violation = NULL;
	struct cg_error err = { .status = CG_OK };
	char id[CG_VIOLATION_ID];
	enum cg_status status =
		cg_violation_parse((const char *)data, size, &violation, &err);

	if (status != CG_OK)
		must(!violation && err.message[0], "a refusal says why");
	if (!violation)
		return 0;
	check_shape(violation, CG_EVENT_LINE);
	check_shape(violation, CG_EVENT_ECS);
	check_shape(violation, CG_EVENT_AUDITBEAT);
	check_shape(violation, CG_EVENT_AUDITBEAT_OLD);
	cg_violation_id(violation, id);
	must(strlen(id) == CG_VIOLATION_ID - 1, "an id");
	cg_violation_free(violation);
	return 0;
}
