#include "cli/origin.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "cli/out.h"

/* "6.1" or "2.5.4": `least` to `most` numbers with points between. */
static bool
read_numbers(const char *text, size_t least, size_t most, uint64_t *out)
{
	size_t count = 0;

	for (;;) {
		size_t length = strcspn(text, ".");

		if (count == most ||
		    num_read(text, length, &out[count++]) != NUM_OK)
			return false;
		text += length;
		if (!*text)
			return count >= least;
		text++;
	}
}

static bool read_kernel(const char *text, uint32_t *out)
{
	uint64_t parts[2] = { 0 };

	if (!read_numbers(text, 2, 2, parts) || parts[0] > UINT16_MAX ||
	    parts[1] > UINT16_MAX) {
		out_error("'%s' is no kernel release; write it as 6.1", text);
		return false;
	}
	*out = CG_KERNEL(parts[0], parts[1]);
	return true;
}

/* Its release, or "linux-6.7" for the tables that it was given. */
static bool read_libseccomp(const char *text, struct cg_target *out)
{
	uint64_t parts[3] = { 0 };

	if (strncmp(text, "linux-", 6) == 0)
		return read_kernel(text + 6, &out->libseccomp_kernel);
	if (!read_numbers(text, 1, 3, parts) || parts[0] > UINT16_MAX ||
	    parts[1] > UINT8_MAX || parts[2] > UINT8_MAX) {
		out_error("'%s' is no release of libseccomp; write it as "
			  "2.5.4, or as linux-6.7 for the tables that it has",
			  text);
		return false;
	}
	out->libseccomp = CG_RELEASE(parts[0], parts[1], parts[2]);
	return true;
}

bool origin_target(const struct origin *origin, const struct cg_abi *native,
		   struct cg_target *out)
{
	struct cg_error err;

	*out = (struct cg_target){ .native = native,
				   .runtime = origin->runtime,
				   .item = origin->item };
	if (origin->kernel && !read_kernel(origin->kernel, &out->kernel))
		return false;
	if (origin->libseccomp && !read_libseccomp(origin->libseccomp, out))
		return false;
	if (!origin->caps)
		return true;
	out->has_capabilities = true;
	out->capabilities = cg_capabilities_default(
		origin->runtime ? origin->runtime : "docker");
	if (cg_capabilities_parse(origin->caps, &out->capabilities, &err) ==
	    CG_OK)
		return true;
	/* It is no file: the option says where to look. */
	snprintf(err.source, sizeof(err.source), "--caps");
	err.line = err.column = 0;
	out_failure(&err, NULL, 0);
	return false;
}

bool origin_format(const char *name, const struct cg_format **out)
{
	const struct cg_format *format;
	const char *best = NULL;
	unsigned distance = 4;

	*out = NULL;
	if (!name)
		return true;
	*out = cg_format_by_name(name);
	if (*out)
		return true;
	for (size_t i = 0; (format = cg_format_get(i)); i++) {
		unsigned d = text_near(name, format->name, 3);

		if (d < distance) {
			distance = d;
			best = format->name;
		}
	}
	out_error("no format is called '%s'%s%s%s; `callgate convert --list` "
		  "lists them",
		  name, best ? "; did you mean '" : "", best ? best : "",
		  best ? "'?" : "");
	return false;
}
