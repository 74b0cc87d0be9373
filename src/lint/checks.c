/* What lint looks for: a row a check. */
#include "lint/checks.h"

#include <assert.h>
#include <string.h>

static const struct cg_check rows[] = {
	/* ------------------------------------------- about what it does -- */
	{ "runtime-needs", "the runtime cannot start anything under it",
	  "A container runtime loads the filter, then goes on to the exec of "
	  "the program, under the filter. What it calls on this way must be "
	  "allowed, though the program may never call it. What the user sees "
	  "of it is a message such as 'cannot start an already running "
	  "container'",
	  "allow the calls that are named; with no_new_privs (allowPrivilege"
	  "Escalation: false) fewer are needed",
	  CG_ERROR, false },
	{ "end", "a process cannot end, or return from a signal",
	  "Without exit_group and exit a process that wants to end spins for "
	  "ever, or is killed; without rt_sigreturn it crashes when its first "
	  "signal handler returns",
	  "allow exit, exit_group and rt_sigreturn", CG_ERROR, false },
	{ "other-abi", "calls that are refused can be made through another ABI",
	  "A 64-bit kernel serves programs of other ABIs, too: on x86_64 int "
	  "0x80 and the x32 numbers. Any process can use them. A filter that "
	  "looks at one architecture, or at numbers without their x32 bit, "
	  "does not hold there",
	  "refuse the other ABIs as a whole, or write the same rules for them: "
	  "`architectures:` in a policy, all of SCMP_ARCH_X86_64, _X86 and "
	  "_X32 "
	  "in a profile, SystemCallArchitectures=native in a unit",
	  CG_ERROR, false },
	{ "abi-killed", "programs of another ABI die",
	  "A 32-bit program is killed with SIGSYS (status 159) at its first "
	  "call, and nothing tells why",
	  "if 32-bit programs are to run, add their architecture; else it is "
	  "as it should be",
	  CG_NOTE, false },
	{ "multiplexer", "a call that is refused can be made through another",
	  "socketcall and ipc make calls whose number and arguments are in "
	  "memory, where no filter sees them. A rule about socket or semop "
	  "does not hold there",
	  "refuse the multiplexer, or the operations of it that its first "
	  "argument names; families and other arguments cannot be told apart "
	  "behind it",
	  CG_ERROR, false },
	{ "siblings", "a call that does the same is let through",
	  "mkdir and mkdirat, chmod and fchmodat2, open and openat come to the "
	  "same. Who is refused one takes the other",
	  "treat all of them alike; where a condition on one cannot be put on "
	  "the other, as behind openat2's pointer, refuse the other with "
	  "ENOSYS",
	  CG_ERROR, false },
	{ "clone3", "clone3 does not go with clone",
	  "clone3 takes its flags behind a pointer: where it is let through, a "
	  "condition on the flags of clone holds for nobody. And libc tries "
	  "clone3 first: only ENOSYS makes it take clone instead, any other "
	  "errno means no thread and no process",
	  "answer clone3 with ENOSYS", CG_ERROR, false },
	{ "io-uring", "an io_uring makes calls that are refused",
	  "What is put into an io_uring is carried out without asking a "
	  "filter: "
	  "opening, connecting, sending, removing files",
	  "refuse io_uring_setup, with ENOSYS or EPERM", CG_ERROR, false },
	{ "reach-others", "other processes can be steered",
	  "A process that may trace others, write into their memory or take "
	  "their descriptors has them make the calls that it may not",
	  "refuse ptrace, process_vm_writev and pidfd_getfd, but to debuggers",
	  CG_WARNING, false },
	{ "width", "bits that the kernel does not look at change the answer",
	  "A filter sees 64-bit registers; of an int the kernel takes the "
	  "lower "
	  "half. Who makes the call sets the upper half at will, and so gets "
	  "round what compares all 64 bits. The other way about, a harmless "
	  "call with such bits, which is legal, is refused",
	  "compare the lower 32 bits: a rule such as socket(AF_UNIX) does, "
	  "SCMP_CMP_MASKED_EQ with mask 4294967295 does; an order (LT, GT) in "
	  "a profile cannot, so name each value",
	  CG_ERROR, false },
	{ "sign", "-1 is one thing as an int and another as a long",
	  "A negative int reaches the filter as 0x00000000ffffffff from most "
	  "compilers, and as 0xffffffffffffffff through syscall(2). Comparing "
	  "64 bits tells them apart, though the kernel does not",
	  "compare the lower 32 bits", CG_WARNING, false },
	{ "errno-range", "an errno that is none",
	  "Linux has errnos from 1 to 4095. Beyond, the kernel returns 4095, "
	  "which no program understands; errno 0 is a success, so the program "
	  "believes that the call has been made",
	  "name an errno: EPERM, ENOSYS, EACCES", CG_WARNING, false },
	{ "needs-enosys", "libc wants to hear ENOSYS",
	  "A C library tries newer calls first, and falls back on older ones "
	  "only where it hears ENOSYS. With EPERM or a signal, programs that "
	  "worked fail after an update of their libc",
	  "answer calls that the policy does not know with ENOSYS: `kernel:` "
	  "in "
	  "a policy, errnoRet 38 (on x86_64) in a profile",
	  CG_WARNING, false },
	{ "new-calls", "calls of newer kernels are refused as if known",
	  "A call that the next kernel brings gets the default answer. A libc "
	  "that tries it takes EPERM for the truth, and does not fall back",
	  "let the default be ENOSYS, with EPERM for what is known and "
	  "refused; "
	  "a policy with `kernel:` does so by itself",
	  CG_NOTE, false },
	{ "trace", "calls are handed to a tracer",
	  "Where nobody traces the process, a call that gets `trace` fails "
	  "with "
	  "ENOSYS; and whoever traces it may let it through",
	  "answer with an errno, unless a tracer belongs to the sandbox",
	  CG_WARNING, false },
	{ "notify", "calls are handed to a supervisor",
	  "Where no supervisor listens, or it has ended, a call that gets "
	  "`notify` fails with ENOSYS. A runtime hands over the descriptor by "
	  "writing: if write is notified, it waits for itself",
	  "name a listener, and never notify write, nor by default", CG_WARNING,
	  false },
	{ "cost", "it is long, or slow",
	  "A process holds 32768 converted instructions at most, with all that "
	  "it inherits, and each call that the kernel cannot answer from its "
	  "cache runs them: 0.15 to 0.3 ns an instruction, more where jumps "
	  "are mispredicted",
	  "`callgate compile` makes a short filter of a policy; `convert --to "
	  "bpf` of any other format",
	  CG_WARNING, false },
	{ "more-filters", "further filters can be loaded",
	  "That is harmless, as each filter can only take away; but a sandbox "
	  "that must not change may not expect it",
	  "refuse seccomp, and prctl(PR_SET_SECCOMP), if that matters", CG_NOTE,
	  false },
	{ "unfilterable", "the kernel never asks about a call",
	  "uretprobe and uprobe, on x86_64, pass every filter on newer "
	  "kernels: "
	  "they are traps of probes, and do nothing for anybody else",
	  "leave them out: refusing them changes nothing", CG_WARNING, false },
	/* --------------------------------------------- about its text ----- */
	{ "unknown-name", "a call that does not exist is passed over",
	  "Most runtimes say nothing about a name that they do not know. In an "
	  "allow list a typo breaks the program, in a block list it opens a "
	  "hole. A name that the host's libseccomp is too old for is passed "
	  "over, too: one file, another policy on each host",
	  "correct the name; for a call that is newer than the host, let the "
	  "default be ENOSYS",
	  CG_WARNING, true },
	{ "unknown-key", "a key that does not exist is passed over",
	  "What a runtime does not know it takes for somebody else's, and says "
	  "nothing",
	  "correct the key", CG_WARNING, true },
	{ "engine-only", "keys that this runtime passes over",
	  "includes, excludes, archMap, minKernel and name are Docker's; "
	  "Podman and CRI-O know most of them. containerd, ctr, runc, crun and "
	  "Kubernetes on containerd pass over them: each rule that is meant "
	  "for "
	  "a capability then holds for everybody, and other ABIs are not "
	  "covered",
	  "resolve the file for its runtime: `callgate convert --for docker "
	  "--to oci`",
	  CG_ERROR, true },
	{ "min-kernel", "a kernel that this runtime does not look at",
	  "Podman and CRI-O know includes and excludes, but for minKernel: "
	  "such "
	  "a rule holds on every kernel",
	  "leave minKernel out, or have one file for each kernel", CG_WARNING,
	  true },
	{ "shadowed", "a rule that does not count",
	  "Which of two rules about one call counts is the runtime's to say, "
	  "and is neither the later nor the stricter one: of rules without "
	  "conditions the first, and these before all that have some",
	  "have one rule a call, or rules whose conditions exclude each other",
	  CG_WARNING, true },
	{ "repeated-argument",
	  "two conditions on one argument are alternatives",
	  "libseccomp takes one condition an argument. Runtimes make a rule of "
	  "each instead, so that any of them is enough, also of the conditions "
	  "on other arguments",
	  "write one condition an argument; a range as two rules is wrong, "
	  "too: "
	  "name the values",
	  CG_ERROR, true },
	{ "same-as-default", "a rule that says what is so anyway",
	  "Runtimes leave it out. Nothing is wrong with that, but it overrides "
	  "nothing either",
	  "leave it out", CG_NOTE, true },
	{ "condition", "a condition that always or never holds",
	  "A value with bits outside of its mask is never met, and less than 0 "
	  "never is, 0 or more always",
	  "correct the value or the mask", CG_WARNING, true },
	{ "reader", "something that the reader of the file noticed",
	  "It is not as the runtime, or a person, would take it at first sight",
	  "see the message", CG_WARNING, true },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct cg_check *cg_check_get(size_t index)
{
	return index < ROWS ? &rows[index] : NULL;
}

const struct cg_check *cg_check_by_name(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct cg_check *check_named(const char *name)
{
	const struct cg_check *check = cg_check_by_name(name);

	assert(check);
	return check;
}

const char *cg_severity_name(enum cg_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return severity <= CG_ERROR ? names[severity] : "";
}
