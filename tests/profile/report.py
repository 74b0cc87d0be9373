#!/usr/bin/env -S python3 -B
"""What precision removes: each call that --data=all adds, and why it is left out.

Usage: report.py CALLGATE [PROGRAM]...

For people to read: a rule that leaves out what it must not shows itself here first.
Without programs, those of real_test.py.
"""

import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from real_test import WORKS  # noqa: E402


def ran(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True,
                          timeout=600)


def count(callgate, program, *options):
    out = ran(callgate, "profile", "--json", *options, program)
    calls = json.loads(out.stdout)["calls"] if out.stdout else []
    return sum(call["evidence"] != "kernel" for call in calls)


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    programs = sys.argv[2:] or [
        name for work in WORKS for name in work.needs or
        [work.command.split()[0]]]
    for name in dict.fromkeys(programs):
        path = shutil.which(name)
        if not path:
            print(f"== {name}: not installed\n")
            continue
        some, every = (count(callgate, path, f"--data={mode}")
                       for mode in ("reached", "all"))
        print(f"== {name}: {some} calls; {every} with all data\n", flush=True)
        print(ran(callgate, "profile", "--why-not", "all", path).stdout,
              flush=True)


if __name__ == "__main__":
    main()
