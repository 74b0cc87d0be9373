#include "watch/seccomp.h"

#include <string.h>

#include "base/line.h"
#include "base/num.h"
#include "bpf/answer.h"
#include "watch/advice.h"
#include "watch/risk.h"
#include "watch/sentence.h"

enum { SIGNAL_SYS = 31, PERSON = 48 };

static void put_verdict(struct json *json, const struct cg_violation *violation,
			const struct violation_call *call)
{
	if (!violation->has_verdict)
		return;
	json_text(json, "action", answer_action(violation->verdict));
	json_hex(json, "code", violation->verdict);
	if (violation->has_data)
		json_number(json, "data", violation->data);
	if (violation->error && call->abi)
		json_text(json, "errno",
			  cg_errno_name(violation->error, call->abi));
}

/* As numbers that no reader of JSON rounds. */
static void
put_arguments(struct json *json, const struct cg_violation *violation,
	      const char *text)
{
	char texts[6][2 + NUM_TEXT] = { 0 };
	const char *list[6];

	if (!violation->has_args)
		return;
	for (size_t i = 0; i < 6; i++) {
		memcpy(texts[i], "0x", 2);
		num_write(violation->args[i], 16, texts[i] + 2);
		list[i] = texts[i];
	}
	json_list(json, "args", list, 6);
	json_text(json, "text", text);
}

static void put_syscall(struct json *json, const struct cg_violation *violation,
			const struct violation_call *call, const char *text)
{
	if (!violation->arch)
		return;
	json_open(json, "syscall");
	json_text(json, "name", call->name);
	json_number(json, "number", call->number);
	json_text(json, "abi", call->abi ? call->abi->name : NULL);
	json_hex(json, "arch", violation->arch);
	if (violation->has_ip)
		json_hex(json, "ip", violation->ip);
	put_arguments(json, violation, text);
	json_close(json);
}

static void put_filter(struct json *json, const struct cg_violation *violation)
{
	if (!violation->filter)
		return;
	json_open(json, "filter");
	json_text(json, "id", violation->filter);
	json_number(json, "index", violation->filter_index);
	json_number(json, "count", violation->filter_count);
	json_number(json, "instruction", violation->filter_instruction);
	json_text(json, "rule", violation->rule);
	json_bool(json, "logs", violation->filter_logs);
	json_close(json);
}

static void
put_ancestors(struct json *json, const struct cg_violation *violation)
{
	enum { MOST = 16 };
	char texts[MOST][PERSON], number[NUM_TEXT];
	const char *list[MOST];
	size_t count = 0;

	for (; count < violation->ancestor_count && count < MOST; count++) {
		const struct cg_ancestor *each = &violation->ancestors[count];
		struct line line = { texts[count], PERSON, 0 };

		num_write(each->pid, 10, number);
		line_puts(&line, each->name ? each->name : "?");
		line_puts(&line, " (");
		line_puts(&line, number);
		line_puts(&line, ")");
		list[count] = texts[count];
	}
	if (count)
		json_list(json, "ancestors", list, count);
}

static void put_advice(struct json *json, const struct cg_violation *violation,
		       const struct violation_call *call)
{
	const struct risk *risk = risk_of(call->name);
	struct advice advice;

	if (!violation->arch)
		return;
	json_text(json, "risk", risk->name);
	json_text(json, "risk_reason", risk->reason);
	if (!advice_of(violation, &advice))
		return;
	json_text(json, "suggestion", advice.best);
	json_text(json, "suggestion_for", advice.format);
	json_open(json, "suggestions");
	json_text(json, "callgate", advice.callgate);
	json_text(json, "oci", advice.oci);
	json_text(json, "systemd", advice.systemd);
	json_close(json);
}

static void put_source(struct json *json, const struct cg_violation *violation)
{
	static const struct {
		uint32_t source;
		const char *name;
	} rows[] = { { CG_SOURCE_AUDIT, "audit" },
		     { CG_SOURCE_EBPF, "ebpf" },
		     { CG_SOURCE_AGENT, "agent" } };
	const char *list[3];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (violation->sources & rows[i].source)
			list[count++] = rows[i].name;
	if (count)
		json_list(json, "source", list, count);
}

static void put_times(struct json *json, const struct cg_violation *violation)
{
	if (violation->count < 2)
		return;
	json_number(json, "count", violation->count);
	json_time(json, "first_seen", violation->first);
	json_time(json, "last_seen", violation->last);
}

void seccomp_put(struct json *json, const struct cg_violation *violation,
		 const char *text)
{
	const struct violation_call call = violation_call(violation);

	json_open(json, "seccomp");
	put_verdict(json, violation, &call);
	if (violation->signal == SIGNAL_SYS)
		json_text(json, "signal", "SIGSYS");
	put_syscall(json, violation, &call, text);
	put_filter(json, violation);
	put_ancestors(json, violation);
	if (violation->stack_count)
		json_list(json, "stack", violation->stack,
			  violation->stack_count);
	if (violation->session != CG_UNSET)
		json_number(json, "session", violation->session);
	json_text(json, "label", violation->label);
	put_advice(json, violation, &call);
	put_source(json, violation);
	put_times(json, violation);
	json_open(json, "systemd");
	json_text(json, "unit", violation->unit);
	json_close(json);
	json_close(json);
}
