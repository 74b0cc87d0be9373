/*
 * An eBPF program that does nothing, attached to raw tracepoints until stdin
 * ends: what the kernel takes for itself, whoever counts there. Or one that
 * asks the kernel CALLS times who runs: what it takes to ask at all.
 *
 * usage: tracepoint [CALLS] NAME...
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Ask so often; r0 = 0; exit */
static int load_program(unsigned calls)
{
	enum { MOST = 32 };
	static const struct bpf_insn ask = {
		.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid
	};
	static const struct bpf_insn end[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn insns[MOST + 2];
	union bpf_attr attr;

	if (calls > MOST)
		calls = MOST;
	for (unsigned i = 0; i < calls; i++)
		insns[i] = ask;
	memcpy(insns + calls, end, sizeof(end));
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = calls + 2;
	attr.license = (uint64_t)(uintptr_t) "MIT";
	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int program, const char *name)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uint64_t)(uintptr_t)name;
	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

int main(int argc, char **argv)
{
	bool calls = argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9';
	int program =
		load_program(calls ? (unsigned)strtoul(argv[1], NULL, 10) : 0);
	char byte;

	for (int i = calls ? 2 : 1; i < argc; i++)
		if (program < 0 || attach(program, argv[i]) < 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
	puts("attached");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
