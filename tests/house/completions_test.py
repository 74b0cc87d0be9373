#!/usr/bin/env -S python3 -B
"""Do the generated completions complete?

Bash is asked as the user would ask it; zsh and fish must at least read theirs
and fish is asked, too. Texts are chosen to break quoting.
"""

import pathlib
import shutil
import subprocess
import tempfile

from tap import TOOLS, Tap

DUMP = """\
run\t\t[OPTION]... COMMAND [ARG]...\tstart it, it's $HOME `id` [a:b] "c" \\d
run\t-p, --policy\tFILE\tisn't $HOME `id` [a:b] "c" \\d
run\t--explain\tall|kills|none\twhat to explain
run\t--into\tDIR\twhere
run\t--color\t[WHEN]\tmay have a value
diff\t\tLEFT-FILE RIGHT-FILE\texact
diff\t--json\t\tas JSON
doctor\t\t\twhat works
\t-h, --help\t\tthis text
\t--version\t\tthe version
"""

# What stands on the line, the last word being completed; what may follow.
ROWS = [
    (["d"], "diff doctor"),
    (["ru"], "run"),
    (["--v"], "--version"),
    (["run", "--"], "--color --explain --into --policy"),
    (["run", "--explain", "k"], "kills"),
    (["run", "--explain", ""], "all kills none"),
    (["run", "--explain", "x"], ""),
    (["run", "-p", "a"], "a.yml apart"),
    (["run", "--policy", "a."], "a.yml"),
    (["run", "--into", "a"], "apart"),
    (["run", "--color", "-"], "--color --explain --into --policy -p"),
    (["diff", "a"], "a.yml apart"),
    (["diff", "a.yml", "b"], "b+c.yml"),
    (["diff", "--"], "--json"),
    (["doctor", ""], ""),
    (["run", "--", "a.yml", "b"], "b+c.yml"),
]

ASK_BASH = """\
. "$1"; shift
COMP_WORDS=(callgate "$@"); COMP_CWORD=$#
_callgate
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH_ROWS = [(["d"], "diff doctor"), (["run", "--explain", "k"], "kills"),
             (["diff", "--j"], "--json")]


def generate(tap, folder, shell):
    made = subprocess.run([TOOLS / "gen-completions", shell, folder / "rows"],
                          check=False, stdout=subprocess.PIPE)
    path = folder / f"callgate.{shell}"
    path.write_bytes(made.stdout)
    tap.ok(made.returncode == 0 and made.stdout, f"{shell}: is made")
    return path


def judge(tap, name, ran, wanted):
    got = sorted(line.split("\t")[0] for line in ran.stdout.splitlines())
    tap.ok(ran.returncode == 0 and not ran.stderr and
           got == sorted(wanted.split()), name,
           f"wanted: {wanted}", f"got: {got}", ran.stderr)


def ask(command, here):
    return subprocess.run(command, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=here)


def test_bash(tap, folder, here):
    script = generate(tap, folder, "bash")
    for words, wanted in ROWS:
        ran = ask(["bash", "--norc", "-c", ASK_BASH, "ask", script, *words],
                  here)
        # One file has a space in its name, and must stay one answer.
        ran.stdout = ran.stdout.replace("b c.yml", "b+c.yml")
        judge(tap, "bash: " + " ".join(words), ran, wanted)


def test_zsh(tap, folder, here):
    script = generate(tap, folder, "zsh")
    if not shutil.which("zsh"):
        tap.skip("zsh: reads it", "zsh is not installed")
        return
    ran = ask(["zsh", "-f", "-n", script], here)
    tap.ok(ran.returncode == 0 and not ran.stderr, "zsh: reads it", ran.stderr)


def test_fish(tap, folder, here):
    script = generate(tap, folder, "fish")
    for words, wanted in FISH_ROWS:
        name = "fish: " + " ".join(words)
        if not shutil.which("fish"):
            tap.skip(name, "fish is not installed")
            continue
        line = " ".join(["callgate", *words])
        judge(tap, name, ask(
            ["fish", "--no-config", "-c",
             f"source {script}; complete --do-complete '{line}'"], here),
            wanted)


def test_bad_rows(tap, folder):
    for name, rows in [("no row", ""), ("three cells", "a\tb\tc\n"),
                       ("an option before its verb", "a\t-b\t\tc\n"),
                       ("a verb twice", "a\t\t\tb\na\t\t\tb\n"),
                       ("no option", "a\t\t\tb\na\tword\t\tc\n")]:
        path = folder / "bad"
        path.write_text(rows)
        ran = subprocess.run([TOOLS / "gen-completions", "bash", path],
                             check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        tap.ok(ran.returncode == 1 and not ran.stdout and ran.stderr,
               f"refused: {name}", ran.stdout)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-completions-") as name:
        folder = pathlib.Path(name)
        (folder / "rows").write_text(DUMP)
        here = folder / "here"
        (here / "apart").mkdir(parents=True)
        for file in ("a.yml", "b c.yml"):
            (here / file).write_text("")
        test_bash(tap, folder, here)
        test_zsh(tap, folder, here)
        test_fish(tap, folder, here)
        test_bad_rows(tap, folder)
    tap.done()


if __name__ == "__main__":
    main()
