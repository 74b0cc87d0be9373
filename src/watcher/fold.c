#include "watcher/fold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/out.h"

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
	cg_violation_free(fold->violation);
	*fold = (struct fold){ 0 };
}

static void
count(struct fold *fold, const struct cg_violation *violation, char *key)
{
	if (!fold->count)
		fold->first = violation->time;
	fold->last = violation->time;
	fold->count++;
	free(key);
}

bool fold_is_news(struct folds *folds, struct cg_violation *violation,
		  uint64_t now, bool *kept)
{
	struct fold *free_one = NULL;
	char *key = folds->window ? key_of(violation) : NULL;

	*kept = false;
	for (size_t i = 0; key && i < FOLDS; i++) {
		struct fold *fold = &folds->at[i];

		if (fold->key && strcmp(fold->key, key) == 0) {
			count(fold, violation, key);
			return false;
		}
		if (!fold->key && !free_one)
			free_one = fold;
	}
	if (!key || !free_one) {
		free(key);
		return true;
	}
	*free_one = (struct fold){ .key = key,
				   .since = now,
				   .violation = violation };
	*kept = true;
	return true;
}

/* An event of its own, with a time and an id of its own. */
static void tell(struct fold *fold, enum cg_event_shape shape, FILE *out)
{
	struct cg_violation *violation = fold->violation;
	char *event;

	if (shape != CG_EVENT_LINE) {
		violation->count = fold->count;
		violation->first = fold->first;
		violation->last = violation->time = fold->last;
		violation->serial = 0;
	}
	event = cg_violation_event(violation, shape);
	if (!event)
		out_die_nomem();
	if (shape == CG_EVENT_LINE)
		fprintf(out, "%s, and %" PRIu64 " more\n", event, fold->count);
	else
		fprintf(out, "%s\n", event);
	free(event);
}

void fold_tell(struct folds *folds, uint64_t now, enum cg_event_shape shape,
	       FILE *out)
{
	for (size_t i = 0; i < FOLDS; i++) {
		struct fold *fold = &folds->at[i];

		if (!fold->key || now - fold->since < folds->window)
			continue;
		if (fold->count)
			tell(fold, shape, out);
		forget(fold);
	}
}
