/* callgate lint - what will hurt: bypasses, traps and faults. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/findings.h"
#include "cli/input.h"
#include "cli/origin.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	struct origin origin;
	const char *arch, *pid, *fail_on, *no_new_privs;
	struct texts only, ignore;
	bool notes, brief, all, json, sarif, list;
};

static const struct option options[] = {
	{ 'a', "arch", "NAME", OPTION_TEXT, offsetof(struct fields, arch),
	  "the architecture that native stands for" },
	{ 'p', "pid", "PID", OPTION_TEXT, offsetof(struct fields, pid),
	  "the filters of a live process or thread" },
	ORIGIN_OPTIONS(struct fields, origin),
	{ 0, "no-new-privs", "yes|no", OPTION_TEXT,
	  offsetof(struct fields, no_new_privs),
	  "whether the runtime sets that: it needs fewer calls then" },
	{ 'n', "notes", NULL, OPTION_FLAG, offsetof(struct fields, notes),
	  "show notes, too, not warnings and errors alone" },
	{ 'A', "all", NULL, OPTION_FLAG, offsetof(struct fields, all),
	  "show each of many findings of one kind about a file's text" },
	{ 'b', "brief", NULL, OPTION_FLAG, offsetof(struct fields, brief),
	  "without why it matters and what to do" },
	{ 0, "only", "CHECK", OPTION_LIST, offsetof(struct fields, only),
	  "this check, and others so named, but no more" },
	{ 0, "ignore", "CHECK", OPTION_LIST, offsetof(struct fields, ignore),
	  "all checks but this, and others so named" },
	{ 0, "fail-on", "error|warning|note|never", OPTION_TEXT,
	  offsetof(struct fields, fail_on),
	  "exit 1 for a finding of this severity (default: warning)" },
	{ 'l', "list", NULL, OPTION_FLAG, offsetof(struct fields, list),
	  "list the checks" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object" },
	{ 0, "sarif", NULL, OPTION_FLAG, offsetof(struct fields, sarif),
	  "a log of SARIF 2.1.0, for services that review code" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

struct lint {
	const struct fields *fields;
	struct cg_lint_options options;
	enum cg_severity fail_on;
	bool never_fail;
	struct cg_findings **all; /* one an operand */
	struct shown_list shown;
	size_t counts[3]; /* by severity, of what is neither ignored nor hidden
			   */
	size_t hidden;    /* notes */
	size_t suppressed;
};

/* ------------------------------------------------------------- options -- */

static bool is_check(const char *name)
{
	const struct cg_check *check;
	const char *best = NULL;
	unsigned distance = 4;

	if (cg_check_by_name(name))
		return true;
	for (size_t i = 0; (check = cg_check_get(i)); i++) {
		unsigned d = text_near(name, check->name, 3);

		if (d < distance) {
			distance = d;
			best = check->name;
		}
	}
	out_error("no check is called '%s'%s%s%s; `callgate lint --list` lists "
		  "them",
		  name, best ? "; did you mean '" : "", best ? best : "",
		  best ? "'?" : "");
	return false;
}

static bool are_checks(const struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		if (!is_check(texts->at[i]))
			return false;
	return true;
}

static bool read_fail_on(struct lint *lint)
{
	const char *word = lint->fields->fail_on;

	lint->fail_on = CG_WARNING;
	if (!word)
		return true;
	lint->never_fail = strcmp(word, "never") == 0;
	if (lint->never_fail)
		return true;
	for (int i = CG_NOTE; i <= CG_ERROR; i++)
		if (strcmp(word, cg_severity_name((enum cg_severity)i)) == 0) {
			lint->fail_on = (enum cg_severity)i;
			return true;
		}
	out_error("--fail-on is error, warning, note or never, not '%s'", word);
	return false;
}

static bool read_no_new_privs(struct lint *lint)
{
	const char *word = lint->fields->no_new_privs;

	lint->options.no_new_privs = -1;
	if (!word)
		return true;
	if (strcmp(word, "yes") != 0 && strcmp(word, "no") != 0) {
		out_error("--no-new-privs is yes or no, not '%s'", word);
		return false;
	}
	lint->options.no_new_privs = strcmp(word, "yes") == 0;
	return true;
}

static bool read_options(struct lint *lint)
{
	const struct fields *fields = lint->fields;

	if (!read_fail_on(lint) || !read_no_new_privs(lint) ||
	    !are_checks(&fields->only) || !are_checks(&fields->ignore))
		return false;
	if (fields->arch && !(lint->options.native = input_abi(fields->arch)))
		return false;
	lint->options.runtime = fields->origin.runtime;
	return true;
}

/* -------------------------------------------------- what is not wanted -- */

static bool holds(const struct texts *texts, const char *name)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->at[i], name) == 0)
			return true;
	return false;
}

/* Whether the words up to the end of a line hold `name`. */
static bool says(const char *words, const char *end, const char *name)
{
	size_t length = strlen(name);

	while (words < end && *words != '\n') {
		size_t word = 0;

		while (words + word < end &&
		       strchr("abcdefghijklmnopqrstuvwxyz0123456789-",
			      words[word]) &&
		       words[word])
			word++;
		if (word == length && memcmp(words, name, length) == 0)
			return true;
		words += word ? word : 1;
	}
	return false;
}

/*
 * "callgate-lint: ignore CHECK..." anywhere in the text, such as in a comment:
 * for a finding in this line or the next; "ignore-all" for the whole file.
 */
static bool
is_suppressed(const struct input *input, const struct cg_finding *finding)
{
	static const char mark[] = "callgate-lint: ignore";
	const char *at = input->text, *end = at ? at + input->length : at;
	uint32_t line = 1;

	for (; at && at < end; at++) {
		const char *words = at + sizeof(mark) - 1;

		if (*at == '\n')
			line++;
		if ((size_t)(end - at) < sizeof(mark) ||
		    memcmp(at, mark, sizeof(mark) - 1) != 0 ||
		    !says(words, end, finding->check->name))
			continue;
		if (strncmp(words, "-all", 4) == 0 ||
		    (finding->line &&
		     (line == finding->line || line + 1 == finding->line)))
			return true;
	}
	return false;
}

static bool is_wanted(struct lint *lint, const struct input *input,
		      const struct cg_finding *finding)
{
	const struct fields *fields = lint->fields;

	if (holds(&fields->ignore, finding->check->name) ||
	    (fields->only.count && !holds(&fields->only, finding->check->name)))
		return false;
	if (is_suppressed(input, finding)) {
		lint->suppressed++;
		return false;
	}
	lint->counts[finding->severity]++;
	if (finding->severity > CG_NOTE || fields->notes || fields->json ||
	    fields->sarif || lint->fail_on == CG_NOTE)
		return true;
	lint->hidden++;
	return false;
}

/* ---------------------------------------------------------------- look -- */

static void
keep(struct lint *lint, const struct input *input, struct shown shown)
{
	struct shown *at;

	if (!is_wanted(lint, input, shown.finding))
		return;
	at = realloc(lint->shown.at, (lint->shown.count + 1) * sizeof(*at));
	if (!at)
		out_die_nomem();
	lint->shown.at = at;
	at[lint->shown.count++] = shown;
}

static int look_at(struct lint *lint, struct input *input, const char *name,
		   struct cg_findings **out)
{
	const struct cg_finding *finding;
	struct cg_error err;

	if (input->policy && !input->text)
		input_keep_text(input);
	if (cg_lint(input_side(input), &lint->options, out, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		return out_status(&err);
	}
	for (size_t i = 0; (finding = cg_finding_get(*out, i)); i++)
		keep(lint, input,
		     (struct shown){ finding, name, !input->chain });
	return EXIT_YES;
}

static int look(struct lint *lint, const char *name, struct cg_findings **out)
{
	const struct fields *fields = lint->fields;
	struct input input = { 0 };
	int status = EXIT_USAGE;
	bool ok;

	ok = fields->pid
		     ? input_thread(name, &input, &status)
		     : input_open_from(name, &fields->origin,
				       lint->options.native, &input, &status);
	if (ok)
		status = look_at(lint, &input, name, out);
	input_free(&input);
	return status;
}

/* ---------------------------------------------------------------- tell -- */

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* How many before `i` are of its kind, and about the same file. */
static size_t alike_before(const struct shown_list *list, size_t i)
{
	size_t alike = 0;

	while (alike < i &&
	       list->at[i - alike - 1].finding->check ==
		       list->at[i].finding->check &&
	       list->at[i - alike - 1].name == list->at[i].name)
		alike++;
	return alike;
}

/*
 * A file that is meant for another runtime has the same fault in every rule:
 * the first few tell it all.
 */
static void tell_findings(const struct lint *lint)
{
	enum { FEW = 6 };
	const struct shown_list *list = &lint->shown;

	for (size_t i = 0; i < list->count; i++) {
		const struct cg_check *check = list->at[i].finding->check;
		size_t alike = alike_before(list, i), more = 0;

		if (alike < FEW || lint->fields->all || !check->text) {
			findings_text(&list->at[i],
				      lint->fields->brief || alike > 0);
			continue;
		}
		while (i + more < list->count &&
		       alike_before(list, i + more) >= FEW)
			more++;
		printf("    and %zu more like these; --all shows them\n", more);
		i += more - 1;
	}
}

static void tell_text(const struct lint *lint)
{
	tell_findings(lint);
	if (!lint->counts[CG_ERROR] && !lint->counts[CG_WARNING])
		printf("no error, no warning");
	else
		printf("%zu error%s, %zu warning%s", lint->counts[CG_ERROR],
		       plural(lint->counts[CG_ERROR]), lint->counts[CG_WARNING],
		       plural(lint->counts[CG_WARNING]));
	if (lint->counts[CG_NOTE])
		printf(", %zu note%s", lint->counts[CG_NOTE],
		       plural(lint->counts[CG_NOTE]));
	if (lint->hidden)
		printf(" (--notes shows %s)",
		       lint->hidden == 1 ? "it" : "them");
	if (lint->suppressed)
		printf(", %zu suppressed", lint->suppressed);
	printf("\n");
}

static void tell(const struct lint *lint)
{
	struct buf out = { 0 };

	if (!lint->fields->json && !lint->fields->sarif) {
		tell_text(lint);
		return;
	}
	if (lint->fields->json)
		findings_json(&lint->shown, &out);
	else
		findings_sarif(&lint->shown, &out);
	out_buf(&out);
}

static int verdict(const struct lint *lint)
{
	for (int i = (int)lint->fail_on; !lint->never_fail && i <= CG_ERROR;
	     i++)
		if (lint->counts[i])
			return EXIT_NO;
	return EXIT_YES;
}

static int list_checks(bool json)
{
	const struct cg_check *check;
	struct buf out = { 0 };

	for (size_t i = 0; (check = cg_check_get(i)); i++) {
		if (!json) {
			printf("%-18s %-8s %s\n", check->name,
			       cg_severity_name(check->severity), check->title);
			continue;
		}
		buf_puts(&out, "{\"check\":");
		buf_json(&out, check->name);
		buf_printf(&out, ",\"severity\":\"%s\",\"title\":",
			   cg_severity_name(check->severity));
		buf_json(&out, check->title);
		buf_puts(&out, ",\"why\":");
		buf_json(&out, check->why);
		buf_puts(&out, ",\"fix\":");
		buf_json(&out, check->fix);
		buf_puts(&out, "}\n");
	}
	if (json)
		out_buf(&out);
	return EXIT_YES;
}

static int run(void *data, int count, char **operands)
{
	struct lint lint = { .fields = data };
	const char *pid = lint.fields->pid;
	size_t all = pid ? 1 : (size_t)count;
	int status = EXIT_YES;

	if (lint.fields->list)
		return list_checks(lint.fields->json);
	if (!pid == !count) {
		out_error(count ? "lint wants files or --pid, not both"
				: "lint wants POLICY, or --pid PID");
		return EXIT_USAGE;
	}
	if (!read_options(&lint))
		return EXIT_USAGE;
	lint.all = calloc(all, sizeof(*lint.all));
	if (!lint.all)
		out_die_nomem();
	for (size_t i = 0; i < all && status == EXIT_YES; i++)
		status = look(&lint, pid ? pid : operands[i], &lint.all[i]);
	if (status == EXIT_YES) {
		tell(&lint);
		status = verdict(&lint);
	}
	for (size_t i = 0; i < all; i++)
		cg_findings_free(lint.all[i]);
	free(lint.all);
	free(lint.shown.at);
	return status;
}

const struct command command_lint = {
	.name = "lint",
	.operands = "[OPTION]... POLICY...",
	.about = "say what will hurt: bypasses, traps and faults",
	.details =
		"POLICY is a policy, a preset, a file of another tool's, BPF "
		"bytes, or pid:PID for\na live process. What a filter does is "
		"judged, for every possible call, and not\nhow it is written. "
		"A comment `callgate-lint: ignore CHECK` in a file is heeded\n"
		"for its line and the next, `ignore-all CHECK` for all of it.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 0,
	.most = 1000,
	.run = run,
};
