/* Loading and attaching what counts in the kernel. */
#include "record/ebpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/interest.h"
#include "sys/bpf_lib.h"
#include "sys/file.h"
#include "sys/task.h"
#include "trace/names.h"

extern const unsigned char recorder_object[];
extern const size_t recorder_object_size;

bool ebpf_fail(struct cg_error *err, const char *why)
{
	return fail(err, CG_E_UNSUPPORTED, "eBPF cannot be used: %s", why);
}

static bool confidential(void)
{
	char text[128];

	return file_peek(AT_FDCWD, "/sys/kernel/security/lockdown", text,
			 sizeof(text)) > 0 &&
	       strstr(text, "[confidentiality]");
}

/* Why the kernel did not take the programs. */
static bool fail_load(int number, struct cg_error *err)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return ebpf_fail(err, "this kernel does not tell its types "
				      "(/sys/kernel/btf/vmlinux, "
				      "CONFIG_DEBUG_INFO_BTF)");
	if ((number == EPERM || number == EACCES) && confidential())
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "eBPF cannot be used: the kernel is locked "
				  "down (confidentiality)");
	if (number == EPERM || number == EACCES)
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "eBPF cannot be used without privilege: it "
				  "takes root, or CAP_BPF and CAP_PERFMON; "
				  "--backend filter needs none");
	return fail_errno(err, CG_E_UNSUPPORTED, number,
			  "this kernel does not take the recorder's eBPF "
			  "programs");
}

static size_t thread_limit(void)
{
	char text[32];

	if (file_peek(AT_FDCWD, "/proc/sys/kernel/pid_max", text,
		      sizeof(text)) <= 0)
		return 4 << 20;
	return strtoul(text, NULL, 10);
}

/* What that door of this machine calls `name`, without its base; -1: none. */
static int
number_of(const struct cg_recorder *recorder, unsigned door, const char *name)
{
	const struct cg_abi *abi = recorder->doors.abi[door];
	uint32_t nr;

	if (!abi || !cg_syscall_number(cg_syscall_by_name(name), abi, &nr))
		return -1;
	return (int)(nr - abi->nr_base);
}

/* The calls that do not return, or not as what they were. */
static void configure_numbers(const struct cg_recorder *recorder,
			      struct side_config *config)
{
	static const char *const forks[] = { "clone", "clone3", "fork",
					     "vfork" };
	static const struct {
		unsigned door;
		const char *name;
	} returns[HANDLERS] = {
		[HANDLER_NONE] = { DOOR_NATIVE, "rt_sigreturn" },
		[HANDLER_NATIVE] = { DOOR_NATIVE, "rt_sigreturn" },
		[HANDLER_COMPAT] = { DOOR_COMPAT, "sigreturn" },
		[HANDLER_COMPAT_INFO] = { DOOR_COMPAT, "rt_sigreturn" },
		[HANDLER_X32] = { DOOR_X32, "rt_sigreturn" },
	};

	for (unsigned door = 0; door < SIDE_DOORS; door++) {
		config->exec_nr[door][0] = number_of(recorder, door, "execve");
		config->exec_nr[door][1] =
			number_of(recorder, door, "execveat");
		config->end_nr[door][0] = number_of(recorder, door, "exit");
		config->end_nr[door][1] =
			number_of(recorder, door, "exit_group");
		for (unsigned i = 0; i < 4; i++)
			config->fork_nr[door][i] =
				number_of(recorder, door, forks[i]);
	}
	for (unsigned i = 0; i < HANDLERS; i++) {
		config->return_door[i] = (int)returns[i].door;
		config->return_nr[i] =
			number_of(recorder, returns[i].door, returns[i].name);
	}
}

static void
configure_moment(const struct cg_recorder *recorder, struct side_config *config)
{
	config->moment_call = recorder->moment.kind == MOMENT_CALL;
	config->moment_ready = recorder->moment.kind == MOMENT_READY;
	for (unsigned door = 0; door < SIDE_DOORS; door++) {
		config->moment_nr[door] = -1;
		if (config->moment_call)
			config->moment_nr[door] = number_of(
				recorder, door, recorder->moment.call->name);
	}
}

/* As struct side_config has them, from bits. */
static unsigned char two_arguments(unsigned bits)
{
	unsigned packed = 0, shift = 0;

	for (unsigned i = 0; i < SIDE_ARGUMENTS && shift < 8; i++)
		if (bits & 1u << i) {
			packed |= (i + 1) << shift;
			shift += 4;
		}
	return (unsigned char)packed;
}

static void
configure_values(const struct cg_recorder *recorder, struct side_config *config)
{
	config->values = !recorder->options.no_values;
	for (unsigned i = 0; i < SIDE_DOORS * SIDE_NUMBERS; i++) {
		const struct cg_abi *abi =
			recorder->doors.abi[i / SIDE_NUMBERS];

		if (abi)
			config->wanted[i] = two_arguments(interest_arguments(
				abi, abi->nr_base + i % SIDE_NUMBERS));
	}
}

/* Of "pid:[4026532000]"; 0 of none. */
static unsigned namespace_number(const char *name)
{
	const char *at = name ? strchr(name, '[') : NULL;

	return at ? (unsigned)strtoul(at + 1, NULL, 10) : 0;
}

static void
configure(const struct cg_recorder *recorder, const struct ebpf *ebpf,
	  uint64_t cgroup, int hierarchy, struct side_config *config)
{
	struct task self;

	memset(config, 0, sizeof(*config));
	config->errors = recorder->options.errors;
	config->time = recorder->options.time;
	config->stacks = recorder->options.stacks;
	config->at_exit = ebpf->at_exit;
	config->runtime = recorder->options.with_runtime;
	config->by_mount = recorder->target.by_mount;
	config->base_mount = (unsigned)own_namespace("mnt");
	config->base_filters =
		task_read(0, &self) && self.filters > 0 ? self.filters : 0;
	config->nr_sendto =
		(unsigned)number_of(recorder, DOOR_NATIVE, "sendto");
	config->nr_sendmsg =
		(unsigned)number_of(recorder, DOOR_NATIVE, "sendmsg");
	config->cgroup = cgroup;
	config->hierarchy = hierarchy;
	config->process = recorder->target.pid;
	config->namespace = namespace_number(recorder->target.namespace);
	configure_numbers(recorder, config);
	configure_moment(recorder, config);
	configure_values(recorder, config);
}

/* ------------------------------------------------------------- loading -- */

static bool always(const struct cg_recorder *recorder)
{
	(void)recorder;
	return true;
}

/*
 * One tracepoint is half of what two cost. That a call returns tells all of it
 * but when it began, and where, if its stack is that of a thread that ends.
 */
static bool counts_at_exit(const struct cg_recorder *recorder)
{
	return !recorder->options.time && !recorder->options.stacks;
}

static bool counts_at_enter(const struct cg_recorder *recorder)
{
	return !counts_at_exit(recorder);
}

static bool wants_exit(const struct cg_recorder *recorder)
{
	return counts_at_exit(recorder) || recorder->options.errors ||
	       recorder->options.time || recorder->moment.kind == MOMENT_CALL;
}

static bool wants_moves(const struct cg_recorder *recorder)
{
	return recorder->target.cgroup != NULL;
}

static bool wants_symbol(const struct cg_recorder *recorder)
{
	return recorder->moment.kind == MOMENT_SYMBOL;
}

/* Those who follow threads come before those who count. */
static const struct {
	const char *name;
	bool (*wanted)(const struct cg_recorder *recorder);
} programs[EBPF_PROGRAMS] = {
	{ "on_fork", always },           { "on_rename", counts_at_exit },
	{ "on_exec", always },           { "on_thread_exit", always },
	{ "on_move", wants_moves },      { "on_deliver", counts_at_exit },
	{ "on_flight", counts_at_exit }, { "on_exit", wants_exit },
	{ "on_symbol", wants_symbol },   { "on_enter", counts_at_enter },
};

const char *ebpf_counter(const struct ebpf *ebpf)
{
	return ebpf->at_exit ? "on_exit" : "on_enter";
}

struct bpf_link *ebpf_link(const struct ebpf *ebpf, const char *program)
{
	for (size_t i = 0; i < EBPF_PROGRAMS; i++)
		if (strcmp(programs[i].name, program) == 0)
			return ebpf->links[i];
	return NULL;
}

static void *map_shared(const struct ebpf *ebpf, const char *name, size_t size)
{
	struct bpf_map *map =
		ebpf->lib->bpf_object__find_map_by_name(ebpf->object, name);
	void *at;

	size = (size + EBPF_PAGE - 1) / EBPF_PAGE * EBPF_PAGE;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		  ebpf->lib->bpf_map__fd(map), 0);
	return at == MAP_FAILED ? NULL : at;
}

static bool open_object(struct cg_recorder *recorder, struct ebpf *ebpf,
			struct cg_error *err)
{
	const struct bpf_object_open_opts open = { .sz = sizeof(open),
						   .object_name = "callgate" };
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_map *map;
	uint64_t cgroup = 0;
	int hierarchy = 0;
	size_t size;

	if (recorder->target.cgroup &&
	    !cgroup_identify(recorder->target.cgroup, &cgroup, &hierarchy, err))
		return false;
	ebpf->object = lib->bpf_object__open_mem(recorder_object,
						 recorder_object_size, &open);
	if (!ebpf->object)
		return ebpf_fail(err, "the programs cannot be read");
	ebpf->at_exit = counts_at_exit(recorder);
	for (size_t i = 0; i < EBPF_PROGRAMS; i++)
		lib->bpf_program__set_autoload(
			lib->bpf_object__find_program_by_name(ebpf->object,
							      programs[i].name),
			programs[i].wanted(recorder));
	map = lib->bpf_object__find_map_by_name(ebpf->object, ".rodata");
	configure(recorder, ebpf, cgroup, hierarchy,
		  lib->bpf_map__initial_value(map, &size));
	map = lib->bpf_object__find_map_by_name(ebpf->object, "threads");
	if (!recorder->options.stacks)
		lib->bpf_map__set_max_entries(lib->bpf_object__find_map_by_name(
						      ebpf->object, "firsts"),
					      EBPF_PAGE);
	ebpf->thread_count = (thread_limit() / SIDE_THREADS + 1) * SIDE_THREADS;
	lib->bpf_map__set_max_entries(
		map, (uint32_t)(ebpf->thread_count / SIDE_THREADS));
	return true;
}

static int on_first(void *context, void *data, size_t size)
{
	struct cg_recorder *recorder = context;
	const struct ebpf *ebpf = recorder->own;
	const struct side_first *first = data;
	struct tally_stack *stack;

	if (size < sizeof(*first))
		return 0;
	stack = tally_stack(recorder->tally, first->cell);
	if (stack &&
	    namer_stack(ebpf->namer, first->process,
			(const uint64_t *)first->addresses, first->frames,
			stack->text, sizeof(stack->text)))
		stack->cell = first->cell + 1;
	return 0;
}

bool ebpf_load(struct cg_recorder *recorder, struct ebpf *ebpf,
	       struct cg_error *err)
{
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_map *map;
	int number;

	if (!open_object(recorder, ebpf, err))
		return false;
	number = lib->bpf_object__load(ebpf->object);
	if (number != 0)
		return fail_load(-number, err);
	ebpf->cpus = (unsigned)lib->libbpf_num_possible_cpus();
	ebpf->each =
		calloc((size_t)SIDE_CELLS * ebpf->cpus, sizeof(*ebpf->each));
	ebpf->slots =
		calloc((size_t)SIDE_SLOTS * ebpf->cpus, sizeof(*ebpf->slots));
	ebpf->keys = calloc(SIDE_CELLS, sizeof(*ebpf->keys));
	ebpf->threads = map_shared(ebpf, "threads",
				   ebpf->thread_count * sizeof(*ebpf->threads));
	ebpf->shared = map_shared(ebpf, ".bss", sizeof(*ebpf->shared));
	if (!ebpf->each || !ebpf->slots || !ebpf->keys || !ebpf->threads ||
	    !ebpf->shared)
		return fail_nomem(err);
	map = lib->bpf_object__find_map_by_name(ebpf->object, "firsts");
	ebpf->ring = lib->ring_buffer__new(lib->bpf_map__fd(map), on_first,
					   recorder, NULL);
	if (recorder->options.stacks)
		ebpf->namer = namer_new();
	return (ebpf->ring && (ebpf->namer || !recorder->options.stacks)) ||
	       fail_nomem(err);
}

static bool attach_one(struct cg_recorder *recorder, struct ebpf *ebpf,
		       size_t index, struct cg_error *err)
{
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_program *program = lib->bpf_object__find_program_by_name(
		ebpf->object, programs[index].name);
	const struct bpf_uprobe_opts at = { .sz = sizeof(at),
					    .func_name =
						    recorder->moment.symbol };

	if (!programs[index].wanted(recorder))
		return true;
	if (programs[index].wanted == wants_symbol) {
		ebpf->links[index] = lib->bpf_program__attach_uprobe_opts(
			program, -1, recorder->moment.file, 0, &at);
		if (!ebpf->links[index])
			return fail_errno(err, CG_E_INPUT, errno,
					  "%s has no function '%s' that can "
					  "be watched for",
					  recorder->moment.file,
					  recorder->moment.symbol);
		return true;
	}
	ebpf->links[index] = lib->bpf_program__attach(program);
	if (!ebpf->links[index])
		return fail_load(errno, err);
	return true;
}

bool ebpf_attach(struct cg_recorder *recorder, struct ebpf *ebpf,
		 struct cg_error *err)
{
	for (size_t i = 0; i < EBPF_PROGRAMS; i++)
		if (!attach_one(recorder, ebpf, i, err))
			return false;
	return true;
}

void ebpf_unload(struct ebpf *ebpf)
{
	for (size_t i = EBPF_PROGRAMS; i-- > 0;)
		if (ebpf->links[i])
			ebpf->lib->bpf_link__destroy(ebpf->links[i]);
	if (ebpf->ring)
		ebpf->lib->ring_buffer__free(ebpf->ring);
	if (ebpf->object)
		ebpf->lib->bpf_object__close(ebpf->object);
	if (ebpf->threads)
		munmap(ebpf->threads,
		       ebpf->thread_count * sizeof(*ebpf->threads));
	if (ebpf->shared)
		munmap(ebpf->shared, EBPF_PAGE);
	namer_free(ebpf->namer);
	free(ebpf->each);
	free(ebpf->slots);
	free(ebpf->keys);
}
