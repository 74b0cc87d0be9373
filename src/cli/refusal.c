#include "cli/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/out.h"

enum {
	SEEN_MAX = 1024,
	CALL_SIZE = 640 + 6 * CG_MEMORY_MAX,
	ANSWER_SIZE = 64,
};

/* The same call, from the same place, refused by the same rule. */
struct seen {
	uint64_t ip;
	uint32_t nr, arch, answer, line, column;
	uint64_t times;
};

struct refusals {
	bool json;
	size_t count;
	struct seen seen[SEEN_MAX];
};

struct refusals *refusals_new(bool json)
{
	struct refusals *refusals = calloc(1, sizeof(*refusals));

	if (!refusals)
		out_die_nomem();
	refusals->json = json;
	return refusals;
}

void refusals_free(struct refusals *refusals)
{
	free(refusals);
}

/* How often it has happened now; 1 where there is no room to remember it. */
static uint64_t
count(struct refusals *refusals, const struct cg_refusal *refusal,
      const struct cg_reason *reason)
{
	const struct seen new = { refusal->call.ip,
				  refusal->call.nr,
				  refusal->call.arch,
				  refusal->answer,
				  reason->line,
				  reason->column,
				  1 };

	for (size_t i = 0; i < refusals->count; i++) {
		struct seen *old = &refusals->seen[i];

		if (old->ip == new.ip && old->nr == new.nr &&
		    old->arch == new.arch && old->answer == new.answer &&
		    old->line == new.line && old->column == new.column)
			return ++old->times;
	}
	if (refusals->count < SEEN_MAX)
		refusals->seen[refusals->count++] = new;
	return 1;
}

static bool power_of_ten(uint64_t n)
{
	while (n >= 10 && n % 10 == 0)
		n /= 10;
	return n == 1;
}

/* Names come from the program, which may hope to paint our terminal. */
static void add_clean(struct buf *buf, const char *text)
{
	for (; *text; text++) {
		char c = *text >= ' ' && *text <= '~' ? *text : '?';

		buf_add(buf, &c, 1);
	}
}

static void add_frames(struct buf *buf, const struct cg_refusal *refusal)
{
	for (size_t i = 0; i < refusal->frame_count; i++) {
		const struct cg_frame *frame = &refusal->frames[i];

		buf_printf(buf, "    #%zu ", i);
		if (frame->symbol[0]) {
			add_clean(buf, frame->symbol);
			buf_printf(buf, "+0x%llx",
				   (unsigned long long)frame->symbol_offset);
		} else {
			buf_printf(buf, "0x%llx",
				   (unsigned long long)frame->address);
		}
		buf_puts(buf, " in ");
		if (frame->file[0]) {
			add_clean(buf, frame->file);
			buf_printf(buf, ":%u", frame->line);
		} else if (frame->module[0]) {
			add_clean(buf, frame->module);
			buf_printf(buf, "+0x%llx",
				   (unsigned long long)frame->offset);
		} else {
			buf_puts(buf, "memory of no file");
		}
		buf_puts(buf, "\n");
	}
	if (refusal->no_symbols)
		buf_printf(buf, "    (no symbols: %s)\n", refusal->no_symbols);
}

static const char *call_name(const struct cg_reason *reason)
{
	return reason->call ? reason->call->name : "this call";
}

/* One line: what to change to have the call allowed. */
static void add_remedy(struct buf *buf, const struct input *input,
		       const struct cg_reason *reason)
{
	const char *name = call_name(reason);

	buf_puts(buf, "    to allow it: ");
	if (reason->cause == CG_CAUSE_FOREIGN)
		buf_printf(buf, "add %s to `architectures:`\n",
			   reason->abi ? reason->abi->name : "its ABI");
	else if (reason->cause == CG_CAUSE_UNKNOWN)
		buf_printf(buf,
			   "name %s in a group with `action: allow`, or "
			   "raise `kernel:`\n",
			   name);
	else if (input->name && strcmp(input->name, "--keep") == 0)
		buf_printf(buf, "--keep %s as well\n", name);
	else if (input->name && strcmp(input->name, "--drop") == 0)
		buf_printf(buf, "do not --drop %s, nor a group with it\n",
			   name);
	else if (reason->cause == CG_CAUSE_DEFAULT)
		buf_printf(buf, "name %s in a group with `action: allow`\n",
			   name);
	else
		buf_printf(buf,
			   "change that rule, or name %s in a group "
			   "with `action: allow` before it\n",
			   name);
}

static void add_cause(struct buf *buf, const struct cg_reason *reason)
{
	static const char *const causes[] = {
		[CG_CAUSE_RULE] = "a rule",
		[CG_CAUSE_DEFAULT] = "the default action",
		[CG_CAUSE_UNKNOWN] = "the policy's kernel had no such call",
		[CG_CAUSE_FOREIGN] = "the policy does not cover this ABI",
	};

	buf_printf(buf, "    because: %s", causes[reason->cause]);
	/* A list on the command line has no lines that anybody wrote. */
	if (reason->line && reason->source[0] != '-') {
		buf_puts(buf, ", ");
		out_plain(buf, reason->source);
		buf_printf(buf, ":%u:%u", reason->line, reason->column);
	}
	buf_puts(buf, "\n");
}

/* The call, with what its arguments point to. */
static void print_call(const struct cg_refusal *refusal, char out[CALL_SIZE])
{
	const char *memory[6];

	for (size_t i = 0; i < 6; i++)
		memory[i] = refusal->memory[i];
	cg_call_print(&refusal->call, memory, out, CALL_SIZE);
}

static void add_text(struct buf *buf, const struct input *input,
		     const struct cg_refusal *refusal,
		     const struct cg_reason *reason, uint64_t times)
{
	char call[CALL_SIZE], answer[ANSWER_SIZE];

	print_call(refusal, call);
	cg_answer_print(refusal->answer, reason->abi, answer, sizeof(answer));
	buf_puts(buf, "callgate: ");
	add_clean(buf, refusal->command);
	buf_printf(buf, "[%d]: %s%s%s", (int)refusal->thread,
		   out_colour(stderr, RED), answer, out_colour(stderr, PLAIN));
	buf_puts(buf, " to ");
	add_clean(buf, call);
	if (reason->abi && reason->abi != cg_abi_native())
		buf_printf(buf, " of %s", reason->abi->name);
	if (times > 1) {
		buf_printf(buf, ", %llu times by now\n",
			   (unsigned long long)times);
		return;
	}
	buf_puts(buf, "\n");
	add_cause(buf, reason);
	add_remedy(buf, input, reason);
	add_frames(buf, refusal);
}

static void add_json_frames(struct buf *buf, const struct cg_refusal *refusal)
{
	buf_puts(buf, ",\"frames\":[");
	for (size_t i = 0; i < refusal->frame_count; i++) {
		const struct cg_frame *frame = &refusal->frames[i];

		buf_printf(buf, "%s{\"address\":\"0x%llx\",\"module\":",
			   i ? "," : "", (unsigned long long)frame->address);
		buf_json(buf, frame->module);
		buf_printf(buf, ",\"offset\":%llu,\"symbol\":",
			   (unsigned long long)frame->offset);
		buf_json(buf, frame->symbol);
		buf_puts(buf, ",\"file\":");
		buf_json(buf, frame->file);
		buf_printf(buf, ",\"line\":%u}", frame->line);
	}
	buf_puts(buf, "]");
}

/* As text for a person; what an argument does not point to is left out. */
static void add_json_memory(struct buf *buf, const struct cg_refusal *refusal)
{
	const char *gap = "";

	buf_puts(buf, ",\"memory\":[");
	for (size_t i = 0; i < 6; i++) {
		if (!refusal->memory[i][0])
			continue;
		buf_printf(buf, "%s{\"argument\":%zu,\"text\":", gap, i);
		buf_json(buf, refusal->memory[i]);
		buf_puts(buf, "}");
		gap = ",";
	}
	buf_puts(buf, "]");
}

static void add_json(struct buf *buf, const struct cg_refusal *refusal,
		     const struct cg_reason *reason)
{
	char call[CALL_SIZE], answer[ANSWER_SIZE];

	print_call(refusal, call);
	cg_answer_print(refusal->answer, reason->abi, answer, sizeof(answer));
	buf_printf(buf,
		   "{\"pid\":%d,\"thread\":%d,\"command\":", (int)refusal->pid,
		   (int)refusal->thread);
	buf_json(buf, refusal->command);
	buf_puts(buf, ",\"abi\":");
	buf_json(buf, reason->abi ? reason->abi->name : "");
	buf_puts(buf, ",\"syscall\":");
	buf_json(buf, reason->call ? reason->call->name : "");
	buf_printf(buf, ",\"nr\":%u,\"args\":[", refusal->call.nr);
	/* As text: numbers of JSON are not exact beyond 2^53. */
	for (size_t i = 0; i < 6; i++)
		buf_printf(buf, "%s\"0x%llx\"", i ? "," : "",
			   (unsigned long long)refusal->call.args[i]);
	buf_puts(buf, "]");
	add_json_memory(buf, refusal);
	buf_puts(buf, ",\"call\":");
	buf_json(buf, call);
	buf_puts(buf, ",\"answer\":");
	buf_json(buf, answer);
	buf_puts(buf, ",\"source\":");
	buf_json(buf, reason->source ? reason->source : "");
	buf_printf(buf, ",\"line\":%u,\"column\":%u", reason->line,
		   reason->column);
	add_json_frames(buf, refusal);
	buf_puts(buf, "}\n");
}

void refusals_tell(struct refusals *refusals, const struct input *input,
		   const struct cg_refusal *refusal)
{
	struct cg_reason reason;
	struct buf buf = { 0 };
	uint64_t times;
	char *text;

	cg_policy_explain(input->policy, &refusal->call, &reason);
	times = count(refusals, refusal, &reason);
	if (refusals->json)
		add_json(&buf, refusal, &reason);
	else if (power_of_ten(times))
		add_text(&buf, input, refusal, &reason, times);
	text = buf_done(&buf);
	if (text)
		fputs(text, stderr);
	else
		out_error("a call was refused, and memory ran out telling it");
	free(text);
}
