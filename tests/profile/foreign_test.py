#!/usr/bin/env -S python3 -B
"""aarch64: what programs do under an emulator is in their profile.

Usage: foreign_test.py CALLGATE [FOLDER [NAME]...]

Small programs are built here for aarch64, and run under qemu-aarch64-static, which prints
the calls that they make; no call that was seen may be missing. With FOLDER those of Debian
are fetched there, too, without installing them; the libraries of all of them are found
by --sysroot.
"""

import collections
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))

from tap import TOOLS, Tap  # noqa: E402

EMULATOR = "qemu-aarch64-static"
COMPILER = "aarch64-linux-gnu-gcc"

Work = collections.namedtuple("Work", "name command")

PACKAGES = ["libc6", "libc-bin", "coreutils", "bash", "dash", "busybox-static", "sqlite3",
            "curl", "openssl", "grep", "sed", "findutils", "tar", "gzip",
            "perl-base", "python3.11-minimal", "libpython3.11-stdlib", "git",
            "redis-server", "libstdc++6"]

THREADS = "import threading; t = threading.Thread(target=print); t.start(); t.join()"

DEBIAN = [
    Work("true", "/bin/true"),
    Work("ls", "/bin/ls -la /etc"),
    Work("cat", "/bin/cat /etc/passwd"),
    Work("cp", "/bin/cp -r /etc/default {tmp}/copy"),
    Work("id", "/usr/bin/id"),
    Work("getent", "/usr/bin/getent passwd root"),
    Work("hosts", "/usr/bin/getent hosts localhost"),
    Work("iconv", "/usr/bin/iconv -f utf-8 -t utf-16 /etc/passwd"),
    Work("sort", "/usr/bin/sort -u /etc/services"),
    Work("df", "/bin/df -h"),
    Work("date", "/bin/date -u"),
    Work("stat", "/usr/bin/stat /etc/passwd"),
    Work("dd", "/bin/dd if=/dev/zero of={tmp}/zeros bs=4k count=4"),
    Work("bash", "/bin/bash -c 'echo $(echo a); ulimit -n; read x < /etc/passwd'"),
    Work("dash", "/bin/dash -c 'echo a | while read x; do echo $x; done'"),
    Work("busybox", "/bin/busybox sh -c 'echo a; echo b | cat'"),
    Work("busybox ls", "/bin/busybox ls -l /etc"),
    Work("sqlite3", "/usr/bin/sqlite3 {tmp}/a.db 'create table t(a); select 1'"),
    Work("openssl", "/usr/bin/openssl dgst -sha256 /etc/passwd"),
    Work("grep", "/bin/grep -r root /etc/default"),
    Work("sed", "/bin/sed -i s/a/b/ {tmp}/text"),
    Work("find", "/usr/bin/find /etc/default -type f"),
    Work("tar", "/bin/tar cf {tmp}/a.tar /etc/default"),
    Work("gzip", "/bin/gzip -c /etc/services"),
    Work("perl", "/usr/bin/perl -e 'print join(\",\", sort keys %ENV); fork'"),
    Work("git", "/usr/bin/git init -q {tmp}/r"),
    Work("curl", "/usr/bin/curl -s http://127.0.0.1:1/"),
    Work("python3", f"/usr/bin/python3.11 -c '{THREADS}'"),
]


def tools():
    loader = importlib.machinery.SourceFileLoader(
        "arches", str(TOOLS / "check-arches"))
    arches = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("arches", loader))
    loader.exec_module(arches)
    return arches


def fetch(folder):
    """A root with Debian's programs for aarch64, or why there is none."""
    arches, root = tools(), folder / "aarch64-root"
    if (root / "complete").exists():
        return root, ""
    try:
        lists = folder / "aarch64-lists"
        lists.mkdir(parents=True, exist_ok=True)
        env = arches.apt_root(lists, "bookworm", "arm64")
        arches.must(["apt-get", "-q", "update"], "packages for arm64", env=env)
        arches.must(["apt-get", "-q", "-y", "--no-install-recommends",
                     "--download-only", "install", *PACKAGES], "packages",
                    env=env)
        root.mkdir(exist_ok=True)
        for package in sorted(lists.glob("cache/archives/*.deb")):
            arches.must(["dpkg", "-x", package, root], "dpkg -x")
    except arches.Skip as why:
        return None, str(why)
    shutil.rmtree(lists)
    (root / "complete").touch()
    return root, ""


class Tracer:
    """What a program for aarch64 does, and what is said that it can do."""

    def __init__(self, callgate, root, tmp):
        self.callgate, self.root, self.tmp = callgate, root, tmp
        ran = subprocess.run([callgate, "syscalls", "--arch", "aarch64",
                              "--json"], check=True, capture_output=True,
                             text=True)
        rows = [json.loads(line) for line in ran.stdout.splitlines()]
        self.names = {row["nr"]: row["name"] for row in rows}

    def seen(self, words):
        """The calls of a run, by their names, and how it ended."""
        log = self.tmp / "strace.log"
        ran = subprocess.run([EMULATOR, "-L", str(self.root), "-strace", "-D",
                              str(log), *words], check=False, timeout=120,
                             stdin=subprocess.DEVNULL, capture_output=True,
                             cwd=self.tmp, env={"PATH": os.environ["PATH"]})
        text = log.read_text(errors="replace")
        log.unlink()
        calls = set(re.findall(r"^\d+ ([a-z_0-9]+)\(", text, re.M))
        calls |= {self.names.get(int(number), number) for number in
                  re.findall(r"^\d+ Unknown syscall (\d+)", text, re.M)}
        return calls, ran

    def listed(self, program, *options):
        ran = subprocess.run([self.callgate, "profile", "--json", "--no-cache",
                              *options, program], check=False,
                             capture_output=True, text=True, timeout=280)
        if ran.returncode not in (0, 1):
            return None, ran.stderr
        report = json.loads(ran.stdout)
        return {call["name"] for call in report["calls"]}, ""

    def compare(self, tap, name, words, *options):
        path = words[0].removeprefix(str(self.root)) if options else words[0]
        have, why = self.listed(path, *options)
        if have is None:
            tap.ok(False, name, why)
            return
        seen, ran = self.seen(words)
        # An emulator that lets a program down has seen nothing of it.
        if ran.returncode < 0 or not seen:
            tap.ok(False, f"{name}: runs", ran)
            return
        missing = sorted(seen - have)
        tap.ok(not missing, f"{name}: {len(seen)} calls seen, {len(have)} in the "
               "profile", f"missing: {', '.join(missing)}")


def build(folder, source, kind, flags):
    """A program made of a source, or None."""
    plus = source.suffix == ".cc"
    program = folder / "bin" / f"{source.stem}-{kind}"
    program.parent.mkdir(exist_ok=True)
    command = COMPILER.replace("gcc", "g++") if plus else COMPILER
    if not shutil.which(command):
        return None
    ran = subprocess.run([command, "-O2", "-D_GNU_SOURCE", "-w", *flags,
                          "-pthread", "-o", str(program), str(source)],
                         check=False, capture_output=True, text=True)
    return program if not ran.returncode else None


def libraries(folder):
    """The compiler's own, as in a root."""
    asked = subprocess.run([COMPILER, "-print-file-name=libc.so.6"], check=True,
                           capture_output=True, text=True).stdout.strip()
    shutil.copytree(pathlib.Path(asked).resolve().parent, folder / "lib",
                    ignore=lambda _, names: [one for one in names
                                             if ".so" not in one])


def small_programs(tap, callgate, folder, names):
    root = folder / "root"
    root.mkdir()
    libraries(root)
    tracer = Tracer(callgate, root, folder)
    kinds = {"dynamic": [], "static": ["-static"],
             "static-pie": ["-static-pie"]}
    for source in sorted((HERE / "arches").glob("*.c*")):
        if names and source.stem not in names:
            continue
        for kind, flags in kinds.items():
            program = build(root, source, kind, flags)
            if not program:
                tap.skip(f"{source.stem}, {kind}", "it cannot be built")
                continue
            tracer.compare(tap, f"{source.stem}, {kind}", [str(program)],
                           *(["--sysroot", str(root), "--no-modules"]
                             if kind == "dynamic" else []))


def go_program(tap, callgate, folder):
    if not shutil.which("go"):
        tap.skip("Go", "go is not installed")
        return
    source = folder / "hello.go"
    source.write_text('package main\n\nimport "fmt"\n\n'
                      'func main() { fmt.Println("hello") }\n')
    ran = subprocess.run(["go", "build", "-o", "hello-go", str(source)],
                         check=False, capture_output=True, text=True,
                         cwd=folder, env=dict(
                             os.environ, GOARCH="arm64", CGO_ENABLED="0",
                             GOFLAGS="-mod=mod", GOTOOLCHAIN="local",
                             GOCACHE=str(folder / "cache"), HOME=str(folder)))
    if ran.returncode:
        tap.skip("Go", ran.stderr.strip().splitlines()[-1])
        return
    Tracer(callgate, folder, folder).compare(
        tap, "hello, Go", [str(folder / "hello-go")])


def debian(tap, callgate, root, folder, names):
    tracer = Tracer(callgate, root, folder)
    for work in DEBIAN:
        if names and work.name not in names:
            continue
        (folder / "text").write_text("abc\n")
        words = shlex.split(work.command.format(tmp=folder))
        places = [root / words[0][1:], root / "usr" / words[0][1:]]
        found = [place for place in places if place.exists()]
        if not found:
            tap.skip(work.name, f"{words[0]} was not fetched")
            continue
        tracer.compare(tap, work.name, [str(found[0]), *words[1:]],
                       "--sysroot", str(root))


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    names = sys.argv[3:]
    tap = Tap()
    if not shutil.which(EMULATOR):
        tap.skip("aarch64", f"{EMULATOR} is not installed")
        tap.done()
    with tempfile.TemporaryDirectory(prefix="callgate-foreign-") as name:
        folder = pathlib.Path(name)
        if shutil.which(COMPILER):
            small_programs(tap, callgate, folder, names)
        else:
            tap.skip("small programs", f"{COMPILER} is not installed")
        if not names or "go" in names:
            go_program(tap, callgate, folder)
        if len(sys.argv) > 2:
            root, why = fetch(pathlib.Path(sys.argv[2]).resolve())
            if root:
                debian(tap, callgate, root, folder, names)
            else:
                tap.skip("Debian's programs", why)
    tap.done()


if __name__ == "__main__":
    main()
