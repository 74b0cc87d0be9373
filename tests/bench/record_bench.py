#!/usr/bin/env -S python3 -B
"""What recording costs, side by side: ways take turns, the least counts. Beside
it stands what the kernel takes for an eBPF program that does nothing at the same
place, which is what no recorder of this kind can get below.

usage: record_bench.py CALLGATE TARGET TRACEPOINT
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "record"))

from world import Group  # noqa: E402

ROUNDS = 5
DD = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000",
      "status=none"]
REDIS = ["-p", "8473"]


def row(what, value, against=""):
    print(f"{what:<52} {value:>14}  {against}", flush=True)


class Bench(Group):
    """Who is in it is recorded while a recorder is on."""

    def __init__(self, callgate, empty):
        super().__init__("bench")
        self.callgate, self.empty = callgate, empty
        self.recorder = None

    def close(self):
        if self.recorder:
            self.recorder.kill()
            self.recorder.wait()
        super().close()

    def floor(self, *tracepoints):
        self.recorder = subprocess.Popen(
            [self.empty, *tracepoints], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        if self.recorder.stdout.readline() != b"attached\n":
            raise RuntimeError("an empty program cannot be attached")

    def on(self, *words):
        self.recorder = subprocess.Popen(
            [self.callgate, "record", "--cgroup", self.path, "-o",
             "bench.yml", *words], stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def off(self):
        self.recorder.send_signal(signal.SIGTERM)
        self.recorder.communicate()
        self.recorder = None
        time.sleep(0.2)


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


# name, tracepoints of an empty program or options of a recorder, what is made
WAYS = [
    ("none", None, None, "cost"),
    ("none, value", None, None, "cost-value"),
    ("floor", ["sys_exit"], None, "cost"),
    ("floor, value", ["sys_exit"], None, "cost-value"),
    ("floor of two", ["sys_enter", "sys_exit"], None, "cost"),
    ("asked 8 times", ["8", "sys_exit"], None, "cost"),
    ("counts", None, [], "cost"),
    ("counts, value", None, [], "cost-value"),
    ("others", None, [], "cost"),
    ("errors", None, ["--errors"], "cost-value"),
    ("time", None, ["--time"], "cost"),
]


def per_call_samples(group, target):
    samples, on = {}, None
    for _ in range(ROUNDS):
        for name, points, words, mode in WAYS:
            if on != (points, words) and group.recorder:
                group.off()
            if on != (points, words) and points:
                group.floor(*points)
            elif on != (points, words) and words is not None:
                group.on(*words)
            on = points, words
            out = run([target, mode, "800"],
                      None if name == "others" else group.enter)[2]
            samples.setdefault(name, []).append(float(out))
    group.off()
    return least(samples)


def per_call(group, target):
    best = per_call_samples(group, target)
    base = best["none"]
    values = best["none, value"]
    row("getppid, not recorded", f"{base:.0f} ns")
    one, two = best["floor"] - base, best["floor of two"] - base
    for label, value, against in (
            ("an empty program, where calls return", one, ""),
            ("  of which the way to tracepoints at all", 2 * one - two, ""),
            ("  and to run a program", two - one, ""),
            ("each function of the kernel that a program calls",
             (best["asked 8 times"] - best["floor"]) / 8, "")):
        row("  " + label, f"+{value:.0f} ns", against)
    for name, label, floor, unrecorded, aim in (
            ("counts", "ebpf", "floor", base, "at most +30 ns"),
            ("others", "a process that is not recorded", "floor", base,
             "at most +25 ns"),
            ("counts, value", "ebpf: a call with an argument to keep",
             "floor, value", values, ""),
            ("errors", "ebpf: the same, and its error", "floor, value",
             values, ""),
            ("time", "ebpf: time, too", "floor of two", base, "")):
        added = best[name] - unrecorded
        over = best[name] - best[floor]
        row("  " + label, f"+{added:.0f} ns",
            f"{over:+.0f} ns to empty; {aim}".rstrip("; "))


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
        group.floor("sys_exit")
        note("floor", DD, group.enter)
        group.off()
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
    row("  an empty program, CPU time",
        f"{cpu['floor'] / cpu['none']:.2f} times")
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
    try:
        time.sleep(1)
        rates = redis_rates(group, server.pid)
    finally:
        server.terminate()
        server.wait()
    best = {name: max(rate for rate, _ in of) for name, of in rates.items()}
    cpu = {name: min(time for _, time in of) for name, of in rates.items()}
    row("redis GET, not recorded", f"{best['none']:.0f} /s",
        f"{cpu['none']:.0f} ns of the server's processor time")
    for name, label, aim in (("floor", "an empty program", ""),
                             ("ebpf", "ebpf", "; at least 0.95")):
        row("  " + label, f"{best[name] / best['none']:.2f} of it",
            f"{cpu[name] / cpu['none']:.2f} of that{aim}")


def processor_time(pid):
    """ns that a process of one busy thread has run."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def redis_rates(group, server):
    """GETs each second, and what one costs; short rounds, and many of them."""
    rates = {"none": [], "floor": [], "ebpf": []}
    requests = 20000

    def note(name):
        for _ in range(2):
            before = processor_time(server)
            out = run(["redis-benchmark", *REDIS, "-t", "get", "-c", "20",
                       "-n", str(requests), "-q"])[2]
            rates[name].append(
                (float(re.findall(r"([\d.]+) requests", out)[-1]),
                 (processor_time(server) - before) / requests))

    for _ in range(2 * ROUNDS):
        note("none")
        group.floor("sys_exit")
        note("floor")
        group.off()
        group.on()
        note("ebpf")
        group.off()
    return rates


def start_up(callgate, target):
    """From before fork to where the command begins, and all in all; beyond
    what it takes not recorded."""
    ways = {"none": []}
    for backend in "ebpf", "filter":
        ways[backend] = [callgate, "record", "-b", backend, "-o", "bench.yml",
                         "--"]
    begins = {way: [] for way in ways}
    walls = {way: [] for way in ways}
    for _ in range(10):
        for way, words in ways.items():
            start = time.monotonic()
            wall, _, out = run([*words, target, "clock"])
            begins[way].append(float(out.split()[0]) - start)
            walls[way].append(wall)
    begin, whole = least(begins), least(walls)
    for backend in "ebpf", "filter":
        row(f"until a command recorded by {backend} begins",
            f"+{(begin[backend] - begin['none']) * 1000:.0f} ms",
            "start-up: at most 50 ms")
        row("  and until it is all over",
            f"+{(whole[backend] - whole['none']) * 1000:.0f} ms", "")


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} CALLGATE TARGET TRACEPOINT")
    callgate, target, empty = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as folder:
        os.chdir(folder)
        print("recording")
        if subprocess.call([callgate, "record", "-b", "ebpf", "-o", "x.yml",
                            "--", "/bin/true"]):
            row("ebpf", "-", "cannot be used here")
            return
        with Bench(callgate, empty) as group:
            per_call(group, target)
            dd(group, callgate)
            redis(group)
        start_up(callgate, target)


if __name__ == "__main__":
    main()
