/* callgate profile - which calls a program can make, with the evidence. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/drawing.h"
#include "cli/input.h"
#include "cli/listing.h"
#include "cli/out.h"
#include "cli/ranking.h"
#include "cli/recorded.h"
#include "cli/save.h"
#include "cli/verbs.h"

struct fields {
	const char *why, *why_not, *against, *sysroot, *data, *template;
	const char *package, *output, *format, *after, *merge;
	struct texts block, allow, with, library_path;
	const char *jobs;
	bool no_cache, rank, diff, json, graph, names, gaps, images, no_modules,
		no_debug, no_arguments;
};

static const struct option options[] = {
	{ 'f', "format", "FORM", OPTION_TEXT, offsetof(struct fields, format),
	  "table, names, policy, code, json, graph, svg" },
	{ 'o', "output", "FILE", OPTION_TEXT, offsetof(struct fields, output),
	  "write to FILE" },
	{ 0, "why", "NAME", OPTION_TEXT, offsetof(struct fields, why),
	  "show the way to one call, step by step" },
	{ 0, "why-not", "NAME", OPTION_TEXT, offsetof(struct fields, why_not),
	  "show why a call, or all, is not in the list" },
	{ 0, "against", "POLICY", OPTION_TEXT, offsetof(struct fields, against),
	  "exit 1 if POLICY refuses a call of the program" },
	{ 0, "diff", NULL, OPTION_FLAG, offsetof(struct fields, diff),
	  "compare two programs, such as two releases of one" },
	{ 0, "merge", "RECORDING", OPTION_TEXT, offsetof(struct fields, merge),
	  "compare with what was recorded" },
	{ 0, "rank", NULL, OPTION_FLAG, offsetof(struct fields, rank),
	  "list the calls by their risk" },
	{ 'b', "block", "LIST", OPTION_LIST, offsetof(struct fields, block),
	  "leave these calls or @groups out; FILE if it has a /" },
	{ 0, "allow", "LIST", OPTION_LIST, offsetof(struct fields, allow),
	  "put these calls or @groups in; FILE if it has a /" },
	{ 't', "template", "FILE", OPTION_TEXT,
	  offsetof(struct fields, template),
	  "a template of Go's text/template for --format=code" },
	{ 0, "pkg", "NAME", OPTION_TEXT, offsetof(struct fields, package),
	  "the package that such code is in (default: main)" },
	{ 0, "with", "LIBRARY", OPTION_LIST, offsetof(struct fields, with),
	  "take it that this library is opened at run time" },
	{ 'L', "library-path", "FOLDER", OPTION_LIST,
	  offsetof(struct fields, library_path),
	  "look for libraries in FOLDER first" },
	{ 0, "sysroot", "FOLDER", OPTION_TEXT, offsetof(struct fields, sysroot),
	  "the program's root, such as that of a container" },
	{ 0, "data", "MODE", OPTION_TEXT, offsetof(struct fields, data),
	  "reached (default), or all: coarser" },
	{ 0, "after", "FUNCTION", OPTION_TEXT, offsetof(struct fields, after),
	  "what can happen once FUNCTION runs, such as main" },
	{ 0, "no-modules", NULL, OPTION_FLAG,
	  offsetof(struct fields, no_modules),
	  "leave out the modules that configuration names" },
	{ 0, "no-arguments", NULL, OPTION_FLAG,
	  offsetof(struct fields, no_arguments),
	  "allow each call with all arguments" },
	{ 0, "no-debug", NULL, OPTION_FLAG, offsetof(struct fields, no_debug),
	  "do not read separate files of symbols" },
	{ 'j', "jobs", "COUNT", OPTION_TEXT, offsetof(struct fields, jobs),
	  "threads to read code with (default: one a processor)" },
	{ 0, "no-cache", NULL, OPTION_FLAG, offsetof(struct fields, no_cache),
	  "neither use nor keep what is known of libraries" },
	{ 0, "gaps", NULL, OPTION_FLAG, offsetof(struct fields, gaps),
	  "tell of all gaps, also of those that matter little" },
	{ 0, "images", NULL, OPTION_FLAG, offsetof(struct fields, images),
	  "list the files that were read" },
	{ 0, "json", NULL, OPTION_FLAG, offsetof(struct fields, json),
	  "the same as --format=json" },
	{ 0, NULL, NULL, OPTION_FLAG, 0, NULL },
};

/* ---------------------------------------------------------------- reading --
 */

/* How much of what is known: more becomes known on the way. */
static void
show_progress(void *context, const char *what, size_t done, size_t known)
{
	enum { BAR = 24 };
	const size_t full = known ? done * BAR / known : 0;

	(void)context;
	fprintf(stderr, "\r\033[K%s [%-*.*s] %zu of %zu", what, BAR,
		(int)(full < BAR ? full : BAR),
		"========================", done, known);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* A list of texts as the library takes it, up to a NULL. */
static const char *const *listed(const struct texts *texts)
{
	const char **list = calloc(texts->count + 1, sizeof(*list));

	if (!list)
		out_die_nomem();
	for (size_t i = 0; i < texts->count; i++)
		list[i] = texts->at[i];
	return list;
}

static bool read_data(const char *text, enum cg_profile_data *out)
{
	*out = CG_DATA_REACHED;
	if (text && strcmp(text, "all") == 0)
		*out = CG_DATA_ALL;
	else if (text && strcmp(text, "reached") != 0) {
		out_error("--data=%s is not known; reached or all would be",
			  text);
		return false;
	}
	return true;
}

static bool read_jobs(const char *text, unsigned *out)
{
	uint64_t count = 0;

	if (text && (num_read(text, strlen(text), &count) != NUM_OK || !count ||
		     count > 1024)) {
		out_error("--jobs=%s: a number from 1 to 1024 is wanted", text);
		return false;
	}
	*out = (unsigned)count;
	return true;
}

/* Where the user's own caches are, made as far as it is not there. */
static const char *cache_folder(char *out, size_t size)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int used;

	if (base && base[0] == '/')
		used = snprintf(out, size, "%s", base);
	else if (home && home[0] == '/')
		used = snprintf(out, size, "%s/.cache", home);
	else
		return NULL;
	if (used < 0 || (size_t)used + sizeof("/callgate") > size)
		return NULL;
	/* Whoever cannot make it is told so when it is used. */
	(void)mkdir(out, 0700);
	strcat(out, "/callgate");
	return out;
}

static void show_note(void *context, const char *what)
{
	(void)context;
	out_note("%s", what);
}

static int open_profile(const struct fields *fields, bool all, char **programs,
			int count, struct cg_profile **out)
{
	struct cg_profile_options how = {
		.sysroot = fields->sysroot,
		.no_modules = fields->no_modules,
		.no_arguments = fields->no_arguments,
		.no_debug = fields->no_debug,
		.after = fields->after,
		.note = show_note,
	};
	char cache[4096];
	enum cg_status status;
	struct cg_error err;

	if (isatty(STDERR_FILENO))
		how.progress = show_progress;
	if (!read_data(fields->data, &how.data) ||
	    !read_jobs(fields->jobs, &how.threads))
		return EXIT_USAGE;
	how.with = listed(&fields->with);
	how.library_path = listed(&fields->library_path);
	if (!fields->no_cache)
		how.cache = cache_folder(cache, sizeof(cache));
	if (all)
		how.data = CG_DATA_ALL;
	status = cg_profile_open((const char *const *)programs, (size_t)count,
				 &how, out, &err);
	end_progress();
	free((void *)how.with);
	free((void *)how.library_path);
	if (status == CG_OK)
		return EXIT_YES;
	out_failure(&err, NULL, 0);
	return err.status == CG_E_NOMEM ? EXIT_REFUSED : EXIT_USAGE;
}

/* ---------------------------------------------------------------- answers --
 */

/* A file that was asked for, or stdout. */
static int deliver(const struct fields *fields, struct buf *out)
{
	size_t length = out->length;
	int status = EXIT_YES;
	char *text;

	if (!fields->output) {
		out_buf(out);
		return EXIT_YES;
	}
	text = buf_done(out);
	if (!text)
		out_die_nomem();
	status = save(fields->output, text, length);
	free(text);
	return status;
}

static const char usual_template[] =
	"// Code generated by callgate profile. DO NOT EDIT.\n\n"
	"//go:build linux && {{.GOARCH}}\n\npackage {{.Package}}\n\n"
	"import seccomp \"github.com/elastic/go-seccomp-bpf\"\n\n"
	"// SeccompProfile allows what the profiled program can call.\n"
	"var SeccompProfile = seccomp.Policy{\n"
	"\tDefaultAction: seccomp.ActionErrno,\n"
	"\tSyscalls: []seccomp.SyscallGroup{\n\t\t{\n"
	"\t\t\tAction: seccomp.ActionAllow,\n\t\t\tNames: []string{\n"
	"{{- range .SyscallNames}}\n\t\t\t\t\"{{.}}\",{{end}}\n"
	"\t\t\t},\n\t\t},\n\t},\n}\n";

static char *read_template(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, CG_POLICY_TEXT_MAX + 1);
	size_t length;

	if (!text)
		out_die_nomem();
	if (!file) {
		out_error("cannot open %s", path);
		free(text);
		return NULL;
	}
	length = fread(text, 1, CG_POLICY_TEXT_MAX, file);
	fclose(file);
	text[length] = '\0';
	return text;
}

static bool
put_code(const struct fields *fields, const struct cg_profile *profile,
	 const struct names *names, struct buf *out)
{
	char *text = fields->template ? read_template(fields->template)
				      : strdup(usual_template);
	bool ok = text &&
		  listing_template(profile, names, text,
				   fields->package ? fields->package : "main",
				   out);

	free(text);
	return ok;
}

static void put_names(const struct names *names, struct buf *out)
{
	for (size_t i = 0; i < names->count; i++)
		buf_printf(out, "%s\n", names->at[i]);
}

/* What was recorded besides; NULL: nothing. */
static void add_recorded(const struct cg_recording *recording,
			 const struct cg_abi *abi, struct names *names)
{
	struct cg_recorded one;

	for (size_t i = 0; recording && cg_recording_get(recording, i, &one);
	     i++)
		if (one.call && one.abi == abi && one.phase != CG_PHASE_RUNTIME)
			listing_add(names, one.call->name);
}

static int
show(const struct fields *fields, const struct cg_profile *profile,
     const struct cg_recording *recording, char **programs, int count)
{
	const char *format = fields->json       ? "json"
			     : fields->format   ? fields->format
			     : fields->template ? "code"
						: "table";
	struct buf out = { 0 };
	struct names names;
	bool ok = true;

	if (strcmp(format, "table") == 0 && !fields->output &&
	    !fields->block.count && !fields->allow.count) {
		listing_table(profile);
		return EXIT_YES;
	}
	if (!listing_names(profile, &fields->block, &fields->allow, &names))
		return EXIT_USAGE;
	add_recorded(recording, cg_profile_abi(profile), &names);
	if (strcmp(format, "json") == 0)
		listing_json(profile, &out);
	else if (strcmp(format, "graph") == 0)
		listing_graph(profile, &out);
	else if (strcmp(format, "svg") == 0)
		drawing_svg(profile, &out);
	else if (strcmp(format, "policy") == 0 || strcmp(format, "config") == 0)
		listing_policy(profile, &names, programs, count, &out);
	else if (strcmp(format, "code") == 0)
		ok = put_code(fields, profile, &names, &out);
	else if (strcmp(format, "names") == 0 || strcmp(format, "table") == 0)
		put_names(&names, &out);
	else {
		out_error("no format is called '%s'; table, names, policy, "
			  "code, json, graph or svg would be",
			  format);
		ok = false;
	}
	listing_free(&names);
	if (ok)
		return deliver(fields, &out);
	buf_free(&out);
	return EXIT_USAGE;
}

static void show_images(const struct cg_profile *profile)
{
	struct cg_profile_image image;

	for (size_t i = 0; cg_profile_image_at(profile, i, &image); i++) {
		struct buf path = { 0 }, why = { 0 };

		out_plain(&path, image.path);
		out_plain(&why, image.why);
		if (path.failed || why.failed)
			out_die_nomem();
		printf("%-48s %6zu functions%s, %s\n", path.text,
		       image.functions, image.symbols ? "" : ", stripped",
		       why.text);
		buf_free(&path);
		buf_free(&why);
	}
}

/* ---------------------------------------------------------------- against --
 */

/* Whether some form of a call is allowed. */
static bool is_allowed(const struct cg_side side,
		       const struct cg_profile_call *call, bool *always)
{
	const struct cg_call asked = { .nr = call->nr,
				       .arch = call->abi->audit_arch };
	struct cg_outcome outcomes[64];
	struct cg_error err;
	size_t count;
	bool any = false;

	*always = true;
	if (cg_outcomes(side, &asked, 0, 0, outcomes, 64, &count, &err) !=
	    CG_OK) {
		out_failure(&err, NULL, 0);
		return false;
	}
	for (size_t i = 0; i < count && i < 64; i++) {
		const uint32_t action = outcomes[i].answer & CG_RET_ACTION;
		const bool allowed =
			action == CG_RET_ALLOW || action == CG_RET_LOG;

		any |= allowed;
		*always &= allowed;
	}
	return any;
}

static int
compare_policy(const struct fields *fields, const struct cg_profile *profile)
{
	struct cg_profile_call call;
	int status = EXIT_USAGE;
	struct input input;
	bool always;

	if (!input_open(fields->against, cg_profile_abi(profile), &input,
			&status)) {
		input_free(&input);
		return status;
	}
	status = EXIT_YES;
	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++) {
		if (call.evidence == CG_BY_KERNEL)
			continue;
		if (!is_allowed(input_side(&input), &call, &always)) {
			printf("%s%s%s is refused\n", out_colour(stdout, RED),
			       call.call ? call.call->name : "a call",
			       out_colour(stdout, PLAIN));
			status = EXIT_NO;
		} else if (!always) {
			printf("%s is refused with some arguments\n",
			       call.call ? call.call->name : "a call");
		}
	}
	input_free(&input);
	return status;
}

/* ------------------------------------------------------------------- diff --
 */

static bool
has_call(const struct cg_profile *profile, const struct cg_profile_call *wanted)
{
	struct cg_profile_call call;

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		if (call.abi == wanted->abi && call.nr == wanted->nr)
			return true;
	return false;
}

static int list_difference(const struct cg_profile *from,
			   const struct cg_profile *other, char mark)
{
	struct cg_profile_call call;
	int status = EXIT_YES;

	for (size_t i = 0; cg_profile_call_at(from, i, &call); i++)
		if (!has_call(other, &call)) {
			printf("%c %s\n", mark,
			       call.call ? call.call->name : "a call");
			status = EXIT_NO;
		}
	return status;
}

static int compare_programs(const struct fields *fields, char **programs)
{
	struct cg_profile *left = NULL, *right = NULL;
	int status = open_profile(fields, false, &programs[0], 1, &left);

	if (status == EXIT_YES)
		status = open_profile(fields, false, &programs[1], 1, &right);
	if (status == EXIT_YES) {
		status = list_difference(left, right, '-');
		status |= list_difference(right, left, '+');
	}
	cg_profile_free(left);
	cg_profile_free(right);
	return status;
}

/* ---------------------------------------------------------------- why not --
 */

static int
explain_absence(const struct fields *fields, const struct cg_profile *profile,
		char **programs, int count)
{
	struct cg_profile *all = NULL;
	int status;

	if (strcmp(fields->why_not, "all") == 0) {
		status = open_profile(fields, true, programs, count, &all);
		if (status == EXIT_YES)
			listing_cut(profile, all, NULL);
		cg_profile_free(all);
		return status;
	}
	if (listing_why(profile, fields->why_not)) {
		out_note("it is in the list");
		return EXIT_NO;
	}
	status = open_profile(fields, true, programs, count, &all);
	if (status != EXIT_YES)
		return status;
	if (listing_why(all, fields->why_not))
		listing_cut(profile, all, fields->why_not);
	else
		printf("%s: no code that the program can come to makes it, "
		       "with all data taken as used\n",
		       fields->why_not);
	cg_profile_free(all);
	return EXIT_YES;
}

/* ------------------------------------------------------------------ ranks --
 */

static bool is_format(const struct fields *fields, const char *format)
{
	return fields->format && strcmp(fields->format, format) == 0;
}

/* Lists are of what was found and what was recorded together. */
static bool is_list(const struct fields *fields)
{
	return fields->template || is_format(fields, "names") ||
	       is_format(fields, "policy") || is_format(fields, "config") ||
	       is_format(fields, "code");
}

static int
merge_recording(const struct fields *fields, const struct cg_profile *profile,
		char **programs, int count)
{
	struct cg_recording *recording = NULL;
	int status = EXIT_USAGE, shown;
	struct buf out = { 0 };

	if (!recorded_open(fields->merge, cg_profile_abi(profile), &recording,
			   &status))
		return status;
	if (!recording) {
		out_error("%s: %s", fields->merge,
			  access(fields->merge, R_OK) != 0
				  ? strerror(errno)
				  : "no recording; callgate record -o "
				    "FILE.json makes one");
		return EXIT_USAGE;
	}
	status = ranking_merge(profile, recording,
			       fields->json || is_format(fields, "json"), &out);
	if (is_list(fields)) {
		buf_free(&out);
		shown = show(fields, profile, recording, programs, count);
	} else {
		shown = deliver(fields, &out);
	}
	cg_recording_free(recording);
	return shown == EXIT_YES ? status : shown;
}

static int
show_ranks(const struct fields *fields, const struct cg_profile *profile)
{
	struct buf out = { 0 };

	ranking_table(profile, &out);
	return deliver(fields, &out);
}

static int answer(const struct fields *fields, const struct cg_profile *profile,
		  char **programs, int count)
{
	int status;

	if (fields->why) {
		if (listing_why(profile, fields->why))
			return EXIT_YES;
		out_error("%s: not in the list; --why-not tells more",
			  fields->why);
		return EXIT_NO;
	}
	if (fields->why_not)
		return explain_absence(fields, profile, programs, count);
	if (fields->merge)
		status = merge_recording(fields, profile, programs, count);
	else if (fields->rank)
		status = show_ranks(fields, profile);
	else if (fields->against)
		status = compare_policy(fields, profile);
	else
		status = show(fields, profile, NULL, programs, count);
	/* As JSON they have been told already. */
	if (fields->images && !fields->json && !is_format(fields, "json"))
		show_images(profile);
	listing_gaps(profile, fields->gaps);
	if (status == EXIT_YES && !cg_profile_complete(profile))
		status = EXIT_NO;
	return status;
}

static bool is_call(const char *name)
{
	const char *close;

	if (cg_syscall_by_name(name))
		return true;
	close = cg_syscall_suggest(name);
	out_error("no system call is called '%s'%s%s%s", name,
		  close ? "; did you mean '" : "", close ? close : "",
		  close ? "'?" : "");
	return false;
}

/* What would fail in the end, or not be followed, should fail at once. */
static bool check(const struct fields *fields)
{
	const char *why_not = fields->why_not;

	if ((fields->json || is_format(fields, "json")) &&
	    (fields->why || why_not || fields->diff || fields->rank ||
	     fields->against)) {
		out_error("JSON is for the list and for --merge; --why, "
			  "--why-not, --diff, --rank and --against have none");
		return false;
	}
	return (!fields->why || is_call(fields->why)) &&
	       (!why_not || strcmp(why_not, "all") == 0 || is_call(why_not));
}

static int run(void *data, int count, char **operands)
{
	const struct fields *fields = data;
	struct cg_profile *profile = NULL;
	int status;

	if (!check(fields))
		return EXIT_USAGE;
	if (fields->diff) {
		if (count == 2)
			return compare_programs(fields, operands);
		out_error("--diff wants two programs");
		return EXIT_USAGE;
	}
	status = open_profile(fields, false, operands, count, &profile);
	if (status == EXIT_YES)
		status = answer(fields, profile, operands, count);
	cg_profile_free(profile);
	return status;
}

const struct command command_profile = {
	.name = "profile",
	.operands = "[OPTION]... PROGRAM...",
	.about = "list the system calls that a program can make, and why",
	.details = "The program and its libraries are read, not run. Exit "
		   "status 0: the list is complete;\n1: it has an open gap, or "
		   "the answer is no; 2: bad usage or input.",
	.options = options,
	.fields = sizeof(struct fields),
	.least = 1,
	.most = 1000,
	.run = run,
};
