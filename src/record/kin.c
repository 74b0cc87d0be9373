#include "record/kin.h"

/*
 * One that a program ends with, others come with signals, and whether a thread
 * has to wait for another is a matter of luck: a recording may lack them by
 * chance.
 */
const char *const kin_needs[] = {
	"exit_group",      "rt_sigreturn", "sigreturn", "exit",
	"restart_syscall", "futex",        NULL,
};

const char *const kin_optional[] = {
	"clone3",     "close_range", "copy_file_range", "epoll_pwait2",
	"faccessat2", "fchmodat2",   "futex_waitv",     "io_uring_setup",
	"mseal",      "openat2",     "preadv2",         "process_madvise",
	"pwritev2",   "renameat2",   "statx",           NULL,
};

/*
 * What libc and its likes choose between for one and the same request. Calls
 * that can do more than their kin (clone3, which hides its flags; execveat) are
 * not here.
 */
static const struct family families[] = {
	/* Who waits for locks yields when there is much to wait for; a runtime
	   with stacks for signals sends them to threads that take long. */
	{ { "futex", "sched_yield" } },
	{ { "sigaltstack", "tgkill" } },
	{ { "openat", "open", "openat2", "creat" } },
	{ { "newfstatat", "fstat", "stat", "lstat", "statx", "fstatat64",
	    "fstat64" } },
	{ { "poll", "ppoll" } },
	{ { "select", "pselect6", "_newselect" } },
	{ { "epoll_wait", "epoll_pwait", "epoll_pwait2" } },
	{ { "access", "faccessat", "faccessat2" } },
	{ { "getdents64", "getdents" } },
	{ { "dup2", "dup3", "dup" } },
	{ { "pipe2", "pipe" } },
	{ { "accept4", "accept" } },
	{ { "clock_nanosleep", "nanosleep" } },
	{ { "readlink", "readlinkat" } },
	{ { "unlink", "unlinkat", "rmdir" } },
	{ { "mkdir", "mkdirat" } },
	{ { "rename", "renameat", "renameat2" } },
	{ { "chmod", "fchmodat", "fchmod" } },
	{ { "chown", "fchownat", "lchown", "fchown" } },
	{ { "symlink", "symlinkat" } },
	{ { "link", "linkat" } },
	{ { "utimensat", "utimes", "utime", "futimesat" } },
	{ { "pread64", "preadv", "preadv2" } },
	{ { "pwrite64", "pwritev", "pwritev2" } },
	{ { "eventfd2", "eventfd" } },
	{ { "signalfd4", "signalfd" } },
	{ { "epoll_create1", "epoll_create" } },
	{ { "inotify_init1", "inotify_init" } },
	{ { "fork", "vfork" } },
	{ { "prlimit64", "getrlimit", "setrlimit", "ugetrlimit" } },
	{ { "sendfile", "sendfile64" } },
	{ { "wait4", "waitid", "waitpid" } },
};

const struct family *kin_get(size_t index)
{
	return index < sizeof(families) / sizeof(families[0]) ? &families[index]
							      : NULL;
}
