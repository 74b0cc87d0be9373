/* cli/findings.h - what lint found, as text, JSON and SARIF. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <callgate/lint.h>

#include "base/buf.h"

/* A finding about an operand of the command. */
struct shown {
	const struct cg_finding *finding;
	const char *name; /* of the operand: "app.yml", "pid:12" */
	bool is_file;
};

struct shown_list {
	struct shown *at;
	size_t count;
};

/* A paragraph for a person, on stdout: place, severity, message, why, fix. */
void findings_text(const struct shown *shown, bool brief);

/* One JSON object with all of them, and how many there are of each severity. */
void findings_json(const struct shown_list *list, struct buf *out);

/*
 * A log of SARIF 2.1.0, the format in which services that review code take the
 * findings of tools: the checks as rules, the findings as results.
 */
void findings_sarif(const struct shown_list *list, struct buf *out);

#endif
