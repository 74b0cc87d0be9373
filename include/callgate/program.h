/*
 * callgate/program.h - compile a policy into a seccomp filter, and question it.
 *
 * A program is a policy compiled: the classic BPF instructions that the kernel
 * runs at every system call. cg_compile() proves, for every possible input,
 * that the program answers what the policy says before it hands it out.
 */
#ifndef CALLGATE_PROGRAM_H
#define CALLGATE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>
#include <callgate/error.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Laid out as the kernel's struct sock_filter (linux/filter.h). */
struct cg_insn {
	uint16_t code;
	uint8_t jt, jf; /* instructions to skip if true, if false */
	uint32_t k;
};

enum { CG_PROGRAM_MAX = 4096 }; /* instructions; BPF_MAXINSNS of the kernel */

struct cg_program;

enum cg_form {
	CG_FORM_BEST,
	CG_FORM_ELASTIC, /* the linear shape of go-seccomp-bpf, name after
			    name; for one architecture, and never better */
};

/* What a filter should be cheapest at. */
enum cg_cost {
	CG_COST_CACHED,   /* the calls that run it on kernels from 5.11 on,
			     which answer the others from their cache */
	CG_COST_UNCACHED, /* all calls, as before 5.11, on MIPS, or where
			     filters are stacked */
	CG_COST_SIZE,     /* its length */
	CG_COST_DEPTH,    /* the longest path */
	CG_COST_BALANCED, /* all calls, those that run it everywhere first: for
			     whoever does not know the kernel */
};

/* How often a call is made, against the others. */
struct cg_frequency {
	const char *name;
	uint64_t count;
};

struct cg_compile_options {
	size_t memory; /* bytes it may take at most; 0: 64 MiB */
	size_t nodes;  /* nodes of the proof at most; 0: 1 << 20 */
	enum cg_form form;
	enum cg_cost cost;
	/* What the calls of `cost` are counted by; NULL: a mix of nine usual
	   programs. Names that no ABI has are passed over. */
	const struct cg_frequency *frequencies;
	size_t frequency_count;
};

/*
 * Compile a policy for all its architectures at once, and prove the result
 * against the policy. `options` may be NULL. The same policy always gives the
 * same program, on every machine. One that is too long for the kernel is made
 * again for CG_COST_SIZE before that is an error.
 *
 * Fails with CG_E_INPUT (the policy is not enabled), CG_E_TOOLONG (the message
 * has the count), CG_E_NOMEM, CG_E_UNDECIDED, or CG_E_PROOF, which is a bug of
 * Callgate: please report it.
 */
CG_API CG_CHECKED enum cg_status
cg_compile(const struct cg_policy *policy,
	   const struct cg_compile_options *options, struct cg_program **out,
	   struct cg_error *err);

/*
 * As cg_compile(), for those who must hand out a filter that no kernel takes:
 * the instructions alone, however many. malloc'ed, `*count` of them in `*out`.
 */
CG_API CG_CHECKED enum cg_status
cg_compile_insns(const struct cg_policy *policy,
		 const struct cg_compile_options *options, struct cg_insn **out,
		 size_t *count, struct cg_error *err);

/*
 * Elasticsearch's "no new processes" filter, byte for byte: its ten
 * instructions for x86_64 or aarch64. Errno EACCES answers fork, vfork, execve
 * and execveat, where the ABI has them.
 *
 * Fails with CG_E_ARCH for any other ABI, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_program_no_exec(const struct cg_abi *abi, struct cg_program **out,
		   struct cg_error *err);

/*
 * Take over instructions made elsewhere, in the byte order `big_endian` of the
 * kernel they are for. They pass the kernel's own checks, or the call fails
 * with CG_E_PROGRAM naming the instruction; CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_program_from_insns(const struct cg_insn *insns, size_t count,
		      bool big_endian, struct cg_program **out,
		      struct cg_error *err);

/*
 * Read a program as bytes: an array of struct sock_filter, 8 bytes an
 * instruction, as `bwrap --seccomp FD` takes it. `big_endian` says in which
 * order. Fails as cg_program_from_insns, or with CG_E_INPUT on a bad length.
 */
CG_API CG_CHECKED enum cg_status
cg_program_from_bytes(const void *bytes, size_t length, bool big_endian,
		      struct cg_program **out, struct cg_error *err);

/* Free a program. NULL is fine. */
CG_API void cg_program_free(struct cg_program *program);

/* The instructions, borrowed; `*count` of them, from 1 to CG_PROGRAM_MAX. */
CG_API const struct cg_insn *
cg_program_insns(const struct cg_program *program, size_t *count);

/* Whether the program is for a kernel of big-endian byte order. */
CG_API bool cg_program_big_endian(const struct cg_program *program);

/*
 * What the kernel would answer to `call`: CG_RET_* in the upper 16 bits, its
 * data in the lower. Cannot fail: each path of a program ends in a return.
 * If `steps` is not NULL, the number of instructions executed goes there.
 */
CG_API uint32_t cg_program_decide(const struct cg_program *program,
				  const struct cg_call *call, size_t *steps);

/*
 * The instructions that are executed for `call`, by index, in order. `path`
 * has room for as many as the program has; returns how many there are.
 */
CG_API size_t cg_program_path(const struct cg_program *program,
			      const struct cg_call *call,
			      uint16_t path[CG_PROGRAM_MAX]);

/*
 * Whether the kernel (5.11 and newer) would answer this number on `abi` from
 * its action cache, without running the program at all.
 */
CG_API bool cg_program_cached(const struct cg_program *program,
			      const struct cg_abi *abi, uint32_t nr);

/*
 * How long the program becomes when the kernel converts it to its internal
 * instructions; a process may hold 32768 of these, 4 more for each filter.
 */
CG_API size_t cg_program_converted_length(const struct cg_program *program);

/*
 * Write the program as text, a line an instruction, with the names of the
 * calls and constants that it compares. The text is the caller's: free().
 * NULL if memory ran out.
 */
CG_API CG_CHECKED char *cg_program_listing(const struct cg_program *program);

/*
 * Write the way that `call` takes through the program: the lines of the listing
 * that are executed, each test with its outcome, and names for what is known of
 * this call. A long row of tests that all fail is cut. free() it, too.
 */
CG_API CG_CHECKED char *
cg_program_trace(const struct cg_program *program, const struct cg_call *call);

/* The same as assembly text that an assembler reads back; free() it. */
CG_API CG_CHECKED char *cg_program_assembly(const struct cg_program *program);

/* Write an answer for a person: "errno(EACCES)", "allow"; see arch.h on size */
CG_API void cg_answer_print(uint32_t answer, const struct cg_abi *abi,
			    char *out, size_t size);

/* The name of an answer's action alone: "errno"; NULL if no kernel knows it. */
CG_API const char *cg_answer_action(uint32_t answer);

#ifdef __cplusplus
}
#endif

#endif
