/*
 * fuzz/replay.c - put each file of a corpus through a target, as a test.
 *
 * A broken promise ends the process, so the last name printed is the culprit.
 */
#include <dirent.h>
#include <string.h>

#include "../tap.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *folder, const char *name)
{
	static uint8_t bytes[INPUT_MAX + 1];
	char path[4096];
	size_t size = 0;
	uint8_t *copy;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	tap_note("%s", name);
	fflush(stdout);
	file = fopen(path, "rbe");
	if (file)
		size = fread(bytes, 1, sizeof(bytes), file);
	if (!file || ferror(file) || size > INPUT_MAX || fclose(file)) {
		perror(path);
		return false;
	}
	/* Exactly as long as it is, so that a sanitizer sees the end of it. */
	copy = malloc(size ? size : 1);
	if (!copy)
		return false;
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return true;
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };
	struct dirent **files;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	count = scandir(argv[1], &files, not_hidden, alphasort);
	if (count < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++) {
		tap_ok(&tap, replay(argv[1], files[i]->d_name), "%s",
		       files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return tap_done(&tap);
}
