#include "watcher/fold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* What makes violations the same; the caller's to free(), or NULL. */
static char *key_of(const struct cg_violation *violation)
{
	struct buf key = { 0 };

	buf_printf(&key, "%" PRIx32 " %" PRIx32 " %" PRIx32 "\n%s\n%s",
		   violation->arch, violation->nr, violation->verdict,
		   violation->executable ? violation->executable : "",
		   violation->container ? violation->container : "");
	return buf_done(&key);
}

static void forget(struct fold *fold)
{
	free(fold->key);
	free(fold->line);
	*fold = (struct fold){ 0 };
}

bool fold_is_news(struct folds *folds, const struct cg_violation *violation,
		  const char *line, uint64_t now)
{
	struct fold *free_one = NULL;
	char *key = folds->window ? key_of(violation) : NULL;

	for (size_t i = 0; key && i < FOLDS; i++) {
		struct fold *fold = &folds->at[i];

		if (fold->key && strcmp(fold->key, key) == 0) {
			fold->count++;
			free(key);
			return false;
		}
		if (!fold->key && !free_one)
			free_one = fold;
	}
	if (!key || !free_one) {
		free(key);
		return true;
	}
	*free_one = (struct fold){ key, now, 0, strdup(line) };
	/* Without memory to say later what was counted, nothing is. */
	if (!free_one->line)
		forget(free_one);
	return true;
}

void fold_tell(struct folds *folds, uint64_t now, FILE *out)
{
	for (size_t i = 0; i < FOLDS; i++) {
		struct fold *fold = &folds->at[i];

		if (!fold->key || now - fold->since < folds->window)
			continue;
		if (fold->count)
			fprintf(out, "%s, and %" PRIu64 " more\n", fold->line,
				fold->count);
		forget(fold);
	}
}
