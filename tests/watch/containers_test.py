#!/usr/bin/env -S python3 -B
"""Violations within containers, by filters of their own and by profiles.

Usage: containers_test.py CALLGATE-WATCH VIOLATOR VIOLATOR32
"""

import itertools
import shutil
import subprocess
import sys

from scene import Scene, Tap, VERDICTS, why_not

import containers

PROFILE = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO",
                  "errnoRet": 13}],
}


def check_verdicts(tap, scene, runtime, sources, heard):
    """The table, made by a program within."""
    bin_ = runtime.bundle.root / "bin"
    for abi, path in scene.violators.items():
        shutil.copy(path, bin_ / f"violator-{abi}")
    made = {}
    with scene.watch("--source", ",".join(sources)) as watch:
        for row, log, how in itertools.product(
                VERDICTS, (False, True), ("process", "thread", "vfork")):
            for abi in scene.violators:
                name = scene.name()
                words = scene.words(name, row[0], log, how)
                runtime.run(None, f"/bin/violator-{abi}", *words[1:])
                made[name] = (row, log, how, abi)
    wrong = [(row[1], log, how, abi, len(watch.events(name)))
             for name, (row, log, how, abi) in made.items()
             if len(watch.events(name)) != heard(row, log) or
             any(event["seccomp"].get("action") != row[1] or
                 event["seccomp"]["syscall"]["abi"] != abi
                 for event in watch.events(name))]
    tap.ok(not wrong, f"{runtime.name}, {'+'.join(sources)}: {len(made)} "
           "violations within", *wrong, watch.notes)


def check_profile(tap, scene, runtime):
    """What the profile refuses: audit is not told of it, eBPF sees it."""
    with scene.watch("--source", "audit,ebpf") as watch:
        got = runtime.run(PROFILE, "x86_64", "83", "0")
    events = [event for event in watch.events("probe")
              if event["seccomp"]["syscall"]["name"] == "mkdir"]
    tap.ok(got.status == 13 and len(events) == 1 and
           events[0]["seccomp"]["errno"] == "EACCES" and
           events[0]["seccomp"]["source"] == ["ebpf"],
           f"{runtime.name}: the profile's errno", got, events)


def check_agent(tap, scene, runtime):
    """listenerPath: calls are answered, and told."""
    path = str(scene.folder / "agent")
    profile = dict(PROFILE, listenerPath=path, listenerMetadata="x",
                   syscalls=[{"names": ["mkdir"],
                              "action": "SCMP_ACT_NOTIFY"}])
    for answer, status, sources in [
            ([], 1, f"agent:{path}"),
            (["--agent-answer", "errno=ENOTDIR"], 20, f"agent:{path}"),
            (["--agent-answer", "continue"], 14, f"agent:{path}"),
            ([], 1, f"audit,ebpf,agent:{path}")]:
        with scene.watch("--source", sources, *answer) as watch:
            got = runtime.run(profile, "x86_64", "83", "0")
        events = watch.events("probe")
        tap.ok(got.status == status and len(events) == 1 and
               "agent" in events[0]["seccomp"]["source"] and
               events[0]["container"]["id"].startswith("callgate-"),
               f"{runtime.name}: {sources.split(':')[0]} {' '.join(answer)}",
               got, events, watch.notes)


def main():
    tap = Tap()
    scene = Scene(*sys.argv[1:])
    for program, kind in [("crun", containers.Crun),
                          ("runc", containers.Direct)]:
        reason = containers.why_not(program) or why_not(["audit", "ebpf"])
        if reason:
            tap.skip(program, reason)
            continue
        runtime = kind(program, containers.Bundle())
        if program == "crun":
            check_verdicts(tap, scene, runtime, ["audit", "ebpf"],
                           lambda row, log: 1)
            check_verdicts(tap, scene, runtime, ["audit"],
                           lambda row, log: int(row[3] if log else row[2]))
        try:
            check_profile(tap, scene, runtime)
            check_agent(tap, scene, runtime)
        except subprocess.TimeoutExpired as late:
            tap.ok(False, f"{program} came back", late)
    tap.done()


if __name__ == "__main__":
    main()
