#include "view/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/num.h"

enum { BACKLOG = 64, PORT_SIZE = 8 };

/* ----------------------------------------------------------- to listen -- */

struct where {
	char host[HOST_MAX], port[PORT_SIZE];
};

static bool fail_where(const char *where, struct cg_error *err)
{
	return fail(err, CG_E_INPUT,
		    "--listen wants HOST:PORT, such as 127.0.0.1:8443 or "
		    "[::1]:8443, not '%s'",
		    where);
}

static bool split(const char *where, struct where *out, struct cg_error *err)
{
	const char *colon = strrchr(where, ':');
	const char *port = colon ? colon + 1 : where;
	size_t length = colon ? (size_t)(colon - where) : 0;
	uint64_t number;

	if (length >= 2 && where[0] == '[' && where[length - 1] == ']') {
		where++;
		length -= 2;
	} else if (memchr(where, ':', length)) {
		return fail_where(where, err);
	}
	if (length >= sizeof(out->host) ||
	    num_read(port, strlen(port), &number) != NUM_OK ||
	    number > UINT16_MAX)
		return fail_where(where, err);
	memcpy(out->host, where, length);
	out->host[length] = '\0';
	if (!length)
		strcpy(out->host, "127.0.0.1");
	snprintf(out->port, sizeof(out->port), "%u", (unsigned)number);
	return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static void
write_address(const struct sockaddr_storage *address, char out[ADDRESS_TEXT])
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	char number[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &four->sin_addr, number, sizeof(number));
		snprintf(out, ADDRESS_TEXT, "%s:%u", number,
			 ntohs(four->sin_port));
	} else {
		inet_ntop(AF_INET6, &six->sin6_addr, number, sizeof(number));
		snprintf(out, ADDRESS_TEXT, "[%s]:%u", number,
			 ntohs(six->sin6_port));
	}
}

static int open_one(const struct addrinfo *at)
{
	const int on = 1;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

int address_listen(const char *where, char text[ADDRESS_TEXT], bool *loopback,
		   struct cg_error *err)
{
	const struct addrinfo wanted = { .ai_flags =
						 AI_PASSIVE | AI_NUMERICSERV,
					 .ai_socktype = SOCK_STREAM };
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof(bound);
	struct addrinfo *found = NULL;
	struct where parts;
	int fd = -1, failure;

	if (!split(where, &parts, err))
		return -1;
	failure = getaddrinfo(parts.host, parts.port, &wanted, &found);
	if (failure) {
		fail_set(err, CG_E_INPUT, "--listen %s: %s", where,
			 gai_strerror(failure));
		return -1;
	}
	/* The first that can be had, as whoever calls that name would. */
	for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = open_one(at);
	if (fd < 0)
		fail_set_errno(err, CG_E_SYSTEM, errno, "--listen %s", where);
	freeaddrinfo(found);
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&bound, &size) == 0) {
		*loopback = is_loopback(&bound);
		write_address(&bound, text);
	}
	return fd;
}

/* ---------------------------------------------------------- what it is -- */

bool address_host(const char *header, char out[HOST_MAX])
{
	const char *end = header[0] == '[' ? strchr(header, ']') : NULL;
	size_t length = end ? (size_t)(end - header) + 1 : strcspn(header, ":");

	if (!length || length >= HOST_MAX ||
	    (header[length] && header[length] != ':'))
		return false;
	for (size_t i = 0; i < length; i++) {
		const char c = header[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	/* A dot at the end names the same host. */
	out[length] = '\0';
	if (length > 1 && out[length - 1] == '.')
		out[length - 1] = '\0';
	return true;
}

bool address_is_number(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char inside[HOST_MAX];
	size_t length = strlen(host);

	if (host[0] != '[')
		return inet_pton(AF_INET, host, bytes) == 1;
	if (length < 3 || length >= sizeof(inside))
		return false;
	memcpy(inside, host + 1, length - 2);
	inside[length - 2] = '\0';
	return inet_pton(AF_INET6, inside, bytes) == 1;
}

bool address_is_local(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (address_is_number(host) && strncmp(host, "127.", 4) == 0);
}
