#include "cli/fold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	/* FNV-1a. */
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return text ? mix(hash, text, strlen(text) + 1) : hash;
}

static uint64_t key_of(const struct cg_violation *violation)
{
	uint64_t hash = 0xcbf29ce484222325u;

	hash = mix(hash, &violation->arch, sizeof(violation->arch));
	hash = mix(hash, &violation->nr, sizeof(violation->nr));
	hash = mix(hash, &violation->verdict, sizeof(violation->verdict));
	hash = mix_text(hash, violation->executable);
	hash = mix_text(hash, violation->container);
	return hash ? hash : 1;
}

bool fold_is_news(struct folds *folds, const struct cg_violation *violation,
		  const char *line, uint64_t now)
{
	const uint64_t key = key_of(violation);
	struct fold *free_one = NULL;

	if (!folds->window)
		return true;
	for (size_t i = 0; i < FOLDS; i++) {
		struct fold *fold = &folds->at[i];

		if (fold->key == key) {
			fold->count++;
			return false;
		}
		if (!fold->key && !free_one)
			free_one = fold;
	}
	if (!free_one)
		return true;
	*free_one = (struct fold){ key, now, 0, strdup(line) };
	/* Without memory to say later what was counted, nothing is. */
	if (!free_one->line)
		free_one->key = 0;
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
		free(fold->line);
		*fold = (struct fold){ 0 };
	}
}
