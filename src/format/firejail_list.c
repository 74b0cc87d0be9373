/* firejail's lists of calls: name, @group, !name, name:errno, $number. */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "format/dialect.h"
#include "format/firejail.h"

/* A program holds two instructions for each item. */
enum { ITEMS_MAX = CG_PROGRAM_MAX / 2 - 8 };

struct items {
	struct reading *reading;
	const struct cg_abi *abi;
	struct firejail_item *at;
	size_t count, room;
	/* The item that is being read. */
	struct place place;
};

bool firejail_number(const struct reading *reading, const char *name,
		     const struct cg_abi *abi, uint32_t *nr)
{
	const struct dialect_release *known =
		dialect_release(&dialect_firejail, reading->host->release);
	const struct cg_syscall *call = cg_syscall_by_name(name);

	/* Its 32-bit table begins behind number 0. */
	return call && strcmp(call->name, name) == 0 &&
	       cg_syscall_since(call, NULL) <= known->kernel &&
	       cg_syscall_number(call, abi, nr) &&
	       !(abi != reading->host->native && *nr == 0);
}

/* Whether a number has a name in firejail's tables, and is kept usable. */
static void look_up(const struct items *items, struct firejail_item *item)
{
	static const char *const kept[] = { "execve", "execveat", "prctl" };
	const struct cg_syscall *call = NULL;
	uint32_t nr;

	if (item->nr >= 0)
		call = cg_syscall_at(items->abi, (uint32_t)item->nr);
	item->named = call && firejail_number(items->reading, call->name,
					      items->abi, &nr);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (item->named && strcmp(call->name, kept[i]) == 0)
			item->kept = true;
}

static bool add_item(struct items *items, int32_t nr, int error)
{
	struct reading *reading = items->reading;
	struct firejail_item item = { .nr = nr,
				      .error = error,
				      .place = items->place };

	if (items->count == ITEMS_MAX)
		return fail_at(reading->err, CG_E_MEANING, items->place,
			       "more than %d calls: firejail's filter would "
			       "not fit into the kernel's %d instructions",
			       ITEMS_MAX, CG_PROGRAM_MAX);
	look_up(items, &item);
	items->at = arena_grow(reading->arena, items->at, &items->room,
			       items->count + 1, sizeof(*items->at));
	if (!items->at)
		return fail_nomem(reading->err);
	items->at[items->count++] = item;
	return true;
}

bool firejail_member(const struct reading *reading, const char *name,
		     const struct cg_abi *abi, uint32_t *nr)
{
	uint32_t native;

	return firejail_number(reading, name, reading->host->native, &native) &&
	       firejail_number(reading, name, abi, nr);
}

static bool add_member(void *context, const char *name)
{
	struct items *items = context;
	uint32_t nr;

	return !firejail_member(items->reading, name, items->abi, &nr) ||
	       add_item(items, (int32_t)nr, FIREJAIL_NO_ERROR);
}

static bool add_group(struct items *items, const char *name)
{
	struct reading *reading = items->reading;
	uint32_t release = reading->host->release;
	const struct dialect_group *group =
		dialect_find(&dialect_firejail, name, release);
	const char *close;

	if (group)
		return dialect_each(&dialect_firejail, group, release,
				    add_member, items);
	close = dialect_suggest(&dialect_firejail, name, release);
	return fail_at(reading->err, CG_E_MEANING, items->place,
		       "firejail has no group '%.64s'%s%s%s", name,
		       close ? "; did you mean '" : "", close ? close : "",
		       close ? "'?" : "");
}

/* As strtol reads: what follows the digits does not count. */
static int32_t loose_number(const char *text)
{
	uint64_t value = 0;
	bool negative = *text == '-';
	unsigned base = 10;

	text += negative;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0') {
		base = 8;
	}
	for (; num_digit(*text) < base; text++)
		if (value < (uint64_t)1 << 58)
			value = value * base + num_digit(*text);
	value = negative ? -value : value;
	return (int32_t)(uint32_t)value;
}

static bool error_number(const char *name, const struct cg_abi *abi, int *out)
{
	uint64_t value;

	if (strcmp(name, "kill") == 0) {
		*out = FIREJAIL_KILL;
		return true;
	}
	if (name[0] != 'E' || !cg_constant_value(name, abi, &value) ||
	    !cg_errno_name((uint32_t)value, abi))
		return false;
	*out = (int)value;
	return true;
}

static bool dropped(struct items *items, const char *word, const char *why)
{
	const char *close = cg_syscall_suggest(word);

	return reading_find(items->reading, "unknown-name", items->place,
			    "firejail drops '%.64s' and says nothing: %s%s%s%s",
			    word, why, close ? "; did you mean '" : "",
			    close ? close : "", close ? "'?" : "");
}

/* "name", "name:errno", "$number", each perhaps with ! in front. */
static bool add_call(struct items *items, char *word)
{
	struct reading *reading = items->reading;
	bool exception = *word == '!';
	char *name = word + exception, *colon = strchr(name, ':');
	int error = FIREJAIL_NO_ERROR;
	uint32_t nr = 0;

	if (colon)
		*colon++ = '\0';
	if (!*name)
		return fail_at(reading->err, CG_E_MEANING, items->place,
			       "a name is missing here: firejail refuses the "
			       "list");
	if (colon && !error_number(colon, reading->host->native, &error))
		return reading_warn(reading, items->place,
				    "firejail drops '%.64s:%.64s' and says "
				    "nothing: behind the colon a name such as "
				    "EPERM, or kill, is wanted",
				    name, colon);
	if (*name == '$')
		nr = (uint32_t)loose_number(name + 1);
	else if (!firejail_number(reading, name, items->abi, &nr))
		return dropped(items, name,
			       cg_syscall_by_name(name)
				       ? "this release does not know it here"
				       : "no call is called so");
	if (exception && nr == 0 &&
	    !reading_warn(reading, items->place,
			  "firejail takes '!%.64s' as if the ! were not there",
			  name))
		return false;
	return add_item(items, (int32_t)(exception ? -nr : nr), error);
}

bool firejail_items(struct reading *reading, const struct firejail_list *list,
		    const struct cg_abi *abi, struct firejail_item **out,
		    size_t *count)
{
	struct items items = { .reading = reading, .abi = abi };
	char *text = arena_text(reading->arena, list->text, strlen(list->text));
	char *next = text;

	if (!text)
		return fail_nomem(reading->err);
	while (*next) {
		size_t length = strcspn(next, ",");
		bool last = !next[length];
		char *word = next;

		items.place = list->place;
		items.place.column += (uint32_t)(word - text);
		word[length] = '\0';
		next += length + !last;
		if (length && !(*word == '@' ? add_group(&items, word)
					     : add_call(&items, word)))
			return false;
	}
	*out = items.at;
	*count = items.count;
	return true;
}

static bool may_stand(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || strchr("_,:@-$!", c);
}

bool firejail_check_list(struct reading *reading,
			 const struct firejail_list *list)
{
	for (size_t i = 0; list->text[i]; i++) {
		struct place place = list->place;

		place.column += (uint32_t)i;
		if (!may_stand(list->text[i]))
			return fail_at(reading->err, CG_E_SYNTAX, place,
				       "a list has names, @groups and commas, "
				       "and no blanks: firejail refuses it");
	}
	if (strspn(list->text, ",") == strlen(list->text))
		return fail_at(reading->err, CG_E_MEANING, list->place,
			       "the list is empty: firejail refuses it");
	return true;
}
