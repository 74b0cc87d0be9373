/*
 * Records of audit as violations, and violations as events: a row is a record,
 * a shape, and a text that the event must, or must not, hold.
 */
#include <stdlib.h>
#include <string.h>

#include <callgate/watch.h>

#include "tap.h"

#define HEAD "type=SECCOMP msg=audit(1795313417.332:51): "
#define TAIL " sig=31 arch=c000003e syscall=49 compat=0 ip=0x7fc2 code=0x0"

static const struct row {
	const char *name, *record;
	enum cg_event_shape shape;
	const char *holds, *lacks;
} rows[] = {
	/* clang-format off */
	{ "H1 i386", HEAD "auid=20003 uid=22 gid=22 ses=21 pid=11217 comm=\"sshd\" exe=\"/usr/sbin/sshd\" sig=31 arch=40000003 syscall=132 compat=0 ip=0xb7670aac code=0x0",
	  CG_EVENT_AUDITBEAT, "\"arch\":\"i386\",\"code\":\"0x0\",\"compat\":\"0\",\"ip\":\"0xb7670aac\",\"sig\":\"SIGSYS\",\"syscall\":\"getpgid\"", NULL },
	{ "H1 session", HEAD "ses=21" TAIL, CG_EVENT_AUDITBEAT, "\"session\":\"21\"", NULL },
	{ "H2 bind", HEAD "auid=1000 uid=1000" TAIL, CG_EVENT_AUDITBEAT, "\"category\":[\"network\"],\"type\":[\"start\"]", NULL },
	{ "H2 ids", HEAD "auid=1000 uid=1000" TAIL, CG_EVENT_AUDITBEAT, "\"user\":{\"audit\":{\"id\":\"1000\"},\"id\":\"1000\"}", NULL },
	{ "H3 stat", HEAD "sig=0 arch=c000003e syscall=4 code=0x50000", CG_EVENT_AUDITBEAT, "\"category\":[\"file\"],\"type\":[\"info\"]", NULL },
	{ "H4 nobody", HEAD "auid=4294967295 ses=4294967295" TAIL, CG_EVENT_AUDITBEAT, "\"primary\":\"unset\"", "\"session\"" },
	{ "H4 nobody, -1", HEAD "auid=-1 ses=-1" TAIL, CG_EVENT_AUDITBEAT, "\"primary\":\"unset\"", "\"audit\"" },
	{ "H5 exe in hex", HEAD "exe=2F6F70742F64656D6F2F64697220782F6D79206A6F62" TAIL, CG_EVENT_AUDITBEAT, "\"executable\":\"/opt/demo/dir x/my job\"", NULL },
	{ "H6 comm in hex", HEAD "comm=6D79206A6F62" TAIL, CG_EVENT_AUDITBEAT, "\"name\":\"my job\"", NULL },
	{ "H7 a quote", HEAD "comm=657622696C" TAIL, CG_EVENT_AUDITBEAT, "\"name\":\"ev\\\"il\"", NULL },
	{ "H8 quoted is not hex", HEAD "comm=\"ABCDEF\"" TAIL, CG_EVENT_AUDITBEAT, "\"name\":\"ABCDEF\"", NULL },
	{ "H9 enriched", HEAD "sig=0 arch=c000003e syscall=10 code=0x7ffc0000\035AUID=\"user\" ARCH=x86_64", CG_EVENT_AUDITBEAT, "\"code\":\"0x7ffc0000\"", "AUID" },
	{ "H10 a context", HEAD "subj=system_u:system_r:virtd_t:s0-s0:c0.c1023" TAIL, CG_EVENT_AUDITBEAT,
	  "\"selinux\":{\"user\":\"system_u\",\"role\":\"system_r\",\"domain\":\"virtd_t\",\"level\":\"s0-s0\",\"category\":\"c0.c1023\"}", NULL },
	{ "H11 s390x", HEAD "arch=80000016 syscall=119", CG_EVENT_AUDITBEAT, "\"arch\":\"s390x\",\"syscall\":\"sigreturn\"", NULL },
	{ "H12 riscv64", HEAD "arch=c00000f3 syscall=221", CG_EVENT_AUDITBEAT, "\"arch\":\"riscv64\",\"syscall\":\"execve\"", NULL },
	{ "H13 x32", HEAD "arch=c000003e syscall=1073741883", CG_EVENT_AUDITBEAT, "\"arch\":\"x32\",\"syscall\":\"59\"", NULL },
	{ "x32's own", HEAD "arch=c000003e syscall=1073742344", CG_EVENT_AUDITBEAT, "\"arch\":\"x32\",\"syscall\":\"execve\"", NULL },
	{ "H14 unknown", HEAD "arch=c000003e syscall=999", CG_EVENT_AUDITBEAT, "\"syscall\":\"999\"", NULL },
	{ "H14 is about its process", HEAD "arch=c000003e syscall=999", CG_EVENT_AUDITBEAT, "\"category\":[\"process\"],\"type\":[\"info\"]", NULL },
	{ "H15 a new call", HEAD "arch=c000003e syscall=463", CG_EVENT_AUDITBEAT, "\"syscall\":\"setxattrat\"", NULL },
	{ "H16 dmesg", "[ 2515.029614] audit: type=1326 audit(1795313417.332:51): pid=7 arch=c000003e syscall=59", CG_EVENT_AUDITBEAT, "\"pid\":7", NULL },
	{ "the journal", "Nov 22 02:10:17 host kernel: audit: type=1326 audit(1795313417.332:51): pid=7 arch=c000003e syscall=59", CG_EVENT_AUDITBEAT, "\"pid\":7", NULL },
	{ "a machine", "node=web1.example " HEAD "pid=7" TAIL, CG_EVENT_ECS, "\"host\":{\"name\":\"web1.example\"}", NULL },
	{ "a machine, for Auditbeat", "node=web1 " HEAD "pid=7" TAIL, CG_EVENT_AUDITBEAT, "\"host\":{\"name\":\"web1\"}", NULL },
	{ "no machine", HEAD "node=web1 pid=7" TAIL, CG_EVENT_ECS, "\"pid\":7", "\"host\"" },
	{ "nothing for its name", "node= " HEAD "pid=7" TAIL, CG_EVENT_ECS, "\"pid\":7", "\"host\"" },
	{ "H17 a number for its type", "type=1326 msg=audit(1795313417.332:51): pid=7" TAIL, CG_EVENT_AUDITBEAT, "\"pid\":7", NULL },
	{ "H17 unknown type", "type=UNKNOWN[1326] msg=audit(1795313417.332:51): pid=7" TAIL, CG_EVENT_AUDITBEAT, "\"pid\":7", NULL },
	{ "the text of a message", "audit(1795313417.332:51): pid=7" TAIL, CG_EVENT_AUDITBEAT, "\"pid\":7", NULL },
	{ "H18 without sig", HEAD "pid=7 arch=c000003e syscall=49", CG_EVENT_AUDITBEAT, "\"syscall\":\"bind\"", "\"sig\"" },
	{ "H19 an interpreter", HEAD "comm=\"python3\" exe=\"/usr/bin/python3.8\"" TAIL, CG_EVENT_AUDITBEAT, "\"how\":\"python3\"", NULL },
	{ "no interpreter", HEAD "comm=\"nc\" exe=\"/bin/nc\"" TAIL, CG_EVENT_AUDITBEAT, "\"how\":\"/bin/nc\"", NULL },
	{ "H20 kill_thread", HEAD "code=0x0", CG_EVENT_ECS, "\"action\":\"kill_thread\"", NULL },
	{ "H20 kill_process", HEAD "code=0x80000000", CG_EVENT_ECS, "\"action\":\"kill_process\"", NULL },
	{ "H20 trap", HEAD "code=0x30000", CG_EVENT_ECS, "\"action\":\"trap\"", NULL },
	{ "H20 errno", HEAD "code=0x50000", CG_EVENT_ECS, "\"action\":\"errno\"", NULL },
	{ "H20 user_notif", HEAD "code=0x7fc00000", CG_EVENT_ECS, "\"action\":\"user_notif\"", NULL },
	{ "H20 trace", HEAD "code=0x7ff00000", CG_EVENT_ECS, "\"action\":\"trace\"", NULL },
	{ "H20 log", HEAD "code=0x7ffc0000", CG_EVENT_ECS, "\"action\":\"log\"", NULL },
	{ "no such action", HEAD "code=0x12340000", CG_EVENT_ECS, "\"seccomp\":{\"code\":\"0x12340000\"}", NULL },
	{ "time", HEAD "pid=1", CG_EVENT_ECS, "\"@timestamp\":\"2026-11-22T02:10:17.332Z\"", NULL },
	{ "a leap day", "type=SECCOMP msg=audit(951782400.000:1): pid=1", CG_EVENT_ECS, "\"@timestamp\":\"2000-02-29T00:00:00.000Z\"", NULL },
	{ "refused", HEAD "code=0x50000 arch=c000003e syscall=83", CG_EVENT_ECS, "\"category\":[\"file\",\"intrusion_detection\"],\"type\":[\"denied\",\"creation\"],\"outcome\":\"failure\"", NULL },
	{ "let through", HEAD "code=0x7ffc0000 arch=c000003e syscall=39", CG_EVENT_ECS, "\"type\":[\"allowed\"],\"outcome\":\"success\"", "suggestion" },
	{ "openat2 is about files", HEAD "code=0x50000 arch=c000003e syscall=437", CG_EVENT_ECS, "\"category\":[\"file\",", NULL },
	{ "but not to Auditbeat", HEAD "code=0x50000 arch=c000003e syscall=437", CG_EVENT_AUDITBEAT, "\"category\":[\"process\"],\"type\":[\"info\"]", NULL },
	{ "advice", HEAD TAIL, CG_EVENT_ECS, "\"suggestion\":\"- {action: allow, names: [bind]}\"", NULL },
	{ "before 7.0", HEAD "auid=4294967295 pid=30690" TAIL, CG_EVENT_AUDITBEAT_OLD, "\"type\":\"seccomp\"", NULL },
	{ "before 7.0, numbers", HEAD "pid=30690" TAIL, CG_EVENT_AUDITBEAT_OLD, "\"arch\":\"c000003e\",\"code\":\"0x0\",\"compat\":\"0\",\"ip\":\"0x7fc2\",\"sig\":\"31\",\"syscall\":\"49\"", NULL },
	{ "a line", HEAD "uid=33 pid=7 exe=\"/bin/nc\"" TAIL, CG_EVENT_LINE, "2026-11-22T02:10:17.332Z /bin/nc (pid 7) lost a thread for bind on x86_64, uid 33", NULL },
	{ "escapes for terminals", HEAD "exe=2F1B5B324A0A" TAIL, CG_EVENT_LINE, "/\\x1b[2J\\x0a lost", "\033" },
	{ "bytes that are no UTF-8", HEAD "exe=2FFFC328" TAIL, CG_EVENT_LINE, "/\\xff\\xc3( lost", NULL },
	{ "UTF-8", HEAD "exe=2FC3A4E282AC" TAIL, CG_EVENT_LINE, "/\303\244\342\202\254 lost", NULL },
	{ "marks of direction", HEAD "exe=2FE280AE" TAIL, CG_EVENT_LINE, "/\\xe2\\x80\\xae lost", NULL },
	{ "control characters of 8 bits", HEAD "exe=2FC29B" TAIL, CG_EVENT_LINE, "/\\xc2\\x9b lost", NULL },
	{ "no UTF-8 in JSON", HEAD "exe=2FFF" TAIL, CG_EVENT_ECS, "\"executable\":\"/\\ufffd\"", NULL },
	{ "NUL between parts", HEAD "exe=2F6100622063" TAIL, CG_EVENT_ECS, "\"executable\":\"/a b c\"", NULL },
	{ "what is void", HEAD "exe=(null) comm=? subj=" TAIL, CG_EVENT_ECS, "bind", "\"executable\"" },
	{ "nothing at all", HEAD, CG_EVENT_LINE, "a process violated with a call", NULL },
	/* clang-format on */
};

/* What is no violation, and what is damaged: the column, or 0 for neither. */
static const struct bad {
	const char *name, *record;
	uint32_t column;
	bool fails;
} bad[] = {
	{ "another type", "type=SYSCALL msg=audit(1.000:1): pid=7", 0, false },
	{ "no record", "hello", 0, false },
	{ "empty", "", 0, false },
	{ "no stamp", "type=SECCOMP pid=7", 0, true },
	{ "no serial", "type=SECCOMP msg=audit(1.000): pid=7", 0, true },
	{ "no millisecond", "type=SECCOMP msg=audit(1:1): pid=7", 0, true },
	{ "a time past all",
	  "type=SECCOMP msg=audit(99999999999999999.000:1):", 0, true },
	{ "a pid past 32 bits", HEAD "pid=4294967296", 44, true },
	{ "no number", HEAD "pid=7x", 44, true },
	{ "no hex", HEAD "arch=zz", 44, true },
	{ "no sign of hex", HEAD "ip=7f", 44, true },
	{ "a code past 32 bits", HEAD "code=0x100000000", 44, true },
	{ "no end of quotes", HEAD "comm=\"nc", 44, true },
	{ "no pair", HEAD "pid=7 words", 50, true },
	{ "neither 0 nor 1", HEAD "compat=2", 44, true },
};

static void check_row(struct tap *tap, const struct row *row)
{
	struct cg_violation *violation = NULL;
	struct cg_error err = { 0 };
	char *event = NULL;

	if (cg_violation_parse(row->record, strlen(row->record), &violation,
			       &err) == CG_OK &&
	    violation)
		event = cg_violation_event(violation, row->shape);
	tap_ok(tap,
	       event && strstr(event, row->holds) &&
		       (!row->lacks || !strstr(event, row->lacks)),
	       "%s", row->name);
	if (!event || !strstr(event, row->holds))
		tap_note("%s%s", err.message, event ? event : "");
	free(event);
	cg_violation_free(violation);
}

static void check_bad(struct tap *tap, const struct bad *row)
{
	struct cg_violation *violation = NULL;
	struct cg_error err = { 0 };
	enum cg_status status = cg_violation_parse(
		row->record, strlen(row->record), &violation, &err);

	tap_ok(tap,
	       !violation && (status == CG_E_INPUT) == row->fails &&
		       err.column == row->column,
	       "%s: %s", row->name, err.message);
	cg_violation_free(violation);
}

/* However a record is cut off, it is read, or refused, and nothing else. */
static void check_cut(struct tap *tap)
{
	size_t handled = 0, all = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t n = 0; n <= strlen(rows[i].record); n++, all++) {
			char *copy = malloc(n + 1);
			struct cg_violation *violation = NULL;
			struct cg_error err = { 0 };
			enum cg_status status;

			if (!copy)
				break;
			memcpy(copy, rows[i].record, n);
			status = cg_violation_parse(copy, n, &violation, &err);
			handled += status == CG_OK ||
				   (status == CG_E_INPUT && err.message[0]);
			cg_violation_free(violation);
			free(copy);
		}
	tap_ok(tap, handled == all, "%zu records cut off", all);
}

static void id_of(const char *record, char out[CG_VIOLATION_ID])
{
	struct cg_violation *violation = NULL;

	out[0] = '\0';
	if (cg_violation_parse(record, strlen(record), &violation, NULL) ==
		    CG_OK &&
	    violation)
		cg_violation_id(violation, out);
	cg_violation_free(violation);
}

/* One record has one id, however it is printed; another one another. */
static void check_ids(struct tap *tap)
{
	static const char *const same[] = {
		"type=SECCOMP msg=audit(1.002:3): pid=7" TAIL,
		"audit(1.002:3): pid=7 comm=\"nc\"" TAIL,
		"[ 25.0] audit: type=1326 audit(1.002:3): uid=4 pid=7" TAIL,
	};
	static const char *const others[] = {
		"type=SECCOMP msg=audit(1.002:4): pid=7" TAIL,
		"type=SECCOMP msg=audit(1.003:3): pid=7" TAIL,
		"type=SECCOMP msg=audit(1.002:3): pid=8" TAIL,
		"type=SECCOMP msg=audit(1.002:3): pid=7",
	};
	char first[CG_VIOLATION_ID], id[CG_VIOLATION_ID];

	id_of(same[0], first);
	tap_ok(tap, strlen(first) == 32, "an id: %s", first);
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		id_of(same[i], id);
		tap_ok(tap, strcmp(first, id) == 0, "the same id: %s", same[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		id_of(others[i], id);
		tap_ok(tap, strcmp(first, id) != 0, "another: %s", others[i]);
	}
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&tap, &rows[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(&tap, &bad[i]);
	check_cut(&tap);
	check_ids(&tap);
	return tap_done(&tap);
}
