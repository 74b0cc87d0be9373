/* Built without libbpf or clang, or for a machine that it is not made for. */
#include "watch/source.h"

bool ebpf_open(size_t bytes, struct ebpf **out, struct cg_error *err)
{
	(void)bytes;
	(void)out;
	return fail(err, CG_E_UNSUPPORTED,
		    "this callgate was built without eBPF (it takes clang and "
		    "libbpf-dev, and x86_64)");
}

/* Nobody has one. */
int ebpf_fd(const struct ebpf *ebpf)
{
	(void)ebpf;
	return -1;
}

bool ebpf_next(struct ebpf *ebpf, struct violation **out, bool *more,
	       struct cg_error *err)
{
	(void)ebpf;
	(void)err;
	*out = NULL;
	*more = false;
	return true;
}

void ebpf_stop(struct ebpf *ebpf)
{
	(void)ebpf;
}

void ebpf_counts(const struct ebpf *ebpf, struct cg_watch_tally *out)
{
	(void)ebpf;
	(void)out;
}

void ebpf_close(struct ebpf *ebpf)
{
	(void)ebpf;
}
