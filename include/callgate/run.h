/*
 * callgate/run.h - run a command under a filter.
 *
 * The filter goes in after exec, before the program's first instruction, so a
 * policy describes the program and not its launcher. The command takes the
 * place of the calling process, as with exec(3): its pid, parent, terminal,
 * signals and exit status are its own, untouched. A small supervisor process
 * beside it installs the filter by ptrace, then waits for a refusal to explain
 * it, or goes away.
 */
#ifndef CALLGATE_RUN_H
#define CALLGATE_RUN_H

#include <callgate/load.h>
#include <callgate/policy.h>
#include <callgate/program.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cg_explain {
	CG_EXPLAIN_KILLS, /* report kills and traps; the supervisor stays */
	CG_EXPLAIN_ALL,   /* also each call refused with an errno */
	CG_EXPLAIN_NONE,  /* the supervisor leaves once the filter is in */
};

enum { CG_FRAMES_MAX = 32, CG_MEMORY_MAX = 288 };

/* One place on the user stack, innermost first. */
struct cg_frame {
	uint64_t address;
	char module[128]; /* the file it lies in, or "" */
	uint64_t offset;  /* in that file */
	char symbol[128]; /* or "" */
	uint64_t symbol_offset;
	char file[192]; /* source file, or "" */
	uint32_t line;
};

/* A call that the filter refused. */
struct cg_refusal {
	int32_t pid, thread;
	char command[64]; /* comm of the thread */
	struct cg_call call;
	uint32_t answer;
	size_t frame_count;
	struct cg_frame frames[CG_FRAMES_MAX];
	const char *no_symbols; /* why there are none, or NULL */
	/*
	 * What argument i points to, as text for a person, in quotes or braces:
	 * "/etc/passwd", {AF_INET 127.0.0.1:80}; "" where it is no pointer, not
	 * to a string or a socket address that the call reads, or not readable.
	 * Printable ASCII, other bytes as \xNN; "..." where it was cut. Taken
	 * when the thread stopped: another thread may have changed it before
	 * the kernel looks, so nothing may be decided by it.
	 */
	char memory[6][CG_MEMORY_MAX];
};

struct cg_run_options {
	/*
	 * What to compile for the ABI that the command turns out to have:
	 * called in the supervisor, before the program's first instruction.
	 * It may be asked once for the native ABI before anything starts, so
	 * that a bad policy runs nothing. The program is freed by the library.
	 */
	enum cg_status (*program_for)(void *context, const struct cg_abi *abi,
				      struct cg_program **out,
				      struct cg_error *err);
	/* Called in the supervisor for each refusal, the program stopped. */
	void (*refused)(void *context, const struct cg_refusal *refusal);
	/* Called in the supervisor when it must give up; nothing is run. */
	void (*failed)(void *context, const struct cg_error *err);
	void *context;
	enum cg_explain explain;
	uint32_t flags;   /* CG_FLAG_LOG and CG_FLAG_SPEC_ALLOW alone */
	bool before_exec; /* load in this process, then exec: the classic way;
			     the policy must allow execve. No explanation. */
	bool keep_privileges; /* do not set no_new_privs */
	/*
	 * Not NULL: when this moment comes, the program of `then_for` is put
	 * over the first one in every thread of the command and of what it has
	 * started, and nothing stays beside it. The moment is the name of a
	 * call that has succeeded ("listen"); "ready", a readiness
	 * notification as sd_notify(3) sends; "symbol:NAME" or
	 * "symbol:FILE:NAME", a function that is entered. Until then each
	 * call stops twice. Nothing is explained. Needs Linux 5.9.
	 */
	const char *after;
	enum cg_status (*then_for)(void *context, const struct cg_abi *abi,
				   struct cg_program **out,
				   struct cg_error *err);
	/*
	 * Not NULL: the filter has a listener, which is handed to the agent
	 * that listens at this socket, as container runtimes do; callgate watch
	 * is one. It answers what the filter leaves to a supervisor
	 * (CG_RET_USER_NOTIF). If it is not there, nothing runs; if it ends,
	 * such calls fail with ENOSYS. The filter must let the command close a
	 * descriptor. Needs Linux 5.6; not with `before_exec`, `after` or
	 * CG_EXPLAIN_ALL.
	 */
	const char *agent;
};

/*
 * Become `argv[0]` (looked up in PATH) under the filter. Returns only on
 * failure, and then nothing was run.
 *
 * Fails with CG_E_SYSTEM: err->sys_errno is ENOENT or ENOTDIR where there is
 * no such command, EACCES or ENOEXEC where it cannot be executed; or as
 * program_for and cg_load do; CG_E_UNSUPPORTED where ptrace cannot be used
 * (use `before_exec`).
 * A failure after exec, such as a kernel that refuses the filter, ends the
 * command before its first instruction, with exit status 125.
 */
CG_API CG_CHECKED enum cg_status
cg_run(const struct cg_run_options *options, char *const argv[],
       struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
