#include "cli/findings.h"

#include <stdio.h>
#include <string.h>

#include "cli/out.h"

/* Where in a file; the operand where nothing better is known. */
static const char *place_of(const struct shown *shown)
{
	const char *source = shown->finding->source;

	return source[0] ? source : shown->name;
}

static void call_text(const struct cg_finding *finding, char *call,
		      size_t call_size, char *answer, size_t answer_size)
{
	const struct cg_abi *abi =
		cg_abi_of_call(finding->call.arch, finding->call.nr);

	cg_call_print(&finding->call, NULL, call, call_size);
	cg_answer_print(finding->answer, abi, answer, answer_size);
}

/* --------------------------------------------------------------- text -- */

enum { WIDTH = 78, INDENT = 4 };

/* Words of a text in lines, each indented; `lead` begins the first. */
static void print_wrapped(const char *lead, const char *text)
{
	size_t at = (size_t)printf("%*s%s", INDENT, "", lead);
	const char *between = "";

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at + 1 + word > WIDTH)
			at = (size_t)printf("\n%*s", INDENT, "") - 1;
		else
			at += (size_t)printf("%s", between);
		at += (size_t)printf("%.*s", (int)word, text);
		text += word + (text[word] == ' ');
		between = " ";
	}
	printf("\n");
}

void findings_text(const struct shown *shown, bool brief)
{
	static const enum colour colours[] = { DIM, YELLOW, RED };
	const struct cg_finding *finding = shown->finding;
	char call[640], answer[64];

	out_name(place_of(shown));
	if (finding->line)
		printf(":%u:%u", finding->line, finding->column);
	printf(": %s%s%s: ", out_colour(stdout, colours[finding->severity]),
	       cg_severity_name(finding->severity), out_colour(stdout, PLAIN));
	out_name(finding->message);
	printf(" [%s]\n", finding->check->name);
	if (finding->has_call) {
		call_text(finding, call, sizeof(call), answer, sizeof(answer));
		printf("%*sfor example %s on %s: %s\n", INDENT, "", call,
		       finding->abi ? finding->abi->name : "?", answer);
	}
	if (brief)
		return;
	print_wrapped("why: ", finding->check->why);
	print_wrapped("fix: ", finding->check->fix);
}

/* --------------------------------------------------------------- JSON -- */

static void pair(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	buf_json(out, value);
}

static void json_finding(const struct shown *shown, struct buf *out)
{
	const struct cg_finding *finding = shown->finding;
	char call[640], answer[64];

	buf_puts(out, "{\"check\":");
	buf_json(out, finding->check->name);
	pair(out, "severity", cg_severity_name(finding->severity));
	pair(out, "message", finding->message);
	pair(out, "why", finding->check->why);
	pair(out, "fix", finding->check->fix);
	pair(out, "operand", shown->name);
	if (finding->abi)
		pair(out, "abi", finding->abi->name);
	if (finding->line) {
		pair(out, "source", finding->source);
		buf_printf(out, ",\"line\":%u,\"column\":%u", finding->line,
			   finding->column);
	}
	if (finding->has_call) {
		call_text(finding, call, sizeof(call), answer, sizeof(answer));
		pair(out, "call", call);
		pair(out, "answer", answer);
	}
	buf_puts(out, "}");
}

void findings_json(const struct shown_list *list, struct buf *out)
{
	size_t counts[3] = { 0 };

	buf_puts(out, "{\"findings\":[");
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(out, i ? "," : "");
		json_finding(&list->at[i], out);
		counts[list->at[i].finding->severity]++;
	}
	buf_printf(out, "],\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu}\n",
		   counts[CG_ERROR], counts[CG_WARNING], counts[CG_NOTE]);
}

/* -------------------------------------------------------------- SARIF -- */

static void sarif_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":{\"text\":", key);
	buf_json(out, text);
	buf_puts(out, "}");
}

static void sarif_rules(struct buf *out)
{
	const struct cg_check *check;

	for (size_t i = 0; (check = cg_check_get(i)); i++) {
		buf_printf(out, "%s{\"id\":", i ? "," : "");
		buf_json(out, check->name);
		sarif_text(out, "shortDescription", check->title);
		sarif_text(out, "fullDescription", check->why);
		sarif_text(out, "help", check->fix);
		buf_printf(out, ",\"defaultConfiguration\":{\"level\":\"%s\"}}",
			   cg_severity_name(check->severity));
	}
}

static size_t index_of(const struct cg_check *check)
{
	size_t i = 0;

	while (cg_check_get(i) != check)
		i++;
	return i;
}

/* A path as a URI: what is no plain letter is escaped. */
static void sarif_uri(struct buf *out, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";

	buf_puts(out, *path == '/' ? "\"file://" : "\"");
	for (; *path; path++)
		if (strchr(plain, *path))
			buf_add(out, path, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*path);
	buf_puts(out, "\"");
}

static void sarif_location(const struct shown *shown, struct buf *out)
{
	const struct cg_finding *finding = shown->finding;

	if (!shown->is_file) {
		buf_puts(out, "{\"logicalLocations\":[{\"name\":");
		buf_json(out, shown->name);
		buf_puts(out, ",\"kind\":\"process\"}]}");
		return;
	}
	buf_puts(out, "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	sarif_uri(out, place_of(shown));
	buf_puts(out, "}");
	if (finding->line && finding->column)
		buf_printf(out,
			   ",\"region\":{\"startLine\":%u,\"startColumn\":%u}",
			   finding->line, finding->column);
	else if (finding->line)
		buf_printf(out, ",\"region\":{\"startLine\":%u}",
			   finding->line);
	buf_puts(out, "}}");
}

static void sarif_result(const struct shown *shown, struct buf *out)
{
	const struct cg_finding *finding = shown->finding;
	char call[640], answer[64], text[1400];

	snprintf(text, sizeof(text), "%s", finding->message);
	if (finding->has_call) {
		call_text(finding, call, sizeof(call), answer, sizeof(answer));
		snprintf(text, sizeof(text), "%s; for example %s: %s",
			 finding->message, call, answer);
	}
	buf_puts(out, "{\"ruleId\":");
	buf_json(out, finding->check->name);
	buf_printf(out, ",\"ruleIndex\":%zu,\"level\":\"%s\"",
		   index_of(finding->check),
		   cg_severity_name(finding->severity));
	sarif_text(out, "message", text);
	buf_puts(out, ",\"locations\":[");
	sarif_location(shown, out);
	buf_puts(out, "]}");
}

void findings_sarif(const struct shown_list *list, struct buf *out)
{
	buf_puts(out, "{\"$schema\":\"https://json.schemastore.org/"
		      "sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
		      "\"tool\":{\"driver\":{\"name\":\"callgate lint\","
		      "\"version\":\"" CALLGATE_VERSION "\",\"rules\":[");
	sarif_rules(out);
	buf_puts(out, "]}},\"columnKind\":\"utf16CodeUnits\",\"results\":[");
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(out, i ? "," : "");
		sarif_result(&list->at[i], out);
	}
	buf_puts(out, "]}]}\n");
}
