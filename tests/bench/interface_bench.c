/*
 * libseccomp's interface, played to the machine's library and to Callgate's:
 * the time from the first rule to the exported filter (Callgate's proof
 * included), what that costs to load and to run, and the heap that rules take.
 *
 * The arguments: the machine's library, and ours.
 */
#include <callgate/callgate.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "figures.h"
#include "peer.h"

enum { TURNS = 6, EXPORTS = 48, LOADS = 15, SET_MODE_FILTER = 1, PLAIN = 350 };

static const struct row {
	const char *name, *file;
	uint32_t otherwise;
	enum peer_conditions conditions;
	bool apart; /* one ABI a filter, rules exact, others allowed */
} rows[] = {
	{ "container list, numbers only", "policies/container-numbers.yml",
	  CG_RET_ERRNO | 1, PEER_NONE },
	{ "container list, 1 ABI", "policies/container-x86_64.yml",
	  CG_RET_ERRNO | 1, PEER_CONTAINER },
	{ "container list, 3 ABIs", "policies/container.yml", CG_RET_ERRNO | 1,
	  PEER_CONTAINER },
	{ "service list", "policies/service.yml", CG_RET_ERRNO | 1, PEER_NONE },
	{ "service list, as systemd asks", "policies/service.yml",
	  CG_RET_ERRNO | 1, PEER_NONE, .apart = true },
	{ "flatpak's list, 2 ABIs", "policies/flatpak.yml", CG_RET_ALLOW,
	  PEER_DESKTOP },
	{ "block list, 29 names", "policies/desktop.yml", CG_RET_ALLOW,
	  PEER_NONE },
	{ "block list, 5 names", "policies/deny5.yml", CG_RET_ALLOW,
	  PEER_NONE },
};

struct library {
	scmp_filter_ctx (*init)(uint32_t);
	void (*release)(scmp_filter_ctx);
	int (*arch_add)(scmp_filter_ctx, uint32_t);
	int (*arch_remove)(scmp_filter_ctx, uint32_t);
	int (*attr_set)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t);
	int (*rule)(scmp_filter_ctx, uint32_t, int, unsigned,
		    const struct scmp_arg_cmp *);
	int (*rule_exact)(scmp_filter_ctx, uint32_t, int, unsigned,
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
		{ "seccomp_arch_remove", &library->arch_remove },
		{ "seccomp_attr_set", &library->attr_set },
		{ "seccomp_rule_add_array", &library->rule },
		{ "seccomp_rule_add_exact_array", &library->rule_exact },
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

/* A list of families allows others by refusing each number between. */
static void add_desktop(const struct library *library, scmp_filter_ctx filter)
{
	enum { FAMILIES_END = 17, NEW_USER = 0x10000000 };
	static const struct {
		int nr;
		uint32_t answer;
		struct scmp_arg_cmp when;
	} refused[] = {
		{ SCMP_SYS(clone),
		  SCMP_ACT_ERRNO(1),
		  { 0, SCMP_CMP_MASKED_EQ, NEW_USER, NEW_USER } },
		{ SCMP_SYS(ioctl),
		  SCMP_ACT_ERRNO(1),
		  { 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI } },
		{ SCMP_SYS(ioctl),
		  SCMP_ACT_ERRNO(1),
		  { 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX } },
		{ SCMP_SYS(personality),
		  SCMP_ACT_ERRNO(1),
		  { 0, SCMP_CMP_NE, 0, 0 } },
		{ SCMP_SYS(socket),
		  SCMP_ACT_ERRNO(EAFNOSUPPORT),
		  { 0, SCMP_CMP_GE, FAMILIES_END, 0 } },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		must(library->rule(filter, refused[i].answer, refused[i].nr, 1,
				   &refused[i].when),
		     "a desktop's rule");
	for (unsigned family = 0; family < FAMILIES_END; family++) {
		const struct scmp_arg_cmp is = { 0, SCMP_CMP_EQ, family, 0 };

		if (family != AF_UNSPEC && family != AF_UNIX &&
		    family != AF_INET && family != AF_INET6 &&
		    family != AF_NETLINK)
			must(library->rule(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT),
					   SCMP_SYS(socket), 1, &is),
			     "family");
	}
}

/* What systemd does first, for each ABI: a filter for that alone. */
static void set_apart(const struct library *library, scmp_filter_ctx filter)
{
	must(library->arch_remove(filter, SCMP_ARCH_NATIVE), "remove");
	must(library->arch_add(filter, SCMP_ARCH_X86_64), "add");
	must(library->attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW),
	     "bad architecture");
	must(library->attr_set(filter, SCMP_FLTATR_CTL_NNP, 0), "privileges");
}

static scmp_filter_ctx play(const struct library *library, int level,
			    const struct peer_rules *rules, bool apart)
{
	int (*rule)(scmp_filter_ctx, uint32_t, int, unsigned,
		    const struct scmp_arg_cmp *) =
		apart ? library->rule_exact : library->rule;
	scmp_filter_ctx filter = library->init(rules->otherwise);

	must(library->attr_set(filter, SCMP_FLTATR_ACT_BADARCH, rules->foreign),
	     "bad architecture");
	must(library->attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
			       (uint32_t)level),
	     "optimize");
	if (apart)
		set_apart(library, filter);
	for (size_t i = 0; i < PEER_GUESTS && rules->guests[i]; i++)
		must(library->arch_add(filter, rules->guests[i]), "guest");
	for (size_t i = 0; i < rules->plain_count; i++)
		must(rule(filter, rules->plain[i].answer, rules->plain[i].nr, 0,
			  NULL),
		     "rule");
	if (rules->conditions == PEER_CONTAINER)
		add_container(library, filter);
	else if (rules->conditions == PEER_DESKTOP)
		add_desktop(library, filter);
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

/* Who makes a filter, and what it costs. */
struct subject {
	const char *who;
	const struct library *library;
	int level;
	bool apart; /* as a row has it */
	double exports[EXPORTS], loads[LOADS];
	struct cg_program *program;
	struct figures figures;
	struct times export, load;
};

/*
 * From the first rule to the exported filter. Where that is read back it goes
 * to memory; else to where writing costs next to nothing, for the pages of a
 * file cost more than a short list.
 */
static void export_once(struct subject *subject, const struct peer_rules *rules,
			size_t round)
{
	const struct library *library = subject->library;
	int fd = round == 0 ? memfd_create("filter", MFD_CLOEXEC)
			    : open("/dev/null", O_WRONLY | O_CLOEXEC);
	double start = bench_now();
	scmp_filter_ctx filter =
		play(library, subject->level, rules, subject->apart);

	must(library->export_bpf(filter, fd), "export");
	library->release(filter);
	subject->exports[round] = bench_now() - start;
	if (round == 0)
		subject->program = read_back(fd);
	close(fd);
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

/*
 * In turn, so that all see the same machine; some rounds at a time, and with
 * what the last one left in malloc given back first, so that none has to clear
 * up behind another.
 */
static void
measure(struct subject *subjects, size_t count, const struct peer_rules *rules,
	const struct cg_policy *policy)
{
	for (size_t turn = 0; turn < TURNS; turn++)
		for (size_t i = 0; i < count; i++) {
			malloc_trim(0);
			for (size_t j = 0; j < EXPORTS / TURNS; j++)
				export_once(&subjects[i], rules,
					    turn * (EXPORTS / TURNS) + j);
		}
	for (size_t round = 0; round < LOADS; round++)
		for (size_t i = 0; i < count; i++)
			subjects[i].loads[round] =
				load_once(subjects[i].program);
	for (size_t i = 0; i < count; i++) {
		struct subject *subject = &subjects[i];

		subject->export = bench_times(subject->exports, EXPORTS);
		subject->load = bench_times(subject->loads, LOADS);
		subject->figures = figures_of(policy, subject->program);
		cg_program_free(subject->program);
	}
}

static void print_subject(const struct subject *subject)
{
	const struct figures *figures = &subject->figures;

	printf("  %-18s %8.1f %8.1f %8zu %8.1f %8zu %8.0f %8.0f\n",
	       subject->who, subject->export.median, subject->export.least,
	       figures->insns, figures->mix, figures->longest,
	       subject->load.median, subject->load.least);
}

/* One of ours against theirs at both levels. */
static void print_ratios(const struct subject *ours, const struct subject *one,
			 const struct subject *two)
{
	printf("  %s: time 1/%.1f of -O1's, 1/%.1f of -O2's; instructions %.2f "
	       "of -O1's;\n      executed %.2f of -O2's; load %.2f of -O2's\n",
	       ours->who, one->export.least / ours->export.least,
	       two->export.least / ours->export.least,
	       (double)ours->figures.insns / (double)one->figures.insns,
	       ours->figures.mix / two->figures.mix,
	       ours->load.least / two->load.least);
}

/* Whatever answers by arch and number loads either and tests it, and returns.
 */
enum { EXECUTED_LEAST = 5 };

/* What no filter gets below: these, and a program of one instruction. */
static void print_floor(const struct subject *two)
{
	static const struct cg_insn allow = { 0x06, 0, 0, CG_RET_ALLOW };
	struct cg_program *program = NULL;
	struct cg_error err;
	double loads[LOADS], load;

	if (cg_program_from_insns(&allow, 1, false, &program, &err) != CG_OK)
		bench_die("one instruction", &err);
	for (size_t i = 0; i < LOADS; i++)
		loads[i] = load_once(program);
	load = bench_times(loads, LOADS).least;
	cg_program_free(program);
	printf("  no filter for it can do better than: executed %.2f of -O2's "
	       "(%d);\n      load %.2f of -O2's (one instruction: %.0f)\n",
	       EXECUTED_LEAST / two->figures.mix, EXECUTED_LEAST,
	       load / two->load.least, load);
}

static void bench_row(const struct row *row, const struct library *theirs,
		      const struct library *ours)
{
	static struct peer_rules rules;
	struct subject subjects[] = {
		{ .who = "Callgate -O1", .library = ours, .level = 1 },
		{ .who = "Callgate -O2", .library = ours, .level = 2 },
		{ .who = "libseccomp -O1", .library = theirs, .level = 1 },
		{ .who = "libseccomp -O2", .library = theirs, .level = 2 },
	};
	const size_t count = sizeof(subjects) / sizeof(subjects[0]);
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (cg_policy_open(row->file, NULL, &policy, &err) != CG_OK)
		bench_die(row->file, &err);
	if (!peer_prepare(&rules, policy, row->otherwise, row->conditions))
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < count; i++)
		subjects[i].apart = row->apart;
	measure(subjects, count, &rules, policy);
	printf("%s\n", row->name);
	for (size_t i = 0; i < count; i++)
		print_subject(&subjects[i]);
	for (size_t i = 0; i < 2; i++)
		print_ratios(&subjects[i], &subjects[2], &subjects[3]);
	print_floor(&subjects[3]);
	cg_policy_free(policy);
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
	struct library theirs, ours;

	if (argc != 3) {
		fprintf(stderr, "usage: %s THEIRS OURS\n", argv[0]);
		return EXIT_FAILURE;
	}
	library_open(&theirs, argv[1]);
	library_open(&ours, argv[2]);
	printf("through libseccomp's interface, microseconds, the median and "
	       "the least: first rule\nto exported filter, Callgate's proof "
	       "included; the kernel's load. Executed: the mix of\nusual "
	       "programs, and the longest path\n  %-18s %8s %8s %8s %8s %8s "
	       "%8s %8s\n",
	       "", "median", "least", "insns", "mix", "longest", "load",
	       "least");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bench_row(&rows[i], &theirs, &ours);
	printf("heap for %d plain rules: Callgate %zu bytes, libseccomp %zu\n",
	       PLAIN, heap(&ours), heap(&theirs));
	return EXIT_SUCCESS;
}
