#!/usr/bin/env -S python3 -B
"""Real programs with the library swapped: what they load must mean the same.

Each program does its work twice, with the system's libseccomp.so.2 and with
ours, and strace tells which filters it loaded. `callgate diff` proves that each
filter of the one run is equal to one of the other. Calls that the system's
library does not know may differ, and rules that hold an address of their
process; what did is said.
"""

import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "house"), str(HERE.parent / "runtimes")]

import containers  # noqa: E402
from tap import Tap  # noqa: E402

SHARED = os.environ.get("CALLGATE_SHARED")
PROFILE = "data/oci/resolved-moby-default-x86_64-defaultcaps.json"
SERVE = 6  # seconds that a service may take until it is under its filter
LOADS = re.compile(r"(?:seccomp\(0x1, [^,]*|prctl\(0x16, 0x2), \{len=\d+, "
                   r"filter=\[(.*?)\]\}.*?\) = (\d+)")
INSN = re.compile(r"BPF_(STMT|JUMP)\(([^)]*)\)")


def number(words):
    """strace joins what it has names for: 0x5|0|0x10."""
    bits = 0
    for word in words.strip().split("|"):
        bits |= int(word, 0)
    return bits


def filters_of(trace):
    """The filters that were loaded, as bytes, each once."""
    found = []
    text = re.sub(r" <unfinished \.\.\.>\n", " <unfinished>\n",
                  trace.read_text(errors="replace"))
    # What another thread interrupts ends in a line of its own.
    text = re.sub(r"\]\} <unfinished>", "]}) = 0", text)
    for match in LOADS.finditer(text):
        program = b""
        for kind, words in INSN.findall(match[1]):
            code, k, *jumps = words.split(",")
            jt, jf = [number(jump) for jump in jumps] or [0, 0]
            program += number(code).to_bytes(2, "little") + \
                bytes([jt, jf]) + number(k).to_bytes(4, "little")
            assert (kind == "JUMP") == bool(jumps)
        if program and program not in found:
            found.append(program)
    return found


class Library:
    """How a program gets one: by its path, or in place of the system's."""

    def __init__(self, name, path=None):
        self.name, self.path = name, path

    def environment(self):
        env = dict(os.environ, LC_ALL="C")
        if self.path:
            env["LD_LIBRARY_PATH"] = str(self.path.parent)
        return env

    def words(self, program):
        """runc starts itself anew with nothing of the environment."""
        if not self.path or not program.get("bind"):
            return []
        system = pathlib.Path(system_path()).resolve()
        return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                f"mount --bind {self.path.resolve()} {system} && exec \"$@\"",
                "sh"]


def system_path():
    maps = pathlib.Path("/proc/self/maps").read_text()
    return re.search(r"\S*/libseccomp\.so\S*", maps)[0]


class Run:
    """One run of a program under strace."""

    def __init__(self, program, library, folder):
        self.program, self.library, self.folder = program, library, folder
        self.trace = folder / "trace"
        self.out = folder / "out"

    def words(self):
        command = self.program["command"](self.folder)
        return ["strace", "-f", "-v", "-X", "raw", "-o", str(self.trace),
                "-e", "trace=seccomp,prctl", *self.library.words(self.program),
                *command]

    def go(self):
        """Whether it worked, and under a filter; and the filters."""
        with self.out.open("wb") as out:
            running = subprocess.Popen(
                self.words(), cwd=self.folder, stdout=out,
                stderr=subprocess.STDOUT, env=self.library.environment(),
                stdin=subprocess.PIPE)
            try:
                ok = self.finish(running)
            finally:
                if running.poll() is None:
                    self.stop(running)
        return ok, filters_of(self.trace) if self.trace.exists() else []

    def finish(self, running):
        if self.program.get("serve"):
            ok = self.confined(running)
            self.stop(running)
        else:
            running.communicate(self.program.get("input", b""), timeout=120)
            ok = True
        text = self.out.read_text(errors="replace")
        return ok and re.search(self.program["works"], text) is not None

    @staticmethod
    def children(pid):
        listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)],
                                 check=False, text=True,
                                 stdout=subprocess.PIPE).stdout
        return [int(word) for word in listing.split()]

    def confined(self, running):
        """Every thread, or at least one process, is in mode 2."""
        for _ in range(SERVE * 10):
            time.sleep(0.1)
            for pid in self.children(running.pid):
                status = pathlib.Path(f"/proc/{pid}/status")
                if status.exists() and "Seccomp:\t2" in status.read_text():
                    time.sleep(0.5)  # the filters that it loads later
                    return status.exists()
        return False

    def stop(self, running):
        for pid in self.children(running.pid):
            try:
                os.kill(pid, 15)
            except ProcessLookupError:
                pass
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            for pid in self.children(running.pid):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            running.kill()
            running.wait()


# --------------------------------------------------------------- programs --

def tags_input():
    source = b"int swapped(void) { return 0; }\n"
    return json.dumps({"command": "generate-tags", "filename": "a.c",
                       "size": len(source)}).encode() + b"\n" + source


def chrony(folder):
    (folder / "chrony.conf").write_text(
        f"server 127.0.0.1\nport 0\ncmdport 0\npidfile {folder}/pid\nbindcmdaddress /\n"
        f"driftfile {folder}/drift\n")
    return ["chronyd", "-x", "-d", "-F", "1", "-u", "root", "-f",
            str(folder / "chrony.conf")]


def empty(folder):
    path = folder / "empty"
    path.touch()
    return str(path)


def slirp(folder):
    del folder
    return ["sh", "-c", "unshare -n sleep 20 & sleep 0.3; "
            "exec slirp4netns --enable-seccomp --configure $! tap0"]


class Box:
    """A container that says how it is confined."""

    def __init__(self, program):
        self.program = program
        self.bundle = None

    def command(self, folder):
        del folder
        self.bundle = self.bundle or containers.Bundle()
        kind = containers.Crun if self.program == "crun" else containers.Direct
        box = kind(self.program, self.bundle)
        containers.Direct.count += 1
        self.bundle.configure(["/bin/busybox", "cat", "/proc/self/status"],
                              known_profile(), True, {})
        words = box.words(f"callgate-{os.getpid()}-{containers.Direct.count}")
        words[words.index("run") + 1:words.index("run") + 1] = [
            "--bundle", str(self.bundle.folder)]
        return words


def known_profile():
    """Docker's default, less the names that the system's library lacks."""
    profile = json.loads((pathlib.Path(SHARED) / PROFILE).read_text())
    for group in profile["syscalls"]:
        group["names"] = [name for name in group["names"] if known(name)]
    profile["syscalls"] = [group for group in profile["syscalls"]
                           if group["names"]]
    return profile


PROGRAMS = [
    {"name": "man", "command": lambda folder: ["man", "-P", "cat", "man"],
     "works": "NAME"},
    {"name": "ctags", "works": '"name": "swapped"', "input": tags_input(),
     "command": lambda folder: ["ctags", "--_interactive=sandbox"]},
    {"name": "chronyd", "serve": True, "works": "Loaded seccomp filter",
     "command": chrony},
    {"name": "tor", "serve": True, "works": "Bootstrapped|Tor ",
     # Its rules hold addresses of the process that made them.
     "addresses": ("mprotect", "mremap", "rename", "openat", "open"),
     "command": lambda folder: [
         "tor", "-f", empty(folder), "--defaults-torrc", empty(folder),
         "--Sandbox", "1", "--DisableNetwork", "1", "--SocksPort", "0",
         "--DataDirectory", str(folder / "tor")]},
    {"name": "qemu-system-x86_64", "serve": True, "works": "",
     "command": lambda folder: [
         "qemu-system-x86_64", "-sandbox",
         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
         "resourcecontrol=deny", "-machine", "none", "-nodefaults",
         "-display", "none", "-monitor", "none", "-serial", "none"]},
    {"name": "swtpm", "serve": True, "works": "",
     "command": lambda folder: [
         "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}",
         "--ctrl", f"type=unixio,path={folder}/ctrl", "--seccomp",
         "action=kill"]},
    {"name": "slirp4netns", "serve": True, "works": "", "command": slirp,
     "root": True},
    {"name": "crun", "works": r"Seccomp:\s*2", "root": True, "box": True},
    {"name": "runc", "works": r"Seccomp:\s*2", "root": True, "box": True,
     "bind": True},
]


# --------------------------------------------------------------- judgement --

NATIVE = ctypes.CDLL("libseccomp.so.2")


TOKENS = {"x86_64": 0xc000003e, "i386": 0x40000003, "x32": 0x4000003e}


def known(name, abi="x86_64"):
    """Whether the system's library has a name at all; or, there, a number."""
    number = NATIVE.seccomp_syscall_resolve_name_arch(
        ctypes.c_uint32(TOKENS[abi]), name.encode())
    return number != -1 if abi == "x86_64" else number != -1 and (
        number >= 0 or number > -1000)


class Judge:
    def __init__(self, callgate, folder):
        self.callgate, self.folder = callgate, folder
        self.newer = set()
        self.said = ""
        self.addresses = ()

    def equal(self, left, right):
        """But for calls that the system's library has no name for."""
        paths = [self.folder / "left.bpf", self.folder / "right.bpf"]
        for path, program in zip(paths, [left, right]):
            path.write_bytes(program)
        done = subprocess.run([self.callgate, "diff", "--json",
                               *map(str, paths)],
                              check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode == 0:
            return True
        self.said = done.stdout
        told = json.loads(done.stdout)["differences"]
        # Every difference must be one call of one ABI.
        said = [(one.get("abi"), one.get("call")) for one in told]
        if not said or not all(abi and name for abi, name in said):
            return False
        if any(known(name, abi) and name not in self.addresses
               for abi, name in said):
            return False
        names = {f"{abi} {name}" for abi, name in said}
        self.newer |= names
        return True

    def matched(self, some, others):
        return all(any(self.equal(one, other) for other in others)
                   for one in some)


def lacking(program):
    if program.get("root") and os.geteuid() != 0:
        return "only root can do this"
    for name in ("strace", program["name"]):
        if not shutil.which(name):
            return f"{name} is not installed"
    if program.get("box"):
        if not SHARED or not (pathlib.Path(SHARED) / PROFILE).exists():
            return "Docker's profile is not here (CALLGATE_SHARED)"
        return containers.why_not(program["name"])
    return None


def try_program(tap, judge, program, libraries):
    name = program["name"]
    why = lacking(program)
    if why:
        tap.skip(name, why)
        return
    if program.get("box"):
        program["command"] = Box(name).command
    filters = {}
    for library in libraries:
        with tempfile.TemporaryDirectory(prefix="callgate-swap-") as folder:
            run = Run(program, library, pathlib.Path(folder))
            ok, filters[library.name] = run.go()
            tap.ok(ok and filters[library.name],
                   f"{name} works confined with {library.name}: "
                   f"{len(filters[library.name])} filters of "
                   f"{[len(one) // 8 for one in filters[library.name]]}",
                   run.out.read_text(errors="replace")[-2000:])
    system, ours = filters.values()
    judge.newer = set()
    judge.addresses = program.get("addresses", ())
    tap.ok(bool(system) and judge.matched(system, ours) and
           judge.matched(ours, system),
           f"{name}: the same answers to every call", judge.said)
    tap.ok(not ours or ours != system, f"{name}: it was the other library")
    if judge.newer:
        print("# newer than the system's library, or compared with another "
              f"address: {sorted(judge.newer)}")


def main():
    # Who runs this test may have put our library in the system's place, for
    # this process, too: start anew without it.
    if os.environ.pop("LD_LIBRARY_PATH", None) is not None:
        os.execv(sys.executable, [sys.executable, "-B", *sys.argv])
    callgate, library = sys.argv[1], pathlib.Path(sys.argv[2])
    tap = Tap()
    libraries = [Library("the system's library"),
                 Library("ours", library.resolve().parent / "libseccomp.so.2")]
    wanted = sys.argv[3:]
    with tempfile.TemporaryDirectory(prefix="callgate-swap-") as folder:
        judge = Judge(callgate, pathlib.Path(folder))
        for program in PROGRAMS:
            if not wanted or program["name"] in wanted:
                try_program(tap, judge, program, libraries)
    tap.done()


if __name__ == "__main__":
    main()
