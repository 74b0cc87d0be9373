#!/usr/bin/env -S python3 -B
"""`callgate run` in a shell's world: statuses, pipes, the background, reports.

usage: run_test.py CALLGATE
"""

import json
import os
import shlex
import signal
import subprocess

from cli import MARKER, begin, check

BIND = ("import socket\n"
        "s = socket.socket()\n"
        "try: s.bind(('127.0.0.1', 0))\n"
        "except PermissionError: print('refused')\n")
REFUSED = ["/usr/bin/python3", "-c", BIND]

# A launcher that loads this before it starts its child cannot clone any more.
NARROW = """\
seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [connect, accept, bind, listen]
    - action: errno
      names_with_args:
        - name: clone
          arguments:
            - {argument: 0, operation: BitsNotSet, value: 0x10000000}
"""

# name, options, command, exit status, stdout, stderr
ROWS = [
    ("its exit status", ["--drop", "bind"], ["sh", "-c", "exit 7"], 7, "", ""),
    ("its output", ["--drop", "bind"], ["echo", "-n", "this"], 0, "this", ""),
    ("its death", ["--drop", "bind"], ["sh", "-c", "kill -TERM $$"],
     -signal.SIGTERM, "", ""),
    ("refused in silence", ["--drop", "bind"], REFUSED, 0, "refused\n", ""),
    ("refused and explained", ["--explain", "--drop", "bind"], REFUSED, 0,
     "refused\n", r"callgate: python3[^ ]*\[\d+\]: errno\(EPERM\) to bind\(\d+, "
     r"0x[0-9a-f]+ \{AF_INET 127\.0\.0\.1:0\}, 16\)\n.*"
     r"because: a rule.*to allow it: .*#0 .*"),
    ("refused before exec", ["--before-exec", "--drop", "bind"], REFUSED, 0,
     "refused\n", ""),
    ("killed and explained", ["--policy", "kill"], REFUSED, -signal.SIGSYS, "",
     r"callgate: python3[^ ]*\[\d+\]: kill_process to bind\(.*kill:5:13.*"),
    ("killed, not explained", ["--no-explain", "--policy", "kill"], REFUSED,
     -signal.SIGSYS, "", ""),
    ("no network", ["--no-network"], REFUSED[:2] + [
        "import socket\ntry: socket.socket()\n"
        "except PermissionError: print('refused')\n"], 0, "refused\n", ""),
    ("no exec", ["--no-exec"], REFUSED[:2] + [
        "import os\ntry: os.execv('/bin/true', ['true'])\n"
        "except PermissionError: print('refused')\n"], 0, "refused\n", ""),
    ("no new processes, but threads", ["--no-new-processes"], REFUSED[:2] + [
        "import os, threading\n"
        "thread = threading.Thread(target=print, args=['thread'])\n"
        "thread.start()\nthread.join()\n"
        "try: os.fork()\n"
        "except PermissionError: print('refused')\n"], 0,
     "thread\nrefused\n", ""),
    ("B12: a policy that could not start its own launcher",
     ["--policy", "narrow"], ["true"], 0, "", ""),
    ("switched off", ["--policy", "off"], ["echo", "free"], 0, "free\n",
     r"callgate: off is switched off .*without a filter\n"),
]


def test_rows(tap, callgate):
    for name, options, command, status, out, err in ROWS:
        for nobody in (False, True):
            check(tap, f"{name}{', as nobody' if nobody else ''}",
                  callgate("run", *options, "--", *command, nobody=nobody),
                  status, out, err)


def test_json(tap, callgate):
    got = callgate("run", "--explain", "--json", "--drop", "bind", "--",
                   *REFUSED)
    lines = [json.loads(line) for line in got.err.splitlines()]
    tap.ok(got.status == 0 and len(lines) == 1 and
           lines[0]["syscall"] == "bind" and
           lines[0]["answer"] == "errno(EPERM)" and
           lines[0]["memory"] == [{"argument": 1,
                                   "text": "{AF_INET 127.0.0.1:0}"}] and
           lines[0]["frames"] and lines[0]["pid"] == lines[0]["thread"],
           "a refusal is one line of JSON", got)


def shell(callgate, script):
    return subprocess.run(["sh", "-c", script], cwd=callgate.folder,
                          capture_output=True, text=True, timeout=300,
                          check=False)


def test_shell(tap, callgate):
    run = "./callgate run --drop bind --"
    rows = [
        ("in a pipe", f"printf 'b\\na\\n' | {run} sort | {run} head -n 1",
         "a\n"),
        ("its input ends", f"{run} cat </dev/null; echo $?", "0\n"),
        ("a pipe that closes", f"{run} yes | head -n 1", "y\n"),
        ("in the background", f"{run} sh -c 'exit 5' & wait $!; echo $?",
         "5\n"),
        ("killed from outside", f"{run} sleep 60 & kill $!; wait $! 2>/dev/null; "
         "echo $?",
         "143\n"),
        ("exec keeps the pid",
         f"sh -c 'echo $$; exec {run} sh -c \"echo \\$\\$\"' | uniq | wc -l",
         "1\n"),
        ("a descriptor is inherited", f"{run} cat /dev/fd/7 7<<E\nx\nE\n",
         "x\n"),
        ("within itself", f"{run} {run} echo x", None),
        ("stdin, stdout and stderr closed",
         f"{run} touch {MARKER} <&- >&- 2>&-; echo $?", "0\n"),
    ]
    for name, script, want in rows:
        got = shell(callgate, script)
        if want is None:  # the inner one has a tracer already, and says so
            tap.ok("ptrace cannot be used" in got.stderr and not got.stdout
                   and got.returncode == 125, name, got)
        else:
            tap.ok(got.stdout == want and not got.stderr, name, got)
    tap.ok(callgate.marked(), "with closed descriptors, too, it ran")
    got = shell(callgate, "./callgate run --policy kill -- "
                          f"{shlex.join(REFUSED)} <&-")
    tap.ok("kill_process to bind(" in got.stderr, "without stdin, too, it is "
           "explained", got)
    got = shell(callgate, "./callgate run --no-explain --drop bind -- "
                          "./callgate run --drop listen -- echo x")
    tap.ok(got.stdout == "x\n" and got.returncode == 0,
           "within itself, where nobody stays", got)


def main():
    callgate, tap = begin()
    group = ("seccomp:\n  default_action: allow\n  syscalls:\n"
             "  - action: kill_process\n    names: [bind]\n")
    callgate.write("kill", group)
    callgate.write("off", group.replace("seccomp:", "seccomp:\n"
                                        "  enabled: false"))
    callgate.write("narrow", NARROW)
    test_rows(tap, callgate)
    test_json(tap, callgate)
    test_shell(tap, callgate)
    left = os.listdir(callgate.folder)
    tap.ok(MARKER not in left, "nothing is left")
    tap.done()


main()
