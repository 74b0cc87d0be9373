/* firejail's profiles and command lines. */
#include "format/firejail.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/firejail_words.h"

enum { INCLUDE_DEPTH = 16, IGNORED = 64, INCLUDES = 256 };

/* What one text is read with. */
struct text {
	struct firejail *firejail;
	const char *name; /* of the file */
	unsigned depth;
	bool options; /* words of a command line, not lines of a profile */
	/* Which options of a command line may stand there once only. */
	struct lines {
		const char *ignored[IGNORED];
		size_t ignored_count, includes;
		bool native, twin;
	} * lines;
};

/* A word and its value, "" where there is none. */
struct setting {
	struct text *text;
	const char *word, *value;
	bool has_value;
	struct place place, value_place;
};

static struct reading *reading_of(const struct setting *setting)
{
	return setting->text->firejail->reading;
}

/* -------------------------------------------------------- the settings -- */

/* Of a command line's --seccomp options firejail takes one. */
static bool once(const struct setting *setting, bool *seen, const char *what)
{
	if (setting->text->options && *seen)
		return fail_at(reading_of(setting)->err, CG_E_MEANING,
			       setting->place,
			       "firejail does not start: %s stands here twice",
			       what);
	*seen = setting->text->options;
	return true;
}

static bool set_list(const struct setting *setting, struct firejail_list *list)
{
	list->text = setting->value;
	list->place = setting->value_place;
	return firejail_check_list(reading_of(setting), list);
}

static bool set_native(struct setting *setting, struct firejail_list *list)
{
	setting->text->firejail->native = true;
	return once(setting, &setting->text->lines->native, "--seccomp") &&
	       set_list(setting, list);
}

static bool set_twin(struct setting *setting, struct firejail_list *list)
{
	setting->text->firejail->twin = true;
	return once(setting, &setting->text->lines->twin, "--seccomp.32") &&
	       set_list(setting, list);
}

static bool set_seccomp(struct setting *setting)
{
	if (setting->has_value)
		return set_native(setting, &setting->text->firejail->more);
	setting->text->firejail->native = true;
	return once(setting, &setting->text->lines->native, "--seccomp");
}

static bool set_drop(struct setting *setting)
{
	return set_native(setting, &setting->text->firejail->drop);
}

static bool set_keep(struct setting *setting)
{
	return set_native(setting, &setting->text->firejail->keep);
}

static bool set_32(struct setting *setting)
{
	return set_twin(setting, &setting->text->firejail->more32);
}

static bool set_drop32(struct setting *setting)
{
	return set_twin(setting, &setting->text->firejail->drop32);
}

static bool set_keep32(struct setting *setting)
{
	return set_twin(setting, &setting->text->firejail->keep32);
}

static bool set_block(struct setting *setting)
{
	setting->text->firejail->block_secondary = true;
	setting->text->firejail->native = true;
	return true;
}

static bool set_action(struct setting *setting)
{
	struct reading *reading = reading_of(setting);
	const struct cg_abi *native = reading->host->native;
	uint32_t *action = &setting->text->firejail->error_action;
	uint64_t number;

	if (strcmp(setting->value, "kill") == 0)
		*action = CG_RET_KILL_THREAD;
	else if (strcmp(setting->value, "log") == 0)
		*action = CG_RET_LOG;
	else if (setting->value[0] == 'E' &&
		 cg_constant_value(setting->value, native, &number) &&
		 cg_errno_name((uint32_t)number, native))
		*action = CG_RET_ERRNO | (uint32_t)number;
	else
		return fail_at(reading->err, CG_E_MEANING, setting->value_place,
			       "'%.64s' is no error action; kill, log or an "
			       "errno such as EPERM would be",
			       setting->value);
	return true;
}

static bool set_debuggers(struct setting *setting)
{
	setting->text->firejail->allow_debuggers = true;
	return true;
}

static bool set_write_execute(struct setting *setting)
{
	setting->text->firejail->write_execute = true;
	return true;
}

/* The place in a table of one word of a value, or SIZE_MAX and an error. */
static size_t
find_word(const struct setting *setting, const struct firejail_word *words,
	  const char *at, size_t length, const char *what)
{
	struct place place = setting->value_place;

	for (size_t i = 0; words[i].name; i++)
		if (strlen(words[i].name) == length &&
		    memcmp(words[i].name, at, length) == 0)
			return i;
	place.column += (uint32_t)(at - setting->value);
	fail_set_at(reading_of(setting)->err, CG_E_MEANING, place,
		    "'%.*s' is no %s that firejail knows",
		    (int)(length < 64 ? length : 64), at, what);
	return SIZE_MAX;
}

/* Words add up; -word takes one away, =word leaves nothing else. */
static bool set_protocol(struct setting *setting)
{
	struct firejail *firejail = setting->text->firejail;
	const char *at = setting->value;

	firejail->protocol = true;
	while (*at) {
		size_t length = strcspn(at, ","), found;
		char sign = strchr("+-=", *at) ? *at : '+';

		if (length) {
			bool signed_word = *at == sign;

			found = find_word(setting, firejail_families,
					  at + signed_word,
					  length - signed_word, "protocol");
			if (found == SIZE_MAX)
				return false;
			if (sign == '=')
				firejail->families = 0;
			if (sign == '-')
				firejail->families &= ~(1u << found);
			else
				firejail->families |= 1u << found;
		}
		at += length + (at[length] == ',');
	}
	return true;
}

static bool set_namespaces(struct setting *setting)
{
	struct firejail *firejail = setting->text->firejail;
	const char *at = setting->value;

	firejail->namespaces = true;
	for (size_t i = 0; !setting->has_value && firejail_namespaces[i].name;
	     i++)
		firejail->denied |= firejail_namespaces[i].value;
	while (*at) {
		size_t length = strcspn(at, ","), found;

		if (length) {
			found = find_word(setting, firejail_namespaces, at,
					  length, "namespace");
			if (found == SIZE_MAX)
				return false;
			firejail->denied |= firejail_namespaces[found].value;
		}
		at += length + (at[length] == ',');
	}
	return true;
}

enum takes { NOTHING, A_VALUE, PERHAPS_A_VALUE };

static const struct {
	const char *word;
	enum takes takes;
	bool (*set)(struct setting *setting);
} settings[] = {
	{ "seccomp", PERHAPS_A_VALUE, set_seccomp },
	{ "seccomp.drop", A_VALUE, set_drop },
	{ "seccomp.keep", A_VALUE, set_keep },
	{ "seccomp.32", A_VALUE, set_32 },
	{ "seccomp.32.drop", A_VALUE, set_drop32 },
	{ "seccomp.32.keep", A_VALUE, set_keep32 },
	{ "seccomp.block-secondary", NOTHING, set_block },
	{ "seccomp-error-action", A_VALUE, set_action },
	{ "protocol", A_VALUE, set_protocol },
	{ "memory-deny-write-execute", NOTHING, set_write_execute },
	{ "restrict-namespaces", PERHAPS_A_VALUE, set_namespaces },
	{ "allow-debuggers", NOTHING, set_debuggers },
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static const char *suggest(const char *word)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (text_near(word, settings[i].word, 3) <= 3)
			return settings[i].word;
	return NULL;
}

static bool apply(struct setting *setting)
{
	struct reading *reading = reading_of(setting);
	const char *close;

	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].word, setting->word) != 0)
			continue;
		if (setting->has_value && settings[i].takes == NOTHING)
			return fail_at(reading->err, CG_E_SYNTAX,
				       setting->value_place,
				       "%s takes no value", setting->word);
		if ((!setting->has_value && settings[i].takes == A_VALUE) ||
		    (setting->has_value && !setting->value[0]))
			return fail_at(reading->err, CG_E_SYNTAX,
				       setting->place, "%s takes a value",
				       setting->word);
		return settings[i].set(setting);
	}
	if (firejail_other_word(setting->word))
		return true;
	close = suggest(setting->word);
	return fail_at(reading->err, CG_E_MEANING, setting->place,
		       "firejail knows no '%.64s'%s%s%s", setting->word,
		       close ? "; did you mean '" : "", close ? close : "",
		       close ? "'?" : "");
}

/* -------------------------------------------------- lines of a profile -- */

static bool read_text(struct text *text, const char *from, const char *to);

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), more = strlen(suffix);

	return length >= more && strcmp(name + length - more, suffix) == 0;
}

/* Another profile, read in place. Those for local changes may be missing. */
static bool read_include(struct setting *setting)
{
	struct text *text = setting->text, inner = *text;
	struct reading *reading = reading_of(setting);
	const struct host *host = reading->host;
	char source[CG_SOURCE_MAX] = "", *found = NULL;
	struct cg_error err;
	size_t length;
	bool ok;

	inner.depth++;
	if (inner.depth > INCLUDE_DEPTH || ++text->lines->includes > INCLUDES)
		return fail_at(reading->err, CG_E_MEANING, setting->place,
			       "includes are nested more than %d deep, or more "
			       "than %d in all",
			       INCLUDE_DEPTH, INCLUDES);
	if (!host->finder ||
	    host->finder(host->context, setting->value, text->name, &found,
			 &length, source, &err) != CG_OK) {
		if (has_suffix(setting->value, ".local"))
			return true;
		return fail_at(reading->err, CG_E_MEANING, setting->value_place,
			       "the profile '%.64s' cannot be read here",
			       setting->value);
	}
	inner.name = arena_text(reading->arena, source, strlen(source));
	ok = inner.name ? read_text(&inner, found, found + length)
			: fail_nomem(reading->err);
	free(found);
	return ok;
}

static bool ignore(struct setting *setting)
{
	struct lines *lines = setting->text->lines;

	if (lines->ignored_count == IGNORED)
		return fail_at(reading_of(setting)->err, CG_E_MEANING,
			       setting->place, "more than %d lines with ignore",
			       IGNORED);
	lines->ignored[lines->ignored_count++] = setting->value;
	return true;
}

/* Whether an ignore line before has the line's first words. */
static bool is_ignored(const struct lines *lines, const char *line)
{
	for (size_t i = 0; i < lines->ignored_count; i++) {
		size_t length = strlen(lines->ignored[i]);

		if (strncmp(lines->ignored[i], line, length) == 0 &&
		    (!line[length] || line[length] == ' '))
			return true;
	}
	return false;
}

/* "?CONDITION: line": whether it holds, only the sandbox's machine knows. */
static bool read_conditional(struct setting *setting, const char *line)
{
	const char *behind = strchr(line, ':');

	behind = behind ? behind + 1 + strspn(behind + 1, " ") : line;
	for (size_t i = 0; i < SETTINGS; i++) {
		size_t length = strlen(settings[i].word);

		if (strncmp(behind, settings[i].word, length) == 0 &&
		    (!behind[length] || behind[length] == ' '))
			return fail_at(reading_of(setting)->err, CG_E_MEANING,
				       setting->place,
				       "whether this line counts is known on "
				       "the sandbox's machine only: take the "
				       "condition away, or the line");
	}
	return true;
}

/* A line without blanks at its ends, and one blank between words. */
static bool read_line(struct text *text, char *line, struct place place,
		      const uint32_t *columns)
{
	struct setting setting = { .text = text, .place = place };
	char *blank;

	if (!line[0] || is_ignored(text->lines, line))
		return true;
	if (line[0] == '?')
		return read_conditional(&setting, line);
	blank = strchr(line, ' ');
	setting.word = line;
	setting.value = blank ? blank + 1 : "";
	setting.has_value = blank != NULL;
	setting.value_place = place;
	if (blank) {
		setting.value_place.column = columns[blank + 1 - line];
		*blank = '\0';
	}
	if (strcmp(line, "include") == 0 && blank)
		return read_include(&setting);
	if (strcmp(line, "ignore") == 0 && blank)
		return ignore(&setting);
	return apply(&setting);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* ------------------------------------------------ words of a command line --
 */

static bool read_option(struct text *text, char *word, struct place place)
{
	struct setting setting = { .text = text, .place = place };
	char *equals = strchr(word, '=');

	setting.word = word + 2;
	setting.value = equals ? equals + 1 : "";
	setting.has_value = equals != NULL;
	setting.value_place = place;
	if (equals) {
		setting.value_place.column += (uint32_t)(equals + 1 - word);
		*equals = '\0';
	}
	if (strcmp(setting.word, "profile") == 0 && equals)
		return read_include(&setting);
	if (strcmp(setting.word, "ignore") == 0 && equals)
		return ignore(&setting);
	return apply(&setting);
}

/* "firejail --option ... command": up to the first word that is no option. */
static bool read_options(struct text *text, char *line, struct place place)
{
	uint32_t column = place.column;
	bool first = true;

	text->options = true;
	for (char *at = line; *at; first = false) {
		size_t length = strcspn(at, " "), skip = at[length] == ' ';

		at[length] = '\0';
		place.column = column + (uint32_t)(at - line);
		if (!(first && strcmp(at, "firejail") == 0)) {
			if (strncmp(at, "--", 2) != 0 || !at[2])
				break;
			if (!read_option(text, at, place))
				return false;
		}
		at += length + skip;
	}
	text->options = false;
	return true;
}

/* ------------------------------------------------------------ the whole -- */

static bool is_command(const char *line)
{
	return strncmp(line, "--", 2) == 0 || strcmp(line, "firejail") == 0 ||
	       strncmp(line, "firejail ", 9) == 0;
}

/* Drop comments and superfluous blanks, and remember where words stood. */
static bool
tidy_line(struct text *text, const char *from, const char *to, uint32_t number)
{
	struct arena *arena = text->firejail->reading->arena;
	size_t length = (size_t)(to - from), kept = 0;
	char *line = arena_array(arena, char, length + 1);
	uint32_t *columns = arena_array(arena, uint32_t, length + 1);
	struct place place = { .source = text->name, .line = number };

	if (!line || !columns)
		return fail_nomem(text->firejail->reading->err);
	for (const char *at = from; at < to && *at != '#'; at++) {
		if (is_blank(*at) && (!kept || line[kept - 1] == ' '))
			continue;
		columns[kept] = (uint32_t)(at - from) + 1;
		line[kept++] = is_blank(*at) ? ' ' : *at;
	}
	if (kept && line[kept - 1] == ' ')
		kept--;
	line[kept] = '\0';
	place.column = kept ? columns[0] : 1;
	return is_command(line) ? read_options(text, line, place)
				: read_line(text, line, place, columns);
}

static bool read_text(struct text *text, const char *from, const char *to)
{
	uint32_t number = 1;
	size_t wrong;

	if (!text_is_utf8(from, (size_t)(to - from), &wrong)) {
		for (size_t i = 0; i < wrong; i++)
			number += from[i] == '\n';
		return fail_at(text->firejail->reading->err, CG_E_SYNTAX,
			       (struct place){ text->name, number, 1 },
			       "this line is not UTF-8");
	}
	for (; from < to; number++) {
		const char *end = memchr(from, '\n', (size_t)(to - from));

		end = end ? end : to;
		if (!tidy_line(text, from, end, number))
			return false;
		from = end < to ? end + 1 : to;
	}
	return true;
}

static bool check_whole(const struct firejail *firejail)
{
	struct reading *reading = firejail->reading;
	struct place start = source_start(&reading->sources[0]);

	if (firejail->twin && firejail->block_secondary)
		return fail_at(reading->err, CG_E_MEANING, start,
			       "firejail does not start: seccomp.32 and "
			       "seccomp.block-secondary exclude each other");
	if (firejail->twin &&
	    strcmp(reading->host->native->name, "x86_64") != 0)
		return fail_at(reading->err, CG_E_ARCH, start,
			       "firejail's 32-bit lists are for x86_64, not "
			       "for %s",
			       reading->host->native->name);
	if (firejail->protocol && !firejail->families)
		return fail_at(reading->err, CG_E_MEANING, start,
			       "firejail does not start: protocol leaves none");
	return true;
}

static bool firejail_read(struct reading *reading)
{
	struct lines lines = { .ignored_count = 0 };
	struct firejail firejail = { .reading = reading,
				     .error_action = FIREJAIL_USUAL };

	for (size_t i = 0; i < reading->source_count; i++) {
		const struct cg_source *source = &reading->sources[i];
		struct text text = { .firejail = &firejail,
				     .name = source->name,
				     .lines = &lines };

		if (!read_text(&text, source->text,
			       source->text + source->length))
			return false;
	}
	if (!check_whole(&firejail))
		return false;
	if (!firejail.native && !firejail.twin && !firejail.protocol &&
	    !firejail.write_execute && !firejail.namespaces)
		return reading_no_filter(
			reading, source_start(&reading->sources[0]),
			"nothing here restricts system calls: firejail loads "
			"no filter");
	return firejail_filters(&firejail);
}

/* Whether a line of the text begins with a word that is a setting here. */
static bool holds_setting(const struct cg_source *source)
{
	const char *at = source->text, *end = at + source->length;

	while (at < end) {
		size_t left, length = 0;
		const char *next = memchr(at, '\n', (size_t)(end - at));

		while (at < end && is_blank(*at))
			at++;
		left = (size_t)(end - at);
		while (length < left && at[length] != ' ' &&
		       at[length] != '\n' && at[length] != '\r')
			length++;
		for (size_t i = 0; i < SETTINGS; i++)
			if (strlen(settings[i].word) == length &&
			    memcmp(settings[i].word, at, length) == 0)
				return true;
		at = next ? next + 1 : end;
	}
	return false;
}

static int firejail_sniff(const struct cg_source *source)
{
	if (source_begins(source, "firejail ") ||
	    source_begins(source, "--seccomp"))
		return 90;
	if (source_begins(source, "# Firejail profile") ||
	    source_begins(source, "include /etc/firejail/"))
		return 80;
	return holds_setting(source) ? 60 : 0;
}

const struct format format_firejail = {
	.about = {
		.name = "firejail",
		.aliases = "",
		.about = "firejail's profiles and options",
		.runtime = "firejail",
		.reads = true,
		.writes = true,
	},
	.sniff = firejail_sniff,
	.read = firejail_read,
	.write = firejail_write,
};
