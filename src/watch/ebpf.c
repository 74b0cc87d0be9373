/*
 * The eBPF source: what the witness in the kernel sends, judged by the filters
 * that the thread was under.
 *
 * All of it hangs on file descriptors, so that the kernel takes it away when
 * this process ends, however that comes about.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/bpf_lib.h"
#include "sys/file.h"
#include "watch/chains.h"
#include "watch/source.h"
#include "watch/witness.h"

extern const unsigned char witness_object[];
extern const size_t witness_object_size;

enum {
	PROGRAMS = 3,
	PAGE = 4096,
	BUFFER = 16 << 20,
	BATCH = 1024, /* messages without a violation, before others have
			 their turn */
	NOISE = 64,   /* failures before a chain is looked at closely */
	FOUND = -1,
};

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

struct ebpf {
	const struct bpf_lib *lib;
	struct bpf_object *object;
	struct bpf_link *links[PROGRAMS];
	struct witness_shared *shared;
	struct ring_buffer *ring;
	struct chains *chains;
	int interests;  /* the map of what is known of chains */
	int64_t booted; /* from CLOCK_BOOTTIME to ns since 1970 */
	int64_t looked; /* when that was asked, by CLOCK_BOOTTIME */
	uint64_t violations, unjudged, damaged;
	int64_t opened, ruling; /* ns: when; and spent to find rules */
	/* Of one look into the ring. */
	struct violation *found;
	bool no_memory;
	unsigned passed;
};

static bool fail_lib(struct cg_error *err, const char *why)
{
	return fail(err, CG_E_UNSUPPORTED, "eBPF cannot be used: %s", why);
}

/* Why the kernel did not take the programs. */
static bool fail_load(int number, struct cg_error *err)
{
	char text[128];
	bool denied = number == EPERM || number == EACCES;

	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return fail_lib(err, "this kernel does not tell its types "
				     "(/sys/kernel/btf/vmlinux, "
				     "CONFIG_DEBUG_INFO_BTF)");
	if (denied &&
	    file_peek(AT_FDCWD, "/sys/kernel/security/lockdown", text,
		      sizeof(text)) > 0 &&
	    strstr(text, "[confidentiality]"))
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "eBPF cannot be used: the kernel is locked "
				  "down (confidentiality)");
	if (denied)
		return fail_errno(err, CG_E_UNSUPPORTED, number,
				  "eBPF takes root, or CAP_BPF and "
				  "CAP_PERFMON");
	return fail_errno(err, CG_E_UNSUPPORTED, number,
			  "this kernel does not take the eBPF programs that "
			  "watch (Linux 5.17 does)");
}

/* ------------------------------------------------------------- opening -- */

static const char *const programs[PROGRAMS] = { "on_death", "on_signal",
						"on_exit" };

static bool configure(struct ebpf *ebpf, struct cg_error *err)
{
	const struct cg_abi *x32 = cg_abi_by_name("x32");
	struct bpf_map *map = ebpf->lib->bpf_object__find_map_by_name(
		ebpf->object, ".rodata");
	struct witness_config *config;
	size_t size;

	config = ebpf->lib->bpf_map__initial_value(map, &size);
	if (!config || size < sizeof(*config))
		return fail_lib(err, "the programs cannot be read");
	if (getrandom(config->secret, sizeof(config->secret), 0) !=
	    (ssize_t)sizeof(config->secret))
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "no random numbers can be had");
	config->compat_status = 2; /* TS_COMPAT of x86 */
	config->x32_bit = x32 ? x32->nr_base : 0;
	witness_peeks(config);
	return true;
}

/* A power of 2 of pages, as rings are. */
static uint32_t ring_size(size_t bytes)
{
	uint32_t size = PAGE;

	while (size < bytes && size < 1u << 30)
		size *= 2;
	return size;
}

static bool open_object(struct ebpf *ebpf, size_t bytes, struct cg_error *err)
{
	const struct bpf_object_open_opts open = { .sz = sizeof(open),
						   .object_name = "callgate" };
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_map *map;

	ebpf->object = lib->bpf_object__open_mem(witness_object,
						 witness_object_size, &open);
	if (!ebpf->object)
		return fail_lib(err, "the programs cannot be read");
	map = lib->bpf_object__find_map_by_name(ebpf->object, "events");
	lib->bpf_map__set_max_entries(map, ring_size(bytes ? bytes : BUFFER));
	return configure(ebpf, err);
}

static int on_message(void *context, void *data, size_t size);

static bool load_object(struct ebpf *ebpf, struct cg_error *err)
{
	const struct bpf_lib *lib = ebpf->lib;
	struct bpf_map *map;
	int number = lib->bpf_object__load(ebpf->object);
	void *at;

	if (number != 0)
		return fail_load(-number, err);
	map = lib->bpf_object__find_map_by_name(ebpf->object, ".bss");
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		  lib->bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return fail_nomem(err);
	ebpf->shared = at;
	map = lib->bpf_object__find_map_by_name(ebpf->object, "chains");
	ebpf->interests = lib->bpf_map__fd(map);
	map = lib->bpf_object__find_map_by_name(ebpf->object, "events");
	ebpf->ring = lib->ring_buffer__new(lib->bpf_map__fd(map), on_message,
					   ebpf, NULL);
	ebpf->chains = chains_new();
	return (ebpf->ring && ebpf->chains) || fail_nomem(err);
}

static bool attach(struct ebpf *ebpf, struct cg_error *err)
{
	const struct bpf_lib *lib = ebpf->lib;

	for (size_t i = 0; i < PROGRAMS; i++) {
		struct bpf_program *program =
			lib->bpf_object__find_program_by_name(ebpf->object,
							      programs[i]);

		ebpf->links[i] = lib->bpf_program__attach(program);
		if (!ebpf->links[i])
			return fail_load(errno, err);
	}
	return true;
}

/* Ids of threads are those of the first pid namespace. */
static bool in_first_namespace(void)
{
	const ino_t first = 0xeffffffc; /* PROC_PID_INIT_INO */
	struct stat own;

	return stat("/proc/self/ns/pid", &own) == 0 && own.st_ino == first;
}

static int64_t clock_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* Somebody may set the clock while this runs. */
static void look_at_clocks(struct ebpf *ebpf)
{
	const int64_t before = clock_of(CLOCK_BOOTTIME);
	const int64_t booted = clock_of(CLOCK_REALTIME) - before;
	const int64_t took = clock_of(CLOCK_BOOTTIME) - before;

	/* One that was interrupted in between is worse than the old one. */
	if (!ebpf->looked || took < MILLISECOND / 10)
		ebpf->booted = booted;
	ebpf->looked = before;
}

bool ebpf_open(size_t bytes, struct ebpf **out, struct cg_error *err)
{
	struct ebpf *ebpf = calloc(1, sizeof(*ebpf));
	const char *why = NULL;

	if (!ebpf)
		return fail_nomem(err);
	ebpf->lib = bpf_lib(&why);
	ebpf->opened = clock_of(CLOCK_MONOTONIC);
	look_at_clocks(ebpf);
	if (!ebpf->lib)
		fail_lib(err, why);
	else if (!in_first_namespace())
		fail_lib(err, "it has to run in the first pid namespace, not "
			      "within a container");
	else if (open_object(ebpf, bytes, err) && load_object(ebpf, err) &&
		 attach(ebpf, err)) {
		*out = ebpf;
		return true;
	}
	ebpf_close(ebpf);
	return false;
}

int ebpf_fd(const struct ebpf *ebpf)
{
	return ebpf->lib->ring_buffer__epoll_fd(ebpf->ring);
}

void ebpf_stop(struct ebpf *ebpf)
{
	for (size_t i = PROGRAMS; i-- > 0;) {
		if (ebpf->links[i])
			ebpf->lib->bpf_link__destroy(ebpf->links[i]);
		ebpf->links[i] = NULL;
	}
}

void ebpf_close(struct ebpf *ebpf)
{
	if (!ebpf)
		return;
	ebpf_stop(ebpf);
	if (ebpf->ring)
		ebpf->lib->ring_buffer__free(ebpf->ring);
	if (ebpf->shared)
		munmap(ebpf->shared, PAGE);
	if (ebpf->object)
		ebpf->lib->bpf_object__close(ebpf->object);
	chains_free(ebpf->chains);
	free(ebpf);
}

/* ------------------------------------------------------------ messages -- */

/* What the kernel remembers of threads is not so any more. */
static void look_again(struct ebpf *ebpf)
{
	__atomic_add_fetch(&ebpf->shared->generation, 1, __ATOMIC_SEQ_CST);
}

static void
take_piece(struct ebpf *ebpf, const struct witness_piece *piece, size_t size)
{
	uint64_t key;
	bool forgot = false;

	if (!chains_add(ebpf->chains, piece, size))
		ebpf->damaged++;
	while (chains_forget(ebpf->chains, &key)) {
		ebpf->lib->bpf_map_delete_elem(ebpf->interests, &key);
		forgot = true;
	}
	if (forgot)
		look_again(ebpf);
}

/* It was not the filters: tell the kernel what of this to keep for itself. */
static void note_noise(struct ebpf *ebpf, struct chain *chain)
{
	struct witness_interest interest;

	if (chain->told || ++chain->noise < NOISE)
		return;
	chain_interest(chain, &interest);
	chain->told =
		ebpf->lib->bpf_map_update_elem(ebpf->interests, &chain->key,
					       &interest, BPF_EXIST) == 0;
	if (chain->told)
		look_again(ebpf);
}

/*
 * Which part of the filter it was: made once for each chain and call, in a
 * twentieth of the time at most, however many filters somebody makes up.
 */
static void
put_rule(struct ebpf *ebpf, struct chain *chain,
	 const struct judgement *judgement, struct violation *violation)
{
	struct cg_violation *about = &violation->about;
	const struct cg_call call = { .arch = about->arch, .nr = about->nr };
	const char *rule;
	int64_t now;

	if (!about->filter)
		return;
	if (!chain_rule(ebpf->chains, chain, &call, judgement, false, &rule)) {
		now = clock_of(CLOCK_MONOTONIC);
		if (ebpf->ruling > SECOND / 10 + (now - ebpf->opened) / 20)
			return;
		(void)chain_rule(ebpf->chains, chain, &call, judgement, true,
				 &rule);
		ebpf->ruling += clock_of(CLOCK_MONOTONIC) - now;
	}
	if (rule)
		about->rule = arena_text(&violation->arena, rule, strlen(rule));
}

static void take_call(struct ebpf *ebpf, const struct witness_call *message)
{
	struct chain *chain = chains_find(ebpf->chains, message->key);
	struct judgement judgement = { 0 };
	enum witnessed is = witness_judge(message, chain, &judgement);

	if (is == WITNESSED_UNKNOWN)
		ebpf->unjudged++;
	else if (is == WITNESSED_NOTHING && chain)
		note_noise(ebpf, chain);
	if (is != WITNESSED_VIOLATION)
		return;
	if ((int64_t)message->time - ebpf->looked > 10 * MILLISECOND)
		look_at_clocks(ebpf);
	ebpf->found =
		witness_violation(message, chain, &judgement, ebpf->booted);
	ebpf->no_memory = !ebpf->found;
	ebpf->violations += !ebpf->no_memory;
	if (ebpf->found && chain)
		put_rule(ebpf, chain, &judgement, ebpf->found);
}

/* A negative number ends this look; the message itself is taken. */
static int on_message(void *context, void *data, size_t size)
{
	const size_t least = offsetof(struct witness_call, peeks);
	struct ebpf *ebpf = context;
	const struct witness_call *call = data;

	if (size >= sizeof(call->kind) && call->kind == WITNESS_FILTER)
		take_piece(ebpf, data, size);
	else if (size >= least && (size >= sizeof(*call) || !call->peeked[0]))
		take_call(ebpf, call);
	else
		ebpf->damaged++;
	return ebpf->found || ebpf->no_memory || ++ebpf->passed >= BATCH ? FOUND
									 : 0;
}

bool ebpf_next(struct ebpf *ebpf, struct violation **out, bool *more,
	       struct cg_error *err)
{
	int got;

	ebpf->found = NULL;
	ebpf->no_memory = false;
	ebpf->passed = 0;
	got = ebpf->lib->ring_buffer__consume(ebpf->ring);
	if (ebpf->no_memory)
		return fail_nomem(err);
	*more = got == FOUND;
	*out = ebpf->found;
	return true;
}

/* A call that came while another program ran on that CPU was not seen. */
static uint64_t read_misses(const struct ebpf *ebpf)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PROGRAMS; i++) {
		struct bpf_program *program =
			ebpf->lib->bpf_object__find_program_by_name(
				ebpf->object, programs[i]);
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (ebpf->lib->bpf_obj_get_info_by_fd(
			    ebpf->lib->bpf_program__fd(program), &info,
			    &size) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

void ebpf_counts(const struct ebpf *ebpf, struct cg_watch_tally *out)
{
	out->unseen = __atomic_load_n(&ebpf->shared->lost[WITNESS_LOST_CALLS],
				      __ATOMIC_RELAXED) +
		      read_misses(ebpf);
	out->unjudged = ebpf->unjudged;
	out->damaged += ebpf->damaged;
	out->violations += ebpf->violations;
}
