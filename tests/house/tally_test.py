#!/usr/bin/env -S python3 -B
"""Does tools/tally count right, and never call a failure a success?

In place of Meson stands a script that hands out the log of a row.
"""

import json
import os
import pathlib
import subprocess
import tempfile

from tap import TOOLS, Tap

MESON = """\
#!/bin/sh
case $1 in
test)
	echo "$*" >"$3/asked"
	if [ -e "$3/log" ]; then cp "$3/log" "$3/meson-logs/testlog.json"; fi
	exit "$(cat "$3/status")" ;;
introspect) cat "$3/tests" ;;
esac
"""

# name, protocol, result of the program, its output, last line, exit status
ROWS = [
    ("two pass", "tap", "OK", "ok 1 - a\nok 2 - b\n1..2\n", (2, 0, 0), 0),
    ("one fails", "tap", "FAIL", "ok 1 - a\nnot ok 2 - b\n1..2\n",
     (1, 1, 0), 1),
    ("one is skipped", "tap", "OK", "ok 1 - a\nok 2 - b # SKIP no door\n",
     (1, 0, 1), 0),
    ("all are skipped", "tap", "SKIP", "1..0 # SKIP no kernel\n",
     (0, 0, 1), 1),
    ("to do", "tap", "OK", "ok 1 - a\nnot ok 2 - b # TODO soon\n1..2\n",
     (1, 0, 1), 0),
    ("done, yet to do", "tap", "FAIL", "ok 1 - b # TODO soon\n1..1\n",
     (0, 1, 0), 1),
    ("dies after its rows", "tap", "FAIL", "ok 1 - a\n1..1\n", (1, 1, 0), 1),
    ("a plan too long", "tap", "ERROR", "ok 1 - a\n1..9\n", (1, 1, 0), 1),
    ("takes too long", "tap", "TIMEOUT", "ok 1 - a\n", (1, 1, 0), 1),
    ("bails out", "tap", "ERROR", "ok 1 - a\nBail out! no disk\n",
     (1, 1, 0), 1),
    ("says nothing", "tap", "OK", "", (0, 1, 0), 1),
    ("a name with not ok in it", "tap", "OK", "ok 1 - not ok\n1..1\n",
     (1, 0, 0), 0),
    ("no TAP, passes", "exitcode", "OK", "ok 1\nnot ok 2\n", (1, 0, 0), 0),
    ("no TAP, fails", "exitcode", "FAIL", "bad\n", (0, 1, 0), 1),
    ("no TAP, is skipped", "exitcode", "SKIP", "SKIP no tool\n",
     (0, 0, 1), 1),
    ("an unknown result", "exitcode", "WHATEVER", "", (0, 1, 0), 1),
]


def tally(folder, *runs):
    (folder / "bin").mkdir(exist_ok=True)
    meson = folder / "bin" / "meson"
    meson.write_text(MESON)
    meson.chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [TOOLS / "tally", *runs], check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env={**os.environ, "PATH": path})


def plant(folder, rows, status):
    (folder / "meson-logs").mkdir(parents=True)
    (folder / "status").write_text(str(status))
    tests = [{"cmd": [name], "protocol": protocol}
             for name, protocol, *_ in rows]
    (folder / "tests").write_text(json.dumps(tests))
    log = [{"name": name, "command": [name], "result": result, "stdout": text,
            "returncode": 1} for name, _, result, text, *_ in rows]
    if rows:
        (folder / "log").write_text("".join(json.dumps(r) + "\n" for r in log))


def wanted_line(counts):
    return "{} passed, {} failed, {} skipped".format(*counts)


def judge(tap, name, ran, counts, status, *words):
    last = ran.stdout.rstrip("\n").split("\n")[-1]
    tap.ok(last == wanted_line(counts) and ran.returncode == status
           and all(word in ran.stdout for word in words), name,
           f"wanted: {wanted_line(counts)}, exit {status}, {words}",
           f"got: exit {ran.returncode}", ran.stdout)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-tally-") as name:
        folder = pathlib.Path(name)
        for number, row in enumerate(ROWS):
            here = folder / str(number)
            plant(here, [row], 0 if row[2] in ("OK", "SKIP") else 1)
            judge(tap, row[0], tally(folder, str(here)), row[4], row[5])

        everything = folder / "all"
        plant(everything, ROWS, 1)
        total = [sum(row[4][i] for row in ROWS) for i in range(3)]
        judge(tap, "all of them, each with its reason",
              tally(folder, str(everything)), total, 1,
              "FAILED all: one fails: b", "SKIPPED all: one is skipped: b",
              "no door", "no kernel", "no tool", "no disk", "bad")
        judge(tap, "two directories add up",
              tally(folder, str(folder / "0"), str(folder / "1")),
              (3, 1, 0), 1)

        judge(tap, "suites go to Meson",
              tally(folder, f"{folder / '0'}:fast,-long"), (2, 0, 0), 0)
        asked = (folder / "0" / "asked").read_text()
        tap.ok("--suite fast --no-suite long" in asked, "as asked", asked)

        plant(folder / "none", [], 0)
        judge(tap, "no test ran", tally(folder, str(folder / "none")),
              (0, 0, 0), 1)
        plant(folder / "broken", [ROWS[0]], 1)
        judge(tap, "Meson fails, and no test does",
              tally(folder, str(folder / "broken")), (2, 1, 0), 1)
        tap.ok(tally(folder).returncode == 2, "no directory is bad usage")
    tap.done()


if __name__ == "__main__":
    main()
