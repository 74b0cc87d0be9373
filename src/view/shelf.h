/*
 * view/shelf.h - a store that several threads read, one at a time.
 *
 * Of a store in a file this is a reader of its own, beside the pipeline's
 * writer. Without a file the store is in memory, and is written to here.
 */
#ifndef VIEW_SHELF_H
#define VIEW_SHELF_H

#include <pthread.h>

#include "store/store.h"

struct shelf {
	pthread_mutex_t lock;
	struct store *store;
	bool own; /* in memory: to be filled by shelf_put() */
	bool dirty;
};

bool shelf_open(struct shelf *shelf, const char *path, struct cg_error *err);

/* Nothing where the store is someone else's to fill. */
bool shelf_put(struct shelf *shelf, const struct cg_violation *violation,
	       const char *json, struct cg_error *err);
bool shelf_commit(struct shelf *shelf, struct cg_error *err);

/* Hold it while asking its store; nobody else can in the meantime. */
struct store *shelf_take(struct shelf *shelf);
void shelf_give(struct shelf *shelf);

void shelf_close(struct shelf *shelf);

#endif
