#!/usr/bin/env -S python3 -B
"""How many calls programs have, on the mean: a sample of those that are installed.

Usage: sample.py CALLGATE [COUNT]

Every so-manieth ELF program of /usr/bin and /usr/sbin, COUNT (80) in all: from the
start, once main runs, and with all data. The lists hold the modules of name services
or not, as --no-modules says.
"""

import collections
import json
import pathlib
import statistics
import subprocess
import sys


def is_program(path):
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(4) == b"\x7fELF"
    except OSError:
        return False


def sample(count):
    found = {path.resolve() for folder in ("/usr/bin", "/usr/sbin")
             for path in pathlib.Path(folder).iterdir() if is_program(path)}
    # What is named alike is often one program many times.
    kept = sorted({path.stat().st_ino: path for path in sorted(found)}.values())
    step = max(1, len(kept) // count)
    return kept[::step][:count]


def count(callgate, program, *options):
    try:
        ran = subprocess.run([callgate, "profile", "--json", *options,
                              str(program)], check=False, timeout=300,
                             capture_output=True, text=True)
        calls = json.loads(ran.stdout)["calls"]
    except (ValueError, subprocess.TimeoutExpired):
        return None
    return sum(call["evidence"] != "kernel" for call in calls)


WAYS = [("from the start", ["--no-modules"]),
        ("once main runs", ["--no-modules", "--after=main"]),
        ("once main runs, with NSS modules", ["--after=main"]),
        ("all data", ["--no-modules", "--data=all"])]


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    figures = collections.defaultdict(list)
    for program in sample(int(sys.argv[2]) if len(sys.argv) > 2 else 80):
        counts = [count(callgate, program, *options) for _, options in WAYS]
        print(f"{program}: {counts}", flush=True)
        if None not in counts:
            for (name, _), number in zip(WAYS, counts):
                figures[name].append(number)
    for name, numbers in figures.items():
        print(f"{name}: {len(numbers)} programs, mean "
              f"{statistics.mean(numbers):.1f}, median "
              f"{statistics.median(numbers)}")


if __name__ == "__main__":
    main()
