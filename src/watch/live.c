/* The watch: its sources, what they tell as one, and one descriptor for all. */
#include <callgate/watch.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "watch/around.h"
#include "watch/cgroup.h"
#include "watch/joint.h"
#include "watch/source.h"
#include "watch/stacks.h"

enum { TURN = 64 /* violations of one source, before another has its turn */ };

#define SECOND UINT64_C(1000000000)
#define HOLD (30 * UINT64_C(1000000)) /* ns for another source to tell */
#define GRACE HOLD /* ns for what is on its way to us within the kernel */

struct cg_watch {
	uint32_t sources;
	bool ask;
	int all; /* epoll of the sources' descriptors, and the timer's */
	int timer;
	struct audit *audit;
	struct ebpf *ebpf;
	struct agent *agent;
	struct joint *joint;
	struct around_cache *around;
	struct stacks *stacks;
	struct cg_error left_out[JOINT_SOURCES]; /* CG_OK: it is not */
	uint64_t due;                            /* what the timer is set to */
	uint64_t stopped, end;                   /* by our clock; since 1970 */
	uint64_t heard; /* when audit last told of what was before the end */
	bool quiet;     /* no source hears of anything new */
	bool over;      /* and all was handed out */
	uint64_t violations;
	char host[256]; /* the machine's name; "": it has none */
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* ------------------------------------------------------------- opening -- */

static bool
open_audit(struct cg_watch *watch, const struct cg_watch_options *options,
	   struct cg_error *err)
{
	return audit_open(options->buffer, &watch->audit, err);
}

static bool
open_ebpf(struct cg_watch *watch, const struct cg_watch_options *options,
	  struct cg_error *err)
{
	return ebpf_open(options->buffer, &watch->ebpf, err);
}

static bool
open_agent(struct cg_watch *watch, const struct cg_watch_options *options,
	   struct cg_error *err)
{
	int number = options->agent_continue ? 0
		     : options->agent_errno  ? options->agent_errno
					     : EPERM;

	if (number < 0 || number > 4095)
		return fail(err, CG_E_INPUT, "%d is no errno: 1 to 4095 are",
			    number);
	return agent_open(options->agent, number, &watch->agent, err);
}

/* By bit of CG_SOURCE_*. */
static const struct {
	bool (*open)(struct cg_watch *watch,
		     const struct cg_watch_options *options,
		     struct cg_error *err);
} rows[] = { { open_audit }, { open_ebpf }, { open_agent } };

enum { SOURCES = sizeof(rows) / sizeof(rows[0]) };

static bool
open_sources(struct cg_watch *watch, const struct cg_watch_options *options,
	     struct cg_error *err)
{
	const struct cg_error *first = NULL;

	for (size_t i = 0; i < SOURCES; i++) {
		const uint32_t source = 1u << i;

		if (!((options->sources | options->wishes) & source))
			continue;
		if (rows[i].open(watch, options, &watch->left_out[i])) {
			watch->sources |= source;
			continue;
		}
		if (!first)
			first = &watch->left_out[i];
		if (options->sources & source) {
			*err = watch->left_out[i];
			return false;
		}
	}
	if (watch->sources)
		return true;
	if (first)
		*err = *first;
	return first ? failed()
		     : fail(err, CG_E_INPUT, "no source is asked for");
}

static bool poll_for(struct cg_watch *watch, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(watch->all, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static bool prepare(struct cg_watch *watch, struct cg_error *err)
{
	watch->all = epoll_create1(EPOLL_CLOEXEC);
	watch->timer =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->all < 0 || watch->timer < 0 ||
	    !poll_for(watch, watch->timer) ||
	    (watch->audit && !poll_for(watch, audit_fd(watch->audit))) ||
	    (watch->ebpf && !poll_for(watch, ebpf_fd(watch->ebpf))) ||
	    (watch->agent && !poll_for(watch, agent_fd(watch->agent))))
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot wait for events");
	watch->joint = joint_new(watch->sources, HOLD);
	if (watch->ask) {
		watch->around = around_cache_new();
		watch->stacks = stacks_new();
	}
	return (watch->joint &&
		((watch->around && watch->stacks) || !watch->ask)) ||
	       fail_nomem(err);
}

enum cg_status cg_watch_open(const struct cg_watch_options *options,
			     struct cg_watch **out, struct cg_error *err)
{
	struct cg_watch_options wanted = { 0 };
	struct cg_watch *watch = calloc(1, sizeof(*watch));
	struct cg_error here = { 0 };
	bool ok = false;

	if (options)
		wanted = *options;
	if (!wanted.sources && !wanted.wishes)
		wanted.sources = CG_SOURCE_AUDIT;
	if (!watch) {
		fail_set(&here, CG_E_NOMEM, "out of memory");
	} else {
		watch->all = watch->timer = -1;
		if (gethostname(watch->host, sizeof(watch->host) - 1) != 0)
			watch->host[0] = '\0';
		watch->ask = wanted.ask;
		ok = open_sources(watch, &wanted, &here) &&
		     prepare(watch, &here);
	}
	if (ok)
		*out = watch;
	else
		cg_watch_close(watch);
	return fail_status(ok, &here, err);
}

void cg_watch_close(struct cg_watch *watch)
{
	if (!watch)
		return;
	agent_close(watch->agent);
	ebpf_close(watch->ebpf);
	audit_close(watch->audit);
	joint_free(watch->joint);
	around_cache_free(watch->around);
	stacks_free(watch->stacks);
	if (watch->timer >= 0)
		close(watch->timer);
	if (watch->all >= 0)
		close(watch->all);
	free(watch);
}

int cg_watch_fd(const struct cg_watch *watch)
{
	return watch->all;
}

uint32_t cg_watch_sources(const struct cg_watch *watch)
{
	return watch->sources;
}

const char *cg_watch_left_out(const struct cg_watch *watch, uint32_t source)
{
	for (size_t i = 0; i < SOURCES; i++)
		if (source == 1u << i && watch->left_out[i].status != CG_OK)
			return watch->left_out[i].message;
	return NULL;
}

void cg_watch_counts(const struct cg_watch *watch, struct cg_watch_tally *out)
{
	*out = (struct cg_watch_tally){ 0 };
	if (watch->audit)
		audit_counts(watch->audit, out);
	if (watch->ebpf)
		ebpf_counts(watch->ebpf, out);
	joint_counts(watch->joint, out);
	out->violations = watch->violations;
}

/* ---------------------------------------------------------------- next -- */

static void take_in(struct cg_watch *watch, struct violation *violation)
{
	uint64_t now = clock_now();

	if (watch->ask) {
		around_ask(watch->around, violation, now);
		stacks_name(watch->stacks, violation, now);
	}
	if (!violation->about.container && violation->group)
		violation->about.container =
			cgroup_container(&violation->arena, violation->group);
	joint_put(watch->joint, violation, now);
}

/* What audit has; `*more`: not all of it. */
static bool pull_audit(struct cg_watch *watch, bool *more, struct cg_error *err)
{
	struct violation *violation;

	for (size_t i = 0; i < TURN; i++) {
		if (!audit_next(watch->audit, &violation, err))
			return false;
		if (!violation) {
			joint_empty(watch->joint, CG_SOURCE_AUDIT, clock_now());
			return true;
		}
		/* Audit goes on for the records that were on their way. */
		if (watch->stopped && violation->about.time > watch->end) {
			violation_free(violation);
		} else {
			watch->heard = clock_now();
			take_in(watch, violation);
		}
	}
	*more = true;
	return true;
}

static bool pull_ebpf(struct cg_watch *watch, bool *more, struct cg_error *err)
{
	for (size_t i = 0; i < TURN; i++) {
		struct violation *violation = NULL;
		bool again = false;

		if (!ebpf_next(watch->ebpf, &violation, &again, err))
			return false;
		if (violation)
			take_in(watch, violation);
		if (!again) {
			joint_empty(watch->joint, CG_SOURCE_EBPF, clock_now());
			return true;
		}
	}
	*more = true;
	return true;
}

/* Nobody waits for us longer than it takes to ask /proc about it. A call that
   comes behind the end has no answer, and fails once the watch is closed. */
static bool pull_agent(struct cg_watch *watch, bool *more, struct cg_error *err)
{
	if (watch->quiet)
		joint_empty(watch->joint, CG_SOURCE_AGENT, clock_now());
	for (size_t i = 0; i < TURN && !watch->quiet; i++) {
		struct violation *violation = NULL;
		bool ok = agent_next(watch->agent, &violation, err);

		if (violation) {
			take_in(watch, violation);
			agent_answer(watch->agent);
		}
		if (!ok)
			return false;
		if (!violation) {
			joint_empty(watch->joint, CG_SOURCE_AGENT, clock_now());
			return true;
		}
	}
	*more = !watch->quiet;
	return true;
}

/* The kernel hands records on one by one: while those from before the end
   still come, more may be on their way. */
static uint64_t quiet_at(const struct cg_watch *watch)
{
	const uint64_t last =
		watch->heard > watch->stopped ? watch->heard : watch->stopped;

	return last + GRACE;
}

/* The first moment when there may be something to do although nothing came. */
static uint64_t next_due(const struct cg_watch *watch)
{
	uint64_t due = joint_due(watch->joint), quiet = quiet_at(watch);

	if (!watch->stopped || watch->quiet)
		return due;
	return due && due < quiet ? due : quiet;
}

/* Wake the caller when one that waits has waited long enough. */
static void set_timer(struct cg_watch *watch)
{
	struct itimerspec at = { 0 };
	uint64_t due = next_due(watch), expired;

	(void)!read(watch->timer, &expired, sizeof(expired));
	if (due == watch->due && due > clock_now())
		return;
	at.it_value.tv_sec = (time_t)(due / SECOND);
	at.it_value.tv_nsec = (long)(due % SECOND);
	timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &at, NULL);
	watch->due = due;
}

void cg_watch_stop(struct cg_watch *watch)
{
	if (watch->stopped)
		return;
	watch->stopped = clock_now();
	watch->end = read_clock(CLOCK_REALTIME);
	if (watch->ebpf)
		ebpf_stop(watch->ebpf);
	set_timer(watch);
}

bool cg_watch_is_over(const struct cg_watch *watch)
{
	return watch->over;
}

static void fall_quiet(struct cg_watch *watch)
{
	if (!watch->stopped || watch->quiet || clock_now() < quiet_at(watch))
		return;
	if (watch->audit)
		audit_stop(watch->audit);
	watch->quiet = true;
}

static bool
next(struct cg_watch *watch, struct violation **out, struct cg_error *err)
{
	bool more = true;

	fall_quiet(watch);
	for (;;) {
		*out = joint_take(watch->joint, clock_now());
		if (*out || !more)
			break;
		more = false;
		if ((watch->agent && !pull_agent(watch, &more, err)) ||
		    (watch->audit && !pull_audit(watch, &more, err)) ||
		    (watch->ebpf && !pull_ebpf(watch, &more, err)))
			return false;
	}
	if (*out)
		return true;
	watch->over = watch->quiet && !joint_due(watch->joint);
	set_timer(watch);
	return true;
}

enum cg_status cg_watch_next(struct cg_watch *watch, struct cg_violation **out,
			     struct cg_error *err)
{
	struct violation *found = NULL;
	struct cg_error here = { 0 };
	bool ok = next(watch, &found, &here);

	if (found && watch->host[0])
		found->about.host = arena_text(&found->arena, watch->host,
					       strlen(watch->host));
	if (ok)
		*out = found ? &found->about : NULL;
	watch->violations += found != NULL;
	return fail_status(ok, &here, err);
}
