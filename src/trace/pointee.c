#include "trace/pointee.h"
#include "base/line.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ------------------------------------------------- which arguments, by rows */

/* NULL is any. Where a row says `char *`, the kernel forgot the const. */
static const struct told {
	enum pointee kind;
	const char *type, *name, *call;
} told[] = {
	/* clang-format off */
	{ POINTEE_STRING, "const char *", "_description", NULL },
	{ POINTEE_STRING, "const char *", "_fs_name", NULL },
	{ POINTEE_STRING, "const char *", "_key", NULL },
	{ POINTEE_STRING, "const char *", "_type", NULL },
	{ POINTEE_STRING, "const char *", "filename", NULL },
	{ POINTEE_STRING, "const char *", "from_pathname", NULL },
	{ POINTEE_STRING, "const char *", "library", NULL },
	{ POINTEE_STRING, "const char *", "name", NULL },
	{ POINTEE_STRING, "const char *", "name_user", NULL },
	{ POINTEE_STRING, "const char *", "new_root", NULL },
	{ POINTEE_STRING, "const char *", "newname", NULL },
	{ POINTEE_STRING, "const char *", "oldname", NULL },
	{ POINTEE_STRING, "const char *", "path", NULL },
	{ POINTEE_STRING, "const char *", "pathname", NULL },
	{ POINTEE_STRING, "const char *", "put_old", NULL },
	{ POINTEE_STRING, "const char *", "special", NULL },
	{ POINTEE_STRING, "const char *", "specialfile", NULL },
	{ POINTEE_STRING, "const char *", "to_pathname", NULL },
	{ POINTEE_STRING, "const char *", "u_name", NULL },
	{ POINTEE_STRING, "const char *", "uname", NULL },
	{ POINTEE_STRING, "char *", "filename", NULL },
	{ POINTEE_STRING, "char *", NULL, "mount" },
	{ POINTEE_STRING, "char *", NULL, "oldumount" },
	{ POINTEE_STRING, "char *", NULL, "umount" },
	{ POINTEE_STRING, "char *", NULL, "umount2" },
	{ POINTEE_ADDRESS, "struct sockaddr *", NULL, "bind" },
	{ POINTEE_ADDRESS, "struct sockaddr *", NULL, "connect" },
	{ POINTEE_ADDRESS, "struct sockaddr *", NULL, "sendto" },
	/* clang-format on */
};

static bool fits(const char *wanted, const char *is)
{
	return !wanted || strcmp(wanted, is) == 0;
}

enum pointee
pointee_kind(const struct cg_syscall *call, const struct cg_argument *argument)
{
	if (!argument->is_pointer)
		return POINTEE_NONE;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (fits(told[i].type, argument->type) &&
		    fits(told[i].name, argument->name) &&
		    fits(told[i].call, call->name))
			return told[i].kind;
	return POINTEE_NONE;
}

/* ------------------------------------------------------ text, in its bounds */

/* What must still fit after a string that was cut: a quote, "...", a brace. */
enum { END_ROOM = 5, LINE_ROOM = CG_MEMORY_MAX - 1 - END_ROOM };

/* In quotes; `ended` is whether the bytes are all there is. */
static void line_quote(struct line *line, const unsigned char *bytes,
		       size_t length, bool ended)
{
	size_t i;

	line_add(line, "\"");
	for (i = 0; i < length; i++) {
		unsigned char c = bytes[i];
		bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';

		if (line->length + (plain ? 1 : 4) > LINE_ROOM)
			break;
		line_add(line, plain ? "%c" : "\\x%02x", c);
	}
	line_add(line, "\"%s", ended && i == length ? "" : "...");
}

void pointee_string(const void *bytes, size_t length, char out[CG_MEMORY_MAX])
{
	const void *end = length ? memchr(bytes, '\0', length) : NULL;
	struct line line = { out, CG_MEMORY_MAX, 0 };

	out[0] = '\0';
	if (end)
		length = (size_t)((const char *)end - (const char *)bytes);
	if (end || length)
		line_quote(&line, bytes, length, end != NULL);
}

/* --------------------------------------------------------- socket addresses */

/* A socket address as far as it is there. */
struct address {
	const unsigned char *bytes;
	size_t length;
	bool whole;
};

/* Ports are big-endian, whatever the machine is. */
static unsigned port_of(const struct address *address)
{
	return (unsigned)address->bytes[2] << 8 | address->bytes[3];
}

static void add_inet(struct line *line, const struct address *address)
{
	const unsigned char *at = address->bytes + 4;

	line_add(line, " %u.%u.%u.%u:%u", at[0], at[1], at[2], at[3],
		 port_of(address));
}

static void add_inet6(struct line *line, const struct address *address)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t scope = 0;

	/* It takes any 16 bytes, and the room is enough for them. */
	if (!inet_ntop(AF_INET6, address->bytes + 8, text, sizeof(text)))
		return;
	if (address->length >= 28)
		memcpy(&scope, address->bytes + 24, sizeof(scope));
	line_add(line, " [%s", text);
	if (scope)
		line_add(line, "%%%u", scope);
	line_add(line, "]:%u", port_of(address));
}

/* A path ends at a NUL or with the address, an abstract name with the latter
   alone; with no byte of either the socket stays without a name. */
static void add_unix(struct line *line, const struct address *address)
{
	const size_t start = offsetof(struct sockaddr_un, sun_path);
	const unsigned char *path = address->bytes + start;
	size_t length = address->length - start, used;
	bool ended = address->whole;

	if (length > sizeof(((struct sockaddr_un *)0)->sun_path))
		length = sizeof(((struct sockaddr_un *)0)->sun_path);
	if (length == 0) {
		line_add(line, "%s", ended ? "" : " ...");
		return;
	}
	if (path[0] == '\0') {
		line_add(line, " @");
		line_quote(line, path + 1, length - 1, ended);
		return;
	}
	used = strnlen((const char *)path, length);
	line_add(line, " ");
	line_quote(line, path, used, ended || used < length);
}

static void add_netlink(struct line *line, const struct address *address)
{
	struct sockaddr_nl netlink;

	memcpy(&netlink, address->bytes, sizeof(netlink));
	line_add(line, " pid %u groups 0x%x", netlink.nl_pid,
		 netlink.nl_groups);
}

static const struct family {
	uint16_t family;
	uint16_t least; /* bytes that `add` reads without asking */
	void (*add)(struct line *line, const struct address *address);
} families[] = {
	{ AF_INET, 8, add_inet },
	{ AF_INET6, 24, add_inet6 },
	{ AF_UNIX, sizeof(sa_family_t), add_unix },
	{ AF_NETLINK, sizeof(struct sockaddr_nl), add_netlink },
};

/* The names are those of socket(2)'s first argument. */
static void
add_family(struct line *line, const struct cg_abi *abi, uint16_t family)
{
	const struct cg_syscall *call = cg_syscall_by_name("socket");
	struct cg_argument arguments[6];
	char name[64];
	size_t count = 0;

	if (call && cg_syscall_arguments(call, abi, arguments, &count) &&
	    count > 0) {
		cg_argument_print(&arguments[0], abi, family, name,
				  sizeof(name));
		line_add(line, "%s", name);
	} else {
		line_add(line, "%u", family);
	}
}

void pointee_address(const struct cg_abi *abi, const void *bytes, size_t length,
		     bool whole, char out[CG_MEMORY_MAX])
{
	const struct address address = { bytes, length, whole };
	struct line line = { out, CG_MEMORY_MAX, 0 };
	sa_family_t family;

	out[0] = '\0';
	if (length < sizeof(family))
		return;
	memcpy(&family, bytes, sizeof(family));
	line_add(&line, "{");
	add_family(&line, abi, family);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].family != family)
			continue;
		if (length < families[i].least)
			line_add(&line, " ...");
		else
			families[i].add(&line, &address);
	}
	line_add(&line, "}");
}
