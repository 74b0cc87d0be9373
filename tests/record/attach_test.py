#!/usr/bin/env -S python3 -B
"""`callgate record --pid`: whatever a process is doing when it is attached to or
let go, it goes on doing, and all of its calls are seen between.

usage: attach_test.py CALLGATE TARGET
"""

import os
import re
import shlex
import signal
import subprocess
import threading
import time

from world import begin, missing_tools

OWN = ("x86_64", "getppid")
ATTACHING = ("ebpf", "ptrace")


class Target:
    """A target that runs and has said that it does. It has a process group of
    its own, as the kernel lets SIGTSTP stop nobody in a group whose parents are
    all of another session."""

    def __init__(self, world, *words):
        self.process = subprocess.Popen(
            [world.target, *map(str, words)], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=os.setpgrp)
        self.pid = self.process.pid
        self.process.stdout.readline()

    def speak(self):
        self.process.stdin.write("x")
        self.process.stdin.flush()

    def end(self):
        """Its exit status, once it has come to its end by itself."""
        try:
            return self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()

    def threads(self, key):
        """What the status of each thread says."""
        found = []
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            try:
                text = open(f"/proc/{self.pid}/task/{thread}/status").read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append(re.search(rf"^{key}:\s*(\S+)", text, re.M)[1])
        return found


def until(condition):
    """Whether it comes true; it is waited for as long as may be needed."""
    for _ in range(6000):
        if condition():
            return True
        time.sleep(0.01)
    return False


def attach(world, backend, target, under=()):
    return world.attach("-b", backend, "--pid", target.pid, "-o", "r.json",
                        under=under)


def stop(recorder):
    recorder.send_signal(signal.SIGTERM)
    out, err = recorder.communicate(timeout=60)
    return recorder.returncode, out, err


# So that much happens to the target between two looks at it.
SLOWED = ("strace", "-f", "-qq", "-o", "/dev/null", "-e",
          "trace=getdents64,openat", "-e",
          "inject=getdents64,openat:delay_exit=200")


def executing(world, name="it executes all the time", under=()):
    """By a thread that may not be held yet, which takes over the id of one that
    is."""
    for backend in world.has(*ATTACHING):
        wrong = []
        for i in range(15):
            target = Target(world, "hop", 50)
            time.sleep(i * 0.0007)
            recorder = attach(world, backend, target, under)
            target.speak()
            status = target.end()
            out, err = recorder.communicate(timeout=60)
            found = recorder.returncode == 0 and world.counts("r.json").get(OWN)
            if status or recorder.returncode or found != 50:
                wrong.append((i, status, recorder.returncode, found, err))
        world.tap.ok(not wrong, f"{backend}: {name}", wrong)


def coming_and_going(world, name="threads come and go", under=()):
    """Each thread is waited for once, whoever has found it first."""
    for backend in world.has(*ATTACHING):
        wrong = []
        for i in range(15):
            target = Target(world, "churn")
            recorder = attach(world, backend, target, under)
            target.speak()
            status = target.end()
            try:
                recorder.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                recorder.kill()
                recorder.communicate()
            if status or recorder.returncode:
                wrong.append((i, status, recorder.returncode))
        world.tap.ok(not wrong, f"{backend}: {name}", wrong)


def slowed(world):
    names = ("it executes all the time, and we are slow",
             "threads come and go, and we are slow")
    for part, name in zip((executing, coming_and_going), names):
        if missing_tools("strace"):
            world.tap.skip(name, "no strace")
        else:
            part(world, name, SLOWED)


def thousand_threads(world):
    for backend in world.has(*ATTACHING):
        target = Target(world, "host", 3)
        recorder = attach(world, backend, target)
        target.speak()
        status = target.end()
        err = recorder.communicate(timeout=60)[1]
        world.tap.ok(status == 0 and recorder.returncode == 0 and
                     world.counts("r.json").get(OWN) == 3000,
                     f"{backend}: 1,000 threads", status, err)
        target = Target(world, "host", 3)
        done = stop(attach(world, backend, target))
        tracers = set(target.threads("TracerPid"))
        target.speak()
        world.tap.ok(done[0] == 0 and tracers == {"0"} and target.end() == 0,
                     f"{backend}: 1,000 threads, let go", done, tracers)


def stopped(world):
    """A stop of the whole process lasts, through all of it."""
    for backend in world.has(*ATTACHING):
        for sig in signal.SIGSTOP, signal.SIGTSTP:
            target = Target(world, "wait", 7)
            os.kill(target.pid, sig)
            until(lambda: target.threads("State") == ["T"])
            recorder = attach(world, backend, target)
            # Held by a tracer it is seen as "t".
            stays = until(lambda: target.threads("State")[0] in "tT")
            os.kill(target.pid, signal.SIGCONT)
            goes = until(lambda: target.threads("State") == ["S"])
            os.kill(target.pid, sig)
            stops = until(lambda: target.threads("State")[0] in "tT")
            done = stop(recorder)
            after = until(lambda: target.threads("State") == ["T"])
            tracers = target.threads("TracerPid")
            os.kill(target.pid, signal.SIGCONT)
            target.speak()
            status = target.end()
            world.tap.ok(stays and goes and stops and after and
                         done[0] == 0 and tracers == ["0"] and status == 0,
                         f"{backend}: stopped by {sig.name}", stays, goes,
                         stops, after, tracers, status, done)


def signals(world):
    """None is lost, and none comes twice, while recorders come and go."""
    for backend in world.has(*ATTACHING):
        count = 2000
        target = Target(world, "hear", count)

        def send():
            for i in range(count):
                os.kill(target.pid, signal.SIGRTMIN)
                if i % 20 == 0:
                    time.sleep(0.01)

        sender = threading.Thread(target=send)
        sender.start()
        statuses = []
        while sender.is_alive():
            statuses.append(stop(attach(world, backend, target))[0])
        sender.join()
        # It ends when it has heard them all.
        world.tap.ok(target.end() == 0 and set(statuses) <= {0, 3},
                     f"{backend}: signals while it is attached to and let go",
                     statuses)


def vfork(world):
    """A parent that waits for its child cannot be let go before that is done;
    the recorder does not wait for it."""
    for backend in world.has(*ATTACHING):
        target = Target(world, "vfork-wait", 7)
        recorder = attach(world, backend, target)
        done = stop(recorder)
        target.speak()
        status = target.end()
        world.tap.ok(done[0] == 0 and status == 0,
                     f"{backend}: a parent in vfork", done, status)


def tracer_of(recorder):
    """The process of a recorder that traces."""
    with open(f"/proc/{recorder.pid}/task/{recorder.pid}/children") as file:
        for child in file.read().split():
            with open(f"/proc/{child}/comm") as name:
                if name.read().startswith("callgate-trace"):
                    return int(child)
    return None


def tracer_killed(world):
    target = Target(world, "wait", 7)
    recorder = attach(world, "ptrace", target)
    os.kill(tracer_of(recorder), signal.SIGKILL)
    err = recorder.communicate(timeout=60)[1]
    free = target.threads("TracerPid") == ["0"]
    target.speak()
    status = target.end()
    world.tap.ok(recorder.returncode == 0 and status == 0 and free and
                 "was killed: calls are missing" in err and
                 "calls" in world.recording("r.json")["gaps"],
                 "a tracer that is killed lets go, and that is said", status,
                 err)


def tracer_killed_early(world):
    """The command outlives it; waiting for that takes no looking around."""
    if "ebpf" in world.missing:
        world.tap.skip("a recorder without its tracer waits",
                       world.missing["ebpf"])
        return
    recorder = world.start("record", "-b", "ptrace", "-o", "r.json", "--",
                           world.target, "wait", "7")
    recorder.stdout.readline()
    os.kill(tracer_of(recorder), signal.SIGKILL)
    seconds = 1
    watcher = world.run("record", "-b", "ebpf", "--pid", recorder.pid, "--for",
                        seconds, "-o", "watch.json")
    recorder.stdin.write("x")
    recorder.stdin.flush()
    err = recorder.communicate(timeout=60)[1]
    polls = world.counts("watch.json").get(("x86_64", "poll"), 0)
    world.tap.ok(watcher.returncode == recorder.returncode == 0 and
                 0 < polls < 100 * seconds and "was killed" in err,
                 "a recorder without its tracer waits", polls, err)


def foreign_proc(world):
    if missing_tools("unshare") or os.geteuid() != 0:
        world.tap.skip("/proc of another pid namespace",
                       "it takes unshare and root")
        return
    done = subprocess.run(
        ["unshare", "--pid", "--fork", world.callgate, "record", "-b",
         "ptrace", "-o", "none.json", "--pid", "1"], cwd=world.folder,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    inside = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
         f"{shlex.quote(world.target)} wait 7 <fifo >/dev/null & "
         "exec 3>fifo; "
         f"{shlex.quote(world.callgate)} record -b ptrace -o inside.json --for 1 -p $!; "
         "echo $?; echo x >&3; wait"],
        cwd=world.folder, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    world.tap.ok(done.returncode == 3 and
                 "/proc is not that of this pid namespace" in done.stderr,
                 "/proc of another pid namespace", done)
    world.tap.ok(inside.stdout == "0\n" and inside.returncode == 0,
                 "in a pid namespace with its own /proc", inside)


def main():
    world = begin("CALLGATE TARGET")
    os.mkfifo(world.path("fifo"))
    for part in (executing, coming_and_going, slowed, thousand_threads, stopped,
                 signals, vfork, tracer_killed, tracer_killed_early,
                 foreign_proc):
        part(world)
    world.tap.done()


if __name__ == "__main__":
    main()
