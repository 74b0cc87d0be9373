"""Small programs, each with a call that a careless rule would lose.

A case: what it is called, its source, the calls that must be found. OR_GAP: a
number that cannot be followed may be told as a gap instead. Bare cases have no C
library, so that nothing else is in the list; their numbers are those of calls that
nobody else makes.
"""

from attacks import ATTACKS
from case import CHANGED_RECORD, FROM_END, Case
from layouts import LAYOUTS
from pruned import PRUNED

CASES = [
    Case("a constant", """
int test(void) { return (int)raw(NR_acct); }
""", ["acct"]),
    Case("one of two constants", """
int test(void) { return (int)raw(unknown ? NR_acct : NR_reboot); }
""", ["acct", "reboot"]),
    Case("an out-parameter on the stack", """
NOINLINE void set(int *number) { *number = unknown ? NR_acct : 1; }
int test(void)
{
	int number = NR_reboot;
	set(&number);
	return (int)raw(number);
}
""", ["acct"], True),
    Case("an out-parameter decides a branch", """
NOINLINE void set(void **to) { *to = (void *)&unknown; }
NOINLINE int use(void *from)
{
	if (!from)
		return 0;
	return (int)raw(NR_acct);
}
int test(void)
{
	void *from = 0;
	set(&from);
	return use(from);
}
""", ["acct"]),
    Case("a pointer that was stored escapes", """
int *kept;
NOINLINE void keep(int *number) { kept = number; }
NOINLINE void change(void) { *kept = NR_acct; }
int test(void)
{
	int number = NR_reboot;
	keep(&number);
	number = NR_reboot;
	change();
	return (int)raw(number);
}
""", ["acct"], True),
    Case("a structure on the stack that a callee fills", """
struct request { int pad[3]; int number; };
NOINLINE void fill(struct request *request) { request->number = NR_acct; }
int test(void)
{
	struct request request = { { 0 }, NR_reboot };
	fill(&request);
	return (int)raw(request.number);
}
""", ["acct"], True),
    Case("a record whose number changes before it is used", CHANGED_RECORD,
         ["acct"], True),
    Case("callbacks in a structure", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { int (*first)(void); int lock; int (*second)(void); };
struct ops ops = { first, 0, second };
NOINLINE int run(struct ops *with) { return with->first() + with->second(); }
int test(void) { return run(&ops); }
""", ["acct", "reboot"]),
    Case("a structure that unused code names in its middle", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { int (*first)(void); int lock[4]; int (*second)(void); };
static struct ops ops = { first, { 0 }, second };
__attribute__((used)) NOINLINE int *never(void) { return ops.lock; }
NOINLINE int run(struct ops *with) { return with->second(); }
int test(void) { return run(&ops); }
""", ["acct", "reboot"]),
    Case("a structure entered in its middle", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct ops { int (*first)(void); int lock[4]; long pad[8]; };
static struct ops ops = { first, { 0 }, { 0 } };
NOINLINE int run(int *lock)
{
	return ((struct ops *)((char *)lock -
			       __builtin_offsetof(struct ops, lock)))->first();
}
int test(void) { return run(ops.lock); }
""", ["acct"]),
    Case("a table of callbacks", """
#define ONE(n) NOINLINE int f##n(void) { return (int)raw(n); }
ONE(163) ONE(167) ONE(168) ONE(169)
static int (*const table[])(void) = { f163, f167, f168, f169 };
int test(void) { return table[unknown & 3](); }
""", ["acct", "swapon", "swapoff", "reboot"], False, True, "c", ("x86_64",)),
    Case("a table gone through from its end", FROM_END, ["acct", "reboot"]),
    Case("a table gone through by a count from its end", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*table[6])(void) = { first, first, first, first, first, first };
int test(void)
{
	int (**at)(void) = table + 6, sum = 0;
	for (int i = 0; i < unknown; i++)
		sum += (*--at)();
	return sum;
}
""", ["acct"]),
    Case("a table whose index counts from elsewhere", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
static int (*other[4])(void);
static int (*table[6])(void) = { first, first, first, first, first, first };
int test(void) { return other[unknown & 3] ? 0 : table[unknown - 8](); }
""", ["acct"]),
    Case("a table of tables", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct inner { const char *name; int (*run)(void); };
static const struct inner inner = { "inner", first };
struct outer { long pad; const struct inner *inner[2]; };
static const struct outer outer = { 0, { 0, &inner } };
NOINLINE int run(const struct outer *o) { return o->inner[unknown & 1]->run(); }
int test(void) { return run(&outer); }
""", ["acct"]),
    Case("a set of the linker's", """
typedef int callback(void);
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
#define IN_SET __attribute__((section("callbacks"), used))
static callback *const a IN_SET = first;
static callback *const b IN_SET = second;
extern callback *const __start_callbacks[], *const __stop_callbacks[];
int test(void)
{
	int sum = 0;
	for (callback *const *at = __start_callbacks; at < __stop_callbacks; at++)
		sum += (*at)();
	return sum;
}
""", ["acct", "reboot"]),
    Case("a set of the linker's, from its end", """
typedef int callback(void);
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
#define IN_SET __attribute__((section("callbacks"), used))
static callback *const a IN_SET = first;
static callback *const b IN_SET = second;
extern callback *const __stop_callbacks[];
int test(void)
{
	int sum = 0;
	for (int i = 1; i <= unknown; i++)
		sum += __stop_callbacks[-i]();
	return sum;
}
""", ["acct", "reboot"]),
    Case("a pointer in a variable", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
int (*hook)(void);
NOINLINE void set(void) { hook = first; }
int test(void) { set(); return hook(); }
""", ["acct"]),
    Case("a pointer that was there from the start", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
int (*hook)(void) = first;
int test(void) { return hook(); }
""", ["acct"]),
    Case("a structure that is copied", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { long pad[9]; int (*first)(void); int (*second)(void); };
static const struct ops usual = { { 0 }, first, second };
NOINLINE int run(struct ops *with) { return with->first() + with->second(); }
int test(void)
{
	struct ops own = usual;
	return run(&own);
}
""", ["acct", "reboot"]),
    Case("a structure on the stack made of constants", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { int (*first)(void); int (*second)(void); };
NOINLINE int run(struct ops *with) { return with->first() + with->second(); }
int test(void)
{
	struct ops own = { first, second };
	return run(&own);
}
""", ["acct", "reboot"]),
    Case("a pointer that a function returns", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
typedef int callback(void);
NOINLINE callback *choose(void) { return unknown ? first : 0; }
int test(void) { return choose()(); }
""", ["acct"]),
    Case("a last call through a pointer", """
NOINLINE int first(int a) { return (int)raw(NR_acct) + a; }
NOINLINE int last(int (*to)(int), int a) { return to(a + 1); }
int test(void) { return last(first, unknown); }
""", ["acct"]),
    Case("a last call", """
NOINLINE long make(long number) { return raw(number); }
NOINLINE long pass(long number) { unknown++; return make(number); }
int test(void) { return (int)pass(NR_acct); }
""", ["acct"]),
    Case("a wrapper of a wrapper", """
NOINLINE long make(int a, long number) { unknown += a; return raw(number); }
NOINLINE long pass(long number, int a) { return make(a, number) + 1; }
int test(void) { return (int)(pass(NR_acct, 1) + pass(NR_reboot, 2)); }
""", ["acct", "reboot"]),
    Case("a number on the stack for a wrapper", """
NOINLINE long make(long a, long b, long c, long d, long e, long f, long number)
{
	unknown += (int)(a + b + c + d + e + f);
	return raw(number);
}
int test(void) { return (int)make(1, 2, 3, 4, 5, 6, NR_acct); }
""", ["acct"]),
    Case("a wrapper called through a pointer", """
NOINLINE long make(long number) { return raw(number); }
static long (*hook)(long) = make;
NOINLINE void set(long (*to)(long)) { hook = to; }
int test(void) { set(make); return (int)hook(NR_acct); }
""", ["acct"], True),
    Case("a number in a record for a wrapper", """
struct record { long pad; int number; };
NOINLINE long make(const struct record *record) { return raw(record->number); }
int test(void)
{
	struct record record = { 0, NR_acct };
	return (int)make(&record);
}
""", ["acct"], True),
    Case("a number that a function returns", """
NOINLINE int number(void) { return unknown ? NR_acct : NR_reboot; }
int test(void) { return (int)raw(number()); }
""", ["acct", "reboot"], True),
    Case("a number in a variable", """
static int number = NR_reboot;
NOINLINE void change(void) { number = NR_acct; }
int test(void) { change(); return (int)raw(number); }
""", ["acct", "reboot"], True),
    Case("a number in a variable whose address is known", """
static int number = NR_reboot;
NOINLINE void change(int *to) { *to = NR_acct; }
int test(void) { change(&number); return (int)raw(number); }
""", ["acct"], True),
    Case("a number out of a table", """
static const int numbers[] = { NR_acct, NR_reboot, NR_acct, NR_reboot };
int test(void) { return (int)raw(numbers[unknown & 3]); }
""", ["acct", "reboot"], True),
    Case("a number that is computed", """
int test(void)
{
	int number = NR_acct - 3;
	for (int i = 0; i < 3; i++)
		number += unknown ? 1 : 0;
	return (int)raw(number);
}
""", ["acct"], True),
    Case("a number on the stack that a loop changes", """
int test(void)
{
	volatile int number = NR_reboot;
	for (int i = 0; i < unknown; i++) {
		raw(number);
		number = NR_acct;
	}
	return 0;
}
""", ["acct", "reboot"], True),
    Case("a switch over numbers", """
int test(void)
{
	int number;
	switch (unknown) {
	case 0: number = NR_acct; break;
	case 1: number = NR_reboot; break;
	case 2: number = NR_swapon; break;
	case 3: number = NR_swapoff; break;
	case 4: number = NR_settimeofday; break;
	case 5: number = NR_sethostname; break;
	default: return 0;
	}
	return (int)raw(number);
}
""", ["acct", "reboot", "swapon", "swapoff", "settimeofday", "sethostname"],
         True),
    Case("a switch over calls", """
int test(void)
{
	switch (unknown) {
	case 0: return (int)raw(NR_acct);
	case 1: unknown = 7; return (int)raw(NR_reboot);
	case 2: unknown = 9; return (int)raw(NR_swapon) + 1;
	case 3: unknown += 9; return (int)raw(NR_swapoff) + 2;
	case 4: unknown *= 9; return (int)raw(NR_settimeofday) + 3;
	case 5: unknown -= 9; return (int)raw(NR_sethostname) + 4;
	default: return 0;
	}
}
""", ["acct", "reboot", "swapon", "swapoff", "settimeofday", "sethostname"]),
    Case("a cold part", """
__attribute__((cold)) NOINLINE int rare(int a)
{
	return (int)raw(NR_reboot) + a;
}
int test(void)
{
	int a = unknown;
	if (__builtin_expect(a == 7, 0)) {
		a += rare(a);
		raw(NR_acct);
		a += rare(a + 1);
	}
	return a;
}
""", ["acct", "reboot"]),
    Case("a cold case of a switch", """
__attribute__((cold)) NOINLINE void rare(void) { raw(NR_reboot); }
int test(void)
{
	switch (unknown) {
	case 0: return 5;
	case 1: unknown = 7; return 3;
	case 2: unknown = 9; return 1;
	case 3: rare(); raw(NR_acct); rare(); return 9;
	case 4: unknown *= 9; return 2;
	case 5: unknown -= 9; return 4;
	case 6: rare(); raw(NR_swapon); rare(); return 8;
	default: return 0;
	}
}
""", ["acct", "reboot", "swapon"]),
    Case("code that goes on behind the end of its unwind table", r"""
long split(void);
#if defined(__x86_64__)
__asm__(".text\n.globl split\n.type split, @function\nsplit:\n"
	".cfi_startproc\n\tmov $163, %eax\n.cfi_endproc\n\tsyscall\n"
	".cfi_startproc\n\tret\n.cfi_endproc\n");
#endif
int test(void) { return (int)split(); }
""", ["acct"], False, True, "c", ("x86_64",)),
    Case("computed jumps", """
int test(void)
{
	static const void *const labels[] = { &&one, &&two, &&three };
	goto *labels[unknown % 3];
one:
	return (int)raw(NR_acct);
two:
	unknown++;
	return (int)raw(NR_reboot);
three:
	return 0;
}
""", ["acct", "reboot"]),
    Case("computed jumps with a number", """
int test(void)
{
	static const void *const labels[] = { &&one, &&two, &&three };
	int number = NR_acct;
	goto *labels[unknown % 3];
one:
	number = NR_reboot;
two:
	unknown++;
	return (int)raw(number);
three:
	return 0;
}
""", ["acct", "reboot"], True),
    Case("a choice of the loader", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
typedef int callback(void);
__attribute__((used)) static callback *choose(void)
{
	return unknown ? first : second;
}
int chosen(void) __attribute__((ifunc("choose")));
int test(void) { return chosen(); }
""", ["acct", "reboot"], False, False),
    Case("before main and after it", """
#include <stdlib.h>
__attribute__((constructor)) static void before(void) { raw(NR_acct); }
__attribute__((destructor)) static void after(void) { raw(NR_reboot); }
static void at_exit(void) { raw(NR_swapon); }
int test(void) { return atexit(at_exit); }
""", ["acct", "reboot", "swapon"], False, False),
    Case("a signal handler", """
#include <signal.h>
static void handler(int n) { unknown = n; RAW(NR_acct); }
int test(void)
{
	struct sigaction action = { .sa_handler = handler };
	return sigaction(SIGUSR1, &action, 0);
}
""", ["acct", "rt_sigaction", "rt_sigreturn"], False, False),
    Case("a thread", """
#include <pthread.h>
static void *start(void *data) { raw(NR_acct); return data; }
int test(void) { pthread_t t; return pthread_create(&t, 0, start, 0); }
""", ["acct"], False, False),
    Case("ids of all threads", """
#include <unistd.h>
#include <grp.h>
int test(void) { return setuid(0) + setregid(1, 1); }
""", ["setuid", "setregid"], False, False),
    Case("a callback of the C library's", """
#include <stdlib.h>
static int compare(const void *a, const void *b)
{
	return (int)raw(NR_acct) + (a < b);
}
int data[9];
int test(void) { qsort(data, 9, sizeof(*data), compare); return data[0]; }
""", ["acct"], False, False),
    Case("syscall(2)", """
#include <unistd.h>
NOINLINE long pass(int number) { return syscall(number, 1, 2, 3); }
int test(void) { return (int)(syscall(NR_acct, 0) + pass(NR_reboot)); }
""", ["acct", "reboot"], False, False),
    Case("syscall(2) through a pointer", """
#include <unistd.h>
static long (*volatile hook)(long, ...) = syscall;
int test(void) { return (int)hook(NR_acct, 0); }
""", ["acct"], True, False),
    Case("setjmp, and a number that has changed", """
#include <setjmp.h>
static jmp_buf back;
NOINLINE void leap(void) { longjmp(back, 1); }
int test(void)
{
	volatile int number = NR_reboot;
	if (setjmp(back) == 0) {
		number = NR_acct;
		leap();
	}
	return (int)raw(number);
}
""", ["acct"], True, False),
    Case("thread storage beside pointers", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
__thread int (*hook)(void) = first;
__thread int other;
int test(void) { other++; return hook(); }
""", ["acct"], False, False, "c", ("-fPIC", "-ftls-model=global-dynamic")),
    Case("packed relocations", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
struct ops { int (*first)(void); };
static struct ops ops = { first };
static struct ops *volatile way = &ops;
int test(void) { return way->first(); }
""", ["acct"], False, False, "c", ("-Wl,-z,pack-relative-relocs",)),
    Case("a weak function that is there", """
__attribute__((weak)) int maybe(void);
__attribute__((weak)) NOINLINE int there(void) { return (int)raw(NR_acct); }
int test(void) { return (maybe ? maybe() : 0) + there(); }
""", ["acct"], False, False),
    Case("a library's callbacks, copied into the program", """
struct ops { long pad; int (*run)(void); };
extern struct ops library_ops;
int test(void) { return library_ops.run(); }
""", ["acct"], False, False, "c", ("-no-pie", "-fno-pie"), """
struct ops { long pad; int (*run)(void); };
static int run(void) { return (int)raw(NR_acct); }
struct ops library_ops = { 0, run };
"""),
    Case("a program that does not move", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
static int (*table[4])(void) = { first, first, second, first };
int test(void) { return table[unknown & 3](); }
""", ["acct", "reboot"], False, True, "c", ("-no-pie", "-fno-pie", "-static")),
    Case("callbacks of a library", """
int library_call(void);
int test(void) { return library_call(); }
""", ["acct", "reboot"], False, False, "c", (), """
NOINLINE static int first(void) { return (int)raw(NR_acct); }
NOINLINE int library_other(void);
NOINLINE int library_other(void) { return (int)raw(NR_reboot); }
static int (*const table[])(void) = { first, library_other };
int library_call(void);
int library_call(void) { return table[unknown & 1](); }
"""),
    Case("the library's own function is replaced", """
int library_hook(void) { return (int)raw(NR_acct); }
int library_call(void);
int test(void) { return library_call(); }
""", ["acct"], False, False, "c", ("-rdynamic",), """
int library_hook(void);
__attribute__((weak)) int library_hook(void) { return (int)raw(NR_reboot); }
int library_call(void);
int library_call(void) { return library_hook(); }
"""),
    Case("i386 calls in a program of x86_64", """
int test(void)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(51) : "memory");
	return result;
}
""", ["i386:acct"], False, True, "c", ("x86_64",)),
    Case("virtual functions", """
struct Base { virtual int run() = 0; int pad; };
struct First : Base { int run() override { return (int)raw(NR_acct); } };
struct Second : Base { int run() override { return (int)raw(NR_reboot); } };
static First first;
static Second second;
int test(void)
{
	Base *const both[] = { &first, &second };
	return both[unknown & 1]->run();
}
""", ["acct", "reboot"], False, False, "c++"),
    Case("a second base", """
struct A { virtual int a() { return 1; } long pad; };
struct B { virtual int b() { return 2; } long pad; };
struct C : A, B {
	int b() override { return (int)raw(NR_acct); }
};
NOINLINE int use(B *b) { return b->b(); }
int test(void) { C *c = new C; int n = use(c); delete c; return n; }
""", ["acct"], False, False, "c++"),
    Case("an exception, and a number that has changed", """
NOINLINE void fails() { if (unknown) throw 1; }
int test(void)
{
	volatile int number = NR_reboot;
	try {
		fails();
	} catch (int) {
		number = NR_acct;
	}
	return (int)raw(number);
}
""", ["acct", "reboot"], True, False, "c++"),
    Case("a destructor on the way of an exception", """
struct Guard { ~Guard() { raw(NR_acct); } };
NOINLINE void fails() { if (unknown) throw 1; }
NOINLINE void guarded() { Guard guard; fails(); }
int test(void)
{
	try { guarded(); } catch (...) { RAW(NR_reboot); }
	return 0;
}
""", ["acct", "reboot"], False, False, "c++"),
    Case("a pointer to a member", """
struct Thing {
	int first() { return (int)raw(NR_acct); }
	virtual int second() { return (int)raw(NR_reboot); }
};
int test(void)
{
	int (Thing::*const both[])() = { &Thing::first, &Thing::second };
	Thing thing;
	return (thing.*both[unknown & 1])();
}
""", ["acct", "reboot"], False, False, "c++"),
    Case("a static object's constructor, and a function of the standard library", """
#include <functional>
static std::function<int()> hook = [] { return (int)raw(NR_acct); };
struct Made { Made() { raw(NR_reboot); } };
static Made made;
int test(void) { return hook(); }
""", ["acct", "reboot"], False, False, "c++"),
] + PRUNED + ATTACKS + LAYOUTS
