#include "cli/listing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/lists.h"
#include "cli/out.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *name_of(const struct cg_profile_call *call)
{
	return call->call ? call->call->name : "(no name)";
}

/* "libc.so.6!getpwnam+0x1c", "ls+0x1234" */
static void
add_place(struct buf *out, const struct cg_profile_step *step, bool with_offset)
{
	out_plain(out, base_name(step->image));
	if (step->function[0]) {
		buf_puts(out, "!");
		out_plain(out, step->function);
	}
	if (!step->function[0] || (with_offset && step->offset))
		buf_printf(out, "+0x%llx", (unsigned long long)step->offset);
}

/* " (0x1040 in /usr/bin/ls)", to the end of the line. */
static void add_address(struct buf *out, const struct cg_profile_step *step)
{
	buf_printf(out, " (0x%llx in ", (unsigned long long)step->address);
	out_plain(out, step->image);
	buf_puts(out, ")\n");
}

void listing_place(const struct cg_profile_step *step, struct buf *out)
{
	add_place(out, step, false);
}

/* ----------------------------------------------------------------- names -- */

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void push(const char ***at, size_t *count, const char *name)
{
	const char **grown;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*at)[i], name) == 0)
			return;
	grown = realloc(*at, (*count + 1) * sizeof(*grown));
	if (!grown)
		out_die_nomem();
	*at = grown;
	grown[(*count)++] = name;
}

static void add_name(struct names *names, const char *name)
{
	push(&names->at, &names->count, name);
}

/* The calls that lists name, by way of the policy that they make. */
static bool
read_lists(const struct texts *lists, const struct cg_abi *abi,
	   bool (*each)(struct names *, const char *), struct names *names)
{
	const struct cg_policy_options options = { .native = abi };
	const struct cg_syscall *call;
	struct cg_policy *policy;
	struct cg_error err;
	char *text;

	if (!lists->count)
		return true;
	text = lists_policy(lists, true, abi);
	if (!text)
		return false;
	if (cg_policy_parse(text, strlen(text), "", &options, &policy, &err) !=
	    CG_OK) {
		err.line = 0;
		out_failure(&err, NULL, 0);
		free(text);
		return false;
	}
	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		struct cg_call one = { .arch = abi->audit_arch };

		if (cg_syscall_number(call, abi, &one.nr) &&
		    cg_policy_decide(policy, &one) == CG_RET_ALLOW)
			each(names, call->name);
	}
	cg_policy_free(policy);
	free(text);
	return true;
}

static bool put_in(struct names *names, const char *name)
{
	add_name(names, name);
	push(&names->whole, &names->whole_count, name);
	return true;
}

static bool leave_out(struct names *names, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], name) != 0)
			names->at[kept++] = names->at[i];
	names->count = kept;
	return true;
}

bool listing_names(const struct cg_profile *profile, const struct texts *block,
		   const struct texts *allow, struct names *out)
{
	const struct cg_abi *abi = cg_profile_abi(profile);
	struct cg_profile_call call;

	*out = (struct names){ 0 };
	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		if (call.abi == abi && call.call)
			add_name(out, call.call->name);
	if (!read_lists(block, abi, leave_out, out) ||
	    !read_lists(allow, abi, put_in, out))
		return false;
	if (out->count)
		qsort(out->at, out->count, sizeof(*out->at), by_text);
	return true;
}

void listing_add(struct names *names, const char *name)
{
	put_in(names, name);
	qsort(names->at, names->count, sizeof(*names->at), by_text);
}

void listing_free(struct names *names)
{
	free(names->at);
	free(names->whole);
	*names = (struct names){ 0 };
}

/* ------------------------------------------------------------------ rules --
 */

static void add_value(struct buf *out, const struct cg_profile_call *call,
		      const struct cg_profile_value *value)
{
	struct cg_argument arguments[6];
	char text[128];
	uint64_t back;
	size_t count;

	if (cg_syscall_arguments(call->call, call->abi, arguments, &count) &&
	    value->argument < count) {
		cg_argument_print(&arguments[value->argument], call->abi,
				  value->value, text, sizeof(text));
		/* What is no plain constant stays a number. */
		if (cg_constant_value(text, call->abi, &back) &&
		    back == value->value) {
			buf_puts(out, text);
			return;
		}
	}
	buf_printf(out, "0x%llx", (unsigned long long)value->value);
}

/* socket({AF_UNIX, AF_INET}); nothing for a call with any arguments. */
static void
listing_rule(const struct cg_profile *profile, size_t index, struct buf *out)
{
	struct cg_profile_value value;
	struct cg_profile_call call;
	size_t count = 0;

	if (!cg_profile_call_at(profile, index, &call) ||
	    !cg_profile_value_at(profile, index, 0, &value))
		return;
	buf_printf(out, "%s(", name_of(&call));
	for (unsigned i = 0; i < value.argument; i++)
		buf_puts(out, "_, ");
	while (cg_profile_value_at(profile, index, count, &value))
		count++;
	buf_puts(out, count > 1 ? "{" : "");
	for (size_t i = 0; cg_profile_value_at(profile, index, i, &value);
	     i++) {
		buf_puts(out, i ? ", " : "");
		add_value(out, &call, &value);
	}
	buf_puts(out, count > 1 ? "})" : ")");
}

/* Whether a call of the list is one with a rule, and which. */
static bool has_rule(const struct cg_profile *profile,
		     const struct names *names, const char *name, size_t *index)
{
	struct cg_profile_value value;
	struct cg_profile_call call;

	for (size_t i = 0; i < names->whole_count; i++)
		if (strcmp(names->whole[i], name) == 0)
			return false;
	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		if (call.abi == cg_profile_abi(profile) && call.call &&
		    strcmp(call.call->name, name) == 0 &&
		    cg_profile_value_at(profile, i, 0, &value)) {
			*index = i;
			return true;
		}
	return false;
}

static void put_rules(const struct cg_profile *profile,
		      const struct names *names, struct buf *out)
{
	size_t index, count = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (!has_rule(profile, names, names->at[i], &index))
			continue;
		buf_puts(out, count++ ? "    - " : "    rules:\n    - ");
		listing_rule(profile, index, out);
		buf_puts(out, "\n");
	}
}

/* ------------------------------------------------------------------ table --
 */

static void add_way(const struct cg_profile *profile, size_t index,
		    const struct cg_profile_call *call, struct buf *out)
{
	struct cg_profile_step step, last = { 0 };
	size_t shown = 0;

	if (call->evidence == CG_BY_KERNEL) {
		buf_puts(out, "made by the kernel itself");
		return;
	}
	/* Functions only; of a long way its two ends. */
	for (size_t i = 0; cg_profile_step_at(profile, index, i, &step); i++) {
		if (last.function && last.image == step.image &&
		    strcmp(last.function, step.function) == 0 &&
		    step.function[0])
			continue;
		last = step;
		if (call->steps > 8 && i == 3)
			buf_puts(out, " > ...");
		if (call->steps > 8 && i >= 3 && i + 4 < call->steps)
			continue;
		buf_puts(out, shown++ ? " > " : "");
		add_place(out, &step, false);
	}
}

void listing_table(const struct cg_profile *profile)
{
	const struct cg_abi *abi = cg_profile_abi(profile);
	struct cg_profile_value value;
	struct cg_profile_call call;
	struct buf out = { 0 };

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++) {
		if (call.abi != abi)
			buf_printf(&out, "%s ", call.abi->name);
		if (call.call)
			buf_printf(&out, "%-22s ", call.call->name);
		else
			buf_printf(&out, "call %-17u ", call.nr);
		listing_rule(profile, i, &out);
		if (cg_profile_value_at(profile, i, 0, &value))
			buf_puts(&out, ": ");
		add_way(profile, i, &call, &out);
		buf_puts(&out, "\n");
	}
	if (out.length || out.failed)
		out_buf(&out);
}

static void
why_values(const struct cg_profile *profile, size_t index, struct buf *out)
{
	struct cg_profile_value value;

	if (!cg_profile_value_at(profile, index, 0, &value))
		return;
	buf_puts(out, "  and with no other values than in ");
	listing_rule(profile, index, out);
	buf_puts(out, ":\n");
	for (size_t i = 0; cg_profile_value_at(profile, index, i, &value);
	     i++) {
		buf_printf(out, "  0x%llx %s ", (unsigned long long)value.value,
			   value.place.how);
		add_place(out, &value.place, true);
		add_address(out, &value.place);
	}
}

bool listing_why(const struct cg_profile *profile, const char *name)
{
	const struct cg_syscall *wanted = cg_syscall_by_name(name);
	struct cg_profile_call call;
	struct cg_profile_step step;
	struct buf out = { 0 };
	bool any = false;

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++) {
		if (!wanted || call.call != wanted)
			continue;
		any = true;
		buf_printf(&out, "%s on %s, %u, from %zu place%s:\n",
			   name_of(&call), call.abi->name, call.nr, call.sites,
			   call.sites == 1 ? "" : "s");
		if (call.evidence == CG_BY_KERNEL)
			buf_puts(&out, "  the kernel makes it: a call goes on "
				       "after a stop, or a handler of a "
				       "signal comes back\n");
		for (size_t k = 0; cg_profile_step_at(profile, i, k, &step);
		     k++) {
			buf_printf(&out, "  %s ", step.how);
			add_place(&out, &step, true);
			add_address(&out, &step);
		}
		why_values(profile, i, &out);
	}
	if (any)
		out_buf(&out);
	return any;
}

/* ------------------------------------------------------------------- gaps --
 */

static const char *const gap_names[] = {
	[CG_GAP_NUMBER] = "number",   [CG_GAP_POINTER] = "pointer",
	[CG_GAP_LIBRARY] = "library", [CG_GAP_SYMBOL] = "symbol",
	[CG_GAP_MISSING] = "missing", [CG_GAP_CODE] = "code",
	[CG_GAP_MODULES] = "modules", [CG_GAP_FOREIGN] = "foreign",
};

static const char *const gap_words[] = {
	[CG_GAP_NUMBER] = "makes a call that is not known; ",
	[CG_GAP_POINTER] = "makes calls for others; ",
	[CG_GAP_LIBRARY] = "opens a library that is not known; the name: ",
	[CG_GAP_SYMBOL] = "looks up a symbol that is not known; the name: ",
	[CG_GAP_MISSING] = "",
	[CG_GAP_CODE] = "",
	[CG_GAP_MODULES] = "",
	[CG_GAP_FOREIGN] = "",
};

void listing_gaps(const struct cg_profile *profile, bool all)
{
	struct cg_profile_gap gap;
	struct buf line;
	char *text;

	for (size_t i = 0; cg_profile_gap_at(profile, i, &gap); i++) {
		if (!gap.open && !all)
			continue;
		line = (struct buf){ 0 };
		if (gap.place.image[0]) {
			add_place(&line, &gap.place, true);
			buf_puts(&line, ": ");
		}
		buf_puts(&line, gap_words[gap.kind]);
		buf_puts(&line, gap.why);
		text = buf_done(&line);
		if (!text)
			out_die_nomem();
		out_note("%s%s", gap.open ? "gap: " : "note: ", text);
		free(text);
	}
}

/* ------------------------------------------------------------------- JSON --
 */

static void json_step(struct buf *out, const struct cg_profile_step *step)
{
	buf_puts(out, "{\"how\":");
	buf_json(out, step->how);
	buf_puts(out, ",\"image\":");
	buf_json(out, step->image);
	buf_puts(out, ",\"function\":");
	buf_json(out, step->function);
	buf_printf(out, ",\"offset\":%llu,\"address\":%llu}",
		   (unsigned long long)step->offset,
		   (unsigned long long)step->address);
}

static void json_call(const struct cg_profile *profile, size_t index,
		      const struct cg_profile_call *call, struct buf *out)
{
	static const char *const evidence[] = {
		[CG_BY_CONSTANT] = "constant",
		[CG_BY_CALLER] = "caller",
		[CG_BY_KERNEL] = "kernel",
	};
	struct cg_profile_value value;
	struct cg_profile_step step;

	buf_puts(out, "{\"name\":");
	buf_json(out, call->call ? call->call->name : "");
	buf_printf(out,
		   ",\"abi\":\"%s\",\"nr\":%u,\"evidence\":\"%s\","
		   "\"sites\":%zu,\"program\":",
		   call->abi->name, call->nr, evidence[call->evidence],
		   call->sites);
	buf_json(out, call->program);
	buf_printf(out, ",\"risk\":\"%s\"", cg_syscall_risk(call->call, NULL));
	buf_puts(out, ",\"path\":[");
	for (size_t i = 0; cg_profile_step_at(profile, index, i, &step); i++) {
		buf_puts(out, i ? "," : "");
		json_step(out, &step);
	}
	buf_puts(out, "],\"values\":[");
	for (size_t i = 0; cg_profile_value_at(profile, index, i, &value);
	     i++) {
		buf_printf(out, "%s{\"argument\":%u,\"value\":%llu,\"place\":",
			   i ? "," : "", value.argument,
			   (unsigned long long)value.value);
		json_step(out, &value.place);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}");
}

void listing_json(const struct cg_profile *profile, struct buf *out)
{
	struct cg_profile_image image;
	struct cg_profile_call call;
	struct cg_profile_gap gap;

	buf_printf(out, "{\"abi\":\"%s\",\"complete\":%s,\"calls\":[",
		   cg_profile_abi(profile)->name,
		   cg_profile_complete(profile) ? "true" : "false");
	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++) {
		buf_puts(out, i ? ",\n" : "\n");
		json_call(profile, i, &call, out);
	}
	buf_puts(out, "],\n\"gaps\":[");
	for (size_t i = 0; cg_profile_gap_at(profile, i, &gap); i++) {
		buf_printf(out, "%s{\"kind\":\"%s\",\"open\":%s,\"why\":",
			   i ? ",\n" : "\n", gap_names[gap.kind],
			   gap.open ? "true" : "false");
		buf_json(out, gap.why);
		buf_puts(out, ",\"place\":");
		json_step(out, &gap.place);
		buf_puts(out, "}");
	}
	buf_puts(out, "],\n\"images\":[");
	for (size_t i = 0; cg_profile_image_at(profile, i, &image); i++) {
		buf_printf(out, "%s{\"path\":", i ? ",\n" : "\n");
		buf_json(out, image.path);
		buf_puts(out, ",\"why\":");
		buf_json(out, image.why);
		buf_printf(out, ",\"functions\":%zu,\"symbols\":%s}",
			   image.functions, image.symbols ? "true" : "false");
	}
	buf_puts(out, "]}\n");
}

/* ----------------------------------------------------------------- policy --
 */

void listing_policy(const struct cg_profile *profile, const struct names *names,
		    char **programs, int count, struct buf *out)
{
	size_t index;

	buf_puts(out, "# Calls that this can make, by its code and that of "
		      "its libraries:\n");
	for (int i = 0; i < count; i++) {
		buf_puts(out, "#   ");
		out_plain(out, programs[i]);
		buf_puts(out, "\n");
	}
	if (!cg_profile_complete(profile))
		buf_puts(out, "# Not complete: `callgate profile` lists what "
			      "could not be found out.\n");
	buf_printf(out,
		   "seccomp:\n  default_action: errno\n  architectures: "
		   "[%s]\n  syscalls:\n  - action: allow\n    names:\n",
		   cg_profile_abi(profile)->name);
	for (size_t i = 0; i < names->count; i++)
		if (!has_rule(profile, names, names->at[i], &index))
			buf_printf(out, "    - %s\n", names->at[i]);
	put_rules(profile, names, out);
}

/* ------------------------------------------------------------------ graph --
 */

void listing_graph(const struct cg_profile *profile, struct buf *out)
{
	struct cg_profile_call call;
	struct cg_profile_step step;

	buf_puts(out, "strict digraph calls {\n\trankdir=LR;\n"
		      "\tnode [shape=box, fontsize=10];\n");
	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++) {
		struct buf before = { 0 };

		for (size_t k = 0; cg_profile_step_at(profile, i, k, &step);
		     k++) {
			struct buf name = { 0 };

			add_place(&name, &step, false);
			if (before.text && name.text &&
			    strcmp(before.text, name.text) != 0) {
				buf_puts(out, "\t");
				buf_json(out, before.text);
				buf_puts(out, " -> ");
				buf_json(out, name.text);
				buf_puts(out, ";\n");
			}
			buf_free(&before);
			before = name;
		}
		buf_printf(out, "\t\"%s()\" [shape=ellipse];\n",
			   name_of(&call));
		if (before.text) {
			buf_puts(out, "\t");
			buf_json(out, before.text);
			buf_printf(out, " -> \"%s()\";\n", name_of(&call));
		}
		buf_free(&before);
	}
	buf_puts(out, "}\n");
}

/* -------------------------------------------------------------- why not -- */

static const char *reason_of(const char *how)
{
	static const struct {
		const char *how, *reason;
	} rows[] = {
		{ "calls", "this call is behind a branch that no caller's "
			   "constants choose, behind a call that\nnever comes "
			   "back, or waits for something that does not happen "
			   "here" },
		{ "jumps to", "this jump is behind a branch that no caller's "
			      "constants choose, behind a call\nthat never "
			      "comes back, or waits for something that does "
			      "not happen here" },
		{ "takes the address of",
		  "what the code does with this address is known, or it is "
		  "asked for by a name\nthat nothing mentions" },
		{ "holds a pointer to",
		  "no code that can run mentions the data that holds this "
		  "pointer" },
		{ "is unwound by", "nothing that can run unwinds" },
		{ "may look up", "no code that can run mentions this name" },
		{ "branches by a table to",
		  "no caller's constants choose this case" },
		{ "makes the call at",
		  "this instruction is behind a branch that no caller's "
		  "constants choose, or behind\na call that never comes "
		  "back; or a constant that it hands on is no number, as\n"
		  "nobody who may be called there takes any" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].how, how) == 0)
			return rows[i].reason;
	return "no code that can run mentions the data that leads here";
}

static void put_cut(const struct cg_profile *profile,
		    const struct cg_profile *all, size_t index)
{
	struct cg_profile_step step, cut = { 0 };
	struct buf out = { 0 };
	bool left = true;

	for (size_t k = 0; cg_profile_step_at(all, index, k, &step); k++) {
		if (cg_profile_comes_to(profile, step.image, step.address)) {
			left = false;
		} else if (!left || k == 0) {
			cut = step;
			left = true;
		}
	}
	if (!cut.how)
		return;
	buf_printf(&out, "left out where the way %s ", cut.how);
	add_place(&out, &cut, true);
	buf_printf(&out, ":\n%s.\n--data=all keeps it.\n", reason_of(cut.how));
	out_buf(&out);
}

static bool
has_name(const struct cg_profile *profile, const struct cg_profile_call *wanted)
{
	struct cg_profile_call call;

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		if (call.abi == wanted->abi && call.call == wanted->call)
			return true;
	return false;
}

void listing_cut(const struct cg_profile *profile, const struct cg_profile *all,
		 const char *name)
{
	const struct cg_syscall *wanted =
		name ? cg_syscall_by_name(name) : NULL;
	struct cg_profile_call call;

	for (size_t i = 0; cg_profile_call_at(all, i, &call); i++) {
		if (!call.call || (name && call.call != wanted) ||
		    (!name && has_name(profile, &call)))
			continue;
		if (!name)
			printf("%s: ", call.call->name);
		put_cut(profile, all, i);
	}
}
