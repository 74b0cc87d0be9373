/*
 * format/oci_write.h - a policy as a profile: what all writers of the OCI
 * family have in common.
 */
#ifndef FORMAT_OCI_WRITE_H
#define FORMAT_OCI_WRITE_H

#include "format/profile.h"
#include "format/write.h"

/* Rules that differ in nothing but the name. */
struct spelled {
	const char **names; /* sorted */
	size_t count, room;
	uint32_t answer;
	const struct profile_test *tests;
	size_t test_count;
};

/* A profile, ready to be printed. */
struct spelling {
	uint32_t answer; /* where no rule matches */
	const struct cg_abi *const *abis;
	size_t abi_count;
	bool unlisted; /* the native one alone, and not named */
	uint32_t flags;
	bool notifies; /* an agent is asked */
	struct spelled *rules;
	size_t count, room;
};

/*
 * Find the profile that makes the writing's host do what the policy says. What
 * none can say goes through writing_lossy().
 */
bool oci_spell(struct writing *writing, struct spelling *out);

/* The same for formats whose default can have no errno but EPERM. */
bool oci_spell_eperm(struct writing *writing, struct spelling *out);

/* Where an agent listens, until somebody writes the right place. */
#define OCI_LISTENER "/run/seccomp-agent.sock"

/* The profile as JSON, each line behind `indent`. */
void oci_print(struct buf *out, const struct spelling *spelling,
	       const char *indent, bool errno_names);

/* The same as an object of the Security Profiles Operator. */
void oci_print_spo(struct buf *out, const struct spelling *spelling,
		   const char *name);

/* Words of the format; NULL past the end. */
const char *oci_action_word(uint32_t answer);
bool oci_action_has_errno(uint32_t answer);
const char *oci_compare_word(enum profile_compare compare);
const char *oci_flag_word(unsigned index, uint32_t *bit);

/* The writers; their rows stand beside the readers. */
bool oci_write(struct writing *writing);
bool containers_write(struct writing *writing);
bool spo_write(struct writing *writing);
bool kubernetes_write(struct writing *writing);

#endif
