/*
 * format/profile.h - a container profile, resolved for its host.
 *
 * This is what is left when an engine has looked at its conditions, and what
 * an OCI runtime makes a filter of: names, tests, answers. profile_filter()
 * does as that would with the host's libseccomp.
 */
#ifndef FORMAT_PROFILE_H
#define FORMAT_PROFILE_H

#include "format/read.h"

enum profile_compare {
	PROFILE_NE,
	PROFILE_LT,
	PROFILE_LE,
	PROFILE_EQ,
	PROFILE_GE,
	PROFILE_GT,
	PROFILE_MASKED_EQ, /* (argument & value) == value_two */
};

struct profile_test {
	struct place place;
	uint32_t argument; /* 0..5 */
	enum profile_compare compare;
	uint64_t value, value_two;
};

struct profile_rule {
	struct place place;
	const struct node *const *names; /* scalars */
	size_t name_count;
	uint32_t answer;
	const struct profile_test *tests;
	size_t count;
};

enum { PROFILE_ABIS_MAX = 24 };

struct profile {
	struct place place; /* of the default action */
	uint32_t answer;    /* where no rule matches */
	bool lists_native;  /* ... among the architectures */
	/* Numbers as a Kubernetes resource has them: signed, errno 0 none. */
	bool resource;
	const struct cg_abi *abis[PROFILE_ABIS_MAX]; /* native not included */
	size_t abi_count;
	uint32_t flags;
	struct profile_rule *rules;
	size_t rule_count, rule_room;
	const struct node *refused; /* the name that libseccomp refused */
};

/* Make the reading's rules of a profile. */
bool profile_filter(struct reading *reading, struct profile *profile);

/* Whether the host's libseccomp has a name for a call. */
bool profile_knows(const struct host *host, const struct cg_syscall *call);

/*
 * One row a SCMP_ARCH_ name: what libseccomp, and those above it, call an ABI.
 */
struct profile_arch {
	const char *scmp; /* "SCMP_ARCH_X86_64" */
	const char *abi;  /* "x86_64" */
	const char *word; /* "amd64": in includes and excludes */
	const char *go;   /* runtime.GOARCH, or NULL: never a native one */
	bool everywhere;  /* runc has it as well as crun */
	bool podman_maps; /* Podman's archMap is looked at on such a host */
};

/* By its SCMP_ name, or by ABI; NULL if there is none. */
const struct profile_arch *profile_arch_named(const char *scmp);
const struct profile_arch *profile_arch_of(const struct cg_abi *abi);
const struct profile_arch *profile_arch_at(size_t index);

#endif
