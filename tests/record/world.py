"""What the tests of recording share: the command, programs, what can be done
here."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))

from tap import Tap  # noqa: E402

BACKENDS = ["ebpf", "filter", "ptrace"]


class Group:
    """A cgroup of our own. Who is in it when it is closed is ended; those that a
    killed test has left are cleared by the next one."""

    def __init__(self, kind, suffix=""):
        roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
        root = [r for r in roots if os.path.exists(f"{r}/cgroup.procs")][0]
        for name in os.listdir(root):
            old = re.fullmatch(rf"callgate-{kind}-(\d+){suffix}", name)
            if old and not os.path.exists(f"/proc/{old[1]}"):
                Group.end(f"{root}/{name}")
        self.path = f"{root}/callgate-{kind}-{os.getpid()}{suffix}"
        os.mkdir(self.path)

    def enter(self):
        """For a child between fork and exec."""
        with open(f"{self.path}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))

    def members(self):
        with open(f"{self.path}/cgroup.procs") as file:
            return file.read().split()

    def kill(self):
        """Nobody is in it any more."""
        with open(f"{self.path}/cgroup.kill", "w") as file:
            file.write("1")
        while self.members():
            time.sleep(0.01)

    @staticmethod
    def end(path):
        group = Group.__new__(Group)
        group.path = path
        group.close()

    def close(self):
        self.kill()
        # The last one may be seen as gone a little before it is.
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class World:
    def __init__(self, callgate, target):
        self.callgate = str(pathlib.Path(callgate).resolve())
        self.target = str(pathlib.Path(target).resolve())
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-record-")
        self.folder = pathlib.Path(self.holder.name)
        self.folder.chmod(0o777)
        self.tap = Tap()
        self.missing = {}
        for backend in BACKENDS:
            done = self.run("record", "-b", backend, "-o", "probe.yml", "--",
                            "/bin/true")
            if done.returncode:
                self.missing[backend] = done.stderr.strip().split(": ")[-1]

    def run(self, *words, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("timeout", 120)
        return subprocess.run(
            [self.callgate, *map(str, words)], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=self.folder, text=True, check=False,
            **options)

    def start(self, *words, under=(), **options):
        return subprocess.Popen(
            [*under, self.callgate, *map(str, words)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
            text=True, **options)

    def attach(self, *words, under=()):
        """A recorder of what runs already; returns once it has begun."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            path = self.folder / "ready"
            path.unlink(missing_ok=True)
            told.bind(str(path))
            told.settimeout(0.05)
            recorder = self.start("record", *words, under=under, env=dict(
                os.environ, NOTIFY_SOCKET=str(path)))
            while recorder.poll() is None:
                try:
                    told.recv(16)
                    break
                except TimeoutError:
                    pass
        return recorder

    def recording(self, name):
        return json.loads((self.folder / name).read_text())

    def counts(self, name, phase=None):
        """(ABI, name or number) -> count, over all phases or of one."""
        found = {}
        for call in self.recording(name)["calls"]:
            if phase in (None, call.get("phase", "all")):
                key = call["abi"], call.get("name", call["nr"])
                found[key] = found.get(key, 0) + call["count"]
        return found

    def path(self, name):
        return self.folder / name

    def write(self, name, text):
        self.path(name).write_text(text)
        return name

    def has(self, *backends):
        return [b for b in backends if b not in self.missing]


def begin(usage):
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} {usage}")
    return World(sys.argv[1], sys.argv[2])


def is_root():
    return os.geteuid() == 0


def missing_tools(*names):
    return [name for name in names if not shutil.which(name)]
