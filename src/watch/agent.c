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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch/agent_inside.h"

/* ------------------------------------------------------------- opening -- */

bool agent_poll_for(int all, int descriptor, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

	return epoll_ctl(all, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* A socket that an agent left behind, which nobody answers at, makes room. */
static void remove_stale(const struct sockaddr_un *address)
{
	struct stat is;
	int to;

	/* To connect to a file is refused, too: that is nobody's socket. */
	if (lstat(address->sun_path, &is) != 0 || !S_ISSOCK(is.st_mode))
		return;
	/* Not a wait for one that lives, and is busy. */
	to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
	if (!path || !*path || strlen(path) >= sizeof(address.sun_path))
		return fail(err, CG_E_INPUT,
			    "a socket has a path of 1 to %zu bytes",
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	remove_stale(&address);
	agent->socket =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Whoever connects has us answer for a filter: not for everybody. The
	   socket's own mode becomes that of its name. */
	if (agent->socket < 0 || fchmod(agent->socket, 0600) != 0 ||
	    bind(agent->socket, (struct sockaddr *)&address, sizeof(address)) !=
		    0)
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
	agent->spare = fcntl(agent->news, F_DUPFD_CLOEXEC, 0);
	if (listen_at(agent, path, err)) {
		if (agent->all >= 0 && agent->news >= 0 &&
		    agent_poll_for(agent->all, agent->socket, THE_SOCKET) &&
		    agent_poll_for(agent->all, agent->news, THE_NEWS)) {
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
bool agent_add(struct agent *agent, const char *id, int listener,
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

/* ---------------------------------------------------------------- calls -- */

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
			ok = agent_accept(agent, err) && ok;
		else if (what == THE_NEWS)
			(void)!read(agent->news, &number, sizeof(number));
		else if (agent->peers[what].socket >= 0)
			ok = agent_read_peer(agent, &agent->peers[what], err) &&
			     ok;
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
	*out = agent_violation(agent, agent->asking);
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
		agent_drop_peer(&agent->peers[i]);
	if (agent->socket >= 0)
		close(agent->socket);
	if (agent->path[0])
		unlink(agent->path);
	if (agent->all >= 0)
		close(agent->all);
	if (agent->news >= 0)
		close(agent->news);
	if (agent->spare >= 0)
		close(agent->spare);
	pthread_mutex_destroy(&agent->lock);
	free(agent);
}
