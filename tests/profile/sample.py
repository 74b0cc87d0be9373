#!/usr/bin/env -S python3 -B
"""How many calls programs have, on the mean: the sample of Debian's in sample.tbl.

Usage: sample.py CALLGATE [COUNT [WAY]...]

The first COUNT (80) of them: from the start, once main runs, and with all data; or
only those ways, by their numbers from 0. The lists hold the modules of name services
or not, as --no-modules says. A program that is not installed is named, and not counted.
"""

import collections
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def sample(count):
    rows = (HERE / "sample.tbl").read_text().splitlines()
    return [row.split()[1] for row in rows if row[0] != "#"][:count]


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
    ways = [WAYS[int(way)] for way in sys.argv[3:]] or WAYS
    for program in sample(int(sys.argv[2]) if len(sys.argv) > 2 else 80):
        if not pathlib.Path(program).exists():
            print(f"{program}: not installed")
            continue
        counts = [count(callgate, program, *options) for _, options in ways]
        print(f"{program}: {counts}", flush=True)
        if None not in counts:
            for (name, _), number in zip(ways, counts):
                figures[name].append(number)
    for name, numbers in figures.items():
        print(f"{name}: {len(numbers)} programs, mean "
              f"{statistics.mean(numbers):.1f}, median "
              f"{statistics.median(numbers)}, at most {max(numbers)}")


if __name__ == "__main__":
    main()
