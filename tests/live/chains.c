#include "chains.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/asm.h"

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

/* Take over `count` instructions; the chain's from now on. */
static void add(struct chain *chain, const struct cg_insn *insns, size_t count)
{
	struct cg_insn *copy = calloc(count, sizeof(*copy));

	assert(copy && chain->count < CHAIN_MAX);
	memcpy(copy, insns, count * sizeof(*copy));
	chain->at[chain->count].insns = copy;
	chain->at[chain->count++].count = count;
}

static void add_text(struct chain *chain, const char *text)
{
	struct arena arena = { .budget = 1 << 20 };
	struct cg_insn *insns;
	struct cg_error err;
	size_t count;

	assert(asm_read(&arena, text, strlen(text), &insns, &count, &err));
	add(chain, insns, count);
	arena_free(&arena);
}

/*
 * As Chromium's sandbox has it: ranges of numbers in a balanced tree, x32
 * refused by its bit, an int argument only with a clean high half, trap() to
 * hand a call over to the broker.
 */
static bool chromium(struct chain *chain)
{
	static const char text[] = "ld [4]\n"
				   "jeq #0xc000003e, L2, kill\n"
				   "L2: ld [0]\n"
				   "jset #0x40000000, kill, L4\n"
				   "L4: jge #0x65, L5, L7\n"
				   "L5: jge #0x101, L6, allow\n"
				   "L6: jge #0x102, allow, trap\n"
				   "L7: jge #0x2a, L8, L10\n"
				   "L8: jge #0x3c, allow, L9\n"
				   "L9: jge #0x38, clone, perm\n"
				   "L10: jge #0x29, socket, L11\n"
				   "L11: jge #0x3, allow, L12\n"
				   "L12: jge #0x2, trap, allow\n"
				   "socket: ld [20]\n"
				   "jeq #0, low, L15\n"
				   "L15: jeq #0xffffffff, L16, kill\n"
				   "L16: ld [16]\n"
				   "jset #0x80000000, L18, kill\n"
				   "L18: jeq #1, allow, perm\n"
				   "low: ld [16]\n"
				   "jeq #1, allow, perm\n"
				   "clone: ld [16]\n"
				   "and #0x7e020000\n"
				   "jeq #0, allow, perm\n"
				   "perm: ret #0x50001\n"
				   "trap: ret #0x30007\n"
				   "kill: ret #0x80000000\n"
				   "allow: ret #0x7fff0000\n";

	if (strcmp(cg_abi_native()->name, "x86_64") != 0)
		return false;
	add_text(chain, text);
	/* The renderer has a second one, loaded later. */
	add_text(chain, "ld [0]\n"
			"jeq #0x65, no, L2\n"
			"L2: jeq #0x136, no, yes\n"
			"no: ret #0x80000000\n"
			"yes: ret #0x7fff0000\n");
	return true;
}

static bool smallest(struct chain *chain)
{
	add_text(chain, "ret #0x7fff0000\n");
	return true;
}

/* As long as a program may be, and as many of them as fit. */
static bool longest(struct chain *chain)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];

	for (size_t i = 0; i < CG_PROGRAM_MAX; i++)
		insns[i] = (struct cg_insn){ 0x06, 0, 0,
					     CG_RET_ALLOW | (uint32_t)i };
	for (size_t i = 0; i < 3; i++)
		add(chain, insns, CG_PROGRAM_MAX);
	return true;
}

#ifdef HAVE_LIBSECCOMP

static void add_peer(struct chain *chain, scmp_filter_ctx peer)
{
	static struct cg_insn insns[CG_PROGRAM_MAX];
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t got;

	assert(fd >= 0 && seccomp_export_bpf(peer, fd) == 0);
	got = pread(fd, insns, sizeof(insns), 0);
	assert(got > 0 && got % (ssize_t)sizeof(*insns) == 0);
	close(fd);
	add(chain, insns, (size_t)got / sizeof(*insns));
	seccomp_release(peer);
}

static void refuse(scmp_filter_ctx peer, const char *name, int number)
{
	int nr = seccomp_syscall_resolve_name(name);

	assert(nr != __NR_SCMP_ERROR);
	/* A number below 0 is a call of other ABIs. */
	assert(seccomp_rule_add(peer, SCMP_ACT_ERRNO((unsigned)number), nr,
				0) == 0 ||
	       nr < 0);
}

static scmp_filter_ctx for_arch(uint32_t arch)
{
	scmp_filter_ctx peer = seccomp_init(SCMP_ACT_ALLOW);

	assert(peer);
	assert(seccomp_arch_remove(peer, SCMP_ARCH_NATIVE) == 0);
	assert(seccomp_arch_add(peer, arch) == 0);
	assert(seccomp_attr_set(peer, SCMP_FLTATR_ACT_BADARCH,
				SCMP_ACT_ALLOW) == 0);
	return peer;
}

/* As a unit of systemd's has it: a filter for each directive and each ABI. */
static bool systemd(struct chain *chain)
{
	static const uint32_t archs[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86,
					  SCMP_ARCH_X32 };
	static const char *const mounts[] = { "mount", "umount2", "pivot_root",
					      "chroot", "move_mount" };
	static const char *const clocks[] = { "settimeofday", "clock_settime",
					      "adjtimex" };

	if (strcmp(cg_abi_native()->name, "x86_64") != 0)
		return false;
	for (size_t i = 0; i < 3; i++) { /* SystemCallFilter=~@mount */
		scmp_filter_ctx peer = for_arch(archs[i]);

		for (size_t j = 0; j < 5; j++)
			refuse(peer, mounts[j], EPERM);
		add_peer(chain, peer);
	}
	for (size_t i = 0; i < 3; i++) { /* ProtectClock= */
		scmp_filter_ctx peer = for_arch(archs[i]);

		for (size_t j = 0; j < 3; j++)
			refuse(peer, clocks[j], EPERM);
		add_peer(chain, peer);
	}
	for (size_t i = 0; i < 3; i += 2) { /* RestrictAddressFamilies= */
		scmp_filter_ctx peer = for_arch(archs[i]);
		int nr = seccomp_syscall_resolve_name("socket");

		for (uint64_t family = 2; family < 40; family++)
			assert(seccomp_rule_add(
				       peer, SCMP_ACT_ERRNO(EAFNOSUPPORT), nr,
				       1, SCMP_A0(SCMP_CMP_EQ, family)) == 0);
		add_peer(chain, peer);
	}
	return true;
}

/* As container runtimes use libseccomp: one filter, all ABIs, an allow list. */
static bool libseccomp(struct chain *chain, unsigned level)
{
	static const char *const calls[] = {
		"read",   "write",      "close", "exit_group", "rt_sigreturn",
		"openat", "newfstatat", "mmap",  "munmap",     "brk",
		"futex",  "execve",     "pause", "getpid",     "kill",
	};
	scmp_filter_ctx peer = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	assert(peer);
	if (strcmp(cg_abi_native()->name, "x86_64") == 0) {
		assert(seccomp_arch_add(peer, SCMP_ARCH_X86) == 0);
		assert(seccomp_arch_add(peer, SCMP_ARCH_X32) == 0);
	}
	assert(seccomp_attr_set(peer, SCMP_FLTATR_CTL_OPTIMIZE, level) == 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert(seccomp_rule_add(peer, SCMP_ACT_ALLOW,
					seccomp_syscall_resolve_name(calls[i]),
					0) == 0);
	assert(seccomp_rule_add(peer, SCMP_ACT_ALLOW,
				seccomp_syscall_resolve_name("clone"), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, 0x7e020000, 0)) ==
	       0);
	add_peer(chain, peer);
	return true;
}

#else

static bool systemd(struct chain *chain)
{
	(void)chain;
	return false;
}

static bool libseccomp(struct chain *chain, unsigned level)
{
	(void)chain;
	(void)level;
	return false;
}

#endif

static bool libseccomp_tree(struct chain *chain)
{
	return libseccomp(chain, 2);
}

static bool libseccomp_row(struct chain *chain)
{
	return libseccomp(chain, 1);
}

static const struct {
	const char *name;
	bool (*make)(struct chain *chain);
} chains[] = {
	{ "one instruction", smallest },
	{ "three times 4096 instructions", longest },
	{ "Chromium's kind: trees, clean halves, two filters", chromium },
	{ "systemd's kind: a filter for each directive and ABI", systemd },
	{ "libseccomp, in a row", libseccomp_row },
	{ "libseccomp, as a tree", libseccomp_tree },
};
_Static_assert(sizeof(chains) / sizeof(chains[0]) == CHAINS, "CHAINS");

bool chain_make(size_t i, struct chain *out)
{
	*out = (struct chain){ 0 };
	return chains[i].make(out);
}

void chain_free(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		free((void *)(uintptr_t)chain->at[i].insns);
	chain->count = 0;
}

const char *chain_name(size_t i)
{
	return chains[i].name;
}
