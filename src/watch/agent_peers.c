/* Container runtimes at the agent's socket: what they hand over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "watch/agent_inside.h"

enum {
	MEMORY = 8 << 20, /* of what one says, as a tree */
	PATIENCE = 10,    /* seconds that one may take, if others wait */
};

void agent_drop_peer(struct peer *peer)
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

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* One runtime's trouble is not the watch's: whoever reads this goes on. */
static bool blame(struct cg_error *err)
{
	const struct cg_error why = *err;

	return fail(err, CG_E_INPUT, "a container runtime: %s", why.message);
}

/* Root's runtimes, or our own user's. */
static bool is_trusted(int peer, struct cg_error *err)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
		return fail_errno(err, CG_E_INPUT, errno, "it cannot be known");
	return who.uid == 0 || who.uid == geteuid() ||
	       fail(err, CG_E_INPUT, "process %d of user %u is none of ours",
		    (int)who.pid, who.uid);
}

/* A place; that of one who stopped halfway, if there is no other. */
static struct peer *place_for(struct agent *agent)
{
	struct peer *oldest = &agent->peers[0];

	for (size_t i = 0; i < PEERS; i++) {
		if (agent->peers[i].socket < 0)
			return &agent->peers[i];
		if (agent->peers[i].since < oldest->since)
			oldest = &agent->peers[i];
	}
	if (now() - oldest->since < PATIENCE * UINT64_C(1000000000))
		return NULL;
	agent_drop_peer(oldest);
	return oldest;
}

/* Without a descriptor for them they would wait, and wake us, for ever. */
static bool hang_up(struct agent *agent, struct cg_error *err)
{
	const int number = errno;

	if (number == EAGAIN || number == EINTR || number == ECONNABORTED)
		return true;
	if (agent->spare >= 0)
		close(agent->spare);
	agent->spare = accept4(agent->socket, NULL, NULL, SOCK_CLOEXEC);
	if (agent->spare >= 0)
		close(agent->spare);
	agent->spare = fcntl(agent->news, F_DUPFD_CLOEXEC, 0);
	fail_set_errno(err, CG_E_INPUT, number, "it cannot be listened to");
	return blame(err);
}

bool agent_accept(struct agent *agent, struct cg_error *err)
{
	int from = accept4(agent->socket, NULL, NULL,
			   SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer = NULL;

	if (from < 0)
		return hang_up(agent, err);
	if (is_trusted(from, err)) {
		peer = place_for(agent);
		if (!peer)
			fail_set(err, CG_E_INPUT,
				 "%d others are telling us of theirs", PEERS);
	}
	if (peer &&
	    agent_poll_for(agent->all, from, (uint64_t)(peer - agent->peers))) {
		peer->socket = from;
		peer->since = now();
		return true;
	}
	if (peer)
		fail_set_errno(err, CG_E_INPUT, errno, "it cannot be heard");
	close(from);
	return blame(err);
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
		ok = agent_add(agent, found.id, peer->fds[found.listener], err);
		peer->fds[found.listener] = -1;
	}
	arena_free(&arena);
	return ok;
}

/* What came. False where the peer said something that is no such message. */
bool agent_read_peer(struct agent *agent, struct peer *peer,
		     struct cg_error *err)
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
				    "it said more than %d bytes of one "
				    "container",
				    AGENT_TEXT_MAX)
			     : finish_peer(agent, peer, err);
	} else if (peer->text.length) {
		ok = fail(err, CG_E_INPUT,
			  "it ended before it had said everything");
	}
	agent_drop_peer(peer);
	return ok || blame(err);
}
