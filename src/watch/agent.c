/*
 * The agent of containers: runtimes hand the listener of a filter over through
 * a socket (OCI listenerPath), and each call that the filter leaves to us is
 * answered, and is an event.
 *
 * Each listener has a thread of its own, which does nothing but wait for a
 * call: the kernel lets nobody look for one without the risk of waiting, and a
 * container must not hold up the others. What it receives is answered by
 * whoever asks the watch; until then the thread waits, and the caller, too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <callgate/notify.h>

#include "base/buf.h"
#include "sys/file.h"
#include "sys/task.h"
#include "trace/pointee.h"
#include "watch/agent_text.h"
#include "watch/source.h"

enum {
	CONTAINERS = 1024,
	PEERS = 64, /* runtimes that are telling us of one right now */
	MEMORY = 8 << 20,
	PEEK = 256,
};

/* A runtime that has not said everything yet. */
struct peer {
	int socket; /* -1: free */
	int fds[AGENT_FDS];
	size_t fd_count;
	struct agent_scan scan;
	struct buf text;
};

struct container {
	struct agent *agent;
	int listener;
	char id[128];
	pthread_t thread;
	pthread_cond_t answered;
	bool waiting; /* its thread has a call for us */
	bool ended;   /* or nobody is under the filter any more */
	struct cg_notification call;
};

struct agent {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int socket, all, news; /* news: an eventfd that threads write to */
	int number;            /* the errno to answer with; 0: go on */
	struct peer peers[PEERS];
	pthread_mutex_t lock;
	struct container *containers[CONTAINERS];
	struct container *asking; /* whose call was handed out last */
	size_t turn;              /* who is looked at first */
	uint64_t violations, refused;
};

/* ------------------------------------------------------------- opening -- */

static bool poll_for(int all, int descriptor, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

	return epoll_ctl(all, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

enum { THE_SOCKET = PEERS, THE_NEWS };

/* A socket that an agent left behind, which nobody answers at, makes room. */
static void remove_stale(const struct sockaddr_un *address)
{
	int to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (to < 0)
		return;
	if (connect(to, (const struct sockaddr *)address, sizeof(*address)) !=
		    0 &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(to);
}

static bool
listen_at(struct agent *agent, const char *path, struct cg_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int bound;

	if (!path || !*path || strlen(path) >= sizeof(address.sun_path))
		return fail(err, CG_E_INPUT,
			    "a socket has a path of 1 to %zu bytes",
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	remove_stale(&address);
	agent->socket =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Whoever connects has us answer for a filter: not for everybody. */
	mask = umask(0177);
	bound = agent->socket < 0
			? -1
			: bind(agent->socket, (struct sockaddr *)&address,
			       sizeof(address));
	umask(mask);
	if (bound != 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot listen at %s", path);
	strcpy(agent->path, path);
	return listen(agent->socket, PEERS) == 0 ||
	       fail_errno(err, CG_E_SYSTEM, errno, "cannot listen at %s", path);
}

bool agent_open(const char *path, int number, struct agent **out,
		struct cg_error *err)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return fail_nomem(err);
	agent->number = number;
	agent->socket = -1;
	pthread_mutex_init(&agent->lock, NULL);
	for (size_t i = 0; i < PEERS; i++)
		agent->peers[i].socket = -1;
	agent->all = epoll_create1(EPOLL_CLOEXEC);
	agent->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listen_at(agent, path, err)) {
		if (agent->all >= 0 && agent->news >= 0 &&
		    poll_for(agent->all, agent->socket, THE_SOCKET) &&
		    poll_for(agent->all, agent->news, THE_NEWS)) {
			*out = agent;
			return true;
		}
		fail_set_errno(err, CG_E_SYSTEM, errno,
			       "cannot wait for containers");
	}
	agent_close(agent);
	return false;
}

int agent_fd(const struct agent *agent)
{
	return agent->all;
}

/* ------------------------------------------------------ one container -- */

static void unlock(void *lock)
{
	pthread_mutex_unlock(lock);
}

/* Say so, and wait until it was answered. Ended in between where asked to. */
static void
tell(struct container *container, const struct cg_notification *call)
{
	struct agent *agent = container->agent;
	const uint64_t one = 1;

	pthread_mutex_lock(&agent->lock);
	pthread_cleanup_push(unlock, &agent->lock);
	if (call) {
		container->call = *call;
		container->waiting = true;
	} else {
		container->ended = true;
	}
	/* It can be full only while there is plenty to be read. */
	(void)!write(agent->news, &one, sizeof(one));
	while (container->waiting)
		pthread_cond_wait(&container->answered, &agent->lock);
	pthread_cleanup_pop(1);
}

/* Nothing is held while it receives, so that it can be ended at any time. */
static void *serve(void *context)
{
	struct container *container = context;
	struct cg_notification call;
	enum cg_notify_event event;
	enum cg_status status;
	int old;

	for (;;) {
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		status = cg_notify_receive(container->listener, -1, &event,
					   &call, NULL);
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
		if (status != CG_OK || event == CG_NOTIFY_END)
			break;
		if (event == CG_NOTIFY_CALL)
			tell(container, &call);
	}
	tell(container, NULL);
	return NULL;
}

static void container_free(struct container *container)
{
	close(container->listener);
	pthread_cond_destroy(&container->answered);
	free(container);
}

static struct container **free_place(struct agent *agent)
{
	for (size_t i = 0; i < CONTAINERS; i++)
		if (!agent->containers[i])
			return &agent->containers[i];
	return NULL;
}

/* Takes the listener. */
static bool add_container(struct agent *agent, const char *id, int listener,
			  struct cg_error *err)
{
	struct container **place = free_place(agent);
	struct container *container = calloc(1, sizeof(*container));
	int number = place && container ? 0 : EAGAIN;

	if (number == 0) {
		container->agent = agent;
		container->listener = listener;
		snprintf(container->id, sizeof(container->id), "%s", id);
		pthread_cond_init(&container->answered, NULL);
		number = pthread_create(&container->thread, NULL, serve,
					container);
	}
	if (number == 0) {
		*place = container;
		return true;
	}
	free(container);
	close(listener);
	return fail_errno(err, CG_E_SYSTEM, number,
			  "container %s cannot be served", id);
}

/* ---------------------------------------------------------------- peers -- */

static void drop_peer(struct peer *peer)
{
	if (peer->socket < 0)
		return;
	close(peer->socket);
	for (size_t i = 0; i < peer->fd_count; i++)
		if (peer->fds[i] >= 0)
			close(peer->fds[i]);
	buf_free(&peer->text);
	*peer = (struct peer){ .socket = -1 };
}

/* Root's runtimes, or our own user's. */
static bool is_trusted(int peer)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

static void accept_peer(struct agent *agent)
{
	int from = accept4(agent->socket, NULL, NULL,
			   SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (from < 0)
		return;
	for (size_t i = 0; i < PEERS && is_trusted(from); i++) {
		struct peer *peer = &agent->peers[i];

		if (peer->socket >= 0)
			continue;
		if (!poll_for(agent->all, from, i))
			break;
		peer->socket = from;
		return;
	}
	close(from);
}

static void keep_fds(struct peer *peer, struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at;
	     at = CMSG_NXTHDR(message, at)) {
		size_t count;
		int fds[AGENT_FDS];

		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count > AGENT_FDS)
			count = AGENT_FDS;
		memcpy(fds, CMSG_DATA(at), count * sizeof(int));
		for (size_t i = 0; i < count; i++) {
			if (peer->fd_count < AGENT_FDS)
				peer->fds[peer->fd_count++] = fds[i];
			else
				close(fds[i]);
		}
	}
}

static bool is_listener(int descriptor)
{
	char path[48], text[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	length = readlink(path, text, sizeof(text) - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return strcmp(text, "anon_inode:seccomp notify") == 0;
}

/* All was said: from now on its calls come to us. */
static bool
finish_peer(struct agent *agent, struct peer *peer, struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	struct agent_container found;
	bool ok = agent_parse(&arena, peer->text.text, peer->text.length,
			      peer->fd_count, &found, err);

	if (ok && !is_listener(peer->fds[found.listener]))
		ok = fail(err, CG_E_INPUT,
			  "container %s: seccompFd is no listener", found.id);
	if (ok) {
		ok = add_container(agent, found.id, peer->fds[found.listener],
				   err);
		peer->fds[found.listener] = -1;
	}
	arena_free(&arena);
	return ok;
}

/* What came. False where the peer said something that is no such message. */
static bool
read_peer(struct agent *agent, struct peer *peer, struct cg_error *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(AGENT_FDS * sizeof(int))];
	} control;
	char text[4096];
	struct iovec piece = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(peer->socket, &message,
			      MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	bool ok = true;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got > 0) {
		keep_fds(peer, &message);
		buf_add(&peer->text, text, (size_t)got);
		if (!agent_scan(&peer->scan, text, (size_t)got) &&
		    !peer->text.failed && peer->text.length < AGENT_TEXT_MAX)
			return true;
		ok = peer->text.failed ? fail_nomem(err)
		     : peer->text.length >= AGENT_TEXT_MAX
			     ? fail(err, CG_E_INPUT,
				    "a runtime said more than %d bytes of "
				    "one container",
				    AGENT_TEXT_MAX)
			     : finish_peer(agent, peer, err);
	} else if (peer->text.length) {
		ok = fail(err, CG_E_INPUT,
			  "a runtime ended before it had said everything");
	}
	drop_peer(peer);
	return ok;
}

/* ---------------------------------------------------------------- calls -- */

static const char *keep(struct violation *violation, const char *text)
{
	return arena_text(&violation->arena, text, strlen(text));
}

/* Who calls; it waits for us, so /proc still has it. */
static void put_caller(struct violation *violation, int32_t thread)
{
	struct cg_violation *out = &violation->about;
	char path[64], text[4096];
	struct task task;
	struct stat is;
	ssize_t length;

	if (thread <= 0 || !task_read(thread, &task))
		return;
	out->thread = (uint32_t)thread;
	out->pid = (uint32_t)task.pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)thread);
	if (file_peek(-1, path, text, sizeof(text)) > 0) {
		text[strcspn(text, "\n")] = '\0';
		out->name = keep(violation, text);
	}
	snprintf(path, sizeof(path), "/proc/%d", (int)thread);
	if (stat(path, &is) == 0) {
		out->uid = is.st_uid;
		out->gid = is.st_gid;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)thread);
	length = readlink(path, text, sizeof(text) - 1);
	if (length > 0) {
		text[length] = '\0';
		out->executable = keep(violation, text);
	}
}

static void put_memory(struct container *container, struct violation *violation)
{
	const struct cg_call *call = &container->call.call;
	const struct violation_call is = violation_call(&violation->about);
	const struct cg_syscall *known =
		is.name ? cg_syscall_by_name(is.name) : NULL;
	struct cg_argument arguments[6];
	size_t count = 0;

	if (!known || !cg_syscall_arguments(known, is.abi, arguments, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		enum pointee kind = pointee_kind(known, &arguments[i]);
		char text[CG_MEMORY_MAX] = "";
		unsigned char bytes[PEEK];
		size_t length = sizeof(bytes), got = 0;

		if (kind == POINTEE_NONE || !call->args[i])
			continue;
		if (kind == POINTEE_ADDRESS && i + 1 < count &&
		    (uint32_t)call->args[i + 1] < length)
			length = (uint32_t)call->args[i + 1];
		if (cg_notify_read(container->listener, &container->call,
				   call->args[i], bytes, length, &got,
				   NULL) != CG_OK)
			continue;
		if (kind == POINTEE_STRING)
			pointee_string(bytes, got, text);
		else
			pointee_address(is.abi, bytes, got, got == length,
					text);
		violation->about.memory[i] = keep(violation, text);
	}
}

static struct violation *
violation_of(struct agent *agent, struct container *container)
{
	const struct cg_call *call = &container->call.call;
	struct violation *violation = violation_new();
	struct cg_violation *out;
	struct timespec now;

	if (!violation)
		return NULL;
	out = &violation->about;
	clock_gettime(CLOCK_REALTIME, &now);
	out->time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	out->sources = CG_SOURCE_AGENT;
	out->arch = call->arch;
	out->nr = call->nr;
	out->ip = call->ip;
	out->has_ip = out->has_args = out->has_verdict = true;
	memcpy(out->args, call->args, sizeof(out->args));
	out->verdict = CG_RET_USER_NOTIF;
	out->signal = 0;
	out->error = (uint32_t)agent->number;
	out->continued = agent->number == 0;
	put_caller(violation, container->call.thread);
	out->container = keep(violation, container->id);
	put_memory(container, violation);
	return violation;
}

/* A container that has a call for us; those that ended are cleared away. */
static struct container *next_asking(struct agent *agent)
{
	struct container *found = NULL;

	pthread_mutex_lock(&agent->lock);
	for (size_t i = 0; i < CONTAINERS && !found; i++) {
		const size_t at = (agent->turn + i) % CONTAINERS;
		struct container *container = agent->containers[at];

		if (!container)
			continue;
		if (container->waiting) {
			found = container;
			agent->turn = at + 1;
		} else if (container->ended) {
			agent->containers[at] = NULL;
			pthread_mutex_unlock(&agent->lock);
			pthread_join(container->thread, NULL);
			container_free(container);
			pthread_mutex_lock(&agent->lock);
		}
	}
	pthread_mutex_unlock(&agent->lock);
	return found;
}

void agent_answer(struct agent *agent)
{
	struct container *container = agent->asking;
	enum cg_status status;

	if (!container)
		return;
	/* That the caller is gone is nothing to tell of. */
	if (agent->number)
		status = cg_notify_answer(container->listener,
					  container->call.id, 0, agent->number,
					  NULL);
	else
		status = cg_notify_continue(container->listener,
					    container->call.id, NULL);
	agent->refused += status != CG_OK;
	agent->asking = NULL;
	pthread_mutex_lock(&agent->lock);
	container->waiting = false;
	pthread_cond_signal(&container->answered);
	pthread_mutex_unlock(&agent->lock);
}

static bool read_news(struct agent *agent, struct cg_error *err)
{
	struct epoll_event events[PEERS + 2];
	int count = epoll_wait(agent->all, events, PEERS + 2, 0);
	uint64_t number;
	bool ok = true;

	for (int i = 0; i < count; i++) {
		const uint64_t what = events[i].data.u64;

		if (what == THE_SOCKET)
			accept_peer(agent);
		else if (what == THE_NEWS)
			(void)!read(agent->news, &number, sizeof(number));
		else if (agent->peers[what].socket >= 0)
			ok = read_peer(agent, &agent->peers[what], err) && ok;
	}
	return ok;
}

bool agent_next(struct agent *agent, struct violation **out,
		struct cg_error *err)
{
	bool ok = read_news(agent, err);

	*out = NULL;
	agent->asking = next_asking(agent);
	if (!agent->asking)
		return ok;
	*out = violation_of(agent, agent->asking);
	if (*out) {
		agent->violations++;
		return ok;
	}
	agent_answer(agent); /* nobody waits because we lack memory */
	return ok && fail_nomem(err);
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	for (size_t i = 0; i < CONTAINERS; i++) {
		struct container *container = agent->containers[i];

		if (!container)
			continue;
		pthread_cancel(container->thread);
		pthread_join(container->thread, NULL);
		container_free(container);
	}
	for (size_t i = 0; i < PEERS; i++)
		drop_peer(&agent->peers[i]);
	if (agent->socket >= 0)
		close(agent->socket);
	if (agent->path[0])
		unlink(agent->path);
	if (agent->all >= 0)
		close(agent->all);
	if (agent->news >= 0)
		close(agent->news);
	pthread_mutex_destroy(&agent->lock);
	free(agent);
}
