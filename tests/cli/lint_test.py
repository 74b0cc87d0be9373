#!/usr/bin/env -S python3 -B
"""callgate lint: statuses, selection, suppression, JSON and SARIF.

usage: lint_test.py CALLGATE
"""

import json
import re
import subprocess
import sys

from cli import ROOT, begin, check

OPEN = """\
seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [mkdir]
"""
CLEAN = """\
seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [ptrace, process_vm_writev, pidfd_getfd]
"""
HERE = OPEN.replace("    - action", "    # callgate-lint: ignore siblings\n"
                    "    - action").replace("      names", "      # callgate-"
                    "lint: ignore siblings\n      names")
WHOLE = "# callgate-lint: ignore-all siblings reach-others\n" + OPEN
OTHER = OPEN.replace("      names", "      # callgate-lint: ignore width\n"
                     "      names")
LATE = OPEN + "# callgate-lint: ignore siblings\n"
NAMES = ["read", "close", "futex", "openat", "getpid", "epoll_ctl", "fstatfs",
         "getdents64", "rt_sigreturn", "execve", "fcntl", "chdir", "capget",
         "prctl", "newfstatat", "fstat", "setgroups", "setgid", "setuid",
         "getcwd", "capset", "getppid", "exit", "exit_group"]
# The seed of many questions: a profile that starts nothing, and says not why.
PROFILE = json.dumps({
    "defaultAction": "SCMP_ACT_ERRNO",
    "syscalls": [{"names": NAMES, "action": "SCMP_ACT_ALLOW",
                  "comment": "all but write"}]})
TYPO = PROFILE.replace('"read"', '"raed"')
QUIET = TYPO.replace("all but write", "callgate-lint: ignore unknown-name")

# name, arguments, exit status, all of stdout, all of stderr
ROWS = [
    ("an error", ["open.yml"], 1,
     r"open\.yml:5:15: error: making folders: refused: mkdir; let through: "
     r"mkdirat \[siblings\]\n    for example mkdirat\(0, NULL, 0\) on \S+: "
     r"allow\n    why: .*\n    fix: .*\n1 error, 1 warning, \d notes? "
     r"\(--notes shows .*\)\n", ""),
    ("without reasons", ["--brief", "open.yml"], 1, r"(?!.*why: ).*", ""),
    ("with notes", ["-b", "-n", "open.yml"], 1,
     r".*note: .*\[more-filters\].*\d notes?\n", ""),
    ("nothing", ["clean.yml"], 0, r"no error, no warning, .*\n", ""),
    ("fail on notes", ["--fail-on", "note", "clean.yml"], 1, r".*note: .*",
     ""),
    ("fail on errors", ["--fail-on", "error", "open.yml"], 1, r".*", ""),
    ("fail never", ["--fail-on", "never", "open.yml"], 0, r".*error.*", ""),
    ("fail on nonsense", ["--fail-on", "x", "open.yml"], 2, "",
     r".*--fail-on is error, warning, note or never, not 'x'\n"),
    ("only one check", ["--only", "reach-others", "open.yml"], 1,
     r"(?!.*siblings).*\[reach-others\].*0 errors, 1 warning\n", ""),
    ("all but two", ["--ignore", "reach-others", "--ignore", "siblings",
                     "open.yml"], 0, r"no error, no warning, .*", ""),
    ("no such check", ["--ignore", "sibling", "open.yml"], 2, "",
     r".*'sibling'; did you mean 'siblings'\?.*"),
    ("silenced by its line", ["here.yml"], 1,
     r"(?!.*siblings).*1 suppressed\n", ""),
    ("silenced by the file", ["whole.yml"], 0, r"no error.*2 suppressed\n",
     ""),
    ("not silenced by another's name", ["other.yml"], 1, r".*siblings.*", ""),
    ("not silenced from behind", ["late.yml"], 1, r".*siblings.*", ""),
    ("two files", ["-b", "clean.yml", "open.yml"], 1,
     r"open\.yml:5:15: error.*1 error, .*", ""),
    ("a preset", ["server"], 0, r"no error, no warning.*", ""),
    ("bytes", ["-b", "open.bpf"], 1, r"open\.bpf: error: making folders.*",
     ""),
    ("no file", ["nowhere.yml"], 2, "", r".*nowhere\.yml.*\n"),
    ("no operand", [], 2, "", r".*wants POLICY, or --pid PID\n"),
    ("no runtime of that name", ["--for", "rumc", "open.bpf"], 2, "",
     r".*no runtime is called 'rumc'.*"),
    ("no_new_privs by another word", ["--no-new-privs", "1", "open.yml"], 2,
     "", r".*yes or no, not '1'\n"),
    ("without write nothing starts, and runc would not say why",
     ["-b", "-a", "x86_64", "--for", "runc", "profile.json"], 1,
     r"profile\.json.*: error: runc itself calls write under the filter with "
     r"no_new_privs, and is refused: nothing can be started "
     r"\[runtime-needs\]\n.*", ""),
    ("crun needs no write with no_new_privs",
     ["-b", "-a", "x86_64", "--for", "crun", "--no-new-privs", "yes",
      "profile.json"], 1, r"(?!.*runtime-needs).*", ""),
    ("crun does without", ["-b", "-a", "x86_64", "--for", "crun",
                           "--no-new-privs", "no", "profile.json"], 1,
     r".*crun itself calls .*write.* without no_new_privs.*", ""),
    ("what the runtime passes over", ["-b", "--for", "runc", "typo.json"], 1,
     r".*typo\.json:1:\d+: warning: .*'raed'.*did you mean 'read'\? "
     r"\[unknown-name\].*", ""),
    ("silenced by a comment of Docker's", ["-b", "--for", "docker",
                                           "quiet.json"], 1,
     r"(?!.*unknown-name).*suppressed\n", ""),
    ("the checks", ["--list"], 0, r".*siblings +error +a call that.*", ""),
]


def test_json(tap, callgate):
    got = json.loads(callgate("lint", "--json", "open.yml").out)
    first = got["findings"][0]
    tap.ok(got["errors"] == 1 and got["warnings"] == 1 and
           first["check"] == "siblings" and first["line"] == 5 and
           first["source"] == "open.yml" and first["answer"] == "allow" and
           first["call"].startswith("mkdirat(") and first["why"] and
           first["fix"], "--json", got)
    lines = callgate("lint", "--list", "--json").out.splitlines()
    checks = [json.loads(line) for line in lines]
    manual = (ROOT / "docs" / "callgate-lint.1.scd").read_text()
    missing = [row["check"] for row in checks
               if f"\n## {row['check']}\n" not in manual]
    known = re.findall(r"^## (\S+)$", manual, re.M)
    tap.ok(not missing and len(known) == len(checks),
           f"the manual has a section for each of {len(checks)} checks",
           missing, known)


def shape(log):
    """What SARIF 2.1.0 wants of a log, as far as this one goes."""
    wrong = []
    if log.get("version") != "2.1.0" or "sarif-2.1.0" not in log["$schema"]:
        wrong.append("version")
    run, = log["runs"]
    driver = run["tool"]["driver"]
    rules = [rule["id"] for rule in driver["rules"]]
    if not driver["name"] or len(set(rules)) != len(rules):
        wrong.append("driver")
    for rule in driver["rules"]:
        if rule["defaultConfiguration"]["level"] not in (
                "note", "warning", "error") or not all(
                    rule[key]["text"] for key in
                    ("shortDescription", "fullDescription", "help")):
            wrong.append(rule["id"])
    for result in run["results"]:
        place = result["locations"][0]
        physical = place.get("physicalLocation")
        region = (physical or {}).get("region", {"startLine": 1})
        if (rules[result["ruleIndex"]] != result["ruleId"] or
                result["level"] not in ("note", "warning", "error") or
                not result["message"]["text"] or
                region["startLine"] < 1 or region.get("startColumn", 1) < 1 or
                (physical and re.search(r"[ %](?![0-9A-F]{2})",
                                        physical["artifactLocation"]["uri"]))):
            wrong.append(result)
    return wrong, run["results"]


def test_sarif(tap, callgate):
    callgate.write("a file%.yml", OPEN)
    for name, uri, results in (("open.yml", "open.yml", 3),
                               ("a file%.yml", "a%20file%25.yml", 3),
                               ("clean.yml", "clean.yml", 1)):
        got = json.loads(callgate("lint", "--sarif", name).out)
        wrong, found = shape(got)
        uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]
                ["uri"] for result in found}
        tap.ok(not wrong and len(found) == results and uris == {uri},
               f"--sarif {name}: {results} results", wrong, uris)


def main():
    callgate, tap = begin()
    for name, text in (("open.yml", OPEN), ("clean.yml", CLEAN),
                       ("here.yml", HERE), ("whole.yml", WHOLE),
                       ("other.yml", OTHER), ("late.yml", LATE),
                       ("profile.json", PROFILE), ("typo.json", TYPO),
                       ("quiet.json", QUIET)):
        callgate.write(name, text)
    subprocess.run([callgate.path, "compile", "open.yml", "-o", "open.bpf"],
                   cwd=callgate.folder, check=True)
    for name, words, status, out, err in ROWS:
        check(tap, name, callgate("lint", *words), status, out, err)
    test_json(tap, callgate)
    test_sarif(tap, callgate)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
