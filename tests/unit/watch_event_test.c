/*
 * What sources other than audit know, in an event: a row is what is known, and
 * a text that the event must hold. And whose a cgroup is.
 */
#include <stdlib.h>
#include <string.h>

#include <callgate/policy.h>
#include <callgate/watch.h>

#include "tap.h"
#include "watch/cgroup.h"

static const char *const stack[] = { "bind+0x7 in /lib/libc.so.6+0x11",
				     "main+0x2 in a.c:3" };
static const struct cg_ancestor ancestors[] = { { 6, "sh\"", "sh -c x" },
						{ 1, NULL, NULL } };

static const struct row {
	const char *name;
	struct cg_violation is;
	enum cg_event_shape shape;
	const char *holds;
} rows[] = {
	/* clang-format off */
	{ "arguments", { .has_args = true, .args = { 3, 0x55, 16 }, .memory = { NULL, "{AF_INET 127.0.0.1:80}" } }, CG_EVENT_LINE,
	  "was refused bind(3, 0x55 {AF_INET 127.0.0.1:80}, 16) with EACCES on x86_64" },
	{ "arguments in JSON", { .has_args = true, .args = { 3, 0x55, 16 } }, CG_EVENT_ECS,
	  "\"args\":[\"0x3\",\"0x55\",\"0x10\",\"0x0\",\"0x0\",\"0x0\"],\"text\":\"bind(3, 0x55, 16)\"" },
	{ "the errno", { .has_data = true, .data = 13 }, CG_EVENT_ECS, "\"data\":13,\"errno\":\"EACCES\"" },
	{ "the errno as the schema has it", { .pid = 7 }, CG_EVENT_ECS, "\"error\":{\"code\":\"EACCES\"}" },
	{ "a filter", { .filter = "ab", .filter_count = 3, .filter_index = 2, .filter_instruction = 9 }, CG_EVENT_ECS,
	  "\"filter\":{\"id\":\"ab\",\"index\":2,\"count\":3,\"instruction\":9,\"logs\":false}" },
	{ "a rule's id", { .filter = "ab" }, CG_EVENT_ECS, "\"rule\":{\"id\":\"ab\"}" },
	{ "a stack", { .stack = stack, .stack_count = 2 }, CG_EVENT_ECS,
	  "\"stack\":[\"bind+0x7 in /lib/libc.so.6+0x11\",\"main+0x2 in a.c:3\"]" },
	{ "ancestors", { .ancestors = ancestors, .ancestor_count = 2 }, CG_EVENT_ECS, "\"ancestors\":[\"sh\\\" (6)\",\"? (1)\"]" },
	{ "the parent", { .parent = 6, .ancestors = ancestors, .ancestor_count = 2 }, CG_EVENT_ECS,
	  "\"parent\":{\"pid\":6,\"name\":\"sh\\\"\",\"command_line\":\"sh -c x\"}" },
	{ "a pod", { .pod = "u-1" }, CG_EVENT_ECS, "\"orchestrator\":{\"resource\":{\"type\":\"pod\",\"id\":\"u-1\"}}" },
	{ "sources", { .sources = CG_SOURCE_AUDIT | CG_SOURCE_EBPF }, CG_EVENT_ECS, "\"source\":[\"audit\",\"ebpf\"]" },
	{ "whose record it is", { .sources = CG_SOURCE_EBPF }, CG_EVENT_ECS, "\"provider\":\"ebpf\"" },
	{ "an agent that lets go on", { .sources = CG_SOURCE_AGENT, .continued = true }, CG_EVENT_ECS, "\"type\":[\"allowed\",\"start\"],\"outcome\":\"success\"" },
	{ "many", { .count = 9, .first = 1000000, .last = 2000000 }, CG_EVENT_ECS,
	  "\"count\":9,\"first_seen\":\"1970-01-01T00:00:00.001Z\",\"last_seen\":\"1970-01-01T00:00:00.002Z\"" },
	{ "a fix for a policy", { .pid = 7 }, CG_EVENT_ECS, "\"suggestion\":\"- {action: allow, names: [bind]}\",\"suggestion_for\":\"callgate\"" },
	{ "for a container", { .container = "c" }, CG_EVENT_ECS,
	  "\"suggestion\":\"{\\\"names\\\":[\\\"bind\\\"],\\\"action\\\":\\\"SCMP_ACT_ALLOW\\\"}\",\"suggestion_for\":\"oci\"" },
	{ "for a service", { .unit = "a.service" }, CG_EVENT_ECS, "\"suggestion\":\"SystemCallFilter=bind\",\"suggestion_for\":\"systemd\"" },
	{ "a session is no service", { .unit = "session-1.scope" }, CG_EVENT_ECS, "\"suggestion_for\":\"callgate\"" },
	{ "a risk", { .pid = 7 }, CG_EVENT_ECS, "\"risk\":\"medium\",\"risk_reason\":\"it lets others connect\"" },
	{ "a high one", { .nr = 175 }, CG_EVENT_ECS, "\"risk\":\"high\",\"risk_reason\":\"it changes the code of the kernel\"" },
	{ "a low one", { .nr = 39 }, CG_EVENT_ECS, "\"risk\":\"low\"" },
	{ "of an unknown call", { .nr = 999 }, CG_EVENT_ECS, "\"risk\":\"high\",\"risk_reason\":\"nobody knows what it does\"" },
	{ "Auditbeat has none of it", { .has_args = true, .filter = "ab", .stack = stack, .stack_count = 2 }, CG_EVENT_AUDITBEAT,
	  "\"user\":{\"group\":{\"id\":\"0\"},\"id\":\"0\"},\"process\":{\"pid\":7}}" },
	/* clang-format on */
};

/* bind on x86_64, refused with EACCES, where the row says nothing else. */
static struct cg_violation whole(const struct row *row)
{
	struct cg_violation is = row->is;

	is.arch = 0xc000003e;
	is.nr = is.nr ? is.nr : 49;
	is.pid = 7;
	is.verdict = is.continued ? CG_RET_USER_NOTIF : CG_RET_ERRNO;
	is.has_verdict = true;
	is.error = is.continued ? 0 : 13;
	is.login_uid = is.session = is.thread = CG_UNSET;
	is.signal = 0;
	is.count = is.count ? is.count : 1;
	return is;
}

static const struct cgroup_row {
	const char *name, *cgroup;
	const char *container, *unit, *pod;
} cgroups[] = {
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	{ "docker", "0::/system.slice/docker-" ID ".scope\n", ID,
	  "docker-" ID ".scope", NULL },
	{ "a service", "0::/system.slice/nginx.service\n", NULL,
	  "nginx.service", NULL },
	{ "a pod",
	  "0::/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" ID
	  "\n",
	  ID, NULL, "01234567-89ab-cdef-0123-456789abcdef" },
	{ "a pod of systemd",
	  "0::/kubepods.slice/kubepods-"
	  "pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" ID
	  ".scope\n",
	  ID, "cri-containerd-" ID ".scope",
	  "01234567-89ab-cdef-0123-456789abcdef" },
	{ "not quite", "0::/kubepods/pod01234567-89ab/x\n", NULL, NULL, NULL },
	{ "65 digits", "0::/" ID "0\n", NULL, NULL, NULL },
};

static bool same(const char *got, const char *want)
{
	return got == want || (got && want && strcmp(got, want) == 0);
}

int main(void)
{
	struct arena arena = { .budget = 1 << 20 };
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cg_violation is = whole(&rows[i]);
		char *event = cg_violation_event(&is, rows[i].shape);

		if (!tap_ok(&tap, event && strstr(event, rows[i].holds), "%s",
			    rows[i].name))
			tap_note("%s", event ? event : "no event");
		free(event);
	}
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		const struct cgroup_row *row = &cgroups[i];

		tap_ok(&tap,
		       same(cgroup_container(&arena, row->cgroup),
			    row->container) &&
			       same(cgroup_unit(&arena, row->cgroup),
				    row->unit) &&
			       same(cgroup_pod(&arena, row->cgroup), row->pod),
		       "%s", row->name);
	}
	arena_free(&arena);
	return tap_done(&tap);
}
