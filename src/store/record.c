/* A violation in the words of audit, so that every format can be had of it. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "store/inside.h"

enum { SECOND = 1000000000, MILLI = 1000000 };

static void put_number(struct buf *out, const char *key, uint32_t number)
{
	if (number != CG_UNSET)
		buf_printf(out, " %s=%" PRIu32, key, number);
}

/* In hexadecimal digits, so that any bytes are fine. */
static void put_text(struct buf *out, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	buf_printf(out, " %s=", key);
	for (; *text; text++)
		buf_printf(out, "%02X", (unsigned char)*text);
}

/* Where it is none that a record could have, it has none. */
static void put_host(struct buf *out, const char *host)
{
	for (const char *at = host; at && *at; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return;
	if (host && *host)
		buf_printf(out, "node=%s ", host);
}

static void put_call(struct buf *out, const struct cg_violation *violation)
{
	if (!violation->arch)
		return;
	buf_printf(out, " arch=%" PRIx32 " syscall=%" PRIu32, violation->arch,
		   violation->nr);
	if (violation->has_compat)
		buf_printf(out, " compat=%d", violation->compat);
	if (violation->has_ip)
		buf_printf(out, " ip=0x%" PRIx64, violation->ip);
}

char *record_of(const struct cg_violation *violation)
{
	struct buf out = { 0 };

	put_host(&out, violation->host);
	buf_printf(&out,
		   "type=SECCOMP msg=audit(%" PRIu64 ".%03" PRIu64 ":%" PRIu64
		   "):",
		   violation->time / SECOND, violation->time % SECOND / MILLI,
		   violation->serial);
	put_number(&out, "auid", violation->login_uid);
	put_number(&out, "uid", violation->uid);
	put_number(&out, "gid", violation->gid);
	put_number(&out, "ses", violation->session);
	if (violation->label)
		buf_printf(&out, " subj=%s", violation->label);
	put_number(&out, "pid", violation->pid);
	put_text(&out, "comm", violation->name);
	put_text(&out, "exe", violation->executable);
	put_number(&out, "sig", violation->signal);
	put_call(&out, violation);
	if (violation->has_verdict)
		buf_printf(&out, " code=0x%" PRIx32, violation->verdict);
	return buf_done(&out);
}
