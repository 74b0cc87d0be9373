/* callgate ps - who is confined on this machine, and how tightly. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/live.h>
#include <callgate/prove.h>

#include "base/buf.h"
#include "cli/input.h"
#include "cli/out.h"
#include "cli/verbs.h"

enum { NONE, STRICT, FILTER }; /* modes of struct cg_thread */

struct fields {
	bool all, threads, json;
};

static const struct option options[] = {
	{ 'A', "all", NULL, OPTION_FLAG, offsetof(struct fields, all),
	  "a line for each process, instead of one for equal filters" },
	{ 't', "threads", NULL, OPTION_FLAG, offsetof(struct fields, threads),
	  "look at each thread's filters, not at each process's" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* What a confined process would better not reach: any call of a row. */
static const struct notable {
	const char *name, *calls[5];
} notables[] = {
	{ "exec", { "execve", "execveat" } },
	{ "debug", { "ptrace", "process_vm_writev", "pidfd_getfd" } },
	{ "mount", { "mount", "move_mount", "pivot_root", "fsmount" } },
	{ "namespaces", { "unshare", "setns" } },
	{ "modules", { "init_module", "finit_module" } },
	{ "kexec", { "kexec_load", "kexec_file_load", "reboot" } },
	{ "bpf", { "bpf" } },
	{ "io_uring", { "io_uring_setup" } },
	{ "keyring", { "keyctl", "add_key", "request_key" } },
	{ "perf", { "perf_event_open" } },
	{ "userfaultfd", { "userfaultfd" } },
	{ "handles", { "open_by_handle_at" } },
	{ "raw-io", { "iopl", "ioperm" } },
};
enum { NOTABLES = sizeof(notables) / sizeof(notables[0]), ABIS = 4 };

/* What a chain lets a process do. */
struct reach {
	size_t allowed[ABIS], calls[ABIS]; /* the native ABI first */
	const struct cg_abi *abis[ABIS];
	size_t abi_count;
	uint32_t notable; /* bit i: a call of notables[i] */
};

/* A thread that stands for all of its process that are as it is. */
struct entry {
	struct cg_thread thread;
	size_t threads;         /* that it stands for */
	struct cg_chain *chain; /* NULL: could not be read, or strict mode */
	size_t group;           /* index of the first entry that is alike */
};

struct table {
	const struct fields *fields;
	struct entry *entries;
	size_t count;
	size_t processes; /* seen in all */
	size_t from;      /* the first entry of the process looked at */
	size_t unread;    /* confined, but nobody shows us how */
	struct cg_error why;
};

/* --------------------------------------------------------------- look -- */

static void add(struct table *table, const struct cg_thread *thread)
{
	struct entry *entries =
		realloc(table->entries, (table->count + 1) * sizeof(*entries));
	struct entry *entry;
	struct cg_error err;

	if (!entries)
		out_die_nomem();
	table->entries = entries;
	entry = &entries[table->count++];
	*entry = (struct entry){ .thread = *thread, .threads = 1 };
	if (thread->mode != FILTER)
		return;
	if (cg_chain_take(thread->thread, &entry->chain, &err) == CG_OK)
		return;
	if (err.sys_errno == ESRCH) {
		table->count--; /* it has ended meanwhile */
		return;
	}
	table->unread++;
	table->why = err;
}

static bool looks_alike(const struct cg_thread *a, const struct cg_thread *b)
{
	return a->mode == b->mode && a->filters == b->filters &&
	       a->no_new_privs == b->no_new_privs;
}

/* A thread like one of its process that is there already is counted to it. */
static bool look_at_thread(void *context, const struct cg_thread *thread)
{
	struct table *table = context;

	if (thread->state == 'Z' || thread->state == 'X')
		return true;
	for (size_t i = table->from;
	     !table->fields->threads && i < table->count; i++)
		if (looks_alike(&table->entries[i].thread, thread)) {
			table->entries[i].threads++;
			return true;
		}
	add(table, thread);
	return true;
}

static bool look_at_process(void *context, const struct cg_thread *thread)
{
	struct table *table = context;
	struct cg_error err;
	bool confined = false;

	table->processes++;
	table->from = table->count;
	/* One that has ended meanwhile is none of ours. */
	if (cg_threads(thread->process, look_at_thread, table, &err) != CG_OK)
		return true;
	for (size_t i = table->from; i < table->count; i++)
		confined |= table->entries[i].thread.mode > NONE;
	if (!confined)
		table->count = table->from;
	return true;
}

static bool same_group(const struct entry *a, const struct entry *b)
{
	if (!looks_alike(&a->thread, &b->thread) || !a->chain != !b->chain)
		return false;
	return !a->chain || cg_chain_same(a->chain, b->chain);
}

static void group(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct entry *entry = &table->entries[i];

		entry->group = i;
		for (size_t j = 0; !table->fields->all && j < i; j++)
			if (same_group(&table->entries[j], entry)) {
				entry->group = table->entries[j].group;
				break;
			}
	}
}

/* -------------------------------------------------------------- reach -- */

static bool permits(uint32_t answer)
{
	answer &= CG_RET_ACTION;
	return answer == CG_RET_ALLOW || answer == CG_RET_LOG;
}

static void note(struct reach *reach, const struct cg_syscall *call)
{
	for (size_t i = 0; i < NOTABLES; i++)
		for (size_t j = 0; j < 5 && notables[i].calls[j]; j++)
			if (strcmp(call->name, notables[i].calls[j]) == 0)
				reach->notable |= (uint32_t)1 << i;
}

static bool count_call(void *context, const struct cg_reached *found)
{
	struct reach *reach = context;
	bool allowed = false;

	for (size_t i = 0; i < found->count; i++)
		allowed |= permits(found->outcomes[i].answer);
	reach->calls[reach->abi_count]++;
	reach->allowed[reach->abi_count] += allowed;
	if (allowed)
		note(reach, found->call);
	return true;
}

/* The ABIs of this machine that filters are asked about. */
static bool is_ours(const struct cg_abi *abi)
{
	const struct cg_abi *native = cg_abi_native();

	return abi == native ||
	       (abi->native && strcmp(abi->native, native->name) == 0);
}

static bool find_reach(const struct cg_chain *chain, struct reach *reach)
{
	const struct cg_side side = { .chain = chain };
	const struct cg_abi *abi;
	struct cg_error err;

	*reach = (struct reach){ 0 };
	for (size_t i = 0; reach->abi_count < ABIS && (abi = cg_abi_at(i));
	     i++) {
		if (!is_ours(abi))
			continue;
		reach->abis[reach->abi_count] = abi;
		if (cg_reach(side, abi, 0, count_call, reach, &err) != CG_OK) {
			out_failure(&err, NULL, 0);
			return false;
		}
		reach->abi_count++;
	}
	return true;
}

/* --------------------------------------------------------------- text -- */

static const char *mode_text(int mode)
{
	return mode == NONE     ? "none"
	       : mode == STRICT ? "strict"
	       : mode == FILTER ? "filter"
				: "unknown";
}

static void print_reach(const struct entry *entry)
{
	struct reach reach;
	const char *between = " ";

	if (!entry->chain || !find_reach(entry->chain, &reach))
		return;
	printf("  allows %zu of %zu calls", reach.allowed[0], reach.calls[0]);
	for (size_t i = 1; i < reach.abi_count; i++)
		if (reach.allowed[i])
			printf(", %s %zu of %zu", reach.abis[i]->name,
			       reach.allowed[i], reach.calls[i]);
	printf("\n");
	if (!reach.notable)
		return;
	printf("  among them:");
	for (size_t i = 0; i < NOTABLES; i++)
		if (reach.notable >> i & 1) {
			printf("%s%s", between, notables[i].name);
			between = ", ";
		}
	printf("\n");
}

/* Names come from other people's programs. */
static void print_name(const char *name)
{
	for (; *name; name++)
		putchar(*name >= ' ' && *name <= '~' ? *name : '?');
}

static void print_entry(const struct table *table, const struct entry *entry)
{
	const struct cg_thread *thread = &entry->thread;

	printf("  %7d ", (int)thread->process);
	print_name(thread->name);
	if (thread->thread != thread->process)
		printf(", thread %d", (int)thread->thread);
	if (entry->threads > 1)
		printf(", %zu threads", entry->threads);
	/* Of a process whose threads differ, each kind is an entry. */
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].thread.process == thread->process &&
		    table->entries[i].group != entry->group) {
			printf(" (its threads differ)");
			break;
		}
	printf("\n");
}

static void print_group(const struct table *table, size_t first)
{
	const struct entry *entry = &table->entries[first];
	const struct cg_thread *thread = &entry->thread;

	printf("%s%s", out_colour(stdout, BOLD), mode_text(thread->mode));
	if (thread->mode == FILTER && thread->filters >= 0)
		printf(", %d in force", thread->filters);
	if (thread->no_new_privs >= 0)
		printf(", no_new_privs %s",
		       thread->no_new_privs ? "set" : "not set");
	printf("%s\n", out_colour(stdout, PLAIN));
	print_reach(entry);
	for (size_t i = first; i < table->count; i++)
		if (table->entries[i].group == first)
			print_entry(table, &table->entries[i]);
}

static void print_text(const struct table *table)
{
	size_t confined = 0;
	int32_t last = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->entries[i].group == i)
			print_group(table, i);
		confined += table->entries[i].thread.process != last;
		last = table->entries[i].thread.process;
	}
	printf("%zu of %zu processes are confined\n", confined,
	       table->processes);
}

/* --------------------------------------------------------------- JSON -- */

static void json_reach(const struct entry *entry, struct buf *out)
{
	struct reach reach;
	const char *between = "";

	if (!entry->chain || !find_reach(entry->chain, &reach))
		return;
	buf_puts(out, ",\"reach\":{");
	for (size_t i = 0; i < reach.abi_count; i++)
		buf_printf(out, "%s\"%s\":{\"allowed\":%zu,\"calls\":%zu}",
			   i ? "," : "", reach.abis[i]->name, reach.allowed[i],
			   reach.calls[i]);
	buf_puts(out, "},\"notable\":[");
	for (size_t i = 0; i < NOTABLES; i++)
		if (reach.notable >> i & 1) {
			buf_printf(out, "%s\"%s\"", between, notables[i].name);
			between = ",";
		}
	buf_puts(out, "]");
}

static void
json_members(const struct table *table, size_t first, struct buf *out)
{
	const char *between = "";

	buf_puts(out, ",\"processes\":[");
	for (size_t i = first; i < table->count; i++) {
		const struct entry *entry = &table->entries[i];

		if (entry->group != first)
			continue;
		buf_printf(out,
			   "%s{\"process\":%d,\"thread\":%d,\"threads\":%zu,"
			   "\"name\":",
			   between, (int)entry->thread.process,
			   (int)entry->thread.thread, entry->threads);
		buf_json(out, entry->thread.name);
		buf_puts(out, "}");
		between = ",";
	}
	buf_puts(out, "]");
}

static void print_json(const struct table *table)
{
	struct buf out = { 0 };
	const char *between = "";

	buf_printf(&out, "{\"seen\":%zu,\"unread\":%zu,\"groups\":[",
		   table->processes, table->unread);
	for (size_t i = 0; i < table->count; i++) {
		const struct cg_thread *thread = &table->entries[i].thread;

		if (table->entries[i].group != i)
			continue;
		buf_printf(&out,
			   "%s{\"mode\":\"%s\",\"filters\":%d,"
			   "\"no_new_privs\":%s",
			   between, mode_text(thread->mode), thread->filters,
			   thread->no_new_privs == 1   ? "true"
			   : thread->no_new_privs == 0 ? "false"
						       : "null");
		json_reach(&table->entries[i], &out);
		json_members(table, i, &out);
		buf_puts(&out, "}");
		between = ",";
	}
	buf_puts(&out, "]}\n");
	out_buf(&out);
}

static int run(void *data, int count, char **operands)
{
	struct table table = { .fields = data };
	int status = EXIT_YES;
	struct cg_error err;

	(void)count;
	(void)operands;
	if (cg_processes(look_at_process, &table, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	group(&table);
	if (table.fields->json)
		print_json(&table);
	else
		print_text(&table);
	if (table.unread)
		out_note("of %zu %s the filters cannot be seen: %s",
			 table.unread, table.unread == 1 ? "entry" : "entries",
			 table.why.message);
	for (size_t i = 0; i < table.count; i++)
		cg_chain_free(table.entries[i].chain);
	free(table.entries);
	return status;
}

const struct command command_ps = {
	.name = "ps",
	.operands = "[OPTION]...",
	.about = "list the processes that are confined, and how tightly",
	.details =
		"Processes under equal filters stand together. What the "
		"filters let through takes\nCAP_SYS_ADMIN to see; without it "
		"the mode and the number of filters are shown.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 0,
	.most = 0,
	.run = run,
};
