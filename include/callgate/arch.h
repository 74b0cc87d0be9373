/*
 * callgate/arch.h - architectures, system calls and their arguments, as facts.
 *
 * An ABI is one way into a kernel: a set of call numbers under one audit
 * architecture. An x86_64 kernel has three: x86_64, i386 (int 0x80) and x32.
 * Everything here is constant data of the library: nothing to free, valid for
 * ever, the same on every machine. The rows are in data/.
 */
#ifndef CALLGATE_ARCH_H
#define CALLGATE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A release of the kernel as one number that sorts; the minor is 0..65535. */
#define CG_KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

struct cg_abi {
	const char *name;    /* "x86_64", as `callgate syscalls --abis` lists */
	uint32_t audit_arch; /* AUDIT_ARCH_*: seccomp_data.arch */
	uint32_t nr_base;    /* added to the kernel table's numbers */
	/*
	 * The values of seccomp_data.nr that belong to this ABI where several
	 * share one audit_arch (x32 has 0x40000000..0x7fffffff). The first
	 * ABI of an audit_arch has 0..UINT32_MAX and yields to the others.
	 */
	uint32_t nr_first, nr_last;
	uint8_t bits;       /* 32 or 64: the width of a register */
	bool big_endian;    /* the high word of an argument comes first */
	bool seccomp;       /* its kernel has seccomp filters */
	bool action_cache;  /* its kernel (5.11+) remembers constant answers */
	const char *native; /* the 64-bit ABI that this one is a guest of, or
			       NULL for an ABI that stands for itself */
	uint16_t column;    /* internal: which numbers it uses */
};

/* By name or well-known alias (amd64, 386, arm64, ...); NULL if unknown. */
CG_API const struct cg_abi *cg_abi_by_name(const char *name);

/* The ABI that this library was built for. */
CG_API const struct cg_abi *cg_abi_native(void);

/* The ABI of a call as a filter sees it; NULL if no ABI has `audit_arch`. */
CG_API const struct cg_abi *cg_abi_of_call(uint32_t audit_arch, uint32_t nr);

/* All ABIs, by index from 0; NULL past the end. Native ones come first. */
CG_API const struct cg_abi *cg_abi_at(size_t index);

/* The newest kernel release that the tables know, as CG_KERNEL. */
CG_API uint32_t cg_kernel_newest(void);

/* One system call, by name; the numbers differ between ABIs. */
struct cg_syscall {
	const char *name;
	uint16_t index; /* internal */
};

/*
 * The first kernel release, as CG_KERNEL, from which on the kernel lets this
 * number on `abi` pass without asking any filter (uretprobe and uprobe on
 * x86_64, kernel/seccomp.c); 0 if it always asks.
 */
CG_API uint32_t cg_unfilterable_since(const struct cg_abi *abi, uint32_t nr);

/*
 * How often usual programs make the call, in parts of a million of all calls;
 * 0 for one that was not seen. From nine measured programs (data/mix.tbl).
 */
CG_API uint32_t cg_syscall_frequency(const struct cg_syscall *call);

/* One argument as the kernel declares it. */
struct cg_argument {
	const char *name; /* "flags"; "" if not known */
	const char *type; /* "unsigned int"; "" if not known */
	uint8_t bits;     /* what the kernel looks at: 32 or 64; never more
			     than the register of the ABI asked about */
	bool is_signed;
	bool is_pointer; /* seccomp sees an address, not what is there */
	uint16_t flags;  /* internal: which names its values have; 0 none */
};

/* By name, aliases included (fstatat); NULL if no ABI has such a call. */
CG_API const struct cg_syscall *cg_syscall_by_name(const char *name);

/* All system calls in alphabetical order, from 0; NULL past the end. */
CG_API const struct cg_syscall *cg_syscall_get(size_t index);

/*
 * The number of a call on an ABI, as seccomp_data.nr shows it (base included).
 * False, and `*nr` untouched, if the ABI has no such call.
 */
CG_API bool cg_syscall_number(const struct cg_syscall *call,
			      const struct cg_abi *abi, uint32_t *nr);

/* The call that has this number (as seccomp_data.nr shows it), or NULL. */
CG_API const struct cg_syscall *
cg_syscall_at(const struct cg_abi *abi, uint32_t nr);

/*
 * The first kernel release, as CG_KERNEL, that had the call on `abi`, or on any
 * ABI if `abi` is NULL; 0 where it was there before anybody looked. Where only
 * a range of old releases is known, down to 4.10, it is the lower end.
 */
CG_API uint32_t cg_syscall_since(const struct cg_syscall *call,
				 const struct cg_abi *abi);

/*
 * The arguments of a call on an ABI: `*count` of them, from 0 to 6, borrowed
 * through `out`. False where they are not known.
 */
CG_API bool
cg_syscall_arguments(const struct cg_syscall *call, const struct cg_abi *abi,
		     struct cg_argument out[6], size_t *count);

/*
 * The closest names to one that is misspelt, for "did you mean"; NULL if
 * nothing comes close.
 */
CG_API const char *cg_syscall_suggest(const char *name);

/*
 * A named set of calls, such as "@network-client". `names` ends with NULL and
 * holds plain names only, sorted. NULL if there is no such group.
 */
struct cg_group {
	const char *name;  /* with the @ */
	const char *about; /* one line */
	const char *const *names;
};
CG_API const struct cg_group *cg_group_by_name(const char *name);
CG_API const struct cg_group *cg_group_get(size_t index);

/*
 * The value of a named constant ("AF_UNIX", "CLONE_NEWUSER", "EACCES") on an
 * ABI. False, `*value` untouched, if it is unknown. Errnos and some flags
 * differ between ABIs (ENOSYS is 38, on MIPS 89).
 */
CG_API bool
cg_constant_value(const char *name, const struct cg_abi *abi, uint64_t *value);

/* The name of an errno on an ABI ("EPERM"), or NULL. */
CG_API const char *cg_errno_name(uint32_t number, const struct cg_abi *abi);

/* The closest constant to a misspelt name, or NULL. */
CG_API const char *cg_constant_suggest(const char *name);

/*
 * Write one argument's value for a person: "O_RDONLY|O_CLOEXEC", "-1",
 * "0x7ffd1000". Cuts at `size` and always ends with NUL; `size` above 0.
 */
CG_API void
cg_argument_print(const struct cg_argument *argument, const struct cg_abi *abi,
		  uint64_t value, char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
