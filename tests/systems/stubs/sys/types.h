#include <stddef.h>
#include <stdint.h>
typedef int32_t pid_t;
typedef uint32_t uid_t;
typedef long ssize_t;
