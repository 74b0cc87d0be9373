#!/usr/bin/env -S python3 -B
"""callgate watch --live, on a terminal of its own.

usage: live_test.py CALLGATE

The terminal is tmux's: what is on its screen is what a person would see.
"""

import os
import pathlib
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from served import PATIENCE, hostile, program_of, record

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "house"))
from tap import Tap  # noqa: E402

NOW = 1795313417.0


class Terminal:
    """tmux with one window; a shell tells when the command has ended."""

    count = 0

    def __init__(self, folder, command, columns=80, lines=24):
        Terminal.count += 1  # one that ends may still hold its socket
        self.socket = str(folder / f"tmux-{Terminal.count}")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns),
                  "-y", str(lines), f"cd {shlex.quote(str(folder))}; export LANG=C.UTF-8; "
                  f"{command}; echo status=$?; stty -a | grep -qw -- "
                  "-echo && echo SILENT || echo ECHOES; exec sleep 100")
        self.tmux("set", "-g", "set-clipboard", "on")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=False,
                              stdout=subprocess.PIPE, text=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def becomes(self, wanted):
        """Whether the screen comes to be what is wanted; it changes piece by
        piece."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if wanted(self.screen()):
                return True
            time.sleep(0.05)
        return False

    def sees(self, *words):
        """Whether all of this comes to be on the screen."""
        return self.becomes(lambda screen: all(word in screen
                                               for word in words))

    def loses(self, *words):
        """Whether none of this stays there."""
        return self.becomes(lambda screen: not any(word in screen
                                                   for word in words))

    def child(self, name):
        """The id of the process below the shell."""
        shell = self.tmux("display", "-p", "#{pane_pid}").strip()
        children = pathlib.Path(f"/proc/{shell}/task/{shell}/children")
        for pid in children.read_text().split():
            if name in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
        return None

    def close(self):
        self.tmux("kill-server")


def log():
    text = "".join(record(i + 1, NOW + i, "nc", "/bin/nc", 49, "errno")
                   for i in range(5))
    text += "".join(record(i + 6, NOW + 10 + i, "curl", "/usr/bin/curl", 42,
                           "kill_process") for i in range(3))
    return text + hostile(20, NOW + 20)


def check_table(tap, folder, program):
    terminal = Terminal(folder, f"{shlex.quote(program)} --live log")

    def ok(name, *words):
        tap.ok(terminal.sees(*words), name, terminal.screen())

    ok("a folding table", "12 events, 6 kinds", "5 ", "refused     bind",
       "/bin/nc", "3 ", "killed      connect", "/usr/bin/curl")
    tap.ok(terminal.sees("\\x1b[31m", "\\u{202e}gnp.exe") and
           "\u202e" not in terminal.screen(), "hostile names are text",
           terminal.screen())
    terminal.keys("s")
    ok("sorted by count", "sorted by count")

    def first_is_bind(screen):
        lines = screen.splitlines()
        return len(lines) > 3 and "bind" in lines[3]

    tap.ok(terminal.becomes(first_is_bind), "the most frequent is first",
           terminal.screen())
    terminal.keys("r")
    tap.ok(terminal.becomes(lambda screen: "bind" in screen and
                            not first_is_bind(screen)), "and last",
           terminal.screen())
    terminal.keys("r")
    terminal.keys("/")
    ok("a filter is typed", "filter: _")
    terminal.keys("call=bin", "x", "BSpace", "Enter")
    ok("a filter", "filter: call=bin ")
    tap.ok(terminal.loses("connect"), "hides the others", terminal.screen())
    terminal.keys("Enter")
    ok("details", "/bin/nc (pid 7) was refused bind on x86_64",
       "The last of 5 that are alike", "To allow it",
       "- {action: allow, names: [bind]}", "What is known", "@timestamp")
    terminal.keys("c")
    ok("the fix is copied, and shown", "copied: - {action: allow")
    tap.ok(terminal.becomes(lambda _: terminal.tmux("show-buffer").strip() ==
                            "- {action: allow, names: [bind]}"),
           "it is in the clipboard")
    terminal.keys("End")
    ok("scrolls", "seccomp.syscall")
    terminal.keys("q")
    ok("back in the table", "COUNT")
    terminal.keys("Escape")
    ok("no filter any more", "connect")
    terminal.keys("?")
    ok("help", "Keys", "copy the line")
    terminal.keys("Escape")
    terminal.tmux("resize-window", "-x", "60", "-y", "12")
    ok("it follows the size", "COUNT", "bind")
    tap.ok(terminal.becomes(lambda screen: all(
        len(line) <= 60 for line in screen.splitlines())),
           "within 60 columns", terminal.screen())
    terminal.tmux("resize-window", "-x", "30", "-y", "4")
    ok("too small is said", "too small")
    terminal.tmux("resize-window", "-x", "120", "-y", "30")
    ok("and large again", "WHERE", "bind")
    terminal.keys("q")
    ok("the terminal is given back", "status=0", "ECHOES")
    tap.ok(terminal.loses("COUNT"), "with what was on it", terminal.screen())
    terminal.close()


def check_stream(tap, folder, program):
    """What comes by a pipe; keys are the terminal's all the same."""
    os.mkfifo(folder / "pipe")
    terminal = Terminal(folder, f"{shlex.quote(program)} --live - < pipe")
    with open(folder / "pipe", "w", encoding="ascii") as pipe:
        pipe.write(record(1, NOW, call=49))
        pipe.flush()
        tap.ok(terminal.sees("1 event,", "bind"), "the first", terminal.screen())
        terminal.keys("p")
        tap.ok(terminal.sees("PAUSED"), "paused")
        pipe.write(record(2, NOW, call=49) + record(3, NOW + 1, call=42) +
                   "type=SECCOMP msg=audit(1.000:1): sig=x\n")
        pipe.flush()
        tap.ok(terminal.sees("3 events"), "it counts on", terminal.screen())
        screen = terminal.screen()
        tap.ok("connect" not in screen and " 1 " in screen, "and shows no more",
               screen)
        terminal.keys("p")
        tap.ok(terminal.sees("connect", " 2 "), "then it does",
               terminal.screen())
    terminal.keys("q")
    tap.ok(terminal.sees("status=1", "'sig=x'"),
           "damage is said when it is over", terminal.screen())
    terminal.close()


def check_signals(tap, folder, program):
    for name, status in [("TERM", "status=0"), ("INT", "status=0"),
                         ("HUP", "status=0"), ("QUIT", "status=0"),
                         ("SEGV", "status=139"), ("ABRT", "status=134"),
                         ("SYS", "status=159")]:
        terminal = Terminal(folder, f"{shlex.quote(program)} --live log")
        ready = terminal.sees("12 events")
        os.kill(terminal.child("callgate-watch"),
                getattr(signal, f"SIG{name}"))
        tap.ok(ready and terminal.sees(status, "ECHOES") and
               terminal.loses("COUNT"),
               f"SIG{name}: the terminal is given back", terminal.screen())
        terminal.close()


def on_pty(command, env):
    """(status, output) on a terminal without any wit."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, env)
    out = b""
    try:
        while True:
            part = os.read(fd, 4096)
            if not part:
                break
            out += part
    except OSError:
        pass  # the other end is closed
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()


def check_refusals(tap, folder, program):
    for term, message in [("dumb", "can move its cursor; 'dumb'"),
                          (None, "TERM is not set"),
                          ("no-such-term", "does not know a terminal "
                           "'no-such-term'")]:
        env = {**os.environ, "TERM": term} if term else \
            {key: value for key, value in os.environ.items() if key != "TERM"}
        status, out = on_pty([program, "--live", str(folder / "log")], env)
        tap.ok(status == 3 and message in out and "\033[?1049" not in out,
               f"TERM={term}: says why not", status, out)
    ran = subprocess.run([program, "--live", str(folder / "log")], text=True,
                         check=False, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    tap.ok(ran.returncode == 3 and "standard output is none" in ran.stderr,
           "no terminal: says why not", ran.stderr)
    ran = subprocess.run([program, "--live", "--json", str(folder / "log")],
                         check=False, stderr=subprocess.PIPE, text=True)
    tap.ok(ran.returncode == 2 and "--live shows events itself" in ran.stderr,
           "no JSON in between", ran.stderr)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    program = program_of(sys.argv[1])
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-live-") as name:
        folder = pathlib.Path(name)
        (folder / "log").write_text(log())
        ran = subprocess.run([program, "--live", str(folder / "log")],
                             check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        if "was built without" in ran.stderr:
            tap.skip("the terminal view", ran.stderr.strip())
            tap.done()
        check_refusals(tap, folder, program)
        if not shutil.which("tmux"):
            tap.skip("the table", "no tmux to show it")
            tap.done()
        check_table(tap, folder, program)
        check_stream(tap, folder, program)
        check_signals(tap, folder, program)
    tap.done()


if __name__ == "__main__":
    main()
