#include "view/tries.h"

#include <netinet/in.h>
#include <string.h>

static void address_of(const struct sockaddr *peer, unsigned char address[16])
{
	const struct sockaddr_in *four = (const void *)peer;
	const struct sockaddr_in6 *six = (const void *)peer;

	memset(address, 0, 16);
	if (peer && peer->sa_family == AF_INET) {
		address[10] = address[11] = 0xff;
		memcpy(address + 12, &four->sin_addr, 4);
	} else if (peer && peer->sa_family == AF_INET6) {
		/* IPv4 within IPv6 has its number in the other half. */
		memcpy(address, &six->sin6_addr,
		       IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) ? 16 : 8);
	}
}

/* Whether a window that began then is over, or never began. */
static bool is_over(uint64_t since, uint64_t now)
{
	return now - since >= TRIES_WINDOW;
}

/* The peer's row, or one that it can have; NULL where there is none. */
static struct tries_peer *
find(struct tries *tries, const unsigned char address[16], uint64_t now)
{
	struct tries_peer *room = NULL;

	for (size_t i = 0; i < TRIES_PEERS; i++) {
		struct tries_peer *row = &tries->peers[i];

		if (!row->count || is_over(row->since, now))
			room = row;
		else if (memcmp(row->address, address, 16) == 0)
			return row;
	}
	if (room) {
		*room = (struct tries_peer){ .since = now };
		memcpy(room->address, address, 16);
	}
	return room;
}

bool tries_count(struct tries *tries, const struct sockaddr *peer, uint64_t now)
{
	unsigned char address[16];
	struct tries_peer *row;

	if (is_over(tries->since, now)) {
		tries->since = now;
		tries->all = 0;
	}
	if (tries->all >= TRIES_MOST_ALL)
		return false;
	address_of(peer, address);
	row = find(tries, address, now);
	if (!row || row->count >= TRIES_MOST)
		return false;
	row->count++;
	tries->all++;
	return true;
}
