#!/usr/bin/env -S python3 -B
"""Our seccomp.h against the installed one: each value that callers compile in;
and the functions of our library against both.

The arguments: the folder with ours, the system's library, ours, then the
compiler's words.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))

from tap import Tap  # noqa: E402

WANTED = re.compile(r"#define ((?:SCMP|__PNR|__SNR|__NR_SCMP)_\w+) +\S", re.M)
ENUM = ["SCMP_FLTATR_ACT_DEFAULT", "SCMP_FLTATR_ACT_BADARCH",
        "SCMP_FLTATR_CTL_NNP", "SCMP_FLTATR_CTL_TSYNC",
        "SCMP_FLTATR_API_TSKIP", "SCMP_FLTATR_CTL_LOG", "SCMP_FLTATR_CTL_SSB",
        "SCMP_FLTATR_CTL_OPTIMIZE", "SCMP_FLTATR_API_SYSRAWRC", "SCMP_CMP_NE",
        "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
        "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", "sizeof(struct scmp_arg_cmp)",
        "sizeof(enum scmp_compare)", "sizeof(struct scmp_version)",
        "SCMP_ACT_ERRNO(70000)", "SCMP_ACT_TRACE(70000)",
        "SCMP_A1_32(SCMP_CMP_EQ, -1).datum_a",
        "SCMP_A1_64(SCMP_CMP_EQ, -1).datum_a",
        "SCMP_A5_32(SCMP_CMP_MASKED_EQ, -1, -2).datum_b",
        "SCMP_A3(SCMP_CMP_GE, 4).arg", "SCMP_CMP(2, SCMP_CMP_LT, 3).op"]


def run(words, text):
    return subprocess.run(words, input=text, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def macros(compiler, options):
    """Names of values; those with arguments are in ENUM."""
    text = run([*compiler, *options, "-E", "-dM", "-x", "c", "-"],
               "#include <seccomp.h>\n")
    return [name for name in WANTED.findall(text)
            if name not in ("SCMP_CMP", "SCMP_SYS") and
            not re.fullmatch(r"SCMP_A\d|SCMP_CMP\d*", name)]


def values(compiler, options, names, folder):
    program = folder / "values"
    lines = []
    for name in names:
        # Newer than this system's kernel headers: nobody can use it here.
        call = name.removeprefix("__SNR_")
        guard = f"defined(__NR_{call}) || defined(__PNR_{call})" \
            if call != name else "1"
        lines.append(f'#if {guard}\n\tprintf("%s %lld\\n", "{name}", '
                     f"(long long)({name}));\n#endif\n")
    run([*compiler, *options, "-x", "c", "-w", "-o", str(program), "-"],
        "#include <seccomp.h>\n#include <stdio.h>\nint main(void)\n{\n" +
        "".join(lines) + "}\n")
    return dict(line.rsplit(" ", 1)
                for line in run([str(program)], "").splitlines())


def exported(library):
    return {line.split()[-1] for line in
            run(["nm", "-D", "--defined-only", library], "").splitlines()
            if " T " in line}


def functions(tap, folder, theirs, ours):
    header = (pathlib.Path(folder) / "seccomp.h").read_text()
    declared = set(re.findall(r"^[\w *]*?\b(\w*seccomp_\w+)\(", header, re.M))
    tap.ok(exported(ours) == declared and len(declared) == 39,
           f"{len(declared)} functions are declared, and exported",
           exported(ours) ^ declared)
    tap.ok(exported(theirs) <= exported(ours), "the system's are among them",
           exported(theirs) - exported(ours))
    needed = run(["readelf", "-d", ours], "")
    tap.ok("[libfyaml" not in needed and "[libcallgate" not in needed and
           "[libseccomp.so.2]" in needed,
           "it needs the C library, and nothing of ours", needed)


def main():
    ours, compiler = ["-I", sys.argv[1]], sys.argv[4:]
    tap = Tap()
    functions(tap, *sys.argv[1:4])
    names = macros(compiler, []) + ENUM
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        theirs = values(compiler, [], names, path)
        mine = values(compiler, ours, names, path)
    other = [f"{name}: {theirs[name]}, ours {mine.get(name)}"
             for name in theirs if mine.get(name) != theirs[name]]
    tap.ok(not other and len(theirs) > 700,
           f"{len(theirs)} values are those of the installed header", *other)
    for standard in ("c11", "gnu17"):
        run([*compiler, *ours, f"-std={standard}", "-Wall", "-Wextra",
             "-Werror", "-fsyntax-only", "-x", "c", "-"],
            "#include <seccomp.h>\n")
        tap.ok(True, f"it compiles as {standard} without a warning")
    run(["c++", *ours, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x",
         "c++", "-"], "#include <seccomp.h>\n")
    tap.ok(True, "and as C++")
    tap.done()


if __name__ == "__main__":
    main()
