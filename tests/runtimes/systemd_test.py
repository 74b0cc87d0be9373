#!/usr/bin/env -S python3 -B
"""What systemd makes of units, against what callgate reads and writes.

The parsers and the loader of the systemd that is installed make filters of the
lines of a unit; joined as the kernel joins them, they are proved equal to the
policy that callgate makes of the same unit. What systemd warns of, callgate
warns of in the same line; units that callgate writes are verified by systemd.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "house"),
                str(HERE.parent.parent / "tools")]

import chain  # noqa: E402
from tables import foreign  # noqa: E402
from tap import Tap  # noqa: E402

RELEASE = "252"
LEAST = 25

# Lines of [Service], joined by |.
UNITS = """
SystemCallFilter=~bind
SystemCallFilter=execve
SystemCallFilter=@system-service
SystemCallFilter=@system-service|SystemCallArchitectures=native
SystemCallFilter=@system-service|SystemCallArchitectures=native|\
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service @mount|SystemCallFilter=~@privileged
SystemCallFilter=~@privileged:EPERM @resources:kill|\
SystemCallErrorNumber=EACCES|SystemCallArchitectures=native x86
SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io
SystemCallFilter=~@mount @reboot @swap|SystemCallFilter=~@aio:ENOSYS
SystemCallFilter=read|SystemCallFilter=~read:EPERM @default:0 write|\
SystemCallErrorNumber=ENOSYS
SystemCallFilter=~read:EPERM|SystemCallFilter=read|SystemCallFilter=~@known
SystemCallFilter=~read:EPERM|SystemCallFilter=~read:EACCES read:kill
SystemCallFilter=read|SystemCallFilter=|SystemCallFilter=~write
SystemCallFilter=read write|SystemCallFilter=~write
SystemCallFilter=~read write|SystemCallFilter=write
SystemCallFilter=~close:0 open:4094 stat:1
SystemCallFilter=~close:4096 open:EFOO read: :EPERM @bar foo bind
SystemCallFilter=@aio:EPERM stat:EPERM read
SystemCallFilter=~ ~read bind|SystemCallFilter=~"write" 're ad'
SystemCallFilter=~socket socketcall:ENOSYS
SystemCallFilter=~@network-io semop msgget:EACCES
SystemCallFilter=@network-io @ipc|SystemCallArchitectures=x86
SystemCallLog=@aio
SystemCallLog=~@file-system
SystemCallLog=@file-system|SystemCallFilter=~@file-system:ENOENT
SystemCallLog=~execve|SystemCallFilter=@system-service|\
SystemCallErrorNumber=EPERM
SystemCallLog=read:EPERM @aio foo
SystemCallArchitectures=native
SystemCallArchitectures=x32
SystemCallArchitectures=x86 x32|SystemCallFilter=~bind
SystemCallArchitectures=x86 foo|SystemCallArchitectures=|\
SystemCallArchitectures=x32
SystemCallFilter=~bind|SystemCallErrorNumber=0|SystemCallErrorNumber=5000
SystemCallFilter=~bind|SystemCallErrorNumber=EFOO
SystemCallFilter=~bind|SystemCallErrorNumber=EACCES|SystemCallErrorNumber=
SystemCallFilter=~bind|SystemCallErrorNumber=13
SystemCallFilter=~bind|SystemCallErrorNumber=EWOULDBLOCK
SystemCallFilter=~bind re\\\\ad
""".strip().replace("\\\n", "").splitlines()

# Policies of callgate's that units can say, or nearly.
POLICIES = ["no-exec", "no-network", "server", "strict", "no-new-processes"]


class Test:
    def __init__(self, callgate, folder):
        self.tap, self.callgate, self.folder = Tap(), callgate, folder
        self.proved = 0
        self.program = folder / "filters"
        self.compiled = self.compile()

    def compile(self):
        """Whether systemd's private libraries can be linked with."""
        found = sorted(pathlib.Path("/").glob(
            "lib/*/systemd/libsystemd-core-*.so")) + sorted(
                pathlib.Path("/").glob("lib/*/systemd/libsystemd-shared-*.so"))
        if len(found) != 2:
            return "systemd's private libraries are not here"
        done = subprocess.run(
            ["cc", "-rdynamic", "-o", self.program,
             HERE / "systemd_filters.c", *found, "-lseccomp",
             f"-Wl,-rpath,{found[0].parent}"], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return "" if done.returncode == 0 else \
            f"no program with systemd's code: {done.stdout.splitlines()[:1]}"

    def unit(self, lines):
        path = self.folder / "test.service"
        path.write_text("[Unit]\nDescription=a test\n[Service]\n"
                        "ExecStart=/bin/true\n" + "\n".join(lines) + "\n")
        return path

    def run(self, *words, **more):
        return subprocess.run(
            list(map(str, words)), check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def filters(self, lines):
        """What is loaded, the last in front."""
        folder = self.folder / "loaded"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        done = self.run(self.program, folder, *lines)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return [chain.load(path) for path in
                sorted(folder.glob("*.bpf"), reverse=True)]

    def diff(self, unit, filters):
        raw = self.folder / "all.bpf"
        if chain.write(raw, filters) > 4096:
            return "", "the joined filters are too long to be compared"
        done = self.run(self.callgate, "diff", "--for", f"systemd@{RELEASE}",
                        "--libseccomp", self.libseccomp(), unit, raw)
        return done.stdout + done.stderr if done.returncode else "", ""

    @staticmethod
    def libseccomp():
        """Debian's has the names of a later release than its number says."""
        return "2.5.5"

    def row(self, name, unit, lines):
        if self.compiled:
            self.tap.skip(name, self.compiled)
            return
        wrong, why = self.diff(unit, self.filters(lines))
        if why:
            self.tap.skip(name, why)
            return
        # libseccomp's table of x32 lacks this call.
        wrong = "".join(
            line + "\n" for line in wrong.splitlines()
            if re.match(r"[-+~] ", line) and
            not re.match(r". x32 +map_shadow_stack", line)) \
            if re.search(r"^[-+~] ", wrong, re.M) else wrong
        self.tap.ok(not wrong, name, wrong[:2000])
        self.proved += not wrong

    def warnings(self, name, unit):
        """systemd-analyze and callgate complain of the same lines."""
        theirs = self.run("systemd-analyze", "verify", unit).stderr
        theirs = set(re.findall(rf"{re.escape(str(unit))}:(\d+): .*ignoring",
                                theirs))
        ours = self.run(self.callgate, "convert", "--to", "systemd",
                        "--nearest", "--libseccomp", self.libseccomp(), unit)
        ours = set(re.findall(r":(\d+):\d+: .*passes over", ours.stderr))
        self.tap.ok(theirs == ours, f"warnings: {name}",
                    f"systemd: {sorted(theirs)}, callgate: {sorted(ours)}")

    def groups(self):
        """data/foreign has the groups that systemd itself prints."""
        said = self.run("systemd-analyze", "syscall-filter", "--no-pager")
        theirs, name = {}, None
        for line in said.stdout.splitlines():
            if line.startswith("@"):
                name = line.strip()
                theirs[name] = set()
            elif re.match(r"    [@\w]", line):
                theirs[name].add(line.split()[0])
            elif not line.startswith(" "):
                name = None  # what stands in no group
        path = HERE.parent.parent / "data/foreign/systemd.tbl"
        table = foreign.read(path).groups
        for name, words in theirs.items():
            ours = {word for word, first, _ in table.get(name, [])
                    if first <= int(RELEASE) << 16}
            self.tap.ok(words == ours, f"the calls of {name}",
                        f"theirs: {sorted(words - ours)}",
                        f"ours: {sorted(ours - words)}")

    def written(self, policy):
        """What callgate writes is verified, and means what was proved."""
        done = self.run(self.callgate, "convert", "--nearest", "--to",
                        "systemd", "--libseccomp", self.libseccomp(), policy)
        self.tap.ok(done.returncode == 0, f"{policy}: written", done.stderr)
        if done.returncode:
            return
        lines = [line for line in done.stdout.splitlines()
                 if line.startswith("SystemCall")]
        unit = self.unit(lines)
        said = self.run("systemd-analyze", "verify", unit).stderr
        self.tap.ok("test.service:" not in said, f"{policy}: verified", said)
        said = self.run("systemd-analyze", "security", "--offline=true", unit)
        self.tap.ok(said.returncode in (0, 1) and
                    "SystemCallFilter=" in said.stdout,
                    f"{policy}: its security is looked at", said.stderr)
        self.row(f"{policy}: as written", unit, lines)


def main():
    callgate = os.path.abspath(sys.argv[1])
    tap = Tap()
    version = shutil.which("systemd-analyze") and subprocess.run(
        ["systemd-analyze", "--version"], check=False, text=True,
        stdout=subprocess.PIPE).stdout.split()[1]
    if not version:
        tap.skip("systemd", "systemd-analyze is not installed")
        tap.done()
    if version != RELEASE or os.uname().machine != "x86_64":
        tap.skip("systemd", f"the facts are those of {RELEASE} on x86_64")
        tap.done()
    with tempfile.TemporaryDirectory() as name:
        test = Test(callgate, pathlib.Path(name))
        for row in UNITS:
            lines = row.split("|")
            unit = test.unit(lines)
            test.row(row, unit, lines)
            test.warnings(row, unit)
        for policy in POLICIES:
            test.written(policy)
        test.groups()
        if not test.compiled:
            test.tap.ok(test.proved >= LEAST, f"{test.proved} units proved "
                        f"equal to systemd's own filters, at least {LEAST}")
        test.tap.done()


if __name__ == "__main__":
    main()
