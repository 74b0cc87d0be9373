#include "sys/kernel.h"
#include "sys/trial.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	I386_GETPID = 20,
	X32_GETPID = 0x40000000 | 39,
	URETPROBE = 335,
	REFUSED = 77, /* an errno that no call answers by itself */
	PASSED = 1,
	STOPPED = 0,
};

/*
 * The child only makes plain system calls: another thread may hold any lock
 * of libc. Its status, or -1.
 */
static int trial(int (*question)(void))
{
	long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
	int status;
	pid_t got;

	if (child < 0)
		return -1;
	if (child == 0) {
		/* Dying of the wrong call is an answer: leave no core file. */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		syscall(SYS_exit_group, question());
	}
	do
		got = waitpid((pid_t)child, &status, __WALL);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -1 : status;
}

static int ask_i386(void)
{
	long got;

	__asm__ volatile("int $0x80"
			 : "=a"(got)
			 : "0"((long)I386_GETPID)
			 : "memory", "r8", "r9", "r10", "r11");
	return got > 0 ? PASSED : STOPPED;
}

static int ask_x32(void)
{
	return syscall(X32_GETPID) > 0 ? PASSED : STOPPED;
}

static int ask_uretprobe(void)
{
	struct sock_filter refuse[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, URETPROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, CG_RET_ERRNO | REFUSED),
		BPF_STMT(BPF_RET | BPF_K, CG_RET_ALLOW),
	};
	struct sock_fprog program = { 4, refuse };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    kernel_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return REFUSED + 1;
	return syscall(URETPROBE) == -1 && errno == REFUSED ? STOPPED : PASSED;
}

static bool passed(int status)
{
	return status != -1 && WIFEXITED(status) &&
	       WEXITSTATUS(status) == PASSED;
}

bool trial_i386(void)
{
	return passed(trial(ask_i386));
}

bool trial_x32(void)
{
	return passed(trial(ask_x32));
}

int trial_uretprobe(void)
{
	int status = trial(ask_uretprobe);

	/* Called by anybody but its trampoline, it answers with SIGILL. */
	if (status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
		return 1;
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) > PASSED)
		return -1;
	return WEXITSTATUS(status) == PASSED;
}
