#include "trace/ready.h"

#include <string.h>
#include <sys/syscall.h>

#include "trace/inject.h"

enum { LOOK = 64, WORD = 8 };

/* Up to LOOK bytes from `at`, word by word, so that less will do. */
static size_t read_text(pid_t thread, uint64_t at, char text[LOOK])
{
	char word[WORD];
	size_t got = 0;

	while (got < LOOK) {
		size_t skip = (at + got) % WORD, take = WORD - skip;

		if (!memory_read(thread, at + got - skip, word, WORD))
			break;
		if (take > LOOK - got)
			take = LOOK - got;
		memcpy(text + got, word + skip, take);
		got += take;
	}
	return got;
}

static bool says_ready(const char *text, size_t length)
{
	static const char word[] = "READY=1";
	const size_t size = sizeof(word) - 1;

	for (size_t i = 0; i + size <= length; i++)
		if ((i == 0 || text[i - 1] == '\n') &&
		    memcmp(text + i, word, size) == 0)
			return true;
	return false;
}

bool ready_is_sent(pid_t thread, uint32_t nr, const uint64_t args[6])
{
	uint64_t pieces, base = args[1];
	char text[LOOK];

	if (nr != SYS_sendto && nr != SYS_sendmsg)
		return false;
	/* struct msghdr has its vector behind name and length. */
	if (nr == SYS_sendmsg &&
	    (!memory_read(thread, args[1] + 16, &pieces, sizeof(pieces)) ||
	     !memory_read(thread, pieces, &base, sizeof(base))))
		return false;
	return says_ready(text, read_text(thread, base, text));
}
