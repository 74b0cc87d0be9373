/* Calls that a supervisor answers: the kernel's notifications. */
#include "internal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's, under names of our own: headers differ in what they have. */
struct sizes {
	uint16_t request, response, data;
};
struct addfd {
	uint64_t id;
	uint32_t flags, source, target, target_flags;
};
#define GET_SIZES 3
#define RECEIVE _IOWR('!', 0, struct seccomp_notif)
#define RESPOND _IOWR('!', 1, struct seccomp_notif_resp)
#define ID_VALID _IOW('!', 2, uint64_t)
#define ID_VALID_FIRST _IOR('!', 2, uint64_t) /* before Linux 5.17 */
#define ADDFD _IOW('!', 3, struct addfd)

/* A process has one: libseccomp's interface knows no more. */
static atomic_int listener = -1;

int notify_listener(void)
{
	return atomic_load(&listener);
}

void notify_keep(int fd)
{
	atomic_store(&listener, fd);
}

void notify_forget(void)
{
	int fd = atomic_exchange(&listener, -1);

	if (fd >= 0)
		close(fd);
}

API int seccomp_notify_fd(const scmp_filter_ctx ctx)
{
	int fd = notify_listener();

	if (!context_of(ctx))
		return -EINVAL;
	return fd >= 0 ? fd : -EFAULT;
}

/* Room for what the kernel writes, which may be more than we know. */
static void *room_for(uint16_t kernel, size_t known)
{
	return calloc(1, kernel > known ? kernel : known);
}

API int seccomp_notify_alloc(struct seccomp_notif **req,
			     struct seccomp_notif_resp **resp)
{
	void *request = NULL, *response = NULL;
	struct sizes sizes;

	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	if (syscall(SYS_seccomp, GET_SIZES, 0, &sizes))
		return -ECANCELED;
	if (req)
		request = room_for(sizes.request, sizeof(struct seccomp_notif));
	if (resp)
		response = room_for(sizes.response,
				    sizeof(struct seccomp_notif_resp));
	if ((req && !request) || (resp && !response)) {
		free(request);
		free(response);
		return -ENOMEM;
	}
	if (req)
		*req = request;
	if (resp)
		*resp = response;
	return 0;
}

API void
seccomp_notify_free(struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	free(req);
	free(resp);
}

API int seccomp_notify_receive(int fd, struct seccomp_notif *req)
{
	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	return ioctl(fd, RECEIVE, req) < 0 ? -ECANCELED : 0;
}

API int seccomp_notify_respond(int fd, struct seccomp_notif_resp *resp)
{
	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	return ioctl(fd, RESPOND, resp) < 0 ? -ECANCELED : 0;
}

API int seccomp_notify_id_valid(int fd, uint64_t id)
{
	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	if (ioctl(fd, ID_VALID, &id) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOTTY)
		return -ENOENT;
	return ioctl(fd, ID_VALID_FIRST, &id) == 0 ? 0 : -ENOENT;
}

/* The number that the file has in the other process, from 0. */
API int seccomp_notify_addfd(int fd, struct seccomp_notif_addfd *addfd)
{
	int target;

	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	target = ioctl(fd, ADDFD, addfd);
	return target < 0 ? -ECANCELED : target;
}
