/* Who reads profiles, and what each does differently, as rows. */
#include "format/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "format/capability.h"

/* A container's capabilities, as its engine gives them. */
#define PODMAN_CAPABILITIES                                                    \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |            \
	 BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | \
	 BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) |  \
	 BIT(CAP_SETFCAP))
#define DOCKER_CAPABILITIES                                        \
	(PODMAN_CAPABILITIES | BIT(CAP_NET_RAW) | BIT(CAP_MKNOD) | \
	 BIT(CAP_AUDIT_WRITE))

static const struct runtime rows[] = {
	{ .about = { "runc", "runc: plain OCI, what it does not know is "
			     "passed over" },
	  .release = CG_RELEASE(1, 3, 0),
	  .traits =
		  TRAIT_CONTAINER | TRAIT_ENOSYS_STUB | TRAIT_NEEDS_LISTENER },
	{ .about = { "crun", "crun: plain OCI, stricter about errnos" },
	  .release = CG_RELEASE(1, 8, 1),
	  .traits = TRAIT_CONTAINER | TRAIT_STRICT_ERRNO | TRAIT_NEEDS_NAMES |
		    TRAIT_ALL_ARCHES },
	{ .about = { "docker", "Docker: resolves conditions, then runc" },
	  .below = "runc",
	  .capabilities = DOCKER_CAPABILITIES,
	  .traits = TRAIT_RESOLVES | TRAIT_MIN_KERNEL | TRAIT_NAME },
	{ .about = { "podman", "Podman: resolves conditions but for kernels, "
			       "then crun" },
	  .below = "crun",
	  .capabilities = PODMAN_CAPABILITIES,
	  .traits = TRAIT_RESOLVES | TRAIT_ERRNO_NAMES | TRAIT_NAME },
	{ .about = { "crio", "CRI-O: as Podman" },
	  .below = "crun",
	  .capabilities = PODMAN_CAPABILITIES,
	  .traits = TRAIT_RESOLVES | TRAIT_ERRNO_NAMES | TRAIT_NAME },
	{ .about = { "containerd", "containerd: plain OCI, passes over all "
				   "conditions, then runc" },
	  .below = "runc",
	  .capabilities = DOCKER_CAPABILITIES },
	{ .about = { "kubernetes", "Kubernetes on containerd; on CRI-O it is "
				   "crio" },
	  .below = "runc",
	  .capabilities = DOCKER_CAPABILITIES },
	{ .about = { "systemd", "systemd: unit files" },
	  .release = CG_RELEASE(252, 0, 0) },
	{ .about = { "firejail", "firejail: profiles and options" },
	  .release = CG_RELEASE(0, 9, 72) },
	{ .about = { "bubblewrap", "bubblewrap: BPF on a descriptor" } },
	{ .about = { "minijail", "minijail: policy text" } },
	{ .about = { "kafel", "kafel, nsjail: policy text" } },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct cg_runtime *cg_runtime_get(size_t index)
{
	return index < ROWS ? &rows[index].about : NULL;
}

const struct runtime *runtime_named(const char *name, size_t length)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].about.name) == length &&
		    memcmp(rows[i].about.name, name, length) == 0)
			return &rows[i];
	return NULL;
}

uint64_t cg_capabilities_default(const char *name)
{
	const struct runtime *runtime =
		name ? runtime_named(name, strcspn(name, "+@")) : NULL;

	return runtime ? runtime->capabilities : 0;
}

/* ------------------------------------------------------------ a target -- */

/* "1.1.5": up to three numbers. */
static bool read_release(const char *text, uint32_t *out)
{
	uint32_t parts[3] = { 0 };

	for (size_t i = 0; i < 3; i++) {
		size_t length = strcspn(text, ".");
		uint64_t part;

		if (num_read(text, length, &part) != NUM_OK ||
		    part > (i ? UINT8_MAX : UINT16_MAX))
			return false;
		parts[i] = (uint32_t)part;
		text += length;
		if (!*text)
			break;
		text++;
	}
	*out = CG_RELEASE(parts[0], parts[1], parts[2]);
	return !*text;
}

static bool fail_runtime(const char *name, size_t length, struct cg_error *err)
{
	char list[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < ROWS; i++) {
		size_t more = strlen(rows[i].about.name);

		if (used + more + 3 > sizeof(list))
			break;
		memcpy(list + used, i ? ", " : "", i ? 2 : 0);
		used += i ? 2 : 0;
		memcpy(list + used, rows[i].about.name, more + 1);
		used += more;
	}
	return fail(err, CG_E_INPUT,
		    "no runtime is called '%.*s'; there are %s",
		    (int)(length < 64 ? length : 64), name, list);
}

/* "ENGINE", "RUNTIME", "ENGINE+RUNTIME", each with "@RELEASE" behind it. */
static bool
read_runtime(const char *text, struct host *host, struct cg_error *err)
{
	size_t length = strcspn(text, "+@");
	const char *rest = text + length;

	host->engine = runtime_named(text, length);
	if (!host->engine)
		return fail_runtime(text, length, err);
	host->runtime = host->engine;
	if (host->engine->below)
		host->runtime = runtime_named(host->engine->below,
					      strlen(host->engine->below));
	if (*rest == '+') {
		text = rest + 1;
		length = strcspn(text, "@");
		rest = text + length;
		host->runtime = runtime_named(text, length);
		if (!host->runtime)
			return fail_runtime(text, length, err);
		if (!host->engine->below ||
		    !(host->runtime->traits & TRAIT_CONTAINER))
			return fail(err, CG_E_INPUT, "%s does not run below %s",
				    host->runtime->about.name,
				    host->engine->about.name);
	}
	host->release = host->runtime->release;
	if (*rest == '@' && !read_release(rest + 1, &host->release))
		return fail(err, CG_E_INPUT,
			    "'%.64s' is no release; write it as 1.1.5",
			    rest + 1);
	return true;
}

/* The kernel whose calls a release of libseccomp knows; the newest first. */
static const struct known {
	uint32_t release, kernel;
} known[] = {
	{ CG_RELEASE(2, 6, 1), CG_KERNEL(7, 1) },
	{ CG_RELEASE(2, 5, 6), CG_KERNEL(6, 13) },
	{ CG_RELEASE(2, 5, 5), CG_KERNEL(6, 7) },
	{ CG_RELEASE(2, 5, 4), CG_KERNEL(5, 17) },
	{ CG_RELEASE(2, 5, 3), CG_KERNEL(5, 15) },
	{ CG_RELEASE(2, 5, 2), CG_KERNEL(5, 14) },
	{ CG_RELEASE(2, 5, 0), CG_KERNEL(5, 8) },
	{ CG_RELEASE(2, 4, 2), CG_KERNEL(5, 4) },
	{ CG_RELEASE(2, 4, 0), CG_KERNEL(5, 0) },
	{ CG_RELEASE(2, 3, 3), CG_KERNEL(4, 15) },
	{ CG_RELEASE(2, 3, 2), CG_KERNEL(4, 10) },
	{ 0, CG_KERNEL(4, 5) },
};

/* 0 stands for the newest release. */
static uint32_t kernel_of_libseccomp(uint32_t release)
{
	size_t i = 0;

	while (release && release < known[i].release)
		i++;
	return known[i].kernel;
}

bool host_of(const struct cg_target *target, const char *usual,
	     struct host *out, struct cg_error *err)
{
	static const struct cg_target none = { 0 };
	const char *runtime;

	if (!target)
		target = &none;
	*out = (struct host){
		.native = target->native ? target->native : cg_abi_native(),
		.kernel = target->kernel ? target->kernel : cg_kernel_newest(),
		.named = target->libseccomp_kernel
				 ? target->libseccomp_kernel
				 : kernel_of_libseccomp(target->libseccomp),
		.item = target->item,
		.finder = target->finder,
		.context = target->context,
	};
	runtime = target->runtime ? target->runtime : usual;
	if (runtime && !read_runtime(runtime, out, err))
		return false;
	out->capabilities = target->has_capabilities ? target->capabilities
			    : out->engine            ? out->engine->capabilities
						     : 0;
	return true;
}
