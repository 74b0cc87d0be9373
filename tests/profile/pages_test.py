#!/usr/bin/env -S python3 -B
"""aarch64: no call is lost behind an address that is made of two halves.

Usage: pages_test.py CALLGATE
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from pages import CASES, STILL, source  # noqa: E402
from tap import Tap  # noqa: E402

TOOL = "aarch64-linux-gnu-"


class Builder:
    def __init__(self, callgate, folder):
        self.callgate, self.folder = callgate, folder

    def build(self, case, *words):
        """The program, or why there is none."""
        text, made = self.folder / "case.s", self.folder / "case.o"
        text.write_text(source(case))
        for command in ([TOOL + "as", "-o", made, text],
                        [TOOL + "ld", *words, "-z", "notext", "-o",
                         self.folder / "program", made]):
            ran = subprocess.run([str(word) for word in command], check=False,
                                 capture_output=True, text=True)
            if ran.returncode:
                return ran.stderr
        return ""

    def lacks(self, *options):
        """What is wrong with its profile."""
        ran = subprocess.run([self.callgate, "profile", "-f", "names",
                              "--no-cache", *options,
                              str(self.folder / "program")], check=False,
                             capture_output=True, text=True, timeout=60)
        return "" if "acct" in ran.stdout.split() else ran.stdout + ran.stderr


def try_case(tap, builder, case, kind, *words):
    name = f"{case.name}, {kind}"
    why = builder.build(case, *words)
    if why:
        tap.ok(False, f"{name}: builds", why)
        return
    found = [builder.lacks()]
    subprocess.run([TOOL + "strip", str(builder.folder / "program")],
                   check=True)
    found.append(builder.lacks())
    tap.ok(not any(found), name, *found)


def main():
    tap = Tap()
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    if not shutil.which(TOOL + "as"):
        tap.skip("pages", f"{TOOL}as is not installed")
        tap.done()
    with tempfile.TemporaryDirectory(prefix="callgate-pages-") as name:
        builder = Builder(callgate, pathlib.Path(name))
        for case in CASES + STILL:
            try_case(tap, builder, case, "static", "-static")
        for case in CASES:
            try_case(tap, builder, case, "moves", "-pie",
                     "--no-dynamic-linker")
    tap.done()


if __name__ == "__main__":
    main()
