#!/usr/bin/env -S python3 -B
"""How long a profile takes, and what memory: profile_bench.py CALLGATE [FILE...]

The usual programs of this machine, or FILEs, each four times: without any cache
(cold), with what is kept of the libraries alone (libraries), with the answer that is
kept (again), and beside them objdump that only prints the code of the same files.
Time is that of processors, which other work on the machine does not change much, and
the least of some rounds; figures that are wanted stand behind it. Then rows for
tools/plot.

With --sample [COUNT]: a sample of the machine's programs, COUNT (80) of them, cold;
their median and 90th percentile.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "profile"))

from sample import sample  # noqa: E402

# What is wanted: seconds cold, seconds with a cache, MB.
PROGRAMS = {
    "true": (0.1, 0.05, 150), "cat": (1, 0.05, 150), "ls": (1, None, 150),
    "sqlite3": (1, None, 150), "git": (1, None, 150), "curl": (3, 0.3, 150),
    "nginx": (3, None, 150), "redis-server": (3, None, 150),
    "python3": (3, None, 150), "gdb": (3, None, 150),
    "kubectl": (5, None, None), "podman": (5, None, None),
    "/usr/lib/chromium/chromium": (10, None, 1500),
}
ROUNDS, SLOW = 3, 3  # what takes more seconds than that is measured once


def run(words, env):
    """Seconds of processors, and MB, of one run."""
    with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as child:
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def least(words, env, rounds, before=lambda: None):
    best = (float("inf"), 0)
    for _ in range(rounds):
        before()
        best = min(best, run(words, env))
        if best[0] > SLOW:
            break
    return best


def code_of(callgate, path, env):
    """The files that a profile reads, and the MB of code in them."""
    ran = subprocess.run([callgate, "profile", "--json", path], env=env,
                         capture_output=True, text=True, check=False)
    if not ran.stdout:
        return None, 0
    files = [image["path"] for image in json.loads(ran.stdout)["images"]]
    size = 0
    for one in files:
        lines = subprocess.run(["readelf", "-lW", one], capture_output=True,
                               text=True, check=False).stdout.splitlines()
        size += sum(int(line.split()[4], 16) for line in lines
                    if line.split()[:1] == ["LOAD"] and " E " in line)
    return files, size / 1e6


def forget_answers(folder):
    for one in pathlib.Path(folder, "callgate").glob("*"):
        if one.read_bytes()[:15] == b"callgate answer":
            one.unlink()


def beside(seconds, wanted):
    """A figure, and behind it the one that is wanted, if there is one."""
    return f"{seconds:.2f}" + (f" ({wanted:g})" if wanted else "")


def measure(callgate, path, wanted, folder):
    env = dict(os.environ, XDG_CACHE_HOME=folder)
    files, size = code_of(callgate, path, env)
    if not files:
        return None
    profile = [callgate, "profile", "-f", "names"]
    cold = least([*profile, "--no-cache", path], env, ROUNDS)
    known = least([*profile, path], env, ROUNDS, lambda: forget_answers(folder))
    again = least([*profile, path], env, ROUNDS)
    other = least(["objdump", "-d", *files], env, 1)
    print(f"{os.path.basename(path)[:12]:12} {len(files):5} {size:7.1f} "
          f"{beside(cold[0], wanted[0]):>12} {known[0]:9.2f} "
          f"{beside(again[0], wanted[1]):>12} {other[0]:8.1f} "
          f"{cold[1]:6.0f} {f'({wanted[2]})' if wanted[2] else '':>6}",
          flush=True)
    return size, cold[0], cold[1]


def measure_sample(callgate, count):
    profile = [callgate, "profile", "--no-cache", "-f", "names"]
    taken = []
    for path in sample(count):
        seconds, size = run([*profile, str(path)], os.environ)
        print(f"{seconds:7.2f} s {size:6.0f} MB  {path}", flush=True)
        taken.append((seconds, size))
    for name, figures, wanted in (
            ("seconds", [one[0] for one in taken], "1 and 3"),
            ("MB", [one[1] for one in taken], "150 typically")):
        tenths = statistics.quantiles(figures, n=10, method="inclusive")
        print(f"{len(taken)} programs, {name}: median "
              f"{statistics.median(figures):.2f}, 90 % below {tenths[8]:.2f}, "
              f"the most {max(figures):.2f}; wanted are {wanted}")


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    if sys.argv[2:3] == ["--sample"]:
        measure_sample(callgate, int(sys.argv[3]) if sys.argv[3:] else 80)
        return
    names = sys.argv[2:] or PROGRAMS
    rows = []
    print("A profile, beside objdump -d of the same files; seconds of "
          f"processors, the least of {ROUNDS} rounds\n(what is wanted).\n")
    print(f"{'program':12} {'files':>5} {'code MB':>7} {'cold':>12} "
          f"{'libraries':>9} {'again':>12} {'objdump':>8} {'MB':>6}")
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as folder:
        for name in names:
            path = shutil.which(name)
            row = path and measure(callgate, os.path.realpath(path),
                                   PROGRAMS.get(name, (None, None, None)),
                                   folder)
            if row:
                rows.append(row)
    print("\n# profile | MB of code | time of processors | s | memory | MB")
    for row in sorted(rows):
        print("%.2f %.3f %.0f" % row)


if __name__ == "__main__":
    main()
