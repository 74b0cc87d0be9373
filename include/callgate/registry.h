/*
 * callgate/registry.h - one policy for a program of many parts.
 *
 * Each part of a program says what it needs, by calls, groups, a preset or a
 * policy, and who it is. The registry joins that into one policy, knows who
 * asked for what, lets the user's configuration change it in so many words, and
 * puts it into force. What it promises of policies (that one covers another,
 * that two are the same) is proved for all calls, not read off texts.
 */
#ifndef CALLGATE_REGISTRY_H
#define CALLGATE_REGISTRY_H

#include <callgate/error.h>
#include <callgate/load.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with each policy that is added: threads that share one lock it. */
struct cg_registry;

/* A registry without a policy. NULL if memory ran out. */
CG_API CG_CHECKED struct cg_registry *cg_registry_new(void);

/* Free a registry and the policies that it keeps. NULL is fine. */
CG_API void cg_registry_free(struct cg_registry *registry);

/* ------------------------------------------------- what the parts need -- */

/*
 * A part needs these calls: names, @groups, and rules such as
 * "socket(AF_UNIX)"; the rest of its policy is `default_action: errno`. `who`
 * names the part; it and the names are copied.
 *
 * Fails as cg_policy_parse (err->source is `who`), and with CG_E_INPUT for
 * no `who` and for no name.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_need(struct cg_registry *registry, const char *who,
		 const char *const names[], size_t count, struct cg_error *err);

/* The same with the names as arguments: cg_need(r, &err, "http", "bind"). */
#ifndef __cplusplus
#define cg_need(registry, err, who, ...)                                      \
	cg_registry_need(registry, who, (const char *const[]){ __VA_ARGS__ }, \
			 sizeof((const char *const[]){ __VA_ARGS__ }) /       \
				 sizeof(const char *),                        \
			 err)
#endif

/* A part needs what a preset allows. Fails as cg_policy_preset, as above. */
CG_API CG_CHECKED enum cg_status
cg_registry_need_preset(struct cg_registry *registry, const char *who,
			const char *preset, struct cg_error *err);

/*
 * A part needs what a policy allows. On CG_OK the policy is the registry's, and
 * the caller must not use or free it; on any other status it is the caller's.
 *
 * Fails with CG_E_INPUT for no policy, for no `who`, for a policy that is not
 * enabled or is made of numbers (rules.h).
 */
CG_API CG_CHECKED enum cg_status
cg_registry_need_policy(struct cg_registry *registry, const char *who,
			struct cg_policy *policy, struct cg_error *err);

/*
 * The program is never to make these calls, whoever needs them. As
 * cg_registry_need.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_refuse(struct cg_registry *registry, const char *who,
		   const char *const names[], size_t count,
		   struct cg_error *err);

/*
 * Register the one policy of the whole program. Another one, or the same from
 * somebody else, may not differ in its answer to any call.
 *
 * On CG_OK the policy is the registry's, and the caller must not use or free
 * it: the first one is kept; one that answers every call as the kept one does
 * is freed, and the kept one stays, with its `flags:` (they do not count), its
 * lines and who registered it. Adding the kept object itself changes nothing.
 *
 * On any other status the policy is still the caller's, to be freed by
 * cg_policy_free(), and the registry is as it was. Fails with CG_E_INPUT for no
 * policy, for no `who`, for a policy that is not enabled, and for one that
 * differs from the kept one, with a call on which they do; and where the two
 * cannot be compared, as cg_compare: CG_E_INPUT, CG_E_UNDECIDED, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_add(struct cg_registry *registry, const char *who,
		struct cg_policy *policy, struct cg_error *err);

/*
 * The policy that cg_registry_add() keeps, or NULL if none was registered yet;
 * borrowed from the registry. If `who` is not NULL, who registered it goes
 * there, or NULL; borrowed, too.
 */
CG_API const struct cg_policy *
cg_registry_policy(const struct cg_registry *registry, const char **who);

/* ------------------------------------------------------------ the user -- */

/*
 * Take the user's configuration: a policy's text whose key `registered:` says
 * how it changes what the parts have registered.
 *
 *	extend     its groups come first; they may only let more through
 *	restrict   its groups come first; they may only let less through
 *	replace    it is the policy, and what the parts need does not count
 *
 * `enabled: false` switches all off; without a group or a default_action, and
 * without the key, nothing changes. A later configuration takes the place of an
 * earlier one. Whether an extension only extends is proved when joining.
 *
 * Fails as cg_policy_parse, and with CG_E_MEANING where there is something to
 * say, and the key is missing.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_configure(struct cg_registry *registry, const char *text,
		      size_t length, const char *source, struct cg_error *err);

/* The same from a file; fails with CG_E_SYSTEM where it cannot be read. */
CG_API CG_CHECKED enum cg_status
cg_registry_configure_file(struct cg_registry *registry, const char *path,
			   struct cg_error *err);

/* False if the user has switched the registry off. */
CG_API bool cg_registry_enabled(const struct cg_registry *registry);

/* ------------------------------------------------------- the one policy -- */

/*
 * Join what was registered into one policy, borrowed from the registry until
 * that changes. A call that any part may make may be made; the answers to the
 * others are those of the first policy that was registered as a whole, or
 * errno. Groups that refuse come behind those that only permit.
 *
 * Fails with CG_E_INPUT where no part has registered anything, where policies
 * differ in a setting (default_action, architectures, foreign, kernel,
 * unknown), where one part's groups refuse what another one needs, and where
 * the user's extension refuses or restriction allows: each with a call and who;
 * or as cg_compare and cg_compile do.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_join(struct cg_registry *registry, const struct cg_policy **out,
		 struct cg_error *err);

/*
 * Who asked for a call: the parts whose policies let it through, by index from
 * 0; NULL past the end. Borrowed.
 */
CG_API const char *cg_registry_who(const struct cg_registry *registry,
				   const struct cg_call *call, size_t index);

/* ------------------------------------------------------------ into force -- */

/* What came of an installation: a value that a caller must look at. */
enum cg_install_result {
	CG_INSTALLED,           /* in force, in every thread */
	CG_INSTALL_OFF,         /* the user has switched it off */
	CG_INSTALL_UNAVAILABLE, /* this kernel has no such filters */
	CG_INSTALL_REFUSED,     /* an outer filter, or lack of privilege */
	CG_INSTALL_FAILED,      /* anything else */
};

struct cg_install_options {
	const char *name; /* of the policy, for the attestation; NULL: "" */
	/*
	 * Return CG_OK where the kernel cannot or may not load the filter, too;
	 * `result` says so. A policy that is wrong is an error all the same.
	 */
	bool best_effort;
	bool must_be_on; /* `enabled: false` is an error: CG_E_INPUT */
	const struct cg_load_options *load; /* or NULL */
};

enum { CG_SHA256_TEXT = 65 };

/* Plain data, nothing to free but what `loaded.listener` says. */
struct cg_install {
	enum cg_install_result result;
	const char *step;         /* "join", "compile" or "load"; constant */
	struct cg_error error;    /* why, if not installed; else CG_OK */
	struct cg_loaded loaded;  /* if installed */
	char name[CG_SOURCE_MAX]; /* as in the options */
	/* Of the program's bytes, as `callgate compile` writes them. */
	char sha256[CG_SHA256_TEXT];
	uint32_t instructions;
	uint32_t flags; /* CG_FLAG_*, those of the policy included */
};

/*
 * Join, compile, prove and load. `*out` is filled whatever happens; it may be
 * NULL, and then no listener stays open. `options` may be NULL: then everything
 * but CG_INSTALLED and CG_INSTALL_OFF is an error.
 *
 * Fails as cg_registry_join, cg_compile and cg_load do.
 */
CG_API CG_CHECKED enum cg_status
cg_registry_install(struct cg_registry *registry,
		    const struct cg_install_options *options,
		    struct cg_install *out, struct cg_error *err);

/* "installed", "off", "unavailable", "refused", "failed". */
CG_API const char *cg_install_text(enum cg_install_result result);

/*
 * One line of JSON that attests what is in force: event, policy, sha256,
 * instructions, flags, threads, verified, no_new_privs_set. It is the caller's:
 * free().
 * NULL if nothing is installed, for there is nothing to attest then, or if
 * memory ran out.
 */
CG_API CG_CHECKED char *
cg_install_attestation(const struct cg_install *install);

/* -------------------------------------------------------- lists of calls -- */

/* What is found in a list of calls. `context` goes to both. */
struct cg_list_reader {
	void (*name)(void *context, const char *name);
	/* The ABI has no such call; what it may have meant, or NULL. */
	void (*left_out)(void *context, uint32_t line, const char *name,
			 const char *suggestion);
	void *context;
};

/*
 * Read a file of names and @groups, separated by white space, commas or
 * semicolons; # begins a comment. The allow and block files of Elastic's
 * profiler are such files. They serve many architectures: a name for which
 * `abi` has no call is left out, and told of.
 *
 * Fails with CG_E_SYSTEM, CG_E_INPUT or CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_list_open(const char *path, const struct cg_abi *abi,
	     const struct cg_list_reader *reader, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
