#!/usr/bin/env -S python3 -B
"""How long a profile takes, and what memory: profile_bench.py CALLGATE [FILE...]

The usual programs of this machine, or FILEs: without what is kept of libraries, with
it, and beside them what objdump takes to only print the code of the same files. Time
is that of processors, which other work on the machine does not change much; the least
of some rounds. Then rows for tools/plot.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = ("true ls git curl nginx redis-server python3 gdb kubectl "
            "/usr/lib/chromium/chromium").split()
ROUNDS, SLOW = 3, 3  # what takes more seconds than that is measured once


def run(words, env):
    """Seconds of processors, and MB, of one run."""
    with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as child:
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def least(words, env, rounds):
    best = run(words, env)
    for _ in range(rounds - 1):
        if best[0] > SLOW:
            break
        best = min(best, run(words, env))
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


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    names = sys.argv[2:] or PROGRAMS
    paths = filter(None, map(shutil.which, names))
    rows = []
    print("A profile, beside objdump -d of the same files; seconds of "
          f"processors, the least of {ROUNDS} rounds.\n")
    print(f"{'program':14} {'files':>5} {'code MB':>8} {'cold':>7} {'kept':>7} "
          f"{'objdump':>8} {'MB':>6}")
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as folder:
        env = dict(os.environ, XDG_CACHE_HOME=folder)
        for path in map(os.path.realpath, paths):
            files, size = code_of(callgate, path, env)
            if not files:
                continue
            profile = [callgate, "profile", "-f", "names"]
            cold = least([*profile, "--no-cache", path], env, ROUNDS)
            warm = least([*profile, path], env, ROUNDS)
            other = least(["objdump", "-d", *files], env, 1)
            print(f"{os.path.basename(path)[:14]:14} {len(files):5} {size:8.1f} "
                  f"{cold[0]:7.2f} {warm[0]:7.2f} {other[0]:8.1f} "
                  f"{cold[1]:6.0f}", flush=True)
            rows.append((size, cold[0], cold[1]))
    print("\n# profile | MB of code | time of processors | s | memory | MB")
    for row in sorted(rows):
        print("%.2f %.3f %.0f" % row)


if __name__ == "__main__":
    main()
