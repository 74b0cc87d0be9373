#!/usr/bin/env -S python3 -B
"""The `seccomp` module for Python: what it answers and which exceptions it
raises, compared with libseccomp's own binding where that is installed; and two
programs that run under its filters.

The arguments: the folder of our module, and our library.
"""

import errno
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))

from tap import Tap  # noqa: E402

# Expressions; `f` is a filter that allows, `k` one that kills. What each comes
# to in libseccomp's binding, or the class of its exception and its text.
ROWS = [
    ("s.ALLOW, s.KILL, s.KILL_PROCESS, s.TRAP, s.LOG, s.NOTIFY",
     "(2147418112, 0, -2147483648, 196608, 2147221504, 2143289344)"),
    ("s.NE, s.LT, s.LE, s.EQ, s.GE, s.GT, s.MASKED_EQ",
     "(1, 2, 3, 4, 5, 6, 7)"),
    ("s.ERRNO(5), s.ERRNO(70000), s.ERRNO(-1), s.TRACE(7)",
     "(327685, 332144, 393215, 2146435079)"),
    ("s.ERRNO('a')", "TypeError: an integer is required"),
    ("s.system_arch()", "3221225534"),
    ("int(s.Arch()), int(s.Arch('x86')), int(s.Arch(s.Arch.X86))",
     "(-1073741762, 1073741827, 1073741827)"),
    ("s.Arch('vax')", "ValueError: Invalid architecture"),
    ("s.Arch(12345)", "ValueError: Invalid architecture"),
    ("s.Arch(b'x86')", "TypeError: Architecture must be an int or str type"),
    ("s.SyscallFilter(0x1234)", "RuntimeError: Library error"),
    ("f.add_rule(s.ALLOW, 'read')",
     "RuntimeError: Library error (errno = -13)"),
    ("f.add_rule(s.ERRNO(1), 'nosuch')",
     "RuntimeError: Library error (errno = -22)"),
    ("f.add_rule(s.ERRNO(1), 'read', s.Arg(0, s.EQ, 1))", "None"),
    ("f.add_rule(s.ERRNO(2), 'read', s.Arg(0, s.EQ, 1))",
     "RuntimeError: Library error (errno = -17)"),
    ("f.add_rule(s.ERRNO(2), 'write', s.Arg(9, s.EQ, 1))",
     "RuntimeError: Library error (errno = -22)"),
    ("f.add_rule(s.ERRNO(2), 'write', *[s.Arg(0, s.EQ, 1)] * 7)",
     "RuntimeError: Maximum number of arguments exceeded"),
    ("f.add_rule(s.ERRNO(2), b'write')",
     "TypeError: Syscall must either be an int or str type"),
    ("f.add_rule_exactly(s.ERRNO(2), 'write', 3)",
     "TypeError: Cannot convert int to seccomp.Arg"),
    ("f.add_rule_exactly(s.ERRNO(2), 'write')", "None"),
    ("s.Arg(0, s.EQ, 'a')", "TypeError: an integer is required"),
    ("s.Arg(0, s.EQ, -1)",
     "OverflowError: can't convert negative value to uint64_t"),
    ("f.exist_arch(s.Arch.X86), f.exist_arch(s.Arch())", "(False, True)"),
    ("f.exist_arch(99)", "ValueError: Invalid architecture"),
    ("f.add_arch(s.Arch('x86')), f.exist_arch(s.Arch.X86)", "(None, True)"),
    ("f.add_arch(s.Arch.X86)", "RuntimeError: Library error (errno = -17)"),
    ("f.add_arch(99)", "ValueError: Invalid architecture"),
    ("f.remove_arch(s.Arch.X86)", "None"),
    ("f.remove_arch(s.Arch.X86)",
     "RuntimeError: Library error (errno = -17)"),
    ("f.get_attr(s.Attr.ACT_DEFAULT), f.get_attr(s.Attr.CTL_NNP)",
     "(2147418112, 1)"),
    ("f.get_attr(99)", "ValueError: Invalid attribute"),
    ("f.set_attr(s.Attr.ACT_DEFAULT, 1)",
     "RuntimeError: Library error (errno = -13)"),
    ("f.set_attr(s.Attr.CTL_OPTIMIZE, 3)",
     "RuntimeError: Library error (errno = -95)"),
    ("f.set_attr(s.Attr.CTL_OPTIMIZE, 2), f.get_attr(s.Attr.CTL_OPTIMIZE)",
     "(None, 2)"),
    ("f.syscall_priority('read', 5)", "None"),
    ("f.syscall_priority('nosuch', 5)",
     "RuntimeError: Library error (errno = -22)"),
    ("f.syscall_priority('read', 256)",
     "ValueError: Syscall priority must be between 0 and 255"),
    ("s.resolve_syscall(s.Arch(), 'read'), s.resolve_syscall(s.Arch(), 0)",
     "(0, b'read')"),
    ("s.resolve_syscall(s.Arch.X86, 'socket')", "102"),
    ("s.resolve_syscall(s.Arch(), 'nosuch')", "-1"),
    ("s.resolve_syscall(s.Arch(), 99999)",
     "ValueError: Unknown syscall 99999 on arch -1073741762"),
    ("s.set_api(9)", "ValueError: Invalid level"),
    ("f.merge(k)", "RuntimeError: Library error (errno = -22)"),
    ("f.merge(f)", "RuntimeError: Library error (errno = -17)"),
    ("f.merge(5)", "TypeError: Argument 'filter' has incorrect type "
     "(expected seccomp.SyscallFilter, got int)"),
    ("k.remove_arch(s.Arch()), k.reset(s.ALLOW), k.remove_arch(s.Arch()), "
     "k.add_arch(s.Arch.ARM), f.merge(k), f.exist_arch(s.Arch.ARM)",
     "(None, None, None, None, None, True)"),
    ("f.reset(0x1234)", "ValueError: Invalid action"),
    ("f.reset(s.KILL), f.get_attr(s.Attr.ACT_DEFAULT)", "(None, 0)"),
    ("f.export_pfc(7)", "AttributeError: 'int' object has no attribute "
     "'fileno'"),
    ("text(f.export_pfc).decode().split('\\n')[1]",
     "'# pseudo filter code start'"),
    ("len(text(f.export_bpf)) % 8", "0"),
    ("f.get_notify_fd()", "RuntimeError: Notifications not enabled/active"),
    ("[getattr(n, k) for k in ('id', 'pid', 'flags', 'syscall', "
     "'syscall_arch', 'syscall_ip', 'syscall_args')]",
     "[5, 6, 7, 0, 1073741827, 8, [1, 2, 3, 4, 5, 6]]"),
    ("r.id, r.val, r.error, r.flags", "(5, 1, -2, 0)"),
    ("setattr(r, 'val', 9), r.val", "(None, 9)"),
    ("setattr(r, 'flags', 1 << 33)",
     "OverflowError: value too large to convert to uint32_t"),
    # What does not fit must not become what does.
    ("setattr(r, 'error', 1 << 40)",
     "OverflowError: value too large to convert to int32_t"),
    ("setattr(r, 'val', 1 << 63)",
     "OverflowError: Python int too large to convert to C long"),
    ("f.add_rule(s.ERRNO(1), (1 << 32) + 1)",
     "OverflowError: value too large to convert to int"),
    ("f.add_rule((1 << 32) + s.ERRNO(1), 1)",
     "OverflowError: value too large to convert to int"),
    ("f.add_rule(0x80000000, 1)",
     "OverflowError: value too large to convert to int"),
    ("f.add_rule('5', 1)", "TypeError: an integer is required"),
    ("f.syscall_priority(1 << 40, 1)",
     "OverflowError: value too large to convert to int"),
    ("s.Arg(0, (1 << 32) + s.EQ, 1)",
     "OverflowError: value too large to convert to enum scmp_compare"),
    ("f.set_attr(s.Attr.CTL_NNP, 1 << 32)",
     "OverflowError: value too large to convert to int"),
    ("f.get_attr((1 << 32) + 3)", "OverflowError: value too large to "
     "convert to enum scmp_filter_attr"),
    ("f.set_attr(s.Attr.ACT_BADARCH, s.KILL_PROCESS)", "None"),
    ("f.exist_arch((1 << 32) + 3)",
     "OverflowError: value too large to convert to int"),
    ("f.exist_arch('x86')", "TypeError: an integer is required"),
    ("s.SyscallFilter(1 << 33)",
     "OverflowError: value too large to convert to int"),
    ("s.Arch(0xc000003e)", "ValueError: Invalid architecture"),
    ("s.resolve_syscall(s.Arch(), 1 << 32)",
     "OverflowError: value too large to convert to int"),
    ("s.ERRNO(1 << 40)",
     "OverflowError: value too large to convert to int"),
    ("f.reset(0x1234)", "ValueError: Invalid action"),
    ("f.reset(), f.get_attr(s.Attr.ACT_DEFAULT)", "(None, 0)"),
]

# What libseccomp's binding has only from 2.6 on.
NEWER = [
    ("f.precompute(), text(f.export_bpf) == f.export_bpf_mem()",
     "(None, True)"),
    ("f.start_transaction(), f.add_rule(s.ERRNO(9), 'close'), "
     "f.reject_transaction(), f.add_rule(s.ERRNO(8), 'close')",
     "(None, None, None, None)"),
    ("f.start_transaction(), f.commit_transaction()", "(None, None)"),
    ("int(s.Arch('loongarch64')) == s.Arch.LOONGARCH64", "True"),
]

ASK = """
import os, sys, tempfile
import seccomp as s
f, k = s.SyscallFilter(s.ALLOW), s.SyscallFilter(s.KILL)
n = s.Notification(5, 6, 7, 0, s.Arch.X86, 8, [1, 2, 3, 4, 5, 6])
r = s.NotificationResponse(n, val=1, error=-2)

def text(write):
    with tempfile.TemporaryFile() as file:
        write(file)
        file.seek(0)
        return file.read()

for line in sys.stdin.read().splitlines():
    try:
        print(repr(eval(line)))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""

# getppid() cannot fail, so Python hands out what the kernel says.
REFUSED = """
import errno, os, seccomp
f = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
f.add_rule(seccomp.ERRNO(errno.EBADMSG), "getppid")
f.load()
print(os.getppid())
"""

ANSWERED = """
import ctypes, os, seccomp, threading
f = seccomp.SyscallFilter(seccomp.ALLOW)
f.add_rule(seccomp.NOTIFY, "getppid")
ready = threading.Event()
told = []

def supervise():
    ready.wait()
    n = f.receive_notify()
    f.respond_notify(seccomp.NotificationResponse(n, val=4711))
    told.extend([n.pid == os.getpid(), n.syscall == seccomp.resolve_syscall(
        seccomp.Arch(), "getppid"), n.syscall_arch == seccomp.system_arch()])

# A thread from before the filter is not under it.
thread = threading.Thread(target=supervise)
thread.start()
f.load()
ready.set()
# Python's own would keep the lock that the other thread needs.
answer = ctypes.CDLL(None).getppid()
thread.join()
print(answer, *told)
"""


def run(python, text, lines="", **environment):
    done = subprocess.run([python, "-B", "-c", text], input=lines, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **environment}, timeout=60)
    return done.stdout.splitlines()


def the_binding():
    """A Python that has libseccomp's own binding, or None."""
    for python in (sys.executable, "/usr/bin/python3"):
        if pathlib.Path(python).exists() and run(
                python, "import seccomp; print('there')") == ["there"]:
            return python
    return None


def main():
    tap = Tap()
    ours = {"PYTHONPATH": sys.argv[1],
            "LD_LIBRARY_PATH": str(pathlib.Path(sys.argv[2]).parent)}
    rows = ROWS + NEWER
    got = run(sys.executable, ASK, "\n".join(row for row, _ in rows), **ours)
    for at, (row, wanted) in enumerate(rows):
        answer = got[at] if at < len(got) else "nothing"
        tap.ok(answer == wanted, row, f"wanted {wanted}", f"got {answer}")

    python = the_binding()
    if python:
        got = run(python, ASK, "\n".join(row for row, _ in ROWS))
        wrong = [f"{row}: {answer}" for (row, wanted), answer
                 in zip(ROWS, got) if answer != wanted]
        tap.ok(not wrong and len(got) == len(ROWS),
               f"libseccomp's binding answers the same {len(ROWS)}", *wrong)
    else:
        tap.skip("libseccomp's binding answers the same",
                 "no Python here has it")

    got = run(sys.executable, REFUSED, **ours)
    tap.ok(got == [str(-errno.EBADMSG)], "a call is refused", *got)
    got = run(sys.executable, ANSWERED, **ours)
    tap.ok(got == ["4711 True True True"],
           "a call is answered by its supervisor", *got)
    tap.done()


main()
