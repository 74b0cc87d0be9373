/*
 * live/call.h - make any system call, of this ABI and of i386, without libc.
 */
#ifndef LIVE_CALL_H
#define LIVE_CALL_H

#include <callgate/policy.h>

#include <sys/syscall.h>

#if defined(__x86_64__)
#define LIVE_I386 1

/* int 0x80, from 64-bit code: 32 bits of each argument, the last in ebp. */
long call_i386(uint32_t nr, const uint32_t args[6]);
__asm__(".text\n"
	".type call_i386, @function\n"
	"call_i386:\n"
	"	endbr64\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	mov %edi, %eax\n"
	"	mov 0(%rsi), %ebx\n"
	"	mov 4(%rsi), %ecx\n"
	"	mov 8(%rsi), %edx\n"
	"	mov 16(%rsi), %edi\n"
	"	mov 20(%rsi), %ebp\n"
	"	mov 12(%rsi), %esi\n"
	"	int $0x80\n"
	"	movslq %eax, %rax\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
	".size call_i386, .-call_i386\n");

static inline long call_native(uint32_t nr, const uint64_t args[6])
{
	register uint64_t r10 __asm__("r10") = args[3];
	register uint64_t r8 __asm__("r8") = args[4];
	register uint64_t r9 __asm__("r9") = args[5];
	long result;

	/* All 64 bits of rax: the kernel looks at the lower half. */
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((uint64_t)nr), "D"(args[0]), "S"(args[1]),
			   "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#endif

#endif
