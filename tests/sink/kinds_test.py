#!/usr/bin/env -S python3 -B
"""Events to files, the journal, syslog, a collector and Prometheus; and losses.

Usage: kinds_test.py CALLGATE
"""

import contextlib
import http.server
import itertools
import json
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

import bulk_server
from elastic_test import QUICK, balanced, log_of, sums

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from cli import Callgate, Tap  # noqa: E402

COUNT = 300
PATIENCE = 60  # seconds, for a machine that has other work
SO_RCVBUFFORCE = 33  # of Linux; Python has no name for it
MESSAGE_ROOM = 4096  # what a message takes in the kernel's queue, at most


def run(callgate, *specs, count=COUNT, text=None, spool=None, words=()):
    run.number += 1
    specs = [word for spec in specs for word in ("--sink", spec)]
    return callgate("watch", "--spool", spool or f"spool{run.number}", *specs,
                    *words, "-",
                    text=log_of(count) if text is None else text)


run.number = 0


def row_of(got, kind):
    """The sums of the sink of this kind."""
    return next(row for name, row in sums(got.err).items()
                if name.startswith(kind))


def pids(lines):
    return [json.loads(line)["process"]["pid"] for line in lines]


def check_pipe(tap, callgate):
    """A pipe that nobody reads: what it was to get stays, and we end."""
    os.mkfifo(callgate.folder / "pipe")
    got = run(callgate, "file:pipe,drain=1s", count=5)
    row = row_of(got, "file")
    tap.ok(row[2] == 0 and row[6] == 5 and got.status == 0,
           f"a pipe without a reader: {row}", got)


def check_files(tap, callgate):
    folder = callgate.folder
    got = run(callgate, "file:a.ndjson", "stdout,format=line")
    told = (folder / "a.ndjson").read_text().splitlines()
    tap.ok(pids(told) == list(range(1, COUNT + 1)) and
           got.out.count("lost a thread for") == COUNT and
           got.status == 0, "a file, and lines", got)
    run(callgate, "file:a.ndjson", count=5)
    tap.ok(len((folder / "a.ndjson").read_text().splitlines()) == COUNT + 5,
           "is appended to")
    got = run(callgate, "file:b.ndjson,size=50k,keep=30")
    parts = sorted(folder.glob("b.ndjson.*"),
                   key=lambda path: -int(path.suffix[1:]))
    parts.append(folder / "b.ndjson")
    told = [line for path in parts for line in path.read_text().splitlines()]
    tap.ok(pids(told) == list(range(1, COUNT + 1)) and len(parts) > 4 and
           all(path.stat().st_size <= 50000 for path in parts),
           "is rotated, no line lost or cut", got, parts)
    got = run(callgate, "file:c.ndjson,size=50k,keep=2")
    tap.ok(sorted(path.name for path in folder.glob("c.ndjson*")) ==
           ["c.ndjson", "c.ndjson.1", "c.ndjson.2"], "old ones go", got)
    for shape, word in [("auditbeat", '"module":"auditd"'),
                        ("auditbeat6", '"type":"seccomp"')]:
        run(callgate, f"file:{shape},format={shape}", count=3)
        tap.ok((folder / shape).read_text().count(word) == 3,
               f"as {shape}")


def fields_of(data):
    """The fields of a datagram of the journal's protocol."""
    found = {}
    while data:
        name, sign, rest = re.match(rb"([A-Z0-9_]+)([=\n])(.*)", data,
                                    re.S).groups()
        if sign == b"=":
            value, _, data = rest.partition(b"\n")
        else:
            size = struct.unpack("<Q", rest[:8])[0]
            value, data = rest[8:8 + size], rest[9 + size:]
        found.setdefault(name.decode(), []).append(value.decode())
    return found


class Datagrams:
    """What comes to a socket, until nothing does any more. What finds no room
    by UDP is gone, and a reader may be late."""

    def __init__(self, family, address):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, SO_RCVBUFFORCE):
            with contextlib.suppress(PermissionError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        self.socket.bind(address)
        self.found = []
        self.stop = False
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        self.socket.settimeout(0.1)
        while True:
            try:
                data, files, _, _ = socket.recv_fds(self.socket, 1 << 18, 1)
            except TimeoutError:
                if self.stop:
                    return
                continue
            for file in files:
                data = os.pread(file, 1 << 22, 0)
                os.close(file)
            self.found.append(data)

    def fits(self, count):
        """How many messages may wait at once, of `count` that there are."""
        room = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return min(count, room // MESSAGE_ROOM)

    def done(self, count):
        """All, once so many are there."""
        until = time.monotonic() + PATIENCE
        while len(self.found) < count and time.monotonic() < until:
            time.sleep(0.02)
        self.stop = True
        self.thread.join()
        self.socket.close()
        return self.found


def check_journald(tap, callgate):
    path = str(callgate.folder / "journal")
    there = Datagrams(socket.AF_UNIX, path)
    odd = ("type=SECCOMP msg=audit(1.000:1): pid=7 arch=c000003e syscall=49 "
           "code=0x0 exe=" + b"/a\nb".hex().upper() + "\n")
    large = odd.replace("/a\nb".encode().hex().upper(),
                        (b"/" + b"x" * 4095).hex().upper())
    got = run(callgate, f"journald:{path},tag=ours",
              text=log_of(COUNT) + odd + large)
    events = [fields_of(data) for data in there.done(COUNT + 2)]
    first = events[0] if events else {}
    tap.ok(len(events) == COUNT + 2 and got.status == 0 and
           first.get("PRIORITY") == ["3"] and
           first.get("SYSLOG_IDENTIFIER") == ["ours"] and
           first.get("SECCOMP_ACTION") == ["kill_thread"] and
           first.get("PROCESS_PID") == ["1"] and
           "lost a thread for write" in first["MESSAGE"][0], "the journal",
           got, events[:1])
    tap.ok(events[-2].get("PROCESS_EXECUTABLE") == ["/a\nb"] and
           len(events[-1]["PROCESS_EXECUTABLE"][0]) == 4096,
           "newlines and long names", events[-2:])
    got = run(callgate, f"journald:{callgate.folder}/nowhere,drain=1s")
    row = row_of(got, "journald")
    tap.ok(balanced(row) and row[6] == COUNT and "No such file" in got.err,
           "no journal: it stays", got)


MESSAGE = re.compile(
    r"<(\d+)>1 (\S+) (\S+) (\S+) (\d+) (\S+) (\[.*\]) \ufeff(.*)", re.S)


def check_message(tap, name, messages, got, count=COUNT):
    parts = [MESSAGE.fullmatch(text.decode()) for text in messages]
    tap.ok(len(parts) == count and all(parts) and
           [part[1] for part in parts] == [str(16 * 8 + 3)] * count and
           f'pid="{count}"' in parts[-1][7] and
           "lost a thread for" in parts[-1][8] and got.status == 0 and
           parts[0][2].endswith("Z"), name, got, len(messages),
           messages[:1])


class Stream:
    """A syslog server by TCP; it may leave in the middle. What its kernel has
    taken and nobody has read is then gone, which no sender can know: so that
    takes only a little."""

    def __init__(self, leave_after=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.leave_after, self.data = leave_after, []
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        self.listener.settimeout(PATIENCE)
        while True:
            try:
                one, _ = self.listener.accept()
            except (TimeoutError, OSError):
                return
            data = b""
            while True:
                part = one.recv(4096)
                data += part
                if not part or (self.leave_after and
                                len(data) > self.leave_after):
                    break
            self.data.append(data)
            left = bool(part)
            if left:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
            one.close()
            self.leave_after = 0
            if not left:
                return

    def done(self):
        self.thread.join()
        self.listener.close()
        return [list(self.frames(data)) for data in self.data]

    @staticmethod
    def frames(data):
        while data:
            size, _, rest = data.partition(b" ")
            if not size.isdigit() or len(rest) < int(size):
                return
            yield rest[:int(size)]
            data = rest[int(size):]


def check_syslog(tap, callgate):
    path = str(callgate.folder / "log")
    there = Datagrams(socket.AF_UNIX, path)
    got = run(callgate, f"syslog:{path}")
    check_message(tap, "syslog, a local socket", there.done(COUNT), got)
    there = Datagrams(socket.AF_INET, ("127.0.0.1", 0))
    port = there.socket.getsockname()[1]
    count = there.fits(COUNT)
    got = run(callgate, f"syslog:udp://127.0.0.1:{port}", count=count)
    check_message(tap, f"syslog, UDP, {count} messages", there.done(count),
                  got, count)
    there = Stream()
    got = run(callgate, f"syslog:tcp://127.0.0.1:{there.port}")
    check_message(tap, "syslog, TCP", there.done()[0], got)
    # One batch, so that the end comes in the middle of it: it is sent anew.
    there = Stream(leave_after=20000)
    got = run(callgate, f"syslog:tcp://127.0.0.1:{there.port}," +
              QUICK.replace("linger=50ms", "linger=20s") + f",batch={COUNT}")
    first, second = (there.done() + [[], []])[:2]
    seen = {re.search(rb' pid="(\d+)"', text)[1] for text in first + second}
    tap.ok(len(seen) == COUNT and got.status == 0 and first and second,
           f"syslog, TCP, reset: {len(first)} and {len(second)} messages, "
           "none missing", got)


class Collector(http.server.BaseHTTPRequestHandler):
    """OTLP: two failures, then it takes all but what it is told to reject."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        state = self.server
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            data = __import__("gzip").decompress(data)
        fault = next(state.faults, None)
        if fault is None:
            body = json.loads(data)
            records = body["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
            state.records += records[:len(records) - state.reject]
            answer = {"partialSuccess": {
                "rejectedLogRecords": str(state.reject),
                "errorMessage": "too many"}} if state.reject else {}
            state.reject = 0
            status, text = 200, json.dumps(answer).encode()
        else:
            status, text = fault, b"no"
        self.send_response(status if self.path == "/v1/logs" else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def check_otlp(tap, callgate):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, args=(0.02,),
                     daemon=True).start()
    target = f"otlp:http://127.0.0.1:{server.server_address[1]},{QUICK}"
    for name, faults, reject, dead in [
            ("a collector", [], 0, 0), ("429, 503 and 502", [429, 503, 502],
                                        0, 0),
            ("413", [413, 413], 0, 0), ("a part is rejected", [], 4, 4),
            ("refused for good", [400] * 2, 0, 0)]:
        server.records, server.reject = [], reject
        server.faults = iter(faults)
        got = run(callgate, target)
        row = row_of(got, "otlp")
        if 400 in faults:
            tap.ok(balanced(row) and row[3] >= COUNT and got.status == 1,
                   f"OTLP, {name}: {row}", got)
            continue
        ours = [record for record in server.records
                if "lost-events" not in json.dumps(record)]
        keys = {pair["key"]: pair["value"]
                for pair in ours[0]["attributes"]} if ours else {}
        tap.ok(balanced(row) and len(ours) == COUNT - dead and
               row[3] == dead and keys.get("process.pid") ==
               {"intValue": "1"} and keys["event.type"] in
               ({"stringValue": "denied"}, keys["event.type"]) and
               ours[0]["severityNumber"] == 17 and
               ours[0]["timeUnixNano"] == "1795313417001000000",
               f"OTLP, {name}: {row}", got, ours[:1])
    server.shutdown()


def series_of(text):
    return dict(re.findall(r"^(callgate_[^ ]+(?:\{.*\})) (\d+)$", text, re.M))


def violations_of(text):
    return {name: int(value) for name, value in series_of(text).items()
            if "violations_total" in name}


def check_prometheus(tap, callgate):
    # Kept from others, and not listened at: so that the sink can have it.
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    port = kept.getsockname()[1]
    url = f"http://127.0.0.1:{port}/metrics"
    with subprocess.Popen(
            [str(callgate.path), "watch", "--spool", "metrics", "--sink",
             f"prometheus:127.0.0.1:{port},series=100", "--sink",
             "file:m.ndjson", "-"], stdin=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=callgate.folder, text=True) as watch:
        watch.stdin.write(log_of(COUNT))
        watch.stdin.flush()
        text, until = "", time.monotonic() + PATIENCE
        while time.monotonic() < until and watch.poll() is None:
            try:
                text = urllib.request.urlopen(url, timeout=5).read().decode()
            except OSError:
                pass
            # Series and sinks are of one moment each, not of the same.
            if sum(violations_of(text).values()) == COUNT and re.search(
                    r'delivered_total\{sink="file.*\} 300', text):
                break
            time.sleep(0.05)
        watch.stdin.close()
        watch.wait()
    kept.close()
    rows, violations = series_of(text), violations_of(text)
    tap.ok(sum(violations.values()) == COUNT and len(violations) == 101 and
           violations.get('callgate_violations_total{program="(others)",'
                          'call="",verdict=""}') == 200 and
           violations.get('callgate_violations_total{program="/usr/bin/nc1",'
                          'call="write",verdict="kill_thread"}') == 1,
           "Prometheus: series are bounded", list(violations.items())[:3])
    tap.ok(any(name.startswith("callgate_sink_delivered_total{sink=\"file")
               and value == "300" for name, value in rows.items()) and
           text.count("# TYPE") == text.count("# HELP") == 11,
           "and sinks are there", text[-900:])


# --------------------------------------------------------------- losses --


def status_of(callgate, spool):
    got = callgate("watch", "--spool", spool, "--status", "--json")
    return {row["sink"]: row for row in map(json.loads,
                                            got.out.splitlines())}


def lost_in(callgate, store):
    """What was lost, by the records of that in a store."""
    got = callgate("watch", "--store", store, "--query", "--json",
                   "action=lost-events")
    return [json.loads(line)["seccomp"]["lost"]
            for line in got.out.splitlines()]


def check_store_losses(tap, callgate):
    """The store's disk is full, and has room again: what it lost is said in
    the store itself, once."""
    with open(callgate.folder / "full.err", "w+", encoding="utf-8") as err, \
            subprocess.Popen(
                [str(callgate.path), "watch", "--store", "full.db", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=err,
                cwd=callgate.folder, text=True, preexec_fn=lambda: (
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                    resource.setrlimit(resource.RLIMIT_FSIZE,
                                       (200000, resource.RLIM_INFINITY)))
            ) as watch:
        def told():
            err.seek(0)
            return "lost by store" in err.read()
        def await_that(what):
            until = time.monotonic() + PATIENCE
            while not what() and time.monotonic() < until:
                time.sleep(0.05)
        watch.stdin.write(log_of(2000))
        watch.stdin.flush()
        await_that(told)
        resource.prlimit(watch.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY,) * 2)
        watch.stdin.write(log_of(10, 5001))
        watch.stdin.flush()
        await_that(lambda: lost_in(callgate, "full.db"))
        watch.stdin.close()
        watch.wait(PATIENCE)
    there = callgate("watch", "--store", "full.db", "--query", "--json",
                     "action=violated-seccomp-policy").out.count("\n")
    lost = lost_in(callgate, "full.db")
    tap.ok(watch.returncode == 1 and len(lost) == 1 and
           lost[0]["count"] == lost[0]["total"] == 2010 - there and
           lost[0]["where"] == "store" and "full.db" in lost[0]["reason"],
           f"the store says what it lost: {lost}, {there} there")
    got = callgate("watch", "--store", "full.db", "--query",
                   "action=lost-events")
    tap.ok("events were lost by store --store: " in got.out and
           got.out.count("\n") == 1, "and as a line", got)
    row = json.loads(callgate("watch", "--store", "full.db", "--query",
                              "--json", "action=lost-events").out)
    got = callgate("watch", "--store", "full.db", "--query", "--json",
                   f"id={row['event']['id']}")
    tap.ok(json.loads(got.out) == row and len(row["event"]["id"]) == 32,
           "by its id", got)


def check_stopped_reader(tap, callgate):
    """Nobody reads stdout: the spool fills up, the rest is counted."""
    count, limit = 3000, 300 << 10
    with subprocess.Popen(
            [str(callgate.path), "watch", "--spool", "stopped", "--sink",
             f"stdout,name=out,spool={limit},drain=100ms", "--sink",
             "file:all.ndjson,name=all", "--store", "lost.db", "-"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=callgate.folder, text=True) as watch:
        watch.stdin.write(log_of(count))
        watch.stdin.close()
        watch.wait()
        read = watch.stdout.read()
        told = sums(watch.stderr.read())
    row = told["out"]
    lines = read.splitlines()
    whole = [line for line in lines if line.endswith("}")]
    tap.ok(balanced(row) and row[0] >= count and row[4] > 1000 and
           row[2] == len(whole) and row[6] > 100 and watch.returncode == 1,
           f"a stopped reader: {row}, {len(whole)} lines", told)
    lost = [json.loads(line)["seccomp"]["lost"] for line in
            (callgate.folder / "all.ndjson").read_text().splitlines()
            if "lost-events" in line]
    tap.ok(lost and sum(each["count"] for each in lost) == row[4] and
           lost[-1]["total"] == row[4] and lost[-1]["name"] == "out",
           "the loss is an event elsewhere, exactly", lost, row)
    kept = lost_in(callgate, "lost.db")
    tap.ok(sum(each["count"] for each in kept) == row[4] and
           all(each["where"] == "sink" for each in kept),
           "and in the store", kept, row)
    state = status_of(callgate, "stopped")
    tap.ok(state["out"]["dropped"] == row[4] and
           state["out"]["spooled"] == row[6], "and in --status", state)
    table = callgate("watch", "--spool", "stopped", "--status").out.split("\n")
    line = next((line for line in table if line.startswith("out ")), "")
    tap.ok(table[0].startswith("SINK ") and len(table) == len(state) + 2 and
           line.split()[1:4] == [state["out"]["kind"],
                                 str(state["out"]["delivered"]), str(row[6])],
           "as a table, too", table)
    again = run(callgate, f"stdout,name=out,spool={limit}", text="",
                spool="stopped")
    tap.ok(again.out.count("\n") == row[6] and
           row_of(again, "out")[1] == row[6],
           "what was spooled comes later", again.err)


def check_gone_reader(tap, callgate):
    """Who reads stdout goes: the watch ends as by plain output, but not before
    the other sinks have what they are owed."""
    for restore, status in [(True, -signal.SIGPIPE), (False, 3)]:
        name = f"gone{status}"
        before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        with subprocess.Popen(
                [str(callgate.path), "watch", "--spool", name, "--sink",
                 "stdout,name=out", "--sink",
                 f"file:{name}.ndjson,name=all,{QUICK}", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, cwd=callgate.folder, text=True,
                restore_signals=restore) as watch:
            watch.stdin.write(log_of(1))
            watch.stdin.flush()
            first = watch.stdout.readline()
            watch.stdout.close()
            begun = time.monotonic()
            watch.stdin.write(log_of(50, 2))
            watch.stdin.flush()
            watch.wait(PATIENCE)
            took = time.monotonic() - begun
            err = watch.stderr.read()
        signal.signal(signal.SIGPIPE, before)
        row = sums(err)["out"]
        told = (callgate.folder / f"{name}.ndjson").read_text().splitlines()
        tap.ok(watch.returncode == status and took < 15 and
               pids([first]) == [1] and pids(told) == list(range(1, 52)) and
               balanced(row) and row[2] + row[6] == row[0] == 51 and
               "standard output: Broken pipe" in err and
               ("cannot write the output" in err) == (not restore),
               f"the reader has gone: {row}, status {watch.returncode}", took,
               err, len(told))


def check_full_disk(tap, callgate):
    """Files may grow to so many bytes: the sink's own, then its spool."""
    count = 2000
    for name, spec in [
            ("the file's disk", "file:{}/f.ndjson,drain=100ms,{}"),
            ("the spool's disk", "file:/dev/full,drain=100ms,{}{}")]:
        run.number += 1
        spool = f"spool{run.number}"
        quick = "backoff=10ms,backoff_max=50ms"
        with subprocess.Popen(
                [str(callgate.path), "watch", "--spool", spool, "--sink",
                 spec.format(callgate.folder, quick) if "{}/" in spec else
                 spec.format("", quick), "-"],
                stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                cwd=callgate.folder, text=True, preexec_fn=lambda: (
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                    resource.setrlimit(resource.RLIMIT_FSIZE,
                                       (400000, 400000)))) as watch:
            _, err = watch.communicate(log_of(count))
        row = next(iter(sums(err).values()))
        there = (callgate.folder / "f.ndjson").read_text().splitlines() \
            if "f.ndjson" in spec else []
        tap.ok(balanced(row) and row[0] >= count and row[2] == len(there) and
               (row[6] + row[4]) and all(json.loads(line) for line in there),
               f"{name} is full: {row}", err)
        (callgate.folder / "f.ndjson").unlink(missing_ok=True)
        state = status_of(callgate, spool)
        tap.ok(all(row["put"] + row["carried"] == row["delivered"] +
                   row["dead_letter"] + row["dropped"] + row["damaged"] +
                   row["spooled"] for row in state.values()),
               "the sums are right", state)


def check_trouble(tap, callgate):
    """Nobody is there, and then somebody: both are said while it runs."""
    # Kept from others, and not listened at.
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    port = kept.getsockname()[1]
    store = bulk_server.Store()
    with subprocess.Popen(
            [callgate.path, "watch", "--spool", "trouble", "--sink",
             f"elasticsearch:http://127.0.0.1:{port},{QUICK}",
             "-"], cwd=callgate.folder, stdin=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True) as watch:
        watch.stdin.write(log_of(3))
        watch.stdin.flush()
        first = watch.stderr.readline()
        server, _ = bulk_server.start(store, port)
        second = watch.stderr.readline()
        watch.stdin.close()
        rest = watch.stderr.read()
    server.shutdown()
    kept.close()
    tap.ok("connect" in first.lower() and "3 events wait" in first and
           "it delivers again" in second and watch.returncode == 0 and
           len(store.documents) == 3, "trouble is said, and its end", first,
           second, rest)


def check_config(tap, callgate):
    good = """
spool: conf
sinks:
- kind: file
  target: conf.ndjson
  size: 1MiB
- {kind: stdout, format: line}
"""
    callgate.write("good.yml", good)
    got = callgate("watch", "--config", "good.yml", "-", text=log_of(3))
    tap.ok(got.status == 0 and got.out.count("\n") == 3 and
           len((callgate.folder / "conf.ndjson").read_text().splitlines())
           == 3 and (callgate.folder / "conf").is_dir(), "a file of sinks",
           got)
    for text, place, message in [
            (good.replace("size", "sice"), "6:3",
             "file has no key 'sice'; did you mean 'size'?"),
            (good.replace("1MiB", "big"), "6:3",
             "size: 'big' is no size such as 64MiB"),
            (good.replace("kind: file", "kind: fiel"), "4:9",
             "no sink is of the kind 'fiel'; did you mean 'file'?"),
            (good.replace("sinks", "sink"), "3:1", "did you mean 'sinks'?"),
            (good.replace("  target: conf.ndjson\n", ""), "4:3",
             "file wants a target: a path"),
            (good + "- kind: stdout\n", "8:3", "two sinks are called"),
            (good.replace("1MiB", "[1, 2]"), "6:9",
             "size wants a text, not a list"),
            (good.replace("kind: file", "kid: file"), "4:3",
             "a sink without kind"),
            ("sinks: [{kind: elasticsearch, target: 'https://a', "
             "password: x}]", "1:52", "did you mean 'password_file'?"),
            ("sinks: [{kind: elasticsearch, target: 'https://u:p@a'}]",
             "1:9", "no user or password in a URL"),
            ("sinks: [{kind: elasticsearch, cloud_id: 'x:bm9wZQ'}]", "1:9",
             "is no cloud.id"),
            ("sinks: [{kind: elasticsearch, target: a}]", "1:9",
             "'a' is no URL"),
            ("sinks: [{kind: elasticsearch, target: 'http://a', "
             "stream: 'Logs'}]", "1:9", "small letters"),
            ("sinks: [", "", "")]:
        callgate.write("bad.yml", text)
        got = callgate("watch", "--config", "bad.yml", "-")
        tap.ok(got.status == 2 and message in got.err and
               f"bad.yml:{place}" in got.err, f"refused: {message}", got)
    for name, mode, owner in [("open", 0o777, 0), ("theirs", 0o700, 1234)]:
        (callgate.folder / name).mkdir()
        (callgate.folder / name).chmod(mode)
        if os.geteuid() == 0:
            os.chown(callgate.folder / name, owner, owner)
        elif owner:
            tap.skip(f"a folder of spools: {name}", "no root to give it away")
            continue
        got = run(callgate, "stdout", spool=name)
        tap.ok(got.status == 2 and "others may write" in got.err and
               not got.out, f"a folder of spools: {name}", got)
    for spec, message in [
            ("elasticsearch:https://a,ca=none.pem", "ca: none.pem: No such"),
            ("elasticsearch:http://a,apikey=x", "mean 'api_key_file'?")]:
        got = run(callgate, spec)
        tap.ok(got.status in (2, 3) and message in got.err,
               f"refused: {spec}", got)
    for spec, message in [
            ("https://a:9200", "elasticsearch:https"),
            ("stdout:x", "takes no target"), ("file:x,size", "no KEY=VALUE"),
            ("file", "wants a target"),
            ("elasticsearch:http://a,api_key_env=NO_SUCH",
             "the environment has no NO_SUCH"),
            ("syslog:here", "is no place of a syslog"),
            ("syslog:/x,facility=local9", "facility"),
            ("prometheus:9464", "no HOST:PORT"),
            ("otlp:here", "is no URL"), ("file:a,name=a/b", "is no name"),
            ("elasticsearch:http://a,fingerprint=12", "64 hexadecimal")]:
        got = run(callgate, spec)
        tap.ok(got.status == 2 and message in got.err, f"refused: {spec}",
               got)


def main():
    tap = Tap()
    callgate = Callgate(sys.argv[1])
    for part in (check_files, check_pipe, check_trouble, check_journald, check_syslog,
                 check_otlp, check_prometheus, check_stopped_reader,
                 check_gone_reader, check_store_losses, check_full_disk,
                 check_config):
        part(tap, callgate)
    tap.done()


if __name__ == "__main__":
    main()
