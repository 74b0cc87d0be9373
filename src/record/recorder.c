#include "record/recorder.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <callgate/program.h>

#include "record/program.h"

/* The cheapest first. */
static const struct backend *const backends[] = {
	&backend_ebpf,
	&backend_filter,
	&backend_ptrace,
};
enum { BACKENDS = sizeof(backends) / sizeof(backends[0]), PATIENCE = 10 };
#define LOOK_EVERY 1000000000u /* ns */

const char *cg_backend_name(size_t index)
{
	if (index == 0)
		return "best";
	return index <= BACKENDS ? backends[index - 1]->name : NULL;
}

static const struct backend *backend_of(enum cg_backend id)
{
	for (size_t i = 0; i < BACKENDS; i++)
		if (backends[i]->id == id)
			return backends[i];
	return NULL;
}

enum cg_status cg_record_probe(enum cg_backend backend, struct cg_error *err)
{
	const struct backend *found = backend_of(backend);
	struct cg_error here = { 0 };

	if (backend == CG_BACKEND_BEST)
		return CG_OK; /* ptrace is always there to be tried */
	if (!found)
		fail_set(&here, CG_E_INPUT, "there is no such backend");
	else
		found->probe(&here);
	if (err)
		*err = here;
	return here.status;
}

/* ------------------------------------------------------------- beginning -- */

/* It was there all the time, so that nobody else has had its pid. */
static bool is_same(const struct cg_recorder *recorder, struct cg_error *err)
{
	struct pollfd fd = { .fd = recorder->target_fd, .events = POLLIN };

	return fd.fd < 0 || poll(&fd, 1, 0) == 0 ||
	       target_refused(recorder->target.pid, ESRCH, err);
}

static bool begin_with(struct cg_recorder *recorder,
		       const struct backend *backend, struct cg_error *err)
{
	recorder->backend = backend;
	*err = (struct cg_error){ 0 };
	if (recorder->target.argv && !child_fork(recorder, err))
		return false;
	if (backend->begin(recorder, err)) {
		if (recorder->child.pid ? child_exec(&recorder->child,
						     recorder->filter, err)
					: is_same(recorder, err))
			return true;
		backend->end(recorder);
	}
	child_drop(&recorder->child);
	return false;
}

/* Where one cannot be used, the next one is tried, if that was left to us. */
static bool begin(struct cg_recorder *recorder, struct cg_error *err)
{
	const struct backend *wanted = backend_of(recorder->options.backend);

	if (recorder->options.known)
		wanted = &backend_filter;
	if (wanted)
		return begin_with(recorder, wanted, err);
	for (size_t i = 0; i < BACKENDS; i++) {
		struct cg_error this;

		if (begin_with(recorder, backends[i], &this))
			return true;
		if (i == 0)
			recorder->reason = this;
		/* The first one tells what was missing; but a later one may
		   know better why this target cannot be had. */
		if (i == 0 || this.status != CG_E_UNSUPPORTED)
			*err = this;
		if (this.status != CG_E_UNSUPPORTED)
			return false;
	}
	return false;
}

static bool watch_target(struct cg_recorder *recorder, struct cg_error *err)
{
	recorder->target_fd = -1;
	if (!recorder->target.pid)
		return true;
	recorder->target_fd =
		(int)syscall(SYS_pidfd_open, recorder->target.pid, 0);
	if (recorder->target_fd < 0 && errno == ESRCH)
		return target_refused(recorder->target.pid, ESRCH, err);
	return true;
}

static bool start(struct cg_recorder *recorder, struct cg_error *err)
{
	recorder->doors = tally_doors(cg_abi_native());
	recorder->tally =
		mmap(NULL, sizeof(*recorder->tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (recorder->tally == MAP_FAILED) {
		recorder->tally = NULL;
		return fail_nomem(err);
	}
	return target_find(recorder, err) && moment_find(recorder, err) &&
	       watch_target(recorder, err) && begin(recorder, err);
}

enum cg_status cg_record_start(const struct cg_record_options *options,
			       struct cg_recorder **out, struct cg_error *err)
{
	struct cg_recorder *recorder = calloc(1, sizeof(*recorder));
	struct cg_error here = { 0 };

	if (!recorder) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else {
		recorder->options = *options;
		recorder->child.go = recorder->child.pidfd = -1;
		recorder->target_fd = -1;
		if (start(recorder, &here)) {
			recorder->knows = options->known != NULL;
			recorder->options.known = NULL;
			*out = recorder;
			return CG_OK;
		}
		recorder->backend = NULL;
		cg_record_stop(recorder);
	}
	if (err)
		*err = here;
	return here.status;
}

/* --------------------------------------------------------------- waiting -- */

static void look_at_child(struct cg_recorder *recorder)
{
	int status;

	if (recorder->ended || !recorder->child.pid)
		return;
	if (waitpid(recorder->child.pid, &status, WNOHANG) !=
	    recorder->child.pid)
		return;
	recorder->ended = true;
	recorder->status = status;
}

static bool is_over(struct cg_recorder *recorder)
{
	bool alive = recorder->backend->alive(recorder);

	look_at_child(recorder);
	if (recorder->child.pid && !recorder->ended)
		return false;
	/* A cgroup may fill again. */
	if (recorder->target.cgroup)
		return false;
	return !alive;
}

/* Poll once; what the backend has to tell is taken by asking it. */
static void wait_once(struct cg_recorder *recorder, int milliseconds)
{
	bool child_runs = recorder->child.pid && !recorder->ended;
	/* Of a backend that has ended there is nothing to wait for. */
	bool alive = recorder->backend->alive(recorder);
	struct pollfd fds[2] = {
		{ .fd = child_runs ? recorder->child.pidfd : -1,
		  .events = POLLIN },
		{ .fd = alive ? recorder->backend->fd(recorder) : -1,
		  .events = POLLIN },
	};

	if (alive && fds[1].fd < 0 && milliseconds > PATIENCE)
		milliseconds = PATIENCE;
	poll(fds, 2, milliseconds);
}

/* Now and then, for when each call was made last. */
static void look(struct cg_recorder *recorder)
{
	uint64_t now = clock_now();
	struct cg_error unwanted;

	if (now - recorder->looked < LOOK_EVERY)
		return;
	recorder->looked = now;
	/* What cannot be read now, cg_record_take() will tell of. */
	recorder->backend->refresh(recorder, &unwanted);
}

bool cg_record_wait(struct cg_recorder *recorder, int milliseconds)
{
	look(recorder);
	if (is_over(recorder))
		return true;
	wait_once(recorder, milliseconds);
	return is_over(recorder);
}

bool cg_record_ended(const struct cg_recorder *recorder, int *status)
{
	if (recorder->ended && status)
		*status = recorder->status;
	return recorder->ended;
}

enum cg_backend cg_record_backend(const struct cg_recorder *recorder)
{
	return recorder->backend->id;
}

const char *cg_record_reason(const struct cg_recorder *recorder)
{
	return recorder->reason.status != CG_OK ? recorder->reason.message
						: NULL;
}

int32_t cg_record_pid(const struct cg_recorder *recorder)
{
	return recorder->child.pid ? recorder->child.pid : recorder->target.pid;
}

/* ---------------------------------------------------------------- taking -- */

/* What this backend, and these options, did not let us see. */
static bool
note_gaps(const struct cg_recorder *recorder, struct cg_recording *out)
{
	const struct cg_record_options *options = &recorder->options;
	const struct {
		const char *gap;
		bool open;
	} rows[] = {
		{ "errors", !options->errors },
		{ "time", !options->time },
		{ "arguments", options->no_values },
		{ "start", !recorder->target.argv },
		{ "counts", recorder->knows },
		{ "calls", recorder->blind },
	};
	const char *at = recorder->backend->gaps;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].open &&
		    !recording_tag(out, LABEL_GAP, rows[i].gap, 0))
			return false;
	while (*at) {
		size_t length = strcspn(at, " ");
		char gap[32];

		if (length >= sizeof(gap))
			return false;
		memcpy(gap, at, length);
		gap[length] = '\0';
		if (!recording_tag(out, LABEL_GAP, gap, 0))
			return false;
		at += length + (at[length] == ' ');
	}
	return true;
}

static bool
describe(const struct cg_recorder *recorder, struct cg_recording *out)
{
	char program[RECORDING_LABEL_MAX];
	struct utsname names;

	if (uname(&names) == 0 &&
	    !recording_tag(out, LABEL_KERNEL, names.release, 0))
		return false;
	if (program_describe(recorder, program, sizeof(program)) &&
	    !recording_tag(out, LABEL_PROGRAM, program, 0))
		return false;
	return recording_tag(out, LABEL_BACKEND, recorder->backend->name, 0) &&
	       note_gaps(recorder, out);
}

enum cg_status cg_record_take(struct cg_recorder *recorder,
			      struct cg_recording **out, struct cg_error *err)
{
	bool phased = recorder->moment.kind != MOMENT_NONE;
	struct cg_error here = { 0 };
	struct cg_recording *taken = recording_new(0);

	if (!taken || (recorder->backend->refresh(recorder, &here) &&
		       !(tally_collect(recorder->tally, &recorder->doors,
				       phased, taken) &&
			 describe(recorder, taken))))
		fail_set(&here, CG_E_NOMEM, "out of memory");
	if (here.status == CG_OK) {
		*out = taken;
		return CG_OK;
	}
	cg_recording_free(taken);
	if (err)
		*err = here;
	return here.status;
}

void cg_record_stop(struct cg_recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->backend && recorder->backend->end)
		recorder->backend->end(recorder);
	if (recorder->child.go >= 0)
		close(recorder->child.go);
	if (recorder->child.pidfd >= 0)
		close(recorder->child.pidfd);
	if (recorder->target_fd >= 0)
		close(recorder->target_fd);
	if (recorder->tally)
		munmap(recorder->tally, sizeof(*recorder->tally));
	cg_program_free(recorder->filter);
	target_done(recorder);
	free(recorder);
}
