#!/usr/bin/env -S python3 -B
"""What watching costs the machine, side by side: ways take turns, the least
counts. Beside it stands what the kernel takes for an eBPF program that does
nothing at the same place, which is what no watch of this kind can get below.

usage: watch_bench.py CALLGATE-WATCH VIOLATOR TRACEPOINT
"""

import contextlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "watch"))

from scene import Scene  # noqa: E402

ROUNDS = 5


def row(what, value, against=""):
    print(f"{what:<52} {value:>14}  {against}", flush=True)


@contextlib.contextmanager
def empty(program):
    """Nothing, where calls return."""
    with subprocess.Popen([program, "sys_exit"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as held:
        if held.stdout.readline() != b"attached\n":
            raise RuntimeError("an empty program cannot be attached")
        yield
        held.stdin.close()


def note(scene, samples, name):
    """Nanoseconds of a call, by filter and by how it ends."""
    for kind, verdict in ("free", "free"), ("filtered", "none"):
        done = subprocess.run(
            scene.words(scene.name(), verdict, False, "cost", 200),
            check=True, text=True, stdout=subprocess.PIPE)
        for end, value in zip(("", ", failed", ", asked"),
                              done.stdout.split()):
            samples.setdefault((name, kind + end), []).append(float(value))


def main():
    watch, violator, tracepoint = sys.argv[1:]
    if os.geteuid() != 0:
        print("watching, measured: takes root")
        return
    scene, samples = Scene(watch, violator, "-"), {}
    for _ in range(ROUNDS):
        note(scene, samples, "none")
        with empty(tracepoint):
            note(scene, samples, "floor")
        for source in "audit", "ebpf":
            with scene.watch("--source", source, settle=0):
                note(scene, samples, source)
    best = {key: min(values) for key, values in samples.items()}
    for kind, what in (
            ("free", "a call that succeeds, no filter"),
            ("free, failed", "a call that fails, no filter"),
            ("filtered", "a call that succeeds, under a filter"),
            ("filtered, failed", "a call that fails, under a filter"),
            ("filtered, asked", "a call that fails as if it were refused")):
        base = best["none", kind]
        floor = best["floor", kind] - base
        row(what, f"{base:.0f} ns")
        row("  watched by audit", f"{best['audit', kind] - base:+.0f} ns",
            "aim: none")
        row("  an empty program, where calls return", f"{floor:+.0f} ns")
        own = best["ebpf", kind] - base
        row("  watched by ebpf", f"{own:+.0f} ns",
            f"{own - floor:+.0f} ns of its own" +
            ("; it is sent" if kind == "filtered, asked" else
             "; aim: at most 25"))


if __name__ == "__main__":
    main()
