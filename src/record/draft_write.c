#include "record/draft.h"

#include <inttypes.h>
#include <string.h>

enum { WIDTH = 78 };

/*
 * Text of a file or a kernel in a comment: no line of its own. Some readers of
 * YAML end a line at U+0085, U+2028 and U+2029, too: ASCII alone is safe.
 */
static void comment_text(const char *text, struct buf *out)
{
	for (; *text; text++)
		buf_add(out, *text < ' ' || *text > '~' ? "?" : text, 1);
}

static void write_words(const struct cg_recording *recording, enum label label,
			const char *what, struct buf *out)
{
	const struct tags *tags = &recording->tags[label];

	for (size_t i = 0; i < tags->count; i++) {
		buf_printf(out, "# %s: ", what);
		comment_text(tags->at[i].text, out);
		if (label == LABEL_LOST)
			buf_printf(out, " (%" PRIu64 " times)",
				   tags->at[i].count);
		buf_puts(out, "\n");
	}
}

static bool any_lost(const struct cg_recording *recording)
{
	const struct tags *lost = &recording->tags[LABEL_LOST];

	for (size_t i = 0; i < lost->count; i++)
		if (lost->at[i].count)
			return true;
	return false;
}

static bool allows(const struct draft *draft, const char *name)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->calls[i].cause <= DRAFT_KIN &&
		    strcmp(draft->calls[i].call->name, name) == 0)
			return true;
	return false;
}

/* What whoever reads the policy must know. */
static void write_warnings(const struct draft *draft, struct buf *out)
{
	if (any_lost(draft->recording))
		buf_puts(out, "# WARNING: the recording lost something of what "
			      "it saw (above): this policy may refuse\n"
			      "# what the program does. Record again.\n");
	if (draft->nameless)
		buf_printf(out,
			   "# WARNING: %zu numbers without a name were called; "
			   "a policy cannot allow them.\n",
			   draft->nameless);
	if (allows(draft, "io_uring_setup"))
		buf_puts(out, "# WARNING: what is done through io_uring, no "
			      "filter sees, nor did the recording.\n");
	if (allows(draft, "clone3"))
		buf_puts(out, "# Note: clone3 hides its flags from filters: it "
			      "can make namespaces.\n");
}

static void write_head(const struct draft *draft, struct buf *out)
{
	const struct cg_recording *recording = draft->recording;

	buf_printf(out,
		   "# Made by callgate record from %" PRIu64
		   " recording%s: %zu calls seen.\n",
		   recording->runs, recording->runs == 1 ? "" : "s",
		   draft->seen);
	write_words(recording, LABEL_PROGRAM, "program", out);
	write_words(recording, LABEL_KERNEL, "kernel", out);
	write_words(recording, LABEL_BACKEND, "recorded by", out);
	write_words(recording, LABEL_GAP, "not seen by the recording", out);
	write_words(recording, LABEL_LOST, "LOST by the recording", out);
	write_warnings(draft, out);
	buf_puts(out, "seccomp:\n"
		      "  default_action: errno\n");
	if (draft->kernel)
		buf_printf(out, "  kernel: \"%u.%u\"\n", draft->kernel >> 16,
			   draft->kernel & 0xffff);
	buf_puts(out, "  architectures: [");
	for (size_t i = 0; i < draft->abi_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", draft->abis[i]->name);
	buf_puts(out, "]\n  syscalls:\n");
}

static bool
in_group(const struct draft_call *call, enum draft_cause cause, bool rules)
{
	return call->cause == cause && !call->rule == !rules;
}

static size_t
group_size(const struct draft *draft, enum draft_cause cause, bool rules)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->count; i++)
		count += in_group(&draft->calls[i], cause, rules);
	return count;
}

/* Names, several a line. */
static void
write_names(const struct draft *draft, enum draft_cause cause, struct buf *out)
{
	size_t column = 0;

	if (!group_size(draft, cause, false))
		return;
	buf_puts(out, "      names:\n        [");
	for (size_t i = 0; i < draft->count; i++) {
		const struct draft_call *call = &draft->calls[i];
		size_t length = strlen(call->call->name);

		if (!in_group(call, cause, false))
			continue;
		if (column && column + length + 2 > WIDTH - 9) {
			buf_puts(out, ",\n         ");
			column = 0;
		}
		buf_printf(out, "%s%s", column ? ", " : "", call->call->name);
		column += length + 2;
	}
	buf_puts(out, "]\n");
}

static void
write_rules(const struct draft *draft, enum draft_cause cause, struct buf *out)
{
	if (!group_size(draft, cause, true))
		return;
	buf_puts(out, "      rules:\n");
	for (size_t i = 0; i < draft->count; i++)
		if (in_group(&draft->calls[i], cause, true))
			buf_printf(out, "        - %s\n", draft->calls[i].rule);
}

static void write_group(const struct draft *draft, enum draft_cause cause,
			const char *about, const char *action, struct buf *out)
{
	if (!group_size(draft, cause, false) && !group_size(draft, cause, true))
		return;
	buf_printf(out, "    # %s\n    - action: %s\n", about, action);
	write_names(draft, cause, out);
	write_rules(draft, cause, out);
}

void draft_write(const struct draft *draft, struct buf *out)
{
	write_head(draft, out);
	write_group(draft, DRAFT_SEEN, "Seen.", "allow", out);
	write_group(draft, DRAFT_NEED,
		    "Not seen, but any program may come to these.", "allow",
		    out);
	write_group(draft, DRAFT_KIN,
		    "Not seen, but another release of libc may use these for "
		    "what was seen.",
		    "allow", out);
	if (draft->left_out)
		buf_puts(out, "    # (More of that kind would exceed the "
			      "slack; see --slack.)\n");
	write_group(draft, DRAFT_MISSING,
		    "Tried, and the kernel did not have them.", "errno(ENOSYS)",
		    out);
	write_group(draft, DRAFT_OPTION,
		    "Tried by newer libcs, which do without where they are "
		    "missing.",
		    "errno(ENOSYS)", out);
}
