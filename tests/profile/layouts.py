"""Programs whose code and data lie as not all linkers and compilers put them.

What is data among code, what may be written although it never is, and what only the
bytes of a program tell. cases.py says what the fields mean.
"""

from case import FROM_END, Case

X86 = ("x86_64",)
FIXED = ("-no-pie", "-fno-pie", "-static")
BOTH = ["acct", "reboot"]
TOGETHER = "-Wl,-z,noseparate-code"  # what is only read lies with the code
ALL_IN_ONE = "-Wl,-N"  # and what is written, too

TABLE = """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
struct ops { const char *name; int (*run[2])(void); };
static const struct ops ops[] = { { "a", { first, first } },
				  { "b", { second, first } } };
NOINLINE int use(const struct ops *one) { return one->run[unknown & 1](); }
int test(void) { return use(&ops[unknown & 1]); }
"""

SWITCH = """
NOINLINE int by(int kind)
{
	switch (kind) {
	case 1: return (int)raw(NR_acct);
	case 2: unknown = 3; return (int)raw(NR_swapon);
	case 3: return (int)raw(NR_swapoff) + unknown;
	case 4: unknown = 9; return (int)raw(NR_reboot);
	case 5: unknown += 4; return (int)raw(NR_settimeofday);
	case 6: return (int)raw(NR_sethostname) - unknown;
	case 7: unknown -= 4; return (int)raw(NR_setdomainname);
	}
	return 0;
}
int test(void) { return by(unknown); }
"""

SWITCHED = ["acct", "swapon", "swapoff", "reboot", "settimeofday",
            "sethostname", "setdomainname"]

# Functions of their own, and one that goes to one of them by a table.
FUNCTIONS = r"""
long run(long);
__asm__(".text\n"
	".type first, @function\nfirst:\n\t.cfi_startproc\n\t"
	"mov $163, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size first, . - first\n"
	".type second, @function\nsecond:\n\t.cfi_startproc\n\t"
	"mov $169, %eax\n\tsyscall\n\tret\n\t.cfi_endproc\n.size second, . - second\n"
	".balign 8\nBEFORE"
	".globl run\n.type run, @function\nrun:\n\t.cfi_startproc\n\t"
	"BODY\n\t.cfi_endproc\n.size run, . - run\n");
int test(void) { return (int)run(unknown & 1); }
"""


def functions(before, body):
    return FUNCTIONS.replace("BEFORE", before).replace("BODY", body)


POINTERS = r"table: .quad first, second\n"
DISTANCES = r"table: .long first - table, second - table\n"
BY_DISTANCE = (r"lea table(%rip), %rcx\n\tmovslq (%rcx,%rdi,4), %rax\n\t"
               r"add %rcx, %rax\n\tjmp *%rax")



def kinds(name, source, wants, *flags):
    """The same program, in each way to lay it out."""
    return [
        Case(f"{name}, with the code", source, wants, False, True, "c",
             (*X86, TOGETHER, *flags)),
        Case(f"{name}, with the code, that does not move", source, wants, False,
             True, "c", (*X86, TOGETHER, *FIXED, *flags)),
        Case(f"{name}, in one segment", source, wants, False, True, "c",
             (*X86, ALL_IN_ONE, *FIXED, *flags)),
    ]


LAYOUTS = [
    Case("a table gone through from the end of all data", FROM_END, BOTH, False,
         True, "c", (*X86, "gcc", "-O2", "-mcmodel=medium",
                     "-mlarge-data-threshold=1")),
    Case("a table from the end of all data, that does not move", FROM_END, BOTH,
         False, True, "c", (*X86, "gcc", "-O2", "-mcmodel=medium",
                            "-mlarge-data-threshold=1", *FIXED)),
    Case("data far from its GOT, that does not move", FROM_END, BOTH, False, True,
         "c", (*X86, "gcc", "-O2", "-mcmodel=large", "-fPIC", "-static",
               "-no-pie")),
    Case("code far from its GOT, by a place before", """
NOINLINE int first(void) { return (int)raw(NR_acct); }
NOINLINE int second(void) { return (int)raw(NR_reboot); }
int test(void) { return unknown ? first() : second(); }
""", BOTH, False, True, "c", (*X86, "gcc", "-O2", "-mcmodel=large", "-fPIC")),
    *kinds("constant pointers", TABLE, BOTH),
    *kinds("a table of jumps", SWITCH, SWITCHED),
    *kinds("a table of distances", functions("", BY_DISTANCE).replace(
        ".text", r".section .rodata\n" + DISTANCES + ".text", 1), BOTH),
    Case("pointers between functions",
         functions(POINTERS, r"lea table(%rip), %rcx\n\tjmp *(%rcx,%rdi,8)"),
         BOTH, False, True, "c", (*X86, *FIXED)),
    Case("pointers between functions, that are relocated",
         functions(POINTERS, r"lea table(%rip), %rcx\n\tjmp *(%rcx,%rdi,8)"),
         BOTH, False, True, "c", (*X86, "-Wl,-z,notext")),
    Case("pointers inside of a function",
         functions("", r"lea 1f(%rip), %rcx\n\tjmp *(%rcx,%rdi,8)\n"
                       r".balign 8\n1: .quad first, second"),
         BOTH, False, True, "c", (*X86, *FIXED)),
    Case("distances between functions", functions(DISTANCES, BY_DISTANCE),
         BOTH, False, True, "c", X86),
    Case("distances between functions, that do not move",
         functions(DISTANCES, BY_DISTANCE), BOTH, False, True, "c",
         (*X86, *FIXED)),
    Case("a function whose address is relocated inside of code",
         functions("", r"movabs $second, %rax\n\tjmp *%rax"),
         ["reboot"], False, True, "c", (*X86, "-Wl,-z,notext")),
    Case("a number that is written together with another", """
static int before[400] = { 1 };
static struct { long a; int b, number; long c; } record = { 1, 2, NR_reboot, 3 };
NOINLINE void set(void) { record.b = 5; record.number = NR_acct; }
NOINLINE int use(void) { return (int)raw(record.number); }
int test(void) { set(); return use() + before[unknown & 255]; }
""", ["acct"], True),
    Case("a number of which one byte is written", """
static int before[400] = { 1 };
static int number = NR_reboot;
NOINLINE void set(void) { *(volatile char *)&number = (char)NR_acct; }
NOINLINE int use(void) { return (int)raw(number); }
int test(void) { set(); return use() + before[unknown & 255]; }
""", ["acct"], True),
    Case("a number that is written by its address", """
static int number = NR_reboot;
NOINLINE void set(void)
{
	__asm__ volatile("lea %0, %%rcx; movl $163, (%%rcx)"
			 : : "m"(number) : "rcx", "memory");
}
NOINLINE int use(void) { return (int)raw(number); }
int test(void) { set(); return use(); }
""", ["acct"], True, True, "c", X86),
]
