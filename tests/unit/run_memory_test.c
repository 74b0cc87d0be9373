/*
 * trace/pointee: which arguments are told of, and what bytes become. Whatever
 * the bytes are, the text is printable ASCII and ends in its room.
 */
#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "trace/pointee.h"

/* ------------------------------------------------------------------- which */

static const struct {
	const char *call;
	unsigned argument;
	enum pointee want;
} kinds[] = {
	{ "openat", 0, POINTEE_NONE },
	{ "openat", 1, POINTEE_STRING },
	{ "openat", 2, POINTEE_NONE },
	{ "execve", 0, POINTEE_STRING },
	{ "execve", 1, POINTEE_NONE }, /* a vector */
	{ "rename", 0, POINTEE_STRING },
	{ "rename", 1, POINTEE_STRING },
	{ "readlink", 0, POINTEE_STRING },
	{ "readlink", 1, POINTEE_NONE }, /* the kernel writes there */
	{ "getcwd", 0, POINTEE_NONE },
	{ "read", 1, POINTEE_NONE },
	{ "write", 1, POINTEE_NONE }, /* const, but no string */
	{ "sethostname", 0, POINTEE_NONE },
	{ "gethostname", 0, POINTEE_NONE },
	{ "uname", 0, POINTEE_NONE }, /* of the right name, another type */
	{ "mount", 0, POINTEE_STRING },
	{ "mount", 2, POINTEE_STRING },
	{ "mount", 4, POINTEE_NONE },
	{ "umount2", 0, POINTEE_STRING },
	{ "utime", 0, POINTEE_STRING },
	{ "memfd_create", 0, POINTEE_STRING },
	{ "add_key", 2, POINTEE_NONE }, /* the secret itself */
	{ "bind", 1, POINTEE_ADDRESS },
	{ "connect", 1, POINTEE_ADDRESS },
	{ "sendto", 1, POINTEE_NONE },
	{ "sendto", 4, POINTEE_ADDRESS },
	{ "accept", 1, POINTEE_NONE },
	{ "recvfrom", 4, POINTEE_NONE },
};

static void test_kinds(struct tap *tap)
{
	const struct cg_abi *abi = cg_abi_by_name("x86_64");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct cg_syscall *call =
			cg_syscall_by_name(kinds[i].call);
		struct cg_argument arguments[6];
		size_t count = 0;

		tap_ok(tap,
		       call &&
			       cg_syscall_arguments(call, abi, arguments,
						    &count) &&
			       kinds[i].argument < count &&
			       pointee_kind(call,
					    &arguments[kinds[i].argument]) ==
				       kinds[i].want,
		       "argument %u of %s", kinds[i].argument, kinds[i].call);
	}
}

/* ----------------------------------------------------------------- strings */

#define X3 "xxx"
#define X36 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X108 X36 X36 X36
#define X255 X108 X108 X36 X3

static const struct {
	const char *name, *bytes;
	size_t length;
	const char *want;
} strings[] = {
	{ "a path", "/etc/passwd", 12, "\"/etc/passwd\"" },
	{ "what follows the NUL is not shown", "a\0secret", 8, "\"a\"" },
	{ "an empty path", "", 1, "\"\"" },
	{ "nothing was read", "", 0, "" },
	{ "no NUL", "/etc", 4, "\"/etc\"..." },
	{ "quote and backslash", "a\"b\\c", 6, "\"a\\x22b\\x5cc\"" },
	{ "control characters", "\x1b[31m\n\x7f", 8,
	  "\"\\x1b[31m\\x0a\\x7f\"" },
	{ "UTF-8", "\xc3\xa9", 3, "\"\\xc3\\xa9\"" },
	{ "255 bytes", X255, 256, "\"" X255 "\"" },
	/* Which is all that is ever read. */
	{ "256 bytes and no NUL", X255 "y", 256, "\"" X255 "y\"..." },
};

static bool is_plain(const char text[CG_MEMORY_MAX])
{
	const char *end = memchr(text, '\0', CG_MEMORY_MAX);

	for (; end && *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return end != NULL;
}

static void
expect(struct tap *tap, const char *got, const char *want, const char *name)
{
	if (!tap_ok(tap, is_plain(got) && strcmp(got, want) == 0, "%s", name))
		tap_note("wanted %s\n# got    %.*s", want, CG_MEMORY_MAX, got);
}

static void test_strings(struct tap *tap)
{
	char got[CG_MEMORY_MAX];

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		memset(got, '#', sizeof(got));
		pointee_string(strings[i].bytes, strings[i].length, got);
		expect(tap, got, strings[i].want, strings[i].name);
	}
}

/* --------------------------------------------------------------- addresses */

/*
 * A family and what follows it in memory. Numbers of the machine's byte order
 * are such that they read the same in both.
 */
static const struct {
	const char *name;
	sa_family_t family;
	char rest[sizeof(struct sockaddr_storage) - sizeof(sa_family_t)];
	size_t length; /* with the family */
	bool cut;      /* the call named more than could be read */
	const char *want;
} addresses[] = {
	/* clang-format off */
	{ "no bytes", AF_INET, "", 0, false, "" },
	{ "half a family", AF_INET, "", 1, false, "" },
	{ "AF_UNSPEC", AF_UNSPEC, "", 16, false, "{AF_UNSPEC}" },
	{ "another family", AF_PACKET, "x", 16, false, "{AF_PACKET}" },
	{ "no family", 65535, "x", 16, false, "{65535}" },
	{ "AF_INET", AF_INET, "\x1f\x40\x7f\0\0\1", 16, false,
	  "{AF_INET 127.0.0.1:8000}" },
	{ "AF_INET, highest", AF_INET, "\xff\xff\xff\xff\xff\xff", 16, false,
	  "{AF_INET 255.255.255.255:65535}" },
	{ "AF_INET, only just", AF_INET, "\0\x35\n\0\2\3", 8, true,
	  "{AF_INET 10.0.2.3:53}" },
	{ "AF_INET, short", AF_INET, "\0\x35\n\0\2\3", 7, false,
	  "{AF_INET ...}" },
	{ "AF_INET6, any", AF_INET6, "\0\x50", 28, false,
	  "{AF_INET6 [::]:80}" },
	{ "AF_INET6, with a flow and a scope", AF_INET6,
	  "\0\x50" "\1\2\3\4" "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
	  "\7\7\7\7", 28, false,
	  "{AF_INET6 [fe80::1%117901063]:80}" },
	{ "AF_INET6, before it had a scope", AF_INET6,
	  "\0\x50" "\1\2\3\4" "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
	  "\7\7\7\7", 27, false,
	  "{AF_INET6 [fe80::1]:80}" },
	{ "AF_INET6, longest", AF_INET6,
	  "\xff\xff" "\0\0\0\0"
	  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	  "\xff\xff\xff\xff", 28, false,
	  "{AF_INET6 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]"
	  ":65535}" },
	{ "AF_INET6, short", AF_INET6, "\0\x50", 23, false,
	  "{AF_INET6 ...}" },
	{ "AF_NETLINK", AF_NETLINK, "\0\0" "\1\1\1\1" "\x11\x11\x11\x11", 12,
	  false, "{AF_NETLINK pid 16843009 groups 0x11111111}" },
	{ "AF_NETLINK, short", AF_NETLINK, "\0\0" "\1\1\1\1", 11, false,
	  "{AF_NETLINK ...}" },
	{ "AF_UNIX", AF_UNIX, "/run/x", 9, false, "{AF_UNIX \"/run/x\"}" },
	{ "AF_UNIX, without a NUL", AF_UNIX, "/run/x", 8, false,
	  "{AF_UNIX \"/run/x\"}" },
	{ "AF_UNIX, more than there is", AF_UNIX, "/run/x", 8, true,
	  "{AF_UNIX \"/run/x\"...}" },
	{ "AF_UNIX, with what follows its NUL", AF_UNIX, "/run/x\0secret", 110,
	  false, "{AF_UNIX \"/run/x\"}" },
	{ "AF_UNIX, longer than it can be", AF_UNIX, X108 "yyyy", 128, false,
	  "{AF_UNIX \"" X108 "\"}" },
	{ "AF_UNIX, no name", AF_UNIX, "x", 2, false, "{AF_UNIX}" },
	{ "AF_UNIX, no name to be read", AF_UNIX, "x", 2, true,
	  "{AF_UNIX ...}" },
	{ "AF_UNIX, abstract", AF_UNIX, "\0bus", 6, false,
	  "{AF_UNIX @\"bus\"}" },
	{ "AF_UNIX, abstract, with a NUL and a quote", AF_UNIX, "\0a\0}\"", 7,
	  false, "{AF_UNIX @\"a\\x00}\\x22\"}" },
	{ "AF_UNIX, a path that starts like an abstract name", AF_UNIX, "@bus",
	  7, false, "{AF_UNIX \"@bus\"}" },
	/* clang-format on */
};

static const struct cg_abi *abi_x86_64(void)
{
	return cg_abi_by_name("x86_64");
}

static void test_addresses(struct tap *tap)
{
	unsigned char bytes[sizeof(struct sockaddr_storage)];
	char got[CG_MEMORY_MAX];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		memcpy(bytes, &addresses[i].family, sizeof(sa_family_t));
		memcpy(bytes + sizeof(sa_family_t), addresses[i].rest,
		       sizeof(addresses[i].rest));
		memset(got, '#', sizeof(got));
		pointee_address(abi_x86_64(), bytes, addresses[i].length,
				!addresses[i].cut, got);
		expect(tap, got, addresses[i].want, addresses[i].name);
	}
}

/* Each byte four times as long as text: cut, with its end marked. */
static void test_worst(struct tap *tap)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char got[CG_MEMORY_MAX], bytes[256];

	memset(bytes, 0xff, sizeof(bytes));
	memset(got, '#', sizeof(got));
	pointee_string(bytes, sizeof(bytes), got);
	tap_ok(tap,
	       is_plain(got) && strlen(got) > CG_MEMORY_MAX - 10 &&
		       strcmp(got + strlen(got) - 8, "\\xff\"...") == 0,
	       "a string of nothing printable is cut between two bytes");
	memset(un.sun_path, 0xff, sizeof(un.sun_path));
	memset(got, '#', sizeof(got));
	pointee_address(abi_x86_64(), &un, sizeof(un), true, got);
	tap_ok(tap,
	       is_plain(got) && strlen(got) > CG_MEMORY_MAX - 10 &&
		       strcmp(got + strlen(got) - 9, "\\xff\"...}") == 0,
	       "so is such a path of a socket");
	un.sun_path[0] = '\0';
	memset(got, '#', sizeof(got));
	pointee_address(abi_x86_64(), &un, sizeof(un), true, got);
	tap_ok(tap,
	       is_plain(got) &&
		       strcmp(got + strlen(got) - 9, "\\xff\"...}") == 0,
	       "and an abstract name");
}

/* Every family and length, all bytes alike: plain, and in its room. */
static void test_all(struct tap *tap)
{
	static const unsigned char fills[] = { 0, 'x', '"', 0x1b, 0xff };
	unsigned char bytes[sizeof(struct sockaddr_storage)];
	char got[CG_MEMORY_MAX];
	size_t wrong = 0;

	for (uint16_t family = 0; family < 50; family++)
		for (size_t length = 0; length <= sizeof(bytes); length++)
			for (size_t i = 0; i < sizeof(fills); i++) {
				memset(bytes, fills[i], sizeof(bytes));
				memcpy(bytes, &family, sizeof(family));
				memset(got, '#', sizeof(got));
				pointee_address(abi_x86_64(), bytes, length,
						length % 2, got);
				wrong += !is_plain(got) ||
					 (length < 2 ? got[0] != '\0'
						     : got[0] != '{' ||
							       got[strlen(got) -
								   1] != '}');
			}
	tap_ok(tap, wrong == 0, "every family and length (%zu wrong)", wrong);
}

int main(void)
{
	struct tap tap = { 0 };

	test_kinds(&tap);
	test_strings(&tap);
	test_addresses(&tap);
	test_worst(&tap);
	test_all(&tap);
	return tap_done(&tap);
}
