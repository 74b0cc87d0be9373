/* The formats, a row each; where a text could be several, the first wins. */
#include "format/format.h"

#include <string.h>

const struct format *const formats[] = {
	&format_callgate,
	&format_systemd,
	&format_firejail,
	&format_oci,
	&format_docker,
	&format_containers,
	&format_spo,
	&format_kubernetes,
	&format_annotation,
	&format_minijail,
	&format_minijail_compiler,
	&format_kafel,
	&format_bpf,
	&format_asm,
	&format_c,
	&format_c_header,
	&format_go,
	&format_template,
	NULL,
};

const struct cg_format *cg_format_get(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) - 1
		       ? &formats[index]->about
		       : NULL;
}

/* Whether `name` is one of the words of a list. */
static bool is_among(const char *name, const char *words)
{
	size_t length = strlen(name), word;

	for (; *words; words += word + strspn(words + word, " ")) {
		word = strcspn(words, " ");
		if (word == length && memcmp(words, name, length) == 0)
			return true;
	}
	return false;
}

const struct cg_format *cg_format_by_name(const char *name)
{
	for (size_t i = 0; formats[i]; i++)
		if (strcmp(formats[i]->about.name, name) == 0 ||
		    is_among(name, formats[i]->about.aliases))
			return &formats[i]->about;
	return NULL;
}

const struct cg_format *cg_format_guess(const struct cg_source *source)
{
	const struct format *best = NULL;
	int most = 0;

	for (size_t i = 0; formats[i]; i++) {
		int sure = formats[i]->sniff ? formats[i]->sniff(source) : 0;

		if (sure > most) {
			most = sure;
			best = formats[i];
		}
	}
	return best ? &best->about : NULL;
}
