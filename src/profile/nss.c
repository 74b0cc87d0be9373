#include "profile/nss.h"

enum { NAME_MAX_LENGTH = 40 };

/* 0 for what cannot be such a name. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 1469598103934665603u;

	for (size_t i = 0; text[i]; i++) {
		const char c = text[i];

		if (i == NAME_MAX_LENGTH ||
		    !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '_'))
			return 0;
		hash = (hash ^ (unsigned char)c) * 1099511628211u;
	}
	return hash;
}

static bool wait_for(struct reach *reach, const char *name, uint64_t entry,
		     struct cause cause)
{
	struct waiting *grown;
	const uint64_t hash = hash_of(name);

	if (!hash || map_get(&reach->named, hash))
		return false;
	grown = arena_grow(reach->arena, reach->waiting, &reach->waiting_room,
			   reach->waiting_count + 1, sizeof(*grown));
	if (!grown) {
		reach->nomem = true;
		return false;
	}
	reach->waiting = grown;
	grown[reach->waiting_count++] = (struct waiting){
		.name = hash,
		.entry = entry,
		.cause = cause,
	};
	return true;
}

/* "getpwnam_r" of "_nss_files_getpwnam_r", or of an alias of it; or NULL. */
static const char *asked_for(const char *name, const char *service)
{
	const char *at = strstr(name, "_nss_");
	const size_t length = strlen(service);

	if (!at || strncmp(at + 5, service, length) != 0 ||
	    at[5 + length] != '_')
		return NULL;
	return at + 5 + length + 1;
}

bool nss_waits(struct reach *reach, uint64_t entry, struct cause cause)
{
	static const struct {
		const char *filler, *service;
	} rows[] = {
		{ "__nss_files_functions", "files" },
		{ "__nss_dns_functions", "dns" },
	};
	const struct loaded *in = world_at(reach->world, entry);
	const struct symbol *symbol;
	const char *name;
	uint64_t by;

	if (!in->libc || reach->all_data || cause.how != HOW_ADDRESS ||
	    cause.object || cause.by == NOTHING)
		return false;
	by = reach->functions[cause.by].entry;
	symbol = loaded_function(in, entry);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!loaded_is_named(in, by, rows[i].filler) || !symbol ||
		    symbol->value + in->image.base != entry)
			continue;
		name = asked_for(symbol->name, rows[i].service);
		return name && wait_for(reach, name, entry, cause);
	}
	return false;
}

bool nss_export_waits(struct reach *reach, struct found found,
		      struct cause cause)
{
	const char *soname = found.in->image.soname;
	const char *name = found.symbol->name;
	char service[32];
	size_t length;

	if (!soname || strncmp(soname, "libnss_", 7) != 0)
		return false;
	length = strcspn(soname + 7, ".");
	if (length >= sizeof(service) || strncmp(name, "_nss_", 5) != 0)
		return false;
	memcpy(service, soname + 7, length);
	service[length] = '\0';
	name = asked_for(name, service);
	return name &&
	       wait_for(reach, name, found.in->image.base + found.symbol->value,
			cause);
}

void nss_mention(struct reach *reach, const char *text)
{
	const uint64_t hash = hash_of(text);
	bool there = true;

	if (!hash)
		return;
	if (!map_add(reach->arena, &reach->named, hash, 1, &there)) {
		reach->nomem = true;
		return;
	}
	if (there)
		return;
	for (size_t i = 0; i < reach->waiting_count; i++)
		if (reach->waiting[i].name == hash)
			reach_function(reach, reach->waiting[i].entry,
				       reach->waiting[i].cause);
}

/* Stand for what must have happened before. */
static const char foreign_mutexes[] = "mutexes_of_others";
static const char threads_end[] = "threads_that_end";
static const char rpc_calls[] = "remote_procedure_calls";

static const struct {
	const char *function, *before;
} late[] = {
	/* What it cleans up is behind a variable that only calls set. */
	{ "__rpc_thread_destroy", rpc_calls },
	/* Robust ones, and those with priorities: libc has none for itself. */
	{ "__pthread_mutex_lock_full", foreign_mutexes },
	{ "__pthread_mutex_unlock_full", foreign_mutexes },
	{ "__pthread_mutex_cond_lock_full", foreign_mutexes },
	/* What only those with a ceiling ask for. */
	{ "__pthread_tpp_change_priority", foreign_mutexes },
	{ "__pthread_current_priority", foreign_mutexes },
	{ "__init_sched_fifo_prio", foreign_mutexes },
	/* What threads do that are told to end; only these two tell them. */
	{ "__pthread_unwind", threads_end },
};

static const struct {
	const char *function, *tells;
} happens[] = {
	/* Whoever sets it says so by this, wherever it was inlined. */
	{ "rpc_thread_multi", rpc_calls },
	{ "pthread_cancel", threads_end },
	{ "pthread_exit", threads_end },
};

/* Whether we would see it happen: by the names of who tells. */
static bool can_tell(const struct loaded *in, const char *before)
{
	/* Linked into a program, its mutexes are not told from others. */
	if (in->main && before == foreign_mutexes)
		return false;
	/* What was not linked into a program does not happen in it. */
	for (size_t i = 0; !in->main && i < sizeof(happens) / sizeof(*happens);
	     i++)
		if (happens[i].tells == before &&
		    !loaded_has_function(in, happens[i].function))
			return false;
	return true;
}

bool nss_starts_late(struct reach *reach, struct loaded *in, uint64_t entry,
		     struct cause cause)
{
	if (!in->libc || reach->all_data)
		return false;
	for (size_t i = 0; i < sizeof(late) / sizeof(*late); i++)
		if (loaded_is_named(in, entry, late[i].function))
			return can_tell(in, late[i].before) &&
			       wait_for(reach, late[i].before, entry, cause);
	return false;
}

void nss_come_to(struct reach *reach, const struct loaded *in, uint64_t entry)
{
	for (size_t i = 0; in->libc && i < sizeof(happens) / sizeof(*happens);
	     i++)
		if (loaded_is_named(in, entry, happens[i].function))
			nss_mention(reach, happens[i].tells);
}

void nss_share(struct reach *reach)
{
	nss_mention(reach, foreign_mutexes);
}

void nss_use(struct reach *reach, const struct loaded *in, uint64_t entry,
	     struct cause cause)
{
	/* A mutex that libc does not make as its own are. */
	static const char *const makes[] = { "mutexattr_setprotocol",
					     "mutexattr_setrobust",
					     "setprioceiling" };
	static const char *const locks[] = { "mutex", "mtx_", "pthread_cond_",
					     "cnd_" };
	const struct loaded *by = world_at(reach->world, cause.at);
	const struct symbol *symbol;

	if (!in->libc || (by && (by == in || by->is_loader)) ||
	    map_get(&reach->named, hash_of(foreign_mutexes)))
		return;
	symbol = loaded_function(in, entry);
	for (size_t i = 0; symbol && i < sizeof(makes) / sizeof(*makes); i++)
		if (strstr(symbol->name, makes[i]))
			nss_share(reach);
	for (size_t i = 0; symbol && i < sizeof(locks) / sizeof(*locks); i++)
		reach->locks |= strstr(symbol->name, locks[i]) != NULL;
}
