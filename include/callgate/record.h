/*
 * callgate/record.h - which system calls a program makes.
 *
 * A recorder watches a command, a process, a cgroup or a container and counts
 * its calls. What it saw is a recording: it can be written, read again, joined
 * with others, compared, printed as the table of `strace -c`, and made into a
 * policy. The format is told of in callgate-recording(5).
 */
#ifndef CALLGATE_RECORD_H
#define CALLGATE_RECORD_H

#include <callgate/arch.h>
#include <callgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------- recordings -- */

struct cg_recording;

/* When in the life of the program a call was made. */
enum cg_phase {
	CG_PHASE_ALL,     /* the recording knows no moment between phases */
	CG_PHASE_START,   /* before the moment */
	CG_PHASE_SERVICE, /* after it */
	CG_PHASE_RUNTIME, /* by the container's runtime, after it had loaded
			     the filter and before it started the payload */
	CG_PHASES,
};

struct cg_recorded_value {
	uint64_t value; /* as many bits as the kernel looks at */
	uint64_t count;
};

struct cg_recorded_error {
	uint32_t number; /* errno */
	uint64_t count;
};

/* One call of a recording; pointers are borrowed from it. */
struct cg_recorded {
	enum cg_phase phase;
	const struct cg_abi *abi;
	uint32_t nr;                   /* as seccomp_data.nr shows it */
	const struct cg_syscall *call; /* NULL: the number has no name */
	uint64_t count;
	uint64_t errors;      /* of these, how many failed */
	uint64_t time;        /* ns spent in it; 0 where it was not measured */
	uint64_t first, last; /* ns since 1970; 0: not known */
	const struct cg_recorded_error *error_list; /* sorted by number */
	size_t error_count;
	struct {
		const struct cg_recorded_value *list; /* sorted by value */
		size_t count;
		uint64_t other; /* calls whose value found no room */
	} values[6];
	const char *stack; /* lines, the innermost frame first; or NULL */
};

struct cg_recording_options {
	/* What a log that does not say it is about; NULL: this build's. */
	const struct cg_abi *native;
	size_t memory; /* bytes it may take at most; 0: 64 MiB */
};

/*
 * Read a recording: Callgate's own, the output of strace (`-c` tables and full
 * traces, also with -f, of 64-bit and 32-bit programs), or audit records. Which
 * of them it is, the text tells. `options` may be NULL.
 *
 * Fails with CG_E_SYNTAX, CG_E_MEANING, CG_E_ARCH or CG_E_NOMEM; CG_E_INPUT
 * where the text is none of them.
 */
CG_API CG_CHECKED enum cg_status
cg_recording_parse(const char *text, size_t length, const char *source,
		   const struct cg_recording_options *options,
		   struct cg_recording **out, struct cg_error *err);

/*
 * Whether a text looks like something that cg_recording_parse() reads: a
 * policy does not.
 */
CG_API bool cg_recording_sniff(const char *text, size_t length);

/* The same of the file `path`, up to 64 MiB; and CG_E_SYSTEM. */
CG_API CG_CHECKED enum cg_status
cg_recording_open(const char *path, const struct cg_recording_options *options,
		  struct cg_recording **out, struct cg_error *err);

/* Free a recording. NULL is fine. */
CG_API void cg_recording_free(struct cg_recording *recording);

/*
 * Join `from` to `into`: the union of the calls, errors and values, the sums of
 * the counts. In which order recordings are joined makes no difference. Of more
 * than 64 values of one argument the smallest stay, the others are counted.
 * On CG_E_NOMEM `into` is fit for cg_recording_free() alone.
 */
CG_API CG_CHECKED enum cg_status
cg_recording_join(struct cg_recording *into, const struct cg_recording *from,
		  struct cg_error *err);

/* The calls by phase, ABI and number, from 0; false past the end. */
CG_API bool cg_recording_get(const struct cg_recording *recording, size_t index,
			     struct cg_recorded *out);

/* What is said of a recording as a whole: sets of words, by index from 0. */
enum cg_recording_word {
	CG_WORD_PROGRAM, /* "/usr/bin/app", or with its build-id behind it */
	CG_WORD_KERNEL,
	CG_WORD_BACKEND,
	CG_WORD_GAP,  /* what was not seen; see callgate-recording(5) */
	CG_WORD_LOST, /* what was seen and lost: counted */
};
/* NULL past the end. `count`, if not NULL, gets how much of it was lost. */
CG_API const char *
cg_recording_word(const struct cg_recording *recording,
		  enum cg_recording_word kind, size_t index, uint64_t *count);

/* As text of Callgate's format; free() it. NULL if memory ran out. */
CG_API CG_CHECKED char *cg_recording_text(const struct cg_recording *recording);

/*
 * The table of `strace -c`: the same columns, order and total, a table for each
 * ABI, and for each phase if there are several. free() it. NULL if memory ran
 * out.
 */
CG_API CG_CHECKED char *
cg_recording_table(const struct cg_recording *recording);

/* What a recording is made into. */
struct cg_recording_draft {
	/* Bit 1 << phase for each phase to allow; 0: all but RUNTIME. */
	uint32_t phases;
	/*
	 * How many calls may be allowed that were not seen, in per cent of
	 * those that were: calls that every program ends with, then others
	 * that do the same as one that was seen.
	 */
	uint32_t slack;
	bool no_arguments; /* allow calls whatever their arguments */
};

/*
 * A policy, as text, that allows what was seen: by arguments where their values
 * are few and all known, refusing the rest with EPERM, and with ENOSYS what the
 * kernel of the recording did not have. It was read back, and answers allow to
 * all of the recording. free() it. `options` may be NULL: a slack of 20.
 *
 * Fails with CG_E_INPUT (nothing was recorded in these phases), CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_recording_policy(const struct cg_recording *recording,
		    const struct cg_recording_draft *options, char **out,
		    struct cg_error *err);

/* What differs from a baseline. */
struct cg_recording_change {
	bool gone; /* the baseline has it, the other has not; else it is new */
	const struct cg_abi *abi;
	uint32_t nr;
	const struct cg_syscall *call; /* NULL: the number has no name */
	int argument;   /* the call is in both, this argument's value not; -1 */
	uint64_t value; /* which value */
};

/*
 * Call `each` for what is in one of them only; phases do not count. Values of
 * arguments are compared where both know all of them.
 */
CG_API void
cg_recording_compare(const struct cg_recording *baseline,
		     const struct cg_recording *recording,
		     void (*each)(void *context,
				  const struct cg_recording_change *change),
		     void *context);

/* -------------------------------------------------------- recorders -- */

/* How the calls are seen. The order is that of cg_backend_name(). */
enum cg_backend {
	CG_BACKEND_BEST,   /* the cheapest one that can be used here */
	CG_BACKEND_EBPF,   /* counted in the kernel; needs privilege */
	CG_BACKEND_FILTER, /* a filter asks a tracer: one stop a call */
	CG_BACKEND_PTRACE, /* two stops a call; can attach */
};

/* "best", "ebpf", "filter", "ptrace"; NULL past the end. */
CG_API const char *cg_backend_name(size_t index);

struct cg_record_options {
	enum cg_backend backend;

	/* What to record: one of these. */
	char *const *argv;  /* a command, found in PATH; ends with NULL */
	int32_t pid;        /* a process, and what it starts from now on */
	const char *cgroup; /* the directory of a cgroup, and all below it */
	const char *unit;   /* a systemd unit: the cgroup of that name */
	/*
	 * A container of runc or crun: the name of one that runs, or the
	 * directory of a bundle, which is then started.
	 */
	const char *container;
	const char *runtime; /* that starts it; NULL: the first of both */

	/*
	 * `argv` starts containers: what runs in a pid namespace of its own is
	 * recorded, from its exec on.
	 */
	bool in_container;
	bool with_runtime; /* also the runtime, from its filter to that exec */

	bool errors;    /* count errors, too */
	bool time;      /* measure the time in each call */
	bool no_values; /* do not keep values of arguments */
	bool stacks;    /* keep the stack of the first call of each kind */

	/*
	 * The moment that ends start-up: the name of a call, once it has
	 * succeeded ("listen"); "ready", a readiness notification as
	 * sd_notify(3) sends; "symbol:NAME" or "symbol:FILE:NAME", a function
	 * that is entered. NULL: no phases.
	 */
	const char *after;

	/*
	 * For CG_BACKEND_FILTER: calls that were recorded before run freely,
	 * and are not counted. Borrowed until cg_record_start() returns.
	 */
	const struct cg_recording *known;
};

struct cg_recorder;

/* Whether a backend can be used here; CG_OK, or why not. */
CG_API CG_CHECKED enum cg_status
cg_record_probe(enum cg_backend backend, struct cg_error *err);

/*
 * Begin to record. A command is started as a child of this process; it is for
 * the caller to leave signals that reach both alone. Its calls are counted
 * from its first instruction on, as a filter would see them that is loaded by
 * cg_run(). Nothing is stopped to attach to it but with CG_BACKEND_PTRACE.
 *
 * Whatever becomes of the recorder, what it records goes on. With
 * CG_BACKEND_FILTER there is a process beside that has to live as long as the
 * command; it is not a child that wait(2) without a pid would find.
 *
 * Fails with CG_E_SYSTEM as cg_run() does, or for a process that is gone or
 * not ours, a cgroup that does not exist; CG_E_UNSUPPORTED where the backend
 * cannot be used or not for this; CG_E_INPUT, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_record_start(const struct cg_record_options *options,
		struct cg_recorder **out, struct cg_error *err);

/*
 * Wait until nothing is left to record, at most so long. Returns true once
 * that is so; signals end the wait, too.
 */
CG_API bool cg_record_wait(struct cg_recorder *recorder, int milliseconds);

/* What was seen so far; the caller's. Fails with CG_E_SYSTEM, CG_E_NOMEM. */
CG_API CG_CHECKED enum cg_status
cg_record_take(struct cg_recorder *recorder, struct cg_recording **out,
	       struct cg_error *err);

/* The backend that was chosen. */
CG_API enum cg_backend cg_record_backend(const struct cg_recorder *recorder);

/*
 * Why a cheaper backend was not chosen, where it was left to the recorder; NULL
 * if the cheapest one was. Borrowed.
 */
CG_API const char *cg_record_reason(const struct cg_recorder *recorder);

/* The process of the command, or of the process recorded; 0 for others. */
CG_API int32_t cg_record_pid(const struct cg_recorder *recorder);

/* Whether the command has ended, with which status as of wait(2). */
CG_API bool cg_record_ended(const struct cg_recorder *recorder, int *status);

/* Let go of everything, and free the recorder. NULL is fine. */
CG_API void cg_record_stop(struct cg_recorder *recorder);

#ifdef __cplusplus
}
#endif

#endif
