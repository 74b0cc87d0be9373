#include "policy/resolve.h"

#include <inttypes.h>
#include <string.h>

#include "abi/doors.h"
#include "policy/action.h"
#include "policy/rests.h"
#include "policy/test.h"

struct resolve {
	struct cg_policy *policy;
	struct arena *arena;
	struct cg_error *err;
	struct resolved_abi *abi;
	/* The ABI with which it shares an audit_arch, if that is covered. */
	const struct cg_abi *neighbour;
	bool is_main; /* the ABI that the policy was written for */
	uint32_t order;
	struct number_span *spans; /* of this ABI */
	size_t span_count, span_room;
};

static bool add(struct resolve *resolve, const struct entry *from, uint32_t nr,
		const struct test *tests, size_t count, uint32_t answer)
{
	struct resolved_abi *abi = resolve->abi;

	abi->entries = arena_grow(resolve->arena, abi->entries, &abi->room,
				  abi->count + 1, sizeof(*abi->entries));
	if (!abi->entries)
		return fail_nomem(resolve->err);
	abi->entries[abi->count++] = (struct resolved_entry){
		.nr = nr,
		.answer = answer,
		.tests = tests,
		.count = count,
		.from = from,
		.order = resolve->order++,
	};
	return true;
}

/*
 * What a multiplexer hides cannot be checked: a refusal then refuses the whole
 * operation, and a permission does not reach it.
 */
static bool add_doors(struct resolve *resolve, const struct entry *entry,
		      const struct cg_syscall *call, uint32_t answer)
{
	struct door doors[DOORS_MAX];
	size_t count = abi_doors(call, resolve->abi->abi, doors);

	if (entry->count && answer_permits(answer))
		return true;
	for (size_t i = 0; i < count; i++) {
		struct test *test = arena_array(resolve->arena, struct test, 1);

		if (!test || !test_selector(resolve->arena, doors[i].mask,
					    doors[i].value, test))
			return fail_nomem(resolve->err);
		if (!add(resolve, entry, doors[i].nr, test, 1, answer))
			return false;
	}
	return true;
}

/* The call under the number `nr`, with the arguments that it has on `abi`. */
static bool add_number(struct resolve *resolve, const struct entry *entry,
		       const struct cg_syscall *call, const struct cg_abi *abi,
		       uint32_t nr, uint32_t answer)
{
	struct test *tests =
		arena_array(resolve->arena, struct test, entry->count);
	enum tests_result result;

	if (!tests)
		return fail_nomem(resolve->err);
	result = tests_make(resolve->arena, entry, call, abi, tests,
			    resolve->err);
	if (result == TESTS_FAILED)
		return false;
	if (result == TESTS_MADE)
		return add(resolve, entry, nr, tests, entry->count, answer);
	/* The arguments cannot be seen on this ABI. */
	if (!answer_permits(answer))
		return add(resolve, entry, nr, NULL, 0, answer);
	if (resolve->is_main)
		return fail_at(resolve->err, CG_E_MEANING,
			       entry->conditions[0].place,
			       "%s hides this argument of %s from a filter; "
			       "it can be allowed or refused only as a whole",
			       abi->name, call->name);
	return true;
}

/*
 * The call itself or a twin of it, where the ABI has a number for it; and the
 * number by which old kernels take the neighbour's.
 */
static bool add_call(struct resolve *resolve, const struct entry *entry,
		     const struct cg_syscall *call, uint32_t answer)
{
	const struct cg_abi *abi = resolve->abi->abi;
	const struct cg_abi *neighbour = resolve->neighbour;
	uint32_t nr;

	if (cg_syscall_number(call, abi, &nr) &&
	    !add_number(resolve, entry, call, abi, nr, answer))
		return false;
	return !neighbour || entry->exact ||
	       !cg_syscall_number(call, neighbour, &nr) ||
	       !abi_neighbour_number(abi, nr, &nr) ||
	       add_number(resolve, entry, call, neighbour, nr, answer);
}

/* Whether the ABI has a way to make this call at all. */
static bool has_way(const struct cg_syscall *call, const struct cg_abi *abi)
{
	struct door doors[DOORS_MAX];
	uint32_t nr;

	return cg_syscall_number(call, abi, &nr) ||
	       abi_doors(call, abi, doors) > 0;
}

/* Several numbers at once, which have no conditions. */
static bool
add_span(struct resolve *resolve, const struct entry *entry, uint32_t answer)
{
	resolve->spans =
		arena_grow(resolve->arena, resolve->spans, &resolve->span_room,
			   resolve->span_count + 1, sizeof(*resolve->spans));
	if (!resolve->spans)
		return fail_nomem(resolve->err);
	resolve->spans[resolve->span_count++] = (struct number_span){
		.rest = { .first = entry->first,
			  .answer = answer,
			  .cause = CG_CAUSE_RULE,
			  .place = entry->place,
			  .order = resolve->order++ },
		.last = entry->last,
	};
	return true;
}

static bool
add_numbers(struct resolve *resolve, const struct entry *entry, uint32_t answer)
{
	const struct cg_abi *abi = resolve->abi->abi;
	struct test *tests;

	if (!abi_has_numbers(abi, entry->first, entry->last))
		return fail_at(resolve->err, CG_E_ARCH, entry->place,
			       "0x%" PRIx32 " is no number of %s", entry->first,
			       abi->name);
	if (entry->first != entry->last)
		return add_span(resolve, entry, answer);
	tests = arena_array(resolve->arena, struct test, entry->count);
	if (!tests)
		return fail_nomem(resolve->err);
	return tests_make(resolve->arena, entry, NULL, abi, tests,
			  resolve->err) == TESTS_MADE &&
	       add(resolve, entry, entry->first, tests, entry->count, answer);
}

static bool add_entry(struct resolve *resolve, const struct entry *entry,
		      const struct action *action)
{
	const struct cg_syscall *twins[TWINS_MAX];
	size_t count = 0;
	uint32_t answer;

	if (!action_on(action, resolve->abi->abi, &answer, resolve->err))
		return false;
	if (!entry->call)
		return add_numbers(resolve, entry, answer);
	if (!add_call(resolve, entry, entry->call, answer))
		return false;
	if (entry->exact)
		return true;
	if (!add_doors(resolve, entry, entry->call, answer))
		return false;
	/* A guest ABI may offer the refused operation under another name. */
	if (!resolve->is_main && !answer_permits(answer))
		count = abi_twins(entry->call, resolve->abi->abi, twins);
	for (size_t i = 0; i < count; i++)
		if (!add_call(resolve, entry, twins[i], answer) ||
		    !add_doors(resolve, entry, twins[i], answer))
			return false;
	return true;
}

/* What answers numbers that no entry names: `had` by the kernel, or not. */
struct defaults {
	struct rest had, unknown;
};

/* The numbers of an ABI that a policy's kernel had, one after the other. */
struct had {
	const struct cg_abi *abi;
	const struct abi_number *at, *end;
};

static struct had had_start(const struct cg_abi *abi)
{
	struct had had = { .abi = abi };
	size_t count = 0;

	if (abi) {
		had.at = abi_numbers(abi, &count);
		had.end = had.at + count;
	}
	return had;
}

/* Go on to the next number; false behind the last. */
static bool had_next(struct had *had, uint32_t kernel, uint32_t *nr)
{
	for (; had->at < had->end; had->at++) {
		if (cg_syscall_since(abi_number_call(had->at), had->abi) >
		    kernel)
			continue;
		*nr = had->at++->nr;
		return true;
	}
	return false;
}

/* As had_next(), of the neighbour's numbers that old kernels have here, too. */
static bool shared_next(struct had *had, const struct cg_abi *abi,
			uint32_t kernel, uint32_t *nr)
{
	while (had_next(had, kernel, nr))
		if (abi_neighbour_number(abi, *nr, nr))
			return true;
	return false;
}

/* Which numbers the policy's kernel had, if that makes a difference. */
static bool list_rests(struct resolve *resolve, const struct defaults *defaults)
{
	const struct cg_abi *abi = resolve->abi->abi;
	const uint32_t kernel = resolve->policy->kernel;
	struct rests rests = { .arena = resolve->arena };
	struct had own = had_start(abi), shared = had_start(resolve->neighbour);
	bool alike = defaults->had.answer == defaults->unknown.answer;
	uint32_t mine = 0, theirs = 0;
	bool more = !alike && had_next(&own, kernel, &mine);
	bool others = !alike && shared_next(&shared, abi, kernel, &theirs);
	bool ok = rests_add(&rests, 0,
			    alike ? &defaults->had : &defaults->unknown);

	while (ok && (more || others)) {
		bool is_mine = more && (!others || mine < theirs);
		uint32_t nr = is_mine ? mine : theirs;

		ok = rests_add(&rests, nr, &defaults->had) &&
		     rests_add(&rests, nr + (uint64_t)1, &defaults->unknown);
		if (is_mine)
			more = had_next(&own, kernel, &mine);
		else
			others = shared_next(&shared, abi, kernel, &theirs);
	}
	resolve->abi->rests = rests.at;
	resolve->abi->rest_count = rests.count;
	return ok ? true : fail_nomem(resolve->err);
}

static bool resolve_defaults(struct resolve *resolve, struct defaults *defaults)
{
	const struct cg_policy *policy = resolve->policy;
	const struct cg_abi *abi = resolve->abi->abi;
	struct rest *had = &defaults->had, *unknown = &defaults->unknown;
	uint64_t enosys;

	*had = (struct rest){ .cause = CG_CAUSE_DEFAULT,
			      .place = policy->default_action.place,
			      .order = UINT32_MAX };
	if (!action_on(&policy->default_action, abi, &had->answer,
		       resolve->err))
		return false;
	*unknown = *had;
	unknown->cause = CG_CAUSE_UNKNOWN;
	if (policy->has_unknown) {
		unknown->place = policy->unknown.place;
		return action_on(&policy->unknown, abi, &unknown->answer,
				 resolve->err);
	}
	/* libc falls back on ENOSYS, and breaks on EPERM. */
	if (policy->default_action.plain_errno &&
	    policy->foreign != FOREIGN_ELASTIC &&
	    cg_constant_value("ENOSYS", abi, &enosys))
		unknown->answer = CG_RET_ERRNO | (uint32_t)enosys;
	return true;
}

/* The covered ABI that shares an audit_arch with this one, or NULL. */
static const struct cg_abi *
covered_neighbour(const struct cg_policy *policy, const struct cg_abi *abi)
{
	const struct cg_abi *neighbour = abi_neighbour(abi);

	for (size_t i = 0; neighbour && i < policy->abi_count; i++)
		if (policy->abis[i] == neighbour)
			return neighbour;
	return NULL;
}

/* Whether a group is for an ABI of the policy. */
static bool is_for(const struct group *group, const struct cg_abi *abi)
{
	for (size_t i = 0; i < group->only_count; i++)
		if (group->only[i].abi == abi)
			return true;
	return !group->only_count;
}

static bool resolve_abi(struct resolve *resolve)
{
	struct cg_policy *policy = resolve->policy;
	struct defaults defaults;

	if (!resolve_defaults(resolve, &defaults) ||
	    !list_rests(resolve, &defaults))
		return false;
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct group *group = &policy->groups[i];

		if (!is_for(group, resolve->abi->abi))
			continue;
		for (size_t j = 0; j < group->count; j++)
			if (!add_entry(resolve, &group->entries[j],
				       &group->action))
				return false;
	}
	resolved_sort(resolve->abi);
	return rests_lay(resolve->arena, resolve->abi, resolve->spans,
			 resolve->span_count)
		       ? true
		       : fail_nomem(resolve->err);
}

/* Where a call exists, for a message: guests of the ABI come first. */
static void list_homes(const struct cg_syscall *call, const struct cg_abi *of,
		       char *out, size_t size)
{
	const struct cg_abi *abi;
	size_t used = 0, found = 0;

	out[0] = '\0';
	for (unsigned guests = 2; guests-- > 0;)
		for (size_t i = 0; (abi = cg_abi_at(i)); i++) {
			bool guest = abi->native &&
				     strcmp(abi->native, of->name) == 0;
			size_t length = strlen(abi->name);

			if (guest != guests || !abi->seccomp ||
			    !has_way(call, abi) || used + length + 6 > size)
				continue;
			if (found == 3) {
				memcpy(out + used, ", ...", 6);
				return;
			}
			if (found++) {
				memcpy(out + used, ", ", 2);
				used += 2;
			}
			memcpy(out + used, abi->name, length + 1);
			used += length;
		}
}

/* Each name must exist on one of the ABIs that it is written for. */
static bool name_exists(struct resolve *resolve, const struct group *group,
			const struct entry *entry)
{
	const struct cg_policy *policy = resolve->policy;
	const struct cg_abi *first = NULL;
	char homes[96];

	if (entry->optional)
		return true;
	for (size_t i = 0; i < policy->abi_count; i++) {
		const struct cg_abi *abi = policy->abis[i];

		if (!is_for(group, abi) ||
		    (!group->only_count && i >= policy->named_abis))
			continue;
		if (has_way(entry->call, abi))
			return true;
		first = first ? first : abi;
	}
	list_homes(entry->call, first, homes, sizeof(homes));
	return fail_at(resolve->err, CG_E_ARCH, entry->place,
		       "%s has no call '%s' (there is one on %s); see "
		       "architectures in callgate-policy(5)",
		       first->name, entry->call->name, homes);
}

/* A group is for ABIs of the policy; one with numbers says for which. */
static bool check_only(struct resolve *resolve, const struct group *group)
{
	const struct cg_policy *policy = resolve->policy;

	for (size_t i = 0; i < group->only_count; i++) {
		bool found = false;

		for (size_t j = 0; j < policy->abi_count; j++)
			found |= policy->abis[j] == group->only[i].abi;
		if (!found)
			return fail_at(resolve->err, CG_E_MEANING,
				       group->only[i].place,
				       "%s is not among the architectures of "
				       "this policy",
				       group->only[i].abi->name);
	}
	return true;
}

static bool names_exist(struct resolve *resolve)
{
	const struct cg_policy *policy = resolve->policy;

	for (size_t i = 0; i < policy->group_count; i++) {
		const struct group *group = &policy->groups[i];
		bool by_number = group->only_count || policy->abi_count == 1;

		if (!check_only(resolve, group))
			return false;
		for (size_t j = 0; j < group->count; j++) {
			const struct entry *entry = &group->entries[j];

			if (!entry->call && !by_number)
				return fail_at(resolve->err, CG_E_MEANING,
					       entry->place,
					       "a number is another call on "
					       "each architecture: say which "
					       "one this group is for, such as "
					       "architectures: [%s]",
					       policy->abis[0]->name);
			if (entry->call && !name_exists(resolve, group, entry))
				return false;
		}
	}
	return true;
}

static bool resolve_foreign(struct resolve *resolve, struct resolved *resolved)
{
	struct cg_policy *policy = resolve->policy;

	const struct action *action = policy->foreign == FOREIGN_ELASTIC
					      ? &policy->default_action
					      : &policy->foreign_action;

	resolved->foreign = CG_RET_KILL_PROCESS;
	return policy->foreign == FOREIGN_DEFAULT ||
	       action_on(action, policy->abis[0], &resolved->foreign,
			 resolve->err);
}

bool policy_resolve(struct cg_policy *policy, struct cg_error *err)
{
	struct resolve resolve = { .policy = policy,
				   .arena = &policy->arena,
				   .err = err };
	struct resolved *resolved;

	resolved = arena_array(&policy->arena, struct resolved, 1);
	if (!resolved)
		return fail_nomem(err);
	resolved->count = policy->abi_count;
	resolved->big_endian = policy->abis[0]->big_endian;
	resolved->abis = arena_array(&policy->arena, struct resolved_abi,
				     policy->abi_count);
	if (!resolved->abis)
		return fail_nomem(err);
	if (!names_exist(&resolve))
		return false;
	for (size_t i = 0; i < policy->abi_count; i++) {
		resolve.abi = &resolved->abis[i];
		resolve.abi->abi = policy->abis[i];
		resolve.neighbour = covered_neighbour(policy, policy->abis[i]);
		resolve.is_main = i == 0;
		resolve.order = 0;
		resolve.span_count = 0;
		if (!resolve_abi(&resolve))
			return false;
	}
	if (!resolve_foreign(&resolve, resolved))
		return false;
	if (!resolved_regions(resolved, &policy->arena,
			      policy->foreign == FOREIGN_ELASTIC))
		return fail_nomem(err);
	policy->resolved = resolved;
	return true;
}
