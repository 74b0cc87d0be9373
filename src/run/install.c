#include "run/install.h"

#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bpf/image.h"
#include "run/fprog.h"
#include "run/listener.h"
#include "run/plan.h"
#include "sys/kernel.h"
#include "sys/task.h"

enum {
	GUARD_MAX = 8 * PLAN_GUARD_EACH + 1,
	EXIT_FAILED = 125,
};

struct install {
	struct inject inject;
	const struct cg_run_options *options;
	struct task before;
	unsigned loaded; /* filters put in by us */
	int agent;       /* who is to have the listener, or -1 */
	int listener;    /* its number in the command, or -1 */
};

static bool
fail_call(const struct install *install, int64_t result, struct cg_error *err)
{
	int number = result < 0 ? (int)-result : 0;

	if (number == ENOMEM)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "the filter does not fit beside those that "
				  "are in force already");
	if (number == EBUSY)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "a filter that is in force already has a "
				  "listener, and there can be one alone");
	if (number == EACCES)
		return fail_errno(err, CG_E_SYSTEM, number,
				  "keeping privileges needs CAP_SYS_ADMIN");
	return kernel_refused(number, install->options->flags, &install->before,
			      err);
}

/* Hand the image, a struct sock_fprog and its instructions, to seccomp(2). */
static bool
load_at(struct install *install, uint64_t address, struct cg_error *err)
{
	const struct door_in *door = install->inject.door;
	const uint32_t listener = install->agent < 0 ? 0 : CG_FLAG_NEW_LISTENER;
	const uint64_t args[6] = { SECCOMP_SET_MODE_FILTER,
				   install->options->flags | listener,
				   address };
	int64_t result;

	if (!inject_call(&install->inject, door->seccomp, args, &result, err))
		return false;
	if (result < 0 || (result > 0 && !listener) || result > INT_MAX)
		return fail_call(install, result, err);
	install->loaded++;
	if (listener)
		install->listener = (int)result;
	return true;
}

static bool
load_image(struct install *install, unsigned char *image, unsigned char *old,
	   size_t size, size_t count, struct cg_error *err)
{
	pid_t process = install->inject.process;
	uint64_t address;
	bool ok;

	if (!fprog_room(&install->inject.saved, size, &address, err))
		return false;
	if (!memory_read(process, address, old, size))
		return fail(err, CG_E_SYSTEM,
			    "the filter needs %zu bytes below the stack of the "
			    "command, and the limit on its stack is too low",
			    size);
	fprog_write(install->inject.door, count, address + FPROG_SIZE, image);
	if (!memory_write(process, address, image, size))
		return fail(err, CG_E_SYSTEM,
			    "the stack of the command cannot be written");
	ok = load_at(install, address, err);
	if (!ok)
		return false;
	if (!memory_write(process, address, old, size))
		return fail(err, CG_E_SYSTEM,
			    "the stack of the command cannot be restored");
	return true;
}

static bool load_insns(struct install *install, const struct cg_insn *insns,
		       size_t count, struct cg_error *err)
{
	size_t size = FPROG_SIZE + count * INSN_SIZE;
	unsigned char *image = calloc(2, size);
	bool ok;

	if (!image)
		return fail_nomem(err);
	image_write(insns, count, cg_abi_native()->big_endian,
		    image + FPROG_SIZE);
	ok = load_image(install, image, image + size, size, count, err);
	free(image);
	return ok;
}

/* The tracer answers for errno; what might answer before it stays out. */
static bool load_traced(struct install *install, const struct cg_insn *insns,
			size_t count, struct cg_error *err)
{
	struct cg_insn guard[GUARD_MAX];
	struct cg_insn *copy;
	size_t doors;
	const struct door_in *door = machine_doors(&doors);
	bool ok;

	copy = calloc(count, sizeof(*copy));
	if (!copy)
		return fail_nomem(err);
	plan_trace_errnos(insns, count, copy);
	ok = load_insns(install, guard,
			plan_guard(door, doors, cg_abi_native()->big_endian,
				   guard),
			err) &&
	     load_insns(install, copy, count, err);
	free(copy);
	return ok;
}

/* A second one is to come, by the same door. */
static bool load_first(struct install *install, const struct cg_insn *insns,
		       size_t count, struct cg_error *err)
{
	struct cg_insn *both = calloc(PLAN_DOOR + count, sizeof(*both));
	bool ok;

	if (!both)
		return fail_nomem(err);
	plan_door(install->inject.door,
		  install->options->flags | SECCOMP_FILTER_FLAG_TSYNC,
		  cg_abi_native()->big_endian, both);
	memcpy(both + PLAN_DOOR, insns, count * sizeof(*both));
	ok = PLAN_DOOR + count <= CG_PROGRAM_MAX
		     ? load_insns(install, both, PLAN_DOOR + count, err)
		     : fail(err, CG_E_TOOLONG,
			    "the first filter has %zu instructions, %d fewer "
			    "would do",
			    count, (int)(PLAN_DOOR + count - CG_PROGRAM_MAX));
	free(both);
	return ok;
}

static bool give_up_privileges(struct install *install, struct cg_error *err)
{
	const uint64_t args[6] = { PR_SET_NO_NEW_PRIVS, 1 };
	int64_t result;

	if (install->options->keep_privileges ||
	    install->before.no_new_privs == 1)
		return true;
	if (!inject_call(&install->inject, install->inject.door->prctl, args,
			 &result, err))
		return false;
	if (result != 0)
		return fail_errno(err,
				  result == -EINVAL ? CG_E_UNSUPPORTED
						    : CG_E_BLOCKED,
				  (int)-result,
				  "no_new_privs cannot be set in the command");
	return true;
}

/*
 * An outer filter can answer 0 to seccomp(2) and load nothing. Where /proc
 * cannot be read there is no second witness, as with cg_load.
 */
static bool verify(const struct install *install, struct cg_error *err)
{
	struct task after;

	if (!task_read(install->inject.process, &after))
		return true;
	if (after.seccomp == 2 &&
	    (after.filters < 0 ||
	     after.filters >= install->before.filters + (int)install->loaded))
		return true;
	return fail(err, CG_E_BLOCKED,
		    "the call to load the filter was answered, but not by the "
		    "kernel: the filter is not in force");
}

/* The program for the ABI that the command has; native ones are there. */
static bool
choose_program(const struct install *install, struct cg_program **native,
	       const struct cg_abi *native_abi, struct installed *out,
	       struct cg_error *err)
{
	const char *name = install->inject.door->name;
	const struct cg_abi *abi = cg_abi_by_name(name);

	if (!abi)
		return fail(err, CG_E_UNSUPPORTED,
			    "the command is of the ABI "
			    "%s, which is not known",
			    name);
	out->abi = abi;
	if (*native && abi == native_abi) {
		out->program = *native;
		*native = NULL;
		return true;
	}
	*err = (struct cg_error){ 0 };
	return install->options->program_for(install->options->context, abi,
					     &out->program, err) == CG_OK;
}

static bool load(struct install *install, const struct cg_program *program,
		 struct cg_error *err)
{
	size_t count;
	const struct cg_insn *insns = cg_program_insns(program, &count);

	if (cg_program_big_endian(program) != cg_abi_native()->big_endian)
		return fail(err, CG_E_INPUT,
			    "the filter is for a kernel of the other byte "
			    "order");
	if (install->options->after)
		return load_first(install, insns, count, err);
	if (install->options->explain == CG_EXPLAIN_ALL)
		return load_traced(install, insns, count, err);
	return load_insns(install, insns, count, err);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Nothing is loaded before the agent is there. */
static bool find_agent(struct install *install, struct cg_error *err)
{
	return !install->options->agent ||
	       listener_connect(install->options->agent, &install->agent, err);
}

static bool serve_agent(struct install *install,
			const struct cg_program *program, struct cg_error *err)
{
	return install->agent < 0 ||
	       listener_hand_over(&install->inject, install->listener, program,
				  install->agent, err);
}

bool install(pid_t process, const struct cg_run_options *options,
	     struct cg_program *native, const struct cg_abi *native_abi,
	     struct installed *out, struct cg_error *err)
{
	struct install install = { .options = options,
				   .agent = -1,
				   .listener = -1 };
	struct installed got = { 0 };
	bool ok;

	task_read(process, &install.before);
	ok = inject_begin(&install.inject, process, install.before.ignored,
			  err) &&
	     choose_program(&install, &native, native_abi, &got, err) &&
	     find_agent(&install, err) && give_up_privileges(&install, err) &&
	     load(&install, got.program, err) && verify(&install, err) &&
	     serve_agent(&install, got.program, err) &&
	     inject_end(&install.inject, err);
	cg_program_free(native);
	if (ok) {
		*out = got;
	} else {
		cg_program_free(got.program);
		inject_exit(&install.inject, EXIT_FAILED);
	}
	close_if_open(install.agent);
	close_if_open(install.inject.listener);
	return ok;
}
