#include "profile/sharing.h"

#include "profile/nss.h"

enum {
	MMAP_FLAGS = 3,  /* which argument of mmap */
	FLAG_SHARED = 1, /* MAP_SHARED, and MAP_SHARED_VALIDATE, which is 3 */
	NUMBER_MMAP = 9, /* of x86_64 */
	NUMBER_SHMAT = 30,
};

static bool is_own(const struct work *work, uint64_t at)
{
	const struct loaded *in = world_at(&work->world, at);

	return in && (in->libc || in->is_loader);
}

static bool
is_reached(const struct work *work, const char *name, size_t *at, uint32_t *out)
{
	struct found found = world_each(&work->world, name, at);

	for (; found.in; found = world_each(&work->world, name, at)) {
		const uint32_t *index =
			map_get(&work->reach.by_entry,
				found.in->image.base + found.symbol->value);

		if (index) {
			*out = *index;
			return true;
		}
	}
	return false;
}

/* System calls that are made without libc's functions for them. */
static bool shares_by_number(const struct work *work)
{
	const struct resolve *resolve = &work->resolve;

	for (size_t i = 0; i < resolve->finding_count; i++) {
		const struct finding *one = &resolve->findings[i];

		if (one->purpose < FOR_LIBRARY &&
		    (one->number == NUMBER_MMAP ||
		     one->number == NUMBER_SHMAT) &&
		    !is_own(work, one->at))
			return true;
	}
	for (size_t i = 0; i < resolve->unresolved_count; i++)
		if (resolve->unresolved[i].purpose < FOR_LIBRARY)
			return true;
	return false;
}

/* What is wanted for this alone says nothing to anybody else. */
static bool take_flags(struct work *work)
{
	struct resolve *resolve = &work->resolve;
	size_t kept = 0;
	bool shares = false;

	for (size_t i = 0; i < resolve->finding_count; i++) {
		const struct finding one = resolve->findings[i];

		if (one.purpose == FOR_SHARING)
			shares |= one.number & FLAG_SHARED &&
				  !is_own(work, one.at);
		else
			resolve->findings[kept++] = one;
	}
	resolve->finding_count = kept;
	kept = 0;
	for (size_t i = 0; i < resolve->unresolved_count; i++) {
		const struct unresolved one = resolve->unresolved[i];

		/* At an entry, it is a function that anybody may call. */
		if (one.purpose == FOR_SHARING)
			shares |= !is_own(work, one.at) ||
				  map_get(&work->reach.by_entry, one.at);
		else
			resolve->unresolved[kept++] = one;
	}
	resolve->unresolved_count = kept;
	return shares;
}

static bool may_share(struct work *work)
{
	static const char *const names[] = { "mmap", "mmap64" };
	const struct loaded *program = work->loader.program;
	uint32_t function;
	size_t at = 0;

	if (program->image.machine != MACHINE_X86_64 ||
	    is_reached(work, "shmat", &at, &function) || shares_by_number(work))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (at = 0; is_reached(work, names[i], &at, &function);)
			resolve_argument(&work->resolve, function, MMAP_FLAGS,
					 FOR_SHARING);
	return take_flags(work);
}

void sharing_note(struct work *work)
{
	if (work->reach.locks && !work->shares && may_share(work)) {
		work->shares = true;
		nss_share(&work->reach);
	}
}
