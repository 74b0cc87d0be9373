#!/usr/bin/env -S python3 -B
"""tools/gen-tables stops at a wrong fact, and says where it stands."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))
from tap import ROOT, TOOLS, Tap  # noqa: E402

# What goes wrong, the table, what stands there, what comes in its place, and
# what the complaint must say.
ROWS = [
    ("a number twice", "syscalls.tbl", "\n\t437 x86_64", "\n\t436 x86_64",
     "number 436 on x86_64 is"),
    ("no number", "syscalls.tbl", "\n\t437 x86_64", "\n\t43x x86_64",
     "'43x' is no number"),
    ("an unknown column", "syscalls.tbl", "\n\t437 x86_64", "\n\t437 z80",
     "'z80' is not known"),
    ("newer than the newest", "syscalls.tbl", "\nopenat2 5.6", "\nopenat2 9.9",
     "newer than 'kernel'"),
    ("a call twice", "syscalls.tbl", "\nopenat2 5.6", "\nopenat 5.6",
     "'openat' stands here twice"),
    ("a call in no group", "groups.tbl", " openat2", "", "in no group: openat2"),
    ("a call in two groups", "groups.tbl", " openat2", " openat2 mount",
     "'mount' is in @file-read already"),
    ("an unknown type", "args.tbl", "openat2 int dfd", "openat2 imt dfd",
     "type 'imt' is not in types.tbl"),
    ("a pointless override", "flags/files.tbl", "sparc,sparc64,alpha=0x400\n",
     "sparc,sparc64,alpha=0x200\n", "says what holds anyway"),
    ("an unknown set", "argflags.tbl", "openat\t\t\t2\t\topen",
     "openat\t\t\t2\t\topem", "'opem' is not known; open"),
    ("no such argument", "argflags.tbl", "openat\t\t\t2\t\topen",
     "openat\t\t\t5\t\topen", "5 is not in 0..3"),
    ("a guest before its host", "arch.tbl", "yes yes x86_64  i386",
     "yes yes x86_65  i386", "native ABI 'x86_65' has no row above"),
    ("a value past its mask", "multiplexers.tbl", "0xffff\t\t24",
     "0xffff\t\t0x10000", "has bits that the mask drops"),
    ("an alias of nothing", "aliases.tbl", "newfstatat", "newfstatatt",
     "'newfstatatt' is not known; newfstatat"),
    ("a twin twice", "twins.tbl", "chown chown32", "chown chown32 lchown",
     "'lchown' stands here twice"),
    ("a preset without a word about it", "policies/strict.yml", "# nothing",
     "#nothing", "the first line must be"),
]


def generate(data, output):
    run = subprocess.run([TOOLS / "gen-tables", data, output], check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    return run.returncode, run.stdout


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        data, output = pathlib.Path(name) / "data", pathlib.Path(name) / "t.c"
        shutil.copytree(ROOT / "data", data)
        status, text = generate(data, output)
        tap.ok(status == 0 and not text, "the tables as they are", text)
        output.unlink()
        for what, table, old, new, want in ROWS:
            path = data / table
            right = path.read_text(encoding="utf-8")
            path.write_text(right.replace(old, new, 1), encoding="utf-8")
            status, text = generate(data, output)
            tap.ok(right.count(old) and status == 1 and want in text and
                   table in text and not output.exists(), what, text)
            path.write_text(right, encoding="utf-8")
    tap.done()


if __name__ == "__main__":
    main()
