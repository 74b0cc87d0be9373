#!/usr/bin/env -S python3 -B
"""Doors to other calls, --after, --why-not, code that counts from a GOT, and Go.

Usage: ways_test.py CALLGATE [--long]
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

from sound_test import cut_sections  # noqa: E402
from tap import Tap  # noqa: E402

NARROW = r"""
volatile int unknown;
static inline long call(long number, long first)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result)
			 : "0"(number), "b"(first), "c"(0L) : "memory");
	return result;
}
__attribute__((noinline)) static long door(int which) { return call(102, which); }
__attribute__((noinline)) static long late(void) { return call(51, 0); }
__attribute__((noinline)) static long run(long (*with)(void))
{
	__asm__ volatile("" ::: "ebx", "esi", "edi", "memory");
	return with ? with() : 0;
}
void _start(void) { BODY; for (;;) call(1, 0); }
"""

# What the program does, and the calls that it has besides exit.
DOORS = [
    ("two operations of socketcall", "call(102, 1); call(102, 5)",
     ["accept", "socket"]),
    ("one of two operations", "if (unknown) call(102, 3); else call(102, 4)",
     ["connect", "listen"]),
    ("operations of ipc", "call(117, 23); call(117, 1)", ["semop", "shmget"]),
    ("an operation of ipc with a version", "call(117, 0x10000 | 21)",
     ["shmat"]),
    ("operations from callers", "door(2); door(14)", ["bind", "setsockopt"]),
    ("an operation that nobody knows", "call(102, unknown)", ["socketcall"]),
    ("one of ipc that nobody knows", "call(117, unknown)", ["ipc"]),
    ("one known, another not", "call(102, 1); call(102, unknown)",
     ["socket", "socketcall"]),
    ("an operation that there is not", "call(102, 99)", ["socketcall"]),
    ("a handler of signals: the vdso has the way back", "call(174, 10)",
     ["rt_sigaction", "rt_sigreturn", "sigreturn"]),
    ("a callback, by its distance from the GOT", "run(late)", ["acct"]),
]

PIE = ["-static-pie", "-fPIE"]
FIXED = ["-static", "-fPIE", "-no-pie"]
# The loader writes addresses into the code itself.
RELOCATED = ["-pie", "-fno-pic", "-Wl,-z,notext"]

AFTER = r"""
static inline long raw(long number)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "0"(number)
			 : "rcx", "r11", "memory");
	return result;
}
#define OWN __attribute__((noinline, used))
volatile int unknown;
OWN static long called(void) { return raw(163); }
OWN static long kept(void) { return raw(167); }
static long (*volatile hook)(void);
OWN static void setup(void) { raw(169); hook = kept; }
OWN static void serve(void) { called(); if (hook) hook(); for (;;) raw(60); }
void _start(void) { setup(); serve(); }
"""

CUT = AFTER[:AFTER.index("OWN static long called")] + r"""
OWN long by(int kind) { return kind == 1 ? raw(163) : raw(167); }
static long never(void) { return raw(169); }
long (*unused[2])(void) = { never, never };
void _start(void) { by(1); for (;;) raw(60); }
"""

# What --why-not is asked, its status, and what it says.
WHY_NOT = [
    ("swapon", 0, ["calls cut!by", "left out where the way makes the call",
                   "no caller's constants choose", "--data=all keeps it"]),
    ("reboot", 0, ["in data cut!never", "mentions the data that leads here"]),
    ("acct", 1, ["it is in the list"]),
    ("socket", 0, ["no code that the program can come to makes it"]),
    ("nosuch", 2, ["no system call is called 'nosuch'"]),
]

PAIRS = r"""
void _start(void)
{
	__asm__ volatile("mov x9, #89\n\tmov x10, #142\n\t"
			 "stp x9, x10, [sp, #-16]!\n\tmov x9, #1\n\tmov x10, #1\n\t"
			 "ldp x10, x8, [sp], #16\n\tsvc #0\n\tmov x8, x10\n\tsvc #0\n\t"
			 "mov w9, #225\n\tstp wzr, w9, [sp, #-16]!\n\t"
			 "mov x11, sp\n\tldp w10, w11, [x11]\n\tadd sp, sp, #16\n\t"
			 "mov w8, w11\n\tsvc #0\n\tmov x8, #93\n\tsvc #0");
	for (;;)
		;
}
"""

GO = """package main

func main() { println("hello") }
"""


class Ways:
    def __init__(self, callgate, folder):
        self.callgate, self.folder = callgate, folder

    def build(self, name, text, *words):
        (self.folder / f"{name}.c").write_text(text)
        ran = subprocess.run(
            ["gcc", "-O1", "-nostdlib", "-w", "-fno-stack-protector",
             "-fno-ipa-ra", *words, "-o", name, f"{name}.c"],
            cwd=self.folder, check=False, capture_output=True, text=True)
        return not ran.returncode

    def __call__(self, *words):
        return subprocess.run([self.callgate, "profile", "--no-cache", *words],
                              cwd=self.folder, check=False, timeout=120,
                              capture_output=True, text=True)

    def names(self, *words):
        ran = self("-f", "names", *words)
        return ran, sorted(set(ran.stdout.split()) - {"restart_syscall",
                                                      "exit"})


def doors(tap, ways):
    if not ways.build("door", NARROW, "-m32", *PIE, "-DBODY="):
        tap.skip("i386", "gcc -m32 makes no program")
        return
    for name, body, wanted in DOORS:
        for kind, words in ("moves", PIE), ("does not move", FIXED):
            built = ways.build("door", NARROW, "-m32", *words,
                               f"-DBODY={body}")
            ran, names = ways.names("door")
            tap.ok(built and not ran.returncode and names == wanted,
                   f"i386: {name}, in what {kind}", ran)
            subprocess.run(["strip", "door"], cwd=ways.folder, check=True)
            ran, names = ways.names("door")
            tap.ok(not ran.returncode and names == wanted,
                   f"i386: {name}, in what {kind}, stripped", ran)
            cut_sections(ways.folder / "door")
            ran, names = ways.names("door")
            tap.ok(set(wanted) <= set(names), f"i386: {name}, in what {kind}, "
                   "without section headers", ran)
        built = ways.build("door", NARROW, "-m32", *RELOCATED, "-nostartfiles",
                           f"-DBODY={body}")
        ran, names = ways.names("--no-modules", "door")
        tap.ok(built and set(wanted) <= set(names),
               f"i386: {name}, in code with relocations", ran)


def pairs(tap, ways):
    """aarch64: two registers at once, to memory and back."""
    if not shutil.which("aarch64-linux-gnu-gcc"):
        tap.skip("pairs", "aarch64-linux-gnu-gcc is not installed")
        return
    (ways.folder / "pairs.c").write_text(PAIRS)
    built = subprocess.run(
        ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", "pairs",
         "pairs.c"], cwd=ways.folder, check=False, capture_output=True, text=True)
    ran, names = ways.names("pairs")
    tap.ok(not built.returncode and not ran.returncode and
           names == ["acct", "reboot", "swapoff"], "aarch64: pairs", built, ran)


def after(tap, ways):
    ways.build("after", AFTER, *PIE)
    ran, names = ways.names("after")
    tap.ok(names == ["acct", "reboot", "swapon"], "from the start", ran)
    ran, names = ways.names("--after=serve", "after")
    tap.ok(not ran.returncode and names == ["acct", "swapon"],
           "--after: what it calls and what was kept, not what was before", ran)
    for name in "nothing", "main":
        ran = ways(f"--after={name}", "after")
        tap.ok(ran.returncode == 2 and f"no function '{name}'" in ran.stderr,
               f"--after: no function {name}", ran)
    ways.folder.joinpath("m.c").write_text(
        "#include <unistd.h>\nint main(void) { return (int)syscall(163, 0); }")
    subprocess.run(["gcc", "-O2", "-o", "m", "m.c"], cwd=ways.folder,
                   check=True)
    _, start = ways.names("--no-modules", "m")
    _, named = ways.names("--no-modules", "--after=main", "m")
    subprocess.run(["strip", "m"], cwd=ways.folder, check=True)
    ran, found = ways.names("--no-modules", "--after=main", "m")
    tap.ok(named == found and "acct" in found and set(found) < set(start),
           "--after=main, which is found in a stripped program", ran)
    ran = ways("--json", "--no-modules", "--after=main", "m")
    early = [call["name"] for call in json.loads(ran.stdout)["calls"]
             if call["path"] and call["path"][0]["how"] == "the loader's entry"]
    tap.ok(not early, "--after=main: the loader does not start again", *early)


def why_not(tap, ways):
    ways.build("cut", CUT, *PIE)
    for name, status, wanted in WHY_NOT:
        ran = ways(f"--why-not={name}", "cut")
        said = ran.stdout + ran.stderr
        tap.ok(ran.returncode == status and all(one in said for one in wanted),
               f"--why-not={name}", ran)
    ran = ways("--why-not=all", "cut")
    heads = [line.split(":")[0] for line in ran.stdout.splitlines()
             if ": left out" in line]
    _, some = ways.names("cut")
    _, every = ways.names("--data=all", "cut")
    tap.ok(not ran.returncode and heads == ["reboot", "swapon"] and
           set(every) - set(some) == set(heads),
           "--why-not=all: each call that --data=all adds", ran)


def go(tap, ways):
    """The runtime makes a call on all threads whose number is a variable."""
    if not shutil.which("go"):
        tap.skip("Go", "go is not installed")
        return
    (ways.folder / "p.go").write_text(GO)
    env = dict(os.environ, GOCACHE=str(ways.folder / "go"), CGO_ENABLED="0",
               GO111MODULE="off", HOME=str(ways.folder))
    # On 386 one number goes by way of the stack of another function.
    for machine, gaps in ("amd64", 0), ("386", 1), ("arm64", 0):
        for name, flags in ("with symbols", ""), ("stripped", "-s -w"):
            built = subprocess.run(
                ["go", "build", "-ldflags", flags, "-o", "p", "p.go"],
                cwd=ways.folder, env=dict(env, GOARCH=machine), check=False,
                capture_output=True, text=True)
            ran, names = ways.names("p")
            tap.ok(not built.returncode and
                   ran.stderr.count("gap:") <= gaps and
                   {"write", "futex", "rt_sigreturn"} <= set(names),
                   f"Go, {machine}, {name}: at most {gaps} gaps", built, ran)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-ways-") as name:
        ways = Ways(str(pathlib.Path(sys.argv[1]).resolve()),
                    pathlib.Path(name))
        if "--long" in sys.argv:
            go(tap, ways)
        elif shutil.which("gcc"):
            doors(tap, ways)
            pairs(tap, ways)
            after(tap, ways)
            why_not(tap, ways)
        else:
            tap.skip("ways", "gcc is not installed")
    tap.done()


if __name__ == "__main__":
    main()
