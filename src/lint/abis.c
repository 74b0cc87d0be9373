/* Checks of the other ways into the kernel: ABIs and multiplexers. */
#include <string.h>

#include "abi/doors.h"
#include "lint/lint.h"
#include "prove/permit.h"

/* ---------------------------------------------------------- other ABIs -- */

/* How a guest's calls compare with the native ones of the same name. */
struct guest {
	const struct cg_abi *abi;
	size_t calls, always, killed;
	struct names open; /* refused natively, and let through here */
	const char *first; /* of these */
};

static bool is_kill(uint32_t answer)
{
	answer &= CG_RET_ACTION;
	return answer == CG_RET_KILL_PROCESS || answer == CG_RET_KILL_THREAD;
}

/* Numbers that no kernel answers are no way in. */
static bool is_obsolete(const struct cg_syscall *call)
{
	const struct cg_group *group = cg_group_by_name("@obsolete");

	for (size_t i = 0; group && group->names[i]; i++)
		if (strcmp(group->names[i], call->name) == 0)
			return true;
	return false;
}

static void compare_call(const struct lint *lint, struct guest *guest,
			 const struct cg_syscall *call)
{
	enum state here = lint_state(lint, guest->abi, call);
	enum state native = lint_state(lint, lint->native, call);
	struct cg_call example;

	if (here == ABSENT)
		return;
	guest->calls++;
	guest->always += here == ALWAYS;
	guest->killed += here == NEVER &&
			 is_kill(lint_example(lint, guest->abi, call->name,
					      false, &example));
	if (native == ABSENT || native >= here || is_obsolete(call))
		return;
	names_add(&guest->open, call->name);
	if (!guest->first)
		guest->first = call->name;
}

/* Whether the native ABI is filtered at all. */
static bool refuses_any(const struct lint *lint)
{
	const struct cg_syscall *call;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		enum state state = lint_state(lint, lint->native, call);

		if (state == NEVER || state == PARTLY)
			return true;
	}
	return false;
}

static const char *door_of(const struct cg_abi *abi)
{
	return abi->nr_first ? ", by a bit in the number, where the kernel "
			       "was built for it"
			     : "";
}

static bool check_guest(struct lint *lint, struct guest *guest)
{
	/* Few kernels serve x32. */
	enum cg_severity severity =
		guest->abi->nr_first ? CG_WARNING : CG_ERROR;
	struct cg_call example;

	if (guest->calls && guest->killed == guest->calls &&
	    !guest->abi->nr_first)
		return lint_find(lint, "abi-killed", CG_NOTE, guest->abi, NULL,
				 "%s programs are killed at their first call",
				 guest->abi->name);
	if (!guest->first)
		return true;
	lint_example(lint, guest->abi, guest->first, true, &example);
	if (guest->always == guest->calls)
		return lint_find(lint, "other-abi", severity, guest->abi,
				 &example,
				 "%s is not filtered at all: any process can "
				 "make its calls%s, among them %s",
				 guest->abi->name, door_of(guest->abi),
				 names_done(&guest->open));
	return lint_find(lint, "other-abi", severity, guest->abi, &example,
			 "%s lets through what %s refuses%s: %s",
			 guest->abi->name, lint->native->name,
			 door_of(guest->abi), names_done(&guest->open));
}

static bool check_guests(struct lint *lint)
{
	const struct cg_syscall *call;

	if (!refuses_any(lint))
		return true;
	for (size_t i = 0; i < lint->guest_count; i++) {
		struct guest guest = { .abi = lint->guests[i] };

		for (size_t j = 0; (call = cg_syscall_get(j)); j++)
			compare_call(lint, &guest, call);
		if (!check_guest(lint, &guest))
			return false;
	}
	return true;
}

/* --------------------------------------------------------- multiplexers -- */

/* What can be done through a multiplexer of an ABI, and else could not. */
struct doors {
	const struct cg_abi *abi;
	const struct cg_syscall *through;
	struct names whole, part; /* refused; refused under conditions */
	struct cg_call example;
};

static bool is_open(struct lint *lint, const struct cg_abi *abi,
		    const struct door *door, struct cg_call *example)
{
	dd permit = permit_fix(lint->all, lint_permit(lint, abi, door->nr),
			       WORD_ARGS + 1, door->value);

	*example = (struct cg_call){ .nr = door->nr, .arch = abi->audit_arch };
	example->args[0] = door->value;
	if (permit == DD_FALSE)
		return false;
	permit_example(lint->all, permit, true, example);
	return true;
}

/*
 * The stricter of what the ABI itself and the native one say of a call. That a
 * call is answered as if it did not exist has libc take the multiplexer.
 */
static enum state meant(const struct lint *lint, const struct cg_abi *abi,
			const struct cg_syscall *call)
{
	enum state here = lint_state(lint, abi, call);
	enum state native = lint_state(lint, lint->native, call);
	struct cg_call example;

	if (here == NEVER &&
	    lint_is_enosys(abi, lint_example(lint, abi, call->name, false,
					     &example)))
		return native;
	if (here == ABSENT || (native != ABSENT && native < here))
		return native;
	return here;
}

static void look_through(struct lint *lint, struct doors *doors,
			 const struct cg_syscall *call)
{
	enum state state = meant(lint, doors->abi, call);
	struct door found[DOORS_MAX];
	struct cg_call example;
	size_t count;

	if (state != NEVER && state != PARTLY)
		return;
	count = abi_doors(call, doors->abi, found);
	for (size_t i = 0; i < count; i++) {
		if (found[i].through != doors->through ||
		    !is_open(lint, doors->abi, &found[i], &example))
			continue;
		if (!doors->whole.count && !doors->part.count)
			doors->example = example;
		names_add(state == NEVER ? &doors->whole : &doors->part,
			  call->name);
		return;
	}
}

static bool
check_door(struct lint *lint, const struct cg_abi *abi, const char *name)
{
	struct doors doors = { .abi = abi,
			       .through = cg_syscall_by_name(name) };
	const struct cg_syscall *call;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++)
		look_through(lint, &doors, call);
	if (doors.whole.count &&
	    !lint_find(lint, "multiplexer", CG_ERROR, abi, &doors.example,
		       "%s makes calls that are refused: %s", name,
		       names_done(&doors.whole)))
		return false;
	return !doors.part.count ||
	       lint_find(lint, "multiplexer", CG_WARNING, abi, &doors.example,
			 "%s gets round the conditions on %s: it keeps their "
			 "arguments behind a pointer",
			 name, names_done(&doors.part));
}

/* Whether everything is let through: then that was said, and is enough. */
static bool is_wide_open(const struct lint *lint, const struct cg_abi *abi)
{
	const struct cg_syscall *call;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		enum state state = lint_state(lint, abi, call);

		if (state == NEVER || state == PARTLY)
			return false;
	}
	return true;
}

static bool check_doors(struct lint *lint, const struct cg_abi *abi)
{
	static const char *const names[] = { "socketcall", "ipc" };

	if (is_wide_open(lint, abi))
		return true;
	for (size_t i = 0; i < 2; i++)
		if (lint_state_named(lint, abi, names[i]) > NEVER &&
		    !check_door(lint, abi, names[i]))
			return false;
	return true;
}

bool lint_abis(struct lint *lint)
{
	if (!check_guests(lint) || !check_doors(lint, lint->native))
		return false;
	for (size_t i = 0; i < lint->guest_count; i++)
		if (!check_doors(lint, lint->guests[i]))
			return false;
	return true;
}
