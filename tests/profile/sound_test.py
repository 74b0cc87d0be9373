#!/usr/bin/env -S python3 -B
"""Each small program's call is found: with symbols and without, and with all data.

Usage: sound_test.py CALLGATE [--long]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from cases import CASES  # noqa: E402
from tap import Tap  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent

# One compiler and level a row. The long ones are all there are; else each case
# has its turn with one of the usual ones.
USUAL = [("gcc", "-O2"), ("gcc", "-O0"), ("clang", "-O2")]
LONG = [(cc, level) for cc in ("gcc", "clang")
        for level in ("-O0", "-O1", "-O2", "-O3", "-Os")]
LIBC_USUAL = [("gcc", "-O2")]

# What may take the place of a call that was not found.
GAPS = ("number", "pointer", "symbol", "library", "modules")



def strip(program):
    subprocess.run(["strip", str(program)], check=True)


def cut_sections(program):
    """No section headers: only what the kernel and the loader need is there."""
    data = bytearray(program.read_bytes())
    wide = data[4] == 2
    for start, end in ((40, 48), (58, 64)) if wide else ((32, 36), (46, 52)):
        data[start:end] = bytes(end - start)
    program.write_bytes(data)


# What is done to the program, each on top of the one before, and the options.
MODES = [("with symbols", None, []), ("stripped", strip, ["--no-debug"]),
         ("all data", None, ["--no-debug", "--data=all"]),
         ("without section headers", cut_sections, ["--no-debug"])]


def numbers(callgate):
    """-DNR_name=number for all calls of this machine."""
    listed = subprocess.run([callgate, "syscalls", "--json"], check=True,
                            capture_output=True, text=True)
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    return "".join(f"#define NR_{row['name']} {row['nr']}\n" for row in rows)


class Builder:
    def __init__(self, folder, callgate):
        self.folder, self.callgate = folder, callgate
        (folder / "numbers.h").write_text(numbers(callgate))

    def compile(self, compiler, case, words):
        plus = {"gcc": "g++", "clang": "clang++"}
        command = [plus[compiler] if case.language == "c++" else compiler,
                   "-w", "-I", str(HERE), "-include",
                   str(self.folder / "numbers.h"), *words]
        return subprocess.run(command, cwd=self.folder, check=False,
                              capture_output=True, text=True)

    def source(self, case, name, text):
        path = self.folder / f"{name}.{'cc' if case.language == 'c++' else 'c'}"
        path.write_text(text)
        return str(path)

    def build(self, case, compiler, level):
        """The program, or why there is none."""
        flags = [flag for flag in case.flags if flag.startswith("-")]
        program = self.folder / "program"
        words = [level, *flags, "-o", str(program)]
        if case.bare:
            words += ["-DBARE", "-nostdlib", "-nostartfiles", "-fno-builtin",
                      "-fno-stack-protector"]
            if "-static" not in flags:
                words += ["-static-pie", "-fPIE"]
        if case.library:
            library = self.source(case, "library", '#include "common.h"\n' +
                                  case.library)
            built = self.compile(compiler, case, [
                level, "-fPIC", "-shared", "-DLIBRARY", "-o", "libcase.so", library])
            if built.returncode:
                return None, built.stderr
        words.append(self.source(case, "case", '#include "common.h"\n' +
                                 case.source))
        if case.library:
            words += [str(self.folder / "libcase.so"), "-Wl,-rpath,$ORIGIN"]
        built = self.compile(compiler, case, words + ["-pthread"])
        return (program, "") if not built.returncode else (None, built.stderr)

    def profile(self, program, options):
        ran = subprocess.run([self.callgate, "profile", "--json", "--no-cache", *options,
                              str(program)], check=False, capture_output=True,
                             text=True, timeout=120)
        if ran.returncode not in (0, 1):
            return None, ran.stderr
        return json.loads(ran.stdout), ran.stderr


def lost(case, profile):
    """The wanted calls that are neither listed nor said to be missing."""
    have = {call["name"] for call in profile["calls"]}
    have |= {f"{call['abi']}:{call['name']}" for call in profile["calls"]}
    gap = any(gap["open"] and gap["kind"] in GAPS for gap in profile["gaps"])
    missing = [name for name in case.wants if name not in have]
    return [] if case.or_gap and gap else missing


def try_case(tap, builder, case, compiler, level, modes=tuple(MODES)):
    name = f"{case.name}, {compiler} {level}"
    program, why = builder.build(case, compiler, level)
    if not program:
        tap.ok(False, f"{name}: builds", why)
        return
    bad, notes = [], []
    for mode, change, options in modes:
        if change:
            change(program)
        profile, errors = builder.profile(program, options)
        if profile is None:
            bad.append(f"{mode}: failed: {errors}")
            continue
        missing = lost(case, profile)
        extra = [call["name"] for call in profile["calls"]
                 if call["name"] in case.without]
        if extra and level == "-O2" and not options:
            bad.append(f"{mode}: holds {', '.join(extra)}")
        if not all(call["name"] for call in profile["calls"]):
            bad.append(f"{mode}: holds a number that is no call")
        if missing:
            bad.append(f"{mode}: lost {', '.join(missing)}")
            notes.append(errors)
    tap.ok(not bad, name, *bad, *notes)


def suits(case, ways):
    """The ways to build a case that only one compiler understands."""
    named = [cc for cc in ("gcc", "clang") if cc in case.flags]
    return [(named[0] if named else cc, level) for cc, level in ways]


def main():
    long = "--long" in sys.argv
    only = sys.argv[-1] if len(sys.argv) > 2 and not long else ""
    callgate = str(pathlib.Path(sys.argv[1]).resolve())
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-profile-") as folder:
        builder = Builder(pathlib.Path(folder), callgate)
        for index, case in enumerate(CASES):
            if only not in case.name:
                continue
            ways = (LONG if long else [USUAL[index % len(USUAL)]]
                    if case.bare else LIBC_USUAL)
            for compiler, level in suits(case, ways):
                if shutil.which(compiler):
                    try_case(tap, builder, case, compiler, level,
                             MODES if long or case.bare else MODES[:2])
    for compiler in ("gcc", "clang"):
        if not shutil.which(compiler):
            tap.skip(compiler, f"{compiler} is not installed")
    tap.done()


if __name__ == "__main__":
    main()
