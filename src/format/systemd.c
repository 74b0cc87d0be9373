/* systemd's unit files: SystemCallFilter= and what stands beside it. */
#include "format/systemd.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "format/dialect.h"
#include "format/profile.h"
#include "format/unit.h"

/* A list that a line is added to, and how. */
struct adding {
	struct systemd_unit *unit;
	struct systemd_list *list;
	struct place place;
	int error;
	bool inverted;
};

static size_t call_count(void)
{
	size_t count = 0;

	while (cg_syscall_get(count))
		count++;
	return count;
}

/* The call of a name that libseccomp knows: its aliases are not ours. */
static const struct cg_syscall *
call_named(const struct reading *reading, const char *name)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);

	return call && strcmp(call->name, name) == 0 &&
			       profile_knows(reading->host, call)
		       ? call
		       : NULL;
}

/* A call is put on the list, or taken off it again by the other kind of line.
   One with an errno stays on a list of allowed calls, to be refused. */
static bool add_name(void *context, const char *name)
{
	struct adding *adding = context;
	const struct cg_syscall *call = call_named(adding->unit->reading, name);
	struct systemd_word *word;
	bool put;

	if (!call)
		return true;
	word = &adding->list->words[call->index];
	put = adding->inverted != adding->list->allow || adding->error >= 0 ||
	      adding->error == SYSTEMD_KILL;
	adding->list->count += (size_t)put - (size_t)word->there;
	*word = (struct systemd_word){ put, (int16_t)adding->error,
				       adding->place };
	return true;
}

static bool add_word(struct adding *adding, const char *name)
{
	struct reading *reading = adding->unit->reading;
	const struct dialect_group *group;
	const char *close;

	if (name[0] != '@') {
		if (call_named(reading, name))
			return add_name(adding, name);
		close = cg_syscall_suggest(name);
		close = close && strcmp(close, name) == 0 ? NULL : close;
		return reading_find(reading, "unknown-name", adding->place,
				    "systemd passes over '%.64s', which is no "
				    "call that it knows%s%s%s",
				    name, close ? "; did you mean '" : "",
				    close ? close : "", close ? "'?" : "");
	}
	group = dialect_find(&dialect_systemd, name, reading->host->release);
	if (group)
		return dialect_each(&dialect_systemd, group,
				    reading->host->release, add_name, adding);
	close = dialect_suggest(&dialect_systemd, name, reading->host->release);
	return reading_find(reading, "unknown-name", adding->place,
			    "systemd passes over '%.64s', which is no group of "
			    "this release%s%s%s",
			    name, close ? "; did you mean '" : "",
			    close ? close : "", close ? "'?" : "");
}

/* libseccomp, and with it the unit, stops at the last errno. */
static bool check_errno(struct reading *reading, struct place place, int error)
{
	return error != SYSTEMD_LAST_ERRNO ||
	       fail_at(reading->err, CG_E_MEANING, place,
		       "systemd would not start the unit: there is no errno "
		       "%d for a filter",
		       SYSTEMD_LAST_ERRNO);
}

/* "EPERM", "1", "kill"; false if it is none of them. */
static bool parse_error(const char *text, const struct cg_abi *abi, int *out)
{
	uint64_t value;

	if (strcmp(text, "kill") == 0) {
		*out = SYSTEMD_KILL;
		return true;
	}
	if (num_read(text, strlen(text), &value) != NUM_OK &&
	    (text[0] != 'E' || !cg_constant_value(text, abi, &value)))
		return false;
	if (value > 4095)
		return false;
	*out = (int)value;
	return true;
}

/* "name" or "name:errno". */
static bool add_with_errno(struct adding *adding, char *word)
{
	struct reading *reading = adding->unit->reading;
	char *colon = strchr(word, ':');

	adding->error = SYSTEMD_NO_ERRNO;
	if (!colon)
		return add_word(adding, word);
	*colon = '\0';
	if (colon == word ||
	    !parse_error(colon + 1, reading->host->native, &adding->error))
		return reading_warn(reading, adding->place,
				    "systemd passes over '%.64s:%.64s': behind "
				    "the colon an errno such as EPERM, 1 or "
				    "kill is wanted",
				    word, colon + 1);
	if (!adding->inverted)
		return reading_warn(reading, adding->place,
				    "systemd passes over '%.64s:%.64s': only "
				    "a line with ~ takes an errno",
				    word, colon + 1);
	return check_errno(reading, adding->place, adding->error) &&
	       add_word(adding, word);
}

/* Logged calls take no errno: a colon is part of the name. */
static bool add_logged(struct adding *adding, char *word)
{
	adding->error = SYSTEMD_NO_ERRNO;
	return add_word(adding, word);
}

/* The words of a value, one after another; a backslash is dropped. */
static bool
each_word(struct reading *reading, const struct unit_text *value, size_t from,
	  bool (*each)(void *context, char *word, struct place place),
	  void *context)
{
	char *word = arena_array(reading->arena, char, strlen(value->text) + 1);
	const char *at = value->text + from;

	if (!word)
		return fail_nomem(reading->err);
	for (;;) {
		size_t length = 0;
		struct place place;

		at += strspn(at, " \t\n\r");
		if (!*at)
			return true;
		place = unit_place(value, (size_t)(at - value->text));
		while (*at && !strchr(" \t\n\r", *at)) {
			if (*at == '\\' && !*++at)
				return reading_warn(
					reading, place,
					"systemd passes over a word that ends "
					"in a backslash");
			word[length++] = *at++;
		}
		word[length] = '\0';
		if (!each(context, word, place))
			return false;
	}
}

static bool add_filter_word(void *context, char *word, struct place place)
{
	struct adding *adding = context;

	adding->place = place;
	return adding->list == &adding->unit->filter
		       ? add_with_errno(adding, word)
		       : add_logged(adding, word);
}

/* A list starts with what is always allowed, if it is one of what is. */
static bool begin_list(struct adding *adding)
{
	struct systemd_list *list = adding->list;
	struct reading *reading = adding->unit->reading;
	const struct dialect_group *group;

	list->words =
		arena_array(reading->arena, struct systemd_word, call_count());
	if (!list->words)
		return fail_nomem(reading->err);
	list->made = true;
	list->allow = !adding->inverted;
	list->count = 0;
	if (!list->allow || list != &adding->unit->filter)
		return true;
	group = dialect_find(&dialect_systemd, "@default",
			     reading->host->release);
	adding->error = SYSTEMD_NO_ERRNO;
	return !group || dialect_each(&dialect_systemd, group,
				      reading->host->release, add_name, adding);
}

static bool set_list(struct systemd_unit *unit, const struct unit_text *value,
		     struct systemd_list *list)
{
	struct adding adding = {
		.unit = unit,
		.list = list,
		.place = unit_place(value, 0),
		.inverted = value->text[0] == '~',
	};

	if (!value->text[0]) {
		*list = (struct systemd_list){ 0 };
		return true;
	}
	if (!list->made && !begin_list(&adding))
		return false;
	return each_word(unit->reading, value, adding.inverted, add_filter_word,
			 &adding);
}

/* -------------------------------------------------------- the settings -- */

static bool set_filter(struct systemd_unit *unit, const struct unit_text *value)
{
	return set_list(unit, value, &unit->filter);
}

static bool set_log(struct systemd_unit *unit, const struct unit_text *value)
{
	return set_list(unit, value, &unit->log);
}

static bool set_errno(struct systemd_unit *unit, const struct unit_text *value)
{
	int error = SYSTEMD_KILL;

	if (!value->text[0] ||
	    (parse_error(value->text, unit->reading->host->native, &error) &&
	     error != 0)) {
		unit->error = error;
		return check_errno(unit->reading, unit_place(value, 0), error);
	}
	return reading_warn(unit->reading, unit_place(value, 0),
			    "systemd passes over '%.64s', which is no errno; "
			    "one such as EPERM, 1 to 4095, or kill is wanted",
			    value->text);
}

static bool add_arch(void *context, char *word, struct place place)
{
	struct systemd_unit *unit = context;
	const struct cg_abi *native = unit->reading->host->native;
	const struct cg_abi *abi = systemd_abi(word, native);

	if (!abi)
		return reading_warn(unit->reading, place,
				    "systemd passes over '%.64s', which is no "
				    "architecture that it knows",
				    word);
	if (abi != native &&
	    (!abi->native || strcmp(abi->native, native->name) != 0))
		return reading_warn(unit->reading, place,
				    "'%.64s' is no architecture of %s kernels, "
				    "and means nothing there",
				    word, native->name);
	for (size_t i = 0; i < unit->arch_count; i++)
		if (unit->arches[i] == abi)
			return true;
	if (unit->arch_count < SYSTEMD_ARCHES)
		unit->arches[unit->arch_count++] = abi;
	return true;
}

static bool set_arches(struct systemd_unit *unit, const struct unit_text *value)
{
	if (!value->text[0]) {
		unit->arch_count = 0;
		return true;
	}
	return each_word(unit->reading, value, 0, add_arch, unit);
}

static const struct {
	const char *key;
	bool (*set)(struct systemd_unit *unit, const struct unit_text *value);
} settings[] = {
	{ "SystemCallFilter", set_filter },
	{ "SystemCallErrorNumber", set_errno },
	{ "SystemCallArchitectures", set_arches },
	{ "SystemCallLog", set_log },
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

/* Settings for which systemd loads filters of its own making. */
static const char *const others[] = {
	"RestrictAddressFamilies", "RestrictNamespaces",
	"RestrictRealtime",        "RestrictSUIDSGID",
	"MemoryDenyWriteExecute",  "LockPersonality",
	"ProtectKernelTunables",   "ProtectKernelModules",
	"ProtectKernelLogs",       "ProtectClock",
	"ProtectHostname",         "PrivateDevices",
};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

static bool is_off(const char *value)
{
	return !value[0] || strcmp(value, "no") == 0 ||
	       strcmp(value, "false") == 0 || strcmp(value, "off") == 0 ||
	       strcmp(value, "0") == 0 || strcmp(value, "none") == 0;
}

/* A key that counts for nothing here: is it one that should? */
static bool pass_over(struct systemd_unit *unit, const struct unit_line *line)
{
	for (size_t i = 0; i < OTHERS; i++)
		if (strcmp(others[i], line->key) == 0)
			return is_off(line->value.text) ||
			       reading_warn(unit->reading, line->place,
					    "systemd loads a filter of its own "
					    "for %s=, which is not part of "
					    "this policy",
					    line->key);
	for (size_t i = 0; i < SETTINGS; i++)
		if (text_near(line->key, settings[i].key, 3) <= 3 ||
		    text_same_letters(settings[i].key, line->key))
			return reading_warn(unit->reading, line->place,
					    "systemd passes over '%.64s'; did "
					    "you mean '%s'?",
					    line->key, settings[i].key);
	return true;
}

static bool take_setting(void *context, const struct unit_line *line)
{
	struct systemd_unit *unit = context;

	if (strcmp(line->section, "Service") != 0 &&
	    strcmp(line->section, "Socket") != 0 &&
	    strcmp(line->section, "Mount") != 0 &&
	    strcmp(line->section, "Swap") != 0) {
		for (size_t i = 0; i < SETTINGS; i++)
			if (strcmp(settings[i].key, line->key) == 0)
				return reading_warn(
					unit->reading, line->place,
					"systemd passes over %s= in [%.64s]; "
					"it belongs in [Service]",
					line->key, line->section);
		return true;
	}
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].key, line->key) == 0) {
			if (!unit->place.line)
				unit->place = line->place;
			return settings[i].set(unit, &line->value);
		}
	return pass_over(unit, line);
}

/* ----------------------------------------------------------- the format -- */

static bool check_host(struct systemd_unit *unit)
{
	struct reading *reading = unit->reading;
	const struct host *host = reading->host;
	const struct dialect_release *known =
		dialect_release(&dialect_systemd, host->release);

	if (!systemd_abi_name(host->native))
		return fail_at(reading->err, CG_E_ARCH,
			       source_start(&reading->sources[0]),
			       "systemd has no filters on %s",
			       host->native->name);
	if (host->release >> 16 == known->release >> 16)
		return true;
	return reading_warn(reading, source_start(&reading->sources[0]),
			    "the groups are those of systemd %u: others of "
			    "release %u are not known",
			    known->release >> 16, host->release >> 16);
}

static bool systemd_read(struct reading *reading)
{
	struct systemd_unit unit = { .reading = reading,
				     .error = SYSTEMD_KILL };

	if (!check_host(&unit))
		return false;
	for (size_t i = 0; i < reading->source_count; i++)
		if (!unit_read(reading, &reading->sources[i], take_setting,
			       &unit))
			return false;
	if (!unit.filter.made && !unit.log.made && !unit.arch_count)
		return reading_no_filter(
			reading, source_start(&reading->sources[0]),
			"nothing here restricts system calls: systemd loads "
			"no filter");
	return systemd_filters(&unit);
}

static int systemd_sniff(const struct cg_source *source)
{
	if (source_holds(source, "\nSystemCall") &&
	    (source_begins(source, "[") || source_holds(source, "\n[")))
		return 90;
	return source_holds(source, "[Service]") ? 80 : 0;
}

const struct format format_systemd = {
	.about = {
		.name = "systemd",
		.aliases = "unit service",
		.about = "SystemCallFilter= and its like in units and drop-ins",
		.runtime = "systemd",
		.reads = true,
		.writes = true,
	},
	.sniff = systemd_sniff,
	.read = systemd_read,
	.write = systemd_write,
	.beside = ".conf",
};
