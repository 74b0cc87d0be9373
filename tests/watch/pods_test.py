#!/usr/bin/env -S python3 -B
"""The watch as the DaemonSet and the compose file start it: in a container with
three capabilities and nothing to write but its volume, it sees what happens on
the machine.

Usage: pods_test.py CALLGATE-WATCH VIOLATOR VIOLATOR32
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from scene import PATIENCE, Scene, Tap, why_not

import containers

try:
    import manifests
except ImportError:
    manifests = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NUMBERS = {"AUDIT_READ": 37, "PERFMON": 38, "BPF": 39}


COUNT = 20


def release():
    """Of the kernel."""
    return tuple(int(word) for word in
                 re.findall(r"\d+", os.uname().release)[:2])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Pod:
    """A container of its own; what it writes is in a file."""

    def __init__(self, box, program):
        self.box = box
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-pod-")
        self.folder = pathlib.Path(self.holder.name)
        image = manifests.Image(manifests.examples(ROOT) / "Dockerfile")
        image.make(self.folder / "rootfs", program)
        # The port that it names may be somebody's here.
        self.port = free_port()
        words = [re.sub(r"(--listen=127\.0\.0\.1:)8443", rf"\g<1>{self.port}",
                        word) for word in box.words]
        state = self.folder / "state"
        state.mkdir()
        manifests.configure(box, self.folder, [image.entry, *words],
                            state)
        self.out, self.err = self.folder / "out", self.folder / "err"
        self.name = f"callgate-{os.getpid()}-{self.port}"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                ["unshare", "-m", "--propagation", "private", "sh", "-c",
                 containers.Crun.SHOW, "sh", "crun",
                 "--cgroup-manager=disabled", "run", "--pid-file",
                 str(self.folder / "pid"), self.name], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def said(self):
        return self.out.read_text(errors="replace") + \
            self.err.read_text(errors="replace")

    def ask(self, path, headers):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("GET", path, headers=headers)
            answer = link.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            link.close()

    def wait_until(self, ready):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            got = ready()
            if got:
                return got
            time.sleep(0.05)
        return None

    def events(self, name):
        mark = f'"name":"{name}"'
        return [json.loads(line) for line in
                self.out.read_text(errors="replace").split("\n")[:-1]
                if mark in line]

    def rows(self):
        """How many of getpriority the page has."""
        body = self.ask("/api/events?call=getpriority&total=1", {})[1]
        return json.loads(body or b"{}").get("total")

    def pid(self):
        return int((self.folder / "pid").read_text())

    def status(self, key):
        text = pathlib.Path(f"/proc/{self.pid()}/status").read_text()
        return re.search(rf"^{key}:\s+(.*)$", text, re.M)[1]

    def end(self):
        if self.process.poll() is None:
            subprocess.run(["crun", "kill", self.name, "TERM"], check=False,
                           stderr=subprocess.DEVNULL)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        finally:
            containers.forget("crun", self.name)


def health(pod):
    """As the manifest's probe asks, or a user of the page."""
    probe = pod.box.probe or {"path": "/healthz"}
    return pod.ask(probe["path"], {one["name"]: one["value"] for one in
                                   probe.get("httpHeaders", [])})[0] == 200


def check_limits(tap, pod):
    """It has what is asked for, and no more."""
    wanted = sum(1 << NUMBERS[name] for name in pod.box.capabilities)
    roots = [line.split() for line in pathlib.Path(
        f"/proc/{pod.pid()}/mountinfo").read_text().splitlines()]
    read_only = [words[5].split(",")[0] for words in roots
                 if words[4] == "/"]
    kib = int(pod.status("VmRSS").split()[0])
    threads = int(pod.status("Threads"))
    tap.ok(int(pod.status("CapEff"), 16) == wanted and
           int(pod.status("CapBnd"), 16) == wanted and
           pod.status("NoNewPrivs") == "1" and pod.status("Seccomp") == "2" and
           read_only == ["ro"],
           f"{pod.box.name}: {len(pod.box.capabilities)} capabilities, its own "
           "policy, nothing to write", pod.status("CapEff"), read_only)
    tap.ok(kib << 10 < pod.box.memory and
           (not pod.box.pids or threads < pod.box.pids),
           f"{pod.box.name}: {kib >> 10} MiB of {pod.box.memory >> 20}, "
           f"{threads} threads")


def check_pod(tap, scene, box):
    pod = Pod(box, scene.watch_path)
    try:
        tap.ok(pod.wait_until(lambda: health(pod)), f"{box.name}: it is well",
               pod.said()[-2000:])
        check_limits(tap, pod)
        # One that audit is told of, and some that eBPF alone sees.
        names = [scene.violate("80000000", False),
                 scene.violate("5000d", False, count=COUNT, rate=20)]
        pod.wait_until(lambda: len(pod.events(names[0])) == 1 and
                       len(pod.events(names[1])) == COUNT)
        killed, refused = map(pod.events, names)
        tap.ok([event["seccomp"]["source"] for event in killed] ==
               [["audit", "ebpf"]] and
               [event["seccomp"]["source"] for event in refused] ==
               [["ebpf"]] * COUNT,
               f"{box.name}: what happens on the machine is told once",
               pod.said()[-3000:])
        programs = {event["process"].get("executable")
                    for event in killed + refused[-1:]}
        if release() >= (6, 15):
            tap.ok(programs == {str(scene.violators["x86_64"])},
                   f"{box.name}: of which program", programs)
        else:
            tap.skip(f"{box.name}: of which program",
                     "before Linux 6.15 it cannot be known")
        tap.ok(pod.wait_until(lambda: pod.rows() == 1 + COUNT),
               f"{box.name}: and is in the store and on the page",
               pod.ask("/api/status", {}))
        tap.ok(pod.end() == 0, f"{box.name}: it ends in order",
               pod.said()[-1000:])
    finally:
        pod.end()


def main():
    tap = Tap()
    reason = containers.why_not("crun") or why_not(["audit", "ebpf"]) or \
        (None if manifests else "no yaml module for Python") or \
        next((f"no {name}" for name in ("ldd", "dpkg")
              if not shutil.which(name)), None)
    if reason:
        tap.skip("pods", reason)
        tap.done()
    scene = Scene(*map(os.path.abspath, sys.argv[1:3]), sys.argv[3])
    folder = manifests.examples(ROOT)
    check_pod(tap, scene, manifests.read_daemonset(folder / "daemonset.yaml"))
    check_pod(tap, scene, manifests.read_compose(folder / "compose.yaml"))
    tap.done()


if __name__ == "__main__":
    main()
