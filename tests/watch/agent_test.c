/*
 * The agent of containers, by what runtimes do: filters whose listeners are
 * handed over through a socket, several at once; runtimes that say nonsense,
 * stop halfway, or never close.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <callgate/callgate.h>
#include <callgate/watch.h>

#include "tap.h"

enum { BOXES = 5, CALLS = 20, WAIT = 60000 };
enum { PLACES = 64 /* runtimes that an agent listens to at a time */ };

static char path[64];
static uid_t box_user;
static gid_t box_group;

/* What a runtime says: as crun has it, in lines, or runc, in one. */
#define STATE(id)                                                     \
	"{\n  \"ociVersion\": \"0.2.0\",\n  \"fds\": [\"pidFd\", "    \
	"\"seccompFd\"],\n  \"pid\": 1,\n  \"metadata\": \"m\",\n "   \
	"\"state\": {\"id\": \"" id                                   \
	"\", \"status\": \"creating\", \"pid\": 1, \"annotations\": " \
	"{\"a\": \"}\"}}\n}"

/* The filter of a box: mkdirat waits for its supervisor. */
static int load_filter(void)
{
	static const struct cg_insn insns[] = {
		{ 0x20, 0, 0, 0 },
		{ 0x15, 0, 1, SYS_mkdirat },
		{ 0x06, 0, 0, CG_RET_USER_NOTIF },
		{ 0x06, 0, 0, CG_RET_ALLOW },
	};
	const struct cg_load_options options = { .flags =
							 CG_FLAG_NEW_LISTENER };
	struct cg_program *program = NULL;
	struct cg_loaded loaded;

	if (cg_program_from_insns(insns, 4, false, &program, NULL) != CG_OK ||
	    cg_load(program, &options, &loaded, NULL) != CG_OK)
		return -1;
	return loaded.listener;
}

static int connect_agent(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	return to >= 0 && connect(to, (struct sockaddr *)&address,
				  sizeof(address)) == 0
		       ? to
		       : -1;
}

/* The first part of the text, with descriptors. */
static bool
send_with(int to, const char *text, size_t length, int first, int second)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec piece = { (void *)text, length };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	const int fds[2] = { first, second };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)length;
}

/* A box: hands its listener over in two parts, does not close, and calls. */
_Noreturn static void run_box(int number)
{
	static const char text[] = STATE("box");
	int listener = load_filter(), to = connect_agent(), wrong = 0;

	if (listener < 0 || to < 0 || !send_with(to, text, 40, 0, listener))
		_exit(100);
	/* Another user's from here on. Nobody may look at it, then. */
	if (setresgid(box_group, box_group, box_group) != 0 ||
	    setresuid(box_user, box_user, box_user) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		_exit(102);
	usleep(20000);
	if (write(to, text + 40, strlen(text) - 40) < 0)
		_exit(101);
	close(listener);
	for (int i = 0; i < CALLS; i++)
		wrong += syscall(SYS_mkdirat, -1, "/box/x", 0700 + number) !=
				 -1 ||
			 errno != EXDEV;
	_exit(wrong);
}

struct seen {
	size_t count, odd;
	size_t by_box[BOXES];
};

static void look(const struct cg_violation *is, struct seen *seen)
{
	const uint64_t box = is->args[2] - 0700;

	seen->count++;
	if (box < BOXES)
		seen->by_box[box]++;
	seen->odd += is->nr != SYS_mkdirat || is->error != EXDEV ||
		     is->continued || !is->container ||
		     strcmp(is->container, "box") != 0 || !is->memory[1] ||
		     strcmp(is->memory[1], "\"/box/x\"") != 0 || !is->name ||
		     is->verdict != CG_RET_USER_NOTIF ||
		     is->sources != CG_SOURCE_AGENT || is->pid == CG_UNSET ||
		     is->uid != box_user || is->gid != box_group;
}

/* Until so many came, or nothing does for long. */
static void watch_for(struct cg_watch *watch, size_t count, int wait,
		      struct seen *seen, struct cg_error *said)
{
	while (seen->count < count) {
		struct pollfd ready = { cg_watch_fd(watch), POLLIN, 0 };
		struct cg_violation *violation = NULL;

		if (cg_watch_next(watch, &violation, said) != CG_OK)
			return;
		if (violation) {
			look(violation, seen);
			cg_violation_free(violation);
		} else if (poll(&ready, 1, wait) == 0) {
			return;
		}
	}
}

static void check_boxes(struct tap *tap, struct cg_watch *watch)
{
	struct cg_error err = { 0 };
	struct seen seen = { 0 };
	pid_t boxes[BOXES];
	int status, wrong = 0;
	bool each = true;

	/* What is not written yet would be written by each of them. */
	fflush(stdout);
	for (int i = 0; i < BOXES; i++) {
		boxes[i] = fork();
		if (boxes[i] == 0)
			run_box(i);
	}
	watch_for(watch, (size_t)BOXES * CALLS, WAIT, &seen, &err);
	for (int i = 0; i < BOXES; i++) {
		waitpid(boxes[i], &status, 0);
		wrong += status != 0;
		each = each && seen.by_box[i] == CALLS;
	}
	tap_ok(tap, seen.count == BOXES * CALLS && each && !seen.odd,
	       "%d calls of %d boxes are told: %zu, odd %zu %s", CALLS, BOXES,
	       seen.count, seen.odd, err.message);
	tap_ok(tap, wrong == 0, "and answered");
}

/* What is no message: said, and nobody else is troubled. */
static const struct row {
	const char *name, *text, *says;
	bool closes;
} rows[] = {
	{ "no JSON", "{\"fds\": nonsense here}", "", false },
	{ "a list", "[1, 2]", "is an object, not a list", false },
	{ "no listener", "{\"fds\": [\"pidFd\"], \"state\": {\"id\": \"x\"}}",
	  "\"fds\" names no seccompFd", false },
	{ "no descriptors", "{\"fds\": 7}", "no list \"fds\"", false },
	{ "no state", "{\"fds\": [\"seccompFd\"]}", "no object \"state\"",
	  false },
	{ "no id", "{\"fds\": [\"seccompFd\"], \"state\": {}}", "no \"id\"",
	  false },
	{ "another descriptor",
	  "{\"fds\": [\"seccompFd\"], \"state\": {\"id\": \"x\"}}",
	  "seccompFd is no listener", false },
	{ "too few",
	  "{\"fds\": [\"a\", \"b\", \"seccompFd\"], \"state\": {\"id\": "
	  "\"x\"}}",
	  "number 3 of \"fds\", and 2 descriptors came", false },
	{ "cut off", "{\"fds\": [", "ended before", true },
};

static void
check_row(struct tap *tap, struct cg_watch *watch, const struct row *row)
{
	struct cg_error err = { 0 };
	struct seen seen = { 0 };
	int to = connect_agent();
	char byte;
	bool sent = send_with(to, row->text, strlen(row->text), 0, 1);

	if (row->closes)
		shutdown(to, SHUT_WR);
	watch_for(watch, 1, WAIT, &seen, &err);
	tap_ok(tap,
	       sent && err.status == CG_E_INPUT &&
		       strstr(err.message, row->says) &&
		       recv(to, &byte, 1, 0) <= 0,
	       "%s: %s", row->name, err.message);
	close(to);
}

/* One that says nothing, or forever more, holds nobody up. */
static void check_silent(struct tap *tap, struct cg_watch *watch)
{
	int silent = connect_agent(), endless = connect_agent();
	static const char text[4096] = "{ ";
	struct cg_error err = { 0 };
	struct seen seen = { 0 };
	size_t sent = 0;

	while (sent < 4 << 20) {
		ssize_t got = send(endless, text, sizeof(text),
				   MSG_NOSIGNAL | MSG_DONTWAIT);

		if (got < 0 && errno != EAGAIN)
			break;
		sent += got > 0 ? (size_t)got : 0;
		watch_for(watch, 1, 1, &seen, &err);
		if (err.status != CG_OK)
			break;
	}
	tap_ok(tap, err.status != CG_OK && sent < 3 << 20,
	       "without an end: %zu bytes, %s", sent, err.message);
	close(endless);
	check_boxes(tap, watch);
	close(silent);
}

/* More runtimes than there are places: those that are there stay. */
static void check_crowd(struct tap *tap, struct cg_watch *watch)
{
	int crowd[PLACES + 1];
	struct cg_error err = { 0 };
	struct seen seen = { 0 };
	char byte;

	for (int i = 0; i <= PLACES; i++)
		crowd[i] = connect_agent();
	watch_for(watch, 1, WAIT, &seen, &err);
	tap_ok(tap,
	       err.status == CG_E_INPUT && strstr(err.message, "others are") &&
		       recv(crowd[PLACES], &byte, 1, 0) == 0 &&
		       recv(crowd[0], &byte, 1, MSG_DONTWAIT) < 0,
	       "no place: %s", err.message);
	for (int i = 0; i <= PLACES; i++)
		close(crowd[i]);
	err = (struct cg_error){ 0 };
	watch_for(watch, 1, 100, &seen, &err);
	tap_ok(tap, err.status == CG_OK, "they go: %s", err.message);
}

/* No descriptor for a runtime: it is told so, and does not wait for ever. */
static void check_descriptors(struct tap *tap, struct cg_watch *watch)
{
	struct cg_error err = { 0 };
	struct seen seen = { 0 };
	struct rlimit before, low;
	int next = dup(0), status = -1;
	pid_t child;
	char byte;

	close(next);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(recv(connect_agent(), &byte, 1, 0) != 0);
	getrlimit(RLIMIT_NOFILE, &before);
	low = (struct rlimit){ (rlim_t)next, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &low);
	watch_for(watch, 1, WAIT, &seen, &err);
	setrlimit(RLIMIT_NOFILE, &before);
	waitpid(child, &status, 0);
	tap_ok(tap,
	       err.status == CG_E_INPUT && status == 0 &&
		       strstr(err.message, "cannot be listened to"),
	       "no descriptor: %s", err.message);
	err = (struct cg_error){ 0 };
	watch_for(watch, 1, 100, &seen, &err);
	tap_ok(tap, err.status == CG_OK, "and it is quiet: %s", err.message);
}

/* Whatever lies there that is no socket is not ours to remove. */
static void check_file(struct tap *tap)
{
	const struct cg_watch_options options = { .sources = CG_SOURCE_AGENT,
						  .agent = path };
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	struct stat is;

	close(file);
	tap_ok(tap,
	       file >= 0 && cg_watch_open(&options, &watch, &err) != CG_OK &&
		       stat(path, &is) == 0 && S_ISREG(is.st_mode),
	       "a file stays: %s", err.message);
	cg_watch_close(watch);
	unlink(path);
}

int main(void)
{
	struct cg_watch_options options = { .sources = CG_SOURCE_AGENT,
					    .ask = true,
					    .agent = path,
					    .agent_errno = EXDEV };
	struct cg_watch *watch = NULL;
	struct cg_error err = { 0 };
	struct tap tap = { 0 };
	struct stat is;

	box_user = geteuid() == 0 ? 1235 : geteuid();
	box_group = geteuid() == 0 ? 1234 : getegid();
	snprintf(path, sizeof(path), "/tmp/callgate-agent-%d", (int)getpid());
	check_file(&tap);
	if (cg_watch_open(&options, &watch, &err) != CG_OK) {
		tap_ok(&tap, false, "it listens: %s", err.message);
		return tap_done(&tap);
	}
	tap_ok(&tap, stat(path, &is) == 0 && (is.st_mode & 0777) == 0600,
	       "its socket is not for everybody");
	check_boxes(&tap, watch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&tap, watch, &rows[i]);
	check_crowd(&tap, watch);
	check_descriptors(&tap, watch);
	check_silent(&tap, watch);
	cg_watch_close(watch);
	tap_ok(&tap, access(path, F_OK) != 0, "it clears up");
	return tap_done(&tap);
}
