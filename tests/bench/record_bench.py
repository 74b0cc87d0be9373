#!/usr/bin/env -S python3 -B
"""What recording costs, side by side: ways take turns, the least counts.

usage: record_bench.py CALLGATE TARGET
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
DD = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000",
      "status=none"]
REDIS = ["-p", "8473"]


def row(what, value, against=""):
    print(f"{what:<52} {value:>14}  {against}", flush=True)


class Group:
    """A cgroup: who is in it is recorded while a recorder is on."""

    def __init__(self, callgate):
        self.callgate = callgate
        roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
        root = [r for r in roots if os.path.exists(f"{r}/cgroup.procs")][0]
        self.path = f"{root}/callgate-bench-{os.getpid()}"
        os.mkdir(self.path)
        self.recorder = None

    def on(self, *words):
        self.recorder = subprocess.Popen(
            [self.callgate, "record", "--cgroup", self.path, "-o",
             "bench.yml", *words], stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def off(self):
        self.recorder.send_signal(signal.SIGTERM)
        self.recorder.wait()
        time.sleep(0.2)

    def enter(self):
        with open(f"{self.path}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))

    def close(self):
        for _ in range(50):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.1)


def run(words, enter=None):
    """Wall and CPU seconds of a command, its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(words, preexec_fn=enter, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime -
           before.ru_utime - before.ru_stime)
    return wall, cpu, done.stdout


def least(samples):
    return {name: min(values) for name, values in samples.items()}


def per_call(group, target):
    samples = {}

    def note(name, enter=None):
        out = run([target, "cost", "200"], enter)[2]
        samples.setdefault(name, []).append(float(out))

    for _ in range(ROUNDS):
        note("none", group.enter)
        for name, words in ("counts", []), ("errors", ["--errors"]), \
                ("time", ["--time"]):
            group.on(*words)
            note(name, group.enter)
            if name == "counts":
                note("others")
            group.off()
    best = least(samples)
    base = best.pop("none")
    row("getppid, not recorded", f"{base:.0f} ns")
    for name, label, aim in (
            ("counts", "ebpf: counts and values of arguments",
             "at most +30 ns"),
            ("errors", "ebpf: errors, too", ""),
            ("time", "ebpf: time, too", ""),
            ("others", "a process that is not recorded", "at most +25 ns")):
        row("  " + label, f"+{best[name] - base:.0f} ns", aim)


def dd(group, callgate):
    samples, walls = {}, {}

    def note(name, words, enter=None):
        wall, cpu, _ = run(words, enter)
        samples.setdefault(name, []).append(cpu)
        walls.setdefault(name, []).append(wall)

    state = ["record", "--learn", "bench.json", "--", *DD]
    run([callgate, *state])
    for _ in range(ROUNDS):
        note("none", DD, group.enter)
        group.on()
        note("ebpf", DD, group.enter)
        group.off()
        note("learn", [callgate, *state])
    for _ in range(3):
        note("filter", [callgate, "record", "-b", "filter", "-o", "bench.yml",
                        "--", *DD])
        note("ptrace", [callgate, "record", "-b", "ptrace", "-o", "bench.yml",
                        "--", *DD])
        if shutil.which("strace"):
            note("strace", ["strace", "-f", "-c", "-o", "/dev/null", *DD])
    cpu, wall = least(samples), least(walls)
    row("dd bs=1, 200,000 calls, not recorded", f"{wall['none']:.3f} s")
    row("  ebpf, CPU time", f"{cpu['ebpf'] / cpu['none']:.2f} times",
        "at most 1.3")
    row("  learn, second run, wall", f"{wall['learn'] / wall['none']:.2f} "
        "times", "at most 1.15")
    for name in "filter", "ptrace", "strace":
        if name in wall:
            row(f"  {name}{' -f -c' if name == 'strace' else ''}, wall",
                f"{wall[name]:.2f} s",
                f"{wall[name] / wall['none']:.0f} times; CPU "
                f"{cpu[name]:.2f} s")
    if "strace" in wall:
        row("  filter, of strace -c's time",
            f"{wall['filter'] / wall['strace']:.2f}",
            f"at most 0.6; of its CPU time {cpu['filter'] / cpu['strace']:.2f}")


def redis(group):
    if not shutil.which("redis-server"):
        row("redis", "-", "redis-server is not installed")
        return
    server = subprocess.Popen(
        ["redis-server", "--port", "8473", "--save", ""],
        preexec_fn=group.enter, stdout=subprocess.DEVNULL)
    time.sleep(1)
    rates = {"none": [], "ebpf": []}

    def note(name):
        out = run(["redis-benchmark", *REDIS, "-t", "get", "-c", "20", "-n",
                   "60000", "-q"])[2]
        rates[name].append(float(re.findall(r"([\d.]+) requests", out)[-1]))

    for _ in range(ROUNDS):
        note("none")
        group.on()
        note("ebpf")
        group.off()
    server.terminate()
    server.wait()
    none, ebpf = max(rates["none"]), max(rates["ebpf"])
    row("redis GET, not recorded", f"{none:.0f} /s")
    row("  ebpf", f"{ebpf / none:.2f} of it", "at least 0.95")


def start_up(callgate, target):
    """From before fork to the command's first instruction; all in all."""
    walls = {"none": [], "ebpf": [], "filter": []}
    for _ in range(10):
        walls["none"].append(run(["/bin/true"])[0])
        for backend in "ebpf", "filter":
            walls[backend].append(run([callgate, "record", "-b", backend,
                                       "-o", "bench.yml", "--",
                                       "/bin/true"])[0])
    best = least(walls)
    for backend in "ebpf", "filter":
        row(f"/bin/true recorded by {backend}, start and end",
            f"+{(best[backend] - best['none']) * 1000:.0f} ms",
            "start-up: at most 50 ms")


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} CALLGATE TARGET")
    callgate, target = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as folder:
        os.chdir(folder)
        print("recording")
        if subprocess.call([callgate, "record", "-b", "ebpf", "-o", "x.yml",
                            "--", "/bin/true"]):
            row("ebpf", "-", "cannot be used here")
            return
        group = Group(callgate)
        try:
            per_call(group, target)
            dd(group, callgate)
            redis(group)
        finally:
            group.close()
        start_up(callgate, target)


if __name__ == "__main__":
    main()
