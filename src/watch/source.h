/*
 * watch/source.h - what sees violations: audit, eBPF, the agent of containers.
 *
 * Each source has a descriptor that can be polled for input, and hands out what
 * is there, one violation at a time.
 */
#ifndef WATCH_SOURCE_H
#define WATCH_SOURCE_H

#include "watch/violation.h"

struct audit;
struct ebpf;
struct agent;

/* `bytes` of the kernel's queue for us. */
bool audit_open(size_t bytes, struct audit **out, struct cg_error *err);
int audit_fd(const struct audit *audit);
/* `*out` becomes NULL where nothing waits. A record that is damaged fails with
   CG_E_INPUT: go on then. */
bool audit_next(struct audit *audit, struct violation **out,
		struct cg_error *err);
/* Hear nothing new: what is queued already can still be read. */
void audit_stop(struct audit *audit);
void audit_counts(struct audit *audit, struct cg_watch_tally *out);
void audit_close(struct audit *audit);

bool ebpf_open(size_t bytes, struct ebpf **out, struct cg_error *err);
int ebpf_fd(const struct ebpf *ebpf);
/* `*more` says whether it is to be asked again at once. */
bool ebpf_next(struct ebpf *ebpf, struct violation **out, bool *more,
	       struct cg_error *err);
/* See nothing new: what is queued already can still be read. */
void ebpf_stop(struct ebpf *ebpf);
void ebpf_counts(const struct ebpf *ebpf, struct cg_watch_tally *out);
void ebpf_close(struct ebpf *ebpf);

/*
 * Listen at a socket for container runtimes; `number` is the errno to answer
 * their calls with, 0 to let them go on.
 */
bool agent_open(const char *path, int number, struct agent **out,
		struct cg_error *err);
int agent_fd(const struct agent *agent);
/* Whose call it is waits until agent_answer(). Whatever is wrong with one
   runtime fails with CG_E_INPUT: go on then. */
bool agent_next(struct agent *agent, struct violation **out,
		struct cg_error *err);
void agent_answer(struct agent *agent);
void agent_close(struct agent *agent);

#endif
