#!/usr/bin/env -S python3 -B
"""The files of other systems compile, for each system, against stub headers.

This shows that the conditions and types are right, and nothing more: what they
do is shown by tests/unit/noproc_test.c, with a libc that is played.
"""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# What is built on each system; linux.c needs the rest of the library.
COMMON = ["base/fail.c", "noproc/noproc.c", "noproc/serve.c",
          "noproc/rlimit.c"]
STEPS = ["freebsd", "macos", "netbsd", "openbsd", "solaris", "windows"]
# A symbol that is there only if the system's own part was compiled.
SYSTEMS = [
    ("freebsd", "x86_64-unknown-freebsd14", "noproc_freebsd_os"),
    ("netbsd", "x86_64-unknown-netbsd10", "noproc_netbsd_os"),
    ("openbsd", "x86_64-unknown-openbsd7", "noproc_openbsd_os"),
    ("solaris", "x86_64-pc-solaris2.11", "noproc_solaris_os"),
    ("macos", "x86_64-apple-macos13", "noproc_macos_os"),
    ("macos", "arm64-apple-macos13", "noproc_macos_os"),
]
OPTIONS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-ffreestanding",
           "-nostdlibinc", "-isystem", str(HERE / "stubs"),
           f"-I{ROOT / 'include'}", f"-I{ROOT / 'src'}"]


def assembly(clang, target, source):
    """The assembly text of one file, or None, with the compiler's words."""
    built = subprocess.run(
        [clang, f"--target={target}", *OPTIONS, "-S", "-o", "-",
         str(ROOT / "src" / source)],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return built.stdout if built.returncode == 0 else None, built.stderr


def main():
    clang = shutil.which("clang")
    if not clang:
        print("1..0 # SKIP no clang, which compiles for other systems")
        return 0
    failed = 0
    for number, (name, target, symbol) in enumerate(SYSTEMS, 1):
        texts, words = [], []
        for source in COMMON + [f"noproc/{step}.c" for step in STEPS]:
            text, said = assembly(clang, target, source)
            texts.append(text)
            words.append(said)
        ok = None not in texts and any(f"{symbol}:" in text for text in texts)
        for line in "".join(words).splitlines():
            print(f"# {line}")
        print(f"{'ok' if ok else 'not ok'} {number} - {name} ({target})")
        failed += not ok
    print(f"1..{len(SYSTEMS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
