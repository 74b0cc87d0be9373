/* What the programs of cases.py begin with. They are read, never run. */
#if defined(__cplusplus)
#define C_LINKAGE extern "C"
#else
#define C_LINKAGE
#endif
#define NOINLINE __attribute__((noinline, noclone_))
#if defined(__clang__)
#define noclone_ used
#else
#define noclone_ noclone
#endif

/* Enter the kernel with this number, which may be anything. */
static inline __attribute__((always_inline)) long raw(long number)
{
	long result;
#if defined(__x86_64__)
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number)
			 : "rcx", "r11", "memory");
#elif defined(__i386__)
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number) : "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = 0;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory");
	result = x0;
#endif
	return result;
}

/* The same with a constant, that stays one where nothing is optimised. */
#if defined(__x86_64__)
#define RAW(number)                            \
	__asm__ volatile("syscall"             \
			 :                     \
			 : "a"((long)(number)) \
			 : "rcx", "r11", "memory")
#else
#define RAW(number) raw(number)
#endif

/* What nobody knows while compiling. */
#ifdef __cplusplus
extern "C" {
volatile int unknown;
}
#else
volatile int unknown;
#endif

C_LINKAGE int test(void);

#if defined(LIBRARY)
#elif defined(BARE)
C_LINKAGE __attribute__((used)) void begin(void)
{
	test();
	for (;;)
		raw(60);
}
#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n\tand $-16, %rsp\n\t"
	"call begin\n\thlt");
#elif defined(__i386__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n\tand $-16, %esp\n\t"
	"call begin\n\thlt");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x29, #0\n\tbl begin\n\tbrk #0");
#endif
C_LINKAGE void *memcpy(void *to, const void *from, unsigned long size);
__attribute__((used)) void *
memcpy(void *to, const void *from, unsigned long size)
{
	char *a = (char *)to;
	const char *b = (const char *)from;

	while (size--)
		*a++ = *b++;
	return to;
}
C_LINKAGE void *memset(void *to, int with, unsigned long size);
__attribute__((used)) void *memset(void *to, int with, unsigned long size)
{
	char *a = (char *)to;

	while (size--)
		*(volatile char *)a++ = (char)with;
	return to;
}
#else
int main(void)
{
	return test();
}
#endif
