#!/usr/bin/env -S python3 -B
"""callgate watch: logs, the kernel itself, and Auditbeat's events.

Usage: watch_test.py CALLGATE
Where CALLGATE_SHARED names a folder with data/auditd, records of a real kernel
are compared with what Auditbeat makes of them.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from cli import Callgate, Tap

LINE = ("type=SECCOMP msg=audit(1795313417.332:{}): pid=7 comm=\"nc\" "
        "exe=\"/bin/nc\" sig=31 arch=c000003e syscall=49 compat=0 ip=0x7f "
        "code=0x0\n")

PATIENCE = 60  # seconds, for a machine that has other work

KILLER = """
seccomp:
  default_action: allow
  syscalls:
    - action: log
      names: [sethostname]
    - action: kill_process
      names: [socket]
"""

# Where this tool is right and Auditbeat is known not to be: the paths of
# members that may differ.
MAY_DIFFER = {
    "auditd.data.code",             # swallows what auditd adds to a line
    "process.name",                 # leaves hexadecimal digits
    "auditd.data.arch",             # does not know the ABI, or x32
    "auditd.data.syscall",          # nor the call
    "auditd.summary.object.primary",
    "event.category", "event.type",
    "auditd.summary.how",
}


def check_logs(tap, callgate):
    """What is written of a log, and what is said of damage."""
    log = "".join(LINE.format(i) for i in range(1, 6))
    got = callgate("watch", "-", text=log)
    tap.ok(got.status == 0 and got.out.count("\n") == 5, "five lines", got)
    got = callgate("watch", "-n", 2, "-", text=log)
    tap.ok(got.out.count("\n") == 2, "two of five", got)
    got = callgate("watch", "--fold", 60, "-", text=log)
    tap.ok(got.out.count("\n") == 2 and got.out.endswith("and 4 more\n"),
           "the same is folded", got)
    got = callgate("watch", "--json", "--fold", 60, "-", text=log)
    events = [json.loads(line) for line in got.out.splitlines()]
    folded = events[1]["seccomp"] if len(events) == 2 else {}
    tap.ok(folded.get("count") == 4 and "count" not in events[0]["seccomp"] and
           folded["first_seen"] == "2026-11-22T02:10:17.332Z" and
           events[0]["event"]["id"] != events[1]["event"]["id"],
           "as an event that stands for the rest", got)
    got = callgate("watch", "--json", "-", text=log)
    tap.ok(all(json.loads(line)["event"]["action"] == "violated-seccomp-policy"
               for line in got.out.splitlines()), "JSON", got)
    callgate.write("damaged.log", LINE.format(1) + "hello\n" +
                   LINE.format(2).replace("sig=31", "sig=x") +
                   LINE.format(3))
    got = callgate("watch", "damaged.log")
    tap.ok(got.status == 1 and got.out.count("\n") == 2 and
           "damaged.log:3:73: 'sig=x'" in got.err, "damage has a place", got)
    for words, message in [
            (["watch", "nowhere.log"], "nowhere.log: No such file"),
            (["watch", "-f", "xml", "-"], "no format is called 'xml'"),
            (["watch", "-n", "0", "-"], "wants a number above 0, not '0'"),
            (["watch", "-f", "auditbeat", "--fold", "1", "-"],
             "--fold is for lines and ecs")]:
        got = callgate(*words)
        tap.ok(got.status == 2 and message in got.err, " ".join(words), got)


def check_store(tap, callgate):
    """What was stored is told again, in every format."""
    log = "".join(LINE.format(i) for i in range(1, 6))
    stored = callgate("watch", "--store", "a.db", "-", text=log)
    tap.ok(stored.status == 0 and stored.out.count("\n") == 5, "stored",
           stored)
    again = callgate("watch", "--store", "a.db", "-", text=log)
    tap.ok(again.status == 0, "the same once more", again)
    for shape in ("line", "ecs", "auditbeat", "auditbeat6"):
        asked = callgate("watch", "--store", "a.db", "--query", "-f", shape)
        told = callgate("watch", "-f", shape, "-", text=log)
        tap.ok(asked.status == 0 and asked.out == told.out,
               f"asked for as {shape}", asked, told)
    for words, status, lines, message in [
            (["call=bind"], 0, 5, ""), (["call=bindx"], 1, 0, ""),
            (["program=nc", "-n", 2], 0, 2, ""),
            (["--since", "2026-11-22"], 0, 5, ""),
            (["--since", "2026-11-23"], 1, 0, ""),
            (["--until", "2026-11-22"], 1, 0, ""),
            (["on x86_64"], 0, 5, ""), (["nothing", "of", "it"], 1, 0, ""),
            (["--since", "soon"], 2, 0, "'soon' is no time"),
            (["cal=bind"], 2, 0, "did you mean 'call'?")]:
        got = callgate("watch", "--store", "a.db", "--query", *words)
        tap.ok(got.status == status and got.out.count("\n") == lines and
               message in got.err, f"query {words}", got)
    for words, status, message in [
            (["--query"], 2, "--query wants --store"),
            (["--since", "1h", "-"], 2, "are for --query"),
            (["--store", "none.db", "--query"], 3, "No such file"),
            (["--store", "killer.txt", "-"], 2, "no SQLite database")]:
        callgate.write("killer.txt", KILLER * 10)
        got = callgate("watch", *words)
        tap.ok(got.status == status and message in got.err, words, got)


def check_pager(tap, callgate):
    """Somebody reads an answer page by page: the store is written meanwhile,
    and its log does not grow until he has read on."""
    callgate("watch", "--store", "pages.db", "-",
             text="".join(LINE.format(i) for i in range(1, 3001)))
    with subprocess.Popen([callgate.path, "watch", "--store", "pages.db",
                           "--query", "--json"], cwd=callgate.folder,
                          stdout=subprocess.PIPE, text=True) as pager:
        first = pager.stdout.readline()
        with subprocess.Popen([callgate.path, "watch", "--store", "pages.db",
                               "-"], cwd=callgate.folder, text=True,
                              stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL) as writer:
            writer.stdin.write("".join(LINE.format(i)
                                       for i in range(3001, 15001)))
            writer.stdin.flush()
            until, last = time.monotonic() + PATIENCE, ""
            while time.monotonic() < until and '"sequence":15000' not in last:
                last = callgate("watch", "--store", "pages.db", "--query",
                                "--json", "-n", 1).out
            # Before it ends: a log that nobody needs goes then.
            largest = (callgate.folder / "pages.db-wal").stat().st_size
            writer.stdin.close()
        rest = pager.stdout.read()
    tap.ok(first and rest.count("\n") == 2999 and writer.returncode == 0 and
           pager.returncode == 0 and 0 < largest < 12 << 20,
           f"a pager: 3000 told, {largest >> 10} KiB of log",
           rest.count("\n"), writer.returncode)


def check_beside(tap, callgate):
    """The verb is a program beside the command, and is missed in words."""
    help_ = callgate("watch", "--help")
    tap.ok(help_.status == 0 and help_.out.startswith(
        "usage: callgate watch [OPTION]"), "help", help_)
    alone = callgate.folder / "alone"
    alone.mkdir()
    shutil.copy(callgate.path, alone / "callgate")
    got = subprocess.run([alone / "callgate", "watch"], check=False,
                         capture_output=True, text=True)
    tap.ok(got.returncode == 3 and "callgate-watch is not there" in got.stderr,
           "without it", got)


def leaves(value, path=""):
    """{path: leaf} of nested objects."""
    if not isinstance(value, dict):
        return {path: value}
    found = {}
    for name, member in value.items():
        found.update(leaves(member, f"{path}.{name}" if path else name))
    return found


def check_auditbeat(tap, callgate):
    shared = os.environ.get("CALLGATE_SHARED")
    folder = pathlib.Path(shared or ".") / "data/auditd"
    if not shared or not folder.exists():
        tap.skip("Auditbeat's events", "CALLGATE_SHARED names no data/auditd")
        return
    for path in sorted(folder.glob("*.auditbeat.derived.json")):
        rows = json.loads(path.read_text("utf-8"))
        for number, row in enumerate(rows, 1):
            name = f"{path.name.split('.auditbeat')[0]}, record {number}"
            got = callgate("watch", "-f", "auditbeat", "-",
                           text=row["line"] + "\n")
            ours = leaves(json.loads(got.out))
            theirs = leaves(row["auditbeat"])
            # The same time, with three places.
            stamp, _, part = theirs["@timestamp"].rstrip("Z").partition(".")
            theirs["@timestamp"] = f"{stamp}.{part:0<3}Z"
            wrong = {at: (ours.get(at), theirs.get(at))
                     for at in ours.keys() | theirs.keys()
                     if ours.get(at) != theirs.get(at)}
            named = {at for at in wrong if at in MAY_DIFFER}
            tap.ok(not wrong.keys() - named, name, wrong)
            if named:
                print("# " + "; ".join(
                    f"{at}: {wrong[at][0]}, Auditbeat {wrong[at][1]}"
                    for at in sorted(named)))
    check_lines(tap, callgate, folder)


def check_lines(tap, callgate, folder):
    """The same records, as the kernel and as auditd print them."""
    dmesg = callgate("watch", "--json", "-",
                     text=(folder / "kernel-6.18.dmesg.log").read_text())
    auditd = callgate("watch", "--json", "-",
                      text=(folder / "kernel-6.18.auditd.log").read_text())
    tap.ok(dmesg.out == auditd.out and dmesg.out.count("\n") == 18,
           "dmesg and auditd alike", dmesg, auditd)
    known = json.loads((folder / "ecs-by-syscall.json").read_text())
    wrong = []
    for abi, rows in known.items():
        for pair, names in rows.items():
            wrong += [(abi, name) for name in names
                      if event_of(callgate, abi, name) not in
                      (None, json.loads(pair))]
    # None: Auditbeat has another name for the call.
    tap.ok(not wrong and len(NUMBERS) > 1000,
           "every call has Auditbeat's category and type", wrong)


NUMBERS = {}


def event_of(callgate, abi, name):
    """[category, type] of a record of this call; all are asked at once."""
    if not NUMBERS:
        for each in ("x86_64", "i386", "aarch64", "arm"):
            ask_all(callgate, each)
    return NUMBERS.get((abi, name))


def ask_all(callgate, abi):
    arch = {"x86_64": "c000003e", "i386": "40000003", "aarch64": "c00000b7",
            "arm": "40000028"}[abi]
    rows = [json.loads(line) for line in callgate(
        "syscalls", "--arch", abi, "--json").out.splitlines()]
    log = "".join("type=SECCOMP msg=audit(1.000:1): "
                  f"arch={arch} syscall={row['nr']}\n" for row in rows)
    events = callgate("watch", "-f", "auditbeat", "-", text=log).out
    for row, event in zip(rows, events.splitlines()):
        event = json.loads(event)["event"]
        NUMBERS[abi, row["name"]] = [event["category"], event["type"]]


def events_of(path, comm):
    """What was told of those of this name, as far as lines are complete."""
    lines = pathlib.Path(path).read_text().split("\n")[:-1]
    events = [json.loads(line) for line in lines]
    return [event["seccomp"] for event in events
            if event.get("process", {}).get("name") == comm]


def await_all(path, comm, calls):
    """Until all of these calls were told of."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and calls != {
            event["syscall"]["name"] for event in events_of(path, comm)}:
        time.sleep(0.05)


def check_live(tap, callgate):
    """A violation made here is told at once, and once."""
    blind = callgate("watch", "--doctor")
    if "never came" in blind.out or "CAP_AUDIT_READ" in blind.out:
        tap.skip("live", blind.out.splitlines()[0])
        return
    callgate.write("killer.yml", KILLER)
    name, comm = f"callgate-{os.getpid()}", f"test-{os.getpid()}"
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind("\0" + name)
    ready.settimeout(PATIENCE)
    with ready, open(callgate.folder / "told", "w+") as told, subprocess.Popen(
            [str(callgate.path), "watch", "--json"], stdout=told,
            cwd=callgate.folder,
            env=dict(os.environ, NOTIFY_SOCKET="@" + name)) as watch:
        ready.recv(64)
        # Others violate their filters, too: these have a name of their own.
        ran = [callgate("run", "--no-explain", "--policy", "killer.yml", "--",
                        sys.executable, "-c", "import socket; "
                        f"open('/proc/self/comm', 'w').write('{comm}'); "
                        + program)
               for program in ("socket.socket()", "socket.sethostname('x')")]
        await_all(told.name, comm, {"socket", "sethostname"})
        watch.send_signal(signal.SIGINT)
        watch.wait()
    seen = events_of(told.name, comm)
    tap.ok([(event["action"], event["syscall"]["name"]) for event in seen] ==
           [("kill_process", "socket"), ("log", "sethostname")],
           "two violations as they happen", seen, ran)
    tap.ok(watch.returncode == 0, "ends in order when asked to",
           watch.returncode)
    got = callgate("watch", nobody=True)
    tap.ok(got.status == 3 and "CAP_AUDIT_READ" in got.err or
           os.geteuid() != 0, "without the privilege", got)


def check_doctor(tap, callgate):
    """What is said is of the sources that were chosen, and of no other."""
    told = {words: callgate("watch", "--doctor", "--source", words).out
            for words in ("audit", "ebpf", "audit,ebpf", "agent:/x")}
    errno, log = "refused with an errno, trapped", "are only logged"
    has_ebpf = told["ebpf"].startswith("- calls that are only logged")
    for name, want, is_ in [
            ("audit has errnos", True, errno in told["audit"]),
            ("audit, and nothing of eBPF's", False, log in told["audit"]),
            ("eBPF, and nothing of audit's", False,
             "audit" in told["ebpf"].replace("audit is told of them", "")),
            ("both, errnos where there is no eBPF", not has_ebpf,
             errno in told["audit,ebpf"]),
            ("the agent alone", True,
             told["agent:/x"].startswith("- calls that no profile"))]:
        tap.ok(is_ == want, f"--doctor: {name}", told)


def main():
    tap = Tap()
    callgate = Callgate(sys.argv[1])
    check_logs(tap, callgate)
    check_beside(tap, callgate)
    check_store(tap, callgate)
    check_pager(tap, callgate)
    check_auditbeat(tap, callgate)
    check_live(tap, callgate)
    check_doctor(tap, callgate)
    tap.done()


if __name__ == "__main__":
    main()
