/*
 * The events of Auditbeat's auditd module for a SECCOMP record. What it is
 * known to get wrong is right here: a name in hexadecimal digits, a call newer
 * than its tables, an ABI that it does not know, text that auditd added.
 */
#include "watch/auditbeat.h"

#include <stdio.h>
#include <string.h>

#include "watch/json.h"
#include "watch/subject.h"

enum { SIGNAL_SYS = 31, SHORT = 32 };

/* Names and numbers as texts, where the record has them. */
struct words {
	char arch[SHORT], call[SHORT], signal[SHORT], uid[SHORT];
	char login[SHORT];
	const char *how;
};

static void put_number(char out[SHORT], const char *format, uint32_t number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(out, SHORT, format, number);
#pragma GCC diagnostic pop
}

/* What did it: the program, or the script that an interpreter runs. */
static const char *how_of(const struct cg_violation *violation)
{
	static const char *const interpreters[] = { "/usr/bin/python",
						    "/usr/bin/sh",
						    "/usr/bin/bash",
						    "/usr/bin/perl" };
	const char *executable = violation->executable;

	for (size_t i = 0; executable && i < 4; i++)
		if (strncmp(executable, interpreters[i],
			    strlen(interpreters[i])) == 0 &&
		    violation->name)
			return violation->name;
	return executable;
}

/* Before 7.0, what has a name now was a number. */
static void
numbers_of(const struct cg_violation *violation, struct words *words)
{
	if (violation->arch) {
		put_number(words->arch, "%x", violation->arch);
		put_number(words->call, "%u", violation->nr);
	}
	if (violation->signal != CG_UNSET)
		put_number(words->signal, "%u", violation->signal);
}

static void names_of(const struct cg_violation *violation, struct words *words)
{
	const struct violation_call call = violation_call(violation);

	if (call.abi)
		snprintf(words->arch, SHORT, "%s", call.abi->name);
	else if (violation->arch)
		put_number(words->arch, "unknown[%x]", violation->arch);
	if (call.name)
		snprintf(words->call, SHORT, "%s", call.name);
	else if (violation->arch)
		put_number(words->call, "%u", call.number);
	if (violation->signal == SIGNAL_SYS)
		snprintf(words->signal, SHORT, "SIGSYS");
	else if (violation->signal != CG_UNSET)
		put_number(words->signal, "%u", violation->signal);
}

static void
words_of(const struct cg_violation *violation, bool old, struct words *words)
{
	*words = (struct words){ .how = how_of(violation) };
	if (old)
		numbers_of(violation, words);
	else
		names_of(violation, words);
	if (violation->uid != CG_UNSET)
		put_number(words->uid, "%u", violation->uid);
	if (violation->login_uid == CG_UNSET)
		snprintf(words->login, SHORT, "unset");
	else
		put_number(words->login, "%u", violation->login_uid);
}

static const char *or_none(const char *text)
{
	return text[0] ? text : NULL;
}

static void put_data(struct json *json, const struct cg_violation *violation,
		     const struct words *words)
{
	json_open(json, "data");
	json_text(json, "arch", or_none(words->arch));
	if (violation->has_verdict)
		json_hex(json, "code", violation->verdict);
	if (violation->has_compat)
		json_text(json, "compat", violation->compat ? "1" : "0");
	if (violation->has_ip)
		json_hex(json, "ip", violation->ip);
	json_text(json, "sig", or_none(words->signal));
	json_text(json, "syscall", or_none(words->call));
	json_close(json);
}

static void put_summary(struct json *json, const struct words *words)
{
	json_open(json, "summary");
	json_open(json, "actor");
	json_text(json, "primary", words->login);
	json_text(json, "secondary", or_none(words->uid));
	json_close(json);
	json_open(json, "object");
	json_text(json, "primary", or_none(words->call));
	json_text(json, "type", "process");
	json_close(json);
	json_text(json, "how", words->how);
	json_close(json);
}

static void put_auditd(struct json *json, const struct cg_violation *violation,
		       const struct words *words)
{
	json_open(json, "auditd");
	json_text(json, "message_type", "seccomp");
	json_number(json, "sequence", violation->serial);
	json_text(json, "result", "unknown");
	if (violation->session != CG_UNSET)
		json_id(json, "session", violation->session);
	put_data(json, violation, words);
	put_summary(json, words);
	json_close(json);
}

/* The parts of an SELinux context; the last keeps its colons. */
static void put_label(struct json *json, const char *label)
{
	static const char *const parts[] = { "user", "role", "domain", "level",
					     "category" };
	char part[256];

	if (!label)
		return;
	json_open(json, "selinux");
	for (size_t i = 0; i < 5 && *label; i++) {
		size_t length = i < 4 ? strcspn(label, ":") : strlen(label);

		snprintf(part, sizeof(part), "%.*s",
			 (int)(length < sizeof(part) ? length
						     : sizeof(part) - 1),
			 label);
		json_text(json, parts[i], part);
		label += length;
		label += *label == ':';
	}
	json_close(json);
}

static void put_user(struct json *json, const struct cg_violation *violation)
{
	json_open(json, "user");
	json_open(json, "audit");
	if (violation->login_uid != CG_UNSET)
		json_id(json, "id", violation->login_uid);
	json_close(json);
	json_open(json, "group");
	if (violation->gid != CG_UNSET)
		json_id(json, "id", violation->gid);
	json_close(json);
	if (violation->uid != CG_UNSET)
		json_id(json, "id", violation->uid);
	put_label(json, violation->label);
	json_close(json);
}

char *auditbeat_event(const struct cg_violation *violation)
{
	const struct violation_call call = violation_call(violation);
	const struct subject_row *subject = subject_of(call.name, true);
	const char *const category[] = { subject->category };
	struct json json = { 0 };
	struct words words;

	words_of(violation, false, &words);
	json_open(&json, NULL);
	json_time(&json, "@timestamp", violation->time);
	json_open(&json, "event");
	json_text(&json, "kind", "event");
	json_text(&json, "module", "auditd");
	json_text(&json, "action", "violated-seccomp-policy");
	json_text(&json, "outcome", "unknown");
	json_list(&json, "category", category, 1);
	json_list(&json, "type", subject->types, 2);
	json_close(&json);
	json_open(&json, "service");
	json_text(&json, "type", "auditd");
	json_close(&json);
	json_open(&json, "host");
	json_text(&json, "name", violation->host);
	json_close(&json);
	put_auditd(&json, violation, &words);
	put_user(&json, violation);
	json_open(&json, "process");
	if (violation->pid != CG_UNSET)
		json_number(&json, "pid", violation->pid);
	json_text(&json, "name", violation->name);
	json_text(&json, "executable", violation->executable);
	json_close(&json);
	json_close(&json);
	return json_done(&json);
}

char *auditbeat_old_event(const struct cg_violation *violation)
{
	struct json json = { 0 };
	struct words words;

	words_of(violation, true, &words);
	json_open(&json, NULL);
	json_time(&json, "@timestamp", violation->time);
	json_open(&json, "event");
	json_text(&json, "category", "dac-decision");
	json_text(&json, "type", "seccomp");
	json_text(&json, "action", "violated-seccomp-policy");
	json_text(&json, "module", "auditd");
	json_close(&json);
	json_open(&json, "host");
	json_text(&json, "name", violation->host);
	json_close(&json);
	json_open(&json, "auditd");
	json_number(&json, "sequence", violation->serial);
	json_text(&json, "result", "unknown");
	if (violation->session != CG_UNSET)
		json_id(&json, "session", violation->session);
	put_data(&json, violation, &words);
	put_summary(&json, &words);
	json_close(&json);
	json_open(&json, "process");
	if (violation->pid != CG_UNSET)
		json_id(&json, "pid", violation->pid);
	json_text(&json, "name", violation->name);
	json_text(&json, "exe", violation->executable);
	json_close(&json);
	json_open(&json, "user");
	if (violation->uid != CG_UNSET)
		json_id(&json, "uid", violation->uid);
	if (violation->gid != CG_UNSET)
		json_id(&json, "gid", violation->gid);
	json_text(&json, "auid", words.login);
	json_close(&json);
	json_close(&json);
	return json_done(&json);
}
