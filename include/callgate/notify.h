/*
 * callgate/notify.h - decide calls in another thread or process.
 *
 * A policy whose action is `notify` leaves a call to whoever holds the
 * listener: cg_load() with CG_FLAG_NEW_LISTENER hands it out. The caller waits
 * until it is answered, or goes on as if there were no filter.
 *
 * What a call points to can be looked at, but another thread of the caller may
 * change it right after: nothing that protects may be decided by it and then
 * let go on. Answer such calls in the caller's place instead.
 */
#ifndef CALLGATE_NOTIFY_H
#define CALLGATE_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <callgate/error.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call that waits for its answer. */
struct cg_notification {
	uint64_t id;    /* what the functions below ask for */
	int32_t thread; /* as this process counts; 0: in another namespace */
	struct cg_call call;
};

enum cg_notify_event {
	CG_NOTIFY_CALL,    /* there is one */
	CG_NOTIFY_TIMEOUT, /* none came in time */
	CG_NOTIFY_END,     /* nobody is under the filter any more */
};

/*
 * Wait for the next call, `timeout` milliseconds at most; below 0: as long as
 * it takes. `*out` is filled for CG_NOTIFY_CALL. A caller that dies before it
 * is received is passed over. Fails with CG_E_SYSTEM (err->sys_errno is EINTR
 * if a signal came while it waited), CG_E_UNSUPPORTED (the kernel's records
 * have another form).
 */
CG_API CG_CHECKED enum cg_status
cg_notify_receive(int listener, int timeout, enum cg_notify_event *event,
		  struct cg_notification *out, struct cg_error *err);

/*
 * Whether the caller still waits. After opening anything by `thread`, ask:
 * only then is it the caller that was opened, and not a later thread of its
 * number.
 */
CG_API bool cg_notify_waits(int listener, uint64_t id);

/*
 * Answer in the kernel's place: the call returns `value`, or fails with
 * `number` if that is not 0 (1..4095, as the caller's ABI counts errnos). Fails
 * with CG_E_INPUT, CG_E_SYSTEM: err->sys_errno is ENOENT if the caller is gone.
 */
CG_API CG_CHECKED enum cg_status
cg_notify_answer(int listener, uint64_t id, int64_t value, int number,
		 struct cg_error *err);

/* Let the kernel carry the call out. Linux 5.5. Fails as cg_notify_answer. */
CG_API CG_CHECKED enum cg_status
cg_notify_continue(int listener, uint64_t id, struct cg_error *err);

/*
 * Give the caller a copy of `fd`, and answer the call with the number that it
 * has there; `cloexec`: it closes on exec. Linux 5.14. Fails as
 * cg_notify_answer.
 */
CG_API CG_CHECKED enum cg_status
cg_notify_answer_fd(int listener, uint64_t id, int fd, bool cloexec,
		    struct cg_error *err);

/*
 * Read up to `size` bytes of the caller's memory at `address`; `*length` is how
 * many there were. That it was the caller's is checked. Needs the right to
 * trace it. Fails with CG_E_SYSTEM: ENOENT if the caller is gone.
 */
CG_API CG_CHECKED enum cg_status
cg_notify_read(int listener, const struct cg_notification *notification,
	       uint64_t address, void *out, size_t size, size_t *length,
	       struct cg_error *err);

#ifdef __cplusplus
}
#endif

#endif
