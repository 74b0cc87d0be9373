/* cli/save.h - write a file that somebody asked for by name. */
#ifndef CLI_SAVE_H
#define CLI_SAVE_H

#include <stddef.h>

/*
 * Make `path` hold exactly these bytes, or leave it as it was. A link stays,
 * and what it points to is written; what is no file, such as a device or a
 * pipe, is written into. Returns EXIT_YES, or EXIT_REFUSED after a message.
 */
int save(const char *path, const char *bytes, size_t length);

#endif
