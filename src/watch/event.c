/* Violations as events of the Elastic Common Schema 8, and the choice. */
#include <callgate/watch.h>

#include <string.h>

#include "watch/auditbeat.h"
#include "watch/json.h"
#include "watch/seccomp.h"
#include "watch/sentence.h"
#include "watch/subject.h"

/* A log lets the call through; anything else that leaves a record does not. */
static bool was_let_through(const struct cg_violation *violation)
{
	return (violation->has_verdict && violation->verdict == CG_RET_LOG) ||
	       violation->continued;
}

/*
 * event.category and event.type are lists of words that the schema allows
 * (https://www.elastic.co/guide/en/ecs/8.11/ecs-allowed-values-event-type.html)
 */
static void put_kind(struct json *json, const struct cg_violation *violation,
		     const struct subject_row *subject)
{
	const bool through = was_let_through(violation);
	const char *categories[2] = { subject->category,
				      "intrusion_detection" };
	const char *types[3] = { through ? "allowed" : "denied" };
	size_t count = 1;

	for (size_t i = 0; i < 2 && subject->types[i]; i++)
		if (strcmp(subject->types[i], "info") != 0)
			types[count++] = subject->types[i];
	json_list(json, "category", categories, 2);
	json_list(json, "type", types, count);
	if (violation->has_verdict)
		json_text(json, "outcome", through ? "success" : "failure");
	else
		json_text(json, "outcome", "unknown");
}

/* Whose record it is; who else saw it is said elsewhere. */
static const char *provider_of(const struct cg_violation *violation)
{
	if (violation->sources & CG_SOURCE_AUDIT || !violation->sources)
		return "audit";
	return violation->sources & CG_SOURCE_AGENT ? "agent" : "ebpf";
}

static void put_event(struct json *json, const struct cg_violation *violation,
		      const struct subject_row *subject)
{
	char id[CG_VIOLATION_ID];

	cg_violation_id(violation, id);
	json_open(json, "event");
	json_text(json, "kind", "event");
	json_text(json, "id", id);
	json_text(json, "module", "callgate");
	json_text(json, "dataset", "seccomp.violation");
	json_text(json, "provider", provider_of(violation));
	json_text(json, "action", "violated-seccomp-policy");
	put_kind(json, violation, subject);
	if (violation->serial)
		json_number(json, "sequence", violation->serial);
	json_close(json);
}

static void put_parent(struct json *json, const struct cg_violation *violation)
{
	json_open(json, "parent");
	if (violation->parent)
		json_number(json, "pid", violation->parent);
	if (violation->ancestor_count &&
	    violation->ancestors[0].pid == violation->parent) {
		json_text(json, "name", violation->ancestors[0].name);
		json_text(json, "command_line",
			  violation->ancestors[0].command_line);
	}
	json_close(json);
}

static void put_process(struct json *json, const struct cg_violation *violation)
{
	json_open(json, "process");
	if (violation->pid != CG_UNSET)
		json_number(json, "pid", violation->pid);
	json_text(json, "name", violation->name);
	json_text(json, "executable", violation->executable);
	json_text(json, "command_line", violation->command_line);
	json_text(json, "working_directory", violation->working_directory);
	json_open(json, "thread");
	if (violation->thread != CG_UNSET)
		json_number(json, "id", violation->thread);
	json_close(json);
	put_parent(json, violation);
	json_close(json);
}

static void put_user(struct json *json, const struct cg_violation *violation)
{
	json_open(json, "user");
	if (violation->uid != CG_UNSET)
		json_id(json, "id", violation->uid);
	json_open(json, "group");
	if (violation->gid != CG_UNSET)
		json_id(json, "id", violation->gid);
	json_close(json);
	json_open(json, "audit");
	if (violation->login_uid != CG_UNSET)
		json_id(json, "id", violation->login_uid);
	json_close(json);
	json_close(json);
}

/* What it is of, and under which filter. */
static void
put_belongings(struct json *json, const struct cg_violation *violation)
{
	const struct violation_call call = violation_call(violation);

	json_open(json, "container");
	json_text(json, "id", violation->container);
	json_close(json);
	json_open(json, "orchestrator");
	json_open(json, "resource");
	json_text(json, "type", violation->pod ? "pod" : NULL);
	json_text(json, "id", violation->pod);
	json_close(json);
	json_close(json);
	json_open(json, "service");
	json_text(json, "type", "seccomp");
	json_close(json);
	json_open(json, "rule");
	json_text(json, "id", violation->filter);
	json_close(json);
	json_open(json, "error");
	if (violation->error)
		json_text(json, "code",
			  call.abi ? cg_errno_name(violation->error, call.abi)
				   : NULL);
	json_close(json);
}

static void put_host(struct json *json, const struct cg_violation *violation)
{
	json_open(json, "host");
	json_text(json, "name", violation->host);
	json_close(json);
}

static char *ecs_event(const struct cg_violation *violation)
{
	const struct violation_call call = violation_call(violation);
	char room[SENTENCE_CALL];
	const char *text = sentence_call(violation, room);
	char *message = sentence_of(violation, text);
	struct json json = { 0 };

	json_open(&json, NULL);
	json_time(&json, "@timestamp", violation->time);
	json_open(&json, "ecs");
	json_text(&json, "version", "8.11.0");
	json_close(&json);
	json_text(&json, "message", message);
	put_host(&json, violation);
	put_event(&json, violation, subject_of(call.name, false));
	put_process(&json, violation);
	put_user(&json, violation);
	put_belongings(&json, violation);
	seccomp_put(&json, violation, text);
	json_close(&json);
	json.out.failed |= !message;
	sentence_free(message);
	return json_done(&json);
}

char *cg_violation_event(const struct cg_violation *violation,
			 enum cg_event_shape shape)
{
	switch (shape) {
	case CG_EVENT_LINE:
		return sentence_line(violation);
	case CG_EVENT_ECS:
		return ecs_event(violation);
	case CG_EVENT_AUDITBEAT:
		return auditbeat_event(violation);
	case CG_EVENT_AUDITBEAT_OLD:
		return auditbeat_old_event(violation);
	}
	return NULL;
}
