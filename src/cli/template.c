/*
 * The part of Go's text/template that Elastic's profiler is used with: fields,
 * ranges over the names, and markers that eat the white space beside them.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/out.h"

struct filling {
	const struct names *names;
	const char *arch, *package;
	struct buf *out;
};

/* What Go calls an architecture. */
static const char *go_arch(const struct cg_abi *abi)
{
	static const char *const pairs[][2] = {
		{ "x86_64", "amd64" },
		{ "i386", "386" },
		{ "aarch64", "arm64" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (strcmp(pairs[i][0], abi->name) == 0)
			return pairs[i][1];
	return abi->name;
}

/* One marker: its words without braces and dashes. */
struct marker {
	const char *start, *end; /* of the whole of it in the text */
	const char *words;
	size_t length;
	bool eats_before, eats_behind;
};

static bool next_marker(const char *text, struct marker *out)
{
	const char *start = strstr(text, "{{");
	const char *end = start ? strstr(start, "}}") : NULL;

	if (!end)
		return false;
	out->start = start;
	out->end = end + 2;
	start += 2;
	out->eats_before = start[0] == '-' && start + 1 < end;
	start += out->eats_before;
	out->eats_behind = end > start && end[-1] == '-';
	end -= out->eats_behind;
	while (start < end && strchr(" \t", *start))
		start++;
	while (end > start && strchr(" \t", end[-1]))
		end--;
	out->words = start;
	out->length = (size_t)(end - start);
	return true;
}

static bool says(const struct marker *marker, const char *words)
{
	return marker->length == strlen(words) &&
	       strncmp(marker->words, words, marker->length) == 0;
}

static void
add_text(struct buf *out, const char *from, const char *to, bool eat_end)
{
	while (eat_end && to > from && strchr(" \t\r\n", to[-1]))
		to--;
	buf_add(out, from, (size_t)(to - from));
}

static bool fill(const struct filling *filling, const char *text,
		 const char *end, const char *item);

/* From behind {{range}} to its {{end}}, once for each name. */
static const char *fill_range(const struct filling *filling, const char *body)
{
	struct marker marker;
	const char *at = body;

	while (next_marker(at, &marker)) {
		if (says(&marker, "end")) {
			for (size_t i = 0; i < filling->names->count; i++)
				if (!fill(filling, body, marker.start,
					  filling->names->at[i]))
					return NULL;
			at = marker.end;
			while (marker.eats_behind && *at &&
			       strchr(" \t\r\n", *at))
				at++;
			return at;
		}
		at = marker.end;
	}
	out_error("the template has a range without an end");
	return NULL;
}

static bool put_field(const struct filling *filling,
		      const struct marker *marker, const char *item)
{
	if (says(marker, ".GOARCH"))
		buf_puts(filling->out, filling->arch);
	else if (says(marker, ".Package"))
		buf_puts(filling->out, filling->package);
	else if (says(marker, ".") && item)
		buf_puts(filling->out, item);
	else if (says(marker, "printf \"%q\" .") && item)
		buf_json(filling->out, item);
	else if (marker->length < 2 || strncmp(marker->words, "/*", 2) != 0) {
		out_error("the template says {{%.*s}}; .GOARCH, .Package, "
			  "range .SyscallNames, . and end are known",
			  (int)marker->length, marker->words);
		return false;
	}
	return true;
}

static bool fill(const struct filling *filling, const char *text,
		 const char *end, const char *item)
{
	struct marker marker;

	while (next_marker(text, &marker) && marker.start < end) {
		add_text(filling->out, text, marker.start, marker.eats_before);
		text = marker.end;
		while (marker.eats_behind && text < end &&
		       strchr(" \t\r\n", *text))
			text++;
		/* None is in another one: what it ranges over is no list. */
		if (!item && says(&marker, "range .SyscallNames")) {
			text = fill_range(filling, text);
			if (!text)
				return false;
		} else if (!put_field(filling, &marker, item)) {
			return false;
		}
	}
	add_text(filling->out, text, end, false);
	return true;
}

bool listing_template(const struct cg_profile *profile,
		      const struct names *names, const char *template,
		      const char *package, struct buf *out)
{
	const struct filling filling = {
		.names = names,
		.arch = go_arch(cg_profile_abi(profile)),
		.package = package,
		.out = out,
	};

	return fill(&filling, template, template + strlen(template), NULL);
}
