/*
 * Any text as the user's configuration of a program whose parts have said what
 * they need. Whatever the text says, an extension lets nothing less through, a
 * restriction nothing more.
 */
#include <string.h>

#include <callgate/registry.h>

#include "fuzz.h"

enum { SAMPLES = 200 };

/* libfyaml 0.7.12 loses a buffer of its own; see policy_fuzz.c. */
CG_API const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static struct cg_registry *parts(void)
{
	struct cg_registry *registry = cg_registry_new();
	struct cg_error err;

	must(registry != NULL, "there is memory for a registry");
	must(cg_need(registry, &err, "one", "read", "write", "ioctl",
		     "socket(AF_UNIX)") == CG_OK &&
		     cg_need(registry, &err, "two", "@memory", "getpid") ==
			     CG_OK,
	     "the parts are registered");
	return registry;
}

static bool permits(const struct cg_policy *policy, const struct cg_call *call)
{
	uint32_t action = cg_policy_decide(policy, call) & CG_RET_ACTION;

	return action == CG_RET_ALLOW || action == CG_RET_LOG;
}

/* What the text says, found without the reader that is tried. */
static bool says(const uint8_t *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

static void
compare(const struct cg_policy *before, const struct cg_policy *after,
	const uint8_t *data, size_t size)
{
	bool extends =
		!says(data, size, "restrict") && !says(data, size, "replace");
	bool restricts =
		!says(data, size, "extend") && !says(data, size, "replace");

	for (uint64_t i = 0; i < SAMPLES; i++) {
		struct cg_call call;

		cg_policy_sample(i % 2 ? before : after, size, i, &call);
		if (extends && permits(before, &call))
			must(permits(after, &call), "an extension extends");
		if (restricts && permits(after, &call))
			must(permits(before, &call), "a restriction restricts");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cg_registry *registry = parts(), *plain = parts();
	const struct cg_policy *before = NULL, *after = NULL;
	struct cg_error err = { .status = CG_OK };
	enum cg_status status = cg_registry_configure(
		registry, (const char *)data, size, "fuzz.yml", &err);

	if (status == CG_OK && cg_registry_enabled(registry))
		status = cg_registry_join(registry, &after, &err);
	if (status != CG_OK)
		must(err.status == status && err.message[0],
		     "a failure says why");
	else if (cg_registry_enabled(registry) &&
		 cg_registry_join(plain, &before, &err) == CG_OK)
		compare(before, after, data, size);
	cg_registry_free(registry);
	cg_registry_free(plain);
	return 0;
}
