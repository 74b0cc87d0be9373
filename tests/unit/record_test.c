/*
 * Recordings: what is read of a text, and what is made of it. A row is a text
 * and what is in it, a call a word: "read=3", with its errors "[EAGAIN:1]",
 * its values "{0:AF=2}"; ABI and phase where they are not x86_64 and all. Each
 * row that can be read is written and read again, and runs out of memory at
 * every budget on the way.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/record.h>

#include "base/buf.h"
#include "tap.h"

enum { STEP = 512 };

#define CALLS(...) "{\"callgate-recording\": 1, \"calls\": [" __VA_ARGS__ "]}"
#define READ "{\"abi\": \"x86_64\", \"nr\": 0, \"count\": 3}"
#define TABLE                                                          \
	"% time     seconds  usecs/call     calls    errors syscall\n" \
	"------ ----------- ----------- --------- --------- "          \
	"----------------\n"
#define TABLE_END                                             \
	"------ ----------- ----------- --------- --------- " \
	"----------------\n"                                  \
	"100.00    0.001419           5       263        30 total\n"

/* clang-format off */
static const struct row {
	const char *name, *text, *want;
} rows[] = {
	/* Our own format. */
	{ "no calls", CALLS(""), "" },
	{ "a call", CALLS(READ), "read=3" },
	{ "as YAML",
	  "callgate-recording: 1\ncalls:\n- {abi: x86_64, nr: 0, count: 3}\n",
	  "read=3" },
	{ "all of a call",
	  CALLS("{\"abi\": \"i386\", \"name\": \"socket\", \"nr\": 359,"
		" \"phase\": \"start\", \"count\": 9, \"time\": 5000,"
		" \"first\": 7, \"last\": 9, \"errors\": {\"EPERM\": 2,"
		" \"0\": 1}, \"arguments\": [{\"argument\": 0, \"values\":"
		" {\"1\": 4, \"2\": 3}, \"other\": 2}], \"stack-at\": 7,"
		" \"stack\": [\"a+0x1\", \"b\"]}"),
	  "start/i386/socket=9[0:1,EPERM:2]{0:1=4,2=3+2}@5us(a+0x1|b)" },
	{ "sorted",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 1, \"count\": 1}, " READ),
	  "read=3 write=1" },
	{ "words",
	  "{\"callgate-recording\": 1, \"runs\": 4, \"programs\": [\"b\","
	  " \"a\"], \"kernels\": [\"6.1\"], \"backends\": [\"ebpf\"],"
	  " \"gaps\": [\"time\"], \"lost\": {\"values\": 3}, \"calls\": []}",
	  "program:a program:b kernel:6.1 backend:ebpf gap:time lost:values=3" },
	{ "a number without a name",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 700, \"count\": 1}"), "#700=1" },
	{ "the same values again and again",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 41, \"count\": 2, \"arguments\":"
		" [{\"argument\": 0, \"values\": {\"1\": 1}}, {\"argument\": 0,"
		" \"values\": {\"0x1\": 1}}]}"), "socket=2{0:1=2}" },

	{ "of the future", "{\"callgate-recording\": 2, \"calls\": []}",
	  "1:24 a recording of version 2; this callgate reads version 1" },
	{ "without calls", "{\"callgate-recording\": 1}",
	  "1:1 'calls' is missing" },
	{ "a key that is none",
	  "{\"callgate-recording\": 1, \"call\": []}",
	  "1:27 a recording has no key 'call' here; did you mean 'calls'?" },
	{ "an ABI that is none",
	  CALLS("{\"abi\": \"x87\", \"nr\": 0, \"count\": 3}"),
	  "1:45 'x87' is no architecture that is known" },
	{ "another call's name",
	  CALLS("{\"abi\": \"x86_64\", \"name\": \"write\", \"nr\": 0,"
		" \"count\": 3}"),
	  "1:63 call 0 of x86_64 is read, not 'write'" },
	{ "a number below 0",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": -1, \"count\": 3}"),
	  "1:61 '-1' is no number from 0 to 2^64 - 1" },
	{ "a number beyond 64 bits",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 0, \"count\":"
		" 18446744073709551616}"),
	  "1:73 '18446744073709551616' is no number from 0 to 2^64 - 1" },
	{ "a call's number beyond 32 bits",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 4294967296, \"count\": 3}"),
	  "1:61 the number of a call has 32 bits" },
	{ "a seventh argument",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 0, \"count\": 3, \"arguments\":"
		" [{\"argument\": 6, \"values\": {}}]}"),
	  "1:103 a call has arguments 0 to 5" },
	{ "an errno that is none",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 0, \"count\": 3, \"errors\":"
		" {\"EPIRM\": 1}}"), "1:87 'EPIRM' is no errno" },
	{ "a phase that is none",
	  CALLS("{\"abi\": \"x86_64\", \"nr\": 0, \"count\": 3, \"phase\":"
		" \"end\"}"),
	  "1:85 'end' is no phase; all, start, service and runtime are" },
	{ "a call twice", CALLS(READ ", " READ),
	  "1:77 call 0 of x86_64 stands here a second time" },
	{ "a list for a mapping", CALLS("[1]"),
	  "1:37 a mapping is wanted here, not a list" },
	{ "text for a list", "{\"callgate-recording\": 1, \"calls\": x}",
	  "1:36 a list is wanted here, not text" },

	/* strace -c */
	{ "a table",
	  TABLE " 72.23    0.001025         256         4         2 wait4\n"
		"  7.75    0.000110           2        46           mmap\n"
	  TABLE_END,
	  "mmap=46@110us wait4=4[0:2]@1025us backend:strace gap:arguments"
	  " gap:errnos" },
	{ "two tables, and what the program printed",
	  "hello\n" TABLE
	  "100.00    0.000001           1         1           read\n"
	  TABLE_END "System call usage summary for 32 bit mode:\n" TABLE
	  "100.00    0.000002           1         2           mmap2\n"
	  TABLE_END,
	  "i386/mmap2=2@2us read=1@1us backend:strace gap:arguments"
	  " gap:errnos" },
	{ "an unknown number in a table",
	  TABLE "100.00    0.000001           1         1"
		"           syscall_0x2bc\n" TABLE_END,
	  "#700=1@1us backend:strace gap:arguments gap:errnos" },
	{ "a name that is none in a table",
	  TABLE "100.00    0.000001           1         1           raed\n"
	  TABLE_END, "3:1 x86_64 has no call 'raed'" },
	{ "a row that is none", TABLE "100.00 read\n" TABLE_END,
	  "3:1 not a row of strace -c: % time, seconds, usecs/call, calls, "
	  "errors, syscall" },
	{ "a table without an end", TABLE,
	  "3:1 the table of strace -c has no end" },

	/* strace */
	{ "a trace",
	  "execve(\"/bin/x\", [\"x\"], 0x7ffe74a062c8 /* 39 vars */) = 0\n"
	  "brk(NULL)                         = 0x55dfc0d38000\n"
	  "openat(AT_FDCWD, \"a, (b\", O_RDONLY) = -1 ENOENT (No such file)\n"
	  "socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	  "ioctl(1, TCGETS, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl)\n"
	  "clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD, tls=0) = 5\n"
	  "read(3,  <unfinished ...>\n"
	  "<... read resumed>\"\", 1) = -1 EINTR (Interrupted)\n"
	  "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
	  "exit_group(0)                     = ?\n"
	  "+++ exited with 0 +++\n",
	  "read=1[EINTR:1] brk=1 ioctl=1[ENOTTY:1]{1:21505=1}"
	  " socket=1{0:2=1} clone=1{0:273=1} exit_group=1 openat=1[ENOENT:1]"
	  " backend:strace" },
	{ "of many processes, with times",
	  "100 12:00:00.12 execve(\"x\", [\"x\"], 0) = 0\n"
	  "[pid   101] 1700000000.5 getpid() = 101 <0.000012>\n"
	  "102  getpid() = 102\n",
	  "getpid=2 backend:strace" },
	{ "another width, by its names",
	  "7 execve(\"./m32\", [\"m32\"], 0) = 0\n"
	  "7 brk(NULL) = 0x56b64000\n"
	  "7 mmap2(NULL, 8192, 3, 0x22, -1, 0) = 0xf7efa000\n"
	  "7 execve(\"./m64\", [\"m64\"], 0) = 0\n"
	  "7 brk(NULL) = 0x56b64000\n"
	  "7 arch_prctl(ARCH_SET_FS, 0x7f) = 0\n"
	  "7 newfstatat(3, \"\", {}, 0) = 0\n",
	  "i386/execve=1 i386/brk=1 i386/mmap2=1 brk=1"
	  " arch_prctl=1{0:4098=1} newfstatat=1 backend:strace" },
	{ "what a program of another width starts is one, too",
	  "7 execve(\"./m32\", [\"m32\"], 0) = 0\n"
	  "7 mmap2(NULL, 8192, 3, 0x22, -1, 0) = 0xf7efa000\n"
	  "7 clone(child_stack=NULL, flags=SIGCHLD, tls=0 <unfinished ...>\n"
	  "8 getpid() = 8\n"
	  "7 <... clone resumed>) = 8\n",
	  "i386/getpid=1 i386/clone=1{0:17=1} i386/mmap2=1 backend:strace" },
	{ "texts that look like results",
	  "execve(\"x = -1 E\", [\"x\"], 0) = 0\n"
	  "write(1, \"a) = -1 ENOSYS (\", 16) = 16\n"
	  "openat(AT_FDCWD, \"b\\\") = -1 E\", O_RDONLY) = -1 ENOENT (No)\n"
	  "read(0,  <unfinished ...>\n"
	  "<... read resumed>\"c) = -1 EIO\", 11) = 11\n"
	  "read(0,  <unfinished ...>\n"
	  "<... read resumed>0x1, 11) = -1 EAGAIN (Try again)\n"
	  "execve(\"y) = -1 E\", [\"y\"], 0) = 0\n"
	  "getpid() = 1\n",
	  "read=2[EAGAIN:1] write=1 getpid=1 execve=1 openat=1[ENOENT:1] "
	  "backend:strace" },
	{ "another width, as strace says",
	  "execve(\"./m32\", [\"m32\"], 0) = 0\n"
	  "[ Process PID=17363 runs in 32 bit mode. ]\n"
	  "brk(NULL) = 0x56b64000\n",
	  "i386/brk=1 backend:strace" },
	{ "an argument that is not understood",
	  "socket(AF_MARS, SOCK_STREAM, 0) = 3\n",
	  "socket=1{0:+1} backend:strace" },
	{ "a name that is none in a trace",
	  "getpid() = 3\nraed(3, \"\", 1) = 1\n",
	  "2:1 x86_64 has no call 'raed'" },

	/* audit */
	{ "audit",
	  "type=SECCOMP msg=audit(1795313417.332:2284751): auid=1 pid=7522"
	  " comm=\"gen\" exe=\"/opt/gen\" sig=31 arch=c000003e syscall=59"
	  " compat=0 ip=0x7f92a5e6b829 code=0x80000000\n"
	  "type=SYSCALL msg=audit(1795313417.900:1): arch=c000003e syscall=41"
	  " success=no exit=-97 a0=a a1=1 a2=0 a3=0 exe=\"/opt/gen\"\n"
	  "type=1326 audit(1795313418.000:2): arch=40000003 syscall=20"
	  " compat=1 ip=0x55 code=0x7ffc0000\n"
	  "type=CWD msg=audit(1795313418.000:2): cwd=\"/\"\n",
	  "i386/getpid=1 socket=1[EAFNOSUPPORT:1]{0:10=1} execve=1"
	  " program:/opt/gen backend:audit gap:calls" },
	{ "a name that is not UTF-8",
	  "type=SECCOMP msg=audit(1.0:1): exe=\"/\xff\xfe\" arch=c000003e"
	  " syscall=0\n", "read=1 program:/?? backend:audit gap:calls" },
	{ "audit of no architecture",
	  "type=SECCOMP msg=audit(1.0:1): arch=12345678 syscall=59\n",
	  "1:1 no architecture is known as 0x12345678" },
	{ "audit without a number",
	  "type=SECCOMP msg=audit(1.0:1): arch=c000003e syscall=59\n"
	  "type=SECCOMP msg=audit(1.0:1): arch=c000003e syscall=x\n",
	  "2:1 not a record of audit: arch is a hexadecimal number, syscall a "
	  "decimal one" },

	{ "nothing", "", "0:0 test is no recording: neither Callgate's own, "
	  "nor a log of strace, nor audit records" },
	{ "a policy", "seccomp:\n  default_action: allow\n",
	  "0:0 test is no recording: neither Callgate's own, nor a log of "
	  "strace, nor audit records" },
};
/* clang-format on */

static void show_errors(const struct cg_recorded *call, struct buf *out)
{
	for (size_t i = 0; i < call->error_count; i++) {
		uint32_t number = call->error_list[i].number;
		const char *name = cg_errno_name(number, call->abi);

		buf_puts(out, i ? "," : "[");
		if (name)
			buf_puts(out, name);
		else
			buf_printf(out, "%" PRIu32, number);
		buf_printf(out, ":%" PRIu64, call->error_list[i].count);
	}
	buf_puts(out, call->error_count ? "]" : "");
}

static void show_values(const struct cg_recorded *call, struct buf *out)
{
	for (int arg = 0; arg < 6; arg++) {
		uint64_t other = call->values[arg].other;

		if (!call->values[arg].count && !other)
			continue;
		buf_printf(out, "{%d:", arg);
		for (size_t i = 0; i < call->values[arg].count; i++)
			buf_printf(out, "%s%" PRIu64 "=%" PRIu64, i ? "," : "",
				   call->values[arg].list[i].value,
				   call->values[arg].list[i].count);
		if (other)
			buf_printf(out, "+%" PRIu64, other);
		buf_puts(out, "}");
	}
}

static void show_call(const struct cg_recorded *call, struct buf *out)
{
	static const char *const phases[] = { "", "start/", "service/",
					      "runtime/" };

	buf_puts(out, out->length ? " " : "");
	buf_puts(out, phases[call->phase]);
	if (strcmp(call->abi->name, "x86_64") != 0)
		buf_printf(out, "%s/", call->abi->name);
	if (call->call)
		buf_puts(out, call->call->name);
	else
		buf_printf(out, "#%" PRIu32, call->nr);
	buf_printf(out, "=%" PRIu64, call->count);
	show_errors(call, out);
	show_values(call, out);
	if (call->time)
		buf_printf(out, "@%" PRIu64 "us", call->time / 1000);
	if (call->stack) {
		buf_puts(out, "(");
		for (const char *at = call->stack; *at; at++)
			buf_add(out, *at == '\n' ? "|" : at, 1);
		buf_puts(out, ")");
	}
}

/* The recording as the rows write it; to be freed. */
static char *show(const struct cg_recording *recording)
{
	static const char *const kinds[] = { "program", "kernel", "backend",
					     "gap", "lost" };
	struct cg_recorded call;
	struct buf out = { 0 };
	const char *word;
	uint64_t count;

	buf_puts(&out, "");
	for (size_t i = 0; cg_recording_get(recording, i, &call); i++)
		show_call(&call, &out);
	for (size_t kind = 0; kind < 5; kind++)
		for (size_t i = 0;
		     (word = cg_recording_word(recording,
					       (enum cg_recording_word)kind, i,
					       &count));
		     i++) {
			buf_printf(&out, "%s%s:%s", out.length ? " " : "",
				   kinds[kind], word);
			if (kind == CG_WORD_LOST)
				buf_printf(&out, "=%" PRIu64, count);
		}
	return buf_done(&out);
}

static enum cg_status parse(const char *text, size_t memory,
			    struct cg_recording **out, struct cg_error *err)
{
	const struct cg_recording_options options = {
		.native = cg_abi_by_name("x86_64"),
		.memory = memory,
	};

	return cg_recording_parse(text, strlen(text), "test", &options, out,
				  err);
}

/* What comes of a text: the recording, or the error. */
static char *read_text(const char *text, size_t memory)
{
	struct cg_recording *recording = NULL;
	struct cg_error err = { 0 };
	struct buf out = { 0 };
	char *shown;

	if (parse(text, memory, &recording, &err) == CG_OK) {
		shown = show(recording);
		cg_recording_free(recording);
		return shown;
	}
	if (err.status == CG_E_NOMEM)
		return NULL;
	buf_printf(&out, "%u:%u %s", err.line, err.column, err.message);
	return buf_done(&out);
}

static bool written_again(const char *text, const char *want)
{
	struct cg_recording *recording = NULL;
	char *written, *got;
	bool same;

	if (parse(text, 0, &recording, NULL) != CG_OK)
		return true; /* an error has no text */
	written = cg_recording_text(recording);
	cg_recording_free(recording);
	got = written ? read_text(written, 0) : NULL;
	same = got && strcmp(got, want) == 0;
	if (!same)
		tap_note("written: %s", written ? written : "(nothing)");
	free(written);
	free(got);
	return same;
}

/* Out of memory at each budget, then as with plenty. */
static bool any_budget(const char *text, const char *want)
{
	for (size_t memory = 1;; memory += STEP) {
		char *got = read_text(text, memory);
		bool same = got && strcmp(got, want) == 0;

		if (!got)
			continue;
		free(got);
		return same;
	}
}

static void try_row(struct tap *tap, const struct row *row)
{
	char *got = read_text(row->text, 0);

	if (!tap_ok(tap, got && strcmp(got, row->want) == 0, "%s", row->name))
		tap_note("got %s, want %s", got ? got : "no memory", row->want);
	free(got);
	tap_ok(tap,
	       written_again(row->text, row->want) &&
		       any_budget(row->text, row->want),
	       "%s: again, and with little memory", row->name);
}

/* Columns, order, totals and headings as strace has them. */
static void try_table(struct tap *tap)
{
	static const char text[] = CALLS(
		READ ", {\"abi\": \"i386\", \"nr\": 192, \"count\": 2},"
		     "{\"abi\": \"x86_64\", \"nr\": 41, \"count\": 4, \"time\":"
		     "1500000000, \"errors\": {\"EPERM\": 1}, \"arguments\":"
		     "[{\"argument\": 0, \"values\": {\"1\": 1, \"2\": 3}}]},"
		     "{\"abi\": \"x86_64\", \"nr\": 1, \"count\": 9},"
		     "{\"abi\": \"x86_64\", \"nr\": 39, \"count\": 1, \"time\":"
		     "500000000}");
	static const char want[] =
		TABLE " 75.00    1.500000      375000         4         1 "
		      "socket\n"
		      " 25.00    0.500000      500000         1           "
		      "getpid\n"
		      "  0.00    0.000000           0         9           "
		      "write\n"
		      "  0.00    0.000000           0         3           "
		      "read\n"
		      "------ ----------- ----------- --------- --------- "
		      "----------------\n"
		      "100.00    2.000000      117647        17         1 "
		      "total\n"
		      "arguments:\n"
		      "  socket family: AF_INET 3, AF_UNIX 1\n"
		      "System call usage summary for 32 bit mode:\n" TABLE
		      "  0.00    0.000000           0         2           "
		      "mmap2\n"
		      "------ ----------- ----------- --------- --------- "
		      "----------------\n"
		      "100.00    0.000000           0         2           "
		      "total\n";
	struct cg_recording *recording = NULL;
	char *table = NULL;

	if (parse(text, 0, &recording, NULL) == CG_OK)
		table = cg_recording_table(recording);
	if (!tap_ok(tap, table && strcmp(table, want) == 0,
		    "the table of strace -c"))
		tap_note("%s", table ? table : "no table");
	free(table);
	cg_recording_free(recording);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&tap, &rows[i]);
	try_table(&tap);
	return tap_done(&tap);
}
