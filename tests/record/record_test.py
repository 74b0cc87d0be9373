#!/usr/bin/env -S python3 -B
"""`callgate record`: exact counts by each backend, and what goes wrong.

usage: record_test.py CALLGATE TARGET
"""

import json
import os
import random
import re
import select
import shlex
import signal
import subprocess
import sys
import time

from world import BACKENDS, Group, begin, is_root

NATIVE = "x86_64"
MOMENTS = 20  # at which a recorder is killed
PATIENCE = 60  # seconds, for a machine that has other work
LONG = "600"  # seconds that are never waited for
OWN = (NATIVE, "getppid")

# name, mode of the target, count, wanted calls; by which backends
ROWS = [
    ("a loop", "loop", 10000, {OWN: 10000}, BACKENDS),
    ("a million calls", "loop", 1000000, {OWN: 1000000}, ["ebpf"]),
    ("100 threads", "threads", 20, {OWN: 2000}, BACKENDS),
    ("100 threads at full speed", "threads", 2000, {OWN: 200000}, ["ebpf"]),
    ("1,000 forks", "forks", 1000, {OWN: 1000}, ["ebpf", "filter"]),
    ("forks", "forks", 50, {OWN: 50}, ["ptrace"]),
    ("vforks", "vforks", 50, {OWN: 50}, BACKENDS),
    ("an exec by another thread", "exec", 7,
     {OWN: 12, (NATIVE, "execve"): 1}, BACKENDS),
    ("an exec by descriptor", "execat", 7,
     {OWN: 12, (NATIVE, "execveat"): 1, (NATIVE, "execve"): None}, BACKENDS),
    ("number -1", "minus", 7, {(NATIVE, 0xffffffff): 7,
                               (NATIVE, "rt_sigreturn"): None}, BACKENDS),
    ("a child that outlives its parent", "orphan", 9, {OWN: 9}, BACKENDS),
    ("numbers without a name, and errors", "strange", 10,
     {(NATIVE, 700): 4, (NATIVE, 701): 3, (NATIVE, 702): 3}, BACKENDS),
    ("calls from handlers", "signals", 50,
     {OWN: 50, (NATIVE, "rt_sigreturn"): 50}, BACKENDS),
]


def rows(world):
    for name, mode, count, wanted, backends in ROWS:
        for backend in backends:
            title = f"{backend}: {name}"
            if backend in world.missing:
                world.tap.skip(title, world.missing[backend])
                continue
            done = world.run("record", "-b", backend, "-o", "r.json", "--",
                             world.target, mode, count)
            found = world.counts("r.json")
            got = {key: found.get(key) for key in wanted}
            world.tap.ok(done.returncode == 0 and got == wanted and
                         world.recording("r.json")["lost"] == {}, title,
                         f"status {done.returncode}", got, done.stderr)


def backends_agree(world):
    sets = {}
    for backend in world.has(*BACKENDS):
        world.run("record", "-b", backend, "-o", "r.json", "--", "sh", "-c",
                  "ls / | sort | head -3; exit 0")
        # Whether a signal finds a handler or a wait is chance.
        sets[backend] = set(world.counts("r.json")) - {(NATIVE,
                                                        "rt_sigreturn")}
    world.tap.ok(len({tuple(sorted(s)) for s in sets.values()}) == 1,
                 "all backends see the same calls", sets)


def values(world):
    for backend in world.has(*BACKENDS):
        world.run("record", "-b", backend, "-o", "r.json", "--", world.target,
                  "values", 100)
        call = [c for c in world.recording("r.json")["calls"]
                if c.get("name") == "socket"][0]
        kept = call["arguments"][0]
        world.tap.ok(call["count"] == 100 and len(kept["values"]) == 64 and
                     kept["other"] == 36 and call["errors"] ==
                     {"EAFNOSUPPORT": 100}, f"{backend}: too many values",
                     call)


def same_values(world):
    """What comes often is counted apart from what comes first."""
    for backend, each in ("ebpf", 3000), ("filter", 30), ("ptrace", 15):
        if backend in world.missing:
            world.tap.skip(f"{backend}: the same values", world.missing[backend])
            continue
        world.run("record", "-b", backend, "-o", "r.json", "--", world.target,
                  "same", each)
        calls = {c.get("name"): c for c in world.recording("r.json")["calls"]}
        third, all_of = each * 100 // 3, each * 100
        world.tap.ok(
            calls["socket"]["arguments"][0]["values"] ==
            {"1000": third, "1001": third, "1002": third} and
            calls["socket"]["errors"] == {"EAFNOSUPPORT": all_of} and
            calls["close"]["errors"] == {"EBADF": all_of},
            f"{backend}: the same values, many times", calls["socket"],
            calls["close"])


def lost(world):
    for backend in world.has(*BACKENDS):
        done = world.run("record", "-b", backend, "-o", "r.json", "--",
                         world.target, "lossy", 2000)
        recording = world.recording("r.json")
        kept = sum(c["count"] for c in recording["calls"] if c["nr"] >= 1000)
        gone = recording["lost"].get("numbers", 0)
        policy = world.run("record", "--from", "r.json", "--policy")
        world.tap.ok(kept + gone == 2000 and gone > 900 and
                     f"lost: {gone} numbers" in done.stderr and
                     f"LOST by the recording: numbers ({gone} times)" in
                     policy.stdout, f"{backend}: what is lost is counted, "
                     "shown, and told in the policy", kept, gone, done.stderr)


def errors(world):
    for backend in world.has(*BACKENDS):
        world.run("record", "-b", backend, "-o", "r.json", "--", world.target,
                  "strange", 10)
        call = [c for c in world.recording("r.json")["calls"]
                if c.get("name") == "close"][0]
        world.tap.ok(call["errors"] == {"EBADF": 10}, f"{backend}: errors",
                     call)


def phases(world):
    rows = [("server", "listen", BACKENDS), ("ready", "ready", BACKENDS),
            ("symbol", "symbol:begin_service", ["ebpf"])]
    for mode, moment, backends in rows:
        for backend in world.has(*backends):
            world.run("record", "-b", backend, "--after", moment, "-o",
                      "r.json", "--", world.target, mode, 5)
            start = world.counts("r.json", "start")
            service = world.counts("r.json", "service")
            world.tap.ok(
                start.get(OWN) == 5 and OWN not in service and
                service.get((NATIVE, "getpgrp")) == 5 and
                (NATIVE, "getpgrp") not in start,
                f"{backend}: start-up and service, by {moment}", start,
                service)
    done = world.run("record", "--after", "listen", "--", "true")
    world.tap.ok(done.returncode == 0 and
                 "the moment 'listen' did not come" in done.stderr,
                 "a moment that never comes", done)


def two_policies(world):
    done = world.run("record", "--after", "listen", "--init", "a.yml",
                     "--then", "b.yml", "--", world.target, "server", 5)
    under = ["run", "--init", "a.yml", "--then", "b.yml", "--after", "listen"]
    fine = world.run(*under, "--", world.target, "server", 5)
    text = world.path("b.yml").read_text()
    world.write("b.yml", text.replace("errno\n", "kill_process\n", 1)
                .replace(", getpgrp", ""))
    killed = world.run(*under, "--", world.target, "server", 5)
    world.tap.ok(done.returncode == 0 and fine.returncode == 0 and
                 killed.returncode == -signal.SIGSYS and "getppid" not in text
                 and "bind" in world.path("a.yml").read_text(),
                 "the second policy is tighter, and in force after the moment",
                 done.stderr, fine, killed, text)


SERVER = """
import os, socket, sys, threading, time
for i in range(5):
    threading.Thread(target=time.sleep, args=[600], daemon=True).start()
child = os.fork()
if child == 0:
    time.sleep(600)
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(5)
def look():
    words = []
    for pid in os.getpid(), child:
        for thread in os.listdir(f'/proc/{pid}/task'):
            for line in open(f'/proc/{pid}/task/{thread}/status'):
                if line.startswith(('TracerPid', 'Seccomp_filters')):
                    words.append(line.split()[1])
    return words
for i in range(3000):
    words = look()
    if set(words[::2]) == {'0'}:
        break
    time.sleep(0.01)
print(*words)
import ctypes, hashlib
libc = ctypes.CDLL(None)
where = ctypes.cast(libc.listen, ctypes.c_void_p).value
for pid in os.getpid(), child:
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        memory.seek(where)
        code = memory.read(16)
        print(hashlib.sha256(code).hexdigest()
              if code[0] != 0xcc else 'a breakpoint')
sys.stdout.flush()
os.kill(child, 9)
os._exit(3)
"""


def symbol(world):
    """A function that is entered ends the start-up, by whoever enters it."""
    world.write("wide.yml", WIDE)
    world.write("tight.yml", WIDE.replace("errno", "kill_process").replace(
        "ptrace", "ptrace, getpgrp"))
    under = ["run", "--init", "wide.yml", "--then", "tight.yml", "--after"]
    by_file = f"symbol:{world.target}:begin_service"
    target = shlex.quote(world.target)
    killed = [-signal.SIGSYS, 128 + signal.SIGSYS]
    rows = [
        ("the command's own", "symbol:begin_service",
         [world.target, "symbol", "5"], {}, killed),
        ("never entered", "symbol:begin_service",
         [world.target, "loop", "5"], {}, [0]),
        ("of what is executed later", by_file,
         ["sh", "-c", f"{target} loop 1; exec {target} symbol 5"],
         {}, killed),
        ("in a child", by_file, ["sh", "-c", f"{target} symbol 5"], {},
         killed),
        ("of a library", "symbol:LIBC:listen", [world.target, "server", "5"],
         {}, killed),
    ]
    if is_root():
        rows.append(("without privilege", "symbol:begin_service",
                     [world.target, "symbol", "5"], setuid_ids(), killed))
    for name, moment, words, ids, status in rows:
        if "LIBC" in moment:
            maps = open("/proc/self/maps").read()
            moment = moment.replace("LIBC", re.search(
                r"\S*/libc\.so\.\d", maps)[0])
        done = world.run(*under, moment, "--", *words, **ids)
        world.tap.ok(done.returncode in status, f"a function: {name}", done)


WIDE = """seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [ptrace]
"""


def every_thread(world):
    world.write("wide.yml", WIDE)
    before = re.search(r"Seccomp_filters:\t(\d+)",
                       open("/proc/self/status").read())
    wanted = ["0", str(int(before[1]) + 2)] * 7
    libc = re.search(r"\S*/libc\.so\.\d", open("/proc/self/maps").read())[0]
    for moment in "listen", f"symbol:{libc}:listen":
        done = world.run("run", "--init", "wide.yml", "--then", "wide.yml",
                         "--after", moment, "--", "python3", "-c", SERVER)
        seen = done.stdout.split()
        codes = set(seen[14:])
        world.tap.ok(done.returncode == 3 and seen[:14] == wanted and
                     len(codes) == 1 and len(seen) == 16,
                     f"{moment}: a second filter in every thread of every "
                     "process, the code as before, and nobody attached", done)
    # A long one, so that its neighbour would notice.
    many = ", ".join(str(7 * n) for n in range(1000))
    world.write("long.yml", WIDE + "      rules: ['mknod(_, {%s})']\n" % many)
    under = ["run", "--init", "wide.yml", "--then", "long.yml", "--after"]
    done = [world.run(*under, "listen", "--", world.target, "neighbour")
            for _ in range(8)]
    world.tap.ok(all(one.stdout == "undisturbed\n" for one in done),
                 "what lies below a small stack is left alone", done)


def policy_at_once(world):
    for backend in world.has(*BACKENDS):
        made = world.run("record", "-b", backend, "-o", "app.yml", "--", "sh",
                         "-c", "ls /; echo a | tr a b")
        ran = world.run("run", "--policy", "app.yml", "--", "sh", "-c",
                        "ls /usr; echo b | tr b c")
        other = world.run("run", "--policy", "app.yml", "--", "sh", "-c",
                          "mount -t tmpfs none /mnt")
        world.tap.ok(made.returncode == 0 and ran.returncode == 0 and
                     ran.stdout.endswith("c\n") and other.returncode != 0,
                     f"{backend}: the policy runs at once", made, ran, other)


def learn(world):
    words = ["record", "--learn", "state.json", "--", "ls", "/"]
    first = world.run(*words)
    before = world.counts("state.json")
    second = world.run(*words)
    after = world.counts("state.json")
    third = world.run("record", "--learn", "state.json", "--", world.target,
                      "loop", 3)
    known = world.counts("state.json")
    world.tap.ok(first.returncode == second.returncode ==
                 third.returncode == 0 and before == after and
                 known.get(OWN) == 3 and set(known) > set(before) and
                 world.recording("state.json")["runs"] == 3,
                 "learn: what is known is not asked about again", before,
                 after, known)
    runs = [world.start("record", "--learn", "state.json", "--", world.target,
                        "values", 3 + i) for i in range(5)]
    for run in runs:
        run.communicate(timeout=PATIENCE)
    call = [c for c in world.recording("state.json")["calls"]
            if c.get("name") == "socket"][0]
    world.tap.ok(world.recording("state.json")["runs"] == 8 and
                 len(call["arguments"][0]["values"]) == 7,
                 "learn: five runs at once, joined under the lock", call)


def wait_for_line(process):
    return process.stdout.readline().strip()


def attach(world):
    for backend in world.has("ebpf", "ptrace"):
        target = subprocess.Popen([world.target, "wait", "500"], text=True,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        wait_for_line(target)
        wait_for_state(target.pid, "S")
        record = world.attach("-b", backend, "--pid", target.pid, "-o",
                              "r.json")
        stopped = state_of(target.pid)
        target.stdin.write("x")
        target.stdin.flush()
        target.wait(timeout=PATIENCE)
        record.communicate(timeout=PATIENCE)
        # To attach by ptrace is to stop it for a moment.
        world.tap.ok(record.returncode == 0 and
                     (stopped == "S" or backend == "ptrace") and
                     world.counts("r.json").get(OWN) == 500 and
                     "start" in world.recording("r.json")["gaps"],
                     f"{backend}: a process that runs", stopped,
                     world.counts("r.json"))


def running(command):
    """The processes whose words end with these, whoever they are by now."""
    end = b"".join(word.encode() + b"\0" for word in command)
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(entry)}/cmdline", "rb") as words:
                if words.read().endswith(end):
                    found.append(int(entry))
        except (ValueError, OSError):
            pass  # no process, or not any more
    return found


def come(beats, patience):
    """What comes within so many seconds: b"" is that nobody can beat any more,
    None that nobody did."""
    ready = select.select([beats], [], [], patience)[0]
    return os.read(beats, 1 << 16) if ready else None


def goes_on(beats):
    """Whether the command runs, or was never started; not what is between. Of
    what came before now all is read: what comes then is new."""
    before = b""
    while part := come(beats, 0):
        before += part
    after = come(beats, PATIENCE)
    return after is not None and bool(after or not before)


def end_all(beats, command):
    """Nobody is left who could beat."""
    while True:
        for pid in running(command):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if come(beats, 0.05) == b"":
            return


def killed_anywhere(world):
    """Killed at any moment: what was started runs, what was not is gone."""
    for backend in world.has(*BACKENDS):
        wrong = []
        for i in range(MOMENTS):
            command = [world.target, "slowly", str(1000000 + i)]
            beats, end = os.pipe()
            record = subprocess.Popen(
                [world.callgate, "record", "-b", backend, "-o", "half.yml",
                 "--live", "--", *command], cwd=world.folder, stdout=end,
                stderr=subprocess.DEVNULL)
            os.close(end)
            time.sleep(random.random() * 0.08)
            record.kill()
            record.wait(timeout=PATIENCE)
            if not goes_on(beats):
                wrong.append(f"moment {i}: it hangs")
            end_all(beats, command)
            os.close(beats)
        left = [p.name for p in world.folder.iterdir() if "half" in p.name]
        world.tap.ok(not wrong and not left, f"{backend}: killed at {MOMENTS} "
                     "moments of its start", wrong, left)


def killed_at_end(world):
    """A file is there as a whole, or not at all."""
    wrong, whole = [], 0
    for i in range(3 * MOMENTS):
        record = subprocess.Popen(
            [world.callgate, "record", "-b", "filter", "-o", "last.json", "--",
             world.target, "loop", "5"], cwd=world.folder)
        time.sleep(random.random() * 0.03)
        record.kill()
        record.wait(timeout=PATIENCE)
        for path in world.folder.iterdir():
            if "last" in path.name:
                try:
                    whole += world.counts(path.name).get(OWN) == 5
                except ValueError:
                    wrong.append(f"moment {i}: half of {path.name}")
                path.unlink()
    world.tap.ok(not wrong, f"killed near its end: {whole} whole files of "
                 f"{3 * MOMENTS}, and no other", wrong)


def churn(world):
    """Threads come and go while it is attached to: none is waited for after."""
    for backend in world.has("ebpf", "ptrace"):
        ends = []
        for _ in range(20):
            target = subprocess.Popen([world.target, "churn"],
                                      stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
            target.stdout.readline()
            record = world.attach("-b", backend, "-p", target.pid, "-o",
                                  "r.json")
            target.communicate(timeout=PATIENCE)
            record.communicate(timeout=PATIENCE)
            ends.append((record.returncode, target.returncode))
        world.tap.ok(set(ends) == {(0, 0)}, f"{backend}: attached to threads "
                     "that come and go", ends)


def state_of(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def killed(world):
    """The recorder dies: what it records does not notice."""
    rows = [(backend, True) for backend in world.has(*BACKENDS)]
    rows += [(backend, False) for backend in world.has("ebpf", "ptrace")]
    for backend, command in rows:
        if command:
            record = world.start("record", "-b", backend, "-o", "none.yml",
                                 "--", world.target, "wait", "100000"
                                 if backend == "ebpf" else "1000")
            wait_for_line(record)
            pid = child_of(world, "wait")
            feed = record.stdin
        else:
            target = subprocess.Popen([world.target, "wait", "1000"],
                                      stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE)
            wait_for_line(target)
            pid, feed = target.pid, target.stdin
            record = world.attach("-b", backend, "-p", pid, "-o",
                                  "none.yml")
        record.kill()
        record.wait(timeout=PATIENCE)
        alive = state_of(pid) in "SRt"
        feed.write("x")
        feed.flush()
        ended = waited(pid)
        left = [p.name for p in world.folder.iterdir()
                if p.name.startswith("none")]
        if not command:
            ended = target.wait(timeout=PATIENCE) == 0
        world.tap.ok(alive and ended and not left,
                     f"{backend}: killed while it records a "
                     f"{'command' if command else 'process'}", alive, ended,
                     left)


def in_flight(world):
    """A call that has not returned when the recording ends is one."""
    for backend in world.has(*BACKENDS):
        record = world.start("record", "-b", backend, "-o", "some.json", "--",
                             world.target, "forever", "3")
        wait_for_line(record)
        wait_for_state(child_of(world, "forever"), "S")
        record.send_signal(signal.SIGTERM)
        record.wait(timeout=PATIENCE)
        made = world.counts("some.json")
        os.kill(child_of(world, "forever"), signal.SIGKILL)
        world.tap.ok(made.get((NATIVE, "pause")) == 1 and made.get(OWN) == 3,
                     f"{backend}: a call that has not returned", made)


def wait_for_state(pid, wanted):
    for _ in range(3000):
        if state_of(pid) == wanted:
            return
        time.sleep(0.01)


def child_of(world, mode):
    return int(subprocess.run(
        ["pgrep", "-n", "-f", f"^{re.escape(world.target)} {mode}"],
        stdout=subprocess.PIPE, text=True, check=True).stdout)


def waited(pid):
    for _ in range(10 * PATIENCE):
        try:
            if state_of(pid) == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def ended_by_signal(world):
    for backend in world.has(*BACKENDS):
        record = world.start("record", "-b", backend, "-o", "some.json", "--",
                             world.target, "slowly", "1000000")
        wait_for_line(record)
        record.send_signal(signal.SIGTERM)
        record.wait(timeout=PATIENCE)
        made = world.counts("some.json").get(OWN, 0)
        command = child_of(world, "slowly")
        alive = state_of(command) in "SRt"
        os.kill(command, signal.SIGKILL)
        world.tap.ok(made > 0 and alive, f"{backend}: SIGTERM ends the recording, "
                     "not the command", made, alive)


def diff(world):
    world.run("record", "-o", "base.json", "--", world.target, "loop", 2)
    world.run("record", "-o", "base.yml", "--", world.target, "loop", 2)
    for base in "base.json", "base.yml":
        same = world.run("record", "--diff", base, "--", world.target, "loop",
                         9)
        new = world.run("record", "--diff", base, "--", world.target,
                        "signals", 2)
        world.tap.ok(same.returncode == 0 and "+" not in same.stdout and
                     new.returncode == 1 and
                     f"+ new  {NATIVE}     kill\n" in new.stdout,
                     f"what is new since {base}", same, new)
    both = world.run("record", "--json", "--diff", "base.json", "--",
                     world.target, "signals", 2)
    world.tap.ok(both.returncode == 1 and json.loads(both.stdout) and
                 f"+ new  {NATIVE}     kill\n" in both.stderr,
                 "with --json there is one document on stdout", both)
    lost = world.run("record", "--from", "nowhere.json")
    world.tap.ok(lost.returncode == 2 and not lost.stdout and lost.stderr,
                 "a recording that is not there is bad input", lost)
    gone = world.run("record", "--diff", "base.json", "--", "/bin/true")
    world.tap.ok(gone.returncode == 0 and "- gone x86_64     getppid" in
                 gone.stdout, "what is gone does no harm", gone)


def merge(world):
    for mode in "loop", "signals":
        world.run("record", "-o", f"{mode}.json", "--", world.target, mode, 4)
    done = world.run("merge", "-o", "both.json", "loop.json", "signals.json")
    both = world.counts("both.json")
    world.tap.ok(done.returncode == 0 and both.get(OWN) == 8 and
                 both.get((NATIVE, "kill")) == 4 and
                 world.recording("both.json")["runs"] == 2,
                 "merge joins recordings", done, both)
    world.run("record", "-o", "loop.yml", "--", world.target, "loop", 4)
    mixed = world.run("merge", "-o", "both.yml", "loop.yml", "signals.json")
    ran = world.run("run", "--policy", "both.yml", "--", world.target,
                    "signals", 3)
    no = world.run("merge", "--intersect", "loop.json", "signals.json")
    world.tap.ok(mixed.returncode == 0 and ran.returncode == 0 and
                 no.returncode == 2, "merge takes a recording for its policy",
                 mixed, ran, no)


def cgroup(world):
    if not is_root() or "ebpf" in world.missing:
        world.tap.skip("a cgroup", "it takes root and eBPF")
        return
    try:
        group = Group("test", ".service")
    except (OSError, IndexError) as error:
        world.tap.skip("a cgroup", f"none can be made: {error}")
        return
    with group:
        record = world.attach("--unit", os.path.basename(group.path), "-o",
                              "r.json")
        subprocess.run(["sh", "-c", f"echo $$ >{group.path}/cgroup.procs; "
                        f"{shlex.quote(world.target)} loop 70"], check=True)
        subprocess.run([world.target, "loop", "1000"], check=True)
        subprocess.run([world.target, "begin", group.path], check=True)
        record.send_signal(signal.SIGINT)
        record.communicate(timeout=PATIENCE)
    world.tap.ok(world.counts("r.json").get(OWN) == 71, "a unit by its cgroup",
                 world.counts("r.json"))


def children(pid):
    return [int(word) for word in subprocess.run(
        ["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True,
        check=False).stdout.split()]


def program_of(parent, name):
    """The child of that process which has become that program."""
    while parent.poll() is None:
        for child in children(parent.pid):
            try:
                with open(f"/proc/{child}/comm") as comm:
                    if comm.read().strip() == name:
                        return child
            except (FileNotFoundError, ProcessLookupError):
                pass  # strace has others first, to try what it may
        time.sleep(0.01)
    raise ChildProcessError(f"{parent.args} has ended")


def setuid_ids():
    return {"user": 65534, "group": 65534, "extra_groups": []}


def refusals(world):
    sleeper = subprocess.Popen(["sleep", LONG])
    traced = subprocess.Popen(["strace", "-o", "/dev/null", "sleep", LONG]) \
        if not subprocess.call("command -v strace >/dev/null", shell=True) \
        else None
    child = traced and program_of(traced, "sleep")
    table = [
        ("no such process", ["-p", "4194303"], 3, "there is no process", {}),
        ("a thread of the kernel", ["-p", "2"], 2, "thread of the kernel", {}),
        ("no such cgroup", ["--cgroup", "/sys/fs/cgroup/none"], 3,
         "there is no cgroup", {}),
        ("no cgroup at all", ["--cgroup", "/tmp"], 2,
         "is no directory of a cgroup", {}),
        ("no such unit", ["--unit", "none-at-all"], 3, "no cgroup is called",
         {}),
        ("no such container", ["--container", "none-at-all"], 2,
         "no container of runc or crun", {}),
        ("no such command", ["--", "none-at-all"], 127, "none-at-all", {}),
        ("no such moment", ["--after", "lissten", "--", "true"], 2,
         "did you mean 'listen'", {}),
        ("no such symbol", ["--after", "symbol:none_at_all", "--", "true"], 2,
         "has no function 'none_at_all'", {}),
        ("no such backend", ["-b", "magic", "--", "true"], 2,
         "no backend is called 'magic'", {}),
        ("nothing to record", [], 2, "one thing is recorded", {}),
        ("two things to record", ["-p", "1", "--", "true"], 2,
         "one thing is recorded", {}),
        ("a filter for a process that runs",
         ["-b", "filter", "-p", str(sleeper.pid)], 3, "ptrace or ebpf", {}),
        ("a cgroup by ptrace", ["-b", "ptrace", "--cgroup",
                                "/sys/fs/cgroup/unified"], 3,
         "by the ebpf backend", {}),
        ("no privilege for eBPF", ["-b", "ebpf", "--", "true"], 125,
         "CAP_BPF", setuid_ids()),
        ("another user's process", ["-p", str(sleeper.pid)], 3,
         "belongs to user 0", setuid_ids()),
        ("a log that is none", ["--from", "/etc/hostname"], 2,
         "is no recording", {}),
    ]
    if traced:
        table.append(("a process that is traced",
                      ["-b", "ptrace", "-p", str(child)], 3,
                      f"traced already, by process {traced.pid}", {}))
    for name, words, status, says, ids in table:
        if (ids and not is_root()) or ("ebpf" in world.missing and
                                       not ids and status == 3):
            world.tap.skip(name, "it takes root and eBPF")
            continue
        if "symbol" in name and "ebpf" in world.missing:
            world.tap.skip(name, world.missing["ebpf"])
            continue
        done = world.run("record", "-o", "none.yml", *words, **ids)
        world.tap.ok(done.returncode == status and says in done.stderr and
                     not world.path("none.yml").exists(), name, done)
    sleeper.kill()
    sleeper.wait()
    if traced:
        os.kill(child, signal.SIGKILL)
        traced.wait()


# What others may have put where names are looked for.
CONFUSING = [
    ("a unit of a user's",
     "mkdir -p /sys/fs/cgroup/user.slice/user-1000.slice/web.service",
     ["--unit", "web"], "web.service is a unit of a user's"),
    ("a container that has ended",
     "mkdir -p /run/crun/web; echo '{\"pid\": 1, \"process-start-time\": 1}' "
     ">/run/crun/web/status", ["--container", "web"],
     "the container's process 1 has ended"),
    ("a bundle by a container's name",
     "mkdir -p /run/web; echo '{}' >/run/web/config.json; cd /run",
     ["--container", "web"], "the bundle is ./web"),
]


def confusing_names(world):
    if not is_root():
        world.tap.skip("names that confuse", "mounts take root")
        return
    for name, make, words, says in CONFUSING:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-e", "-c",
             "mount -t tmpfs none /sys/fs/cgroup; mount -t tmpfs none /run; "
             f"{make}; exec \"$@\"", "sh", world.callgate, "record", "-o",
             "none.yml", *words], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        world.tap.ok(done.returncode in (2, 3) and says in done.stderr, name,
                     done)


def unprivileged(world):
    if not is_root():
        world.tap.skip("without privilege", "this is so already")
        return
    done = world.run("record", "-o", "nobody.json", "--", world.target, "loop",
                     500, **setuid_ids())
    world.tap.ok(done.returncode == 0 and
                 world.counts("nobody.json").get(OWN) == 500 and
                 world.recording("nobody.json")["backends"] == ["filter"],
                 "without privilege: a filter", done)


def logs(world):
    if subprocess.call("command -v strace >/dev/null", shell=True):
        world.tap.skip("logs of strace", "strace is not installed")
        return
    command = ["ls", "/", "/none"]
    world.run("record", "--errors", "-o", "own.json", "--", *command,
              stdout=subprocess.DEVNULL)
    own = world.counts("own.json")
    for name, words in ("table", ["-c"]), ("trace", []):
        subprocess.run(["strace", "-f", "-o", name, *words, *command],
                       cwd=world.folder, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        world.run("record", "--from", name, "-o", "log.json")
        log = world.counts("log.json")
        if name == "table":  # it counts the exec that started it
            log[NATIVE, "execve"] -= 1
        # strace leaves out of its table what does not return.
        skip = {"exit_group", "rt_sigreturn", "exit"}
        world.tap.ok({k: v for k, v in log.items()
                      if v and k[1] not in skip} ==
                     {k: v for k, v in own.items() if k[1] not in skip},
                     f"strace's {name} says the same", log, own)


def main():
    world = begin("CALLGATE TARGET")
    for backend, why in world.missing.items():
        print(f"# {backend}: {why}")
    # CALLGATE_SEED: the moments of a run that failed, once more.
    seed = os.environ.get("CALLGATE_SEED", str(os.getpid()))
    random.seed(seed)
    print(f"# CALLGATE_SEED={seed}")
    sys.stdout.flush()
    for part in (rows, backends_agree, values, same_values, lost, errors, phases,
                 two_policies, symbol, every_thread, policy_at_once, learn, attach, churn, killed,
                 killed_anywhere, killed_at_end,
                 ended_by_signal, in_flight, diff, merge, cgroup, refusals, confusing_names,
                 unprivileged, logs):
        part(world)
    world.tap.done()


if __name__ == "__main__":
    main()
