#!/usr/bin/env -S python3 -B
"""Many violations: none is lost, and what is lost by force is counted.

Usage: rates_test.py CALLGATE-WATCH VIOLATOR VIOLATOR32
It wants the machine for itself. CALLGATE_SHORT=1: a tenth of each.
"""

import datetime
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from scene import Scene, Tap, why_not

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "sink"))

import bulk_server  # noqa: E402

PART = 10 if os.environ.get("CALLGATE_SHORT") else 1


def check_false(tap, scene):
    """Calls that fail by themselves, with the errno that the filter has for
    other arguments; and one that is refused, to see that it is awake."""
    count = 1_000_000 // PART
    with scene.watch("--source", "audit,ebpf", settle=3) as watch:
        quiet = [scene.violate("none", False, count=count // 2, abi=abi)
                 for abi in scene.violators]
        refused = scene.violate("50001", False)
    tap.ok(not any(watch.count(name) for name in quiet) and
           watch.count(refused) == 1,
           f"no report of {count} calls that failed by themselves",
           [watch.events(name)[:1] for name in quiet], watch.notes)


def check_rate(tap, scene, sources, log, rate, seconds, *words):
    count = rate * seconds // PART
    with scene.watch("--source", ",".join(sources), *words,
                     settle=2) as watch:
        began = time.monotonic()
        name = scene.violate("50001", log, count=count, rate=rate)
        took = time.monotonic() - began
    told = watch.count(name) or sum(
        f" {name} (pid ".encode() in line for line in watch.lines)
    tap.ok(told == count and "lost" not in watch.notes and
           not any(b"lost-events" in line for line in watch.lines),
           f"{'+'.join(sources)} {' '.join(words)}: {count} at "
           f"{count / took:.0f} a second: {told} told", watch.notes)


def check_loss(tap, scene, source, log, last=False):
    """A small queue, and a reader that is stopped: sent is told and lost; to
    the last, where the watch is told to end meanwhile."""
    count = 200_000 // PART
    words = ["--source", source, "--queue", "65536"]
    with scene.watch(*words, settle=1) as watch:
        scene.violate("50001", log)
        watch.process.send_signal(signal.SIGSTOP)
        name = scene.violate("50001", log, count=count)
        if last:
            watch.process.send_signal(signal.SIGINT)
        watch.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        after = scene.violate("50001", log)
    told, lost = watch.count(name), sum(watch.lost().values())
    # Others on the machine may violate their filters meanwhile, and be lost:
    # alone, these are none.
    others = told + lost - count
    tap.ok(0 <= others <= count // 100 and lost > 0 and
           watch.count(after) == (0 if last else 1),
           f"{source}{' at the end' if last else ''}: {count} sent, {told} "
           f"told, {lost} lost, of these {others} of others", watch.notes)


def check_sink(tap, scene, rate, seconds):
    """From the kernel into a bulk server, each once, without a rest."""
    count = rate * seconds // PART
    store = bulk_server.Store()
    server, url = bulk_server.start(store)
    words = ["--source", "ebpf", "--spool", str(scene.folder / "spool"),
             "--sink", f"elasticsearch:{url},batch=2000,drain=60s"]
    with scene.watch(*words, settle=0) as watch:
        began = time.monotonic()
        name = scene.violate("50001", False, count=count, rate=rate)
        sent = time.monotonic() - began
        while time.monotonic() - began < 60 and \
                len(store.documents) < count:
            time.sleep(0.01)
        took = time.monotonic() - began
    server.shutdown()
    there = sum(each.get("process", {}).get("name") == name
                for each in list(store.documents.values()))
    tap.ok(there == count and not store.complaints and watch.status == 0,
           f"elasticsearch: {count} at {count / sent:.0f} a second: {there} "
           f"there at {count / took:.0f} a second", watch.notes)


def read_times(pipe, mark, delays):
    for line in pipe:
        if mark not in line:
            continue
        now = time.time()
        stamp = line.split(b'"@timestamp":"')[1][:24].decode()
        made = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
        delays.append(now - made.replace(
            tzinfo=datetime.timezone.utc).timestamp())


def check_delay(tap, scene, sources, log):
    """From the refusal to stdout, at 1,000 a second."""
    words = [scene.watch_path, "--json", "--source", ",".join(sources)]
    delays, name = [], scene.name()
    with subprocess.Popen(words, stdout=subprocess.PIPE) as watch:
        reader = threading.Thread(
            target=read_times,
            args=(watch.stdout, f'"name":"{name}"'.encode(), delays))
        reader.start()
        time.sleep(1)
        subprocess.run(scene.words(name, "50001", log, count=5000 // PART,
                                   rate=1000), check=False,
                       stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        watch.send_signal(signal.SIGINT)
        reader.join()
    delays.sort()
    last = delays[int(len(delays) * 0.99)] if delays else 9
    tap.ok(len(delays) == 5000 // PART and last < 0.05,
           f"{'+'.join(sources)}, logged {log}: 99 of 100 within "
           f"{last * 1000:.1f} ms", len(delays))


def main():
    tap = Tap()
    reason = why_not(["audit", "ebpf"])
    if reason:
        tap.skip("rates", reason)
        tap.done()
    scene = Scene(*sys.argv[1:])
    check_false(tap, scene)
    check_rate(tap, scene, ["audit"], True, 50_000, 10)
    check_rate(tap, scene, ["ebpf"], False, 200_000, 5, "--format", "line",
               "--no-proc")
    # JSON of 200,000 a second takes a core of its own.
    check_rate(tap, scene, ["ebpf"], False, 100_000, 5)
    check_rate(tap, scene, ["audit", "ebpf"], False, 50_000, 5)
    check_loss(tap, scene, "ebpf", False)
    check_loss(tap, scene, "audit", True)
    check_loss(tap, scene, "ebpf", False, last=True)
    check_loss(tap, scene, "audit", True, last=True)
    check_sink(tap, scene, 20_000, 5)
    check_delay(tap, scene, ["ebpf"], False)
    check_delay(tap, scene, ["audit", "ebpf"], True)
    check_delay(tap, scene, ["audit"], True)
    tap.done()


if __name__ == "__main__":
    main()
