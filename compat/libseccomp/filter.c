/* From rules to a program, and where programs go. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	INSN_SIZE = 8, /* of struct cg_insn, too: load() relies on it */
	/* Enough for 10,000 rules; what a usual filter needs is far below. */
	MEMORY_MOST = 256 << 20,
	NODES_MOST = 1 << 24,
};

int system_code(const struct context *context, int number)
{
	return context->raw_codes ? -number : -ECANCELED;
}

/* ---------------------------------------------------------------- compile --
 */

static int code_of(enum cg_status status)
{
	switch (status) {
	case CG_E_NOMEM:
		return -ENOMEM;
	case CG_E_INPUT:
		return -EINVAL;
	default:
		return -EFAULT;
	}
}

static enum cg_status compile(struct context *context, struct cg_error *err)
{
	/* 1 leaves open which kernel it will be. 2 asks for few steps at every
	   call, whatever kernels remember. */
	struct cg_compile_options options = {
		.cost = context->optimize == 2 ? CG_COST_UNCACHED
					       : CG_COST_BALANCED,
		.memory = MEMORY_MOST,
		.nodes = NODES_MOST,
	};
	struct cg_frequency *frequencies;
	struct cg_policy *policy = NULL;
	enum cg_status status;

	status = cg_scmp_policy(context->rules, 0, &policy, err);
	if (status != CG_OK)
		return status;
	frequencies =
		cg_scmp_frequencies(context->rules, &options.frequency_count);
	options.frequencies = frequencies;
	/* The same rules make the same filter, or none. */
	if (!frequencies && options.frequency_count)
		status = CG_E_NOMEM;
	else
		status = cg_compile_insns(policy, &options, &context->insns,
					  &context->count, err);
	free(frequencies);
	cg_policy_free(policy);
	return status;
}

int filter_compile(struct context *context)
{
	struct cg_error err = { .message = "out of memory" };
	enum cg_status status;

	if (context->insns)
		return 0;
	if (!cg_scmp_arch_at(context->rules, 0))
		return -EINVAL;
	status = compile(context, &err);
	if (status != CG_OK)
		return context_fail(context, code_of(status), "%.250s",
				    err.message);
	return 0;
}

API int seccomp_precompute(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);

	return context ? filter_compile(context) : -EINVAL;
}

/* ----------------------------------------------------------------- export --
 */

static int write_all(const struct context *context, int fd, const char *bytes,
		     size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return system_code(context, errno);
		if (written == 0)
			return system_code(context, EIO);
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

API int seccomp_export_pfc(const scmp_filter_ctx ctx, int fd)
{
	struct context *context = context_of(ctx);
	char *text;
	int rc;

	if (!context || !cg_scmp_arch_at(context->rules, 0))
		return -EINVAL;
	text = cg_scmp_text(context->rules, (int)context->optimize,
			    AT_LEAST(2, 7));
	if (!text)
		return -ENOMEM;
	rc = write_all(context, fd, text, strlen(text));
	free(text);
	return rc;
}

static bool is_big(const struct context *context)
{
	return cg_scmp_arch_at(context->rules, 0)->abi->big_endian;
}

/* Whether instructions lie in memory here as the kernel there wants them. */
static bool is_native(const struct context *context)
{
	return is_big(context) == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* The instructions in the byte order of the machine that they are for. */
static void write_insns(const struct context *context, unsigned char *out)
{
	const bool big = is_big(context);

	if (is_native(context)) {
		memcpy(out, context->insns, context->count * INSN_SIZE);
		return;
	}

	for (size_t i = 0; i < context->count; i++, out += INSN_SIZE) {
		const struct cg_insn *insn = &context->insns[i];
		const uint32_t k = insn->k;

		out[big] = (unsigned char)insn->code;
		out[!big] = (unsigned char)(insn->code >> 8);
		out[2] = insn->jt;
		out[3] = insn->jf;
		for (unsigned byte = 0; byte < 4; byte++)
			out[4 + (big ? 3 - byte : byte)] =
				(unsigned char)(k >> 8 * byte);
	}
}

/* What fits no kernel is exported all the same, as libseccomp does. */
static void warn_if_long(struct context *context)
{
	if (context->count > CG_PROGRAM_MAX)
		context_fail(context, 0,
			     "the filter has %zu instructions; the kernel "
			     "takes %d and will not load it",
			     context->count, CG_PROGRAM_MAX);
}

API int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd)
{
	struct context *context = context_of(ctx);
	unsigned char *bytes;
	size_t length;
	int rc = context ? filter_compile(context) : -EINVAL;

	if (rc)
		return rc;
	length = context->count * INSN_SIZE;
	if (is_native(context)) {
		warn_if_long(context);
		return write_all(context, fd, (const char *)context->insns,
				 length);
	}
	bytes = malloc(length);
	if (!bytes)
		return -ENOMEM;
	write_insns(context, bytes);
	warn_if_long(context);
	rc = write_all(context, fd, (const char *)bytes, length);
	free(bytes);
	return rc;
}

API int
seccomp_export_bpf_mem(const scmp_filter_ctx ctx, void *buf, size_t *len)
{
	struct context *context = context_of(ctx);
	size_t room;
	int rc = context && len ? filter_compile(context) : -EINVAL;

	if (rc)
		return rc;
	room = *len;
	*len = context->count * INSN_SIZE;
	warn_if_long(context);
	if (!buf)
		return 0;
	if (room < *len)
		return -ERANGE;
	write_insns(context, buf);
	return 0;
}

/* ------------------------------------------------------------------- load --
 */

static bool notifies(const struct cg_insn *insns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (insns[i].code == 0x06 && /* BPF_RET | BPF_K */
		    insns[i].k == SCMP_ACT_NOTIFY)
			return true;
	return false;
}

static unsigned flags_of(const struct context *context, bool listen)
{
	return (context->tsync ? CG_FLAG_TSYNC : 0) |
	       (context->log ? CG_FLAG_LOG : 0) |
	       (context->ssb ? CG_FLAG_SPEC_ALLOW : 0) |
	       (listen ? CG_FLAG_NEW_LISTENER : 0) |
	       (listen && context->tsync ? CG_FLAG_TSYNC_ESRCH : 0) |
	       (listen && context->wait_killable ? CG_FLAG_WAIT_KILLABLE_RECV
						 : 0);
}

/*
 * By hand and not by cg_load(): that reads /proc afterwards, which a filter of
 * its own kind is not asked about; and after seccomp_precompute(), loading may
 * do nothing that a signal handler or a forked child must not.
 */
static int load(const struct context *context)
{
	const struct {
		unsigned short length;
		const struct cg_insn *insns;
	} program = { (unsigned short)context->count, context->insns };
	bool listen = notify_listener() < 0 &&
		      notifies(context->insns, context->count);
	unsigned flags = flags_of(context, listen);
	long rc;

	if (context->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return system_code(context, errno);
	if (level_now() < LEVEL_TSYNC && !flags)
		rc = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	else
		rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			     &program);
	if (rc < 0)
		return context->tsync && errno == ESRCH
			       ? -ESRCH
			       : system_code(context, errno);
	if (listen)
		notify_keep((int)rc);
	else if (rc > 0 && context->tsync)
		return -ESRCH;
	return 0;
}

API int seccomp_load(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	int rc = context ? filter_compile(context) : -EINVAL;

	if (rc)
		return rc;
	/* What the kernel would answer, were the length to reach it whole. */
	if (context->count > CG_PROGRAM_MAX) {
		warn_if_long(context);
		return system_code(context, EINVAL);
	}
	return load(context);
}
