#include "view/shelf.h"

bool shelf_open(struct shelf *shelf, const char *path, struct cg_error *err)
{
	enum cg_status status;

	shelf->own = !path;
	if (path)
		status = store_open_reader(path, &shelf->store, err);
	else
		status = store_open(STORE_IN_MEMORY, NULL, &shelf->store, err);
	if (status == CG_OK)
		pthread_mutex_init(&shelf->lock, NULL);
	return status == CG_OK;
}

bool shelf_put(struct shelf *shelf, const struct cg_violation *violation,
	       const char *json, struct cg_error *err)
{
	bool ok = true;

	if (!shelf->own)
		return true;
	pthread_mutex_lock(&shelf->lock);
	ok = store_add(shelf->store, violation, json, err) == CG_OK;
	shelf->dirty = true;
	pthread_mutex_unlock(&shelf->lock);
	return ok;
}

bool shelf_commit(struct shelf *shelf, struct cg_error *err)
{
	bool ok = true;

	if (!shelf->own)
		return true;
	pthread_mutex_lock(&shelf->lock);
	if (shelf->dirty)
		ok = store_commit(shelf->store, err) == CG_OK;
	shelf->dirty = false;
	pthread_mutex_unlock(&shelf->lock);
	return ok;
}

struct store *shelf_take(struct shelf *shelf)
{
	pthread_mutex_lock(&shelf->lock);
	return shelf->store;
}

void shelf_give(struct shelf *shelf)
{
	pthread_mutex_unlock(&shelf->lock);
}

void shelf_close(struct shelf *shelf)
{
	if (!shelf->store)
		return;
	store_close(shelf->store);
	shelf->store = NULL;
	pthread_mutex_destroy(&shelf->lock);
}
