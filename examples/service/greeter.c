/*
 * A small service that confines itself: it greets whoever connects.
 *
 * usage: greeter ADDRESS PORT POLICY [COUNT]
 *        greeter --smoke POLICY
 *
 * PORT 0 takes a free one, which is told on stdout. POLICY is a file for
 * callgate, or - for none. After COUNT greetings it ends. --smoke greets itself
 * once: a test that needs no client.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <callgate/callgate.h>

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

/* Everything that the policy does not allow is done by now. */
static int confine(const char *path)
{
	struct cg_error err;

	if (strcmp(path, "-") == 0)
		return 0;
	if (cg_load_file(path, NULL, &err) == CG_OK)
		return 0;
	if (err.line)
		fprintf(stderr, "%s:%u:%u: ", err.source, err.line, err.column);
	fprintf(stderr, "%s\n", err.message);
	return EXIT_FAILURE;
}

static int listen_on(const char *address, int port, struct sockaddr_in *where)
{
	socklen_t size = sizeof(*where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*where = (struct sockaddr_in){ .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port) };
	if (fd < 0 || inet_pton(AF_INET, address, &where->sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)where, size) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)where, &size) != 0)
		return -1;
	return fd;
}

static int greet(int listener)
{
	static const char words[] = "hello\n";
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return -1;
	if (write(client, words, sizeof(words) - 1) < 0)
		perror("write");
	return close(client);
}

static int smoke(const char *policy)
{
	struct sockaddr_in where;
	int listener = listen_on("127.0.0.1", 0, &where);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char words[16] = "";

	if (listener < 0 || client < 0 ||
	    connect(client, (struct sockaddr *)&where, sizeof(where)) != 0)
		return fail("smoke");
	if (confine(policy) != 0)
		return EXIT_FAILURE;
	if (greet(listener) != 0 || read(client, words, sizeof(words) - 1) <= 0)
		return fail("smoke");
	return fputs(words, stdout) < 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in where;
	long count;
	int listener;

	if (argc == 3 && strcmp(argv[1], "--smoke") == 0)
		return smoke(argv[2]);
	if (argc < 4) {
		fprintf(stderr, "usage: greeter ADDRESS PORT POLICY [COUNT]\n"
				"       greeter --smoke POLICY\n");
		return 2;
	}
	listener = listen_on(argv[1], atoi(argv[2]), &where);
	if (listener < 0)
		return fail("listen");
	printf("port %d\n", ntohs(where.sin_port));
	fflush(stdout);
	if (confine(argv[3]) != 0)
		return EXIT_FAILURE;
	for (count = argc > 4 ? atol(argv[4]) : -1; count != 0; count--)
		if (greet(listener) != 0)
			return fail("greet");
	return EXIT_SUCCESS;
}
