/*
 * The eBPF backend: the kernel counts, and this loads, attaches and reads.
 *
 * All of it hangs on file descriptors, so that the kernel takes it away when
 * this process ends, however that comes about.
 */
#include "record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/bpf_lib.h"
#include "record/interest.h"
#include "record/names.h"
#include "sys/file.h"
#include "sys/task.h"

extern const unsigned char recorder_object[];
extern const size_t recorder_object_size;

enum { PROGRAMS = 7, PAGE = 4096 };

struct ebpf {
	const struct bpf_lib *lib;
	struct bpf_object *object;
	struct bpf_link *links[PROGRAMS];
	unsigned char *states; /* of threads, by id */
	size_t state_count;
	struct side_shared *shared;
	struct ring_buffer *ring;
	struct namer *namer;     /* of stacks */
	struct side_count *each; /* a cell, for each CPU */
	unsigned cpus;
};

static bool fail_lib(struct cg_error *err, const char *why)
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
		return fail_lib(err, "this kernel does not tell its types "
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

/* Ids of threads are those of the first pid namespace. */
static bool in_first_namespace(void)
{
	const uint64_t first = 0xeffffffc; /* PROC_PID_INIT_INO */

	return own_namespace("pid") == first;
}

static size_t thread_limit(void)
{
	char text[32];

	if (file_peek(AT_FDCWD, "/proc/sys/kernel/pid_max", text,
		      sizeof(text)) <= 0)
		return 4 << 20;
	return strtoul(text, NULL, 10);
}

static uint32_t number_of(const char *name)
{
	uint32_t nr = UINT32_MAX;

	cg_syscall_number(cg_syscall_by_name(name), cg_abi_native(), &nr);
	return nr;
}

static void
configure_moment(const struct cg_recorder *recorder, struct side_config *config)
{
	config->moment_call = recorder->moment.kind == MOMENT_CALL;
	config->moment_ready = recorder->moment.kind == MOMENT_READY;
	for (unsigned door = 0; door < SIDE_DOORS; door++) {
		const struct cg_abi *abi = recorder->doors.abi[door];
		uint32_t nr;

		config->moment_nr[door] = -1;
		if (config->moment_call && abi &&
		    cg_syscall_number(recorder->moment.call, abi, &nr))
			config->moment_nr[door] = (int)(nr - abi->nr_base);
	}
}

static void
configure_values(const struct cg_recorder *recorder, struct side_config *config)
{
	config->values = !recorder->options.no_values;
	for (unsigned i = 0; i < SIDE_DOORS * SIDE_NUMBERS; i++) {
		const struct cg_abi *abi =
			recorder->doors.abi[i / SIDE_NUMBERS];

		if (abi)
			config->wanted[i] = (unsigned char)interest_arguments(
				abi, abi->nr_base + i % SIDE_NUMBERS);
	}
}

static void configure(const struct cg_recorder *recorder, uint64_t cgroup,
		      int hierarchy, struct side_config *config)
{
	const struct cg_abi *x32 = recorder->doors.abi[DOOR_X32];
	struct task self;

	memset(config, 0, sizeof(*config));
	config->errors = recorder->options.errors;
	config->time = recorder->options.time;
	config->stacks = recorder->options.stacks;
	config->runtime = recorder->options.with_runtime;
	config->by_mount = recorder->target.by_mount;
	config->base_mount = (unsigned)own_namespace("mnt");
	config->compat_status = 2; /* TS_COMPAT of x86 */
	config->x32_bit = x32 ? x32->nr_base : 0;
	task_read(0, &self);
	config->base_filters = self.filters > 0 ? self.filters : 0;
	config->nr_sendto = number_of("sendto");
	config->nr_sendmsg = number_of("sendmsg");
	config->cgroup = cgroup;
	config->hierarchy = hierarchy;
	configure_moment(recorder, config);
	configure_values(recorder, config);
}

/* ------------------------------------------------------------- loading -- */

static bool always(const struct cg_recorder *recorder)
{
	(void)recorder;
	return true;
}

static bool wants_exit(const struct cg_recorder *recorder)
{
	return recorder->options.errors || recorder->options.time ||
	       recorder->moment.kind == MOMENT_CALL;
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
} programs[PROGRAMS] = {
	{ "on_fork", always },        { "on_exec", always },
	{ "on_thread_exit", always }, { "on_move", wants_moves },
	{ "on_exit", wants_exit },    { "on_symbol", wants_symbol },
	{ "on_enter", always },
};

static void *map_shared(const struct ebpf *ebpf, const char *name, size_t size)
{
	struct bpf_map *map =
		ebpf->lib->bpf_object__find_map_by_name(ebpf->object, name);
	void *at;

	size = (size + PAGE - 1) / PAGE * PAGE;
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
		return fail_lib(err, "the programs cannot be read");
	for (size_t i = 0; i < PROGRAMS; i++)
		lib->bpf_program__set_autoload(
			lib->bpf_object__find_program_by_name(ebpf->object,
							      programs[i].name),
			programs[i].wanted(recorder));
	map = lib->bpf_object__find_map_by_name(ebpf->object, ".rodata");
	configure(recorder, cgroup, hierarchy,
		  lib->bpf_map__initial_value(map, &size));
	map = lib->bpf_object__find_map_by_name(ebpf->object, "threads");
	ebpf->state_count = (thread_limit() / SIDE_PAGE + 1) * SIDE_PAGE;
	lib->bpf_map__set_max_entries(
		map, (uint32_t)(ebpf->state_count / SIDE_PAGE));
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

static bool load_object(struct cg_recorder *recorder, struct ebpf *ebpf,
			struct cg_error *err)
{
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_map *map;
	int number;

	number = lib->bpf_object__load(ebpf->object);
	if (number != 0)
		return fail_load(-number, err);
	ebpf->cpus = (unsigned)lib->libbpf_num_possible_cpus();
	ebpf->each =
		calloc((size_t)SIDE_CELLS * ebpf->cpus, sizeof(*ebpf->each));
	ebpf->states = map_shared(ebpf, "threads", ebpf->state_count);
	ebpf->shared = map_shared(ebpf, ".bss", sizeof(*ebpf->shared));
	if (!ebpf->each || !ebpf->states || !ebpf->shared)
		return fail_nomem(err);
	if (!recorder->options.stacks)
		return true;
	ebpf->namer = namer_new();
	map = lib->bpf_object__find_map_by_name(ebpf->object, "firsts");
	ebpf->ring = lib->ring_buffer__new(lib->bpf_map__fd(map), on_first,
					   recorder, NULL);
	return (ebpf->namer && ebpf->ring) || fail_nomem(err);
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

static bool
attach(struct cg_recorder *recorder, struct ebpf *ebpf, struct cg_error *err)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (!attach_one(recorder, ebpf, i, err))
			return false;
	return true;
}

/* ------------------------------------------------------ who is recorded -- */

struct mark {
	struct ebpf *ebpf;
	bool fresh; /* a thread that was not known */
};

static bool mark_thread(void *context, pid_t thread)
{
	struct mark *mark = context;
	struct ebpf *ebpf = mark->ebpf;

	if ((size_t)thread < ebpf->state_count &&
	    ebpf->states[thread] == STATE_OTHER) {
		ebpf->states[thread] = STATE_RECORDED;
		__sync_fetch_and_add(&ebpf->shared->alive, 1);
		mark->fresh = true;
	}
	return true;
}

/*
 * A thread that is made by one which is not marked yet is not marked either:
 * look again until no new one is found.
 */
static bool
mark_all(struct cg_recorder *recorder, struct ebpf *ebpf, struct cg_error *err)
{
	struct mark mark = { ebpf, true };

	while (mark.fresh) {
		mark.fresh = false;
		if (!target_threads(&recorder->target, mark_thread, &mark, err))
			return false;
	}
	return true;
}

static bool begin_marks(struct cg_recorder *recorder, struct ebpf *ebpf,
			struct cg_error *err)
{
	pid_t child = recorder->child.pid;

	if (!child)
		return mark_all(recorder, ebpf, err);
	ebpf->states[child] =
		recorder->options.in_container ? STATE_RUNTIME : STATE_PENDING;
	ebpf->shared->alive = 1;
	return true;
}

static void ebpf_end(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	if (!ebpf)
		return;
	for (size_t i = PROGRAMS; i-- > 0;)
		if (ebpf->links[i])
			ebpf->lib->bpf_link__destroy(ebpf->links[i]);
	if (ebpf->ring)
		ebpf->lib->ring_buffer__free(ebpf->ring);
	if (ebpf->object)
		ebpf->lib->bpf_object__close(ebpf->object);
	if (ebpf->states)
		munmap(ebpf->states, ebpf->state_count);
	if (ebpf->shared)
		munmap(ebpf->shared, PAGE);
	namer_free(ebpf->namer);
	free(ebpf->each);
	free(ebpf);
	recorder->own = NULL;
}

static bool ebpf_begin(struct cg_recorder *recorder, struct cg_error *err)
{
	struct ebpf *ebpf = calloc(1, sizeof(*ebpf));
	const char *why = NULL;

	if (!ebpf)
		return fail_nomem(err);
	recorder->own = ebpf;
	ebpf->lib = bpf_lib(&why);
	if (!in_first_namespace())
		fail_lib(err, "it has to run in the first pid namespace, not "
			      "within a container");
	else if (ebpf->lib ? open_object(recorder, ebpf, err) &&
				     load_object(recorder, ebpf, err) &&
				     attach(recorder, ebpf, err) &&
				     begin_marks(recorder, ebpf, err)
			   : fail_lib(err, why))
		return true;
	ebpf_end(recorder);
	return false;
}

/* -------------------------------------------------------------- reading -- */

static int map_fd(const struct ebpf *ebpf, const char *name)
{
	return ebpf->lib->bpf_map__fd(
		ebpf->lib->bpf_object__find_map_by_name(ebpf->object, name));
}

/* All cells at once; kernels before 5.13 give them one by one. */
static bool read_cells(const struct ebpf *ebpf, struct cg_error *err)
{
	static uint32_t keys[SIDE_CELLS];
	uint32_t count = SIDE_CELLS, batch = 0;
	int fd = map_fd(ebpf, "counts");

	if (ebpf->lib->bpf_map_lookup_batch(fd, NULL, &batch, keys, ebpf->each,
					    &count, NULL) == 0 ||
	    errno == ENOENT)
		return true;
	for (uint32_t cell = 0; cell < SIDE_CELLS; cell++)
		if (ebpf->lib->bpf_map_lookup_elem(
			    fd, &cell, ebpf->each + (size_t)cell * ebpf->cpus))
			return fail_errno(err, CG_E_SYSTEM, errno,
					  "the counts cannot be read");
	return true;
}

static void read_counts(const struct ebpf *ebpf, struct tally *tally)
{
	uint64_t now = clock_now(), booted = clock_booted();
	int firsts = map_fd(ebpf, "first_times"),
	    others = map_fd(ebpf, "others");

	for (uint32_t cell = 0; cell < SIDE_CELLS; cell++) {
		struct side_count sum = { 0, 0 };
		uint64_t first = 0;

		for (unsigned cpu = 0; cpu < ebpf->cpus; cpu++) {
			const struct side_count *each =
				&ebpf->each[(size_t)cell * ebpf->cpus + cpu];

			sum.count += each->count;
			sum.time += each->time;
		}
		if (sum.count)
			ebpf->lib->bpf_map_lookup_elem(others, &cell,
						       tally->others[cell]);
		if (sum.count == tally->counts[cell].count)
			continue;
		tally->counts[cell] = sum;
		tally->lasts[cell] = now;
		if (ebpf->lib->bpf_map_lookup_elem(firsts, &cell, &first) == 0)
			tally->firsts[cell] = first + booted;
	}
}

/* Entry by entry of a hash; a key deleted meanwhile there is none. */
static void
read_hash(const struct ebpf *ebpf, const char *name, void *key,
	  void (*each)(struct tally *tally, const void *key, uint64_t count),
	  struct tally *tally)
{
	int fd = map_fd(ebpf, name);
	const void *last = NULL;
	uint64_t count;

	while (ebpf->lib->bpf_map_get_next_key(fd, last, key) == 0) {
		last = key;
		if (ebpf->lib->bpf_map_lookup_elem(fd, key, &count) == 0)
			each(tally, key, count);
	}
}

static void each_value(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_value *value = key;

	tally_value(tally, value->cell, value->argument, value->value, count);
}

static void each_error(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_error *error = key;

	tally_error(tally, error->cell, error->number, count);
}

static void each_stranger(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_stranger *at = key;

	tally_stranger(tally, at->lane, at->door, at->nr, count);
}

/* A call that came while another program ran on that CPU is not counted. */
static uint64_t read_misses(const struct ebpf *ebpf)
{
	struct bpf_program *program =
		ebpf->lib->bpf_object__find_program_by_name(ebpf->object,
							    "on_enter");
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (ebpf->lib->bpf_obj_get_info_by_fd(
		    ebpf->lib->bpf_program__fd(program), &info, &size) != 0)
		return 0;
	return info.recursion_misses;
}

static bool ebpf_refresh(struct cg_recorder *recorder, struct cg_error *err)
{
	struct ebpf *ebpf = recorder->own;
	struct tally *tally = recorder->tally;
	struct side_value value;
	struct side_error error;
	struct side_stranger stranger;

	if (ebpf->ring)
		ebpf->lib->ring_buffer__consume(ebpf->ring);
	if (!read_cells(ebpf, err))
		return false;
	read_counts(ebpf, tally);
	memset(tally->values, 0, sizeof(tally->values));
	memset(tally->errors, 0, sizeof(tally->errors));
	memset(tally->strangers, 0, sizeof(tally->strangers));
	memset(tally->distinct, 0, sizeof(tally->distinct));
	read_hash(ebpf, "values", &value, each_value, tally);
	read_hash(ebpf, "errors", &error, each_error, tally);
	read_hash(ebpf, "strangers", &stranger, each_stranger, tally);
	for (size_t i = 0; i < LOSSES; i++)
		tally->lost[i] = ebpf->shared->lost[i];
	tally->lost[LOSS_CALLS] += read_misses(ebpf);
	return true;
}

static bool ebpf_alive(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	if (ebpf->ring)
		ebpf->lib->ring_buffer__consume(ebpf->ring);
	return __atomic_load_n(&ebpf->shared->alive, __ATOMIC_RELAXED) > 0;
}

/* Stacks are named best while their process is there. */
static int ebpf_fd(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	return ebpf->ring ? ebpf->lib->ring_buffer__epoll_fd(ebpf->ring) : -1;
}

/* That it loads is what there is to know. */
static bool ebpf_probe(struct cg_error *err)
{
	struct cg_recorder trial = { .doors = tally_doors(cg_abi_native()) };
	struct ebpf ebpf = { 0 };
	const char *why = NULL;
	bool ok;

	ebpf.lib = bpf_lib(&why);
	if (!ebpf.lib)
		return fail_lib(err, why);
	if (!in_first_namespace())
		return fail_lib(err, "it has to run in the first pid "
				     "namespace, not within a container");
	ok = open_object(&trial, &ebpf, err) && load_object(&trial, &ebpf, err);
	if (ebpf.object)
		ebpf.lib->bpf_object__close(ebpf.object);
	if (ebpf.states)
		munmap(ebpf.states, ebpf.state_count);
	if (ebpf.shared)
		munmap(ebpf.shared, PAGE);
	free(ebpf.each);
	return ok;
}

const struct backend backend_ebpf = {
	.name = "ebpf",
	.id = CG_BACKEND_EBPF,
	.gaps = "",
	.probe = ebpf_probe,
	.begin = ebpf_begin,
	.refresh = ebpf_refresh,
	.alive = ebpf_alive,
	.end = ebpf_end,
	.fd = ebpf_fd,
};
