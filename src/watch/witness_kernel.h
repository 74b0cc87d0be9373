/*
 * watch/witness_kernel.h - of the kernel's types, the fields that the witness
 * reads; libbpf finds their places in the kernel that runs.
 */
#ifndef WATCH_WITNESS_KERNEL_H
#define WATCH_WITNESS_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef _Bool bool;
typedef unsigned u32;
typedef unsigned long long u64;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)
struct thread_info {
	u32 status;
};
typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;
struct cred {
	kuid_t uid;
	kgid_t gid;
};
struct atomic_int {
	int counter;
};
struct signal_struct {
	struct atomic_int live;
	u32 flags;
};
struct sock_fprog_kern {
	u16 len;
	void *filter;
};
struct bpf_prog {
	struct sock_fprog_kern *orig_prog;
};
struct seccomp_filter {
	bool log;
	struct seccomp_filter *prev;
	struct bpf_prog *prog;
};
struct seccomp {
	int mode;
	struct seccomp_filter *filter;
};
struct kernfs_node {
	const char *name;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct super_block {
	u32 s_dev;
};
struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};
struct file {
	struct inode *f_inode;
};
struct mm_struct {
	struct file *exe_file;
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct task_struct {
	struct thread_info thread_info;
	u32 ptrace;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	const struct cred *cred;
	struct signal_struct *signal;
	struct seccomp seccomp;
	struct mm_struct *mm;
	kuid_t loginuid;
	u32 sessionid;
	u64 self_exec_id;
	struct css_set *cgroups;
	char comm[16];
};
union __sifields {
	struct {
		void *_call_addr;
		int _syscall;
		u32 _arch;
	} _sigsys;
};
struct kernel_siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	union __sifields _sifields;
};
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp, ip, orig_ax;
};
#pragma clang attribute pop

#endif
