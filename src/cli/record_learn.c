#include "cli/record_learn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "cli/save.h"

bool learn_read(const char *path, struct cg_recording **out, int *status)
{
	struct cg_error err;
	struct stat about;

	*out = NULL;
	if (stat(path, &about) != 0 && errno == ENOENT)
		return true;
	if (cg_recording_open(path, NULL, out, &err) == CG_OK)
		return true;
	out_failure(&err, NULL, 0);
	*status = out_status(&err);
	return false;
}

/* Not the file itself: that is replaced. -1 after a message. */
static int take_lock(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *beside;
	int fd;

	if (asprintf(&beside, "%s.lock", path) < 0)
		out_die_nomem();
	fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		out_error("cannot open %s: %s", beside, strerror(errno));
	free(beside);
	while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) != 0)
		if (errno != EINTR) {
			out_error("cannot lock %s: %s", path, strerror(errno));
			close(fd);
			return -1;
		}
	return fd;
}

static int join_and_save(const char *path, struct cg_recording *recording)
{
	struct cg_recording *before;
	struct cg_error err;
	int status = EXIT_YES;
	char *text;

	if (!learn_read(path, &before, &status))
		return status;
	if (before && cg_recording_join(recording, before, &err) != CG_OK) {
		out_failure(&err, NULL, 0);
		status = out_status(&err);
	}
	cg_recording_free(before);
	if (status != EXIT_YES)
		return status;
	text = cg_recording_text(recording);
	if (!text)
		out_die_nomem();
	status = save(path, text, strlen(text));
	free(text);
	return status;
}

int learn_write(const char *path, struct cg_recording *recording)
{
	int lock = take_lock(path), status;

	if (lock < 0)
		return EXIT_REFUSED;
	status = join_and_save(path, recording);
	close(lock); /* and with it the lock goes */
	return status;
}
