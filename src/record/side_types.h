/*
 * record/side_types.h - of the kernel's types, the fields that are read.
 * libbpf finds out where they are in the kernel that runs.
 */
#ifndef RECORD_SIDE_TYPES_H
#define RECORD_SIDE_TYPES_H

typedef unsigned char u8;
typedef _Bool bool;
typedef unsigned u32;
typedef unsigned long long u64;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)
struct thread_info {
	unsigned long flags;
	u32 status;
};
struct pid {
	u32 level; /* of the deepest pid namespace that it is known in */
};
struct ns_common {
	u32 inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct pid_namespace {
	struct ns_common ns;
};
struct atomic_int {
	int counter;
};
struct seccomp {
	int mode;
	struct atomic_int filter_count;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
};
struct kernfs_node {
	u64 id;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
	struct cgroup *cgroup;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct signal_struct {
	u32 flags;
};
struct css_set {
	struct cgroup *dfl_cgrp; /* in the hierarchy of version 2 */
};
struct task_struct {
	struct thread_info thread_info;
	u32 __state;
	u32 ptrace; /* not 0: it is traced */
	int pid;
	int tgid;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct seccomp seccomp;
	struct css_set *cgroups;
};
struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};
struct k_sigaction {
	struct sigaction sa;
};
#if defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
};
#else
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp, ax, orig_ax;
};
#endif
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
#pragma clang attribute pop

#endif
