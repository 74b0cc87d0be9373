/* Dead letters: what nobody will ever take, kept for a person to look at. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/inside.h"

enum { DEAD_MOST = 16 << 20 }; /* bytes; then the file before it is replaced */

static bool open_file(struct sink *sink)
{
	struct buf path = { 0 }, older = { 0 };
	struct stat about;
	bool ok;

	buf_printf(&path, "%s/dead-letter.ndjson", sink->folder);
	buf_printf(&older, "%s/dead-letter.1.ndjson", sink->folder);
	ok = !path.failed && !older.failed;
	if (ok && sink->dead_file >= 0 && sink->dead_bytes > DEAD_MOST) {
		ok = rename(path.text, older.text) == 0;
		dead_close(sink);
	}
	if (ok && sink->dead_file < 0) {
		sink->dead_file = open(path.text,
				       O_WRONLY | O_APPEND | O_CREAT |
					       O_CLOEXEC | O_NOFOLLOW,
				       0600);
		ok = sink->dead_file >= 0 &&
		     fstat(sink->dead_file, &about) == 0;
		sink->dead_bytes = ok ? (uint64_t)about.st_size : 0;
	}
	buf_free(&path);
	buf_free(&older);
	return ok;
}

bool dead_write(struct sink *sink, const struct parcel *parcel)
{
	struct buf line = { 0 };
	bool ok = open_file(sink);

	buf_printf(&line, "{\"status\":%d,\"reason\":", parcel->status);
	buf_json(&line, parcel->reason);
	buf_printf(&line, ",\"id\":\"%s\",\"event\":", parcel->item->id);
	/* An event that is no JSON is kept as a text. */
	if (parcel->item->text[0] == '{')
		buf_add(&line, parcel->item->text, parcel->item->length);
	else
		buf_json(&line, parcel->item->text);
	buf_puts(&line, "}\n");
	ok = ok && !line.failed &&
	     write(sink->dead_file, line.text, line.length) ==
		     (ssize_t)line.length;
	if (ok)
		sink->dead_bytes += line.length;
	else if (sink->dead_file >= 0 && !line.failed &&
		 ftruncate(sink->dead_file, (off_t)sink->dead_bytes) != 0)
		dead_close(sink);
	buf_free(&line);
	return ok;
}

void dead_close(struct sink *sink)
{
	if (sink->dead_file >= 0)
		close(sink->dead_file);
	sink->dead_file = -1;
}
