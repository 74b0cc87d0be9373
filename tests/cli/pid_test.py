#!/usr/bin/env -S python3 -B
"""Live processes, as a user meets them: dump, explain, diff, test and ps.

usage: pid_test.py CALLGATE
"""

import json
import os
import re
import subprocess
import sys

from cli import begin, check

OUTER = """\
seccomp:
  default_action: allow
  syscalls:
    - {action: errno, names: [bind]}
"""
INNER = OUTER.replace("[bind]", "[listen, mkdir]")
BOTH = OUTER.replace("[bind]", "[bind, listen, mkdir]")

# Loads each file as a filter, says so, and waits until its input ends; with so
# many more threads, the last of which loads another file alone.
LOADER = """\
import ctypes, struct, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def load(name):
    raw = open(name, "rb").read()
    room = ctypes.create_string_buffer(raw, len(raw))
    program = struct.pack("HxxxxxxQ", len(raw) // 8, ctypes.addressof(room))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
for name in sys.argv[3:]:
    load(name)
ready = threading.Barrier(int(sys.argv[1]) + 1)
end = threading.Event()
def thread(name):
    if name: load(name)
    ready.wait()
    end.wait()
for n in range(int(sys.argv[1])):
    name = sys.argv[2] if n + 1 == int(sys.argv[1]) else ""
    threading.Thread(target=thread, args=[name]).start()
ready.wait()
print("ready", flush=True)
sys.stdin.read()
end.set()
"""


class Confined:
    def __init__(self, callgate, *filters, threads=0, last=""):
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOADER, str(threads), last, *filters],
            cwd=callgate.folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def test_verbs(tap, callgate, pid):
    check(tap, "dump: both filters", callgate("dump", "--pid", pid), 0,
          r"filter 1 of 2, the oldest: \d+ inst.*filter 2 of 2, the newest.*")
    check(tap, "dump: pid: is the same", callgate("dump", f"pid:{pid}"), 0,
          r"filter 1 of 2.*filter 2 of 2.*")
    check(tap, "dump: raw wants one of several",
          callgate("dump", "--raw", "--pid", pid), 2, "", r".*--filter\n")
    check(tap, "dump: no such filter",
          callgate("dump", "-n", "3", "--pid", pid), 2, "",
          r".*no filter 3: the oldest is 1, the newest 2\n")
    for number, name in (("1", "outer.bpf"), ("2", "inner.bpf")):
        raw = subprocess.run([callgate.path, "dump", "--raw", "-n", number,
                              "-p", str(pid)], stdout=subprocess.PIPE,
                             check=False).stdout
        tap.ok(raw == (callgate.folder / name).read_bytes(),
               f"dump --raw: the bytes of {name}")
    check(tap, "explain: the filter that decides",
          callgate("explain", "-p", pid, "bind", "mkdir", "getpid"), 0,
          r"bind on .*errno\(EPERM\)\n  by filter 1 of 2\n.*, of all filters"
          r".*mkdir.*by filter 2 of 2.*getpid.*: allow\n  by each of 2 .*")
    check(tap, "diff: together they are what one policy says",
          callgate("diff", f"pid:{pid}", "both.yml"), 0, r".*alike\n")
    check(tap, "diff: stricter than each alone",
          callgate("diff", "--subset", f"pid:{pid}", "outer.yml"), 0,
          r".*allows no more than.*")
    check(tap, "test: a table for a process",
          callgate("test", f"pid:{pid}", "-",
                   text="bind -> errno(EPERM)\nmkdir -> errno(EPERM)\n"), 0,
          r"ok 1.*ok 2.*1\.\.2\n")


def test_all(tap, callgate):
    """All threads: those with the same filters are passed over."""
    with Confined(callgate, "outer.bpf", threads=3) as many:
        check(tap, "dump --all: equal filters are shown once",
              callgate("dump", "--all", "-p", many.pid), 0,
              r"filter 1 of 1: \d+ instructions\n((?!thread ).)*")
        got = callgate("dump", "--all", "--json", "-p", many.pid)
        tap.ok(got.status == 0 and len(json.loads(got.out)) == 1,
               "dump --all --json: the same", got)
    with Confined(callgate, "outer.bpf", threads=3, last="inner.bpf") as many:
        check(tap, "dump --all: a thread behind equal ones has others",
              callgate("dump", "--all", "-p", many.pid), 0,
              r"filter 1 of 1: .*\nthread \d+\n.*filter 2 of 2.*")


def test_ps(tap, callgate, pids):
    got = json.loads(callgate("ps", "--json").out)
    mine = [group for group in got["groups"]
            if pids[0] in [p["process"] for p in group["processes"]]]
    tap.ok(len(mine) == 1 and mine[0]["filters"] == 2 and
           mine[0]["no_new_privs"] and
           pids[1] in [p["process"] for p in mine[0]["processes"]] and
           pids[2] not in [p["process"] for p in mine[0]["processes"]],
           "ps: equal filters stand together, others do not", got)
    reach = mine[0]["reach"]
    tap.ok(all(abi["calls"] - abi["allowed"] >= 3 for abi in reach.values()),
           "ps: what the filters refuse is not reached", reach)
    check(tap, "ps: for people", callgate("ps", "--all"), 0,
          rf".*filter, 2 in force, no_new_privs set\n  allows \d+ of \d+ calls"
          rf".*\n  among them: .*debug.*\n +{pids[0]} python3.*", r".*")
    got = callgate("ps", nobody=True)
    tap.ok(got.status == 0 and str(pids[0]) in got.out and
           "allows" not in got.out and "CAP_SYS_ADMIN" in got.err,
           "ps: without privilege it says what it cannot see", got)


def test_turns(tap, callgate, pid):
    """There can be one tracer only, and the kernel shows filters to tracers."""
    at_once = [subprocess.Popen([callgate.path, "dump", "-p", str(pid)],
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE) for _ in range(30)]
    said = [one.communicate()[1] for one in at_once]
    tap.ok(not any(one.returncode for one in at_once),
           "30 look at one process at once", set(said))


def main():
    callgate, tap = begin()
    confined = re.search(r"^Seccomp:\s*[^0\s]",
                         open("/proc/self/status").read(), re.M)
    if os.geteuid() != 0 or confined:
        tap.skip("live processes", "needs root, and no filter in force")
        return tap.done()
    for name, text in (("outer", OUTER), ("inner", INNER), ("both", BOTH)):
        callgate.write(f"{name}.yml", text)
        callgate("compile", "--policy", f"{name}.yml", "-o", f"{name}.bpf")
    all_of_them = [Confined(callgate, "outer.bpf", "inner.bpf"),
                   Confined(callgate, "outer.bpf", "inner.bpf"),
                   Confined(callgate, "outer.bpf")]
    test_verbs(tap, callgate, all_of_them[0].pid)
    test_all(tap, callgate)
    test_turns(tap, callgate, all_of_them[0].pid)
    test_ps(tap, callgate, [one.pid for one in all_of_them])
    tap.ok(all(one.end() == 0 for one in all_of_them),
           "none of them noticed")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
