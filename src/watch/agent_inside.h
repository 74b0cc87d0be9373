/*
 * watch/agent_inside.h - what the files of the agent share: its state, who
 * hands listeners over (agent_peers.c), and what a call is (agent_call.c).
 */
#ifndef WATCH_AGENT_INSIDE_H
#define WATCH_AGENT_INSIDE_H

#include <pthread.h>
#include <sys/un.h>

#include <callgate/notify.h>

#include "base/buf.h"
#include "watch/agent_text.h"
#include "watch/source.h"

enum {
	CONTAINERS = 1024,
	PEERS = 64, /* runtimes that are telling us of one right now */
};

/* A runtime that has not said everything yet. */
struct peer {
	int socket;     /* -1: free */
	uint64_t since; /* ns, of a clock that never jumps */
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
	int spare;             /* given up to say no where there is no other */
	int number;            /* the errno to answer with; 0: go on */
	struct peer peers[PEERS];
	pthread_mutex_t lock;
	struct container *containers[CONTAINERS];
	struct container *asking; /* whose call was handed out last */
	size_t turn;              /* who is looked at first */
	uint64_t violations, refused;
};

/* What its epoll says is ready: a peer below PEERS, or one of these. */
enum { THE_SOCKET = PEERS, THE_NEWS };
bool agent_poll_for(int all, int descriptor, uint64_t what);

/* Somebody wants to tell of a container. False where nobody listens to them,
   with CG_E_INPUT and why. */
bool agent_accept(struct agent *agent, struct cg_error *err);

/*
 * What a peer has to say. False where that is no such message, with CG_E_INPUT;
 * it is dropped then, as it is when all was said and the container is served.
 */
bool agent_read_peer(struct agent *agent, struct peer *peer,
		     struct cg_error *err);

/* Close its descriptors; the place is free again. */
void agent_drop_peer(struct peer *peer);

/* Serve a container; takes the listener. Fails with CG_E_SYSTEM. */
bool agent_add(struct agent *agent, const char *id, int listener,
	       struct cg_error *err);

/* The call that a container waits with, as a violation; NULL without memory. */
struct violation *
agent_violation(const struct agent *agent, const struct container *container);

#endif
