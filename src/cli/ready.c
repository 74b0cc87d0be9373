#include "cli/ready.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/out.h"

void ready_tell(void)
{
	static const char text[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path ? strlen(path) : 0;
	socklen_t size;
	int to;

	if (!length)
		return;
	if (length >= sizeof(address.sun_path) ||
	    (path[0] != '/' && path[0] != '@')) {
		out_note("NOTIFY_SOCKET names no socket: %s", path);
		return;
	}
	memcpy(address.sun_path, path, length);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0 || sendto(to, text, strlen(text), MSG_NOSIGNAL,
			     (struct sockaddr *)&address, size) < 0)
		out_note("%s: %s", path, strerror(errno));
	if (to >= 0)
		close(to);
}
