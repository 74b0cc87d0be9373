/* policy/write.h - from a policy's tables back to the language. */
#ifndef POLICY_WRITE_H
#define POLICY_WRITE_H

#include "base/buf.h"
#include "policy/resolve.h"

struct write_style {
	bool json;
	/*
	 * Under `exact: true`, which can say everything. Otherwise as a person
	 * writes: what is refused is refused at every door, arguments are as
	 * wide as the kernel reads them.
	 */
	bool exact;
};

enum write_result {
	WRITE_DONE,
	WRITE_CANNOT, /* not in this style: a test can be said exactly only */
	WRITE_FAILED, /* and `err` says why */
};

/*
 * Write a policy. Its tables alone are looked at, so that what means the same
 * and is built the same is written the same. What is written may say more
 * than the policy where it is not exact: read it back and compare.
 */
enum write_result
policy_write(struct arena *arena, const struct cg_policy *policy,
	     const struct write_style *style, struct buf *out,
	     struct cg_error *err);

/*
 * The condition that a clause is, in the language of rules and without the
 * argument's place: "&O_ACCMODE == O_RDONLY". `call` may be NULL.
 */
struct clause;
enum write_result
clause_write(struct arena *arena, const struct clause *clause,
	     const struct cg_syscall *call, const struct cg_abi *abi,
	     bool exact, const char **out);

/* An answer as an action: "errno(EACCES)"; NULL if memory ran out. */
const char *
action_write(struct arena *arena, uint32_t answer, const struct cg_abi *abi);

/* The flag of bit `index`, or NULL. */
const char *flag_name(unsigned index);

/* The place that an argument has in rules which are not exact; at least 6 if
   it has none. */
unsigned argument_place(const struct cg_syscall *call, const struct cg_abi *abi,
			unsigned argument);

/* -------------------------------------------------- text for policies -- */

/* A document of mappings and lists, as YAML or as JSON. */
struct emit {
	struct buf *out;
	bool json;
	unsigned depth;
	bool open[8];     /* something stands already, by depth */
	bool behind_dash; /* the next key stands in the line of a dash */
};

void emit_begin(struct emit *emit);
void emit_end(struct emit *emit);
void emit_text(struct emit *emit, const char *key, const char *text);
/* In quotes always: what YAML could take for a number. */
void emit_quoted(struct emit *emit, const char *key, const char *text);
void emit_true(struct emit *emit, const char *key);
/* Items in one line, as long as they fit, or a line each. */
void emit_list(struct emit *emit, const char *key, const char *const *items,
	       size_t count, bool in_line);
void emit_groups(struct emit *emit);
void emit_group(struct emit *emit);
void emit_group_end(struct emit *emit);
void emit_groups_end(struct emit *emit);

#endif
