#!/usr/bin/env -S python3 -B
"""What real runtimes do, against what `callgate explain --for` says.

Each verdict is one system call, made by a program in a container that a real
runtime started under a profile. A call that the profile lets through must end
as it does without any profile.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "house")]

import containers  # noqa: E402
import profiles  # noqa: E402
from tap import Tap  # noqa: E402

SHARED = os.environ.get("CALLGATE_SHARED")
LEAST = 60  # verdicts for each runtime
KILLED = 128 + 31


class Judge:
    """What callgate says about a call, as the exit status of the probe."""

    def __init__(self, callgate, folder):
        self.callgate, self.folder = callgate, folder
        self.version = containers.libseccomp()

    def command(self, verb, runtime, path, *words):
        return subprocess.run(
            [self.callgate, verb, "--for", runtime, "--libseccomp",
             self.version, str(path), *words], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def explain(self, runtime, path, calls, caps=None):
        """Status and errors; or an answer for each call."""
        answers = []
        for abi in ("x86_64", "i386"):
            mine = [call for call in calls if call[0] == abi]
            if not mine:
                continue
            done = subprocess.run(
                [self.callgate, "explain", "--json", "--arch", abi, "--for",
                 runtime, "--libseccomp", self.version,
                 *(["--caps", caps] if caps else []), str(path),
                 *[f"nr={nr}({', '.join(map(str, words))})"
                   for _, nr, *words in mine]], check=False, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if done.returncode not in (0, 1):
                return None, done.stderr
            answers += zip(mine, map(json.loads, done.stdout.splitlines()))
        return dict((tuple(call), said) for call, said in answers), ""


def expected(said, baseline):
    """The status that goes with the one outcome that explain knows."""
    if len(said["outcomes"]) != 1:
        return f"{len(said['outcomes'])} outcomes"
    answer = said["outcomes"][0]["answer"]
    value = said["outcomes"][0]["value"]
    if answer in ("allow", "log"):
        return baseline
    if answer.startswith("errno"):
        return value & 0xffff
    if answer.startswith(("trace", "user_notif", "notify")):
        return 38  # nobody is there to answer
    return KILLED


def words_of(call):
    return call[0], *map(str, call[1:])


class Test:
    def __init__(self, callgate):
        self.tap = Tap()
        self.bundle = containers.Bundle()
        self.judge = Judge(callgate, self.bundle.folder)
        self.callgate = callgate
        self.baselines = {}
        self.measured = {}  # (profile, call) -> {runtime: status}

    def write(self, profile):
        path = self.bundle.folder / "profile.json"
        path.write_text(profile if isinstance(profile, str)
                        else json.dumps(profile))
        return path

    def baseline(self, runtime, call):
        if call not in self.baselines:
            self.baselines[call] = runtime.run(None, *words_of(call)).status
        return self.baselines[call]

    def verdicts(self, runtime, name, profile, calls, note=""):
        """All calls of a profile; how many were measured."""
        path = self.write(profile)
        said, why = self.judge.explain(runtime.name, path, calls)
        if said is None:
            self.tap.ok(False, f"{name} for {runtime.name}", why)
            return 0
        wrong = []
        for call in map(tuple, calls):
            want = expected(said[call], self.baseline(runtime, call))
            got = runtime.run(profile, *words_of(call))
            self.measured.setdefault((name, call), {})[
                runtime.program] = got.status
            if not got.started or got.status != want:
                wrong.append(f"{call}: {got.status} and not {want} "
                             f"({said[call]['outcomes'][0]['answer']}): "
                             f"{got.text[-200:]}")
        self.tap.ok(not wrong, f"{runtime.name}: {name}: {len(calls)} calls "
                    f"as explained{note}", *wrong)
        return len(calls)

    def live(self, runtime, name, profile):
        """The filter that is loaded, against the profile: for every call."""
        path = self.write(profile)
        with runtime.hold(profile) as pid:
            if pid is None:
                self.tap.ok(False, f"{runtime.name}: {name}: it waits")
                return
            done = self.judge.command("diff", runtime.name, path,
                                      f"pid:{pid}")
        self.tap.ok(done.returncode == 0, f"{runtime.name}: {name}: its "
                    "filter in the kernel is proved to be what was read",
                    done.stdout[-600:], done.stderr[-600:])

    def refusals(self, runtime):
        """A runtime refuses a file if and only if callgate does."""
        for name, profile in profiles.REFUSALS:
            path = self.write(profile)
            said, why = self.judge.explain(runtime.name, path,
                                           [("x86_64", 39)])
            started = runtime.run(profile, "x86_64", "39").started
            self.tap.ok(started == (said is not None),
                        f"{runtime.name}: {name}: "
                        f"{'taken' if started else 'refused'} by both",
                        f"callgate says: {why or 'fine'}")

    def written(self, runtime, name, path, calls):
        """A container runs under what callgate made of a profile."""
        out = self.bundle.folder / "written.json"
        done = self.judge.command("convert", runtime.name, path, "--to",
                                  "oci", "--to-for", runtime.name, "-o",
                                  str(out))
        if done.returncode:
            self.tap.ok(False, f"{runtime.name}: {name} is written",
                        done.stderr)
            return 0
        text = out.read_text()
        ran = runtime.run(json.loads(text), "/bin/busybox", "echo",
                          "started", no_new_privs=False)
        self.tap.ok(ran.started, f"{runtime.name}: runs under {name} as "
                    "callgate wrote it", ran.text)
        return self.verdicts(runtime, f"{name}, written", json.loads(text),
                             calls)

    def annotated(self, runtime, path):
        """crun loads a filter that callgate wrote, in place of a profile."""
        done = self.judge.command("convert", runtime.name, path, "--to",
                                  "crun-annotation")
        key, _, value = done.stdout.strip().partition("=")
        call = ("x86_64", 165, 0, 0, 0, 0, 0)
        said, why = self.judge.explain(runtime.name, path, [call])
        want = said and expected(said[call], self.baseline(runtime, call))
        got = runtime.run({"defaultAction": "SCMP_ACT_ALLOW"},
                          *words_of(call), annotations={key: value})
        self.tap.ok(got.started and got.status == want,
                    f"{runtime.name}: runs under its annotation", why,
                    done.stderr, f"{got.status} and not {want}", got.text)

    def own(self, runtime):
        """The whole of one runtime."""
        count = 0
        for name, profile, calls in profiles.PROFILES:
            count += self.verdicts(runtime, name, profile, calls)
            self.live(runtime, name, profile)
        self.refusals(runtime)
        if not SHARED:
            self.tap.skip(f"{runtime.name}: profiles of engines",
                          "CALLGATE_SHARED names no folder")
            return count
        for name, file, calls in profiles.ENGINES:
            path = pathlib.Path(SHARED) / "data" / "oci" / file
            profile = json.loads(path.read_text())
            count += self.verdicts(runtime, name, profile, calls)
            count += self.written(runtime, name, path, calls[:4])
            self.live(runtime, name, profiles.without(profile,
                                                      profiles.HALF_KNOWN))
            if runtime.program == "crun":
                self.annotated(runtime, path)
        return count

    def seed(self, runtime):
        """Docker's default without write: what is said, and what happens."""
        if not SHARED:
            self.tap.skip("Docker's default without write",
                          "CALLGATE_SHARED names no folder")
            return
        file = pathlib.Path(SHARED) / "data" / "oci" / profiles.ENGINES[0][1]
        profile = profiles.without(json.loads(file.read_text()), ["write"])
        path = self.write(profile)
        said, why = self.judge.explain(runtime.name, path, [("x86_64", 1)])
        answer = said and said[("x86_64", 1)]["outcomes"][0]["answer"]
        self.tap.ok(answer == "errno(EPERM)", "without write: explain says "
                    "that write is refused", why, answer)
        said = self.foretold(path, runtime)
        self.tap.ok(said and f"{runtime.program} itself calls" in said and
                    "write" in said, "without write: lint says that "
                    f"{runtime.name} itself needs it", said)
        ran = runtime.run(profile, "x86_64", "39")
        self.tap.ok(not ran.started, "without write: no container starts "
                    f"under {runtime.name}", ran.text)

    def foretold(self, path, runtime, *words):
        """What lint says that the runtime itself lacks, or None."""
        done = self.judge.command("lint", runtime.program, path, "--json",
                                  "--only", "runtime-needs", *words)
        found = json.loads(done.stdout)["findings"]
        return found[0]["message"] if found else None

    def needs(self, runtime):
        """Each call refused alone: lint knows what starts a container."""
        if runtime.name not in profiles.MEASURED:
            self.tap.skip(f"{runtime.name}: what it needs",
                          "other releases were measured")
            return
        for no_new_privs in (True, False):
            wrong, count = [], 0
            for name in profiles.NEEDS:
                for action in ("SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"):
                    profile = {"defaultAction": "SCMP_ACT_ALLOW",
                               "architectures": ["SCMP_ARCH_X86_64"],
                               "syscalls": [{"names": [name],
                                             "action": action}]}
                    path = self.write(profile)
                    said = self.foretold(path, runtime, "--no-new-privs",
                                         "yes" if no_new_privs else "no")
                    ran = runtime.run(profile, "x86_64", "39",
                                      no_new_privs=no_new_privs)
                    count += 1
                    if ran.started != (said is None):
                        wrong.append(f"{name}, {action}: started: "
                                     f"{ran.started}, lint: {said}")
            self.tap.ok(not wrong, f"{runtime.name}: with {count} calls "
                        f"refused, one by one, {'' if no_new_privs else 'no '}"
                        "no_new_privs: lint knows what starts", *wrong)

    def podman(self):
        why = containers.why_not("podman") or containers.why_not("runc")
        if why or not SHARED:
            self.tap.skip("podman", why or "CALLGATE_SHARED names no folder")
            return
        podman = containers.Podman(self.bundle)
        for name, file, calls in profiles.PODMAN:
            path = pathlib.Path(SHARED) / "data" / "oci" / file
            said, why = self.judge.explain(podman.name, path, calls)
            wrong = [why] if said is None else []
            for call in map(tuple, calls if said else []):
                want = expected(said[call], self.baselines.get(call, 200))
                got = podman.run(path, *words_of(call))
                if not got.started or got.status != want:
                    wrong.append(f"{call}: {got.status} and not {want}: "
                                 f"{got.text[-300:]}")
            self.tap.ok(not wrong, f"{podman.name}: {name}: {len(calls)} "
                        "calls as explained", *wrong)

    def differences(self):
        """Where crun and runc part, both as they were foretold."""
        apart = [(key, found) for key, found in self.measured.items()
                 if len(set(found.values())) > 1]
        for (name, call), found in sorted(apart):
            print(f"# {name}: {' '.join(map(str, call))}: " + ", ".join(
                f"{runtime} {status}" for runtime, status in found.items()))
        self.tap.ok(len(apart) >= 3, f"{len(apart)} calls end otherwise "
                    "under crun than under runc")


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} CALLGATE")
    lacks = {program: containers.why_not(program)
             for program in ("crun", "runc")}
    if all(lacks.values()):
        print(f"1..0 # SKIP {lacks['crun']}")
        return
    test = Test(sys.argv[1])
    for program, make in (("crun", containers.Crun),
                          ("runc", containers.Direct)):
        if lacks[program]:
            test.tap.skip(program, lacks[program])
            continue
        runtime = make(program, test.bundle)
        count = test.own(runtime)
        test.tap.ok(count >= LEAST or not SHARED,
                    f"{runtime.name}: {count} verdicts measured")
        test.seed(runtime)
        test.needs(runtime)
    if not any(lacks.values()):
        test.differences()
    test.podman()
    test.tap.done()


if __name__ == "__main__":
    main()
