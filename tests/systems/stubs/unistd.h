#include <sys/types.h>
pid_t fork(void);
uid_t geteuid(void);
int close(int);
int unlink(const char *);
ssize_t write(int, const void *, size_t);
_Noreturn void _exit(int);
#ifdef __OpenBSD__
int pledge(const char *, const char *); /* OpenBSD 6.3 and newer */
#endif
