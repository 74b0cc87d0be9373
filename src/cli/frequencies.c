#include "cli/frequencies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/out.h"

enum { WORDS_MAX = 8 };

static void add(struct frequencies *out, const char *name, uint64_t count)
{
	struct cg_frequency *at =
		realloc(out->at, (out->count + 1) * sizeof(*at));

	if (!at)
		out_die_nomem();
	out->at = at;
	at[out->count].name = strdup(name);
	if (!at[out->count].name)
		out_die_nomem();
	at[out->count++].count = count;
}

static size_t split(char *line, char *words[WORDS_MAX])
{
	static const char separators[] = " \t\r\n:";
	size_t count = 0;
	char *rest = NULL;

	line[strcspn(line, "#")] = '\0';
	for (char *word = strtok_r(line, separators, &rest);
	     word && count < WORDS_MAX;
	     word = strtok_r(NULL, separators, &rest))
		words[count++] = word;
	return count;
}

/* A line that counts nothing (a heading, a rule, the total) is passed over. */
static void read_line(struct frequencies *out, char *line)
{
	char *words[WORDS_MAX];
	size_t count = split(line, words);
	const char *number, *name;
	uint64_t value;

	if (count != 2 && count != 5 && count != 6)
		return;
	name = count == 2 ? words[0] : words[count - 1];
	number = count == 2 ? words[1] : words[3];
	if (strcmp(name, "total") != 0 && cg_syscall_by_name(name) &&
	    num_read(number, strlen(number), &value) == NUM_OK)
		add(out, name, value);
}

bool frequencies_read(const char *path, struct frequencies *out)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	*out = (struct frequencies){ 0 };
	if (!file) {
		out_error("%s: %s", path, strerror(errno));
		return false;
	}
	while (getline(&line, &room, file) >= 0)
		read_line(out, line);
	free(line);
	fclose(file);
	if (!out->count)
		out_error("%s: no line counts a call; write 'read: 100', or "
			  "give what strace -c prints",
			  path);
	return out->count > 0;
}

void frequencies_free(struct frequencies *frequencies)
{
	for (size_t i = 0; i < frequencies->count; i++)
		free((char *)frequencies->at[i].name);
	free(frequencies->at);
	*frequencies = (struct frequencies){ 0 };
}
