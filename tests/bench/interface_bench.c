/*
 * libseccomp's interface, played to the machine's library and to Callgate's:
 * the time from the first rule to the exported filter (Callgate's proof
 * included), what that costs to load and to run, and the heap that rules take.
 *
 * The arguments: the machine's library, and ours.
 */
#include <callgate/callgate.h>

#include <dlfcn.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "figures.h"
#include "peer.h"

enum { ROUNDS = 41, LOADS = 15, SET_MODE_FILTER = 1, PLAIN = 350 };

static const struct row {
	const char *name, *file;
	uint32_t otherwise;
	enum peer_conditions conditions;
} rows[] = {
	{ "container list, numbers only", "policies/container-numbers.yml",
	  CG_RET_ERRNO | 1, PEER_NONE },
	{ "container list, 1 ABI", "policies/container-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_CONTAINER },
	{ "container list, 3 ABIs", "policies/container.yml", CG_RET_ERRNO | 1,
	  PEER_CONTAINER },
	{ "service list", "policies/service.yml", CG_RET_ERRNO | 1, PEER_NONE },
	{ "block list, 5 names", "policies/deny5.yml", CG_RET_ALLOW,
	  PEER_NONE },
};

struct library {
	scmp_filter_ctx (*init)(uint32_t);
	void (*release)(scmp_filter_ctx);
	int (*arch_add)(scmp_filter_ctx, uint32_t);
	int (*attr_set)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t);
	int (*rule)(scmp_filter_ctx, uint32_t, int, unsigned,
		    const struct scmp_arg_cmp *);
	int (*export_bpf)(scmp_filter_ctx, int);
};

static void library_open(struct library *library, const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct {
		const char *name;
		void *place;
	} symbols[] = {
		{ "seccomp_init", &library->init },
		{ "seccomp_release", &library->release },
		{ "seccomp_arch_add", &library->arch_add },
		{ "seccomp_attr_set", &library->attr_set },
		{ "seccomp_rule_add_array", &library->rule },
		{ "seccomp_export_bpf", &library->export_bpf },
	};

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = handle ? dlsym(handle, symbols[i].name) : NULL;

		if (!symbol) {
			fprintf(stderr, "%s\n", dlerror());
			exit(EXIT_FAILURE);
		}
		memcpy(symbols[i].place, &symbol, sizeof(symbol));
	}
}

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %d\n", what, rc);
	exit(EXIT_FAILURE);
}

static void add_container(const struct library *library, scmp_filter_ctx filter)
{
	static const uint64_t values[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	const struct scmp_arg_cmp mask = { 0, SCMP_CMP_MASKED_EQ, 0x7e020000,
					   0 };
	const struct scmp_arg_cmp family = { 0, SCMP_CMP_NE, 40, 0 };

	must(library->rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			   &family),
	     "socket");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct scmp_arg_cmp value = { 0, SCMP_CMP_EQ, values[i],
						    0 };

		must(library->rule(filter, SCMP_ACT_ALLOW,
				   SCMP_SYS(personality), 1, &value),
		     "personality");
	}
	must(library->rule(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &mask),
	     "clone");
}

static scmp_filter_ctx
play(const struct library *library, int level, const struct peer_rules *rules)
{
	scmp_filter_ctx filter = library->init(rules->otherwise);

	must(library->attr_set(filter, SCMP_FLTATR_ACT_BADARCH, rules->foreign),
	     "bad architecture");
	must(library->attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
			       (uint32_t)level),
	     "optimize");
	for (size_t i = 0; i < PEER_GUESTS && rules->guests[i]; i++)
		must(library->arch_add(filter, rules->guests[i]), "guest");
	for (size_t i = 0; i < rules->plain_count; i++)
		must(library->rule(filter, rules->plain[i].answer,
				   rules->plain[i].nr, 0, NULL),
		     "rule");
	if (rules->conditions == PEER_CONTAINER)
		add_container(library, filter);
	return filter;
}

static struct cg_program *read_back(int fd)
{
	static unsigned char bytes[CG_PROGRAM_MAX * 8];
	struct cg_program *program = NULL;
	struct cg_error err = { .message = "it cannot be read back" };
	ssize_t length = pread(fd, bytes, sizeof(bytes), 0);

	if (length <= 0 || cg_program_from_bytes(bytes, (size_t)length, false,
						 &program, &err) != CG_OK)
		bench_die("the filter", &err);
	return program;
}

/* From the first rule to the exported filter. */
static struct times
time_export(const struct library *library, int level,
	    const struct peer_rules *rules, struct cg_program **program)
{
	static double samples[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int fd = memfd_create("filter", MFD_CLOEXEC);
		double start = bench_now();
		scmp_filter_ctx filter = play(library, level, rules);

		must(library->export_bpf(filter, fd), "export");
		library->release(filter);
		samples[i] = bench_now() - start;
		if (i == 0)
			*program = read_back(fd);
		close(fd);
	}
	return bench_times(samples, ROUNDS);
}

/* The kernel's part, in a child: filters stay. */
static void load_here(const struct cg_program *program, double *took)
{
	struct {
		unsigned short length;
		const struct cg_insn *insns;
	} filter;
	double start;
	size_t count;

	filter.insns = cg_program_insns(program, &count);
	filter.length = (unsigned short)count;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(1);
	start = bench_now();
	if (syscall(SYS_seccomp, SET_MODE_FILTER, 0, &filter))
		_exit(1);
	*took = bench_now() - start;
	_exit(0);
}

static double load_once(const struct cg_program *program)
{
	double *said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double took;
	pid_t child;
	int status;

	if (said == MAP_FAILED)
		exit(EXIT_FAILURE);
	child = fork();
	if (child == 0)
		load_here(program, said);
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(EXIT_FAILURE);
	/* A filter that kills what ends the child has been loaded, too. */
	took = *said;
	munmap(said, sizeof(*said));
	return took;
}

static struct times time_load(const struct cg_program *program)
{
	static double samples[LOADS];

	for (size_t i = 0; i < LOADS; i++)
		samples[i] = load_once(program);
	return bench_times(samples, LOADS);
}

static void
measure(const char *who, const struct library *library, int level,
	const struct peer_rules *rules, const struct cg_policy *policy)
{
	struct cg_program *program = NULL;
	struct times export = time_export(library, level, rules, &program);
	struct figures figures = figures_of(policy, program);

	printf("  %-18s %8.0f %8.0f %8zu %8.1f %8zu %8.0f\n", who,
	       export.median, export.least, figures.insns, figures.mix,
	       figures.longest, time_load(program).median);
	cg_program_free(program);
}

/* The heap that 350 plain rules take. */
static size_t heap(const struct library *library)
{
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, after;
	scmp_filter_ctx filter = library->init(SCMP_ACT_ERRNO(1));

	for (int nr = 0; nr < PLAIN; nr++)
		must(library->rule(filter, SCMP_ACT_ALLOW, nr, 0, NULL),
		     "rule");
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	library->release(filter);
	return after - before;
}

int main(int argc, char *argv[])
{
	static struct peer_rules rules;
	struct library theirs, ours;

	if (argc != 3) {
		fprintf(stderr, "usage: %s THEIRS OURS\n", argv[0]);
		return EXIT_FAILURE;
	}
	library_open(&theirs, argv[1]);
	library_open(&ours, argv[2]);
	printf("through libseccomp's interface, microseconds: first rule to "
	       "exported filter,\nCallgate's proof included\n  %-18s %8s %8s "
	       "%8s %8s %8s %8s\n",
	       "", "median", "least", "insns", "mix", "longest", "load");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cg_policy *policy = NULL;
		struct cg_error err;

		if (cg_policy_open(rows[i].file, NULL, &policy, &err) != CG_OK)
			bench_die(rows[i].file, &err);
		if (!peer_prepare(&rules, policy, rows[i].otherwise,
				  rows[i].conditions))
			return EXIT_FAILURE;
		printf("%s\n", rows[i].name);
		measure("Callgate -O1", &ours, 1, &rules, policy);
		measure("Callgate -O2", &ours, 2, &rules, policy);
		measure("libseccomp -O1", &theirs, 1, &rules, policy);
		measure("libseccomp -O2", &theirs, 2, &rules, policy);
		cg_policy_free(policy);
	}
	printf("heap for %d plain rules: Callgate %zu bytes, libseccomp %zu\n",
	       PLAIN, heap(&ours), heap(&theirs));
	return EXIT_SUCCESS;
}
