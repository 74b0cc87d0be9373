/* What the systems' files use of a libc, and nothing else: to see they compile.
 */
#include <stdarg.h>
#include <stddef.h>
int snprintf(char *, size_t, const char *, ...);
int vsnprintf(char *, size_t, const char *, va_list);
