#include "policy/value.h"

#include <string.h>

#include "base/num.h"

struct place scan_place(const struct scan *scan)
{
	struct place place = scan->place;

	place.column += (uint32_t)(scan->at - scan->text);
	return place;
}

void scan_space(struct scan *scan)
{
	while (*scan->at == ' ' || *scan->at == '\t')
		scan->at++;
}

bool scan_take(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	scan_space(scan);
	if (strncmp(scan->at, word, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

size_t scan_name(const struct scan *scan)
{
	size_t length = 0;

	while (is_name_character(scan->at[length]))
		length++;
	return length;
}

static bool read_number(struct scan *scan, bool signed_ok, struct value *out,
			struct cg_error *err)
{
	struct place place = scan_place(scan);
	bool minus = *scan->at == '-', negative = false;
	uint64_t number = 0;
	const char *text = scan->at;
	enum num_result result;
	size_t length;

	scan->at += minus;
	length = scan_name(scan) + minus;
	scan->at = text + length;
	result = signed_ok ? num_read_signed(text, length, &number, &negative)
			   : num_read(text, length, &number);
	if (result == NUM_NEGATIVE)
		return fail_at(err, CG_E_MEANING, place,
			       "'%.*s' is below 0; values here are unsigned, "
			       "0 to 0xffffffffffffffff",
			       (int)length, text);
	if (result == NUM_TOO_LARGE)
		return fail_at(err, CG_E_MEANING, place,
			       "'%.*s' does not fit 64 bits",
			       (int)(length < 64 ? length : 64), text);
	if (result != NUM_OK)
		return fail_at(err, CG_E_MEANING, place, "'%.*s' is no number",
			       (int)(length < 64 ? length : 64), text);
	out->number |= number;
	out->negative |= negative;
	return true;
}

static bool read_constant(struct arena *arena, struct scan *scan,
			  struct value *out, size_t *room, struct cg_error *err)
{
	struct place place = scan_place(scan);
	size_t length = scan_name(scan);
	const char **names = (const char **)out->names;
	const char *name, *close;

	name = arena_text(arena, scan->at, length);
	names = arena_grow(arena, names, room, out->count + 1, sizeof(*names));
	if (!name || !names)
		return fail_nomem(err);
	out->names = names;
	if (!cg_constant_value(name, cg_abi_by_name("x86_64"),
			       &(uint64_t){ 0 })) {
		close = cg_constant_suggest(name);
		return fail_at(err, CG_E_MEANING, place,
			       "no constant is called '%s'%s%s%s", name,
			       close ? "; did you mean '" : "",
			       close ? close : "", close ? "'?" : "");
	}
	names[out->count++] = name;
	scan->at += length;
	return true;
}

bool value_read(struct arena *arena, struct scan *scan, bool signed_ok,
		struct value *out, struct cg_error *err)
{
	struct value value = { 0 };
	size_t room = 0;

	do {
		bool ok;

		scan_space(scan);
		if ((*scan->at >= '0' && *scan->at <= '9') || *scan->at == '-')
			ok = read_number(scan, signed_ok, &value, err);
		else if (scan_name(scan))
			ok = read_constant(arena, scan, &value, &room, err);
		else
			ok = fail_at(err, CG_E_MEANING, scan_place(scan),
				     "a number or a constant such as AF_UNIX "
				     "is wanted here");
		if (!ok)
			return false;
	} while (scan_take(scan, "|"));
	*out = value;
	return true;
}

bool value_on(const struct value *value, const struct cg_abi *abi,
	      struct place place, uint64_t *out, struct cg_error *err)
{
	uint64_t number = value->number, one;

	for (size_t i = 0; i < value->count; i++) {
		if (!cg_constant_value(value->names[i], abi, &one))
			return fail_at(err, CG_E_ARCH, place,
				       "constant %s does not exist on %s",
				       value->names[i], abi->name);
		number |= one;
	}
	*out = number;
	return true;
}
