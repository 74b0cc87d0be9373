#include <stdint.h>
#if defined(__FreeBSD__)
typedef int64_t rlim_t;
#else
typedef uint64_t rlim_t;
#endif
struct rlimit {
	rlim_t rlim_cur, rlim_max;
};
#ifndef __sun /* which has no such limit */
#define RLIMIT_NPROC 7
#endif
int getrlimit(int, struct rlimit *);
int setrlimit(int, const struct rlimit *);
