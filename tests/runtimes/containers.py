"""Run one program in a real container, under crun, runc or Podman.

Each runtime is a class with the same face: whether this machine can run it, the
name that `callgate --for` has for it, and `run`, which starts a container under
a profile and says how it went.
"""

import collections
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

# As Docker gives them; the payload needs none.
CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER",
                "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
                "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE",
                "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"]

# `started`: the payload ran; `status`: what it ended with.
Run = collections.namedtuple("Run", "started status text")


# A call that each kernel brought, to see which tables libseccomp has here.
NEWS = [("process_mrelease", "5.15"), ("futex_waitv", "5.16"),
        ("set_mempolicy_home_node", "5.17"), ("cachestat", "6.5"),
        ("fchmodat2", "6.6"), ("futex_wake", "6.7"), ("statmount", "6.8"),
        ("mseal", "6.10"), ("uretprobe", "6.11"), ("setxattrat", "6.13"),
        ("open_tree_attr", "6.15"), ("file_getattr", "6.17"),
        ("listns", "6.19")]


def libseccomp():
    """The tables of the library that the runtimes here load."""
    library = ctypes.CDLL("libseccomp.so.2")
    known = [kernel for name, kernel in NEWS
             if library.seccomp_syscall_resolve_name(name.encode()) != -1]
    return f"linux-{known[-1] if known else '5.14'}"


def release(program):
    found = subprocess.run([program, "--version"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    return re.search(r"(\d+\.\d+\.\d+)", found)[1]


class Bundle:
    """A root file system with the probe, and a busybox beside it."""

    def __init__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-box-")
        self.folder = pathlib.Path(self.holder.name)
        self.root = self.folder / "rootfs"
        for name in ("bin", "dev", "proc", "sys", "tmp", "etc", "usr/lib"):
            (self.root / name).mkdir(parents=True)
        subprocess.run(["cc", "-O1", "-nostdlib", "-static",
                        "-fno-stack-protector", "-fcf-protection=none",
                        "-o", self.root / "bin" / "probe",
                        HERE / "probe.c"], check=True)
        busybox = shutil.which("busybox")
        if busybox:
            shutil.copy(busybox, self.root / "bin" / "busybox")

    def configure(self, command, profile, no_new_privs, annotations):
        caps = {kind: CAPABILITIES for kind in
                ("bounding", "effective", "permitted")}
        config = {
            "ociVersion": "1.0.2",
            "annotations": annotations,
            "process": {"terminal": False, "user": {"uid": 0, "gid": 0},
                        "args": command, "env": ["PATH=/bin"], "cwd": "/",
                        "capabilities": caps,
                        "noNewPrivileges": no_new_privs},
            "root": {"path": "rootfs", "readonly": False},
            "hostname": "box",
            "mounts": [{"destination": "/proc", "type": "proc",
                        "source": "proc"}],
            "linux": {"namespaces": [{"type": kind} for kind in
                                     ("pid", "network", "ipc", "uts",
                                      "mount")]},
        }
        if profile is not None:
            config["linux"]["seccomp"] = profile
        (self.folder / "config.json").write_text(json.dumps(config))


def finish(done, marker="started"):
    text = done.stdout.decode(errors="replace")
    wrong = done.stderr.decode(errors="replace")
    return Run(marker in text, done.returncode, text + wrong)


def read_pid(path):
    """The runtime writes it down, sooner or later than the payload speaks."""
    for _ in range(500):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.01)
    return None


def forget(program, name):
    """A runtime that a filter ends leaves its container's state behind."""
    if (pathlib.Path("/run") / program / name).exists():
        subprocess.run([program, "delete", "--force", name], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sweep(program):
    """What tests left that were killed: containers of processes long gone."""
    states = pathlib.Path("/run") / program
    for state in states.iterdir() if states.is_dir() else []:
        old = re.fullmatch(r"callgate-(\d+)-\d+", state.name)
        if old and not os.path.exists(f"/proc/{old[1]}"):
            forget(program, state.name)


class Direct:
    """crun and runc: `PROGRAM run ID` in a bundle."""

    count = 0

    def __init__(self, program, bundle):
        self.program, self.bundle = program, bundle
        self.name = f"{program}@{release(program)}"
        sweep(program)

    def words(self, name):
        return [self.program, "run", name]

    def run(self, profile, *command, no_new_privs=True, annotations=None):
        Direct.count += 1
        self.bundle.configure(["/bin/probe", *command] if command[0] in
                              ("x86_64", "i386") else list(command),
                              profile, no_new_privs, annotations or {})
        name = f"callgate-{os.getpid()}-{Direct.count}"
        try:
            return finish(subprocess.run(
                self.words(name), cwd=self.bundle.folder, timeout=60,
                check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE))
        finally:
            forget(self.program, name)


    @contextlib.contextmanager
    def hold(self, profile):
        """The pid of a payload that waits for its input; None if none runs."""
        Direct.count += 1
        self.bundle.configure(["/bin/probe", "x86_64", "0", "0", "0", "1"],
                              profile, True, {})
        noted = self.bundle.folder / "pid"
        noted.unlink(missing_ok=True)
        name = f"callgate-{os.getpid()}-{Direct.count}"
        words = self.words(name)
        at = words.index("run") + 1
        held = subprocess.Popen(
            words[:at] + ["--pid-file", str(noted)] + words[at:],
            cwd=self.bundle.folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # Its filter is there when the probe has said so.
        first = held.stdout.readline().decode(errors="replace")
        try:
            yield read_pid(noted) if "started" in first else None
        finally:
            held.communicate()
            forget(self.program, name)


class Crun(Direct):
    """crun refuses both cgroup layouts at once: show it one, in private."""

    # In a folder that goes with the bundle.
    SHOW = ("mkdir -p cgroups && mount -t tmpfs none cgroups && "
            "mkdir cgroups/c && mount -t cgroup2 none cgroups/c && "
            "mount --bind cgroups/c /sys/fs/cgroup && exec \"$@\"")

    def words(self, name):
        return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                self.SHOW, "sh", "crun", "--cgroup-manager=disabled", "run",
                name]


class Podman:
    """Podman with runc below it, on the bundle's root file system."""

    def __init__(self, bundle):
        self.bundle = bundle
        self.name = f"podman+runc@{release('runc')}"

    def run(self, path, *command):
        return finish(subprocess.run(
            ["podman", "--runtime", "runc", "--cgroup-manager=cgroupfs", "run",
             "--rm", "--network=none", "--ulimit", "nofile=1024:4096",
             "--ulimit", "nproc=1000:1000", "--security-opt",
             f"seccomp={path}", "--rootfs", str(self.bundle.root),
             "/bin/probe", *command], cwd=self.bundle.folder, timeout=120,
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE))


def why_not(program):
    """What this machine lacks to run a container with it, or None."""
    if os.uname().machine != "x86_64":
        return "the probe is for x86_64"
    if os.geteuid() != 0:
        return "only root can start containers here"
    for name in (program, "cc", "unshare"):
        if not shutil.which(name):
            return f"{name} is not installed"
    return None
