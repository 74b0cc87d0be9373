#!/usr/bin/env -S python3 -B
"""The official client accepts our server; a real server takes our events.

Usage: peers_test.py CALLGATE FOLDER DASHBOARD
FOLDER has node_modules with @elastic/elasticsearch, and opensearch-*, an
unpacked OpenSearch; what is not there is skipped. tools/check-opensearch
fetches both. DASHBOARD is the file of saved objects.
"""

import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import bulk_server
import dashboard
from bulk_server import Fault
from elastic_test import QUICK, balanced, log_of, sums

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from cli import NOBODY, Callgate, Tap  # noqa: E402

COUNT = 2000
STREAM = "logs-seccomp.violation-default"
START = 120  # seconds that a server may take to come up


def traffic(store):
    """Each document as it was sent: {(stream, id): text}, and how often."""
    rows = []
    for request in store.requests:
        stream = request["path"].split("?")[0][1:-len("/_bulk")]
        rows += [(row[0], row[1], json.dumps(row[2], sort_keys=True))
                 for row in bulk_server.parse_bulk(request["body"].encode(),
                                                   stream or None)]
    return sorted(rows)


def check_client(tap, callgate, folder):
    """The same events by the official client and by us, to the same server."""
    events = callgate("watch", "--json", "-", text=log_of(COUNT)).out
    for name, faults in [
            ("nothing wrong", []),
            ("429 for some", [Fault("item",
                                    lambda turn=itertools.count():
                                    next(turn) % 3 == 0)] * 2)]:
        theirs, ours = bulk_server.Store(), bulk_server.Store()
        theirs.faults, ours.faults = iter(faults), iter(faults)
        server, url = bulk_server.start(theirs)
        ran = subprocess.run(
            ["node", str(pathlib.Path(__file__).with_name(
                "bulk_client.mjs")), url, STREAM], input=events, text=True,
            capture_output=True, check=False, timeout=120,
            env={**os.environ, "CLIENT": str(folder.resolve())})
        server.shutdown()
        tap.ok(ran.returncode == 0 and
               json.loads(ran.stdout)["successful"] == COUNT and
               not theirs.complaints and len(theirs.documents) == COUNT,
               f"the official client accepts the server: {name}", ran.stdout,
               ran.stderr[-500:], theirs.complaints[:2])
        server, url = bulk_server.start(ours)
        got = callgate("watch", "--spool", f"npm{len(faults)}", "--sink",
                       f"elasticsearch:{url},{QUICK}", "-",
                       text=log_of(COUNT))
        server.shutdown()
        same = traffic(ours) == traffic(theirs) if not faults else \
            ours.documents == theirs.documents
        tap.ok(got.status == 0 and same and not ours.complaints,
               f"and sends what we send: {name}", got,
               len(ours.documents), len(theirs.documents))


class OpenSearch:
    """A server in a folder of its own, run by nobody in particular."""

    def __init__(self, path):
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-search-")
        folder = pathlib.Path(self.holder.name) / "server"
        shutil.copytree(path, folder)
        with socket.create_server(("127.0.0.1", 0)) as one, \
                socket.create_server(("127.0.0.1", 0)) as two:
            self.port, inner = one.getsockname()[1], two.getsockname()[1]
        (folder / "config/opensearch.yml").write_text(
            f"http.port: {self.port}\ntransport.port: {inner}\n"
            "network.host: 127.0.0.1\ndiscovery.type: single-node\n"
            "http.max_content_length: 1mb\n"
            "cluster.routing.allocation.disk.threshold_enabled: false\n")
        ids = {}
        if os.geteuid() == 0:
            # It refuses to be run by root.
            ids = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chmod(self.holder.name, 0o755)
            for each in [folder, *folder.rglob("*")]:
                os.chown(each, NOBODY, NOBODY)
        java = pathlib.Path(os.path.realpath(shutil.which("java")))
        self.log = open(folder.parent / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [folder / "bin/opensearch"], cwd=folder, stdout=self.log,
            stderr=subprocess.STDOUT, **ids,
            env={"PATH": os.environ["PATH"], "HOME": str(folder),
                 "OPENSEARCH_JAVA_HOME": str(java.parent.parent),
                 "OPENSEARCH_JAVA_OPTS": "-Xms1g -Xmx1g"})
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode() if body else None,
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def ready(self):
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return self.ask("/_cluster/health?wait_for_status=yellow"
                                "&timeout=5s")["status"] in ("yellow",
                                                             "green")
            except (OSError, urllib.error.URLError):
                time.sleep(0.5)
        return False

    def said(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()[-2000:]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.holder.cleanup()


def found(server, stream, query):
    return server.ask(f"/{stream}/_search?size=0",
                      {"track_total_hits": True,
                       "query": {"term": query}})["hits"]["total"]["value"]


def check_stream(tap, callgate, server, stream, words, query, first):
    """Sent twice, by two processes, and there once."""
    rows = []
    for turn in range(2):
        got = callgate("watch", "--spool", f"{stream}-{turn}", "--sink",
                       f"opensearch:{server.url},stream={stream},{words}"
                       f"{QUICK}", "-", text=log_of(COUNT, first))
        rows.append(next(iter(sums(got.err).values()), (0,) * 7))
    server.ask(f"/{stream}/_refresh")
    state = [json.loads(path.read_text())["repeated"] for turn in range(2)
             for path in callgate.folder.glob(f"{stream}-{turn}/*/status")]
    there = found(server, stream, query)
    tap.ok(all(balanced(row) and row[2] == COUNT for row in rows) and
           there == COUNT and state == [0, COUNT],
           f"{stream}: {there} of {COUNT} by {query}, sent twice", got,
           rows, state)
    about = server.ask(f"/_data_stream/{stream}")["data_streams"]
    tap.ok(len(about) == 1 and about[0]["template"].startswith("callgate-"),
           "a data stream, by our template", about)
    mapping = json.dumps(server.ask(f"/{stream}/_mapping"))
    tap.ok('"pid": {"type": "long"}' in mapping and
           '"action": {"type": "keyword"}' in mapping, "and its mapping",
           mapping[:900])


REFUSER = """
seccomp:
  default_action: allow
  syscalls:
    - {action: errno, names: [mkdir, mkdirat]}
    - {action: kill_process, names: [socket]}
"""


def check_live(tap, callgate, server):
    """All that can be known of a violation, by way of a real one."""
    callgate.write("refuser.yml", REFUSER)
    watch = subprocess.Popen(
        [callgate.path, "watch", "--source", "audit,ebpf", "-n", "2",
         "--seconds", "30", "--spool", "live", "--sink",
         f"opensearch:{server.url},{QUICK}"], cwd=callgate.folder, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    time.sleep(2)
    if watch.poll() is not None:
        tap.skip("a violation as it happens", watch.stderr.read()[:200])
        return
    for command in (["mkdir", "no"],
                    ["python3", "-c", "import socket; socket.socket()"]):
        callgate("run", "--no-explain", "--policy", "refuser.yml", "--",
                 *command)
    err = watch.communicate()[1]
    server.ask(f"/{STREAM}/_refresh")
    there = found(server, STREAM, {"seccomp.source": "ebpf"})
    tap.ok(watch.returncode == 0 and there, "violations as they happen", err,
           there)


def check_dashboard(tap, server, path):
    dashboard.check(tap, server.ask, path)
    dashboard.check_types(tap, server.ask, STREAM)


def check_server(tap, callgate, path, board):
    server = OpenSearch(path)
    try:
        ready = server.ready()
        tap.ok(ready, "OpenSearch runs", server.said())
        if not ready:
            return
        check_stream(tap, callgate, server, STREAM, "batch=2000,",
                     {"event.action": "violated-seccomp-policy"}, 1)
        check_live(tap, callgate, server)
        check_dashboard(tap, server, board)
        check_stream(tap, callgate, server, "logs-seccomp.old-default",
                     "format=auditbeat6,", {"event.type": "seccomp"}, 10001)
        check_stream(tap, callgate, server, "logs-seccomp.new-default",
                     "format=auditbeat,",
                     {"event.action": "violated-seccomp-policy"}, 20001)
    finally:
        server.stop()


def main():
    tap = Tap()
    callgate, folder = Callgate(sys.argv[1]), pathlib.Path(sys.argv[2])
    if (folder / "node_modules/@elastic/elasticsearch").is_dir():
        check_client(tap, callgate, folder)
    else:
        tap.skip("the official client", "it could not be fetched")
    servers = sorted(path for path in folder.glob("opensearch-*")
                     if path.is_dir())
    if servers:
        check_server(tap, callgate, servers[-1], pathlib.Path(sys.argv[3]))
    else:
        tap.skip("a real OpenSearch", "it could not be fetched")
    tap.done()


if __name__ == "__main__":
    main()
