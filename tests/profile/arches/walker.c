#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static long look(int at, const char *name)
{
	const int fd = openat(at, name, O_RDONLY | O_DIRECTORY);
	DIR *const folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat about;
	long sum = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' &&
		    !fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW))
			sum += about.st_size;
	closedir(folder);
	return sum;
}

int main(int count, char **words)
{
	const char *const name = count > 1 ? words[1] : ".";
	struct rlimit limit;
	struct stat about;
	char link[PATH_MAX];
	void *map;

	if (stat(name, &about) || lstat(name, &about) || access(name, R_OK))
		return 1;
	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    readlink(name, link, sizeof(link)) > 0)
		puts(link);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(map, 4096);
	mkdir("made", 0700);
	rename("made", "moved");
	rmdir("moved");
	symlink("a", "b");
	unlink("b");
	printf("%ld\n", look(AT_FDCWD, name));
	return 0;
}
