/*
 * The tables answer what is known from elsewhere: numbers from the kernel's
 * own headers, differences between ABIs that have bitten others, and promises
 * that hold for every row.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/arch.h>
#include <callgate/policy.h>

#include "abi/doors.h"
#include "tap.h"

static const struct cg_abi *abi_named(struct tap *tap, const char *name)
{
	const struct cg_abi *abi = cg_abi_by_name(name);

	if (!abi) {
		tap_ok(tap, false, "there is an ABI %s", name);
		exit(tap_done(tap));
	}
	return abi;
}

static const struct cg_syscall *call_named(struct tap *tap, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);

	if (!call) {
		tap_ok(tap, false, "there is a call %s", name);
		exit(tap_done(tap));
	}
	return call;
}

/* ------------------------------------------------------------- ABIs -- */

static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "amd64", "x86_64" },
	{ "x86-64", "x86_64" },
	{ "386", "i386" },
	{ "x86", "i386" },
	{ "i686", "i386" },
	{ "arm64", "aarch64" },
	{ "ppc64el", "ppc64le" },
	{ "mipsle", "mipsel" },
	{ "mipsel64", "mips64el" },
	{ "mips64le", "mips64el" },
	{ "loong64", "loongarch64" },
	{ "hppa", "parisc" },
	{ "powerpc", "ppc" },
	{ "armhf", "arm" },
};

static const struct {
	uint32_t audit_arch, nr;
	const char *name; /* "" for none */
} calls_seen[] = {
	{ 0xc000003e, 59, "x86_64" },
	{ 0xc000003e, 0x3fffffff, "x86_64" },
	{ 0xc000003e, 0x40000000, "x32" },
	{ 0xc000003e, 1073741883, "x32" },
	{ 0xc000003e, 0x7fffffff, "x32" },
	{ 0xc000003e, 0x80000000, "x86_64" },
	{ 0xc000003e, UINT32_MAX, "x86_64" },
	{ 0x40000003, 102, "i386" },
	{ 0x40000028, 0xf0005, "arm" },
	{ 0x40000028, 0x900004, "arm_oabi" },
	{ 0x00000028, 1, "armeb" },
	{ 0x80000016, 119, "s390x" },
	{ 0xc00000f3, 221, "riscv64" },
	{ 0x0000005e, 1, "xtensa" },
	{ 0x40000008, 4001, "mipsel" },
	{ 0x12345678, 1, "" },
	{ 0, 0, "" },
};

static void test_abis(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		tap_ok(tap,
		       cg_abi_by_name(aliases[i].alias) ==
			       abi_named(tap, aliases[i].name),
		       "%s is %s", aliases[i].alias, aliases[i].name);
	for (size_t i = 0; i < sizeof(calls_seen) / sizeof(calls_seen[0]);
	     i++) {
		const struct cg_abi *abi = cg_abi_of_call(
			calls_seen[i].audit_arch, calls_seen[i].nr);

		tap_ok(tap,
		       strcmp(abi ? abi->name : "", calls_seen[i].name) == 0,
		       "call %08" PRIx32 "/%" PRIx32 " is of '%s'",
		       calls_seen[i].audit_arch, calls_seen[i].nr,
		       calls_seen[i].name);
	}
	tap_ok(tap, !cg_abi_by_name("z80") && !cg_abi_by_name(""),
	       "an unknown ABI is none");
	tap_ok(tap, cg_abi_native() && cg_abi_native()->seccomp,
	       "the native ABI has a row");
}

/* Native ABIs first; guests name a 64-bit ABI of the same byte order. */
static void test_abi_order(struct tap *tap)
{
	const struct cg_abi *abi;
	bool guests = false, good = true;
	size_t count = 0;

	for (; (abi = cg_abi_at(count)); count++) {
		const struct cg_abi *host =
			abi->native ? cg_abi_by_name(abi->native) : NULL;

		if (abi->native)
			good = good && host && host->bits == 64 &&
			       !host->native &&
			       host->big_endian == abi->big_endian;
		else
			good = good && !guests;
		guests = guests || abi->native;
		good = good && cg_abi_by_name(abi->name) == abi;
	}
	tap_ok(tap, good && guests, "%zu ABIs, guests behind their hosts",
	       count);
	tap_ok(tap, strcmp(cg_abi_at(0)->name, "x86_64") == 0,
	       "x86_64 comes first");
}

/* ---------------------------------------------------------- numbers -- */

enum { NONE = -1 };

static const struct {
	const char *abi, *call;
	int64_t nr; /* or NONE */
} numbers[] = {
	{ "x86_64", "read", 0 },
	{ "x86_64", "openat2", 437 },
	{ "x86_64", "clone3", 435 },
	{ "x86_64", "setxattrat", 463 },
	{ "x86_64", "uretprobe", 335 },
	{ "x86_64", "socketcall", NONE },
	{ "i386", "socketcall", 102 },
	{ "i386", "ipc", 117 },
	{ "i386", "execve", 11 },
	{ "i386", "openat2", 437 },
	{ "i386", "newfstatat", NONE },
	{ "i386", "fstatat64", 300 },
	{ "aarch64", "newfstatat", 79 },
	{ "aarch64", "fstatat", 79 },
	{ "aarch64", "open", NONE },
	{ "aarch64", "execve", 221 },
	{ "x32", "execve", 0x40000000 + 520 },
	{ "x32", "ioctl", 0x40000000 + 514 },
	{ "x32", "readv", 0x40000000 + 515 },
	{ "x32", "getppid", 1073741934 },
	{ "x32", "read", 0x40000000 },
	{ "mips", "getppid", 4064 },
	{ "mipsel", "getppid", 4064 },
	{ "mips64el", "getppid", 5108 },
	{ "mipsel64n32", "getppid", 6108 },
	{ "s390x", "sigreturn", 119 },
	{ "s390x", "openat2", 437 },
	{ "riscv64", "execve", 221 },
	{ "arm", "set_tls", 0xf0005 },
	{ "arm", "cacheflush", 0xf0002 },
	{ "arm", "sync_file_range", NONE },
	{ "alpha", "openat2", 547 },
	{ "loongarch64", "memfd_secret", 447 },
	{ "ppc64le", "execve", 11 },
	{ "sparc64", "execve", 59 },
};

static void test_numbers(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct cg_abi *abi = abi_named(tap, numbers[i].abi);
		const struct cg_syscall *call =
			call_named(tap, numbers[i].call);
		uint32_t nr = 12345;
		bool has = cg_syscall_number(call, abi, &nr);
		int64_t want = numbers[i].nr;

		tap_ok(tap,
		       want == NONE ? !has && nr == 12345
				    : has && nr == want &&
					      cg_syscall_at(abi, nr) == call,
		       "%s on %s is %" PRId64, numbers[i].call, numbers[i].abi,
		       want);
	}
	tap_ok(tap, !cg_syscall_at(abi_named(tap, "x32"), 0x40000000 + 59),
	       "59 is no call of x32");
	tap_ok(tap, !cg_syscall_at(abi_named(tap, "x86_64"), 999),
	       "999 is no call");
	tap_ok(tap, !cg_syscall_at(abi_named(tap, "x86_64"), UINT32_MAX),
	       "-1 is no call");
	tap_ok(tap, !cg_syscall_at(abi_named(tap, "mips"), 0),
	       "numbers of MIPS start at 4000");
}

/* Whether every number leads to its name and back, and the list is sorted. */
static bool round_trip(const struct cg_abi *abi)
{
	const struct abi_number *list;
	size_t count;

	list = abi_numbers(abi, &count);
	for (size_t i = 0; i < count; i++) {
		const struct cg_syscall *call = abi_number_call(&list[i]);
		uint32_t nr;

		if ((i && list[i].nr <= list[i - 1].nr) ||
		    cg_syscall_by_name(call->name) != call ||
		    !cg_syscall_number(call, abi, &nr) || nr != list[i].nr ||
		    cg_syscall_at(abi, nr) != call)
			return false;
	}
	return count > 300;
}

static void test_round_trips(struct tap *tap)
{
	const struct cg_syscall *call;
	const struct cg_abi *abi;
	bool sorted = true;
	size_t count = 0;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		tap_ok(tap, round_trip(abi), "%s: number, name and back",
		       abi->name);
	for (; (call = cg_syscall_get(count)); count++)
		sorted = sorted && call->index == count &&
			 (!count || strcmp(cg_syscall_get(count - 1)->name,
					   call->name) < 0);
	tap_ok(tap, sorted && count >= 664, "%zu calls, sorted", count);
}

static const struct {
	const char *call, *abi; /* NULL: any */
	uint32_t since;
} releases[] = {
	{ "openat2", "x86_64", CG_KERNEL(5, 6) },
	{ "openat2", NULL, CG_KERNEL(5, 6) },
	{ "openat2", "loongarch64", CG_KERNEL(5, 19) },
	{ "clone3", NULL, CG_KERNEL(5, 3) },
	{ "fchmodat2", "aarch64", CG_KERNEL(6, 6) },
	{ "rseq", NULL, CG_KERNEL(4, 18) },
	{ "fchroot", NULL, CG_KERNEL(7, 3) },
	{ "read", NULL, CG_KERNEL(1, 0) },
	/* Old ranges count from their lower end, newer from their upper. */
	{ "read", "x86_64", CG_KERNEL(1, 0) },
	{ "read", "aarch64", CG_KERNEL(3, 7) },
	{ "openat", "x86_64", CG_KERNEL(2, 6) },
	{ "statx", "x86_64", CG_KERNEL(4, 11) },
	{ "clone3", "x86_64", CG_KERNEL(5, 4) },
};

static void test_since(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		const struct cg_abi *abi =
			releases[i].abi ? abi_named(tap, releases[i].abi)
					: NULL;
		uint32_t since = cg_syscall_since(
			call_named(tap, releases[i].call), abi);

		tap_ok(tap, since == releases[i].since,
		       "%s on %s since %" PRIx32, releases[i].call,
		       abi ? abi->name : "any", since);
	}
	tap_ok(tap, cg_kernel_newest() >= CG_KERNEL(7, 3),
	       "the tables know Linux 7.3");
}

/* -------------------------------------------------------- constants -- */

static const struct {
	const char *abi, *name;
	int64_t value;
} values[] = {
	{ "x86_64", "ENOSYS", 38 },
	{ "mips", "ENOSYS", 89 },
	{ "parisc", "ENOSYS", 251 },
	{ "sparc64", "ENOSYS", 90 },
	{ "alpha", "ENOSYS", 78 },
	{ "x86_64", "EACCES", 13 },
	{ "x86_64", "AF_UNIX", 1 },
	{ "x86_64", "AF_NETLINK", 16 },
	{ "x86_64", "CLONE_NEWUSER", 0x10000000 },
	{ "x86_64", "TIOCSTI", 0x5412 },
	{ "mips", "TIOCSTI", 0x5472 },
	{ "x86_64", "O_DIRECTORY", 0x10000 },
	{ "arm", "O_DIRECTORY", 0x4000 },
	{ "aarch64", "O_DIRECTORY", 0x4000 },
	{ "x86_64", "O_CLOEXEC", 0x80000 },
	{ "x86_64", "O_ACCMODE", 3 },
	{ "mips", "SOCK_STREAM", 2 },
	{ "mips64el", "SOCK_DGRAM", 1 },
	{ "x86_64", "SOCK_STREAM", 1 },
	{ "x86_64", "AT_FDCWD", -100 },
	{ "x86_64", "PR_SET_NO_NEW_PRIVS", 38 },
	{ "x86_64", "PTRACE_TRACEME", 0 },
	{ "x86_64", "SIGSYS", 31 },
	{ "mips", "SIGSYS", 12 },
	{ "x86_64", "TIOCGWINSZ", 0x5413 },
	{ "ppc64le", "TIOCGWINSZ", 0x40087468 },
	{ "x86_64", "MAP_ANONYMOUS", 0x20 },
	{ "mips", "MAP_ANONYMOUS", 0x800 },
};

static void test_constants(struct tap *tap)
{
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		bool known = cg_constant_value(
			values[i].name, abi_named(tap, values[i].abi), &value);

		tap_ok(tap, known && value == (uint64_t)values[i].value,
		       "%s on %s is %" PRId64, values[i].name, values[i].abi,
		       values[i].value);
	}
	value = 7;
	tap_ok(tap,
	       !cg_constant_value("E_NONE", abi_named(tap, "x86_64"), &value) &&
		       value == 7,
	       "an unknown constant leaves the value alone");
	tap_ok(tap,
	       !cg_constant_value("MAP_32BIT", abi_named(tap, "aarch64"),
				  &value) &&
		       value == 7,
	       "only x86 has MAP_32BIT");
}

/* Each errno that has a name on an ABI is that number there. */
static void test_errnos(struct tap *tap)
{
	const struct cg_abi *abi;
	bool good = true;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		for (uint32_t number = 1; number < 4096; number++) {
			const char *name = cg_errno_name(number, abi);
			uint64_t value;

			good = good &&
			       (!name ||
				(cg_constant_value(name, abi, &value) &&
				 value == number)) &&
			       (name || number > 34);
		}
	tap_ok(tap, good, "errnos lead to names and back on every ABI");
	tap_ok(tap,
	       strcmp(cg_errno_name(11, abi_named(tap, "x86_64")), "EAGAIN") ==
		       0,
	       "11 is EAGAIN rather than EWOULDBLOCK");
	tap_ok(tap,
	       !cg_errno_name(0, abi_named(tap, "x86_64")) &&
		       !cg_errno_name(4095, abi_named(tap, "x86_64")),
	       "0 and 4095 are no errnos");
}

/* -------------------------------------------------------- arguments -- */

static const struct {
	const char *call, *abi, *want;
} layouts[] = {
	{ "clone", "x86_64",
	  "clone_flags newsp parent_tidptr* child_tidptr* tls" },
	{ "clone", "i386",
	  "clone_flags newsp parent_tidptr* tls child_tidptr*" },
	{ "clone", "s390x",
	  "newsp clone_flags parent_tidptr* child_tidptr* tls" },
	{ "pread64", "x86_64", "fd buf* count pos" },
	{ "pread64", "x32", "fd buf* count pos" },
	{ "pread64", "i386", "fd buf* count pos:low pos:high" },
	{ "pread64", "arm", "fd buf* count . pos:low pos:high" },
	{ "pread64", "mips", "fd buf* count . pos:high pos:low" },
	{ "fallocate", "ppc",
	  "fd mode offset:high offset:low len:high len:low" },
	{ "fadvise64_64", "ppc",
	  "fd advice offset:high offset:low len:high len:low" },
	{ "mmap", "i386", "arg*" },
	{ "select", "i386", "arg*" },
	{ "mmap", "s390x", "arg*" },
	{ "getpid", "x86_64", "" },
	{ "openat2", "x86_64", "dfd filename* how* usize" },
};

static void print_layout(const struct cg_argument *list, size_t count,
			 char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(out);
		const char *half = strstr(list[i].type, "high half")  ? ":high"
				   : strstr(list[i].type, "low half") ? ":low"
								      : "";

		snprintf(out + used, size - used, "%s%s%s%s", i ? " " : "",
			 list[i].name[0] ? list[i].name : ".", half,
			 list[i].is_pointer ? "*" : "");
	}
}

static void test_layouts(struct tap *tap)
{
	struct cg_argument list[6];
	char got[256];
	size_t count;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (!cg_syscall_arguments(call_named(tap, layouts[i].call),
					  abi_named(tap, layouts[i].abi), list,
					  &count))
			count = 0;
		print_layout(list, count, got, sizeof(got));
		if (!tap_ok(tap, strcmp(got, layouts[i].want) == 0,
			    "arguments of %s on %s", layouts[i].call,
			    layouts[i].abi))
			tap_note("want: %s  got: %s", layouts[i].want, got);
	}
	tap_ok(tap,
	       !cg_syscall_arguments(call_named(tap, "tuxcall"),
				     abi_named(tap, "x86_64"), list, &count),
	       "nobody knows the arguments of tuxcall");
}

static const struct {
	const char *call, *abi;
	unsigned position, want; /* 6: nowhere */
} positions[] = {
	{ "clone", "x86_64", 0, 0 },        { "clone", "s390x", 0, 1 },
	{ "clone", "s390x", 1, 0 },         { "clone", "i386", 4, 3 },
	{ "clone", "aarch64", 3, 4 },       { "socket", "mips", 2, 2 },
	{ "pread64", "i386", 3, 6 },        { "pread64", "i386", 2, 2 },
	{ "pread64", "x32", 3, 3 },         { "mmap", "i386", 2, 6 },
	{ "fadvise64", "i386", 3, 4 },      { "fadvise64", "mips", 3, 6 },
	{ "sync_file_range", "arc", 3, 5 }, { "read", "x86_64", 6, 6 },
	{ "clone", "microblaze", 2, 3 },
};

static void test_positions(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
		unsigned got = abi_argument_position(
			call_named(tap, positions[i].call),
			abi_named(tap, positions[i].abi),
			positions[i].position);

		tap_ok(tap, got == positions[i].want,
		       "argument %u of %s stands at %u on %s",
		       positions[i].position, positions[i].call, got,
		       positions[i].abi);
	}
	tap_ok(tap,
	       abi_arguments_hidden(call_named(tap, "mmap"),
				    abi_named(tap, "i386")) &&
		       !abi_arguments_hidden(call_named(tap, "mmap2"),
					     abi_named(tap, "i386")) &&
		       !abi_arguments_hidden(call_named(tap, "mmap"),
					     abi_named(tap, "x86_64")),
	       "i386 hides the arguments of mmap, not those of mmap2");
}

static const struct {
	const char *call;
	unsigned argument;
	const char *abi;
	uint64_t value;
	const char *want;
} prints[] = {
	{ "openat", 0, "x86_64", 0xffffff9c, "AT_FDCWD" },
	{ "openat", 0, "x86_64", UINT64_MAX - 99, "AT_FDCWD" },
	{ "openat", 0, "x86_64", 3, "3" },
	{ "openat", 0, "x86_64", 0xffffffff, "-1" },
	{ "openat", 1, "x86_64", 0x7ffd1000, "0x7ffd1000" },
	{ "openat", 1, "x86_64", 0, "NULL" },
	{ "openat", 2, "x86_64", 0, "O_RDONLY" },
	{ "openat", 2, "x86_64", 0x80000, "O_RDONLY|O_CLOEXEC" },
	{ "openat", 2, "x86_64", 0x80241,
	  "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC" },
	{ "openat", 2, "arm", 0x4000, "O_RDONLY|O_DIRECTORY" },
	{ "openat", 3, "x86_64", 0644, "0644" },
	{ "openat", 2, "x86_64", 0x40000001, "O_WRONLY|0x40000000" },
	{ "socket", 0, "x86_64", 1, "AF_UNIX" },
	{ "socket", 0, "x86_64", 99, "99" },
	{ "socket", 1, "x86_64", 0x80001, "SOCK_STREAM|SOCK_CLOEXEC" },
	{ "socket", 1, "mips", 0x80001, "SOCK_DGRAM|SOCK_CLOEXEC" },
	{ "ioctl", 1, "x86_64", 0x5412, "TIOCSTI" },
	{ "ioctl", 1, "x86_64", 0x12345678, "0x12345678" },
	{ "clone", 0, "x86_64", 0x11, "SIGCHLD" },
	{ "clone", 0, "x86_64", 0x10000011, "SIGCHLD|CLONE_NEWUSER" },
	{ "mmap", 2, "x86_64", 3, "PROT_READ|PROT_WRITE" },
	{ "mmap", 2, "x86_64", 0, "PROT_NONE" },
	{ "mmap", 3, "x86_64", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS" },
	{ "kill", 0, "x86_64", 0xffffffff, "-1" },
	{ "kill", 1, "x86_64", 9, "SIGKILL" },
	{ "prctl", 0, "x86_64", 38, "PR_SET_NO_NEW_PRIVS" },
	{ "read", 2, "x86_64", 4096, "4096" },
	{ "lseek", 1, "x86_64", UINT64_MAX, "-1" },
	{ "futex", 1, "x86_64", 0x80, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG" },
	{ "futex", 1, "x86_64", 0x189,
	  "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME" },
};

static void test_printing(struct tap *tap)
{
	struct cg_argument list[6];
	char got[128], cut[8];
	size_t count;

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		const struct cg_abi *abi = abi_named(tap, prints[i].abi);

		if (!cg_syscall_arguments(call_named(tap, prints[i].call), abi,
					  list, &count) ||
		    prints[i].argument >= count) {
			tap_ok(tap, false, "%s has argument %u", prints[i].call,
			       prints[i].argument);
			continue;
		}
		cg_argument_print(&list[prints[i].argument], abi,
				  prints[i].value, got, sizeof(got));
		if (!tap_ok(tap, strcmp(got, prints[i].want) == 0,
			    "%s %u %" PRIx64 " is %s", prints[i].call,
			    prints[i].argument, prints[i].value,
			    prints[i].want))
			tap_note("got: %s", got);
	}
	cg_syscall_arguments(call_named(tap, "openat"), cg_abi_at(0), list,
			     &count);
	memset(cut, '!', sizeof(cut));
	cg_argument_print(&list[2], cg_abi_at(0), 0x80241, cut, 6);
	tap_ok(tap, strcmp(cut, "O_WRO") == 0 && cut[6] == '!',
	       "what does not fit is cut");
	cg_argument_print(&list[2], cg_abi_at(0), 0x80241, cut, 1);
	tap_ok(tap, cut[0] == '\0', "room for the NUL alone is enough");
}

/* ------------------------------------------------- doors, twins, more -- */

static const struct {
	const char *call, *abi, *want; /* "through:value" each */
} doors[] = {
	{ "bind", "i386", "socketcall:2" },
	{ "bind", "x86_64", "" },
	{ "sendto", "i386", "socketcall:9 socketcall:11" },
	{ "recvfrom", "i386", "socketcall:10 socketcall:12" },
	{ "accept4", "s390x", "socketcall:18" },
	{ "semop", "i386", "ipc:1" },
	{ "shmat", "s390x", "ipc:21" },
	{ "semtimedop", "ppc64le", "ipc:4" },
	{ "read", "i386", "" },
};

static void test_doors(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		struct door found[DOORS_MAX];
		char got[128] = "";
		size_t count = abi_doors(call_named(tap, doors[i].call),
					 abi_named(tap, doors[i].abi), found);

		for (size_t k = 0; k < count; k++) {
			size_t used = strlen(got);

			snprintf(got + used, sizeof(got) - used,
				 "%s%s:%" PRIu32, k ? " " : "",
				 found[k].through->name, found[k].value);
		}
		tap_ok(tap, strcmp(got, doors[i].want) == 0,
		       "doors to %s on %s: %s", doors[i].call, doors[i].abi,
		       got);
	}
}

static const struct {
	const char *call, *abi, *want;
} twins[] = {
	{ "stat", "i386", "stat64 oldstat" },
	{ "stat", "x86_64", "" },
	{ "futex", "i386", "futex_time64" },
	{ "futex_time64", "i386", "futex" },
	{ "mmap", "i386", "mmap2" },
	{ "chown", "i386", "chown32" },
	{ "umount2", "i386", "umount" },
	{ "newfstatat", "i386", "fstatat64" },
	{ "getdents", "x86_64", "getdents64" },
	{ "openat", "x86_64", "" },
};

static void test_twins(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
		const struct cg_syscall *found[TWINS_MAX];
		char got[128] = "";
		size_t count = abi_twins(call_named(tap, twins[i].call),
					 abi_named(tap, twins[i].abi), found);

		for (size_t k = 0; k < count; k++) {
			size_t used = strlen(got);

			snprintf(got + used, sizeof(got) - used, "%s%s",
				 k ? " " : "", found[k]->name);
		}
		tap_ok(tap, strcmp(got, twins[i].want) == 0,
		       "twins of %s on %s: %s", twins[i].call, twins[i].abi,
		       got);
	}
}

static const struct {
	const char *wrong, *call, *constant; /* NULL: nothing is close */
} misspelt[] = {
	{ "opennat", "openat", NULL },
	{ "exceve", "execve", NULL },
	{ "reed", "read", NULL },
	{ "zzzzzzzz", NULL, NULL },
	{ "AF_UNXI", NULL, "AF_UNIX" },
	{ "EACCESS", NULL, "EACCES" },
	{ "CLONE_NEWUSR", NULL, "CLONE_NEWUSER" },
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_suggestions(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(misspelt) / sizeof(misspelt[0]); i++) {
		const char *wrong = misspelt[i].wrong;

		if (!misspelt[i].constant)
			tap_ok(tap,
			       same(cg_syscall_suggest(wrong),
				    misspelt[i].call),
			       "%s: did you mean %s", wrong,
			       misspelt[i].call ? misspelt[i].call : "nothing");
		else
			tap_ok(tap,
			       same(cg_constant_suggest(wrong),
				    misspelt[i].constant),
			       "%s: did you mean %s", wrong,
			       misspelt[i].constant);
	}
}

/* How many leaf groups a call lies in; a leaf holds no other whole group. */
static bool group_is_leaf(const struct cg_group *group);

static bool group_has(const struct cg_group *group, const char *name)
{
	for (size_t i = 0; group->names[i]; i++)
		if (strcmp(group->names[i], name) == 0)
			return true;
	return false;
}

static bool
group_within(const struct cg_group *inner, const struct cg_group *outer)
{
	for (size_t i = 0; inner->names[i]; i++)
		if (!group_has(outer, inner->names[i]))
			return false;
	return true;
}

static bool group_is_leaf(const struct cg_group *group)
{
	const struct cg_group *other;

	for (size_t i = 0; (other = cg_group_get(i)); i++)
		if (other != group && group_within(other, group))
			return false;
	return true;
}

static void test_groups(struct tap *tap)
{
	const struct cg_group *group;
	bool sound = true, once = true;
	uint8_t leaves[1024] = { 0 };

	for (size_t i = 0; (group = cg_group_get(i)); i++) {
		bool leaf = group_is_leaf(group);

		sound = sound && cg_group_by_name(group->name) == group &&
			group->name[0] == '@' && group->about[0];
		for (size_t k = 0; group->names[k]; k++) {
			const struct cg_syscall *call =
				cg_syscall_by_name(group->names[k]);

			sound = sound && call &&
				strcmp(call->name, group->names[k]) == 0 &&
				(!k || strcmp(group->names[k - 1],
					      group->names[k]) < 0);
			leaves[call ? call->index : 1023] += leaf;
		}
	}
	tap_ok(tap, sound, "groups are sorted and hold calls");
	for (size_t i = 0; cg_syscall_get(i); i++)
		if (leaves[i] != 1) {
			tap_note("%s lies in %d leaf groups",
				 cg_syscall_get(i)->name, leaves[i]);
			once = false;
		}
	tap_ok(tap, once, "every call lies in exactly one leaf group");
	tap_ok(tap, !cg_group_by_name("@nothing"), "an unknown group is none");
	tap_ok(tap,
	       group_has(cg_group_by_name("@new-processes"), "execve") &&
		       !group_has(cg_group_by_name("@files"), "mount"),
	       "groups hold what they say");
}

static void test_presets(struct tap *tap)
{
	static const char *const wanted[] = {
		"beats-arm",        "beats-arm64", "beats-i386",
		"beats-x86_64",     "no-exec",     "no-network",
		"no-new-processes", "server",      "strict"
	};
	const struct cg_preset *preset;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		preset = cg_preset_get(i);
		tap_ok(tap,
		       preset && strcmp(preset->name, wanted[i]) == 0 &&
			       preset->about[0] &&
			       strlen(preset->text) == preset->length,
		       "there is a preset %s", wanted[i]);
	}
}

int main(void)
{
	struct tap tap = { 0 };

	test_abis(&tap);
	test_abi_order(&tap);
	test_numbers(&tap);
	test_round_trips(&tap);
	test_since(&tap);
	test_constants(&tap);
	test_errnos(&tap);
	test_layouts(&tap);
	test_positions(&tap);
	test_printing(&tap);
	test_doors(&tap);
	test_twins(&tap);
	test_suggestions(&tap);
	test_groups(&tap);
	test_presets(&tap);
	tap_ok(&tap,
	       cg_unfilterable_since(abi_named(&tap, "x86_64"), 335) ==
			       CG_KERNEL(6, 14) &&
		       cg_unfilterable_since(abi_named(&tap, "x86_64"), 336) ==
			       CG_KERNEL(6, 18) &&
		       !cg_unfilterable_since(abi_named(&tap, "x86_64"), 334) &&
		       !cg_unfilterable_since(abi_named(&tap, "i386"), 335),
	       "two calls of x86_64 pass every filter");
	return tap_done(&tap);
}
