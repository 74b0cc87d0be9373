#!/usr/bin/env -S python3 -B
"""`callgate run --agent`: what a policy leaves to a supervisor is answered by a
watch, or nothing runs.

Usage: run_test.py CALLGATE CALLGATE-WATCH
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from scene import Tap, Watch

POLICY = """\
seccomp:
  default_action: %s
  syscalls:
"""
GROUP = "    - action: %s\n      names: [%s]\n"

# The folder is given away so that nobody can have a socket there, too.
FOLDER = tempfile.TemporaryDirectory(prefix="callgate-agent-")
HERE = pathlib.Path(FOLDER.name)
SOCKET = HERE / "socket"

PROBE = """\
import errno, os, sys
try:
    os.mkdir(sys.argv[1])
    print('made')
except OSError as error:
    print(errno.errorcode[error.errno])
print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')
       if os.path.lexists(f'/proc/self/fd/{n}')
       and 'seccomp' in os.readlink(f'/proc/self/fd/{n}')])
"""

# name, default, other groups, answer of the agent, what the command says
ROWS = [
    ("an errno", "allow", "notify: mkdir", "errno=EXDEV", "EXDEV\n[]\n"),
    ("carried out", "allow", "notify: mkdir", "continue", "made\n[]\n"),
    ("close is the agent's, too", "allow", "notify: mkdir, close",
     "continue", "made\n[]\n"),
    ("all is the agent's", "notify", "errno: mknod", "continue",
     "made\n[]\n"),
    ("all but the agent's is logged", "log", "notify: mkdir", "errno=ENXIO",
     "ENXIO\n[]\n"),
]

REFUSED = [
    ("close is refused", "allow", "errno: close", 125, "allow close"),
    ("close and exit_group are", "allow", "errno: close, exit_group",
     -9, "allow close"),
    ("close kills", "allow", "kill_process: close", 125, "allow close"),
    ("exit_group is the agent's", "allow",
     "errno: close; notify: exit_group", 125,
     "allow close"),
]


def policy(default, rules):
    path = HERE / "policy.yml"
    path.write_text(POLICY % default + "".join(
        GROUP % tuple(rule.split(": ")) for rule in rules.split("; ")))
    return path


def watch(program, answer):
    return Watch([program, "--json", "--source", f"agent:{SOCKET}",
                  "--agent-answer", answer], HERE)


def run(callgate, *words):
    return subprocess.run([callgate, "run", "--agent", SOCKET, *words],
                          capture_output=True, text=True, timeout=60,
                          check=False)


def told(held, folder):
    """Of the call that was to be seen: its events."""
    return [each for each in map(json.loads, held.lines)
            if each.get("seccomp", {}).get("syscall", {}).get("name") ==
            "mkdir" and str(folder) in json.dumps(each)]


def check_rows(tap, callgate, program):
    for name, default, rules, answer, says in ROWS:
        for more in ([], ["--no-explain"]):
            held = watch(program, answer)
            folder = HERE / "made"
            held.begin()
            try:
                got = run(callgate, "--policy", policy(default, rules), *more,
                          "--", sys.executable, "-c", PROBE, folder)
            finally:
                held.end()
            made = folder.is_dir()
            if made:
                folder.rmdir()
            events = told(held, folder)
            tap.ok(got.returncode == 0 and got.stdout == says and
                   not got.stderr and made == says.startswith("made") and
                   len(events) == 1 and events[0]["container"]["id"].
                   startswith("callgate-run-"),
                   f"{name} {' '.join(more)}", got, held.notes, held.lines[:3])


def check_refused(tap, callgate, program):
    """Nothing has run, and a reason is said."""
    marker = HERE / "ran"
    held = watch(program, "continue")
    held.begin()
    try:
        for name, default, rules, status, says in REFUSED:
            got = run(callgate, "--policy", policy(default, rules), "--",
                      "touch", marker)
            tap.ok(got.returncode == status and says in got.stderr and
                   not marker.exists(), name, got)
    finally:
        held.end()


def check_nobody_there(tap, callgate):
    marker = HERE / "ran"
    path = policy("allow", "notify: mkdir")
    got = run(callgate, "--policy", path, "--", "touch", marker)
    tap.ok(got.returncode == 125 and "no agent answers" in got.stderr and
           not marker.exists(), "no agent", got)
    for words in (["--before-exec"], ["--explain"],
                  ["--then", str(path), "--after", "listen"]):
        got = run(callgate, "--policy", path, *words, "--", "touch", marker)
        tap.ok(got.returncode == 2 and "do not go together" in got.stderr and
               not marker.exists(), f"{words[0]}", got)


def check_end(tap, callgate, program):
    """An agent that ends leaves calls without an answer, never without one
    that refuses."""
    held = watch(program, "continue")
    held.begin()
    script = ("import os, sys\nprint('begun', flush=True)\n"
              "sys.stdin.readline()\n" + PROBE)
    with subprocess.Popen([callgate, "run", "--agent", SOCKET, "--policy",
                           policy("allow", "notify: mkdir"), "--",
                           sys.executable, "-c", script, HERE / "made"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as command:
        first = command.stdout.readline()
        held.end()
        said, _ = command.communicate("on\n", timeout=60)
    tap.ok(first == "begun\n" and said == "ENOSYS\n[]\n" and
           not SOCKET.exists(), "the agent ends", said, held.notes)


def check_nonsense(tap, callgate, program):
    """What one says at the socket is no reason to leave the others alone."""
    held = watch(program, "errno=EXDEV")
    held.begin()
    try:
        for words in (b"nonsense", b"{\"fds\": [nonsense]}", b"{"):
            with socket.socket(socket.AF_UNIX) as other:
                other.connect(str(SOCKET))
                other.sendall(words)
                other.shutdown(socket.SHUT_WR)
                other.recv(1)
        got = run(callgate, "--policy", policy("allow", "notify: mkdir"),
                  "--", sys.executable, "-c", PROBE, HERE / "made")
    finally:
        held.end()
    notes = [note for note in held.notes.splitlines()
             if "a container runtime: " in note]
    tap.ok(got.stdout == "EXDEV\n[]\n" and len(notes) == 3, "nonsense", got,
           held.notes)


def check_within(tap, callgate, program):
    """There can be one listener alone: a second run says so."""
    held = watch(program, "continue")
    held.begin()
    path = policy("allow", "notify: mkdir")
    try:
        got = run(callgate, "--policy", path, "--no-explain", "--", callgate,
                  "run", "--agent", SOCKET, "--policy", path, "--", "touch",
                  HERE / "ran")
    finally:
        held.end()
    tap.ok(got.returncode == 125 and "can be one alone" in got.stderr and
           not (HERE / "ran").exists(), "a listener within a listener", got)


def main():
    callgate, program = map(os.path.abspath, sys.argv[1:])
    tap = Tap()
    os.chdir(HERE)
    check_rows(tap, callgate, program)
    check_refused(tap, callgate, program)
    check_nobody_there(tap, callgate)
    check_end(tap, callgate, program)
    check_nonsense(tap, callgate, program)
    check_within(tap, callgate, program)
    tap.done()


if __name__ == "__main__":
    main()
