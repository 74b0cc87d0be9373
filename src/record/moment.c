/* The moment between start-up and service, as a person writes it. */
#include "record/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/lookup.h"

char *target_file(const struct cg_recorder *recorder)
{
	const struct target *target = &recorder->target;
	char *link, *file;

	if (target->argv)
		return lookup_file(target->argv[0]);
	if (!target->pid ||
	    asprintf(&link, "/proc/%d/exe", (int)target->pid) < 0)
		return NULL;
	file = realpath(link, NULL);
	free(link);
	return file;
}

/* "NAME" or "FILE:NAME". */
static bool find_symbol(struct cg_recorder *recorder, const char *text,
			struct cg_error *err)
{
	struct moment *moment = &recorder->moment;
	const char *colon = strrchr(text, ':');

	moment->kind = MOMENT_SYMBOL;
	moment->symbol = colon ? colon + 1 : text;
	moment->file = colon ? strndup(text, (size_t)(colon - text))
			     : target_file(recorder);
	if (!moment->file)
		return fail(err, CG_E_INPUT,
			    "which file the symbol '%s' is in cannot be told; "
			    "say symbol:FILE:%s",
			    moment->symbol, moment->symbol);
	return true;
}

bool moment_find(struct cg_recorder *recorder, struct cg_error *err)
{
	static const char symbol[] = "symbol:";
	struct moment *moment = &recorder->moment;
	const char *after = recorder->options.after, *close;

	if (!after)
		return true;
	if (strcmp(after, "ready") == 0) {
		moment->kind = MOMENT_READY;
		return true;
	}
	if (strncmp(after, symbol, sizeof(symbol) - 1) == 0)
		return find_symbol(recorder, after + sizeof(symbol) - 1, err);
	moment->kind = MOMENT_CALL;
	moment->call = cg_syscall_by_name(after);
	if (moment->call)
		return true;
	close = cg_syscall_suggest(after);
	return fail(err, CG_E_INPUT,
		    "no system call is called '%s'%s%s%s; a moment is one, or "
		    "ready, or symbol:NAME",
		    after, close ? "; did you mean '" : "", close ? close : "",
		    close ? "'?" : "");
}
