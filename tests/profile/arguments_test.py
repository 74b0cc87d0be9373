#!/usr/bin/env -S python3 -B
"""The constants that calls are made with: none may be lacking.

Each program can make its call with the values of TRUTH. A list of values must
hold them all; no list is always right, but where EXACT is set. What is RUN does
so under the policy of its own profile, which kills.

Usage: arguments_test.py CALLGATE
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from tap import Tap  # noqa: E402

HEAD = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define NOINLINE __attribute__((noinline))
volatile int unknown;
"""

# What it is called, its source, the call, what it can be, whether that must be
# found by gcc -O2.
CASES = [
    ("constants", """
int main(void) { socket(AF_UNIX, 1, 0); return socket(AF_INET, 1, 0) < 0; }
""", "socket", {1, 2}, True),
    ("a wrapper of a wrapper", """
NOINLINE int inner(int type, int domain)
{ unknown++; return socket(domain, type, 0); }
NOINLINE int outer(int domain) { int s = inner(1, domain); unknown++; return s; }
int main(void) { return outer(AF_UNIX) + outer(AF_INET6) < 0; }
""", "socket", {1, 10}, True),
    ("a tail call", """
NOINLINE int inner(int domain, int type) { return socket(domain, type, 0); }
NOINLINE int outer(int type, int domain) { return inner(domain, type); }
int main(void) { return outer(1, AF_NETLINK) < 0; }
""", "socket", {16}, True),
    ("one of two", """
int main(void) { return socket(unknown ? AF_INET : AF_INET6, 1, 0) < 0; }
""", "socket", {2, 10}, False),
    ("a computed value", """
int main(void) { return socket(unknown | AF_UNIX, 1, 0) < 0; }
""", "socket", {1, 3, 5, 7}, False),
    ("a wrapper whose address is taken", """
NOINLINE int make(int domain) { return socket(domain, 1, 0); }
int (*volatile by)(int) = make;
int main(void) { return make(AF_UNIX) + by(AF_INET + unknown) < 0; }
""", "socket", {1, 2}, False),
    ("socket itself by a pointer", """
int (*volatile by)(int, int, int) = socket;
int main(void) { return socket(AF_UNIX, 1, 0) + by(AF_INET, 1, 0) < 0; }
""", "socket", {1, 2}, False),
    ("socket by a table", """
static int (*const table[])(int, int, int) = { socket, socket };
int main(void)
{ return socket(AF_UNIX, 1, 0) + table[unknown & 1](AF_INET, 1, 0) < 0; }
""", "socket", {1, 2}, False),
    ("syscall(2)", """
int main(void)
{ return socket(AF_UNIX, 1, 0) + syscall(SYS_socket, AF_INET, 1, 0) < 0; }
""", "socket", {1, 2}, False),
    ("syscall(2) with a number from elsewhere", """
NOINLINE long make(long nr, long a) { return syscall(nr, a, 1, 0); }
int main(void)
{ return socket(AF_UNIX, 1, 0) + make(SYS_socket, AF_INET) +
	 make(SYS_getpid, 5) < 0; }
""", "socket", {1, 2}, False),
    ("an out-parameter", """
NOINLINE void set(int *to) { *to = AF_INET; }
int main(void)
{ int domain = AF_UNIX; set(&domain); return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("set by a signal handler", """
volatile int domain = AF_UNIX, *volatile at = &domain;
void handle(int number) { (void)number; *at = AF_INET; }
int main(void)
{ volatile int own = AF_UNIX; at = &own; signal(SIGALRM, handle); own = AF_UNIX;
  while (unknown) ; return socket(own, 1, 0) < 0; }
""", "socket", {1, 2}, False),
    ("called by a signal handler", """
NOINLINE int make(int domain) { return socket(domain, 1, 0); }
void handle(int number) { make(number); }
int main(void) { signal(SIGALRM, handle); return make(AF_UNIX) < 0; }
""", "socket", {1, 14}, False),
    ("called by a thread", """
void *make(void *domain) { return (void *)(long)socket((long)domain, 1, 0); }
int main(void)
{ pthread_t one; pthread_create(&one, 0, make, (void *)(long)(unknown + 2));
  pthread_join(one, 0); return make((void *)1) == 0; }
""", "socket", {1, 2}, False),
    ("after longjmp", """
jmp_buf place;
NOINLINE void back(void) { longjmp(place, 1); }
int main(void)
{ volatile int domain = AF_UNIX;
  if (!setjmp(place)) { domain = AF_INET; back(); }
  return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("in the child of vfork", """
int main(void)
{ volatile int domain = AF_UNIX;
  if (vfork() == 0) { domain = AF_INET; _exit(0); }
  return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("variable arguments", """
NOINLINE int make(int count, ...)
{ va_list list; int domain = 0; va_start(list, count);
  while (count--) domain = va_arg(list, int);
  va_end(list); return socket(domain, 1, 0); }
int main(void) { return make(1, AF_UNIX) + make(2, AF_UNIX, AF_INET) < 0; }
""", "socket", {1, 2}, False),
    ("a request of more than 31 bits", """
NOINLINE int make(unsigned long request) { unknown++; return ioctl(0, request, 0); }
int main(void) { return make(0x80045430) + make(-1) < 0; }
""", "ioctl", {0x80045430, 0xffffffff, 0x5401}, False),
    ("an option with an upper half", """
int main(void) { return (int)syscall(SYS_prctl, 0x100000003, 0, 0, 0, 0); }
""", "prctl", {3}, False),
    ("a byte in the middle of a register", """
int main(void)
{ int domain;
  __asm__ volatile("mov $0x201, %%eax; movzbl %%ah, %0"
		   : "=r"(domain) : : "eax");
  return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("part of a register", """
int main(void)
{ long domain = AF_UNIX;
  __asm__ volatile("movb $2, %b0" : "+q"(domain));
  return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("a callee with a convention of its own", """
__asm__(".type own, @function\\nown: mov $2, %ebx\\n ret\\n.size own, .-own\\n");
int main(void)
{ register int domain __asm__("rbx") = AF_UNIX;
  __asm__ volatile("call own" : "+r"(domain) : : "memory");
  return socket(domain, 1, 0) < 0; }
""", "socket", {2}, False),
    ("a label whose address is stored", """
int main(void)
{ static void *const places[] = { &&one, &&two };
  int domain = AF_UNIX;
  goto *places[unknown & 1];
two: domain = AF_INET;
one: return socket(domain, 1, 0) < 0; }
""", "socket", {1, 2}, False),
    ("a switch", """
int main(void)
{ int domain = AF_UNIX;
  switch (unknown) { case 0: domain = 2; break; case 1: domain = 3; break;
  case 2: domain = 16; break; case 3: domain = 17; break; case 4: domain = 10;
  break; case 5: domain = 5; unknown++; break; case 6: domain = 31; }
  return socket(domain, 1, 0) < 0; }
""", "socket", {1, 2, 3, 5, 10, 16, 17, 31}, False),
    ("more values than are kept", "int main(void) { " + "".join(
        f"socket({n}, 1, 0); " for n in range(1, 20)) + "return 0; }",
     "socket", set(range(1, 20)), False),
    ("a loop", """
int main(void)
{ for (int domain = 1; domain < 40; domain++) socket(domain, 1, 0); return 0; }
""", "socket", set(range(1, 40)), False),
    ("recursion", """
NOINLINE int make(int domain)
{ return domain > 3 ? 0 : make(domain + 1) + socket(domain, 1, 0); }
int main(void) { return make(1) < 0; }
""", "socket", {1, 2, 3}, False),
    ("libc's own", """
int main(void) { return isatty(0) + ioctl(0, FIONREAD, &unknown); }
""", "ioctl", {0x5401, 0x541b}, True),
    ("prctl", """
int main(void) { return prctl(PR_SET_NAME, "name") + prctl(PR_GET_DUMPABLE); }
""", "prctl", {15, 3}, True),
]

RUN = [(compiler, level) for compiler in ("gcc", "clang")
       for level in ("-O0", "-O2")]


def values(callgate, program, *options):
    ran = subprocess.run([callgate, "profile", "--json", *options, str(program)],
                         check=False, capture_output=True, text=True)
    calls = json.loads(ran.stdout)["calls"]
    return {call["name"]: {one["value"] for one in call["values"]}
            for call in calls}


def enforced(callgate, folder, program):
    """The exit status under its own profile, and without."""
    policy = folder / "policy.yml"
    made = subprocess.run([callgate, "profile", "--format=policy", str(program)],
                          check=True, capture_output=True, text=True)
    policy.write_text(made.stdout.replace("default_action: errno",
                                          "default_action: kill_process"))
    free = subprocess.run([program], stdin=subprocess.DEVNULL, check=False)
    held = subprocess.run([callgate, "run", "-p", str(policy), "--", program],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    return free.returncode, held.returncode, held.stderr + made.stdout


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-arguments-") as name:
        folder = pathlib.Path(name)
        os.environ["XDG_CACHE_HOME"] = name
        for index, case in enumerate(CASES):
            title, source, call, truth, exact = case
            (folder / "case.c").write_text(HEAD + source)
            ways = [RUN[1], (RUN[0], RUN[2], RUN[3])[index % 3]]
            for compiler, level in ways:
                program = folder / "program"
                what = f"{title}, {compiler} {level}"
                if not shutil.which(compiler):
                    tap.skip(what, f"{compiler} is not installed")
                    continue
                subprocess.run([compiler, "-w", level, "-pthread", "-o",
                                str(program), str(folder / "case.c")],
                               check=True)
                found = values(callgate, program).get(call, set())
                whole = exact and (compiler, level) == ("gcc", "-O2")
                tap.ok(truth <= found if whole else
                       not found or truth <= found, what,
                       f"{call}: found {found}, can be {truth}")
                if (compiler, level) == ("gcc", "-O2"):
                    free, held, why = enforced(callgate, folder, program)
                    tap.ok(free == held, f"{title}, enforced",
                           f"{held} instead of {free}", why)
        subprocess.run(["gcc", "-w", "-O2", "-o", str(program),
                        str(folder / "case.c")], check=True)
        for option in ("--no-arguments", "--data=all"):
            tap.ok(not any(values(callgate, program, option).values()), option)
    tap.done()


if __name__ == "__main__":
    main()
