/*
 * callgate/policy.h - read what a person means, and ask it questions.
 *
 * A policy says which system calls a process may make: groups of calls with
 * conditions and actions; the first group that matches a call decides. The
 * language is documented in callgate-policy(5).
 */
#ifndef CALLGATE_POLICY_H
#define CALLGATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>
#include <callgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A system call as a filter sees it, in the byte order of this machine. */
struct cg_call {
	uint32_t nr;
	uint32_t arch; /* AUDIT_ARCH_* */
	uint64_t ip;
	uint64_t args[6];
};

/* Answers of a filter, as in linux/seccomp.h; the lower 16 bits are data. */
#define CG_RET_KILL_PROCESS 0x80000000u
#define CG_RET_KILL_THREAD 0x00000000u
#define CG_RET_TRAP 0x00030000u
#define CG_RET_ERRNO 0x00050000u
#define CG_RET_USER_NOTIF 0x7fc00000u
#define CG_RET_TRACE 0x7ff00000u
#define CG_RET_LOG 0x7ffc0000u
#define CG_RET_ALLOW 0x7fff0000u
#define CG_RET_ACTION 0xffff0000u
#define CG_RET_DATA 0x0000ffffu

struct cg_policy;

/*
 * Find the text of a policy that another one extends. `name` is what stands
 * after `extends:`, `from` the source that says so. On success the text goes
 * to `*text` (malloc; the library frees it) with its length and the name to
 * show in errors; on failure fill `err` and return another status.
 */
typedef enum cg_status
cg_policy_finder(void *context, const char *name, const char *from, char **text,
		 size_t *length, char source[CG_SOURCE_MAX],
		 struct cg_error *err);

struct cg_policy_options {
	const struct cg_abi *native; /* what `native` means; NULL: this build */
	size_t memory; /* bytes the policy may take at most; 0: 64 MiB */
	cg_policy_finder *finder; /* NULL: only presets can be extended */
	void *context;            /* handed to `finder` */
};

enum { CG_POLICY_TEXT_MAX = 4 << 20 }; /* bytes of one policy file */

/*
 * Read a policy.
 *
 * `text` holds `length` bytes of UTF-8, YAML or JSON; it needs no NUL at its
 * end, and may be freed or changed right after the call. `source` is the name
 * for error messages. `options` may be NULL.
 *
 * Fails with CG_E_SYNTAX, CG_E_MEANING, CG_E_ARCH or CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_policy_parse(const char *text, size_t length, const char *source,
		const struct cg_policy_options *options, struct cg_policy **out,
		struct cg_error *err);

/*
 * Read the policy in the file `path`; what it extends is looked for beside it.
 * The finder of `options` is not used. Fails as cg_policy_parse, and with
 * CG_E_SYSTEM where a file cannot be read.
 */
CG_API CG_CHECKED enum cg_status
cg_policy_open(const char *path, const struct cg_policy_options *options,
	       struct cg_policy **out, struct cg_error *err);

/* A policy that comes with the library, by name: "no-exec", "strict", ... */
CG_API CG_CHECKED enum cg_status
cg_policy_preset(const char *name, const struct cg_policy_options *options,
		 struct cg_policy **out, struct cg_error *err);

/* The presets by index from 0; NULL past the end. */
struct cg_preset {
	const char *name;
	const char *about; /* one line */
	const char *text;  /* the policy */
	size_t length;
};
CG_API const struct cg_preset *cg_preset_get(size_t index);

/* Free a policy. NULL is fine. Programs compiled from it stay valid. */
CG_API void cg_policy_free(struct cg_policy *policy);

/* What the policy, read literally, answers to a call. It must be enabled. */
CG_API uint32_t cg_policy_decide(const struct cg_policy *policy,
				 const struct cg_call *call);

/* Why a policy answers as it does. Pointers are borrowed from the policy. */
enum cg_cause {
	CG_CAUSE_RULE,    /* an entry of a group: see source, line */
	CG_CAUSE_DEFAULT, /* default_action */
	CG_CAUSE_UNKNOWN, /* a call that the policy's kernel did not have */
	CG_CAUSE_FOREIGN, /* an architecture that the policy does not cover */
};
struct cg_reason {
	uint32_t answer;
	enum cg_cause cause;
	const char *source;       /* the file, or "" */
	uint32_t line, column;    /* of the rule or of default_action; or 0 */
	const struct cg_abi *abi; /* NULL if not known */
	const struct cg_syscall *call; /* NULL if not known */
};
CG_API void
cg_policy_explain(const struct cg_policy *policy, const struct cg_call *call,
		  struct cg_reason *reason);

/* The SECCOMP_FILTER_FLAG_* bits that the policy's `flags:` ask for. */
CG_API uint32_t cg_policy_flags(const struct cg_policy *policy);

/*
 * False if the policy says `enabled: false`: then it holds nothing to compile,
 * and loading it does nothing.
 */
CG_API bool cg_policy_enabled(const struct cg_policy *policy);

/* The ABIs that the policy covers, by index from 0; NULL past the end. */
CG_API const struct cg_abi *
cg_policy_abi(const struct cg_policy *policy, size_t index);

/*
 * What may hurt, though it is allowed: by index from 0, false past the end.
 * The warning stands in `out` as an error does, with its status CG_OK.
 */
CG_API bool cg_policy_warning(const struct cg_policy *policy, size_t index,
			      struct cg_error *out);

/*
 * Read a call as a person writes it: "openat(AT_FDCWD, _, O_WRONLY)", "getpid".
 * An argument is a number, named constants joined by |, or `_` for any value;
 * those that are not written may have any value, too. Numbers that the ABI has
 * no name for are written "nr=999(1, 2)".
 *
 * `call` gets arch, nr and arguments; bit i of `*known` says that argument i
 * was given. A 32-bit argument below 0 is taken as the register holds it after
 * a C call with an int: only its low 32 bits are set.
 *
 * Fails with CG_E_MEANING or CG_E_ARCH and the column, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_call_parse(const char *text, const struct cg_abi *abi, struct cg_call *call,
	      uint32_t *known, struct cg_error *err);

/*
 * Write a call for a person: "openat(AT_FDCWD, 0x7ffd1000, O_RDONLY)", or "call
 * 999" where it has no name, with "of an unknown architecture" where the tables
 * do not know that either. Unless `memory` is NULL, what argument i points to
 * stands behind it, as `memory[i]` says; "" or NULL says nothing. Which ABI it
 * is, the caller says. Cuts at `size` and ends with NUL; `size` is above 0.
 */
CG_API void cg_call_print(const struct cg_call *call,
			  const char *const memory[6], char *out, size_t size);

/*
 * Calls worth asking about: the boundary values that the policy itself names
 * (each constant, one less, one more, each mask bit, the high word flipped),
 * mixed with others by `seed`. The same seed and index give the same call.
 */
CG_API void cg_policy_sample(const struct cg_policy *policy, uint64_t seed,
			     uint64_t index, struct cg_call *call);

#ifdef __cplusplus
}
#endif

#endif
