"""Programs that try to make a call which one of the rules leaves out.

Each goes for what one rule takes for granted: docs/precision.md says which. cases.py
says what the fields mean.
"""

from case import CHANGED_RECORD, Case

X86 = ("x86_64",)

ATTACKS = [
    Case("a table whose index counts from far away", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*other[40])(void);
static int (*table[26])(void) = { first, first, first, first, first, first };
int test(void)
{
	long at = unknown;
	return other[at & 3] ? 0 : table[at - 97]();
}
""", ["acct"]),
    Case("a table whose index counts from far away, that does not move", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*const table[26])(void) = { first, first, first, first, first };
int test(void) { long at = unknown; return table[at - 97](); }
""", ["acct"], False, True, "c", ("-no-pie", "-fno-pie", "-static")),
    Case("rows of a table, from the one before the first", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*other[128])(void);
static int (*table[4][32])(void) = { { first }, { first, first } };
int test(void)
{
	long row = unknown, column = row & 31;
	return other[row & 31] ? 0 : table[row - 1][column]();
}
""", ["acct"]),
    Case("a table far behind its name, that stands alone", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*const table[200])(void) = { first, first, first, first };
int test(void) { long at = unknown; return table[at - 3000](); }
""", ["acct"]),
    Case("an address on the stack, and its lowest bits", """
NOINLINE int by(long bits)
{
	if (bits)
		return (int)raw(NR_reboot);
	return (int)raw(NR_acct);
}
NOINLINE int pass(char *at)
{
	*at = (char)unknown;
	return by((long)at & 15);
}
int test(void)
{
	char own[64] __attribute__((aligned(16)));
	long at = (long)own;
	__asm__("" : "+r"(at));
	own[0] = (char)unknown;
	return pass(own) + by((long)own >> 63) + own[0];
}
""", ["acct"]),
    Case("an address on the stack, shifted away", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"lea -8(%rsp), %rax\n\tshr $60, %rax\n\ttest %rax, %rax\n\t"
	"jne 1f\n\tmov $163, %eax\n\tsyscall\n1:\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", X86),
    Case("a bit of an address on the stack", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov %rsp, %rax\n\tmov $7, %ecx\n\tand %rcx, %rax\n\ttest %rax, %rax\n\t"
	"jne 1f\n\tmov $163, %eax\n\tsyscall\n1:\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", X86),
    Case("calls by way of a retpoline of gcc's", """
NOINLINE int first(int a) { return (int)raw(NR_acct) + a; }
int (*volatile hook)(int) = first;
int test(void) { int a = hook(unknown); return a + (int)raw(NR_reboot); }
""", ["acct", "reboot"], False, True, "c",
         (*X86, "gcc", "-mindirect-branch=thunk")),
    Case("returns by way of a thunk of gcc's", """
NOINLINE int first(int a) { unknown += a; return a; }
int test(void) { int a = first(unknown); return a + (int)raw(NR_reboot); }
""", ["reboot"], False, True, "c",
         (*X86, "gcc", "-mfunction-return=thunk", "-fcf-protection=none")),
    Case("calls by way of a retpoline of clang's", """
NOINLINE int first(int a) { return (int)raw(NR_acct) + a; }
int (*volatile hook)(int) = first;
int test(void) { int a = hook(unknown); return a + (int)raw(NR_reboot); }
""", ["acct", "reboot"], False, True, "c", (*X86, "clang", "-mretpoline")),
    Case("the next definition of a function", """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
int sethostname(const char *name, unsigned long size)
{
	int (*next)(const char *, unsigned long) =
		(int (*)(const char *, unsigned long))dlsym(RTLD_NEXT,
							    "sethostname");
	return next ? next(name, size) : -1;
}
int test(void) { return sethostname("a", 1); }
""", ["sethostname"], False, False, "c", ("-rdynamic",)),
    Case("a function that a library and the program have, by its name", """
#include <dlfcn.h>
int library_own(void) { return (int)raw(NR_reboot); }
int test(void)
{
	void *in = dlopen("libcase.so", RTLD_NOW);
	int (*own)(void) = (int (*)(void))dlsym(in, "library_own");
	return own();
}
""", ["acct"], False, False, "c", ("-rdynamic",), """
int library_own(void) { return (int)raw(NR_acct); }
"""),
    Case("a name that is put together", """
#include <dlfcn.h>
#include <string.h>
int test(void)
{
	char name[32] = "sethost";
	strcat(name, unknown ? "name" : "id");
	int (*own)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, name);
	return own ? own() : 0;
}
""", ["sethostname"], True, False),
    Case("a thread of C11 that ends", """
#include <threads.h>
#include <pthread.h>
static void cleanup(void *data) { raw(NR_acct); (void)data; }
static int start(void *data)
{
	pthread_cleanup_push(cleanup, 0);
	thrd_exit(0);
	pthread_cleanup_pop(0);
	(void)data;
	return 0;
}
int test(void)
{
	thrd_t t;
	thrd_create(&t, start, 0);
	return thrd_join(t, 0);
}
""", ["acct"], False, False, "c", ("-fexceptions",)),
    Case("a thread of C11 that ends, with a guard", """
#include <threads.h>
struct Guard { ~Guard() { raw(NR_acct); } };
static int start(void *data)
{
	Guard guard;
	thrd_exit(0);
	(void)data;
	return 0;
}
int test(void)
{
	thrd_t t;
	thrd_create(&t, start, 0);
	return thrd_join(t, 0);
}
""", ["acct"], False, False, "c++"),
    Case("a number in a record that a variable points to, static", """
struct record { long pad; int number; };
static struct record one = { 0, NR_reboot };
struct record *volatile record = &one;
struct record *plain = &one;
NOINLINE void change(struct record *to) { to->number = NR_acct; }
int test(void)
{
	change(record);
	return (int)raw(plain->number);
}
""", ["acct"], True, False, "c", ("-static",)),
    Case("a record that changes, static", CHANGED_RECORD, ["acct"], True, False,
         "c", ("-static",)),
    Case("a library opened by a static program", """
#include <dlfcn.h>
int test(void)
{
	void *in = dlopen(unknown ? "libm.so.6" : "libz.so.1", RTLD_NOW);
	int (*own)(void) = (int (*)(void))dlsym(in, "sethostname");
	return own();
}
""", ["sethostname"], True, False, "c", ("-static",)),
    Case("pointers in a packed structure, that does not move", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct __attribute__((packed)) ops { char a; int (*run)(void); };
static struct ops ops[3] = { { 1, first }, { 2, first }, { 3, first } };
int test(void) { return ops[unknown % 3].run(); }
""", ["acct"], False, True, "c", ("-no-pie", "-fno-pie", "-static")),
    Case("pointers in a packed structure", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct __attribute__((packed)) ops { char a; int (*run)(void); };
static struct ops ops[3] = { { 1, first }, { 2, first }, { 3, first } };
int test(void) { return ops[unknown % 3].run(); }
""", ["acct"]),
    Case("a switch over records, by distances", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
NOINLINE int third(void) { return (int)raw(NR_swapon); }
struct ops { int (*run)(void); long pad; };
static const struct ops a = { first, 1 }, b = { second, 2 }, c = { third, 3 };
NOINLINE const struct ops *choose(int which)
{
	switch (which) {
	case 0: return &a;
	case 1: return &b;
	case 2: return &c;
	case 3: return &a;
	case 4: return &c;
	default: return &b;
	}
}
int test(void) { return choose(unknown)->run(); }
""", ["acct", "reboot", "swapon"], False, True, "c", ("clang",)),
    Case("a table of distances from itself", r"""
long run(long);
__asm__(".section .rodata\n.balign 4\ndistances:\n\t.long first - distances\n\t"
	".long second - distances\n.text\n"
	".type first, @function\nfirst:\n\t.cfi_startproc\n\t"
	"mov $163, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size first, . - first\n"
	".type second, @function\nsecond:\n\t.cfi_startproc\n\t"
	"mov $169, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size second, . - second\n"
	".globl run\n.type run, @function\nrun:\n\t.cfi_startproc\n\t"
	"lea distances(%rip), %rcx\n\tmovslq (%rcx,%rdi,4), %rax\n\tadd %rcx, %rax\n\t"
	"sub $8, %rsp\n\tcall *%rax\n\tadd $8, %rsp\n\tret\n\t"
	".cfi_endproc\n.size run, . - run\n");
int test(void) { return (int)run(unknown); }
""", ["acct", "reboot"], False, True, "c", X86),
    Case("a table of distances, each from its own place", r"""
long run(long);
__asm__(".section .rodata\n.balign 4\ndistances:\n\t.long first - .\n\t"
	".long second - .\n.text\n"
	".type first, @function\nfirst:\n\t.cfi_startproc\n\t"
	"mov $163, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size first, . - first\n"
	".type second, @function\nsecond:\n\t.cfi_startproc\n\t"
	"mov $169, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size second, . - second\n"
	".globl run\n.type run, @function\nrun:\n\t.cfi_startproc\n\t"
	"lea distances(%rip), %rcx\n\tlea (%rcx,%rdi,4), %rcx\n\tmovslq (%rcx), %rax\n\t"
	"add %rcx, %rax\n\tjmp *%rax\n\t.cfi_endproc\n.size run, . - run\n");
int test(void) { return (int)run(unknown); }
""", ["acct", "reboot"], False, True, "c", X86),
    Case("a number that a function of the loader's choice returns", """
NOINLINE int first(void) { return unknown ? NR_acct : NR_reboot; }
typedef int callback(void);
__attribute__((used)) static callback *choose(void) { return first; }
int chosen(void) __attribute__((ifunc("choose")));
int test(void) { return (int)raw(chosen()); }
""", ["acct"], True, False),
    Case("a function of the loader's choice with a constant", """
NOINLINE int first(int kind) { return (int)raw(kind ? NR_acct : NR_reboot); }
typedef int callback(int);
static callback *const table[] = { first, first };
__attribute__((used)) static callback *choose(void) { return table[unknown & 1]; }
int chosen(int) __attribute__((ifunc("choose")));
int test(void) { return chosen(1); }
""", ["acct"], False, False),
    Case("a jump that counts from the function's own start", r"""
long odd(long);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"xor %ecx, %ecx\n\tlea odd(%rip), %rax\n\ttest %edi, %edi\n\tje 2f\n\t"
	"add $(1f - odd), %rax\n\tjmp *%rax\n2:\ttest %ecx, %ecx\n\tje 3f\n"
	"1:\tmov $163, %eax\n\tsyscall\n3:\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(unknown); }
""", ["acct"], False, True, "c", X86),
    Case("code inside of an instruction", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"mov $163, %eax\n\tlea 1f+1(%rip), %rcx\n\tpush %rcx\n\tret\n1:\t"
	".byte 0xb8, 0x0f, 0x05, 0xc3, 0x90\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], True, True, "c", X86),
    Case("code that goes on behind a call that ends its unwind table", r"""
long split(void);
__asm__(".text\n.type nothing, @function\nnothing:\n\t.cfi_startproc\n\tret\n\t"
	".cfi_endproc\n.size nothing, . - nothing\n"
	".globl split\n.type split, @function\nsplit:\n\t"
	".cfi_startproc\n\tsub $8, %rsp\n\tcall nothing\n\t.cfi_endproc\n\t"
	".cfi_startproc\n\tadd $8, %rsp\n\tmov $163, %eax\n\tsyscall\n\tret\n\t"
	".cfi_endproc\n");
int test(void) { return (int)split(); }
""", ["acct"], False, True, "c", X86),
    Case("a function that pushes a register and does not give it back", r"""
long odd(void);
__asm__(".text\n.type changes, @function\nchanges:\n\t.cfi_startproc\n\t"
	"push %rbx\n\tmov unknown(%rip), %ebx\n\tadd $8, %rsp\n\tret\n\t"
	".cfi_endproc\n.size changes, . - changes\n"
	".globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"push %rbx\n\txor %ebx, %ebx\n\tcall changes\n\ttest %ebx, %ebx\n\t"
	"je 1f\n\tmov $163, %eax\n\tsyscall\n1:\tpop %rbx\n\tret\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", X86),
    Case("a breakpoint whose handler changes a register", r"""
long odd(void);
__asm__(".text\n.globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"xor %ecx, %ecx\n\tint3\n\ttest %ecx, %ecx\n\tje 1f\n\t"
	"mov $163, %eax\n\tsyscall\n1:\tret\n\t.cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(); }
""", ["acct"], False, True, "c", X86),
    Case("code far from its GOT", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
static int (*table[4])(void) = { second, second, second, second };
NOINLINE int run(int (*with)(void)) { return with() + table[unknown & 3](); }
int test(void) { return run(first); }
""", ["acct", "reboot"], False, True, "c",
         (*X86, "gcc", "-mcmodel=large", "-fPIC")),
    Case("data far from its GOT", """
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { long pad[9]; int (*run)(void); };
static struct ops ops[4] = { { { 0 }, second } };
NOINLINE int run(struct ops *with) { return with->run(); }
int test(void) { return run(ops); }
""", ["reboot"], False, True, "c",
         (*X86, "gcc", "-mcmodel=medium", "-fPIE", "-mlarge-data-threshold=16")),
    Case("code that may be anywhere", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*table[4])(void) = { first, first, first, first };
int test(void) { return table[unknown & 3](); }
""", ["acct"], False, True, "c",
         (*X86, "-mcmodel=large", "-no-pie", "-fno-pie", "-static")),
    Case("pointers that are gathered", r"""
long odd(long);
__asm__(".section .data.rel.ro,\"aw\"\n.balign 64\n.type many, @object\nmany:\n\t"
	".quad 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, gathered\n.size many, . - many\n"
	".text\n.type gathered, @function\ngathered:\n\t.cfi_startproc\n\t"
	"mov $163, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n"
	".size gathered, . - gathered\n"
	".globl odd\n.type odd, @function\nodd:\n\t.cfi_startproc\n\t"
	"lea many(%rip), %rax\n\tvmovq %rdi, %xmm4\n\tvpcmpeqd %xmm2, %xmm2, %xmm2\n\t"
	"vpgatherqq %xmm2, (%rax,%xmm4,8), %xmm1\n\tvmovq %xmm1, %rax\n\tjmp *%rax\n\t"
	".cfi_endproc\n.size odd, . - odd\n");
int test(void) { return (int)odd(unknown); }
""", ["acct"], False, True, "c", X86),
    Case("a call of the page that is older than the vdso", """
int test(void)
{
	long (*volatile way)(long *) = (long (*)(long *))0xffffffffff600400;
	return (int)way(0);
}
""", ["time"], False, True, "c", X86),
    Case("a stack of its own", """
#include <ucontext.h>
static ucontext_t back, own;
static char stack[65536];
static int kind;
static void start(void) { kind = unknown; raw(kind ? NR_acct : NR_reboot); }
NOINLINE int by(int which)
{
	getcontext(&own);
	own.uc_stack.ss_sp = stack;
	own.uc_stack.ss_size = sizeof(stack);
	own.uc_link = &back;
	makecontext(&own, start, 0);
	swapcontext(&back, &own);
	return which == 1 && kind ? (int)raw(NR_swapon) : 0;
}
int test(void) { return by(1); }
""", ["acct", "reboot", "swapon"], False, False),
    Case("a handler that goes on elsewhere", """
#define _GNU_SOURCE
#include <signal.h>
#include <ucontext.h>
NOINLINE void elsewhere(void) { raw(NR_acct); }
static void handler(int n, siginfo_t *about, void *context)
{
	ucontext_t *where = context;
	where->uc_mcontext.gregs[REG_RIP] = (long)elsewhere + 0 * n;
	(void)about;
}
int test(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigaction(SIGUSR1, &action, 0);
	return raise(SIGUSR1);
}
""", ["acct"], False, False, "c", X86),
    Case("a structure that libc copies", """
#include <string.h>
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct ops { long pad[30]; int (*run)(void); };
static const struct ops usual = { { 0 }, first };
NOINLINE int run(struct ops *with) { return with->run(); }
int test(void)
{
	struct ops own;
	memcpy(&own, &usual, sizeof(own));
	return run(&own);
}
""", ["acct"], False, False),
    Case("a structure that is moved by a pointer to libc's function", """
#include <string.h>
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct ops { long pad[30]; int (*run)(void); };
static const struct ops usual = { { 0 }, first };
static void *(*volatile copy)(void *, const void *, unsigned long) = memmove;
NOINLINE int run(struct ops *with) { return with->run(); }
int test(void)
{
	struct ops own;
	copy(&own, &usual, sizeof(own));
	return run(&own);
}
""", ["acct"], False, False, "c", ("-static",)),
    Case("pointers through a pipe", """
#include <unistd.h>
NOINLINE int first(void) { return (int)raw(NR_acct); }
int test(void)
{
	int ends[2];
	int (*with)(void) = first, (*back)(void) = 0;
	pipe(ends);
	write(ends[1], &with, sizeof(with));
	read(ends[0], &back, sizeof(back));
	return back();
}
""", ["acct"], False, False),
    Case("a pointer that is tagged, in halves, and copied", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
union halves { int (*run)(void); unsigned half[2]; };
NOINLINE void copy(union halves *to, const union halves *from)
{
	memcpy(to, from, sizeof(*to));
}
int test(void)
{
	union halves one, two;
	one.run = (int (*)(void))((unsigned long)first | 1ul << 60);
	copy(&two, &one);
	two.half[1] &= 0x0fffffff;
	return two.run();
}
""", ["acct"]),
    Case("a number as the argument of a thread", """
#include <pthread.h>
static void *start(void *data) { return (void *)raw((long)data); }
int test(void)
{
	pthread_t t;
	return pthread_create(&t, 0, start, (void *)(long)NR_acct);
}
""", ["acct"], True, False),
    Case("a number among many arguments", """
#include <stdarg.h>
NOINLINE long make(int count, ...)
{
	va_list list;
	long number = 0;
	va_start(list, count);
	while (count--)
		number = va_arg(list, long);
	va_end(list);
	return raw(number);
}
int test(void) { return (int)make(3, 1l, 2l, (long)NR_acct); }
""", ["acct"], True),
    Case("a number in a register of the caller's, by a constant", """
NOINLINE long make(long a, long number) { return raw(number) + a; }
NOINLINE long both(long kind)
{
	return kind == 3 ? make(1, NR_acct) : make(2, NR_reboot);
}
int test(void) { return (int)(both(3) + both(unknown)); }
""", ["acct", "reboot"]),
    Case("what a constructor of the first priority leaves", """
static int (*hook)(void);
static int first(void) { return (int)raw(NR_acct); }
__attribute__((constructor(101))) static void early(void) { hook = first; }
__attribute__((constructor(65000))) static void late(void) { hook(); }
int test(void) { return 0; }
""", ["acct"], False, False),
    Case("setjmp of the compiler's own", """
static void *back[5];
NOINLINE void leap(void) { __builtin_longjmp(back, 1); }
NOINLINE int by(int kind)
{
	if (__builtin_setjmp(back) == 0) {
		unknown++;
		leap();
	}
	return kind == 1 ? (int)raw(NR_acct) : 0;
}
int test(void) { return by(1); }
""", ["acct"], False, True, "c", X86),
    Case("a structure whose last part has no size", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct ops { long count; int (*run[])(void); };
static struct ops ops = { 3, { 0, 0, first } };
static long before[9] = { 1 };
NOINLINE int run(struct ops *with) { return with->run[unknown](); }
int test(void) { return run(&ops) + (int)before[unknown]; }
""", ["acct"]),
    Case("all in one, at link time", """
NOINLINE int by(int kind, int (*with)(int))
{
	return kind == 2 ? with(kind) : (int)raw(NR_reboot);
}
static int first(int a) { return (int)raw(NR_acct) + a; }
static int (*volatile hook)(int) = first;
int test(void) { return by(2, hook) + by(unknown, hook); }
""", ["acct", "reboot"], False, False, "c", ("-flto", "gcc")),
    Case("a library whose own calls stay inside", """
int library_call(void);
int library_hook(void) { return (int)raw(NR_reboot); }
int test(void) { return library_call(); }
""", ["acct"], False, False, "c", ("-rdynamic",), """
__attribute__((visibility("protected"))) int library_hook(void)
{
	return (int)raw(NR_acct);
}
int library_call(void) { return library_hook(); }
"""),
    Case("calls without a table of the linker's", """
int library_call(int);
int test(void) { return library_call(1); }
""", ["acct"], False, False, "c", ("-fno-plt",), """
int library_call(int kind) { return kind ? (int)raw(NR_acct) : 0; }
"""),
    Case("relocations of old tables", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*table[4])(void) = { first, first, first, first };
int test(void) { return table[unknown & 3](); }
""", ["acct"], False, False, "c", ("-Wl,--hash-style=sysv", "-Wl,-z,norelro",
                                    "-Wl,-z,lazy")),
    Case("thread storage by descriptors", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
__thread int (*hook)(void) = first;
int test(void) { return hook(); }
""", ["acct"], False, False, "c",
         (*X86, "gcc", "-fPIC", "-mtls-dialect=gnu2")),
    Case("a switch that hands its number to a part of it elsewhere", r"""
long parent(long);
__asm__(".text\n.globl parent\n.type parent, @function\nparent:\n\t"
	".cfi_startproc\n\tmov $163, %esi\n\tcmp $3, %rdi\n\tja 9f\n\t"
	"lea labels(%rip), %rdx\n\tmovslq (%rdx,%rdi,4), %rax\n\t"
	"add %rdx, %rax\n\tjmp *%rax\n9:\txor %eax, %eax\n\tret\n\t"
	".cfi_endproc\n.size parent, . - parent\n"
	".section .text.unlikely, \"ax\", @progbits\n"
	".type parent.cold, @function\nparent.cold:\n\t.cfi_startproc\n\tnop\n"
	"1:\txor %edi, %edi\n\tmov %esi, %eax\n\tsyscall\n\tret\n"
	"2:\tmov $1, %eax\n\tret\n\t.cfi_endproc\n.size parent.cold, . - parent.cold\n"
	".section .rodata\n.balign 4\n"
	"labels:\t.long 1b - labels, 2b - labels, 2b - labels, 2b - labels\n"
	".text\n");
int test(void) { return (int)parent(unknown); }
""", ["acct"], True, True, "c", X86),
]
