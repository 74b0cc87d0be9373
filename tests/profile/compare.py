#!/usr/bin/env -S python3 -B
"""What precision is worth: how many calls a program has by three rules.

Usage: compare.py CALLGATE [PROGRAM]...

ours: the profile. all data: the same, with all data taken for used and no constants
followed, which is how sysfilter counts. all code: the numbers that any code of the
program and its libraries moves into the register and enters the kernel with, wherever
it is; found with objdump, so without those that come from callers. All without the
modules of name services, and from the start of the program.
"""

import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys

PROGRAMS = ["true", "cat", "ls", "git", "sqlite3", "curl", "nginx",
            "redis-server", "tar", "ssh", "perl", "python3"]

# Instructions between the number and its use, at most; a label ends the search.
BACK = 40
NUMBER = re.compile(r"\bmov +\$0x([0-9a-f]+),%[er]ax$")
ENTRY = re.compile(r"\tsyscall *$")


def names(callgate, program, *options):
    ran = subprocess.run([callgate, "profile", "--json", "--no-modules",
                          "--images", *options, program], check=False,
                         capture_output=True, text=True, timeout=300)
    report = json.loads(ran.stdout)
    calls = {call["name"] for call in report["calls"]
             if call["evidence"] != "kernel"}
    return calls, [image["path"] for image in report["images"]]


@functools.cache
def in_code(path):
    """The numbers that the code of a file enters the kernel with."""
    listed = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path],
                            check=True, capture_output=True, text=True)
    lines, found = listed.stdout.splitlines(), set()
    for at, line in enumerate(lines):
        if not ENTRY.search(line):
            continue
        for before in reversed(lines[max(0, at - BACK):at]):
            number = NUMBER.search(before)
            if number:
                found.add(int(number[1], 16))
            if number or not before.startswith(" "):
                break
    return frozenset(found)


def row(callgate, program):
    ours, images = names(callgate, program)
    data, _ = names(callgate, program, "--data=all")
    code = frozenset().union(*(in_code(image) for image in images))
    return [len(ours), len(data), len(code)]


def main():
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    print(f"{'program':16}{'ours':>6}{'all data':>10}{'all code':>10}")
    for name in sys.argv[2:] or PROGRAMS:
        program = shutil.which(name)
        if not program or not shutil.which("objdump"):
            print(f"{name:16}not installed, or objdump is not")
            continue
        counts = row(callgate, program)
        print(f"{name:16}{counts[0]:>6}{counts[1]:>10}{counts[2]:>10}",
              flush=True)


if __name__ == "__main__":
    main()
