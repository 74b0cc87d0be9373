"""Violations made to order, and what callgate watch says of them."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "house"), str(HERE.parent / "runtimes")]

from tap import Tap  # noqa: E402,F401

PATIENCE = 60  # seconds, for a machine that has other work

# The answer of a filter, its name, and whether audit hears of it unasked, asked
# with FLAG_LOG; and whether eBPF sees it.
VERDICTS = [
    ("80000000", "kill_process", True, True, True),
    ("0", "kill_thread", True, True, True),
    ("12340000", None, True, True, True),  # the kernel kills for it
    ("30007", "trap", False, True, True),
    ("5000d", "errno", False, True, True),
    ("7ff00009", "trace", False, True, True),
    ("7fc00000", "user_notif", False, True, True),
    ("7ffc0000", "log", True, True, False),
]


def why_not(sources):
    """What this machine lacks to hear of violations, or None."""
    if os.uname().machine != "x86_64":
        return "made for x86_64"
    if os.geteuid() != 0:
        return "takes root"
    if "ebpf" in sources and os.stat("/proc/self/ns/pid").st_ino != 0xeffffffc:
        return "not in the first pid namespace"
    try:
        first = os.stat("/proc/1/ns/net").st_ino
    except OSError:
        return None  # nobody says so
    if os.stat("/proc/self/ns/net").st_ino != first:
        return "not in the first network namespace"
    return None


class Scene:
    """A folder of its own, and names that nobody else has."""

    def __init__(self, watch, violator, violator32):
        self.watch_path = watch
        self.violators = {"x86_64": violator}
        if violator32 != "-":
            self.violators["i386"] = violator32
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-watch-")
        self.folder = pathlib.Path(self.holder.name)
        self.made = self.done = 0

    def name(self):
        """Of a thread: at most 15 bytes."""
        self.made += 1
        return f"v{os.getpid() % 10000000}-{self.made}"

    def words(self, name, verdict, log, how="process", count=1, rate=0,
              abi="x86_64"):
        return [self.violators[abi], name, verdict, str(int(log)), how,
                str(count), str(rate)]

    def violate(self, *args, **named):
        """Make violations; the name of who made them."""
        name = self.name()
        done = subprocess.run(self.words(name, *args, **named), check=False,
                              stdout=subprocess.PIPE)
        self.done = int(done.stdout or 0)
        return name

    def settle(self, watch, sources):
        """Each source tells in order: what was before the last is told."""
        for source, verdict, log in [("audit", "7ffc0000", True),
                                     ("ebpf", "50001", False)]:
            if source in sources.split(","):
                watch.await_one(self.violate(verdict, log))

    @contextlib.contextmanager
    def watch(self, *words, settle=None):
        """A watch beside; what it wrote is in `.events` when it is over. It is
        ended after so many seconds, or when all was told."""
        held = Watch([self.watch_path, "--json", *words], self.folder)
        try:
            held.begin()
            yield held
            if settle is None:
                self.settle(held, words[words.index("--source") + 1])
            else:
                time.sleep(settle)
        finally:
            held.end()


class Watch:
    def __init__(self, words, folder):
        self.words, self.out = words, folder / "events"
        self.err = folder / "notes"
        self.process, self.lines = None, []

    def begin(self):
        """Come back when it says that it listens."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, \
                open(self.out, "wb") as out, open(self.err, "wb") as err:
            ready.bind(f"\0callgate-{os.getpid()}-{id(self)}")
            environ = dict(os.environ, NOTIFY_SOCKET="@" +
                           ready.getsockname()[1:].decode())
            self.process = subprocess.Popen(self.words, stdout=out, stderr=err,
                                            env=environ)
            while self.process.poll() is None:
                ready.settimeout(0.1)
                try:
                    if ready.recv(64) == b"READY=1":
                        return
                except TimeoutError:
                    continue
        raise RuntimeError(self.err.read_text())

    def await_one(self, name):
        """Until one of this name is told of."""
        mark = f'"name":"{name}"'.encode()
        until = time.monotonic() + PATIENCE
        while mark not in self.out.read_bytes() and \
                time.monotonic() < until and self.process.poll() is None:
            time.sleep(0.02)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.status = self.process.wait(timeout=PATIENCE)
        self.lines = self.out.read_bytes().splitlines()
        self.notes = self.err.read_text(errors="replace")

    def events(self, name):
        """What was told of those of this name."""
        mark = f'"name":"{name}"'.encode()
        return [json.loads(line) for line in self.lines if mark in line]

    def count(self, name):
        mark = f'"name":"{name}"'.encode()
        return sum(mark in line for line in self.lines)

    def lost(self):
        """{source: how many it said were lost}."""
        lost = [json.loads(line)["seccomp"]["lost"] for line in self.lines
                if b'"lost-events"' in line]
        return {each["name"]: each["total"] for each in lost}


def has(program):
    return shutil.which(program) is not None
