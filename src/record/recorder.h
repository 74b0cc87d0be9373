/*
 * record/recorder.h - a recording that is being made.
 *
 * A backend sees the calls; all the rest is the same for each of them: the
 * command, what it is waited for, the tally.
 */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include <callgate/record.h>

#include <sys/types.h>

#include "base/fail.h"
#include "record/tally.h"

/* What to record, once it is known what that is. */
struct target {
	char *const *argv; /* a command, or NULL */
	pid_t pid;         /* a process, or 0 */
	char *cgroup;      /* a directory, or NULL */
	char *namespace;   /* "pid:[4026532000]": all in there; or NULL */
	bool by_mount;     /* a container without a pid namespace */
};

/* The moment between start-up and service. */
enum moment_kind {
	MOMENT_NONE,
	MOMENT_CALL,
	MOMENT_READY,
	MOMENT_SYMBOL,
};
struct moment {
	enum moment_kind kind;
	const struct cg_syscall *call;
	char *file;         /* of a symbol, or NULL: the command's own */
	const char *symbol; /* lies in `file`'s text, or the option's */
};

/* The command, between fork and exec. */
struct child {
	pid_t pid;
	int pidfd;
	int go; /* to it: a struct word to go on */
};

struct backend;
struct cg_program;

struct cg_recorder {
	struct cg_record_options options;
	const struct backend *backend;
	struct tally_doors doors;
	struct target target;
	struct moment moment;
	struct child child;     /* pid 0: none */
	int target_fd;          /* a pidfd of what is recorded, or -1 */
	struct cg_error reason; /* why not the first backend */
	uint64_t looked;        /* when the tally was brought up to date */
	bool knows;             /* what was known before is not counted */
	bool blind;             /* who saw the calls has ended too early */
	bool ended;             /* the command has, with `status` */
	int status;
	struct tally *tally; /* shared with a process that traces */
	void *own;           /* the backend's */
	struct cg_program
		*filter; /* that the command is to be under, or NULL */
	char **argv;     /* made by us, or NULL */
};

struct backend {
	const char *name;
	enum cg_backend id;
	/* What it cannot see, words with blanks between: tags of a gap. */
	const char *gaps;
	bool (*probe)(struct cg_error *err);
	/*
	 * Begin. A command waits before its exec, and goes on when this is
	 * done. On failure nothing is left behind.
	 */
	bool (*begin)(struct cg_recorder *recorder, struct cg_error *err);
	/* Bring the tally up to date. */
	bool (*refresh)(struct cg_recorder *recorder, struct cg_error *err);
	/* Whether anybody is left to be recorded. */
	bool (*alive)(struct cg_recorder *recorder);
	void (*end)(struct cg_recorder *recorder);
	/* Readable when refresh() should not wait, and when alive() may have
	   changed; -1: there is none. */
	int (*fd)(struct cg_recorder *recorder);
};

extern const struct backend backend_ebpf, backend_filter, backend_ptrace;

/* Fork the command's process, which waits for the orders below. */
bool child_fork(struct cg_recorder *recorder, struct cg_error *err);
/* Let `tracer` trace it (0: nobody), and return when that is so. */
bool child_allow(const struct child *child, pid_t tracer, struct cg_error *err);
/* Go on, under this filter or NULL, until it is executed. */
bool child_exec(struct child *child, const struct cg_program *filter,
		struct cg_error *err);
/* Kill it before exec, and forget it. */
void child_drop(struct child *child);

/* Find out what the options mean; the strings are the recorder's. */
bool target_find(struct cg_recorder *recorder, struct cg_error *err);
void target_done(struct cg_recorder *recorder);
bool moment_find(struct cg_recorder *recorder, struct cg_error *err);

/* The file of the program that is recorded, to be freed; NULL if unknown. */
char *target_file(const struct cg_recorder *recorder);

/* Why a process cannot be reached: gone, not ours, traced. */
bool target_refused(pid_t pid, int number, struct cg_error *err);

/* For each thread of a target that is there now, until it returns false. */
bool target_threads(const struct target *target,
		    bool (*each)(void *context, pid_t thread), void *context,
		    struct cg_error *err);

/* When a process was started, in ticks since boot; 0 if it is not there. */
uint64_t target_started(pid_t process);

/* Whether no thread of a process is left that goes on. */
bool target_is_over(pid_t process);

/* Whether a thread has ended, or is about to. */
bool target_is_ending(pid_t thread);

/* The process that traces a thread; 0: none, -1: the thread has ended. */
pid_t target_tracer(pid_t thread);

/* The inode of one of this process's namespaces, 0 if not known. */
uint64_t own_namespace(const char *name);

/* The cgroup of a directory as the kernel knows it. */
bool cgroup_identify(const char *path, uint64_t *id, int *hierarchy,
		     struct cg_error *err);

/* Nanoseconds since 1970; those at which the machine was started. */
uint64_t clock_now(void);
uint64_t clock_booted(void);

#endif
