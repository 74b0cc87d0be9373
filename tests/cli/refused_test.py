#!/usr/bin/env -S python3 -B
"""Where the system refuses, run says so, answers 125, and runs nothing.

An outer filter, loaded by callgate itself, plays the system.

usage: refused_test.py CALLGATE
"""

import shutil

from cli import MARKER, begin, check

OUTER = """\
seccomp:
  default_action: allow
  syscalls:
  - action: errno
    errno: {error}
    rules:
    - {call}
"""
WAYS = {"after exec": [], "before exec": ["--before-exec"],
        "explained": ["--explain"], "not explained": ["--no-explain"]}

SECCOMP = r"callgate: .*seccomp\(2\).*{words}\n"
PTRACE = r"callgate: ptrace cannot be used here.*: {words}\n"
# what is refused, how, the ways it hurts, and what is said
ROWS = [
    ("seccomp", "ENOSYS", WAYS, SECCOMP, "Function not implemented"),
    ("seccomp", "EINVAL", WAYS, SECCOMP, "Invalid argument"),
    ("seccomp", "EPERM", WAYS, SECCOMP, "Operation not permitted"),
    # Answered, and not by the kernel: the most dangerous of them.
    ("seccomp", "0", WAYS, r".*callgate: .*{words}.*\n",
     r"(the filter is not in force|this kernel was not asked)"),
    ("ptrace", "EPERM", ["after exec", "explained", "not explained"], PTRACE,
     "Operation not permitted"),
    ("ptrace", "ENOSYS", ["after exec"], PTRACE, "Function not implemented"),
    # Without this no filter is taken of anybody but root.
    ("prctl(38)", "EINVAL", WAYS, r"callgate: .*no_new_privs.*{words}\n",
     "Invalid argument"),
]


def test_refused(tap, callgate):
    for call, error, ways, err, words in ROWS:
        callgate.write("outer", OUTER.format(call=call, error=error))
        for way in ways:
            name = f"{call} answers {error}, {way}"
            for nobody in (False, True):
                # As root a filter needs no no_new_privs: the outer one is
                # loaded with it in force, so nobody has to ask for it again.
                if call.startswith("prctl"):
                    outer = ["run", "--before-exec", "--keep-privileges"]
                    if nobody:
                        continue
                else:
                    outer = ["run", "--before-exec"]
                got = callgate(*outer, "-p", "outer", "--", "./callgate",
                               "run", *WAYS[way], "--drop", "bind", "--",
                               "touch", MARKER, nobody=nobody)
                check(tap, name + (", as nobody" if nobody else ""), got, 125,
                      err=err.format(words=words))
                tap.ok(not callgate.marked(), f"{name}: nothing ran")


def test_privileges(tap, callgate):
    # What may be executed but not read: nobody may look into it, nor load.
    shutil.copy("/bin/touch", callgate.folder / "unreadable")
    (callgate.folder / "unreadable").chmod(0o111)
    got = callgate("run", "--drop", "bind", "--", "./unreadable", MARKER,
                   nobody=True)
    check(tap, "a program that cannot be read is killed", got, -9,
          err=r"callgate: the memory of the command cannot be read, .*\n")
    tap.ok(not callgate.marked(), "and has not run")
    got = callgate("run", "--before-exec", "--drop", "bind", "--",
                   "./unreadable", MARKER, nobody=True)
    check(tap, "before exec it runs", got, 0)
    tap.ok(callgate.marked(), "and has run")
    got = callgate("run", "--keep-privileges", "--drop", "bind", "--",
                   "touch", MARKER, nobody=True)
    check(tap, "nobody cannot keep privileges", got, 125,
          err=r"callgate: .*CAP_SYS_ADMIN.*\n")
    tap.ok(not callgate.marked(), "and nothing ran")


def test_doctor(tap, callgate):
    """What refuses is found by doctor, too."""
    callgate.write("outer", OUTER.format(call="seccomp", error="EPERM"))
    got = callgate("run", "--before-exec", "-p", "outer", "--", "./callgate",
                   "doctor")
    tap.ok(got.status == 1 and "blocked" in got.out,
           "doctor under a filter that refuses seccomp", got)


def main():
    callgate, tap = begin()
    test_refused(tap, callgate)
    test_privileges(tap, callgate)
    test_doctor(tap, callgate)
    # Under an outer filter that refuses nothing of it, it runs.
    callgate.write("outer", OUTER.format(call="listen", error="EPERM"))
    got = callgate("run", "--before-exec", "-p", "outer", "--", "./callgate",
                   "run", "--drop", "bind", "--", "touch", MARKER)
    tap.ok(got.status == 0 and callgate.marked(),
           "under a harmless outer filter it runs", got)
    tap.done()


main()
