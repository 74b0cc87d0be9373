/* callgate/registry.h: into force, with an account of it. */
#include <callgate/registry.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/sha256.h"
#include "bpf/image.h"

_Static_assert((int)CG_SHA256_TEXT == (int)SHA256_TEXT, "one size");

const char *cg_install_text(enum cg_install_result result)
{
	static const char *const texts[] = {
		[CG_INSTALLED] = "installed",
		[CG_INSTALL_OFF] = "off",
		[CG_INSTALL_UNAVAILABLE] = "unavailable",
		[CG_INSTALL_REFUSED] = "refused",
		[CG_INSTALL_FAILED] = "failed",
	};

	return texts[result];
}

static enum cg_install_result result_of(const struct cg_error *err)
{
	bool privilege = err->status == CG_E_SYSTEM &&
			 (err->sys_errno == EACCES || err->sys_errno == EPERM);

	if (err->status == CG_E_UNSUPPORTED)
		return CG_INSTALL_UNAVAILABLE;
	return err->status == CG_E_BLOCKED || privilege ? CG_INSTALL_REFUSED
							: CG_INSTALL_FAILED;
}

static bool describe(const struct cg_program *program, struct cg_install *out)
{
	const struct cg_insn *insns;
	unsigned char *bytes;
	size_t count;

	insns = cg_program_insns(program, &count);
	bytes = malloc(count * INSN_SIZE);
	if (!bytes)
		return fail_nomem(&out->error);
	image_write(insns, count, cg_program_big_endian(program), bytes);
	sha256_text(bytes, count * INSN_SIZE, out->sha256);
	out->instructions = (uint32_t)count;
	free(bytes);
	return true;
}

static bool
load(const struct cg_program *program, const struct cg_install_options *options,
     const struct cg_policy *policy, struct cg_install *out)
{
	struct cg_load_options with = { 0 };

	if (options->load)
		with = *options->load;
	with.flags |= cg_policy_flags(policy);
	out->step = "load";
	out->flags = with.flags | (with.one_thread ? 0 : CG_FLAG_TSYNC);
	if (cg_load(program, &with, &out->loaded, &out->error) == CG_OK) {
		out->result = CG_INSTALLED;
		return true;
	}
	out->result = result_of(&out->error);
	return options->best_effort;
}

static bool
compile(struct cg_registry *registry, const struct cg_install_options *options,
	struct cg_install *out)
{
	struct cg_program *program = NULL;
	const struct cg_policy *policy;
	bool ok;

	if (cg_registry_join(registry, &policy, &out->error) != CG_OK)
		return false;
	out->step = "compile";
	if (cg_compile(policy, NULL, &program, &out->error) != CG_OK)
		return false;
	ok = describe(program, out) && load(program, options, policy, out);
	cg_program_free(program);
	return ok;
}

static bool
install(struct cg_registry *registry, const struct cg_install_options *options,
	struct cg_install *out)
{
	if (cg_registry_enabled(registry))
		return compile(registry, options, out);
	if (options->must_be_on)
		return fail(&out->error, CG_E_INPUT,
			    "the policy is switched off (enabled: false), and "
			    "must be on");
	out->result = CG_INSTALL_OFF;
	return true;
}

enum cg_status cg_registry_install(struct cg_registry *registry,
				   const struct cg_install_options *options,
				   struct cg_install *out, struct cg_error *err)
{
	static const struct cg_install_options defaults;
	struct cg_install scratch;
	const bool unwanted = !out;

	out = out ? out : &scratch;
	options = options ? options : &defaults;
	*out = (struct cg_install){ .result = CG_INSTALL_FAILED,
				    .step = "join",
				    .loaded = { .listener = -1 } };
	snprintf(out->name, sizeof(out->name), "%s",
		 options->name ? options->name : "");
	if (install(registry, options, out)) {
		/* As cg_load() does: nobody would ever answer. */
		if (unwanted && out->loaded.listener >= 0)
			close(out->loaded.listener);
		return CG_OK;
	}
	if (err)
		*err = out->error;
	return out->error.status;
}

char *cg_install_attestation(const struct cg_install *install)
{
	struct buf buf = { 0 };

	if (install->result != CG_INSTALLED)
		return NULL;
	buf_puts(&buf, "{\"event\":\"seccomp_installed\",\"policy\":");
	buf_json(&buf, install->name);
	buf_printf(&buf,
		   ",\"sha256\":\"%s\",\"instructions\":%u,\"flags\":%u,"
		   "\"threads\":%u,\"verified\":%s,\"no_new_privs_set\":%s}",
		   install->sha256, (unsigned)install->instructions,
		   (unsigned)install->flags, (unsigned)install->loaded.threads,
		   install->loaded.verified ? "true" : "false",
		   install->loaded.set_no_new_privs ? "true" : "false");
	return buf_done(&buf);
}
