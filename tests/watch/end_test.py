#!/usr/bin/env -S python3 -B
"""What happened before the end of a watch is told, or counted as lost.

Usage: end_test.py CALLGATE-WATCH VIOLATOR VIOLATOR32
The reader is stopped while there are violations, and is told to end before it
goes on: all of them wait in queues of the kernel then.
"""

import signal
import sys
import time

from scene import PATIENCE, Scene, Tap, why_not

COUNT = 5000
# Of others there are fewer between its beginning and its stop: it would end.
MOST = 200


def interrupt_behind(scene, sources, log, *words):
    """The watch, and who violated."""
    with scene.watch("--source", ",".join(sources), *words,
                     settle=0) as watch:
        watch.process.send_signal(signal.SIGSTOP)
        name = scene.violate("50001", log, count=COUNT)
        watch.process.send_signal(signal.SIGINT)
        watch.process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        watch.process.wait(timeout=PATIENCE)
        watch.took = time.monotonic() - began
    return watch, name


def events(watch):
    """Of anybody's violations."""
    return sum(b'"lost-events"' not in line for line in watch.lines)


def check_end(tap, scene, sources, log):
    watch, name = interrupt_behind(scene, sources, log)
    told, lost = watch.count(name), watch.lost()
    # A slow machine tells fewer in its second, and counts the others; those
    # of other programs, too.
    ok = told == COUNT if not lost else \
        list(lost) == ["queue"] and told + lost["queue"] >= COUNT
    tap.ok(ok and told > 0,
           f"{'+'.join(sources)}: {COUNT} before the end: {told} told, "
           f"lost {lost}, {watch.took:.2f} s", watch.notes)


def check_overrun(tap, scene, source, log):
    """No record comes behind those that found no room."""
    watch, name = interrupt_behind(scene, [source], log, "--queue", "65536")
    told, lost = watch.count(name), watch.lost()
    # Others may violate theirs beside us, and take all of the room: `make
    # check-watch` is alone.
    tap.ok(events(watch) > 0 and told < COUNT and lost.get(source, 0) > 0 and
           told + sum(lost.values()) >= COUNT,
           f"{source}: {COUNT} before the end, with little room: {told} told, "
           f"lost {lost}", watch.notes)


def check_count(tap, scene, sources, log):
    watch, name = interrupt_behind(scene, sources, log, "--count", str(MOST))
    told = events(watch)
    lost = watch.lost().get("queue", 0)
    tap.ok(told == MOST and told + lost >= COUNT,
           f"{'+'.join(sources)}: --count {MOST} of {COUNT}: {told} told, {lost} "
           f"lost, {watch.took:.2f} s", watch.notes)


def main():
    tap = Tap()
    scene = Scene(*sys.argv[1:])
    for sources, log in [(["audit"], True), (["ebpf"], False),
                         (["audit", "ebpf"], True)]:
        reason = why_not(sources)
        if reason:
            tap.skip("+".join(sources), reason)
            continue
        check_end(tap, scene, sources, log)
        check_count(tap, scene, sources, log)
        if len(sources) == 1:
            check_overrun(tap, scene, sources[0], log)
    tap.done()


if __name__ == "__main__":
    main()
