#!/usr/bin/env -S python3 -B
"""Job control of `callgate run`, typed into a shell on a terminal of its own.

usage: terminal_test.py CALLGATE
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time

from cli import begin

PROMPT = "ready> "
PATIENCE = 60  # seconds, for a machine that has other work
MODES = ["", "--explain", "--no-explain"]


class Terminal:
    """An interactive shell, and what it and its jobs have printed."""

    def __init__(self, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            # As at a login, however this test was started.
            for number in {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT,
                           signal.SIGTERM, signal.SIGPIPE, signal.SIGTSTP,
                           signal.SIGTTIN, signal.SIGTTOU}:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.environ.update(PS1=PROMPT, PS2="", TERM="dumb", HISTFILE="")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.seen = ""
        self.expect(re.escape(PROMPT))

    def expect(self, pattern):
        """Whether this comes; what came up to its end is used up."""
        until = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return True
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                return False  # the shell has ended

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def steps(self, steps):
        """(what to type, what must come): the first that does not, or None."""
        for typed, wanted in steps:
            self.type(typed)
            if not self.expect(wanted):
                return f"typed {typed!r}, wanted {wanted!r}, has {self.seen!r}"
        return None

    def close(self):
        os.close(self.fd)  # it and its jobs get SIGHUP
        os.waitpid(self.pid, 0)


# A job that forks nothing: a shell that is in vfork(2) when ^Z comes cannot
# stop before its child is continued, whoever has started it.
JOB = """\
import os, signal, sys, time
for sig in signal.SIGINT, signal.SIGQUIT: signal.signal(sig, signal.SIG_DFL)
for n in range(10000):
    print("tick", n, flush=True)
    time.sleep(0.05)
    if os.path.exists(sys.argv[1]): break
print("job", "done", flush=True)
"""


def scripts(run, end):
    """`end` is a file that ends a job."""
    job = f"{run} /usr/bin/python3 job"
    return [
        ("^C ends it, with status 130", [
            (f"{job} never\n", "tick 1"), ("\x03", PROMPT),
            ("echo st$?\n", r"\bst130\b")]),
        ("^\\ ends it, with status 131", [
            ("ulimit -c 0\n", PROMPT), (f"{job} never\n", "tick 1"),
            ("\x1c", PROMPT), ("echo st$?\n", r"\bst131\b")]),
        # It is back in the foreground when it is heard again.
        ("^Z stops it, fg goes on, twice; ^C ends it", [
            (f"{job} never\n", "tick 1"), ("\x1a", "Stopped"),
            ("fg\n", "tick"), ("\x1a", "Stopped"), ("fg\n", "tick"),
            ("\x03", PROMPT), ("echo st$?\n", r"\bst130\b")]),
        ("^Z, then bg: it ends by itself", [
            (f"{job} {end}\n", "tick 1"), ("\x1a", "Stopped"),
            (f"bg; touch {end}\n", "job done")]),
        ("in the background, reading stops it; fg, and it reads", [
            (f"{run} sh -c 'read x; echo got$((0))$x' &\n", PROMPT),
            # What is typed comes back, and is not what is waited for.
            ("while ! jobs | grep Stop[p]ed; do sleep .1; done\n",
             rf"(?s)Stopped.*{PROMPT}"),
            ("fg\n", "callgate run"), ("line\n", "got0line")]),
        ("kill %1, and its status", [
            (f"{run} sleep 60 &\n", PROMPT),
            ("kill -TERM %1; wait %1; echo st$?\n", r"\bst143\b")]),
    ]


def test_scripts(tap, callgate):
    for mode in MODES:
        run = f"./callgate run {mode} --drop bind --".replace("  ", " ")
        for name, steps in scripts(run, f"end{len(mode)}"):
            terminal = Terminal(callgate.folder)
            wrong = terminal.steps(steps)
            terminal.close()
            tap.ok(wrong is None, f"{mode or 'kills'}: {name}", wrong)


def test_size(tap, callgate):
    for mode in MODES:
        terminal = Terminal(callgate.folder)
        terminal.resize(33, 77)
        wrong = terminal.steps([
            (f"./callgate run {mode} --drop bind -- stty size\n", "33 77")])
        wrong = wrong or terminal.steps([
            (f"./callgate run {mode} --drop bind -- bash -c '"
             "trap \"echo new\\$((0))size; stty size; exit\" WINCH;"
             " echo is$((0))here; while :; do sleep 0.05; done'\n",
             "is0here")])
        terminal.resize(44, 88)
        if not wrong and not (terminal.expect("new0size") and
                              terminal.expect("44 88")):
            wrong = terminal.seen
        terminal.close()
        tap.ok(wrong is None, f"{mode or 'kills'}: the window's size, and "
               "its change", wrong)


def tracers_of(folder):
    """Processes of our copy of the command that are still there."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                path = os.readlink(f"/proc/{entry}/exe")
            except OSError:
                continue
            if path.startswith(str(folder)):
                found.append(int(entry))
    return found


def test_hangup(tap, callgate):
    """When the terminal goes, so do the command and its supervisor."""
    for mode in MODES:
        terminal = Terminal(callgate.folder)
        wrong = terminal.steps([
            (f"./callgate run {mode} --drop bind -- sh -c "
             "'echo is$((0))here; exec sleep 60'\n", "is0here")])
        terminal.close()
        until = time.monotonic() + PATIENCE
        while tracers_of(callgate.folder) and time.monotonic() < until:
            time.sleep(0.01)
        left = tracers_of(callgate.folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        tap.ok(wrong is None and not left,
               f"{mode or 'kills'}: a hangup leaves nobody", wrong, left)


def main():
    callgate, tap = begin()
    callgate.write("job", JOB)
    if shutil.which("bash") is None:
        tap.skip("job control", "there is no bash to type into")
        tap.done()
    test_scripts(tap, callgate)
    test_size(tap, callgate)
    test_hangup(tap, callgate)
    tap.done()


main()
