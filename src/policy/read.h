/* policy/read.h - from text to a policy: what its readers share. */
#ifndef POLICY_READ_H
#define POLICY_READ_H

#include "base/buf.h"
#include "doc/doc.h"
#include "policy/model.h"

/* What the reader of one policy, and of those that it extends, works with. */
struct read {
	struct cg_policy *policy;
	struct arena *arena; /* the policy's */
	struct cg_error *err;
	const struct cg_policy_options *options;
	const struct cg_abi *native;
	const char *source;            /* of the text being read */
	const char *open[EXTENDS_MAX]; /* sources being extended */
	size_t depth;
	bool changes; /* it may change what is registered: no policy alone */
	bool exact;   /* what the text being read says for its groups */
	/* Unknown names are collected, so that all are told at once. */
	char unknown[CG_MESSAGE_MAX];
	size_t unknown_count;
	struct place unknown_place;
	struct reading *reading; /* group.c's own, used again for each group */
};

/*
 * Read the text of a policy into `read->policy`, which must be all zeros but
 * for its arena. Fails as cg_policy_parse.
 */
bool policy_read(struct read *read, const char *text, size_t length,
		 const char *source);

/* Read one group of `syscalls:` and add it to the policy. */
bool group_read(struct read *read, const struct node *node);

/* Read one condition of names_with_args. */
bool condition_read(struct read *read, const struct node *node,
		    struct condition *out);

/* A number or a range of them, "451" or "470..0x3fffffff", in `numbers:`. */
bool numbers_read(struct read *read, const struct node *node,
		  struct entry *out);

/* The number of a rule for one without a name: "nr=451(1)" gives "451". */
bool number_name_read(const char *name, struct place place, uint32_t *out,
		      struct cg_error *err);

/* Refuse a number that stands in a group twice, or both with and without
   conditions. */
bool numbers_check(struct read *read, const struct group *group);

/* The ABI that a scalar names; `native` is one. */
bool abi_read(struct read *read, const struct node *node,
	      const struct cg_abi **out);

/* true or false. */
bool switch_read(struct read *read, const struct node *node, bool *out);

/* A warning for cg_policy_warning(); false only if memory ran out. */
__attribute__((format(printf, 3, 4))) bool
warn_at(struct read *read, struct place place, const char *format, ...);

/* The same, with the name of the check of lint that it belongs to. */
__attribute__((format(printf, 4, 5))) bool
warn_as(struct read *read, const char *check, struct place place,
	const char *format, ...);

/* The text of a scalar, or a failure that says what `what` should be. */
bool node_text(struct read *read, const struct node *node, const char *what,
	       const char **out);

/* A key of a mapping, and what reads its value. */
struct key {
	const char *name;
	bool (*read)(struct read *read, const struct node *value,
		     void *context);
};

/*
 * Hand each value of a mapping to the reader of its key. A key in no row is an
 * error with "did you mean". `what` names the mapping: "a group".
 */
bool keys_read(struct read *read, const struct node *mapping, const char *what,
	       const struct key *keys, void *context);

/* The settings of one text, before they meet those of what it extends. */
struct settings {
	const struct node *errno_node, *data_node, *extends, *groups;
	bool has_default, has_foreign, has_unknown, exact;
};

extern const struct key settings_keys[]; /* their context: struct settings */

#endif
