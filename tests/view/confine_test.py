#!/usr/bin/env -S python3 -B
"""callgate watch does all its jobs under a policy of its own.

usage: confine_test.py CALLGATE

The policy is tried with death in place of errors: what it forgot would kill.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from live_test import Terminal
from served import PATIENCE, Server, Watch, program_of, record
from web_test import NEW, OLD, certificate, form, read_stream

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "house"))
from tap import ROOT, Tap  # noqa: E402

NOW = 1795313417.0
POLICY = ROOT / "src" / "watcher" / "policy.yml"

REFUSER = """
seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [mkdir, mkdirat]
    - action: kill_process
      names: [socket]
"""


def deadly(folder):
    """The policy, with death for all that it does not name."""
    text = POLICY.read_text("utf-8")
    assert text.count("default_action: errno") == 1
    path = folder / "deadly.yml"
    path.write_text(text.replace("default_action: errno",
                                 "default_action: kill_process"))
    return path


def modes(pid):
    """{thread: its seccomp mode}"""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended in the meantime
        found[task.name] = int(re.search(r"^Seccomp:\s+(\d)", text, re.M)[1])
    return found


def check_policy(tap, callgate):
    """What it says of some calls."""
    for call, answer in [("execve", "kill_process"), ("fork", "kill_process"),
                         ("ptrace", "kill_process"), ("clone3", "ENOSYS"),
                         ("io_uring_setup", "ENOSYS"), ("setuid", "EPERM"),
                         ("bpf(BPF_PROG_LOAD)", "EPERM"),
                         ("bpf(BPF_MAP_LOOKUP_ELEM)", "allow"),
                         ("socket(AF_PACKET)", "EPERM"),
                         ("clone(CLONE_NEWUSER)", "EPERM"),
                         ("kill", "EPERM"), ("sethostname", "EPERM"),
                         ("ioctl(0, TIOCSTI)", "kill_process"),
                         ("openat", "allow")]:
        ran = subprocess.run([callgate, "explain", POLICY, call], check=False,
                             stdout=subprocess.PIPE, text=True)
        tap.ok(answer in ran.stdout.splitlines()[0], f"{call}: {answer}",
               ran.stdout)


def check_page(tap, program, folder, policy):
    token = folder / "token"
    token.write_text("0123456789abcdef0123\n")
    token.chmod(0o600)
    words = ["--confine", policy, "--store", folder / "page.db", "--policy",
             POLICY, "--token-file", token, "-"]
    pair = certificate(folder)
    if pair:
        words[:0] = ["--tls-cert", pair[0], "--tls-key", pair[1]]
    server = Server(program, *words, secure=bool(pair))
    good = {"Authorization": "Bearer 0123456789abcdef0123"}

    def get(path):
        return server.get(path, headers=good)

    server.feed("".join(record(i + 1, NOW + i) for i in range(50)))
    until = time.monotonic() + PATIENCE
    while get("/api/status")["stored"] < 50 and time.monotonic() < until:
        time.sleep(0.05)
    rows, *_ = read_stream(server, "/api/stream?after=40", good, 10)
    asked = [get("/api/events?text=nc&total=1")["total"] == 50,
             get("/api/event/7")["summary"]["row"] == 7,
             len(get("/api/top?column=call")["values"]) == 1,
             len(get("/api/timeline")["series"]) == 1,
             get("/api/policies")["policies"][0]["name"] == str(POLICY),
             len(rows) == 10]
    posted = form(left=OLD, right=NEW)
    posted["headers"].update(good)
    asked.append(server.get("/api/diff", **posted)["relation"] == "looser")
    tap.ok(all(asked), "the page, a store, TLS, the difference of policies",
           asked, server.stderr())
    threads = modes(server.process.pid)
    tap.ok(len(threads) > 1 and set(threads.values()) == {2},
           "every thread is under the filter", threads)
    tap.ok(server.stop() == 0, "and it ends in order",
           server.process.returncode)
    ran = subprocess.run([program, "--confine", policy, "--store",
                          folder / "page.db", "--query", "call=bind"],
                         check=False, stdout=subprocess.PIPE, text=True)
    tap.ok(ran.returncode == 0 and ran.stdout.count("\n") == 50,
           "a store is queried", ran)


def check_terminal(tap, program, folder, policy):
    if not shutil.which("tmux"):
        tap.skip("the terminal view", "no tmux to show it")
        return
    (folder / "log").write_text("".join(record(i + 1, NOW) for i in range(5)))
    terminal = Terminal(folder, f"{shlex.quote(program)} --live --confine "
                        f"{shlex.quote(str(policy))} log")
    seen = terminal.sees("5 events", "bind")
    terminal.keys("Enter", "c")
    seen = seen and terminal.sees("copied: ")
    terminal.tmux("resize-window", "-x", "100", "-y", "30")
    terminal.keys("q", "/", "nc", "Enter")
    seen = seen and terminal.sees("filter: nc")
    terminal.keys("q")
    tap.ok(seen and terminal.sees("status=0", "ECHOES"), "the terminal view",
           terminal.screen())
    terminal.close()


def check_sinks(tap, program, folder, policy):
    """A file, and whatever else can be named without a server."""
    log = "".join(record(i + 1, NOW) for i in range(200))
    ran = subprocess.run([program, "--confine", policy, "--sink",
                          f"file:{folder}/out.ndjson", "-"], check=False,
                         input=log, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    if "has no option" in ran.stderr or "no sink" in ran.stderr:
        tap.skip("a sink", ran.stderr.splitlines()[0])
        return
    made = folder / "out.ndjson"
    tap.ok(ran.returncode == 0 and made.exists() and
           made.read_text().count("\n") == 200, "a file as sink", ran)


def check_live(tap, callgate, program, folder, policy):
    """The kernel's own, by audit and eBPF where they can be had."""
    (folder / "refuser.yml").write_text(REFUSER)
    watch = Watch(folder, program, "--confine", policy, "--json")
    err = watch.text(watch.err)
    if not watch.ready:
        tap.skip("the kernel", err.splitlines()[0])
        return
    ran = [subprocess.run([callgate, "run", "--no-explain", "--policy",
                           folder / "refuser.yml", "--", *command],
                          check=False, stderr=subprocess.PIPE, text=True)
           for command in (["mkdir", str(folder / "no")],
                           ["python3", "-c", "import socket; socket.socket()"])]
    tap.ok(watch.tells('"name":"socket"'), "violations of this moment", err,
           ran)
    if "without ebpf" not in err:
        tap.ok(watch.tells('"name":"mkdir"'), "what eBPF sees", err, ran,
               watch.text(watch.out))
    threads = modes(watch.process.pid)
    tap.ok(set(threads.values()) == {2}, "under the filter", threads)
    tap.ok(watch.stop() == 0, "and it ends in order", watch.text(watch.err))


def check_rest(tap, program, folder):
    server = Server(program, "--no-confine", "/dev/null")
    tap.ok(set(modes(server.process.pid).values()) == {0}, "--no-confine")
    server.stop()
    server = Server(program, "/dev/null")
    until = time.monotonic() + PATIENCE
    while set(modes(server.process.pid).values()) != {2} and \
            time.monotonic() < until:
        time.sleep(0.02)
    tap.ok(set(modes(server.process.pid).values()) == {2},
           "confined without being asked")
    server.stop()
    (folder / "bad.yml").write_text("seccomp: {default_action: maybe}\n")
    (folder / "all.yml").write_text("seccomp: {default_action: kill_process, syscalls: "
                                     "[{action: allow, names: [read]}]}\n")
    for name, status in [("bad.yml", 2), ("nowhere.yml", 3),
                         ("all.yml", -signal.SIGSYS)]:
        ran = subprocess.run([program, "--confine", folder / name,
                              "/dev/null"], check=False,
                             stderr=subprocess.DEVNULL)
        tap.ok(ran.returncode == status, f"--confine {name}: {status}",
               ran.returncode)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    callgate, program = os.path.abspath(sys.argv[1]), program_of(sys.argv[1])
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-confine-") as name:
        folder = pathlib.Path(name)
        policy = deadly(folder)
        check_policy(tap, callgate)
        check_page(tap, program, folder, policy)
        check_terminal(tap, program, folder, policy)
        check_sinks(tap, program, folder, policy)
        check_live(tap, callgate, program, folder, policy)
        check_rest(tap, program, folder)
    tap.done()


if __name__ == "__main__":
    main()
