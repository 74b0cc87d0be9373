#!/usr/bin/env -S python3 -B
"""What firejail loads into a sandbox, against what callgate reads.

The filters of a running sandbox are taken from its own files, joined as the
kernel joins them, and proved equal to the policy that callgate makes of the
same profile or command line.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "house")]

import chain  # noqa: E402
from tap import Tap  # noqa: E402

RELEASE = "0.9.72"
LEAST = 40  # rows that must be proved
FILES = "run/firejail/mnt/seccomp"
HERE_ABIS = ("x86_64", "i386", "x32")

# A program that makes no call at all: no filter can end it.
PROGRAM = ".globl _start\n_start: pause\njmp _start\n"

# Command lines; firejail starts with each of these.
OPTIONS = """
--seccomp
--seccomp.drop=bind
--seccomp=getppid
--seccomp.drop=bind,execve,prctl
--seccomp=!chroot,sync:kill,!kcmp:EPERM,uselib:EBUSY,no_call,$9999,$1:EACCES
--seccomp=getppid:NO_ERRNO,dup:log,!no_call
--seccomp --protocol=unix,inet
--protocol=netlink,packet,bluetooth,inet6
--protocol=unix --protocol=inet
--protocol=unix --seccomp-error-action=kill --seccomp.drop=sync
--seccomp.drop=@clock,@cpu-emulation,!adjtimex
--seccomp.drop=!read,bind
--seccomp.drop=@network-io,socket:EACCES
--seccomp.drop=$49,$0x32,$-1,$0
--seccomp.drop=sync,,bind
--seccomp.drop=bind,memfd_secret,landlock_add_rule,epoll_pwait2
--seccomp.drop=sync --seccomp.32.drop=prctl,getuid
--seccomp.drop=sync --seccomp.32.drop=getuid,@clock,!bind,socketcall:EACCES
--seccomp.keep=@system-service,execve,!uselib,sync:EIO,acct:kill,$9999
--seccomp.keep=read,!read
--seccomp.32=getppid
--seccomp.32.drop=getppid
--seccomp=sync --seccomp.32=getuid,!mount
--seccomp=sync --seccomp.32.drop=getuid
--seccomp.32=getuid --seccomp-error-action=kill
--seccomp --seccomp.32=getuid --seccomp-error-action=EACCES
--seccomp.32.keep=@system-service,execve
--seccomp=sync --seccomp.32.keep=@system-service,execve,@default
--seccomp.block-secondary
--seccomp --seccomp.block-secondary
--seccomp --seccomp.block-secondary --seccomp-error-action=kill
--seccomp.drop=sync --seccomp.block-secondary --seccomp-error-action=log
--seccomp.keep=@system-service --seccomp.block-secondary
--seccomp=sync --seccomp.block-secondary --seccomp-error-action=EACCES
--seccomp --seccomp-error-action=kill
--seccomp --allow-debuggers
--seccomp=sync --allow-debuggers --seccomp-error-action=log
--seccomp.drop=@default-nodebuggers --allow-debuggers
--seccomp=@default-keep
--memory-deny-write-execute
--memory-deny-write-execute --seccomp-error-action=log
--restrict-namespaces
--restrict-namespaces=user,time
--restrict-namespaces=time
--restrict-namespaces=net,mnt,pid --seccomp-error-action=kill
--restrict-namespaces --memory-deny-write-execute --protocol=unix --seccomp
""".strip().splitlines()

# Lines of a profile, joined by |.
PROFILES = """
seccomp getppid|seccomp getuid|protocol unix|protocol inet
ignore seccomp|seccomp getppid|seccomp.drop sync
seccomp.drop sync|seccomp !chroot|seccomp.drop getgid
seccomp.keep @system-service,execve|seccomp.drop sync
  seccomp.drop   sync   # why|# nothing
seccomp-error-action kill|seccomp-error-action ENOSYS|seccomp
protocol inet,unix|protocol -inet
protocol inet|protocol =unix
restrict-namespaces user|restrict-namespaces net
restrict-namespaces user|restrict-namespaces
memory-deny-write-execute|seccomp.block-secondary
include missing.local|seccomp
include /etc/firejail/default.profile
""".strip("\n").splitlines()

# firejail does not start; callgate must not read them either.
REFUSED = """
--seccomp.drop=,
--seccomp.drop=@no-group
--seccomp.drop=!
--seccomp.drop=:EPERM
--seccomp=
--seccomp --seccomp
--seccomp.drop=sync --seccomp=bind
--seccomp.drop=sync --seccomp.32=getuid
--seccomp.32.drop=getuid --seccomp.block-secondary
--seccomp=@aio:EPERM
--restrict-namespaces=foo
--protocol=foo
--seccomp-error-action=foo --seccomp
--seccomp-error-action=5 --seccomp
--seccomp --secomp
""".strip().splitlines()


class Sandbox:
    """A program that waits, in a sandbox."""

    def __init__(self, folder, arguments):
        self.program = folder / "wait"
        self.child = subprocess.Popen(
            ["firejail", "--quiet", *arguments, str(self.program)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.pid = None

    def find(self):
        for path in pathlib.Path("/proc").iterdir():
            if not path.name.isdigit():
                continue
            try:
                name = (path / "cmdline").read_bytes().split(b"\0")[0]
                if name == bytes(self.program) and \
                        os.readlink(path / "exe").endswith("/wait"):
                    return int(path.name)
            except OSError:
                continue  # it is gone, or none of ours
        return None

    def start(self):
        """Whether the program runs, within a few seconds."""
        for _ in range(400):
            self.pid = self.find()
            if self.pid or self.child.poll() is not None:
                return self.pid is not None
            time.sleep(0.02)
        return False

    def filters(self):
        """Raw programs, the one loaded last in front."""
        folder = pathlib.Path(f"/proc/{self.pid}/root") / FILES
        if not (folder / "seccomp.list").exists():
            return []
        names = [pathlib.Path(line).name for line in
                 (folder / "seccomp.list").read_text().split()]
        after = [name for name in ("seccomp.postexec", "seccomp.postexec32")
                 if (folder / name).stat().st_size]
        return [chain.load(folder / name) for name in after + names]

    def stop(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        elif self.child.poll() is None:
            self.child.kill()
        return self.child.communicate()[0].decode(errors="replace")


class Test:
    def __init__(self, callgate, folder):
        self.tap, self.callgate, self.folder = Tap(), callgate, folder
        self.proved = 0
        source = folder / "wait.S"
        source.write_text(PROGRAM)
        subprocess.run(["cc", "-nostdlib", "-static", "-o", folder / "wait",
                        source], check=True)

    def write(self, text):
        path = self.folder / "text.profile"
        path.write_text(text)
        return path

    def load(self, arguments):
        sandbox = Sandbox(self.folder, arguments)
        try:
            started = sandbox.start()
            return sandbox.filters() if started else None
        finally:
            self.said = sandbox.stop()

    def compare(self, path, filters):
        """The differences that this machine can ever see."""
        raw = self.folder / "all.bpf"
        chain.write(raw, filters)
        done = subprocess.run(
            [self.callgate, "diff", "--for", f"firejail@{RELEASE}", path, raw],
            check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode not in (0, 1):
            return [done.stderr]
        # Its filter of protocols takes a number for socket's whatever the
        # architecture: only on those that x86 kernels do not have.
        return [line for line in done.stdout.splitlines()
                if line[:2] in ("+ ", "- ", "~ ") and
                line.split()[1] in HERE_ABIS]

    def row(self, name, text, arguments):
        filters = self.load(arguments)
        if filters is None:
            self.tap.ok(False, name, "firejail did not start:", self.said)
            return
        wrong = self.compare(self.write(text), filters)
        self.tap.ok(not wrong, name, *wrong)
        self.proved += not wrong

    def refused(self, options):
        filters = self.load(["--noprofile", *options.split()])
        done = subprocess.run(
            [self.callgate, "explain", "--from", "firejail",
             self.write(f"firejail {options} program\n"), "read"],
            check=False, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.tap.ok(filters is None and done.returncode == 2 and
                    re.search(r":1:\d+: ", done.stderr),
                    f"refused: {options}", self.said, done.stderr)

    def groups(self):
        """Groups without @default, as far as the sandbox starts with them."""
        path = self.write("seccomp.drop sync,"
                          "@chown,@keyring,@module,@mount,@obsolete,@swap\n")
        self.row("groups", path.read_text(), [f"--profile={path}"])

    def written(self):
        """What callgate writes, firejail takes, and means the same."""
        for text in ("firejail --seccomp.drop=bind,sync:EIO\n",
                     "firejail --seccomp.keep=@system-service,execve\n"):
            done = subprocess.run(
                [self.callgate, "convert", "--to", "firejail",
                 self.write(text)], check=False, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            path = self.write(done.stdout)
            self.row(f"written: {text.strip()}", done.stdout,
                     [f"--profile={path}"])


def installed():
    if not shutil.which("firejail"):
        return "firejail is not installed"
    done = subprocess.run(["firejail", "--version"], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if RELEASE not in done.stdout:
        return f"this firejail is not {RELEASE}"
    if os.uname().machine != "x86_64":
        return "the facts are those of x86_64"
    return "" if os.geteuid() == 0 else "sandboxes are looked into as root"


def main():
    callgate = sys.argv[1]
    why = installed()
    if why:
        tap = Tap()
        tap.skip("firejail", why)
        tap.done()
    # The sandbox must see the program: of /tmp it shows all.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chmod(name, 0o755)
        test = Test(callgate, pathlib.Path(name))
        for options in OPTIONS:
            test.row(options, f"firejail {options} program\n",
                     ["--noprofile", *options.split()])
        for lines in PROFILES:
            text = lines.replace("|", "\n") + "\n"
            path = test.folder / "one.profile"
            path.write_text(text)
            test.row(f"profile: {lines.strip()}", text, [f"--profile={path}"])
        test.groups()
        test.written()
        for options in REFUSED:
            test.refused(options)
        test.tap.ok(test.proved >= LEAST, f"{test.proved} sandboxes proved "
                    f"equal to what is read, at least {LEAST}")
        test.tap.done()


if __name__ == "__main__":
    main()
