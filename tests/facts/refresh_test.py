#!/usr/bin/env -S python3 -B
"""tools/refresh-tables adds what is new and refuses what contradicts."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))
from tap import ROOT, TOOLS, Tap  # noqa: E402

TABLE = ROOT / "data" / "syscalls.tbl"
NEW = "#define __NR_openat2 437\n#define __NR_frobnicate 4711\n"
CHANGED = "#define __NR_openat2 438\n"
TAKEN = "#define __NR_frobnicate 437\n"


def refresh(folder, text, *extra):
    """Run it on a copy of the table; (exit status, output, table)."""
    headers = folder / "x86_64-linux-gnu" / "asm"
    headers.mkdir(parents=True, exist_ok=True)
    (headers / "unistd.h").write_text(text)
    copy = folder / "syscalls.tbl"
    shutil.copy(TABLE, copy)
    run = subprocess.run([TOOLS / "refresh-tables", "--kernel", "9.1",
                          "--table", copy, *extra, folder],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    return run.returncode, run.stdout, copy.read_text()


def main():
    tap, old = Tap(), TABLE.read_text()
    if not shutil.which("clang"):
        tap.skip("tools/refresh-tables", "it needs clang")
        tap.done()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        status, text, table = refresh(folder, NEW)
        tap.ok(status == 0 and "frobnicate on x86_64 is 4711" in text,
               "a new call is reported", text)
        lines = set(table.splitlines()) - set(old.splitlines())
        tap.ok(lines == {"kernel 9.1", "frobnicate 9.1", "\t4711 x86_64"},
               "and added, and nothing else changes", lines)
        status, text, table = refresh(folder, NEW, "--dry-run")
        tap.ok(status == 0 and table == old, "a dry run writes nothing", text)
        for what, header in [("another number", CHANGED),
                             ("a number that is taken", TAKEN)]:
            status, text, table = refresh(folder, header)
            tap.ok(status == 1 and table == old and "on x86_64" in text,
                   f"{what} is refused", text)
    tap.done()


if __name__ == "__main__":
    main()
