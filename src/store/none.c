/* Where SQLite was not there to build with. */
#include "base/fail.h"
#include "store/store.h"

static enum cg_status absent(struct cg_error *err)
{
	fail_set(err, CG_E_UNSUPPORTED,
		 "this callgate-watch was built without SQLite, which stores "
		 "are made of");
	return CG_E_UNSUPPORTED;
}

enum cg_status store_open(const char *path, const struct store_limits *limits,
			  struct store **out, struct cg_error *err)
{
	(void)path, (void)limits, (void)out;
	return absent(err);
}

enum cg_status
store_open_reader(const char *path, struct store **out, struct cg_error *err)
{
	(void)path, (void)out;
	return absent(err);
}

/* No handle was ever given out: these are never reached. */
enum cg_status
store_add(struct store *store, const struct cg_violation *violation,
	  const char *json, struct cg_error *err)
{
	(void)store, (void)violation, (void)json;
	return absent(err);
}

enum cg_status store_commit(struct store *store, struct cg_error *err)
{
	(void)store;
	return absent(err);
}

void store_counts(const struct store *store, struct store_tally *out)
{
	(void)store;
	*out = (struct store_tally){ 0 };
}

enum cg_status
store_each(struct store *store, const struct store_filter *filter,
	   bool (*row)(void *, const struct store_row *), void *opaque,
	   struct cg_error *err)
{
	(void)store, (void)filter, (void)row, (void)opaque;
	return absent(err);
}

enum cg_status store_top(struct store *store, const struct store_filter *filter,
			 const char *column, size_t most,
			 bool (*row)(void *, const char *value, uint64_t count),
			 void *opaque, struct cg_error *err)
{
	(void)store, (void)filter, (void)column, (void)most;
	(void)row, (void)opaque;
	return absent(err);
}

enum cg_status
store_timeline(struct store *store, const struct store_filter *filter,
	       uint64_t bucket_ns,
	       bool (*row)(void *, uint64_t start, uint64_t count),
	       void *opaque, struct cg_error *err)
{
	(void)store, (void)filter, (void)bucket_ns, (void)row, (void)opaque;
	return absent(err);
}

enum cg_status
store_count(struct store *store, const struct store_filter *filter,
	    uint64_t *out, struct cg_error *err)
{
	(void)store, (void)filter, (void)out;
	return absent(err);
}

void store_close(struct store *store)
{
	(void)store;
}
