#include "profile/mention.h"

#include "profile/nss.h"

/* "libfoo-1.2.so.3", with no path: a name for dlopen. */
static bool is_library(const char *text)
{
	const char *end = strstr(text, ".so");

	if (strncmp(text, "lib", 3) != 0 || !end || end == text + 3 ||
	    strlen(text) > 80)
		return false;
	for (const char *at = text; at < end; at++)
		if (!(*at >= 'a' && *at <= 'z') &&
		    !(*at >= 'A' && *at <= 'Z') &&
		    !(*at >= '0' && *at <= '9') && !strchr("_-+.", *at))
			return false;
	for (const char *at = end + 3; *at; at++)
		if (*at != '.' && !(*at >= '0' && *at <= '9'))
			return false;
	return true;
}

/* Texts that libc, PAM and others name their modules' lists by. */
static bool is_known(const char *text)
{
	static const char *const known[] = {
		"/etc/nsswitch.conf", "gconv-modules.cache", "gconv-modules",
		"/etc/pam.d",         "/etc/pam.conf",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(text, known[i]) == 0)
			return true;
	return strstr(text, "/gconv-modules.cache") != NULL;
}

/* The loader looks up functions of libc by their names, as at start. */
static void mention_symbol(struct reach *reach, const struct loaded *in,
			   const char *text, struct cause cause)
{
	struct found found;

	if (!(text[0] >= 'a' && text[0] <= 'z') && text[0] != '_')
		return;
	found = world_find(reach->world, text, NULL, in);
	cause.how = HOW_EXPORT;
	if (found.in && found.symbol->kind != SYMBOL_OBJECT)
		reach_symbol(reach, found, cause);
}

void reach_mention(struct reach *reach, struct loaded *in, uint64_t address,
		   struct cause cause)
{
	const char *text = image_text(&in->image, address - in->image.base);

	if (text)
		nss_mention(reach, text);
	if (text && in->is_loader)
		mention_symbol(reach, in, text, cause);
	if (!text || (text[0] != 'l' && text[0] != '/' && text[0] != 'g'))
		return;
	if (!is_library(text) && !is_known(text))
		return;
	reach_add_mention(reach,
			  (struct mention){
				  .text = text,
				  .address = address,
				  .function = cause.object ? NOTHING : cause.by,
				  .in = in,
			  });
}
