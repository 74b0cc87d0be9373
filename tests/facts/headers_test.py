#!/usr/bin/env -S python3 -B
"""Every __NR_ of the installed kernel headers is a number of the library.

Usage: headers_test.py LIST-FACTS CC...
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from tap import Tap  # noqa: E402

# ABI, the options that make the compiler its compiler, the bit in the number
TARGETS = [("x86_64", ["-m64"], 0), ("i386", ["-m32"], 0),
           ("x32", ["-mx32"], 0x40000000)]
EXTRA = ["-idirafter", "/usr/include/x86_64-linux-gnu"]


def library(command):
    """{(ABI, call): number}"""
    text = subprocess.run([command], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {(row[0], row[3]): int(row[2]) for row in rows}


def headers(compiler, options):
    """{call: number} as the headers say, or None with the reason."""
    names = preprocess(compiler, options, "#include <asm/unistd.h>\n", "-dM")
    if names is None:
        return None
    # __NR_syscalls and __X32_SYSCALL_BIT are no calls.
    calls = sorted(set(re.findall(r"#define __NR_([a-z_]\w*) ", names))
                   - {"syscalls"})
    text = "#include <asm/unistd.h>\n" + "".join(
        f"= {call} __NR_{call}\n" for call in calls)
    values = re.findall(r"^= (\w+) (.+)$",
                        preprocess(compiler, options, text, "-P"), re.M)
    return {call: number(value) for call, value in values}


def number(text):
    """A sum of numbers, such as (0x40000000 + 512)."""
    return sum(int(word, 0) for word in re.findall(r"\w+", text))


def preprocess(compiler, options, text, how):
    run = subprocess.run([*compiler, *options, *EXTRA, "-E", how, "-xc", "-"],
                         input=text, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    return run.stdout if run.returncode == 0 else None


def main():
    tap, facts = Tap(), library(sys.argv[1])
    for abi, options, bit in TARGETS:
        known = headers(sys.argv[2:], options)
        name = f"numbers of {abi} as in the installed headers"
        if known is None:
            tap.skip(name, f"no kernel headers that work with {options[0]}")
            continue
        wrong = [f"{call}: headers {value}, library {facts.get((abi, call))}"
                 for call, value in known.items()
                 if facts.get((abi, call)) != value | bit]
        tap.ok(len(known) > 300 and not wrong, f"{name} ({len(known)})", *wrong)
    tap.done()


if __name__ == "__main__":
    main()
