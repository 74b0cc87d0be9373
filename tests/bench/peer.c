#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>

/* The one answer of a call, whatever its arguments, on the ABIs that have it.
 */
static bool plain_answer(const struct cg_policy *policy,
			 const struct cg_syscall *call, uint32_t *answer)
{
	const struct cg_side side = { .policy = policy };
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_policy_abi(policy, i)); i++) {
		struct cg_call asked = { .arch = abi->audit_arch };
		struct cg_outcome outcome;
		struct cg_error err;
		size_t count;

		if (!cg_syscall_number(call, abi, &asked.nr))
			continue;
		if (cg_outcomes(side, &asked, 0, 0, &outcome, 1, &count,
				&err) != CG_OK)
			bench_die("outcomes", &err);
		*answer = outcome.answer;
		return count == 1;
	}
	return false;
}

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "libseccomp: %s: %s\n", what, strerror(-rc));
	exit(EXIT_FAILURE);
}

static void add_container(scmp_filter_ctx filter)
{
	static const unsigned values[] = { 0, 8, 0x20000, 0x20008, ~0u };

	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			      SCMP_A0(SCMP_CMP_LT, 38)),
	     "socket");
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			      SCMP_A0(SCMP_CMP_EQ, 39)),
	     "socket");
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			      SCMP_A0(SCMP_CMP_GT, 40)),
	     "socket");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		must(seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				      SCMP_SYS(personality), 1,
				      SCMP_A0(SCMP_CMP_EQ, values[i])),
		     "personality");
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			      SCMP_A0(SCMP_CMP_MASKED_EQ, 0x7e020000, 0)),
	     "clone");
}

/* The values lie among the calls that the policy finds worth asking about. */
static void
find_requests(struct peer_rules *rules, const struct cg_policy *policy)
{
	enum { SAMPLES = 200000 };

	for (uint64_t i = 0; i < SAMPLES && rules->request_count < PEER_RULES;
	     i++) {
		struct cg_call call;
		uint32_t value;
		size_t at = 0;

		cg_policy_sample(policy, 1, i, &call);
		value = (uint32_t)call.args[1];
		while (at < rules->request_count &&
		       rules->requests[at] != value)
			at++;
		if (at == rules->request_count &&
		    cg_policy_decide(policy, &call) == CG_RET_ALLOW)
			rules->requests[rules->request_count++] = value;
	}
}

static void
find_guests(struct peer_rules *rules, const struct cg_policy *policy)
{
	static const struct {
		const char *name;
		uint32_t token;
	} rows[] = {
		{ "i386", SCMP_ARCH_X86 },
		{ "x32", SCMP_ARCH_X32 },
	};
	const struct cg_abi *abi;
	size_t count = 0;

	for (size_t i = 0; (abi = cg_policy_abi(policy, i)); i++)
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			if (strcmp(abi->name, rows[j].name) == 0 &&
			    count < PEER_GUESTS)
				rules->guests[count++] = rows[j].token;
}

/* Its number, where libseccomp is older than the call: one ABI takes any. */
static int
number_of(const struct cg_policy *policy, const struct cg_syscall *call)
{
	int nr = seccomp_syscall_resolve_name(call->name);
	uint32_t ours;

	if (nr == __NR_SCMP_ERROR && !cg_policy_abi(policy, 1) &&
	    cg_syscall_number(call, cg_policy_abi(policy, 0), &ours))
		return (int)ours;
	return nr;
}

static void find_plain(struct peer_rules *rules, const struct cg_policy *policy)
{
	const struct cg_syscall *call;

	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		int nr = number_of(policy, call);
		uint32_t answer;

		if (nr == __NR_SCMP_ERROR || rules->plain_count == PEER_RULES ||
		    !plain_answer(policy, call, &answer) ||
		    answer == rules->otherwise)
			continue;
		rules->plain[rules->plain_count].nr = nr;
		rules->plain[rules->plain_count++].answer = answer;
	}
}

bool peer_prepare(struct peer_rules *rules, const struct cg_policy *policy,
		  uint32_t otherwise, enum peer_conditions conditions)
{
	const struct cg_call nowhere = { .arch = 0 };

	*rules = (struct peer_rules){
		.otherwise = otherwise,
		.foreign = cg_policy_decide(policy, &nowhere),
		.conditions = conditions,
	};
	find_guests(rules, policy);
	find_plain(rules, policy);
	if (conditions == PEER_REQUESTS)
		find_requests(rules, policy);
	return true;
}

static void add_rules(scmp_filter_ctx filter, const struct peer_rules *rules)
{
	for (size_t i = 0; i < PEER_GUESTS && rules->guests[i]; i++)
		must(seccomp_arch_add(filter, rules->guests[i]), "guest");
	for (size_t i = 0; i < rules->plain_count; i++)
		must(seccomp_rule_add(filter, rules->plain[i].answer,
				      rules->plain[i].nr, 0),
		     "plain rule");
	if (rules->conditions == PEER_CONTAINER)
		add_container(filter);
	for (size_t i = 0; i < rules->request_count; i++)
		must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
				      1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff,
					      rules->requests[i])),
		     "ioctl");
}

void peer_export(const struct peer_rules *rules, int level, FILE *file)
{
	scmp_filter_ctx filter = seccomp_init(rules->otherwise);

	if (!filter)
		must(-ENOMEM, "seccomp_init");
	must(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, rules->foreign),
	     "bad architecture");
	must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
			      (uint32_t)level),
	     "optimize");
	add_rules(filter, rules);
	must(seccomp_export_bpf(filter, fileno(file)), "export");
	seccomp_release(filter);
}
#else
bool peer_prepare(struct peer_rules *rules, const struct cg_policy *policy,
		  uint32_t otherwise, enum peer_conditions conditions)
{
	(void)rules;
	(void)policy;
	(void)otherwise;
	(void)conditions;
	return false;
}

void peer_export(const struct peer_rules *rules, int level, FILE *file)
{
	(void)rules;
	(void)level;
	(void)file;
	abort(); /* peer_prepare() said that there is none */
}
#endif

static struct cg_program *read_program(FILE *file)
{
	long length = (long)lseek(fileno(file), 0, SEEK_END);
	void *bytes = length > 0 ? malloc((size_t)length) : NULL;
	struct cg_program *program = NULL;
	struct cg_error err = { .message = "it cannot be read back" };

	if (!bytes || pread(fileno(file), bytes, (size_t)length, 0) != length ||
	    cg_program_from_bytes(bytes, (size_t)length, false, &program,
				  &err) != CG_OK)
		bench_die("libseccomp's filter", &err);
	free(bytes);
	return program;
}

struct cg_program *
peer_filter(const struct cg_policy *policy, uint32_t otherwise,
	    enum peer_conditions conditions, int level)
{
	static struct peer_rules rules;
	struct cg_program *program;
	FILE *file = tmpfile();

	if (!file) {
		perror("tmpfile");
		exit(EXIT_FAILURE);
	}
	if (!peer_prepare(&rules, policy, otherwise, conditions)) {
		fclose(file);
		return NULL;
	}
	peer_export(&rules, level, file);
	program = read_program(file);
	fclose(file);
	return program;
}
