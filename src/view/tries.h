/*
 * view/tries.h - wrong tokens, counted by who sent them.
 *
 * A peer is an address; of IPv6 its first half, as one machine has all of the
 * rest. After a few wrong ones in a minute a peer has had its tries; so have
 * all where together they had many. Nothing here is about right tokens.
 */
#ifndef VIEW_TRIES_H
#define VIEW_TRIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	TRIES_MOST = 5,       /* of a peer, in a window */
	TRIES_MOST_ALL = 100, /* of all peers */
	TRIES_WINDOW = 60,    /* seconds */
	/* The ceiling counts windows that follow one another, and a peer's may
	   lie across two of them. */
	TRIES_PEERS = 2 * TRIES_MOST_ALL,
};

struct tries {
	uint64_t since; /* seconds: when the window of all began */
	unsigned all;
	struct tries_peer {
		unsigned char address[16];
		uint64_t since;
		unsigned count; /* 0: free */
	} peers[TRIES_PEERS];
};

/*
 * Count a wrong token of a peer at `now`, in seconds of a clock that never
 * jumps; NULL is a peer like any other. False where it has had its tries.
 */
bool tries_count(struct tries *tries, const struct sockaddr *peer,
		 uint64_t now);

#endif
