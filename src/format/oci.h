/*
 * format/oci.h - a profile out of the keys that all of the OCI family share.
 */
#ifndef FORMAT_OCI_H
#define FORMAT_OCI_H

#include "format/profile.h"

/* One key of a mapping, and who looks at it. */
struct oci_key {
	const char *name;
	size_t field;   /* offset of the const struct node * that it fills */
	unsigned trait; /* who has it; 0: everybody */
	bool remark;    /* nothing is lost where it is passed over */
};

/*
 * Sort the values of a mapping by their keys. A key that the host's engine
 * does not look at is a warning; one in other letters' case is an error, as
 * runtimes disagree about it. `what` names the mapping: "a rule".
 */
bool oci_keys(struct reading *reading, const struct node *mapping,
	      const char *what, const struct oci_key *keys, void *fields);

/* Whether the reading is for somebody who reads profiles, and is of one. */
bool oci_can_read(struct reading *reading);

/* Read one profile in JSON. */
bool oci_read(struct reading *reading, const struct cg_source *source);

/* What stands at the top of a profile. */
struct oci_top {
	const struct node *action, *errno_ret, *errno_name;
	const struct node *architectures, *arch_map, *flags;
	const struct node *listener, *metadata, *syscalls;
};
extern const struct oci_key oci_top_keys[];

/* Fill a profile, all zeros but `resource`, with what stands in a mapping. */
bool oci_profile(struct reading *reading, const struct node *mapping,
		 const struct oci_top *top, struct profile *out);

/* Add the rules of `syscalls` to a profile, conditions resolved. */
bool oci_rules(struct reading *reading, const struct node *syscalls,
	       struct profile *out);

/* An action's word with its errno; NULL nodes: not written. */
struct oci_action {
	const struct node *action, *errno_ret, *errno_name;
	bool resource; /* as struct profile's */
};
bool oci_answer(struct reading *reading, const struct oci_action *action,
		uint32_t *out);

/*
 * Whether a rule counts on this host: `includes` and `excludes` ask for
 * capabilities, architectures and kernels.
 */
bool oci_applies(struct reading *reading, const struct node *includes,
		 const struct node *excludes, bool *out);

#endif
