/* Options of callgate watch, and when a run is over. */
#include "watcher/session.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "watcher/sources.h"

const struct option watch_options[] = {
	{ 'f', "format", "line|ecs|auditbeat|auditbeat6", OPTION_TEXT,
	  offsetof(struct fields, format),
	  "what to write for each violation (default: line)" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the same as --format ecs: JSON, one object a line" },
	{ 0, "source", "NAME,...", OPTION_TEXT,
	  offsetof(struct fields, sources),
	  "who is to see violations: audit, ebpf, agent:SOCKET (default: "
	  "the first two, as far as they can)" },
	{ 0, "queue", "BYTES", OPTION_TEXT, offsetof(struct fields, queue),
	  "of memory for what the kernel tells, for each source (default: "
	  "16777216)" },
	{ 0, "agent-answer", "errno[=NAME]|continue", OPTION_TEXT,
	  offsetof(struct fields, answer),
	  "what calls left to the agent get (default: errno=EPERM)" },
	{ 'n', "count", "NUMBER", OPTION_TEXT, offsetof(struct fields, count),
	  "stop after so many violations" },
	{ 's', "seconds", "NUMBER", OPTION_TEXT,
	  offsetof(struct fields, seconds), "stop after so many seconds" },
	{ 0, "fold", "SECONDS", OPTION_TEXT, offsetof(struct fields, window),
	  "tell the same violation once, then how often it followed" },
	{ 0, "no-proc", NULL, OPTION_FLAG, offsetof(struct fields, no_ask),
	  "do not ask /proc for parents, containers and units" },
	{ 0, "store", "FILE", OPTION_TEXT, offsetof(struct fields, store),
	  "keep violations in this database; it is made if need be" },
	{ 0, "query", NULL, OPTION_FLAG, offsetof(struct fields, query),
	  "tell what is in the store; operands are words of a filter" },
	{ 0, "since", "TIME", OPTION_TEXT, offsetof(struct fields, since),
	  "with --query: 1h, 7d, 2026-11-22, 2026-11-22T02:10:17Z" },
	{ 0, "until", "TIME", OPTION_TEXT, offsetof(struct fields, until),
	  "with --query: the same, as the end" },
	{ 0, "sink", "SPEC", OPTION_LIST, offsetof(struct fields, sinks),
	  "send events there: KIND[:TARGET][,KEY=VALUE]..., by a spool" },
	{ 0, "config", "FILE", OPTION_TEXT, offsetof(struct fields, config),
	  "the sinks of this file, YAML" },
	{ 0, "spool", "DIR", OPTION_TEXT, offsetof(struct fields, spool),
	  "where spools of sinks are kept" },
	{ 0, "status", NULL, OPTION_FLAG, offsetof(struct fields, status),
	  "say how the sinks of the spools stand; watch nothing" },
	{ 'l', "live", NULL, OPTION_FLAG, offsetof(struct fields, live),
	  "show violations in a table on the terminal, as they come" },
	{ 0, "listen", "HOST:PORT", OPTION_TEXT,
	  offsetof(struct fields, listen),
	  "serve a page that shows violations, such as at 127.0.0.1:8443" },
	{ 0, "token-file", "FILE", OPTION_TEXT, offsetof(struct fields, token),
	  "the page asks for the token on the first line of FILE" },
	{ 0, "tls-cert", "FILE", OPTION_TEXT,
	  offsetof(struct fields, certificate),
	  "serve the page by TLS, with this certificate (PEM)" },
	{ 0, "tls-key", "FILE", OPTION_TEXT, offsetof(struct fields, key),
	  "the key of the certificate" },
	{ 0, "host", "NAME", OPTION_LIST, offsetof(struct fields, hosts),
	  "another name that browsers may call the page by" },
	{ 0, "policy", "FILE", OPTION_LIST, offsetof(struct fields, policies),
	  "a policy that the page offers to compare with" },
	{ 0, "confine", "FILE", OPTION_TEXT, offsetof(struct fields, confine),
	  "run under this policy, not the one that is built in" },
	{ 0, "no-confine", NULL, OPTION_FLAG,
	  offsetof(struct fields, no_confine), "run under no policy" },
	{ 0, "doctor", NULL, OPTION_FLAG, offsetof(struct fields, doctor),
	  "say what could not be seen here, and why; watch nothing" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

static bool read_number(const char *text, const char *option, uint64_t *out)
{
	if (!text)
		return true;
	if (num_read(text, strlen(text), out) == NUM_OK && *out > 0 &&
	    *out < UINT64_MAX / SECOND)
		return true;
	out_error("--%s wants a number above 0, not '%s'", option, text);
	return false;
}

static bool read_format(const struct fields *fields, enum cg_event_shape *out)
{
	static const char *const names[] = {
		[CG_EVENT_LINE] = "line",
		[CG_EVENT_ECS] = "ecs",
		[CG_EVENT_AUDITBEAT] = "auditbeat",
		[CG_EVENT_AUDITBEAT_OLD] = "auditbeat6",
	};
	const char *name = fields->format;

	*out = fields->json ? CG_EVENT_ECS : CG_EVENT_LINE;
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum cg_event_shape)i;
			return true;
		}
	if (name)
		out_error("no format is called '%s'; there are line, ecs, "
			  "auditbeat and auditbeat6",
			  name);
	return !name;
}

bool session_read(struct session *session, const struct fields *fields)
{
	uint64_t window = 0, queue = 0;

	if (!read_format(fields, &session->shape) ||
	    !read_number(fields->count, "count", &session->most) ||
	    !read_number(fields->seconds, "seconds", &session->seconds) ||
	    !read_number(fields->window, "fold", &window) ||
	    !read_number(fields->queue, "queue", &queue) ||
	    !sources_read(fields->sources, &session->wanted) ||
	    !sources_read_answer(fields->answer, &session->wanted))
		return false;
	if ((fields->since || fields->until) && !fields->query) {
		out_error("--since and --until are for --query");
		return false;
	}
	if (!fields->listen &&
	    (fields->token || fields->certificate || fields->key ||
	     fields->hosts.count || fields->policies.count)) {
		out_error("--token-file, --tls-cert, --tls-key, --host and "
			  "--policy are for --listen");
		return false;
	}
	if (fields->live && (fields->json || fields->format || window)) {
		out_error("--live shows events itself: no --format, --json or "
			  "--fold");
		return false;
	}
	session->policy = fields->confine;
	session->unconfined = fields->no_confine;
	session->folds.window = window * SECOND;
	session->wanted.buffer = queue > INT32_MAX ? INT32_MAX : queue;
	if (window && session->shape != CG_EVENT_LINE &&
	    session->shape != CG_EVENT_ECS) {
		out_error("--fold is for lines and ecs: Auditbeat's events "
			  "have no count");
		return false;
	}
	session->started = session_now();
	session->self = (uint32_t)getpid();
	return true;
}

/* A signal asks to stop; it only says so, here. */
static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

void session_catch_signals(void)
{
	/* A line that is being written is written; where nobody reads it, to
	   ask once more ends all. */
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART | SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
}

bool session_is_full(const struct session *session)
{
	return session->most && session->told >= session->most;
}

bool session_is_over(const struct session *session)
{
	return stop || session->left || session->unread ||
	       session_is_full(session) ||
	       (session->seconds &&
		session_now() - session->started >= session->seconds * SECOND);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

uint64_t session_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t session_time(void)
{
	return read_clock(CLOCK_REALTIME);
}
