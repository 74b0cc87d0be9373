/*
 * What this kernel, container and privilege allow. Nothing here is loaded into
 * the calling process, and each question is one that an innocent program might
 * ask: GET_ACTION_AVAIL, or a filter at NULL.
 */
#include "sys/kernel.h"
#include "sys/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "sys/file.h"

/* Strongest first, as the kernel weighs them. */
static const struct {
	const char *name;
	uint32_t answer, since;
} actions[] = {
	{ "kill_process", CG_RET_KILL_PROCESS, CG_KERNEL(4, 14) },
	{ "kill_thread", CG_RET_KILL_THREAD, CG_KERNEL(3, 5) },
	{ "trap", CG_RET_TRAP, CG_KERNEL(3, 5) },
	{ "errno", CG_RET_ERRNO, CG_KERNEL(3, 5) },
	{ "user_notif", CG_RET_USER_NOTIF, CG_KERNEL(5, 0) },
	{ "trace", CG_RET_TRACE, CG_KERNEL(3, 5) },
	{ "log", CG_RET_LOG, CG_KERNEL(4, 14) },
	{ "allow", CG_RET_ALLOW, CG_KERNEL(3, 5) },
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

const char *cg_action_name(size_t index)
{
	return index < ACTIONS ? actions[index].name : NULL;
}

/*
 * GET_ACTION_AVAIL came with 4.14, so before that each action that filters
 * were born with is there if filters are.
 */
static void probe_actions(struct cg_features *features, const struct task *self)
{
	for (size_t i = 0; i < ACTIONS; i++) {
		uint32_t answer = actions[i].answer;
		long got = kernel_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &answer);
		int number = got == 0 ? 0 : errno;

		features->actions[i] =
			kernel_support(number, CG_KERNEL(4, 14), self);
		if (number == EOPNOTSUPP)
			features->actions[i] = CG_NO;
		else if (features->actions[i] == CG_NO &&
			 actions[i].since < CG_KERNEL(4, 14))
			features->actions[i] = features->prctl;
	}
}

static void probe_flags(struct cg_features *features, const struct task *self)
{
	for (size_t i = 0; i < KERNEL_FLAGS; i++) {
		uint32_t flags = kernel_flags[i].bit;

		if (flags == CG_FLAG_WAIT_KILLABLE_RECV)
			flags |= CG_FLAG_NEW_LISTENER;
		if (flags == CG_FLAG_TSYNC_ESRCH)
			flags |= CG_FLAG_TSYNC;
		features->flags[i] = kernel_support(
			kernel_ask_flags(flags), kernel_flags[i].since, self);
	}
}

static void probe_calls(struct cg_features *features, const struct task *self)
{
	int number = kernel_ask_flags(0), got;

	features->syscall = kernel_support(number, CG_KERNEL(3, 17), self);
	got = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0);
	number = got == 0 ? ECANCELED : errno == EFAULT ? 0 : errno;
	features->prctl = kernel_support(number, CG_KERNEL(3, 5), self);
	got = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	features->no_new_privs =
		kernel_support(got < 0 ? errno : 0, CG_KERNEL(3, 5), self);
	features->has_no_new_privs = got == 1;
}

static void probe_sizes(struct cg_features *features)
{
	struct seccomp_notif_sizes sizes = { 0 };

	if (kernel_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		return;
	features->notif_size = sizes.seccomp_notif;
	features->notif_resp_size = sizes.seccomp_notif_resp;
	features->data_size = sizes.seccomp_data;
}

static void read_line(const char *path, char *out, size_t size)
{
	if (file_peek(AT_FDCWD, path, out, size) < 0)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void probe_text(struct cg_features *features)
{
	struct utsname name;

	if (uname(&name) == 0) {
		snprintf(features->release, sizeof(features->release), "%.64s",
			 name.release);
		snprintf(features->machine, sizeof(features->machine), "%.64s",
			 name.machine);
	}
	read_line("/proc/sys/kernel/seccomp/actions_avail",
		  features->actions_avail, sizeof(features->actions_avail));
	read_line("/proc/sys/kernel/seccomp/actions_logged",
		  features->actions_logged, sizeof(features->actions_logged));
}

void cg_probe(struct cg_features *features)
{
	struct task self;

	*features = (struct cg_features){ 0 };
	if (!task_read(0, &self))
		self.seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	features->mode = self.seccomp > 0 ? self.seccomp : 0;
	features->filters = self.filters;
	features->can_sys_admin = task_can_sys_admin(&self);
	probe_calls(features, &self);
	probe_actions(features, &self);
	probe_flags(features, &self);
	probe_sizes(features);
	probe_text(features);
	features->i386_works = trial_i386();
	features->x32_works = trial_x32();
	features->uretprobe_passes = trial_uretprobe();
}
