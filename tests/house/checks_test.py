#!/usr/bin/env -S python3 -B
"""Does each check see the violation that it is for?

A row is a small tree which is right but for one thing. Each check must also
let the tree pass that is right in everything.
"""

import pathlib
import subprocess
import tempfile

from tap import TOOLS, Tap

HEADER = """\
#ifndef CALLGATE_A_H
#define CALLGATE_A_H
#define CG_API __attribute__((visibility("default")))

/* What a caller must know. */
CG_API int cg_a(int number);

#endif
"""
DUMP = ("run\\t\\tCOMMAND\\tstart it\\n"
        "run\\t-p, --policy\\tFILE\\tthe policy\\n"
        "ps\\t\\t\\twho is confined\\n")
COMMAND = f"""\
#!/bin/sh
case $* in
--dump-cli) printf '{DUMP}' ;;
--help) printf '  run   start it\\n  ps    who is confined\\n' ;;
'run --help') printf '  -p, --policy FILE  the policy\\n' ;;
esac
"""
MANUAL = """\
callgate(1)

*callgate run*, *callgate ps*

*-p*, *--policy* _FILE_
\tthe policy

\tcallgate run --policy a.yml -- true --what
"""
FUNCTION = "int {name}(void)\n{{\n{body}\treturn 0;\n}}\n"

# The tree that is right. A row replaces or adds files; None takes one away.
CLEAN = {
    "include/callgate/a.h": HEADER,
    "include/callgate/callgate.h": "#include <callgate/a.h>\n",
    "src/base/one.c": '#include "base/one.h"\n\n#include <string.h>\n',
    "src/base/one.h": "int one(void);\n",
    "src/sys/two.c": '#include <fcntl.h>\n\n#include "base/one.h"\n',
    "src/cli/main.c": "#include <callgate/a.h>\n\n"
                      '#include "base/one.h"\n#include "cli/main.h"\n',
    "src/cli/main.h": "int x(void);\n",
    "README.md": "# One thing\n\n[a](#one-thing) [b](NEWS.md#news)\n\n"
                 "    callgate run -- true\n",
    "NEWS.md": "# News\n",
    "docs/callgate.1.scd": MANUAL,
    "docs/meson.build": "['callgate.1']\n",
    "command": COMMAND,
    "completion": "run ps -p --policy\n",
    ".clang-format": "BasedOnStyle: LLVM\nUseTab: Always\nIndentWidth: 8\n"
                     "BreakBeforeBraces: Linux\n",
}
DOCS = ["--command", "@/command", "--completions", "@/completion"]


def include(path, target):
    return {path: f'#include "{target}"\n'}


def many(count, body):
    return "".join(FUNCTION.format(name=f"f{i}", body=body)
                   for i in range(count))


# check, its arguments, the files, what it says
ROWS = [
    ("floors", [], include("src/base/bad.c", "doc/doc.h"), "not below it"),
    ("floors", [], include("src/abi/bad.c", "doc/doc.h"), "not below it"),
    ("floors", [], include("src/prove/bad.c", "compile/emit.h"),
     "prove judges compile"),
    ("floors", [], include("src/compile/bad.c", "prove/walk.h"),
     "not below it"),
    ("floors", [], include("src/bpf/sim.c", "policy/model.h"),
     "the simulator judges the policy"),
    ("floors", [], include("src/policy/eval.c", "compile/emit.h"),
     "eval is the reference"),
    ("floors", [], include("src/policy/eval.c", "prove/walk.h"),
     "eval is the reference"),
    ("floors", [], include("src/cli/bad.c", "policy/model.h"),
     "the command is a customer"),
    ("floors", [], include("src/sys/bad.c", "run/launch.h"), "not below it"),
    ("floors", [], include("src/base/bad.c", "callgate/a.h"), "say <callgate"),
    ("floors", [], include("src/base/bad.c", "one.h"), "names no floor"),
    ("floors", [], include("src/base/bad.c", "attic/one.h"), "has no floor"),
    ("floors", [], {"src/attic/bad.c": "\n"}, "stands on no floor"),
    ("floors", [], {"include/callgate/b.h": '#include "base/one.h"\n'},
     "in a public header"),
    ("floors", [], {"include/callgate/b.h": "#include <sys/types.h>\n"},
     "ties it to one system"),
    ("floors", [], {"src/bpf/bad.c": "#include <fcntl.h>\n"},
     "bad.c:1: <fcntl.h> below sys"),
    ("floors", [], {"src/doc/bad.c": "#include <sys/stat.h>\n"}, "below sys"),
    ("floors", [], {"src/doc/bad.c": "\n\nint f(void) { return open(); }\n"},
     "bad.c:3: open reaches a file"),
    ("floors", [], {"src/doc/bad.c": "int f(void) { return getenv(0); }\n"},
     "environment"),
    ("floors", [], {"src/doc/bad.c": "int f(void) { return time (0); }\n"},
     "clock"),
    ("floors", [], {"src/doc/bad.c": "void f(void) { exit(1); }\n"},
     "process"),
    ("floors", [], {"src/doc/bad.c": "void f(void) { fputs(0, stderr); }\n"},
     "stderr reaches a file"),
    ("floors", [], {"src/doc/bad.c": "static int counter;\n"}, "state"),
    ("floors", [], {"src/doc/bad.c": "\tstatic char buffer[8] = { 0 };\n"},
     "state"),
    ("floors", [], {"src/doc/good.c": "static const int a[] = { 1 };\n"
                    "static int f(int x);\nstatic int f(int x)\n{\n"
                    "\treturn x; /* open() */ g(\"time()\"); p->read(x);\n}\n"},
     None),
    ("size", [], {"src/base/bad.c": "/* */\n" * 801}, "801 lines; 800 at most"),
    ("size", [], {"src/base/good.c": "/* */\n" * 800}, None),
    ("size", [], {"tools/bad": "#\n" * 801}, "801 lines; 800 at most"),
    ("size", [], {"src/base/bad.c": many(1, "\tg();\n" * 97)},
     "f0 has 101 lines"),
    ("size", [], {"src/base/good.c": many(1, "\tg();\n" * 96)}, None),
    ("size", [], {"src/base/bad.c": many(20, "\n" * 13)},
     "17 lines in the median"),
    ("size", [], {"src/base/bad.c": many(2, "\n" * 60),
                  "src/base/good.c": many(37, "\n")}, "2 of 39 are longer"),
    ("size", [], {"src/base/bad.c": many(2, "\n" * 60),
                  "src/base/good.c": many(38, "\n")}, None),
    ("format", [], {"src/base/bad.c": "int  x;\n"}, "not as clang-format"),
    ("format", [], {"tests/bad.h": "int f(){return 0;}\n"},
     "not as clang-format"),
    ("abi", [], {"include/callgate/a.h": HEADER.replace(
        "int number", "size_t number")}, "does not compile alone as C17"),
    ("abi", [], {"include/callgate/a.h": HEADER.replace(
        "number", "class")}, "does not compile alone as C++"),
    ("abi", [], {"include/callgate/a.h": HEADER.replace(
        "#ifndef CALLGATE_A_H", "struct s { int a; };\n#ifndef X")},
     "does not compile alone as C17"),
    ("abi", [], {"include/callgate/b.h": HEADER.replace("_A_H", "_B_H")},
     "does not include b.h"),
    ("docs", [], {"include/callgate/a.h": HEADER.replace(
        "/* What a caller must know. */\n", "")}, "cg_a has no comment"),
    ("docs", [], {"README.md": "\n[a](gone.md)\n"},
     "README.md:2: gone.md leads nowhere"),
    ("docs", [], {"README.md": "[a](NEWS.md#old)\n"}, "no such heading"),
    ("docs", [], {"src/base/one.h": "/* see /wor" "k/x */\n"}, "one machine"),
    ("docs", [], {"Makefile": "x: /share" "d/x\n"}, "one machine"),
    ("docs", [], {"NEWS.md": "# News\n\npy" "pi.org\n"}, "registry"),
    ("docs", [], {"NEWS.md": "# News\n<<<<<<< x\n"}, "conflict"),
    ("docs", [], {"docs/new.7.scd": "new(7)\n"}, "is not built"),
    ("docs", [], {"docs/callgate.1.scd": MANUAL + "a\tb\n"}, "a tab inside"),
    ("docs", DOCS, {"command": COMMAND.replace("  ps  ", "  up  ")},
     "ps is missing"),
    ("docs", DOCS, {"command": COMMAND.replace("-p, --policy FILE",
                                               "-p, --politics FILE")},
     "--politics is in only one"),
    ("docs", DOCS, {"docs/callgate.1.scd": MANUAL.replace("--policy", "--p")},
     "does not tell of run's --policy"),
    ("docs", DOCS, {"docs/callgate.1.scd": MANUAL.replace("callgate ps", "")},
     "does not tell of ps"),
    ("docs", DOCS, {"docs/callgate.1.scd": MANUAL + "\n*--gone*\n"},
     "there is no option --gone"),
    ("docs", DOCS, {"docs/callgate.1.scd": None}, "no manual page"),
    ("docs", DOCS, {"docs/callgate-ps.1.scd": "ps(1)\n",
                    "docs/meson.build": "['callgate.1', 'callgate-ps.1']\n"},
     "callgate-ps.1.scd: does not tell of ps"),
    ("docs", DOCS, {"completion": "run --policy -p\n"},
     "does not complete ps"),
    ("docs", DOCS, {"completion": "run ps -p\n"},
     "does not complete --policy"),
    ("docs", DOCS, {"README.md": "    $ callgate walk\n"},
     "there is no callgate walk"),
    ("docs", DOCS, {"README.md": "    callgate ps --policy x\n"},
     "callgate ps has no option --policy"),
    ("docs", DOCS, {"command": COMMAND.replace("\\t\\tCOMMAND", "\\tCOMMAND")},
     "cells instead of"),
    ("docs", DOCS, {"command": "#!/bin/sh\nexit 3\n"}, "exits with 3"),
]

# How a file is linked, and what check-hardening says of it.
LINKS = [
    (["-fPIE", "-pie", "-Wl,-z,relro,-z,now"], None),
    (["-no-pie", "-Wl,-z,relro,-z,now"], "not position independent"),
    (["-fPIE", "-pie", "-Wl,-z,norelro,-z,now"], "no RELRO"),
    (["-fPIE", "-pie", "-Wl,-z,relro,-z,lazy"], "bound late"),
    (["-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,execstack"],
     "the stack can be executed"),
    (["-fPIE", "-pie", "-Wl,-z,relro,-z,now,-rpath,/opt"], "a search path"),
]

# The map a library is linked with, and what check-abi says of it.
MAPS = [
    ("CALLGATE_0.1 { global: cg_a; local: *; };", None),
    ("CALLGATE_0.1 { global: cg_a; inside; local: *; };", "exports inside"),
    ("CALLGATE_0.1 { local: *; };", "lacks cg_a"),
    ("{ global: cg_a; local: *; };", "without a version"),
]


def plant(folder, changes):
    for name, text in {**CLEAN, **changes}.items():
        path = folder / name
        if text is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "command").chmod(0o755)


def judge(tap, name, check, folder, arguments, wanted):
    """The check must fail with the words wanted, or pass if there are none."""
    ran = subprocess.run(
        [TOOLS / f"check-{check}", "--root", folder,
         *(word.replace("@", str(folder)) for word in arguments)],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    if ran.returncode == 77:
        tap.skip(name, ran.stdout.strip())
    elif wanted is None:
        tap.ok(ran.returncode == 0, name, ran.stdout)
    else:
        tap.ok(ran.returncode == 1 and wanted in ran.stdout, name,
               f"wanted: {wanted}", f"exit {ran.returncode}", ran.stdout)


def in_folder(act):
    with tempfile.TemporaryDirectory(prefix="callgate-house-") as name:
        act(pathlib.Path(name).resolve())


def test_rows(tap):
    clean = [(check, arguments, {}, None) for check, arguments in
             [("floors", []), ("size", []), ("format", []), ("abi", []),
              ("docs", []), ("docs", DOCS)]]
    for check, arguments, changes, wanted in clean + ROWS:
        def act(folder):
            plant(folder, changes)
            judge(tap, f"{check}: {wanted or 'a tree that is right'}", check,
                  folder, arguments, wanted)
        in_folder(act)
    for check in ("floors", "size", "format", "abi"):
        in_folder(lambda folder, check=check: judge(
            tap, f"{check}: an empty tree", check, folder, [],
            "nothing to look at"))


def test_passed(tap):
    """What passed is remembered by what it was, and not by its name."""
    def act(folder):
        tree, passed = folder / "tree", folder / "passed"
        steps = [({}, None), ({}, None),
                 ({"src/base/bad.c": "int  x;\n"}, "not as clang-format"),
                 ({"src/base/bad.c": "int *x;\n"}, None),
                 ({"src/base/bad.c": "int *x;\n",
                   ".clang-format": "PointerAlignment: Left\n"},
                  "not as clang-format")]
        tree.mkdir()
        for changes, wanted in steps:
            plant(tree, changes)
            judge(tap, f"format: {wanted or 'passes'}, remembering", "format",
                  tree, ["--passed", str(passed)], wanted)
    in_folder(act)


def test_links(tap):
    def act(folder):
        source = folder / "main.c"
        source.write_text("int main(void)\n{\n\treturn 0;\n}\n")
        for number, (options, wanted) in enumerate(LINKS):
            output = folder / f"main{number}"
            subprocess.run(["cc", source, "-o", output, *options], check=True,
                           stderr=subprocess.DEVNULL)
            judge(tap, f"hardening: {wanted or 'all is well'}", "hardening",
                  folder, [str(output)], wanted)
    in_folder(act)


def test_maps(tap):
    def act(folder):
        plant(folder, {})
        source = folder / "lib.c"
        source.write_text("int cg_a(int n) { return n; }\n"
                          "int inside(void) { return 1; }\n")
        for number, (text, wanted) in enumerate(MAPS):
            version, output = folder / "map", folder / f"lib{number}.so"
            version.write_text(text)
            subprocess.run(["cc", "-shared", "-fPIC", source, "-o", output,
                            f"-Wl,--version-script={version}"], check=True)
            judge(tap, f"abi: {wanted or 'exactly the promise'}", "abi",
                  folder, ["--shared", str(output)], wanted)
        subprocess.run(["cc", "-c", source, "-o", folder / "lib.o"], check=True)
        subprocess.run(["ar", "rcs", folder / "lib.a", folder / "lib.o"],
                       check=True)
        judge(tap, "abi: an archive that shows its inside", "abi", folder,
              ["--archive", "@/lib.a"], "exports inside")
    in_folder(act)


def main():
    tap = Tap()
    test_rows(tap)
    test_passed(tap)
    test_links(tap)
    test_maps(tap)
    tap.done()


if __name__ == "__main__":
    main()
