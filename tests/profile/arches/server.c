#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	const int on = 1;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char text[64];

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&at, &size))
		return 1;
	if (poll(&ready, 1, 10) == 1) {
		const int peer = accept(fd, NULL, NULL);
		const ssize_t got = recv(peer, text, sizeof(text), 0);

		send(peer, text, got > 0 ? (size_t)got : 0, 0);
		shutdown(peer, SHUT_RDWR);
		close(peer);
	}
	close(fd);
	return 0;
}
