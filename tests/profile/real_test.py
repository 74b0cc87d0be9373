#!/usr/bin/env -S python3 -B
"""Real programs: what strace sees is in the profile, and a filter made of it holds.

Usage: real_test.py CALLGATE [NAME]...

Each program runs its workload under strace -f. All programs that it started are
profiled together, and no call that was seen may be missing. Those marked ENFORCED run
once more under a kill_process filter made of their profile.
"""

import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from tap import Tap  # noqa: E402

Work = collections.namedtuple("Work", "name command enforced needs",
                              defaults=(False, ()))

SQL = "create table t(a,b); insert into t values(1,2); select * from t;"
C_SOURCE = "int main(void){return 0;}"
NGINX = ("daemon off; master_process on; worker_processes 2; pid n.pid; "
         "error_log e.log; events {} http { access_log a.log; server { "
         "listen 127.0.0.1:8097; location / { root /etc; autoindex on; } } }")

WORKS = [
    # By its path: the shell has its own.
    Work("true", shutil.which("true") or "true", True),
    Work("cat", "cat /etc/passwd", True),
    Work("ls", "ls -la /etc", True),
    Work("cp", "cp -r /etc/default copy", True),
    Work("mv", "touch a && mv a b"),
    Work("rm", "mkdir d && rm -r d"),
    Work("sort", "sort -u /etc/services", True),
    Work("find", "find /etc/default -type f", True),
    Work("grep", "grep -r root /etc/passwd", True),
    Work("sed", "sed -n 1,3p /etc/passwd", True),
    Work("awk", "awk -F: '{print $1}' /etc/passwd"),
    Work("df", "df -h"),
    Work("date", "date -u", True),
    Work("id", "id", True),
    Work("getent", "getent passwd root; getent hosts localhost; "
                   "getent group users; getent services http"),
    Work("whoami", "whoami"),
    Work("tar", "tar czf t.tgz /etc/default && tar tzf t.tgz"),
    Work("gzip", "cp /etc/services s && gzip s && gunzip s.gz", False),
    Work("bash", "bash -c 'for i in 1 2 3; do echo $i | cat; done; ulimit -n'"),
    Work("dash", "sh -c 'echo a > f; read x < f; trap : TERM; kill -0 $$'"),
    Work("ps", "ps aux"),
    Work("git", "git init -q r && cd r && echo a > a && git add a && git -c "
                "user.name=a -c user.email=a@b commit -qm a && git log && "
                "git status"),
    Work("curl", "curl -s file:///etc/passwd; curl -s http://127.0.0.1:1/; true",
         True),
    Work("openssl", "openssl genrsa 1024 > k; openssl dgst -sha256 /etc/passwd",
         True),
    Work("sqlite3", f"sqlite3 x.db '{SQL}'", True),
    Work("perl", "perl -e 'print join(\",\", sort keys %ENV); system(\"true\")'"),
    Work("python3", "/usr/bin/python3 -c 'import json,threading,subprocess; "
                    "t=threading.Thread(target=print); t.start(); t.join(); "
                    "subprocess.run([\"true\"])'"),
    Work("ssh", "ssh -V; ssh -o BatchMode=yes -p 1 127.0.0.1 true; true"),
    Work("ssh-keygen", "ssh-keygen -q -t ed25519 -N '' -f key", True),
    Work("gcc", f"echo '{C_SOURCE}' > a.c && gcc -O2 a.c -o a && ./a"),
    Work("make", "printf 'a:\\n\\ttouch a\\n' > Makefile && make"),
    Work("redis", "redis-server --port 8096 --save '' & sleep 1; redis-cli -p "
                  "8096 set a b; redis-cli -p 8096 bgsave; sleep 1; redis-cli "
                  "-p 8096 shutdown nosave; wait", False,
         ("redis-server",)),
    Work("nginx", f"nginx -p . -c /dev/stdin <<< '{NGINX}' & sleep 1; curl -s "
                  "http://127.0.0.1:8097/passwd >/dev/null; kill %1; wait",
         False, ("nginx",)),
    Work("psql", "psql --version; psql -h 127.0.0.1 -p 1 -c 'select 1'; true"),
    Work("xz", "cp /etc/services s && xz -T2 s && xz -d s.xz", True),
    Work("iconv", "iconv -f utf-8 -t utf-16 /etc/passwd", True),
    Work("stat", "stat /etc/passwd"),
    Work("dd", "dd if=/dev/zero of=z bs=4k count=4", True),
    Work("nc", "nc -z 127.0.0.1 1; true", False, ("nc",)),
    Work("strace", "strace -V"),
    Work("file", "file /bin/true", False, ("file",)),
    Work("clang", f"echo '{C_SOURCE}' > a.c && clang -c a.c", False,
         ("clang",)),
]

LINE = re.compile(r"^(\d+) +(?:([a-z_0-9]+)\(|<\.\.\. ([a-z_0-9]+) resumed>)")
PATH = re.compile(r'execve\("([^"]+)"')
CHILD = re.compile(r"(?:clone3?|v?fork)\b.* = (\d+)$")


class Traced:
    """Which calls each program made, by a log of strace -f."""

    def __init__(self, first):
        self.calls = collections.defaultdict(set)
        self.program = collections.defaultdict(lambda: first)
        self.starting = {}
        self.forking = first
        self.known = set()

    def line(self, text):
        found = LINE.search(text)
        if not found:
            return
        pid, call = found[1], found[2] or found[3]
        # A child is seen before its parent's call ends.
        if pid not in self.known and self.known:
            self.program[pid] = self.forking
        self.known.add(pid)
        if "fork" in call or "clone" in call:
            self.forking = self.program[pid]
        path = PATH.search(text)
        if path:
            self.starting[pid] = path[1]
        if call == "execve":
            if text.endswith(" = 0"):
                self.program[pid] = self.starting.get(pid, "")
            return
        self.calls[self.program[pid]].add(call)
        child = CHILD.search(text)
        if child and child[1] not in self.known:
            self.known.add(child[1])
            self.program[child[1]] = self.program[pid]


def traced(command, folder):
    """The calls of each program that was started."""
    log = folder / "strace.log"
    bash = shutil.which("bash")
    subprocess.run(["strace", "-f", "-qq", "-o", str(log), bash, "-c",
                    command], cwd=folder, check=False, timeout=120,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    seen = Traced(bash)
    for text in log.read_text(errors="replace").splitlines():
        seen.line(text)
    return {path if path.startswith("/") else str(folder / path): calls
            for path, calls in seen.calls.items() if path}


def profile(callgate, programs, *options):
    ran = subprocess.run([callgate, "profile", "--no-cache", *options, *programs],
                         check=False, capture_output=True, text=True,
                         timeout=300)
    return ran.stdout if ran.returncode in (0, 1) else None, ran.stderr


def enforced(callgate, work, folder):
    """How the workload ends under a filter of the program's own profile."""
    program = shutil.which(work.command.split()[0])
    policy, errors = profile(callgate, [program], "-f", "policy")
    if policy is None:
        return errors
    path = folder / "policy.yml"
    path.write_text(policy.replace("default_action: errno",
                                   "default_action: kill_process"))
    words = work.command.split(";")[0].split("&&")[0].split(">")[0]
    plain = subprocess.run(["bash", "-c", "exec " + words], cwd=folder,
                           check=False, capture_output=True, timeout=60,
                           stdin=subprocess.DEVNULL)
    ran = subprocess.run(["bash", "-c", f"exec {callgate} run --policy {path} "
                          f"-- {words}"], cwd=folder, check=False,
                         capture_output=True, timeout=60,
                         stdin=subprocess.DEVNULL)
    if ran.returncode == plain.returncode or (
            ran.returncode < 126 and work.name in ("cp", "ssh-keygen")):
        return ""
    return f"status {ran.returncode}, without {plain.returncode}: " + \
        ran.stderr.decode(errors="replace")[-300:]


def subject(work):
    """The program that a workload is about."""
    first = work.command.split()[0]
    names = [first] if "/" in first else [*work.needs, work.name, first]
    found = next(filter(None, map(shutil.which, names)))
    return pathlib.Path(found).resolve()


def try_work(tap, callgate, work):
    if not all(shutil.which(need) for need in
               (work.needs or [work.command.split()[0]])):
        tap.skip(work.name, f"{work.name} is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="callgate-real-") as name:
        folder = pathlib.Path(name)
        seen, have, gaps, notes = 0, 0, 0, []
        wanted = subject(work)
        for program, calls in traced(work.command, folder).items():
            if not pathlib.Path(program).exists():
                continue
            text, errors = profile(callgate, [program], "--json")
            if text is None:
                notes.append(errors)
                continue
            report = json.loads(text)
            names = {call["name"] for call in report["calls"]}
            missing = sorted(calls - names)
            if missing:
                notes.append(f"{program}: missing {', '.join(missing)}")
            if pathlib.Path(program).resolve() == wanted:
                seen, have = len(calls), len(names)
                gaps = sum(gap["open"] for gap in report["gaps"])
        if not seen:
            notes.append(f"nothing that {wanted} did was seen")
        tap.ok(not notes, f"{work.name}: {seen} calls seen, {have} in the "
               f"profile, {gaps} gaps", *notes)
    if work.enforced:
        with tempfile.TemporaryDirectory(prefix="callgate-real-") as name:
            why = enforced(callgate, work, pathlib.Path(name))
            tap.ok(not why, f"{work.name}: runs under its own profile", why)


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    tap = Tap()
    if not shutil.which("strace"):
        tap.skip("strace", "strace is not installed")
        tap.done()
    for work in WORKS:
        if len(sys.argv) < 3 or work.name in sys.argv[2:]:
            try_work(tap, callgate, work)
    tap.done()


if __name__ == "__main__":
    main()
