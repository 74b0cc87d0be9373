/* callgate doctor - what this kernel, container and privilege allow. */
#include <stdlib.h>
#include <string.h>

#include <callgate/load.h>

#include "base/buf.h"
#include "cli/out.h"
#include "cli/verbs.h"

struct fields {
	bool json;
};

static const struct option options[] = {
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "one JSON object" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* In the order of CG_FLAG_*. */
static const struct {
	const char *name, *about;
} flags[] = {
	{ "tsync", "all threads at once" },
	{ "log", "the kernel logs what is refused" },
	{ "spec_allow", "mitigations left off" },
	{ "new_listener", "answers from another process" },
	{ "tsync_esrch", "both of these together" },
	{ "wait_killable_recv", "waiting calls not restarted" },
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]), ACTIONS = 8 };

static const char *support_text(enum cg_support support)
{
	static const char *const texts[] = {
		[CG_NO] = "no",
		[CG_YES] = "yes",
		[CG_BLOCKED] = "blocked",
	};

	return texts[support];
}

static void line(const char *name, enum cg_support support, const char *about)
{
	static const enum colour colours[] = {
		[CG_NO] = YELLOW,
		[CG_YES] = GREEN,
		[CG_BLOCKED] = RED,
	};

	printf("  %-20s %s%-8s%s %s\n", name,
	       out_colour(stdout, colours[support]), support_text(support),
	       out_colour(stdout, PLAIN), about);
}

static void text_self(const struct cg_features *features)
{
	static const char *const modes[] = { "no filter", "strict mode",
					     "a filter" };

	printf("this process\n");
	printf("  %s is in force", features->mode >= 0 && features->mode < 3
					   ? modes[features->mode]
					   : "something unknown");
	if (features->filters > 0)
		printf(", %d in all", features->filters);
	printf("\n  no_new_privs is %s; a filter can be loaded %s\n",
	       features->has_no_new_privs ? "set" : "not set",
	       features->can_sys_admin ? "with or without it" : "only with it");
}

static void text_notes(const struct cg_features *features)
{
	if (features->syscall == CG_BLOCKED)
		printf("an outer filter answers seccomp(2): the kernel was not "
		       "asked, and nothing\ncan be loaded from in here\n");
	if (features->uretprobe_passes == 1)
		printf("calls 335 (uretprobe) and 336 (uprobe) pass every "
		       "filter on this kernel\n");
}

static void print_text(const struct cg_features *features)
{
	printf("Linux %s, %s\n", features->release, features->machine);
	line("seccomp(2)", features->syscall, "loads filters");
	line("prctl(2)", features->prctl, "loads them, for one thread");
	line("no_new_privs", features->no_new_privs, "");
	printf("actions\n");
	for (size_t i = 0; i < ACTIONS; i++)
		line(cg_action_name(i), features->actions[i], "");
	printf("flags\n");
	for (size_t i = 0; i < FLAGS; i++)
		line(flags[i].name, features->flags[i], flags[i].about);
	printf("other ABIs\n");
	line("i386", features->i386_works ? CG_YES : CG_NO, "");
	line("x32", features->x32_works ? CG_YES : CG_NO, "");
	text_self(features);
	if (features->actions_logged[0])
		printf("the kernel logs: %s\n", features->actions_logged);
	text_notes(features);
}

static void json_pair(struct buf *buf, const char *name, const char *value)
{
	buf_puts(buf, ",");
	buf_json(buf, name);
	buf_puts(buf, ":");
	buf_json(buf, value);
}

static void json_lists(struct buf *buf, const struct cg_features *features)
{
	buf_puts(buf, ",\"actions\":{");
	for (size_t i = 0; i < ACTIONS; i++)
		buf_printf(buf, "%s\"%s\":\"%s\"", i ? "," : "",
			   cg_action_name(i),
			   support_text(features->actions[i]));
	buf_puts(buf, "},\"flags\":{");
	for (size_t i = 0; i < FLAGS; i++)
		buf_printf(buf, "%s\"%s\":\"%s\"", i ? "," : "", flags[i].name,
			   support_text(features->flags[i]));
	buf_puts(buf, "}");
}

static void print_json(const struct cg_features *features)
{
	struct buf buf = { 0 };
	char *text;

	buf_puts(&buf, "{\"release\":");
	buf_json(&buf, features->release);
	json_pair(&buf, "machine", features->machine);
	json_pair(&buf, "seccomp", support_text(features->syscall));
	json_pair(&buf, "prctl", support_text(features->prctl));
	json_pair(&buf, "no_new_privs", support_text(features->no_new_privs));
	json_pair(&buf, "actions_avail", features->actions_avail);
	json_pair(&buf, "actions_logged", features->actions_logged);
	json_lists(&buf, features);
	buf_printf(&buf,
		   ",\"mode\":%d,\"filters\":%d,\"has_no_new_privs\":%s,"
		   "\"can_sys_admin\":%s,\"i386\":%s,\"x32\":%s,"
		   "\"notif_size\":%d,\"notif_resp_size\":%d,"
		   "\"data_size\":%d,\"uretprobe_passes\":%d}\n",
		   features->mode, features->filters,
		   features->has_no_new_privs ? "true" : "false",
		   features->can_sys_admin ? "true" : "false",
		   features->i386_works ? "true" : "false",
		   features->x32_works ? "true" : "false", features->notif_size,
		   features->notif_resp_size, features->data_size,
		   features->uretprobe_passes);
	text = buf_done(&buf);
	if (!text)
		out_die_nomem();
	fputs(text, stdout);
	free(text);
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	struct cg_features features;

	(void)count;
	(void)operands;
	cg_probe(&features);
	if (fields->json)
		print_json(&features);
	else
		print_text(&features);
	/* prctl(2) stands in where seccomp(2) is missing, not where it is
	   refused. */
	if (features.syscall == CG_YES ||
	    (features.prctl == CG_YES && features.syscall != CG_BLOCKED))
		return EXIT_YES;
	return EXIT_NO;
}

const struct command command_doctor = {
	.name = "doctor",
	.operands = "[OPTION]...",
	.about = "say what this kernel, container and privilege can do",
	.details = "Nothing is loaded, and nothing is asked that a sandbox "
		   "could take amiss. \"blocked\"\nmeans that an outer filter "
		   "answered in the kernel's place.\n\nExit status: 0 if "
		   "filters can be loaded, 1 if not.",
	.options = options,
	.fields = sizeof(struct fields),
	.run = run,
};
