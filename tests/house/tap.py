"""Say how a test in Python went, in TAP, as tests/tap.h does for C."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / "tools"


class Tap:
    def __init__(self):
        self.count = self.failed = 0
        # As most have it: what tests write, another user is to read.
        os.umask(0o022)

    def ok(self, passed, name, *notes):
        self.count += 1
        self.failed += not passed
        if not passed:
            for note in notes:
                for line in str(note).splitlines():
                    print(f"# {line}")
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)
