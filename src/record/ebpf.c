/*
 * The eBPF backend: the kernel counts, and this says whom.
 *
 * All of it hangs on file descriptors, so that the kernel takes it away when
 * this process ends, however that comes about.
 */
#include "record/ebpf.h"

#include <stdlib.h>

#include "sys/bpf_lib.h"

/* Ids of threads are those of the first pid namespace. */
static bool in_first_namespace(void)
{
	const uint64_t first = 0xeffffffc; /* PROC_PID_INIT_INO */

	return own_namespace("pid") == first;
}

/* ------------------------------------------------------ who is recorded -- */

struct mark {
	struct ebpf *ebpf;
	bool fresh; /* a thread that was not known */
};

/* What a thread is, if it is `from` still. True if so. */
static bool thread_becomes(struct ebpf *ebpf, pid_t thread, unsigned char from,
			   unsigned char to, unsigned char mark)
{
	union side_thread *at = &ebpf->threads[thread];
	union side_thread is = { .word = __atomic_load_n(&at->word,
							 __ATOMIC_SEQ_CST) };
	const union side_thread next = { { to, mark } };

	while (is.state == from)
		if (__atomic_compare_exchange_n(&at->word, &is.word, next.word,
						false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
	return false;
}

/*
 * Take it back of a thread that has ended before it was marked, and so did not
 * take it back itself: or it would be waited for, and whoever gets its id next
 * be recorded.
 */
static void check_mark(struct ebpf *ebpf, pid_t thread)
{
	if (target_is_ending(thread) &&
	    thread_becomes(ebpf, thread, STATE_RECORDED, STATE_OTHER, 0))
		__sync_fetch_and_add(&ebpf->shared->alive, -1);
}

static bool mark_thread(void *context, pid_t thread)
{
	struct mark *mark = context;
	struct ebpf *ebpf = mark->ebpf;

	if ((size_t)thread >= ebpf->thread_count ||
	    ebpf->threads[thread].state != STATE_OTHER ||
	    target_is_ending(thread))
		return true;
	__sync_fetch_and_add(&ebpf->shared->alive, 1);
	/* It may be within a handler. */
	if (thread_becomes(ebpf, thread, STATE_OTHER, STATE_RECORDED,
			   MARK_OF(HANDLER_NATIVE))) {
		check_mark(ebpf, thread);
		mark->fresh = true;
	} else {
		__sync_fetch_and_add(&ebpf->shared->alive, -1);
	}
	return true;
}

/*
 * Look until no new thread is found, twice, as a list that is read while
 * threads come and go may lack some. What one that is not marked yet makes, or
 * becomes by executing, the kernel marks as long as this goes on.
 */
static bool
mark_all(struct cg_recorder *recorder, struct ebpf *ebpf, struct cg_error *err)
{
	struct mark mark = { ebpf, false };
	bool ok = true;

	__atomic_store_n(&ebpf->shared->looking, 1, __ATOMIC_SEQ_CST);
	for (unsigned quiet = 0; ok && quiet < 2;) {
		mark.fresh = false;
		ok = target_threads(&recorder->target, mark_thread, &mark, err);
		quiet = mark.fresh ? 0 : quiet + 1;
	}
	__atomic_store_n(&ebpf->shared->looking, 0, __ATOMIC_SEQ_CST);
	return ok;
}

static bool begin_marks(struct cg_recorder *recorder, struct ebpf *ebpf,
			struct cg_error *err)
{
	pid_t child = recorder->child.pid;

	if (!child)
		return mark_all(recorder, ebpf, err);
	ebpf->threads[child].state =
		recorder->options.in_container ? STATE_RUNTIME : STATE_PENDING;
	ebpf->shared->alive = 1;
	return true;
}

static void ebpf_end(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	if (!ebpf)
		return;
	ebpf_unload(ebpf);
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
		ebpf_fail(err, "it has to run in the first pid namespace, not "
			       "within a container");
	else if (ebpf->lib ? ebpf_load(recorder, ebpf, err) &&
				     ebpf_attach(recorder, ebpf, err) &&
				     begin_marks(recorder, ebpf, err)
			   : ebpf_fail(err, why))
		return true;
	ebpf_end(recorder);
	return false;
}

static bool ebpf_alive(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	ebpf->lib->ring_buffer__consume(ebpf->ring);
	return __atomic_load_n(&ebpf->shared->alive, __ATOMIC_RELAXED) > 0;
}

/* Stacks are named best while their process is there. */
static int ebpf_fd(struct cg_recorder *recorder)
{
	struct ebpf *ebpf = recorder->own;

	return ebpf->lib->ring_buffer__epoll_fd(ebpf->ring);
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
		return ebpf_fail(err, why);
	if (!in_first_namespace())
		return ebpf_fail(err, "it has to run in the first pid "
				      "namespace, not within a container");
	ok = ebpf_load(&trial, &ebpf, err);
	ebpf_unload(&ebpf);
	return ok;
}

const struct backend backend_ebpf = {
	.name = "ebpf",
	.id = CG_BACKEND_EBPF,
	.gaps = "",
	.probe = ebpf_probe,
	.begin = ebpf_begin,
	.refresh = ebpf_read,
	.alive = ebpf_alive,
	.end = ebpf_end,
	.fd = ebpf_fd,
};
