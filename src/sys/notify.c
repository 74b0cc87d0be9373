/* callgate/notify.h: the ioctls of seccomp_unotify(2). */
#include <callgate/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fail.h"
#include "sys/kernel.h"

/* A newer kernel's records may be longer than this header's. */
enum { RECORD_ROOM = 1024, ERRNO_MAX = 4095 };

union record {
	struct seccomp_notif received;
	struct seccomp_notif_resp answer;
	unsigned char room[RECORD_ROOM];
};

static bool check_sizes(struct cg_error *err)
{
	struct seccomp_notif_sizes sizes;

	if (kernel_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		return fail_errno(err, CG_E_UNSUPPORTED, errno,
				  "the kernel does not say how long its "
				  "notifications are");
	if (sizes.seccomp_notif >= sizeof(struct seccomp_notif) &&
	    sizes.seccomp_notif <= RECORD_ROOM &&
	    sizes.seccomp_notif_resp >= sizeof(struct seccomp_notif_resp) &&
	    sizes.seccomp_notif_resp <= RECORD_ROOM)
		return true;
	return fail(err, CG_E_UNSUPPORTED,
		    "the kernel's notifications have %u and %u bytes, which "
		    "is not known here",
		    sizes.seccomp_notif, sizes.seccomp_notif_resp);
}

static bool wait_for_call(int listener, int timeout,
			  enum cg_notify_event *event, struct cg_error *err)
{
	struct pollfd poll_fd = { .fd = listener, .events = POLLIN };
	int ready = poll(&poll_fd, 1, timeout);

	if (ready < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot wait for a notification");
	if (poll_fd.revents & POLLNVAL)
		return fail_errno(err, CG_E_SYSTEM, EBADF,
				  "cannot wait for a notification");
	*event = ready == 0                   ? CG_NOTIFY_TIMEOUT
		 : (poll_fd.revents & POLLIN) ? CG_NOTIFY_CALL
					      : CG_NOTIFY_END;
	return true;
}

/* False, `err` untouched, if the caller is gone already. */
static bool
take_call(int listener, struct cg_notification *out, struct cg_error *err)
{
	union record record = { .room = { 0 } };
	const struct seccomp_notif *got = &record.received;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &record) != 0)
		return errno != ENOENT && errno != EINTR &&
		       fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot receive a notification");
	*out = (struct cg_notification){
		.id = got->id,
		.thread = (int32_t)got->pid,
		.call = { .nr = (uint32_t)got->data.nr,
			  .arch = got->data.arch,
			  .ip = got->data.instruction_pointer },
	};
	memcpy(out->call.args, got->data.args, sizeof(out->call.args));
	return true;
}

static bool receive(int listener, int timeout, enum cg_notify_event *event,
		    struct cg_notification *out, struct cg_error *err)
{
	enum cg_notify_event found;
	struct cg_notification taken;

	if (!check_sizes(err))
		return false;
	do {
		if (!wait_for_call(listener, timeout, &found, err))
			return false;
		if (found != CG_NOTIFY_CALL) {
			*event = found;
			return true;
		}
	} while (!take_call(listener, &taken, err) && err->status == CG_OK);
	if (err->status != CG_OK)
		return false;
	*event = found;
	*out = taken;
	return true;
}

enum cg_status
cg_notify_receive(int listener, int timeout, enum cg_notify_event *event,
		  struct cg_notification *out, struct cg_error *err)
{
	struct cg_error here = { 0 };

	return fail_status(receive(listener, timeout, event, out, &here), &here,
			   err);
}

bool cg_notify_waits(int listener, uint64_t id)
{
	/* Kernels before 5.8 have this one ioctl in the wrong direction. */
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 ||
	       (errno == EINVAL &&
		ioctl(listener, SECCOMP_IOR(2, uint64_t), &id) == 0);
}

static bool send_answer(int listener, uint64_t id, int64_t value, int number,
			uint32_t flags, struct cg_error *err)
{
	union record record = { .room = { 0 } };

	record.answer = (struct seccomp_notif_resp){
		.id = id, .val = value, .error = -number, .flags = flags
	};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &record) == 0)
		return true;
	return fail_errno(err, CG_E_SYSTEM, errno,
			  errno == ENOENT ? "the caller is gone"
					  : "cannot answer a notification");
}

enum cg_status cg_notify_answer(int listener, uint64_t id, int64_t value,
				int number, struct cg_error *err)
{
	struct cg_error here;
	bool ok;

	if (number < 0 || number > ERRNO_MAX)
		ok = fail(&here, CG_E_INPUT, "%d is no errno: 0 to %d are",
			  number, ERRNO_MAX);
	else
		ok = send_answer(listener, id, number ? 0 : value, number, 0,
				 &here);
	return fail_status(ok, &here, err);
}

enum cg_status
cg_notify_continue(int listener, uint64_t id, struct cg_error *err)
{
	struct cg_error here;

	return fail_status(send_answer(listener, id, 0, 0,
				       SECCOMP_USER_NOTIF_FLAG_CONTINUE, &here),
			   &here, err);
}

enum cg_status cg_notify_answer_fd(int listener, uint64_t id, int fd,
				   bool cloexec, struct cg_error *err)
{
	struct seccomp_notif_addfd give = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	struct cg_error here;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give) >= 0)
		return CG_OK;
	fail_set_errno(&here, CG_E_SYSTEM, errno,
		       errno == ENOENT ? "the caller is gone"
				       : "cannot give a descriptor");
	return fail_status(false, &here, err);
}

static bool
read_memory(int listener, const struct cg_notification *from, uint64_t address,
	    void *out, size_t size, size_t *length, struct cg_error *err)
{
	char path[64];
	ssize_t got;
	int memory;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)from->thread);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	if (memory < 0)
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "cannot open the caller's memory");
	/* Only now is it surely the caller, and not a later thread. */
	if (!cg_notify_waits(listener, from->id)) {
		close(memory);
		return fail_errno(err, CG_E_SYSTEM, ENOENT,
				  "the caller is gone");
	}
	got = pread(memory, out, size, (off_t)address);
	if (got < 0)
		fail_set_errno(err, CG_E_SYSTEM, errno,
			       "cannot read the caller's memory");
	else
		*length = (size_t)got;
	close(memory);
	return got >= 0;
}

enum cg_status
cg_notify_read(int listener, const struct cg_notification *notification,
	       uint64_t address, void *out, size_t size, size_t *length,
	       struct cg_error *err)
{
	struct cg_error here;

	return fail_status(read_memory(listener, notification, address, out,
				       size, length, &here),
			   &here, err);
}
