/* sys/task.h - what /proc says of a thread. */
#ifndef SYS_TASK_H
#define SYS_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task {
	char name[64];
	char state;         /* 'R', 'S', 'Z', ...; 0 if not known */
	int32_t pid;        /* of its process; 0 if not known */
	int32_t thread;     /* 0 if not known */
	int32_t tracer;     /* the process that traces it, or 0 */
	uint32_t uid, gid;  /* the real ones; UINT32_MAX if not known */
	int seccomp;        /* 0 none, 1 strict, 2 filter; -1 not known */
	int filters;        /* -1 where the kernel (before 5.9) is silent */
	int no_new_privs;   /* -1 where the kernel (before 4.10) is silent */
	uint64_t effective; /* capabilities */
	uint64_t ignored;   /* signals, the first in bit 0; all: not known */
};

/* Read the text of a status file; what it does not say is "not known". */
void task_parse(const char *status, struct task *out);

/*
 * A thread by its id; 0 is the calling one. False, and everything in `out` not
 * known, if /proc cannot be read.
 */
bool task_read(int32_t thread, struct task *out);

bool task_can_sys_admin(const struct task *task);

/* The threads of this process that /proc lists, or 0 if it cannot be read. */
size_t task_count(void);

/*
 * Call `each` for the threads of this process, until it returns false. False
 * if /proc cannot be read. Threads that end meanwhile are left out. Makes no
 * system call but openat, getdents64, read and close.
 */
bool task_each(bool (*each)(void *context, const struct task *task),
	       void *context);

/*
 * The same for the threads of another process, or, with 0, for the first
 * thread of every process; -1 and errno if /proc cannot be read, else 0.
 */
int task_each_of(int32_t process,
		 bool (*each)(void *context, const struct task *task),
		 void *context);

#endif
