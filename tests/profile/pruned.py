"""For each rule that leaves something out, what it must not leave out.

The rules are those of src/profile/trail.h and nss.h; cases.py says what the fields mean.
"""

from case import Case

PRUNED = [
    Case("a branch that each caller's constant decides", """
NOINLINE int by(int kind)
{
	if (kind == 1)
		return (int)raw(NR_acct);
	if (kind == 2)
		return (int)raw(NR_reboot);
	return (int)raw(NR_swapon);
}
int test(void) { return by(1) + by(2); }
""", ["acct", "reboot"], without=("swapon",)),
    Case("a branch that a wrapper's caller decides", """
NOINLINE int by(int kind, int a)
{
	if (kind == 1)
		return (int)raw(NR_acct) + a;
	return (int)raw(NR_reboot) + a;
}
NOINLINE int pass(int a, int kind) { unknown += a; return by(kind, a); }
int test(void) { return pass(5, 1) + pass(6, 2); }
""", ["acct", "reboot"]),
    Case("a case that one caller's constant chooses", """
NOINLINE int by(int kind)
{
	switch (kind) {
	case 0: return (int)raw(NR_acct);
	case 1: unknown = 7; return (int)raw(NR_reboot);
	case 2: unknown = 9; return (int)raw(NR_swapon) + 1;
	case 3: unknown += 9; return (int)raw(NR_swapoff) + 2;
	case 4: unknown *= 9; return (int)raw(NR_settimeofday) + 3;
	case 5: unknown -= 9; return (int)raw(NR_sethostname) + 4;
	default: return 0;
	}
}
int test(void) { return by(1) + by(4); }
""", ["reboot", "settimeofday"]),
    Case("a constant caller, and one through a pointer", """
NOINLINE int by(int kind)
{
	return (int)(kind ? raw(NR_acct) : raw(NR_reboot));
}
int (*volatile hook)(int) = by;
int test(void) { return by(1) + hook(unknown); }
""", ["acct", "reboot"]),
    Case("a function that calls itself with another constant", """
NOINLINE int by(int kind)
{
	if (kind == 3)
		return (int)raw(NR_acct);
	unknown++;
	return by(kind + 1) + unknown;
}
int test(void) { return by(0); }
""", ["acct"]),
    Case("a constant that a loop changes", """
NOINLINE void pass(int *to, int by) { unknown += by; (void)to; }
NOINLINE int by(int kind)
{
	for (int i = kind; i < 9; i++) {
		if (i == 5)
			raw(NR_acct);
		pass(&unknown, i);
	}
	return unknown;
}
int test(void) { return by(1); }
""", ["acct"], True),
    Case("null, and an address on the stack", """
NOINLINE int by(int *to)
{
	if (!to)
		return (int)raw(NR_acct);
	*to = unknown;
	return (int)raw(NR_reboot);
}
int test(void) { int a; return unknown ? by(0) : by(&a) + a; }
""", ["acct", "reboot"]),
    Case("an address on the stack that a callee replaces", """
struct thing { int a; };
NOINLINE int make(struct thing **to) { *to = (struct thing *)&unknown; return 0; }
NOINLINE int use(struct thing *thing)
{
	return (int)(thing ? raw(NR_acct) : raw(NR_reboot));
}
int test(void) { struct thing *thing = 0; make(&thing); return use(thing); }
""", ["acct"]),
    Case("a register that a callee does not give back", r"""
long odd(void);
__asm__(".text\n.type changes, @function\nchanges:\n\t.cfi_startproc\n\t"
	"mov unknown(%rip), %ebx\n\tret\n\t.cfi_endproc\n"
	".size changes, . - changes\n"
	".globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"push %rbx\n\txor %ebx, %ebx\n\tcall changes\n\ttest %ebx, %ebx\n\t"
	"je 1f\n\tmov $163, %eax\n\tsyscall\n1:\tpop %rbx\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a jump in the disguise of a return", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov unknown(%rip), %eax\n\tlea 1f(%rip), %rcx\n\tadd %rax, %rcx\n\t"
	"push %rcx\n\tret\n1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("the second byte of a register", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov %edi, %ecx\n\ttest %ch, %ch\n\tje 1f\n\t"
	"mov $163, %eax\n\tsyscall\n1:\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(0x100); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("flags that an instruction between changes", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"cmp $1, %edi\n\tmov $2, %edx\n\tbt $5, %edi\n\tlea 1(%rdi), %eax\n\t"
	"jnc 1f\n\tret\n1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a loop that counts in rcx", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov $3, %ecx\n\tcmp $1, %edi\n1:\tnop\n\tloop 1b\n\t"
	"mov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a breakpoint that goes on", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"int3\n\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a function entered in its middle", r"""
long odd(long), middle(long);
__asm__(".text\n.globl odd\n.globl middle\n.type odd, @function\n"
	"odd:\n\t.cfi_startproc\n\txor %edi, %edi\nmiddle:\n\t"
	"test %edi, %edi\n\tje 1f\n\tmov $163, %eax\n\tsyscall\n1:\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)(odd(1) + middle(unknown)); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("setjmp, and a constant that is tested afterwards", """
#include <setjmp.h>
static jmp_buf back;
NOINLINE void leap(void) { longjmp(back, 1); }
NOINLINE int by(int kind)
{
	if (setjmp(back) == 0) {
		if (kind == 1)
			leap();
		return 0;
	}
	return kind == 1 ? (int)raw(NR_acct) : 0;
}
int test(void) { return by(1); }
""", ["acct"], False, False),
    Case("a thread that is told to end", """
#include <pthread.h>
static void cleanup(void *data) { raw(NR_acct); (void)data; }
static void *start(void *data)
{
	pthread_cleanup_push(cleanup, 0);
	for (;;)
		pthread_testcancel();
	pthread_cleanup_pop(1);
	return data;
}
int test(void)
{
	pthread_t t;
	pthread_create(&t, 0, start, 0);
	return pthread_cancel(t);
}
""", ["acct"], False, False, "c", ("-fexceptions",)),
    Case("a mutex with a ceiling", """
#include <pthread.h>
int test(void)
{
	pthread_mutexattr_t how;
	pthread_mutex_t mutex;
	pthread_mutexattr_init(&how);
	pthread_mutexattr_setprotocol(&how, PTHREAD_PRIO_PROTECT);
	pthread_mutex_init(&mutex, &how);
	return pthread_mutex_lock(&mutex);
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex with a ceiling, static", """
#include <pthread.h>
int test(void)
{
	pthread_mutexattr_t how;
	pthread_mutex_t mutex;
	pthread_mutexattr_init(&how);
	pthread_mutexattr_setprotocol(&how, PTHREAD_PRIO_PROTECT);
	pthread_mutex_init(&mutex, &how);
	return pthread_mutex_lock(&mutex);
}
""", ["sched_setscheduler", "sched_getparam"], False, False, "c", ("-static",)),
    Case("a mutex in memory that is shared", """
#include <pthread.h>
#include <sys/mman.h>
int test(void)
{
	return pthread_mutex_lock(mmap(0, 4096, 3, MAP_SHARED, 3, 0));
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex in memory that may be shared", """
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
NOINLINE void *map(int flags) { return mmap(0, 4096, 3, flags, 3, 0); }
int test(void)
{
	return pthread_mutex_lock(map(getpid() & 3));
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex in memory that is shared by a number", """
#include <pthread.h>
#include <unistd.h>
int test(void)
{
	return pthread_mutex_lock((void *)syscall(NR_mmap, 0, 4096, 3, 1, 3, 0));
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex in a segment, by an inline call", """
#include <pthread.h>
int test(void) { return pthread_mutex_lock((void *)raw(NR_shmat)); }
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex in memory that a pointer to mmap shares", """
#include <pthread.h>
#include <sys/mman.h>
void *(*volatile map)(void *, unsigned long, int, int, int, long) = mmap;
int test(void)
{
	return pthread_mutex_timedlock(map(0, 4096, 3, MAP_SHARED, 3, 0), 0);
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a mutex in memory that dlsym's mmap shares", """
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
int test(void)
{
	void *(*map)(void *, unsigned long, int, int, int, long) =
		(void *(*)(void *, unsigned long, int, int, int, long))
		dlsym(RTLD_DEFAULT, "mmap");
	return pthread_mutex_trylock(map(0, 4096, 3, MAP_SHARED, 3, 0));
}
""", ["sched_setscheduler", "sched_getparam"], False, False),
    Case("a ceiling that is set by what dlsym finds", """
#include <dlfcn.h>
#include <pthread.h>
int test(void)
{
	pthread_mutexattr_t how;
	pthread_mutex_t mutex;
	int (*set)(pthread_mutexattr_t *, int) =
		(int (*)(pthread_mutexattr_t *, int))
		dlsym(RTLD_DEFAULT, "pthread_mutexattr_setprotocol");
	pthread_mutexattr_init(&how);
	set(&how, PTHREAD_PRIO_PROTECT);
	pthread_mutex_init(&mutex, &how);
	return pthread_mutex_lock(&mutex);
}
""", ["sched_get_priority_min", "sched_setscheduler"], False, False),
    Case("a host that is asked for", """
#include <netdb.h>
int test(void) { return gethostbyname("localhost") != 0; }
""", ["sendmmsg", "recvfrom", "connect", "socket"], False, False),
    Case("remote procedure calls of a thread", """
#include <pthread.h>
#include <dlfcn.h>
static void *start(void *data)
{
	void *(*clnt)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT,
						      "__rpc_thread_createerr");
	return clnt ? clnt() : data;
}
int test(void) { pthread_t t; return pthread_create(&t, 0, start, 0); }
""", ["bind", "getsockname"], False, False),
    Case("a stream of one's own functions", """
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/types.h>
static ssize_t put(void *to, const char *text, size_t size)
{
	(void)to, (void)text;
	return raw(NR_acct) ? (ssize_t)size : 0;
}
int test(void)
{
	cookie_io_functions_t functions = { .write = put };
	FILE *file = fopencookie(0, "w", functions);
	fputs("a", file);
	return fclose(file);
}
""", ["acct"], False, False),
    Case("a carry that a subtraction left", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"sub $2, %edi\n\tjb 1f\n\tret\n1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("an overflow that a subtraction left", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"sub $1, %edi\n\tjl 1f\n\tret\n1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(0x80000000); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a shift by nothing, which leaves the flags", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov $2, %eax\n\tcmp $1, %edi\n\tshl $32, %eax\n\tje 1f\n\tret\n"
	"1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("an increment, which leaves the carry", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov $2, %eax\n\tcmp $2, %edi\n\tinc %eax\n\tjb 1f\n\tret\n"
	"1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("flags of arithmetic on the lowest byte", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"and $0xf0, %dil\n\tje 1f\n\tret\n1:\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(0x1007); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("bits of a constant that choose", r"""
long odd(long);
__asm__(".text\n\tud2\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"push %rbx\n\tmov %edi, %ebx\n\tand $6, %ebx\n\tje 1f\n\t"
	"mov $167, %eax\n\tsyscall\n1:\tmov $163, %eax\n\tsyscall\n\t"
	"pop %rbx\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(1); }
""", ["acct"], False, True, "c", ("x86_64",), None, ("swapon",)),
    Case("data that begins with its own address", """
struct own { struct own *self; int (*run)(void); };
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
static struct own one = { &one, first };
static struct own two[] = { { two, 0 }, { 0, second } };
NOINLINE int pass(struct own *at) { return at[unknown].run(); }
int test(void)
{
	struct own *volatile *keep = (struct own *volatile *)&one.self;
	struct own *volatile *also = (struct own *volatile *)&two[0].self;
	return (*keep)->run() + pass(*also);
}
""", ["acct", "reboot"]),
    Case("a function that is called as libc's is", """
struct own { struct own *self; int (*run)(void); };
NOINLINE int first(void) { return (int)raw(NR_acct); }
static struct own one = { &one, first };
NOINLINE int __cxa_atexit(void (*run)(void *), void *data, void *handle)
{
	return run || data ? 0 : ((struct own *)handle)[unknown].run();
}
int test(void) { return __cxa_atexit(0, 0, one.self); }
""", ["acct"]),
    Case("what looks like a table of clones, and is used", r"""
NOINLINE int first(void) { return (int)raw(NR_acct); }
int (*table[2])(void) = { first, first };
long odd(void);
__asm__(".text\n.weak _ITM_deregisterTMCloneTable\nodd:\n\t"
	"lea table+16(%rip), %rdi\n\tlea table+16(%rip), %rax\n\t"
	"cmp %rdi, %rax\n\tje 1f\n\t"
	"mov _ITM_deregisterTMCloneTable@GOTPCREL(%rip), %rax\n\t"
	"test %rax, %rax\n\tje 1f\n\tjmp *%rax\n1:\tjmp *-8(%rax)\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("a number that counts on with each call of itself", """
NOINLINE long by(long number)
{
	if (unknown)
		return by(number + 1) + unknown;
	return raw(number);
}
int test(void) { return (int)by(NR_acct); }
""", ["acct"], True),
]
