/*
 * callgate/watch.h - violations of seccomp filters, as they happen.
 *
 * The kernel tells audit of calls that a filter killed for, logged, or refused
 * while it was loaded with SECCOMP_FILTER_FLAG_LOG. Such a record becomes a
 * cg_violation here, whether it comes from the kernel itself or from a file,
 * and a violation becomes an event: a line for a person, or JSON for whoever
 * collects them.
 */
#ifndef CALLGATE_WATCH_H
#define CALLGATE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>
#include <callgate/error.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a number is that was not there, or that nobody set. */
#define CG_UNSET UINT32_MAX

/* Who can see violations. */
#define CG_SOURCE_AUDIT 1u /* the kernel's own records */
#define CG_SOURCE_EBPF 2u  /* calls and signals, judged by the filters */
#define CG_SOURCE_AGENT 4u /* container runtimes ask us about calls */

/* A process that one descends from. */
struct cg_ancestor {
	uint32_t pid;
	const char *name;         /* at most 15 bytes long, or NULL */
	const char *command_line; /* the start of it, or NULL */
};

/* One violation. Texts are borrowed from it; NULL where nothing is known. */
struct cg_violation {
	uint64_t time;   /* nanoseconds since 1970; 0: not known */
	uint64_t serial; /* audit's number of the event; 0: not known */
	uint32_t pid;    /* of the process, in the first pid namespace */
	uint32_t uid, gid;
	uint32_t login_uid, session; /* who logged in, and in which session */
	/* The call. An arch of 0 says that it is not known; then nr is not. */
	uint32_t arch, nr;
	uint64_t ip;
	bool has_ip, has_compat, compat;
	/* CG_RET_*, without its data, which no record has. */
	uint32_t verdict;
	bool has_verdict;
	/* SIGSYS where the call was killed for, else 0; CG_UNSET: not known. */
	uint32_t signal;
	const char *name;       /* of the thread, at most 15 bytes long */
	const char *executable; /* as the process's own mounts show it */
	const char *label;      /* of a security module: its subj= */
	/* Of the process, where it could still be asked. */
	uint32_t parent; /* 0: not known */
	const char *command_line;
	const char *working_directory;
	const char *container; /* its id, from the cgroup */
	const char *unit;      /* of systemd */
	/* What no record of audit has. */
	uint32_t thread; /* in the first pid namespace, or CG_UNSET */
	uint32_t data;   /* of the verdict: its lower 16 bits */
	bool has_data, has_args;
	uint64_t args[6];
	bool continued;  /* an agent had the call carried out all the same */
	uint32_t error;  /* the errno that the caller got; 0: not known */
	const char *pod; /* the uid of a Kubernetes pod */
	const struct cg_ancestor *ancestors; /* the parent comes first */
	size_t ancestor_count;
	/* Where the program made the call, a line a frame, the innermost
	   first: "bind+0x7 in /lib/libc.so.6+0x11d2f7"; 0 where the source
	   has no stack or there was no time for names. */
	const char *const *stack;
	size_t stack_count;
	uint32_t sources; /* CG_SOURCE_*: who saw it; 0: it is from a log */
	/* What an argument pointed to, as text: "/etc/passwd" in quotes,
	   {AF_INET 127.0.0.1:80}; NULL where it was not looked at. */
	const char *memory[6];
	/* The filter that decided: its SHA-256, its place among the
	   `filter_count` filters of the thread (0 is the oldest), and the
	   return instruction that was reached in it. NULL: not known. */
	const char *filter;
	uint32_t filter_index, filter_count, filter_instruction;
	bool filter_logs; /* it was loaded with SECCOMP_FILTER_FLAG_LOG */
	/* What this filter has for the call: "errno(EPERM) to socket(family ==
	   AF_ALG)"; NULL where that was not found in time. */
	const char *rule;
	/* How many violations this one stands for, and when the first and the
	   last of them were; 0: at `time`. */
	uint64_t count, first, last;
	/* The name of the machine: its own, or node= in a log; NULL there if
	   that does not say. */
	const char *host;
};

enum { CG_RECORD_MAX = 1 << 16 }; /* bytes of one record */

/*
 * Read a record of audit: a line of audit.log (raw or enriched), of dmesg or
 * the journal, or the text of a netlink message. `*out` becomes NULL where the
 * line is of something else. Bytes that are no UTF-8, and control characters,
 * stay in the texts: the events below escape them.
 *
 * Free the violation with cg_violation_free(). Fails with CG_E_INPUT where the
 * record is damaged or too long, and then has the column; CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_violation_parse(const char *line, size_t length, struct cg_violation **out,
		   struct cg_error *err);

/* NULL is fine. */
CG_API void cg_violation_free(struct cg_violation *violation);

/*
 * 32 hexadecimal digits: the same violation has the same id, whoever saw it and
 * whenever it is read again.
 */
#define CG_VIOLATION_ID 33
CG_API void cg_violation_id(const struct cg_violation *violation,
			    char out[CG_VIOLATION_ID]);

/* Which shape an event has. */
enum cg_event_shape {
	CG_EVENT_LINE, /* for a person */
	CG_EVENT_ECS,  /* the Elastic Common Schema 8, on one line */
	/* Field for field what Auditbeat sends, with its event.action
	   violated-seccomp-policy. */
	CG_EVENT_AUDITBEAT,
	/* The same as Auditbeat sent it before 7.0: event.type is seccomp. */
	CG_EVENT_AUDITBEAT_OLD,
};

/*
 * Write a violation as an event, without a newline at its end; free() the text.
 * NULL if memory ran out.
 */
CG_API CG_CHECKED char *cg_violation_event(const struct cg_violation *violation,
					   enum cg_event_shape shape);

/*
 * Violations as they happen. There are three sources; what several see is one
 * violation, with what each knows of it.
 *
 * Audit: the kernel's multicast group. No daemon is needed, audit is not
 * switched on, and nothing waits for this reader: a record that it is too slow
 * for is lost, and counted. Needs CAP_AUDIT_READ in the first user namespace.
 * eBPF: sees what audit is not told of, too: calls refused with an errno, and
 * with them arguments, stacks, and the filter itself. Needs CAP_BPF and
 * CAP_PERFMON in the first user namespace, Linux 5.17, x86_64.
 * Agent: container runtimes hand over listeners of filters whose answer is
 * "notify", at the socket that a profile names as listenerPath. Each such call
 * is answered, once cg_watch_next() is asked, and is a violation. Needs the
 * right to trace the container for what arguments point to, and is there for
 * runtimes of root and of the caller's own user.
 */
struct cg_watch;

struct cg_watch_options {
	size_t buffer; /* bytes of the kernel's queue for us; 0: 16 MiB */
	/* Ask /proc about each process: command line, parent, container, unit.
	   It may be gone by then. */
	bool ask;
	uint32_t sources; /* CG_SOURCE_*, all needed; 0 with no `wishes`: audit
			   */
	uint32_t wishes;  /* those that are used if they can be had */
	/* Of the agent: the socket's path, and what calls are answered with:
	   an errno (0: EPERM), or nothing, so that they are carried out. */
	const char *agent;
	int agent_errno;
	bool agent_continue;
};

/*
 * Begin to listen. `options` may be NULL. Fails with CG_E_SYSTEM (EPERM: a
 * privilege is missing), CG_E_UNSUPPORTED (a kernel that lacks it, or none of
 * the wishes can be had: then it is the first one's reason), CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_watch_open(const struct cg_watch_options *options, struct cg_watch **out,
	      struct cg_error *err);

/* The sources that are listened to, CG_SOURCE_*. */
CG_API uint32_t cg_watch_sources(const struct cg_watch *watch);

/* Why a source that was wished for is left out, borrowed; NULL: it is not. */
CG_API const char *
cg_watch_left_out(const struct cg_watch *watch, uint32_t source);

/* A descriptor to poll for input; it stays the watch's own. */
CG_API int cg_watch_fd(const struct cg_watch *watch);

/*
 * The next violation that is there already; `*out` becomes NULL where none is.
 * Free it with cg_violation_free(). Fails with CG_E_SYSTEM, CG_E_NOMEM, and
 * with CG_E_INPUT for a record that cannot be read, or a container runtime that
 * is not served: then go on.
 */
CG_API CG_CHECKED enum cg_status
cg_watch_next(struct cg_watch *watch, struct cg_violation **out,
	      struct cg_error *err);

/*
 * See nothing that happens from now on. What happened before is still handed
 * out by cg_watch_next(), until cg_watch_is_over(): that takes some 60 ms, and
 * as long as the caller takes for what is queued.
 */
CG_API void cg_watch_stop(struct cg_watch *watch);
CG_API bool cg_watch_is_over(const struct cg_watch *watch);

/* What came so far, and what did not. */
struct cg_watch_tally {
	uint64_t records;    /* of any type */
	uint64_t violations; /* handed out */
	uint64_t damaged;    /* that could not be read */
	uint64_t overruns;   /* times when the queue was full */
	uint64_t missed;     /* records that it had no room for: lost. Before
				Linux 4.12: serials that never came, as far as
				later ones did */
	uint64_t unseen;     /* calls that eBPF had no room to send: lost */
	uint64_t unjudged;   /* failures whose filters could not be read */
	uint64_t united;     /* seen by two sources, and told as one */
	uint64_t late;       /* by the second only after it was told */
};
CG_API void
cg_watch_counts(const struct cg_watch *watch, struct cg_watch_tally *out);

/* NULL is fine. */
CG_API void cg_watch_close(struct cg_watch *watch);

/*
 * What these sources (CG_SOURCE_*) would not see if this process listened now:
 * `each` is called once for every blind spot, with one sentence of what is and
 * of what would help. It asks the kernel, by trials, and changes nothing. Fails
 * with CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_watch_blind_spots(uint32_t sources,
		     void (*each)(void *context, const char *spot),
		     void *context, struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
