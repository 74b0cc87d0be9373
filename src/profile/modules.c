#include "profile/modules.h"

#include <stdio.h>

enum { PATH_SIZE = 256, DEPTH_MAX = 8, WORDS_MAX = 8, MODULES_FILES_MAX = 64 };

static struct bytes read_file(const struct work *work, const char *path)
{
	const struct files *files = &work->wanted->files;
	struct bytes file = { NULL, 0 };
	const char *real;

	if (!files->read(files->context, path, &file, &real))
		return (struct bytes){ NULL, 0 };
	return file;
}

/* ------------------------------------------------------------------ NSS -- */

/* The services of /etc/nsswitch.conf, each a library. */
bool modules_nss(struct work *work, struct loaded *by, struct cg_error *err)
{
	static const char usual[] = "passwd: files\nhosts: files dns\n";
	struct bytes file = read_file(work, "/etc/nsswitch.conf");
	bool comment = false, named = false, bracket = false;
	char name[64] = "libnss_";
	const size_t prefix = strlen(name);
	size_t length = 0;

	if (!file.size)
		file = (struct bytes){ (const unsigned char *)usual,
				       sizeof(usual) - 1 };
	for (size_t i = 0; i <= file.size; i++) {
		const char c = i < file.size ? (char)file.at[i] : '\n';
		const bool letter = (c >= 'a' && c <= 'z') ||
				    (c >= '0' && c <= '9') || c == '_';

		if (letter && named && !comment && !bracket &&
		    prefix + length + 7 < sizeof(name)) {
			name[prefix + length++] = c;
			continue;
		}
		if (length) {
			memcpy(name + prefix + length, ".so.2", 6);
			if (!work_open_service(work, name, by,
					       "named by /etc/nsswitch.conf",
					       err))
				return false;
		}
		length = 0;
		comment = (comment || c == '#') && c != '\n';
		named = (named || c == ':') && c != '\n';
		bracket = (bracket || c == '[') && c != ']' && c != '\n';
	}
	return true;
}

/* --------------------------------------------------------------- lines -- */

/* The words of a line, up to a comment; [in brackets] is one. */
struct line {
	char text[512];
	const char *words[WORDS_MAX];
	unsigned count;
};

static void split(struct line *line)
{
	char *at = line->text;

	line->count = 0;
	while (line->count < WORDS_MAX) {
		at += strspn(at, " \t\r");
		if (!*at || *at == '#')
			return;
		line->words[line->count++] = at;
		at += *at == '[' ? strcspn(at, "]") : strcspn(at, " \t\r#");
		at += *at == ']';
		if (*at == '#')
			*at = '\0';
		if (*at)
			*at++ = '\0';
	}
}

/* The next line from *at on, continued ones joined. False at the end. */
static bool next_line(struct bytes file, size_t *at, struct line *line)
{
	size_t used = 0;

	if (*at >= file.size)
		return false;
	for (; *at < file.size && file.at[*at] != '\n'; ++*at) {
		if (file.at[*at] == '\\' && *at + 1 < file.size &&
		    file.at[*at + 1] == '\n') {
			++*at;
			continue;
		}
		if (used + 1 < sizeof(line->text))
			line->text[used++] = (char)file.at[*at];
	}
	++*at;
	line->text[used] = '\0';
	split(line);
	return true;
}

/* ------------------------------------------------------------------ PAM -- */

static const char *const triplets[] = {
	[MACHINE_X86_64] = "x86_64-linux-gnu",
	[MACHINE_I386] = "i386-linux-gnu",
	[MACHINE_AARCH64] = "aarch64-linux-gnu",
};

static const char *triplet_of(const struct work *work)
{
	return triplets[work->loader.program->image.machine];
}

static bool open_pam_module(struct work *work, const char *name,
			    struct loaded *by, struct cg_error *err)
{
	static const char *const folders[] = {
		"/lib/",      "/usr/lib/", "/lib64",
		"/usr/lib64", "/lib",      "/usr/lib",
	};
	const char *copy;
	char path[PATH_SIZE];

	if (name[0] == '/')
		return work_open_library(work, name, by, "a module of PAM",
					 err);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		int used = snprintf(path, sizeof(path), "%s%s/security/%s",
				    folders[i], i < 2 ? triplet_of(work) : "",
				    name);

		if (used > 0 && (size_t)used < sizeof(path) &&
		    read_file(work, path).size)
			return work_open_library(work, path, by,
						 "a module of PAM", err);
	}
	copy = arena_text(&work->arena, name, strlen(name));
	return copy ? load_note_missing(&work->loader, copy, by, false, err)
		    : fail_nomem(err);
}

struct pam {
	struct work *work;
	struct loaded *by;
	unsigned files;
};

static bool read_service(struct pam *pam, const char *service, unsigned depth,
			 struct cg_error *err);

/* TYPE CONTROL MODULE ..., TYPE include SERVICE, or @include SERVICE. */
static bool read_pam_line(struct pam *pam, const struct line *line,
			  unsigned depth, struct cg_error *err)
{
	const char *control = line->count > 1 ? line->words[1] : "";

	if (line->count >= 2 && strcmp(line->words[0], "@include") == 0)
		return read_service(pam, line->words[1], depth + 1, err);
	if (line->count < 3)
		return true;
	if (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0)
		return read_service(pam, line->words[2], depth + 1, err);
	return open_pam_module(pam->work, line->words[2], pam->by, err);
}

static bool read_service(struct pam *pam, const char *service, unsigned depth,
			 struct cg_error *err)
{
	static const char *const folders[] = { "/etc/pam.d", "/usr/lib/pam.d",
					       "/usr/share/pam.d" };
	char path[PATH_SIZE];
	struct bytes file = { NULL, 0 };
	struct line line;
	size_t at = 0;

	/* More than that, and it is not the system's own. */
	if (depth > DEPTH_MAX || ++pam->files > MODULES_FILES_MAX) {
		work_leave_modules(pam->work,
				   "files of PAM name each other without end");
		return true;
	}
	for (size_t i = 0; !file.size && i < 3; i++) {
		const char *folder = folders[i];
		int used = service[0] == '/'
				   ? snprintf(path, sizeof(path), "%s", service)
				   : snprintf(path, sizeof(path), "%s/%s",
					      folder, service);

		if (used > 0 && (size_t)used < sizeof(path))
			file = read_file(pam->work, path);
	}
	while (next_line(file, &at, &line))
		if (!read_pam_line(pam, &line, depth, err))
			return false;
	return true;
}

bool modules_pam(struct work *work, const char *service, struct loaded *by,
		 struct cg_error *err)
{
	struct pam pam = { work, by, 0 };
	char name[128];
	size_t length = 0;

	/* PAM takes names in lower case, and no folders. */
	for (; service[length] && length + 1 < sizeof(name); length++)
		name[length] = service[length] >= 'A' && service[length] <= 'Z'
				       ? (char)(service[length] + 'a' - 'A')
				       : service[length];
	name[length] = '\0';
	if (service[length] || strchr(name, '/')) {
		work_leave_modules(work, "the name of a service of PAM is no "
					 "name of a file");
		return true;
	}
	return read_service(&pam, name, 0, err) &&
	       read_service(&pam, "other", 0, err);
}

/* ---------------------------------------------------------------- gconv -- */

/* "ISO-8859-1//" is meant by "ISO-8859-1", whatever the letters' case. */
static bool is_charset(const char *word, const char *charset)
{
	size_t i = 0;

	for (; charset[i]; i++)
		if ((word[i] | 32) != (charset[i] | 32))
			return false;
	return !word[i] || word[i] == '/';
}

/* module FROM TO FILE COST */
static bool read_gconv(struct work *work, const char *folder, const char *path,
		       const char *charset, bool *found, struct cg_error *err)
{
	struct bytes file = read_file(work, path);
	char module[PATH_SIZE];
	struct line line;
	size_t at = 0;

	while (next_line(file, &at, &line)) {
		if (line.count < 4 || strcmp(line.words[0], "module") != 0 ||
		    (*charset && !is_charset(line.words[1], charset) &&
		     !is_charset(line.words[2], charset)))
			continue;
		if (snprintf(module, sizeof(module), "%s/%.64s.so", folder,
			     line.words[3]) >= (int)sizeof(module))
			continue;
		if (!read_file(work, module).size)
			continue;
		*found = true;
		if (!work_open_library(work, module, work->loader.program,
				       "a converter of glibc's", err))
			return false;
	}
	return true;
}

bool modules_gconv(struct work *work, const char *charset, bool *found,
		   struct cg_error *err)
{
	static const char *const parents[] = { "/usr/lib/", "/usr/lib64",
					       "/usr/lib" };
	static const char *const names[] = {
		"gconv-modules",
		"gconv-modules.d/gconv-modules-extra.conf",
	};
	char folder[64], path[PATH_SIZE];

	*found = false;
	for (size_t p = 0; p < 3; p++) {
		snprintf(folder, sizeof(folder), "%s%s/gconv", parents[p],
			 p ? "" : triplet_of(work));
		for (size_t i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
			if (!read_gconv(work, folder, path, charset, found,
					err))
				return false;
		}
	}
	return true;
}
