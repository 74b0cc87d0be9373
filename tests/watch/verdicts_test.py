#!/usr/bin/env -S python3 -B
"""Each verdict, logged and not, by each ABI, from each kind of thread.

Usage: verdicts_test.py CALLGATE-WATCH VIOLATOR VIOLATOR32
With eBPF and audit each is told once, and named rightly; audit alone hears of
those in the table, and of no other.
"""

import itertools
import sys

from scene import Scene, Tap, VERDICTS, why_not

NUMBER = {"x86_64": 140, "i386": 96}


def make_all(scene):
    """{(verdict, log, abi, how): name} of one violation each."""
    return {(row, log, abi, how): scene.violate(row[0], log, how, abi=abi)
            for row, log, abi, how in itertools.product(
                VERDICTS, (False, True), scene.violators,
                ("process", "thread", "sibling", "vfork"))}


def wrong_with(event, row, abi, how, full):
    """What an event has that it should not have. A thread that is killed alone
    has given up its filter when it is seen, and nobody has the same."""
    seccomp = event["seccomp"]
    is_ = {"action": seccomp.get("action"), "abi": seccomp["syscall"]["abi"],
           "name": seccomp["syscall"]["name"],
           "number": seccomp["syscall"]["number"],
           "code": int(seccomp["code"], 16)}
    want = {"action": row[1], "abi": abi, "name": "getpriority",
            "number": NUMBER[abi], "code": int(row[0], 16) & 0xffff0000}
    if full and row[4] and (row[1], how) != ("kill_thread", "thread"):
        is_ |= {"args": seccomp["syscall"]["args"][:2],
                "data": seccomp.get("data"), "errno": seccomp.get("errno"),
                "filter": seccomp.get("filter", {}).get("instruction"),
                "rule": (seccomp.get("filter", {}).get("rule") or "")
                .rpartition(" to ")[2]}
        want |= {"args": ["0x7", "0x8"], "data": int(row[0], 16) & 0xffff,
                 "errno": {"errno": "EACCES", "trace": "ENOSYS",
                           "user_notif": "ENOSYS"}.get(row[1]),
                 "filter": 4,
                 "rule": "getpriority(which == 7)"}
    return {key: (is_[key], want[key]) for key in want
            if is_[key] != want[key]}


def check(tap, scene, sources, heard):
    """`heard` says which of (row, log) these sources hear of."""
    with scene.watch("--source", ",".join(sources)) as watch:
        made = make_all(scene)
    for row in VERDICTS:
        wrong = []
        for (each, log, abi, how), name in made.items():
            if each is not row:
                continue
            events = watch.events(name)
            if len(events) != heard(row, log):
                wrong.append(f"{abi} {how} log={log}: {len(events)} events")
            for event in events:
                odd = wrong_with(event, row, abi, how, "ebpf" in sources)
                if odd:
                    wrong.append(f"{abi} {how} log={log}: {odd}")
        tap.ok(not wrong, f"{'+'.join(sources)}: {row[1] or 'unknown'}",
               wrong, watch.notes)
    return watch, made


def main():
    tap = Tap()
    scene = Scene(*sys.argv[1:])
    for sources, heard in [
            (["audit"], lambda row, log: int(row[3] if log else row[2])),
            (["ebpf"], lambda row, log: int(row[4])),
            (["audit", "ebpf"], lambda row, log: 1)]:
        reason = why_not(sources)
        if reason:
            tap.skip("+".join(sources), reason)
            continue
        check(tap, scene, sources, heard)
    tap.done()


if __name__ == "__main__":
    main()
