#include "record/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/kin.h"

static bool wanted(const struct draft *draft, const struct recorded *call)
{
	return draft->phases >> call->phase & 1;
}

/* Native ABIs come first: the policy is written for the first one. */
static bool add_abi(struct draft *draft, const struct cg_abi *abi)
{
	size_t at = draft->abi_count;

	for (size_t i = 0; i < draft->abi_count; i++)
		if (draft->abis[i] == abi)
			return true;
	if (at == sizeof(draft->abis) / sizeof(draft->abis[0]))
		return false;
	draft->abis[draft->abi_count++] = abi;
	if (!abi->native && at) {
		draft->abis[at] = draft->abis[0];
		draft->abis[0] = abi;
	}
	return true;
}

static struct draft_call *
draft_find(const struct draft *draft, const struct cg_syscall *call)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->calls[i].call == call)
			return &draft->calls[i];
	return NULL;
}

static bool exists(const struct draft *draft, const struct cg_syscall *call)
{
	uint32_t nr;

	for (size_t i = 0; i < draft->abi_count; i++)
		if (cg_syscall_number(call, draft->abis[i], &nr))
			return true;
	return false;
}

static bool add(struct draft *draft, const struct cg_syscall *call,
		enum draft_cause cause, const char *kin)
{
	struct draft_call *grown;

	grown = arena_grow(draft->arena, draft->calls, &draft->room,
			   draft->count + 1, sizeof(*grown));
	if (!grown)
		return false;
	draft->calls = grown;
	grown[draft->count++] = (struct draft_call){ call, cause, kin, NULL };
	draft->seen += cause == DRAFT_SEEN;
	return true;
}

/* The kernel never had it: each time it was called, the answer was ENOSYS. */
static bool
never_there(const struct draft *draft, const struct cg_syscall *call)
{
	const struct cg_recording *recording = draft->recording;

	for (size_t i = 0; i < recording->count; i++) {
		const struct recorded *row = recording->calls[i];
		const struct failures *failures = &row->failures;

		if (!wanted(draft, row) ||
		    cg_syscall_at(row->abi, row->nr) != call)
			continue;
		if (failures->count != 1 || failures->at[0].number != ENOSYS ||
		    failures->at[0].count < row->count)
			return false;
	}
	return true;
}

static bool add_recorded(struct draft *draft, struct cg_error *err)
{
	const struct cg_recording *recording = draft->recording;

	for (size_t i = 0; i < recording->count; i++) {
		const struct recorded *row = recording->calls[i];
		const struct cg_syscall *call =
			cg_syscall_at(row->abi, row->nr);

		if (!wanted(draft, row) || !row->count)
			continue;
		if (!add_abi(draft, row->abi))
			return fail(err, CG_E_INPUT,
				    "the recording is of more than %zu "
				    "architectures",
				    draft->abi_count);
		draft->nameless += !call;
		if (!call || draft_find(draft, call))
			continue;
		if (!add(draft, call,
			 never_there(draft, call) ? DRAFT_MISSING : DRAFT_SEEN,
			 NULL))
			return fail_nomem(err);
	}
	return true;
}

static bool add_named(struct draft *draft, const char *name,
		      enum draft_cause cause, const char *kin)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);

	if (!call || !exists(draft, call) || draft_find(draft, call))
		return true;
	return add(draft, call, cause, kin);
}

static bool add_needs(struct draft *draft)
{
	for (size_t i = 0; kin_needs[i]; i++)
		if (!add_named(draft, kin_needs[i], DRAFT_NEED, NULL))
			return false;
	return true;
}

/* The member of a family that was seen, or NULL. */
static const char *
seen_of(const struct draft *draft, const struct family *family)
{
	for (size_t i = 0; i < KIN_MAX && family->names[i]; i++) {
		const struct cg_syscall *call =
			cg_syscall_by_name(family->names[i]);
		const struct draft_call *found =
			call ? draft_find(draft, call) : NULL;

		if (found && found->cause == DRAFT_SEEN)
			return call->name;
	}
	return NULL;
}

/* Calls that were not seen, and may still be allowed. */
static size_t room_left(const struct draft *draft)
{
	size_t most = draft->seen + draft->seen * draft->slack / 100;
	size_t allowed = 0;

	for (size_t i = 0; i < draft->count; i++)
		allowed += draft->calls[i].cause <= DRAFT_KIN;
	return most > allowed ? most - allowed : 0;
}

/* Member by member of all families, so that each gets its commonest first. */
static bool add_kin(struct draft *draft)
{
	const struct family *family;
	size_t room = room_left(draft);

	for (size_t member = 0; member < KIN_MAX; member++)
		for (size_t i = 0; (family = kin_get(i)); i++) {
			const char *name = family->names[member];
			const char *seen = seen_of(draft, family);
			size_t before = draft->count;

			if (!name || !seen)
				continue;
			if (room == 0) {
				draft->left_out++;
				continue;
			}
			if (!add_named(draft, name, DRAFT_KIN, seen))
				return false;
			room -= draft->count - before;
		}
	return true;
}

static bool add_options(struct draft *draft)
{
	for (size_t i = 0; kin_optional[i]; i++)
		if (!add_named(draft, kin_optional[i], DRAFT_OPTION, NULL))
			return false;
	return true;
}

static int by_cause(const void *left, const void *right)
{
	const struct draft_call *a = left, *b = right;

	if (a->cause != b->cause)
		return a->cause < b->cause ? -1 : 1;
	return strcmp(a->call->name, b->call->name);
}

/* "6.12.3-debian" as CG_KERNEL; 0 if it does not begin so. */
static uint32_t read_kernel(const char *text)
{
	uint32_t part[2] = { 0, 0 };

	for (int i = 0; i < 2; i++) {
		if (*text < '0' || *text > '9')
			return 0;
		for (; *text >= '0' && *text <= '9'; text++) {
			part[i] = part[i] * 10 + (uint32_t)(*text - '0');
			if (part[i] > UINT16_MAX)
				return 0;
		}
		if (i == 0 && *text++ != '.')
			return 0;
	}
	return CG_KERNEL(part[0], part[1]);
}

/* What the oldest kernel did not have is missing, for libc to do without. */
static void choose_kernel(struct draft *draft)
{
	const struct tags *kernels = &draft->recording->tags[LABEL_KERNEL];

	for (size_t i = 0; i < kernels->count; i++) {
		uint32_t kernel = read_kernel(kernels->at[i].text);

		if (kernel && (!draft->kernel || kernel < draft->kernel))
			draft->kernel = kernel;
	}
	if (draft->kernel > cg_kernel_newest())
		draft->kernel = cg_kernel_newest();
}

static bool add_rules(struct draft *draft)
{
	bool nomem = false;

	for (size_t i = 0; i < draft->count && !nomem; i++)
		if (draft->calls[i].cause == DRAFT_SEEN)
			draft->calls[i].rule =
				draft_rule(draft, draft->calls[i].call, &nomem);
	return !nomem;
}

bool draft_make(struct draft *draft, struct cg_error *err)
{
	choose_kernel(draft);
	if (!add_recorded(draft, err))
		return false;
	if (draft->seen == 0)
		return fail(err, CG_E_INPUT,
			    "the recording has no calls in this phase, so "
			    "there is nothing to allow");
	if (!add_needs(draft) || !add_kin(draft) || !add_options(draft) ||
	    (!draft->no_arguments && !add_rules(draft)))
		return fail_nomem(err);
	qsort(draft->calls, draft->count, sizeof(*draft->calls), by_cause);
	return true;
}
