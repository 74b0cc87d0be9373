#!/usr/bin/env -S python3 -B
"""Events into a strict bulk server that fails in every way: each is there once.

Usage: elastic_test.py CALLGATE
"""

import itertools
import json
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

import bulk_server
from bulk_server import Fault

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from cli import Callgate, Tap  # noqa: E402

COUNT = 1500
QUICK = "backoff=20ms,backoff_max=200ms,linger=50ms,drain=20s"
SUMS = re.compile(r"sink (\S+): (\d+) put(?: \+ (\d+) carried over)? = "
                  r"(\d+) delivered \+ (\d+) dead letters \+ (\d+) dropped \+ "
                  r"(\d+) damaged \+ (\d+) spooled")


def log_of(count, first=1):
    return "".join(
        f"type=SECCOMP msg=audit({1795313417 + i // 1000}.{i % 1000:03}:{i}): "
        f"auid=1000 uid=1000 gid=1000 ses=3 pid={i} comm=\"nc\" "
        f"exe=\"/usr/bin/nc {i}\" sig=31 arch=c000003e syscall={i % 300} "
        "compat=0 ip=0x7f code=0x0\n".replace(f"\"/usr/bin/nc {i}\"",
                                              f"\"/usr/bin/nc{i}\"")
        for i in range(first, first + count))


def sums(text):
    """{name: (put, carried, delivered, dead, dropped, damaged, spooled)}"""
    return {row[0]: tuple(int(cell or 0) for cell in row[1:])
            for row in SUMS.findall(text)}


def balanced(row):
    return row[0] + row[1] == sum(row[2:])


class World:
    def __init__(self, callgate, tap):
        self.callgate, self.tap, self.number = callgate, tap, 0

    def run(self, specs, count=COUNT, first=1, spool=None, **environment):
        self.number += 1
        words = [word for spec in specs for word in ("--sink", spec)]
        return self.callgate("watch", "--spool",
                             spool or f"spool{self.number}", *words, "-",
                             text=log_of(count, first), **environment)

    def judge(self, name, store, got, *, count=COUNT, dead=0, more=True):
        """All are there, each once, and the sums are right."""
        rows = sums(got.err)
        row = next(iter(rows.values()), (0,) * 7)
        pids = sorted(doc["process"]["pid"] for doc in
                      store.documents.values() if "process" in doc)
        self.tap.ok(
            balanced(row) and row[0] >= count and
            row[2] >= count - dead and row[3] == dead and
            not any(row[4:]) and len(pids) == count - dead and
            len(set(pids)) == len(pids) and
            all(doc["event"].get("id", number) == number
                for number, doc in store.documents.items()
                if "process" in doc) and
            not store.complaints and more,
            f"{name}: {row}, {len(store.requests)} requests, "
            f"{store.duplicates} seen before",
            got.err[-600:], store.complaints[:3], f"{len(pids)} there")


def faults(world):
    """Each fault alone, then all of them as they come."""
    chance = random.Random(7)
    third = Fault("item", lambda: chance.random() < 0.3)
    everything = [
        third, Fault("status", (429, 0)), Fault("status", (503, 0)),
        Fault("reset", 5000), Fault("silent"), Fault("slow", 0.05),
        Fault("status", (500, 0)), Fault("status", (502, 0))]
    rows = [
        ("nothing wrong", []),
        ("429 for some items", [third] * 12),
        ("429 for all of it", [Fault("status", (429, 0))] * 5),
        ("503 for all of it", [Fault("status", (503, 0))] * 5),
        ("429 with Retry-After", [Fault("status", (429, 1))]),
        ("reset in the middle of the body", [Fault("reset", 5000)] * 4),
        ("taken, but the answer is lost", [Fault("silent")] * 4),
        ("slow", [Fault("slow", 0.2)] * 4),
        ("all of it", [chance.choice(everything) for _ in range(25)]),
    ]
    for name, list_ in rows:
        store = bulk_server.Store()
        store.faults = iter(list_)
        server, url = bulk_server.start(store)
        begun = time.monotonic()
        got = world.run([f"elasticsearch:{url},{QUICK},batch=200"])
        took = time.monotonic() - begun
        server.shutdown()
        packed = all(request["packed"] for request in store.requests)
        world.judge(name, store, got, more=store.puts == 1 and packed and
                    (took >= 1 or "Retry-After" not in name))


def sizes(world):
    store = bulk_server.Store()
    store.largest = 30000
    server, url = bulk_server.start(store)
    got = world.run([f"elasticsearch:{url},{QUICK}"])
    world.judge("413 splits", store, got)
    store.documents.clear()
    store.largest = 300
    got = world.run([f"elasticsearch:{url},{QUICK}"], 20)
    letters = (world.callgate.folder / f"spool{world.number}").rglob(
        "dead-letter.ndjson")
    dead = [json.loads(line) for path in letters
            for line in path.read_text().splitlines()]
    # The loss is an event, and as large as the others.
    row = next(iter(sums(got.err).values()))
    world.tap.ok(got.status == 1 and balanced(row) and row[3] >= 20 and
                 len(dead) == row[3] and not row[2] and
                 all(letter["status"] == 413 for letter in dead),
                 f"one alone that is too large is a dead letter: {row}",
                 got, dead[:1])
    server.shutdown()


def refusals(world):
    store = bulk_server.Store()
    store.poison = "/usr/bin/nc77\""
    server, url = bulk_server.start(store)
    got = world.run([f"elasticsearch:{url},{QUICK},gzip=no"])
    folder = world.callgate.folder / f"spool{world.number}"
    dead = [json.loads(line)
            for path in folder.rglob("dead-letter.ndjson")
            for line in path.read_text().splitlines()]
    lost = [doc for doc in store.documents.values()
            if doc["event"]["action"] == "lost-events"]
    world.judge("a dead letter", store, got, dead=1, more=(
        got.status == 1 and len(dead) == 1 and
        dead[0]["event"]["process"]["pid"] == 77 and
        "failed to parse" in dead[0]["reason"] and
        not any(request["packed"] for request in store.requests)))
    world.tap.ok(len(lost) <= 1 and all(
        doc["seccomp"]["lost"]["count"] == 1 for doc in lost),
        "the loss is an event of its own", lost)
    server.shutdown()


def hosts(world):
    """Some hosts are not there; the rest takes it."""
    store = bulk_server.Store()
    server, url = bulk_server.start(store)
    world.judge("several hosts", store, world.run(
        ["elasticsearch:http://127.0.0.1:1,host=http://127.0.0.1:2,"
         f"host={url},{QUICK}"]))
    server.shutdown()


def secrets(world):
    folder = world.callgate.folder
    folder.joinpath("password").write_text("pass word\n")
    folder.joinpath("key").write_text("id:key\n")
    folder.joinpath("headers").write_text("X-One: 1\nX-Two: 2\n")
    for name, words, wanted in [
            ("user and password", "user=me,password_file=password",
             "Basic bWU6cGFzcyB3b3Jk"),
            ("an API key", "api_key_file=key", "ApiKey aWQ6a2V5")]:
        store = bulk_server.Store()
        store.authorization = wanted
        server, url = bulk_server.start(store)
        got = world.run([f"elasticsearch:{url},{words},{QUICK},"
                         "headers_file=headers"])
        world.judge(name, store, got, more=all(
            request["headers"].get("X-Two") == "2"
            for request in store.requests))
        server.shutdown()
    store = bulk_server.Store()
    store.authorization = "Basic no"
    server, url = bulk_server.start(store)
    got = world.run([f"elasticsearch:{url},{QUICK}".replace("drain=20s",
                                                            "drain=1500ms")])
    row = next(iter(sums(got.err).values()))
    world.tap.ok(balanced(row) and row[6] == COUNT and "401" in got.err and
                 "missing or wrong credentials" in got.err,
                 f"wrong credentials: it stays, and says so: {row}", got)
    store.authorization = None
    again = world.run([f"elasticsearch:{url},{QUICK}"], 1, 5000,
                      spool=f"spool{world.number}")
    row = next(iter(sums(again.err).values()))
    world.tap.ok(len(store.documents) == COUNT + 1 and balanced(row) and
                 row[1] == COUNT, "and comes later", again,
                 len(store.documents))
    server.shutdown()


def make_certificates(folder):
    """An authority, and a server's certificate of it. False: no openssl."""
    def run(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    run(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ours",
        "-addext", "basicConstraints=critical,CA:TRUE")
    run(*new, "-keyout", "other.key", "-out", "other.pem", "-subj",
        "/CN=other")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key",
        "-out", "server.csr", "-subj", "/CN=server")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
        "ca.key", "-CAcreateserial", "-days", "2", "-out", "one.pem",
        "-extfile", "san")
    (folder / "server.pem").write_text((folder / "one.pem").read_text() +
                                       (folder / "ca.pem").read_text())
    return {name: subprocess.run(
        ["openssl", "x509", "-in", f"{name}.pem", "-noout", "-fingerprint",
         "-sha256"], cwd=folder, check=True, capture_output=True,
        text=True).stdout.strip().split("=")[1]
        for name in ("ca", "one", "other")}


def tls(world):
    folder = world.callgate.folder
    prints = make_certificates(folder)
    for name, words, good in [
            ("its authority", "ca=ca.pem", True),
            ("the authority's fingerprint", f"fingerprint={prints['ca']}",
             True),
            ("the server's own", "fingerprint=" +
             prints["one"].replace(":", "").lower(), True),
            ("another authority", "ca=other.pem", False),
            ("another fingerprint", f"fingerprint={prints['other']}", False),
            ("no authority", "gzip=yes", False)]:
        store = bulk_server.Store()
        server, url = bulk_server.start(store, tls=(
            folder / "server.pem", folder / "server.key"))
        drain = "20s" if good else "5s"
        got = world.run([f"elasticsearch:{url},{words}," +
                         QUICK.replace("20s", drain)])
        if good:
            world.judge(f"TLS, {name}", store, got)
        else:
            row = next(iter(sums(got.err).values()))
            world.tap.ok(row[6] == COUNT and balanced(row) and
                         not store.requests and "certificate" in got.err,
                         f"TLS, {name}: nothing is sent", got)
        server.shutdown()


def restart(world):
    """The server is not there at first. Its port is kept from others."""
    store = bulk_server.Store()
    server = bulk_server.bind(store)
    waiting = threading.Timer(0.5, lambda: bulk_server.serve(server))
    waiting.start()
    got = world.run([f"elasticsearch:{bulk_server.url_of(server)},{QUICK}"])
    world.judge("the server comes back", store, got)
    waiting.join()
    server.shutdown()


def gone(world):
    """The server goes for good, and the spool is small: what is lost is told
    of, exactly, to whoever else listens."""
    store = bulk_server.Store()
    store.faults = itertools.chain([Fault("none")] * 2,
                                   itertools.repeat(Fault("reset", 100)))
    server, url = bulk_server.start(store)
    name = f"gone{world.number}.ndjson"
    got = world.run([f"elasticsearch:{url},{QUICK},batch=50,spool=256KiB"
                     .replace("drain=20s", "drain=1s"), f"file:{name}"],
                    4000)
    server.shutdown()
    row = next(row for sink, row in sums(got.err).items()
               if sink.startswith("elastic"))
    lost = [json.loads(line)["seccomp"]["lost"] for line in
            (world.callgate.folder / name).read_text().splitlines()
            if "lost-events" in line]
    world.tap.ok(balanced(row) and row[4] and row[6] and
                 row[2] == len(store.documents) and got.status == 1 and
                 sum(each["count"] for each in lost) == row[4] ==
                 lost[-1]["total"],
                 f"the server is gone: {row}, {len(lost)} losses told", got,
                 lost)


def killed(world):
    """kill -9 again and again: what was put is there in the end, once."""
    store = bulk_server.Store()
    store.faults = itertools.cycle([Fault("slow", 0.02), Fault("silent"),
                                    Fault("none")])
    server, url = bulk_server.start(store)
    chance = random.Random(11)
    first = 1
    for _ in range(6):
        with subprocess.Popen(
                [str(world.callgate.path), "watch", "--spool", "killed",
                 "--sink", f"elasticsearch:{url},{QUICK},batch=50", "-"],
                stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=world.callgate.folder) as process:
            process.stdin.write(log_of(300, first).encode())
            process.stdin.flush()
            # Two batches of each round are there before the kill.
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not any(
                    doc["process"]["pid"] >= first + 99
                    for doc in list(store.documents.values())):
                time.sleep(0.01)
            time.sleep(chance.random() * 0.1)
            process.kill()
        first += 300
    got = world.run([f"elasticsearch:{url},{QUICK}"], 1, first,
                    spool="killed")
    server.shutdown()
    pids = {doc["process"]["pid"] for doc in store.documents.values()}
    # Of each round those that were put before the kill: the first so many.
    gaps = [pid for pid in pids
            if pid % 300 != 1 and pid - 1 not in pids]
    world.tap.ok(not gaps and len(store.documents) == len(pids) > 600 and
                 not store.complaints,
                 f"killed six times: {len(pids)} of {first} there, "
                 f"{store.duplicates} seen before", got, gaps[:9])


def main():
    tap = Tap()
    callgate = Callgate(sys.argv[1])
    got = callgate("watch", "--sink", "elasticsearch:http://127.0.0.1:1",
                   "-n", 1, "/dev/null")
    if "built without" in got.err:
        tap.skip("all of it", got.err.strip())
        tap.done()
        return
    world = World(callgate, tap)
    for part in (faults, sizes, refusals, hosts, secrets, tls, restart,
                 gone, killed):
        part(world)
    tap.done()


if __name__ == "__main__":
    main()
