/* The filters that systemd loads for a unit, joined to one. */
#include <string.h>

#include "abi/doors.h"
#include "format/systemd.h"

static const struct {
	const char *abi, *name;
} names[] = {
	{ "x86_64", "x86-64" },
	{ "i386", "x86" },
	{ "x32", "x32" },
	{ "aarch64", "arm64" },
	{ "arm", "arm" },
	{ "riscv64", "riscv64" },
	{ "loongarch64", "loongarch64" },
	{ "ppc64le", "ppc64-le" },
	{ "ppc64", "ppc64" },
	{ "ppc", "ppc" },
	{ "s390x", "s390x" },
	{ "s390", "s390" },
	{ "mips64el", "mips64-le" },
	{ "mips64", "mips64" },
	{ "mipsel64n32", "mips64-le-n32" },
	{ "mips64n32", "mips64-n32" },
	{ "mipsel", "mips-le" },
	{ "mips", "mips" },
	{ "parisc64", "parisc64" },
	{ "parisc", "parisc" },
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *systemd_abi_name(const struct cg_abi *abi)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i].abi, abi->name) == 0)
			return names[i].name;
	return NULL;
}

const struct cg_abi *systemd_abi(const char *name, const struct cg_abi *native)
{
	if (strcmp(name, "native") == 0)
		return native;
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i].name, name) == 0)
			return cg_abi_by_name(names[i].abi);
	return NULL;
}

/* The native ABI is always among those that may make calls. */
static bool is_open(const struct systemd_unit *unit, const struct cg_abi *abi)
{
	if (!unit->arch_count || abi == unit->reading->host->native)
		return true;
	for (size_t i = 0; i < unit->arch_count; i++)
		if (unit->arches[i] == abi)
			return true;
	return false;
}

/*
 * x32 shares its architecture with x86_64, and libseccomp takes every number
 * from x32's first on for x32's, but for -1, which is x86_64's. Where a filter
 * knows x86_64 alone, the numbers above x32's get what x32's get: `answer`.
 */
static bool above_x32(struct filter *filter, uint32_t answer)
{
	const struct cg_abi *native = filter->defaults[0].abi;

	for (size_t i = 1; i < filter->abi_count; i++) {
		const struct cg_abi *guest = filter->defaults[i].abi;
		struct cg_rule rule = {
			.abi = native,
			.first = guest->nr_last + 1,
			.last = UINT32_MAX - 1,
			.answer = answer,
		};

		if (guest->audit_arch == native->audit_arch && guest->nr_first)
			return filter_rule(filter, &rule);
	}
	return true;
}

static const struct cg_abi *sharing_guest(const struct filter *filter)
{
	for (size_t i = 1; i < filter->abi_count; i++)
		if (filter->defaults[i].abi->audit_arch ==
		    filter->defaults[0].abi->audit_arch)
			return filter->defaults[i].abi;
	return NULL;
}

/* Where all ABIs of the kernel may make calls, systemd loads nothing. */
static bool
shuts_any(const struct systemd_unit *unit, const struct filter *filter)
{
	for (size_t i = 0; i < filter->abi_count; i++)
		if (!is_open(unit, filter->defaults[i].abi))
			return true;
	return false;
}

/* SystemCallArchitectures=: whoever is not named is killed. */
static bool
arches_filter(const struct systemd_unit *unit, struct filter *filter)
{
	const struct cg_abi *sharing;

	filter_init(filter, unit->reading, CG_RET_ALLOW);
	if (!shuts_any(unit, filter))
		return true;
	filter->foreign = CG_RET_KILL_THREAD;
	for (size_t i = 0; i < filter->abi_count; i++)
		if (!is_open(unit, filter->defaults[i].abi))
			filter->defaults[i].answer = CG_RET_KILL_THREAD;
	sharing = sharing_guest(filter);
	return !sharing || is_open(unit, sharing) ||
	       above_x32(filter, CG_RET_KILL_THREAD);
}

/* One call of a list on one ABI, at all its doors. */
static bool add_call(struct filter *filter, const struct cg_abi *abi,
		     const struct cg_syscall *call, uint32_t answer,
		     struct place place, bool doors)
{
	struct door found[DOORS_MAX];
	uint32_t nr;
	size_t count;

	if (!doors)
		return !cg_syscall_number(call, abi, &nr) ||
		       filter_call(filter, abi, nr, answer, NULL, place);
	count = abi_doors(call, abi, found);
	for (size_t i = 0; i < count; i++) {
		struct cg_test test = {
			.argument = 0,
			.op = CG_EQ,
			.mask = abi->bits == 32 ? UINT32_MAX : UINT64_MAX,
			.value = found[i].value,
		};

		if (!filter_call(filter, abi, found[i].nr, answer, &test,
				 place))
			return false;
	}
	return true;
}

static uint32_t answer_of(int error, uint32_t otherwise)
{
	return error == SYSTEMD_KILL ? CG_RET_KILL_PROCESS
	       : error >= 0          ? CG_RET_ERRNO | (uint32_t)error
				     : otherwise;
}

/* libseccomp drops conditions where a call stands without any: so first all
   calls by their own numbers, then those behind a multiplexer. */
static bool
add_list(const struct systemd_unit *unit, const struct systemd_list *list,
	 const struct cg_abi *abi, uint32_t answer, struct filter *filter)
{
	const struct cg_syscall *call;

	for (int doors = 0; doors < 2; doors++)
		for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
			const struct systemd_word *word =
				&list->words[call->index];
			uint32_t own = list == &unit->log
					       ? answer
					       : answer_of(word->error, answer);

			if (word->there && !add_call(filter, abi, call, own,
						     word->place, doors))
				return false;
		}
	return true;
}

/* A filter for each ABI that may make calls at all. */
static bool
list_filter(const struct systemd_unit *unit, const struct systemd_list *list,
	    uint32_t listed, uint32_t others, struct filter *filter)
{
	const struct cg_abi *sharing;

	filter_init(filter, unit->reading, CG_RET_ALLOW);
	/* An empty list of what is left out is as good as none. */
	if (!list->made ||
	    (!list->count && (!list->allow || others == CG_RET_ALLOW)))
		return true;
	for (size_t i = 0; i < filter->abi_count; i++) {
		const struct cg_abi *abi = filter->defaults[i].abi;

		if (!is_open(unit, abi))
			continue;
		filter->defaults[i].answer = others;
		if (!add_list(unit, list, abi, listed, filter))
			return false;
	}
	sharing = sharing_guest(filter);
	return !sharing || is_open(unit, sharing) ||
	       above_x32(filter, CG_RET_ALLOW);
}

bool systemd_filters(const struct systemd_unit *unit)
{
	uint32_t refused = answer_of(unit->error, CG_RET_KILL_PROCESS);
	bool allow = unit->filter.allow, logged = unit->log.allow;
	struct filter arches, log, filter;

	return arches_filter(unit, &arches) &&
	       list_filter(unit, &unit->log, logged ? CG_RET_LOG : CG_RET_ALLOW,
			   logged ? CG_RET_ALLOW : CG_RET_LOG, &log) &&
	       list_filter(unit, &unit->filter, allow ? CG_RET_ALLOW : refused,
			   allow ? refused : CG_RET_ALLOW, &filter) &&
	       filters_join(&log, &arches) && filters_join(&filter, &log) &&
	       filter_give(&filter);
}
