#!/usr/bin/env -S python3 -B
"""The same source, for each architecture: the lists differ by the architectures alone.

Usage: arches_test.py CALLGATE [FOLDER]

The programs of arches/ are built for x86_64, i386 and, with FOLDER, for aarch64, by the
compiler that tools/check-arches unpacks there; that one's libraries are found by
--sysroot. What differs must stand in SAME_AS or in OTHERWISE, which say why. All data
counts: the cuts are those of x86_64 alone.
"""

import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))

from tap import TOOLS, Tap  # noqa: E402

PROGRAMS = sorted((HERE / "arches").glob("*.c"))

# What an architecture calls otherwise: its own name, that of x86_64, and why.
SAME_AS = {
    "i386": [
        ("mmap2", "mmap", "the offset counts pages"),
        ("fcntl64", "fcntl", "locks with 64-bit offsets"),
        ("_llseek", "lseek", "a 64-bit offset in two registers"),
        ("fstatat64", "newfstatat", "a stat with 64-bit sizes"),
        ("statx", "newfstatat", "glibc's stat with 64-bit times"),
        ("clock_gettime64", "clock_gettime", "64-bit times"),
        ("clock_nanosleep_time64", "clock_nanosleep", "64-bit times"),
        ("futex_time64", "futex", "64-bit times"),
        ("ppoll_time64", "poll", "64-bit times"),
        ("ugetrlimit", "prlimit64", "32-bit limits have a call"),
        ("getegid32", "getegid", "32-bit ids"),
        ("geteuid32", "geteuid", "32-bit ids"),
        ("getuid32", "getuid", "32-bit ids"),
        ("getgid32", "getgid", "32-bit ids"),
        ("set_thread_area", "arch_prctl", "the thread's segment"),
        ("sigreturn", "rt_sigreturn", "handlers of the old kind"),
    ],
    "aarch64": [
        (f"{name}at", name, "only the call with a folder is there")
        for name in ("mkdir", "readlink", "symlink", "unlink")
    ] + [
        ("faccessat", "access", "only the call with a folder is there"),
        ("renameat", "rename", "only the call with a folder is there"),
        ("unlinkat", "rmdir", "with a flag"),
        ("ppoll", "poll", "only the newer call is there"),
        ("dup3", "dup2", "only the newer call is there"),
    ],
}

# What only one of them does: the architecture, the sign, the name, and why.
BEHIND_CLONE = ("+", "umount2", "it stands behind clone(), whose end in the "
                                "child is not seen to be one")
OTHERWISE = {
    "i386": [BEHIND_CLONE],
    "aarch64": [
        BEHIND_CLONE,
        ("-", "arch_prctl", "programs write the thread's register themselves"),
        ("-", "clone3", "this glibc makes threads by clone"),
        ("+", "clone", "the same"),
        ("+", "prctl", "glibc sets the use of tagged addresses at the start"),
        ("+", "sched_setaffinity", "addresses are formed of two halves, which "
                                   "are not told apart by the way they came: "
                                   "too much of pthread_create() counts"),
    ],
}


def cross(folder):
    """The command, its environment and the root of aarch64's libraries."""
    loader = importlib.machinery.SourceFileLoader(
        "arches", str(TOOLS / "check-arches"))
    arches = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("arches", loader))
    loader.exec_module(arches)
    try:
        command, env = arches.compiler_for(folder, "aarch64")
    except arches.Skip as why:
        return None, None, str(why)
    return command, env, ""


class Builder:
    def __init__(self, callgate, folder):
        self.callgate, self.folder = callgate, folder
        self.commands = {"x86_64": (["gcc"], None),
                         "i386": (["gcc", "-m32", "-idirafter",
                                   "/usr/include/x86_64-linux-gnu"], None)}

    def build(self, source, abi, *words):
        command, env = self.commands[abi]
        program = self.folder / "root" / "bin" / f"{source.stem}-{abi}"
        program.parent.mkdir(parents=True, exist_ok=True)
        ran = subprocess.run([*command, "-O2", "-D_GNU_SOURCE", "-w", *words,
                              "-pthread", "-o", str(program), str(source)],
                             check=False, capture_output=True, text=True,
                             env=env)
        return program if not ran.returncode else None

    def take(self, abi, command, env):
        """A compiler for another machine, and its libraries as in a root."""
        self.commands[abi] = (command, env)
        libraries = (pathlib.Path(command[0]).parent.parent /
                     "aarch64-linux-gnu" / "lib")
        root = self.folder / "root" / "lib"
        (root / "aarch64-linux-gnu").mkdir(parents=True)
        for path in libraries.glob("*.so.*"):
            shutil.copy(path, root / "aarch64-linux-gnu")
        shutil.copy(libraries / "ld-linux-aarch64.so.1", root)

    def calls(self, program, abi, *options):
        """The names of its calls, and what is wrong."""
        path = str(program)
        if abi == "aarch64":
            options += ("--sysroot", str(self.folder / "root"))
            path = f"/bin/{program.name}"
        ran = subprocess.run([self.callgate, "profile", "--json", "--no-cache",
                              "--no-modules", *options, path], check=False,
                             capture_output=True, text=True, timeout=120)
        if ran.returncode not in (0, 1):
            return None, ran.stderr
        report = json.loads(ran.stdout)
        others = {call["abi"] for call in report["calls"]} - {abi}
        names = {call["name"] for call in report["calls"]}
        return names, f"calls of {others}" if others else ""


def differences(abi, here, there):
    """What no row explains, of the lists of x86_64 and of another."""
    same = [(own, name) for own, name, _ in SAME_AS[abi]]
    rows = {sign + name for sign, name, _ in OTHERWISE[abi]}
    found = ["-" + name for name in here - there
             if not any((own, name) in same for own in there)]
    found += ["+" + name for name in there - here
              if not any((name, other) in same for other in here)]
    return sorted(set(found) - rows)


def compare(tap, builder, abi):
    for source in PROGRAMS:
        for kind, words in ("dynamic", ()), ("static", ("-static",)):
            lists = {}
            for one in "x86_64", abi:
                program = builder.build(source, one, *words)
                if program:
                    lists[one], wrong = builder.calls(program, one,
                                                      "--data=all")
            name = f"{source.stem}, {abi}, {kind}"
            if len(lists) < 2 or None in lists.values():
                tap.ok(False, f"{name}: builds and is read", wrong)
                continue
            left = differences(abi, lists["x86_64"], lists[abi])
            tap.ok(not left and not wrong, name, *left, wrong)


def main():
    tap = Tap()
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="callgate-arches-") as name:
        builder = Builder(callgate, pathlib.Path(name))
        if builder.build(PROGRAMS[0], "i386", "-static"):
            compare(tap, builder, "i386")
        else:
            tap.skip("i386", "gcc -m32 makes no program")
        if len(sys.argv) > 2:
            command, env, why = cross(pathlib.Path(sys.argv[2]).resolve())
            if command:
                builder.take("aarch64", command, env)
                compare(tap, builder, "aarch64")
            else:
                tap.skip("aarch64", why)
    tap.done()


if __name__ == "__main__":
    main()
