/*
 * format/oci_say.h - how one call is said in a profile.
 */
#ifndef FORMAT_OCI_SAY_H
#define FORMAT_OCI_SAY_H

#include "format/oci_write.h"
#include "format/shape.h"

/* Each longer, or less like what was written, than the one before. */
enum way {
	UNSAID,
	DIRECT, /* the policy's own rules, word for word */
	PLAIN,  /* one answer; or runs of values of one argument */
	CUBES,  /* whatever it is, as masked equalities */
	LOST,   /* not at all: the strictest of its answers */
};

struct said {
	const struct cg_syscall *call;
	struct node name;
	const struct node *names[1];
	enum way way;
	struct profile_rule *rules;
	size_t count;
};

/* A profile that is being found. */
struct spell {
	struct writing *writing;
	struct arena *arena;
	struct cg_error *err;
	struct shapes shapes;
	struct said *said;
	size_t count;
	uint32_t answer; /* the profile's default */
	const struct cg_abi *abis[PROFILE_ABIS_MAX];
	size_t abi_count;
	bool only_eperm; /* what else is no default that can be written */
	bool unlisted;   /* no architectures: the native one alone */
	dd built;        /* what the profile means as it stands */
};

/* What `whole` does with a call on an ABI; false if the ABI lacks it. */
bool shape_on(const struct spell *spell, dd whole,
	      const struct cg_syscall *call, const struct cg_abi *abi, dd *out);

/* What is wanted on the first ABI that has a call, 64-bit ones first. */
bool first_shape(const struct spell *spell, const struct cg_syscall *call,
		 dd *out);

/* Refusing is 0, asking somebody 1, letting through 2. */
int permission(uint32_t answer);

/*
 * Say a call in its way, or in the next one that can say it. Fails only where
 * memory runs out.
 */
bool say(struct spell *spell, struct said *said);

#endif
