int *stub_errno(void);
#define errno (*stub_errno())
#define EINTR 4
#define EACCES 13
#define ENAMETOOLONG 63
#define ENOSYS 78
