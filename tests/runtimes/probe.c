/*
 * probe ABI NUMBER [ARGUMENT]... - make one system call inside a container.
 *
 * ABI is x86_64 or i386, which goes by int 0x80. Before the call it says
 * "started"; then it exits with the errno, or 200 if the call worked. It has no
 * libc, so that write and exit_group are all it needs beside the call itself.
 */
#include <stdint.h>

enum { WORKED = 200, SYS_WRITE = 1, SYS_EXIT_GROUP = 231 };

static long call64(uint64_t nr, const uint64_t a[6])
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The sixth argument goes in ebp, which the compiler keeps to itself. */
static long call32(uint64_t nr, const uint64_t a[6])
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]),
			   "D"(a[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)result;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	for (; *text; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
}

__attribute__((used, noreturn)) void begin(char **stack);

void begin(char **stack)
{
	long count = (long)stack[0];
	char **arguments = stack + 1;
	uint64_t said[6] = { 1, (uint64_t)(uintptr_t) "started\n", 8 };
	uint64_t a[6] = { 0 };
	long result;

	for (long i = 3; i < count && i < 9; i++)
		a[i - 3] = number(arguments[i]);
	call64(SYS_WRITE, said);
	result = arguments[1][0] == 'x' ? call64(number(arguments[2]), a)
					: call32(number(arguments[2]), a);
	said[0] = result < 0 && result >= -4095 ? (uint64_t)-result : WORKED;
	call64(SYS_EXIT_GROUP, said);
	__builtin_trap();
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
	"\tcall begin\n");
