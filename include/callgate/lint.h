/*
 * callgate/lint.h - what will hurt: bypasses, traps and faults of a filter.
 *
 * Most checks judge what a filter does, by its diagram, and not how it is
 * written: they hold for policies of any format, raw filters and live processes
 * alike, and what they say is true for every possible call. The others are
 * about the text of a file, and are found by whoever reads it.
 */
#ifndef CALLGATE_LINT_H
#define CALLGATE_LINT_H

#include <callgate/format.h>
#include <callgate/prove.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cg_severity {
	CG_NOTE,    /* good to know */
	CG_WARNING, /* does something other than it seems to */
	CG_ERROR,   /* a way around the filter, or it cannot work */
};

/* One check. Constant, never freed. */
struct cg_check {
	const char *name;          /* "other-abi" */
	const char *title;         /* a few words */
	const char *why;           /* why it matters */
	const char *fix;           /* what to do */
	enum cg_severity severity; /* as a rule; a finding has its own */
	bool text;                 /* about the text of a file */
};

/* The checks by index from 0; NULL past the end. */
CG_API const struct cg_check *cg_check_get(size_t index);

/* By name; NULL if there is none. */
CG_API const struct cg_check *cg_check_by_name(const char *name);

/* "note", "warning", "error". */
CG_API const char *cg_severity_name(enum cg_severity severity);

/* Something that a check has found. */
struct cg_finding {
	const struct cg_check *check;
	enum cg_severity severity;
	const struct cg_abi *abi;     /* or NULL: no single one */
	char message[CG_MESSAGE_MAX]; /* what, and the evidence; one line */
	bool has_call;                /* a call that shows it, and its answer */
	struct cg_call call;
	uint32_t answer;
	const char *source;    /* the file, or "" */
	uint32_t line, column; /* in it; 0 where no line is to blame */
};

struct cg_lint_options {
	const struct cg_abi *native; /* NULL: the policy's, or this build's */
	/*
	 * Who runs it, as cg_target has it; NULL: not known. What the runtime
	 * itself needs is checked, and what it protects from is not.
	 */
	const char *runtime;
	int no_new_privs; /* whether that sets it: 1, 0, or -1: not known */
	size_t nodes;     /* of the diagram at most; 0: 1 << 20 */
};

struct cg_findings;

/*
 * Check one side. `options` may be NULL. Warnings of a policy's own reader are
 * among the findings. The most severe come first.
 *
 * Fails as cg_compare, and with CG_E_INPUT if there is no such runtime.
 */
CG_API CG_CHECKED enum cg_status
cg_lint(struct cg_side side, const struct cg_lint_options *options,
	struct cg_findings **out, struct cg_error *err);

/* By index from 0; NULL past the end. Borrowed. */
CG_API const struct cg_finding *
cg_finding_get(const struct cg_findings *findings, size_t index);

/* Free them. NULL is fine. */
CG_API void cg_findings_free(struct cg_findings *findings);

#ifdef __cplusplus
}
#endif

#endif
