#!/usr/bin/env -S python3 -B
"""Others that never answer: the watch ends in its time all the same, and what
was for them stays in the spool.

Usage: end_test.py CALLGATE
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

from elastic_test import balanced, log_of, sums

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from cli import Callgate, Result, Tap  # noqa: E402

COUNT = 3000
WORDS = "drain=1s"
LONG = "drain=1s,timeout=120s"
# Seconds. Without an end of its own it takes more than a hundred.
LIMIT = 60

# A machine without a network but itself, whose names a server that never answers
# is asked for. For its mounts alone, as resolv.conf and the rest are.
NAMELESS = """\
import os, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
for name, text in [("resolv.conf", "nameserver 127.0.0.1\\n"
                    "options timeout:30 attempts:5\\n"),
                   ("nsswitch.conf", "hosts: files dns\\n")]:
    with open(name, "w") as file:
        file.write(text)
    os.chmod(name, 0o644)
    subprocess.run(["mount", "--bind", name, "/etc/" + name], check=True)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


@contextlib.contextmanager
def deaf(family, where, kind=socket.SOCK_STREAM):
    """A socket that takes connections, and never reads."""
    with socket.socket(family, kind) as server:
        server.bind(where)
        held = []

        def take():
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept())

        if kind == socket.SOCK_STREAM:
            server.listen()
            threading.Thread(target=take, daemon=True).start()
        try:
            yield server.getsockname()
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            for connection, _ in held:
                connection.close()


def judge(tap, name, got, took):
    """Nothing is lost, and some is left."""
    rows = list(sums(got.err).values())
    tap.ok(got.status == 0 and took < LIMIT and len(rows) == 1 and
           balanced(rows[0]) and not any(rows[0][3:6]) and rows[0][6],
           f"{name}: {took:.1f} s, {rows}", got.err[-1000:])


def check(tap, callgate, name, spec, words=LONG):
    begun = time.monotonic()
    got = callgate("watch", "--spool", name.replace(" ", "-"), "--sink",
                   f"{spec},{words}", "-", text=log_of(COUNT))
    judge(tap, name, got, time.monotonic() - begun)


def check_sockets(tap, callgate):
    for name, kind in [("syslog by datagrams", socket.SOCK_DGRAM),
                       ("syslog by a stream", socket.SOCK_STREAM)]:
        path = str(callgate.folder / name.split()[-1])
        with deaf(socket.AF_UNIX, path, kind):
            check(tap, callgate, name, f"syslog:{path}")
    path = str(callgate.folder / "journal")
    with deaf(socket.AF_UNIX, path, socket.SOCK_DGRAM):
        check(tap, callgate, "the journal", f"journald:{path}", WORDS)
    for name, spec in [("syslog by TCP", "syslog:tcp://127.0.0.1:%d"),
                       ("Elasticsearch", "elasticsearch:http://127.0.0.1:%d"),
                       ("a collector", "otlp:http://127.0.0.1:%d")]:
        with deaf(socket.AF_INET, ("127.0.0.1", 0)) as where:
            check(tap, callgate, name, spec % where[1])


def check_names(tap, callgate):
    """What looks names up can be told nothing: it is left behind."""
    for name, spec in [("a name for Elasticsearch",
                        "elasticsearch:http://none.example:9200"),
                       ("a name for syslog", "syslog:tcp://none.example:601")]:
        if os.geteuid() != 0 or not all(map(shutil.which,
                                            ("unshare", "ip", "mount"))):
            tap.skip(name, "no root, or no unshare, ip and mount")
            continue
        begun = time.monotonic()
        done = subprocess.run(
            ["unshare", "-mn", "--propagation", "private", sys.executable,
             "-c", NAMELESS, callgate.path, "watch", "--spool",
             name.replace(" ", "-"), "--sink", f"{spec},{LONG}", "-"],
            input=log_of(COUNT), text=True, cwd=callgate.folder, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        judge(tap, name, Result(done.returncode, done.stdout, done.stderr),
              time.monotonic() - begun)


def main():
    tap = Tap()
    callgate = Callgate(sys.argv[1])
    check_sockets(tap, callgate)
    check_names(tap, callgate)
    tap.done()


if __name__ == "__main__":
    main()
