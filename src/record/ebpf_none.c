/* Built without libbpf or clang, or for a machine that it is not made for. */
#include "record/recorder.h"

static bool no(struct cg_error *err)
{
	return fail(err, CG_E_UNSUPPORTED,
		    "this callgate was built without eBPF (it takes clang and "
		    "libbpf-dev, and x86_64)");
}

static bool no_begin(struct cg_recorder *recorder, struct cg_error *err)
{
	(void)recorder;
	return no(err);
}

const struct backend backend_ebpf = {
	.name = "ebpf",
	.id = CG_BACKEND_EBPF,
	.gaps = "",
	.probe = no,
	.begin = no_begin,
};
