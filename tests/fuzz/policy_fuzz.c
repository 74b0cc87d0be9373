/*
 * Any text as a policy. Where it is one, the policy read literally and the
 * program made of it must give the same answers.
 */
#include <inttypes.h>
#include <string.h>

#include <callgate/policy.h>
#include <callgate/program.h>

#include "fuzz.h"

enum {
	MEMORY = 64 << 20,
	NODES = 1 << 18,
	SAMPLES = 200,
};

/*
 * libfyaml 0.7.12 loses a buffer of its own where a long text in single quotes
 * does not end (corpus/policy/quotes.yml). What we allocate is still watched.
 */
CG_API const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void says_why(const struct cg_error *err, enum cg_status status)
{
	must(err->status == status && status != CG_OK && err->message[0],
	     "a failure says why");
}

static void warnings_end(const struct cg_policy *policy)
{
	struct cg_error warning;

	for (size_t i = 0; cg_policy_warning(policy, i, &warning); i++)
		must(warning.status == CG_OK && warning.message[0],
		     "a warning is one");
}

static void answers_agree(const struct cg_policy *policy,
			  const struct cg_program *program, uint64_t seed)
{
	for (uint64_t i = 0; i < SAMPLES; i++) {
		struct cg_reason reason;
		struct cg_call call;
		uint32_t meant, given;

		cg_policy_sample(policy, seed, i, &call);
		meant = cg_policy_decide(policy, &call);
		given = cg_program_decide(program, &call, NULL);
		cg_policy_explain(policy, &call, &reason);
		must(reason.answer == meant, "an answer and its reason agree");
		if (meant == given)
			continue;
		fprintf(stderr,
			"arch 0x%" PRIx32 " nr 0x%" PRIx32 ": policy 0x%" PRIx32
			", program 0x%" PRIx32 "\n",
			call.arch, call.nr, meant, given);
		for (size_t arg = 0; arg < 6; arg++)
			fprintf(stderr, "args[%zu] 0x%" PRIx64 "\n", arg,
				call.args[arg]);
		must(false, "program and policy agree");
	}
}

static void compile_agrees(const struct cg_policy *policy, uint64_t seed)
{
	const struct cg_compile_options options = { .memory = MEMORY,
						    .nodes = NODES };
	struct cg_error err = { .status = CG_OK };
	struct cg_program *program = NULL;
	enum cg_status status = cg_compile(policy, &options, &program, &err);

	if (status == CG_OK) {
		answers_agree(policy, program, seed);
		cg_program_free(program);
		return;
	}
	says_why(&err, status);
	must(!program, "a failure hands nothing out");
	must(status == CG_E_TOOLONG || status == CG_E_NOMEM ||
		     status == CG_E_UNDECIDED,
	     "a policy is too large, or it compiles and is proved");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* What `native` means must not depend on where the fuzzer runs. */
	const struct cg_policy_options options = {
		.native = cg_abi_by_name("x86_64"),
		.memory = MEMORY,
	};
	struct cg_error err = { .status = CG_OK };
	struct cg_policy *policy = NULL;
	enum cg_status status = cg_policy_parse(
		(const char *)data, size, "fuzz.yml", &options, &policy, &err);

	if (status == CG_OK) {
		must(policy != NULL, "a success hands a policy out");
		warnings_end(policy);
		compile_agrees(policy, size);
		cg_policy_free(policy);
		return 0;
	}
	says_why(&err, status);
	must(!policy, "a failure hands nothing out");
	return 0;
}
