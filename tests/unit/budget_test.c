/*
 * Budgets that are too small, for every policy there is: reading, compiling
 * and proving fail cleanly, whatever the budget, until it is enough; and then
 * the result is the one that plenty gives.
 */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include <callgate/prove.h>

#include "tap.h"

enum { STEP = 997, NODES_STEP = 3, PATH = 512, POLICIES = 64 };

/* Where a policy comes from: a preset, or a file. */
struct origin {
	char name[PATH];
	const struct cg_preset *preset;
};

static enum cg_status
open_policy(const struct origin *origin, size_t memory,
	    struct cg_policy **policy, struct cg_error *err)
{
	/* Some name an ABI by being for it; the others are for x86_64. */
	const struct cg_policy_options options = {
		.native = cg_abi_by_name("x86_64"),
		.memory = memory,
	};

	if (origin->preset)
		return cg_policy_preset(origin->preset->name, &options, policy,
					err);
	return cg_policy_open(origin->name, &options, policy, err);
}

static bool same_program(const struct cg_program *a, const struct cg_program *b)
{
	const struct cg_insn *left, *right;
	size_t one, other;

	left = cg_program_insns(a, &one);
	right = cg_program_insns(b, &other);
	return one == other && memcmp(left, right, one * sizeof(*left)) == 0;
}

/* How often it failed before it went well; 0 if anything was not clean. */
static size_t try_reading(const struct origin *origin)
{
	struct cg_policy *policy = NULL;
	struct cg_error err;
	enum cg_status status;
	size_t failed = 0;

	for (;;) {
		err = (struct cg_error){ 0 };
		status = open_policy(origin, 1 + failed * STEP, &policy, &err);
		if (status == CG_OK)
			break;
		if (status != CG_E_NOMEM || err.status != CG_E_NOMEM ||
		    policy || !err.message[0])
			return 0;
		failed++;
	}
	cg_policy_free(policy);
	return failed;
}

static size_t
try_compiling(const struct cg_policy *policy, const struct cg_program *plenty)
{
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	size_t failed = 0;
	bool same;

	for (;;) {
		const struct cg_compile_options options = {
			.memory = 1 + failed * STEP
		};
		enum cg_status status =
			cg_compile(policy, &options, &program, &err);

		if (status == CG_OK)
			break;
		if (status != CG_E_NOMEM || err.status != status || program)
			return 0;
		failed++;
	}
	same = same_program(program, plenty);
	cg_program_free(program);
	return same ? failed : 0;
}

static size_t
try_proving(const struct cg_policy *policy, const struct cg_program *program)
{
	struct cg_witness witness = { .left = 1, .right = 2 };
	struct cg_error err = { 0 };
	size_t failed = 0, nodes = 1;

	for (;; nodes += NODES_STEP + nodes / 8) {
		const struct cg_compile_options options = { .nodes = nodes };
		struct cg_program *other = NULL;
		enum cg_status status =
			cg_prove(policy, program, nodes, &witness, &err);

		/* Compiling asks for the same proof. */
		if (cg_compile(policy, &options, &other, &err) != status ||
		    (status == CG_OK) != (other != NULL))
			return 0;
		cg_program_free(other);
		if (status == CG_OK)
			return failed;
		if (status != CG_E_UNDECIDED || witness.left != 1)
			return 0;
		failed++;
	}
}

static void try_policy(struct tap *tap, const struct origin *origin)
{
	struct cg_policy *policy = NULL;
	struct cg_program *program = NULL;
	struct cg_error err = { 0 };
	size_t read, compiled = 0, proved = 0;

	if (open_policy(origin, 0, &policy, &err) != CG_OK) {
		/* Some are of a machine that is named in the rows alone. */
		tap_ok(tap, err.status == CG_E_ARCH, "%s: %s", origin->name,
		       err.message);
		return;
	}
	read = try_reading(origin);
	if (cg_compile(policy, NULL, &program, &err) == CG_OK) {
		compiled = try_compiling(policy, program);
		proved = try_proving(policy, program);
	}
	tap_ok(tap, read && compiled && proved,
	       "%s: %zu, %zu and %zu budgets too small", origin->name, read,
	       compiled, proved);
	cg_program_free(program);
	cg_policy_free(policy);
}

static size_t find_policies(const char *folder, struct origin *out)
{
	const struct dirent *entry;
	const struct cg_preset *preset;
	size_t count = 0;
	DIR *dir = opendir(folder);

	for (size_t i = 0; (preset = cg_preset_get(i)); i++) {
		snprintf(out[count].name, PATH, "preset %s", preset->name);
		out[count++].preset = preset;
	}
	while (dir && (entry = readdir(dir)) && count < POLICIES)
		if (strstr(entry->d_name, ".yml"))
			snprintf(out[count++].name, PATH, "%s/%s", folder,
				 entry->d_name);
	if (dir)
		closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	static struct origin origins[POLICIES];
	struct tap tap = { 0 };
	size_t count = find_policies(argc > 1 ? argv[1] : ".", origins);

	tap_ok(&tap, count > 20, "there are %zu policies", count);
	for (size_t i = 0; i < count; i++)
		try_policy(&tap, &origins[i]);
	return tap_done(&tap);
}
