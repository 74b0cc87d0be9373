#!/usr/bin/env -S python3 -B
"""What precision removes: each call that --data=all adds, and why it is left out.

Usage: report.py CALLGATE [PROGRAM]...

For people to read: a rule that leaves out what it must not shows itself here first.
Without programs, those of real_test.py. First how many calls each program loses, then
each place where a way is cut once, with all the calls and programs that it concerns;
docs/precision.md says what came of reading it.
"""

import collections
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from real_test import WORKS, subject  # noqa: E402

# "NAME: left out where the way HOW PLACE:", its reason, and how to keep it.
CUT = re.compile(r"^(\w+): left out where the way (.*?) (\S+):\n(.*?)\n"
                 r"--data=all keeps it\.$", re.MULTILINE | re.DOTALL)


def installed():
    """The programs of the workloads that this machine has, once each."""
    found = []
    for work in WORKS:
        if all(map(shutil.which, work.needs or [work.command.split()[0]])):
            found.append(str(subject(work)))
    return list(dict.fromkeys(found))


def cuts(callgate, program):
    """(call, how, place, reason) of each; or why there are none."""
    try:
        ran = subprocess.run([callgate, "profile", "--why-not", "all", program],
                             check=False, capture_output=True, text=True,
                             timeout=600)
    except subprocess.TimeoutExpired:
        return [], "took more than 600 seconds"
    found = [(call, how, place, " ".join(reason.split()))
             for call, how, place, reason in CUT.findall(ran.stdout)]
    return found, "" if ran.returncode in (0, 1) else ran.stderr


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    places = collections.defaultdict(lambda: collections.defaultdict(set))
    failed = False
    for program in sys.argv[2:] or installed():
        found, error = cuts(callgate, program)
        failed |= bool(error)
        print(f"{program}: {len(found)} calls left out {error}", flush=True)
        for call, how, place, reason in found:
            places[reason, how, place][call].add(program.rsplit("/", 1)[-1])
    for (reason, how, place), calls in sorted(places.items()):
        programs = sorted(set().union(*calls.values()))
        print(f"\n{how} {place}\n  {reason}\n  calls: "
              f"{' '.join(sorted(calls))}\n  programs: {' '.join(programs)}")
    rules = collections.Counter()
    for (reason, _, _), calls in places.items():
        rules[reason] += sum(map(len, calls.values()))
    print()
    for reason, count in rules.most_common():
        print(f"{count} calls of programs: {reason}")
    print(f"\n{sum(len(programs) for calls in places.values() for programs in calls.values())} "
          f"calls of programs, at {len(places)} places")
    sys.exit(failed)


if __name__ == "__main__":
    main()
