#!/usr/bin/env -S python3 -B
"""callgate watch --listen: its API, and who may ask.

usage: web_test.py CALLGATE
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from served import HOSTILE, PATIENCE, Server, hostile, program_of, record

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "house"))
from tap import Tap  # noqa: E402

NOW = 1795313417.0
TOLD = 5  # events, one after the other
CALLS = {"bind": 49, "connect": 42, "execve": 59}


def many():
    """120 records a second apart, three calls and two programs in turn."""
    text = ""
    for i in range(120):
        text += record(i + 1, NOW + i, comm="nc" if i % 2 else "curl",
                       exe="/bin/nc" if i % 2 else "/usr/bin/curl",
                       call=list(CALLS.values())[i % 3],
                       verdict="errno" if i % 4 else "kill_process", pid=i + 1)
    return text


def check_page(tap, server):
    status, headers, body = server.ask("/")
    page = body.decode()
    policy = dict(part.strip().split(" ", 1) for part in
                  headers["Content-Security-Policy"].split(";"))
    tap.ok(status == 200 and headers["Content-Type"].startswith("text/html"),
           "the page is there", status)
    tap.ok(policy["default-src"] == policy["frame-ancestors"] ==
           policy["base-uri"] == policy["form-action"] == "'none'" and
           policy["connect-src"] == "'self'" and
           "unsafe" not in headers["Content-Security-Policy"],
           "its policy allows nothing by default", policy)
    for element in ("script", "style"):
        inside = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
        made = hashlib.sha256(inside[0].encode()).digest()
        tap.ok(len(inside) == 1 and policy[f"{element}-src"] ==
               f"'sha256-{base64.b64encode(made).decode()}'",
               f"its one {element}, by its hash", policy[f"{element}-src"])
    for name, value in [("X-Content-Type-Options", "nosniff"),
                        ("X-Frame-Options", "DENY"),
                        ("Referrer-Policy", "no-referrer"),
                        ("Cross-Origin-Resource-Policy", "same-origin"),
                        ("Cache-Control", "no-store"),
                        ("Access-Control-Allow-Origin", None)]:
        every = [server.ask(path)[1][name] for path in
                 ("/", "/api/status", "/api/nothing", "/healthz")]
        tap.ok(every == [value] * 4, f"{name}: {value}", every)
    tap.ok(server.ask("/healthz")[2] == b"ok\n", "health")


def check_events(tap, server):
    got = server.get("/api/events?limit=10&total=1")
    tap.ok(got["total"] == 120 and
           [row["row"] for row in got["rows"]] == list(range(120, 110, -1)),
           "the newest first", got)
    row = got["rows"][0]
    tap.ok((row["program"], row["call"], row["verdict"], row["pid"],
            row["time"]) == ("/bin/nc", "execve", "errno", 120,
                             (NOW + 119) * 1000), "a row", row)
    rows, before = [], ""
    while len(rows) < 120:
        part = server.get(f"/api/events?limit=50{before}")["rows"]
        rows += part
        before = f"&before={part[-1]['row']}"
    tap.ok([row["row"] for row in rows] == list(range(120, 0, -1)), "pages")
    part = server.get("/api/events?limit=5&skip=100&before=121")["rows"]
    tap.ok([row["row"] for row in part] == [20, 19, 18, 17, 16],
           "a page from anywhere", part)
    for query, count in [
            ("call=bind", 40), ("program=nc", 60), ("program=/bin/nc", 60),
            ("verdict=kill_process", 30), ("call=bind&program=nc", 20),
            ("text=usr%2Fbin", 60), ("text=BIND", 40), ("pid=7", 1),
            (f"since={int(NOW * 1000) + 100000}", 20),
            (f"until={int(NOW * 1000) + 10000}", 10),
            ("call=no_such", 0), ("text=%25", 0), ("call=", 120)]:
        got = server.get(f"/api/events?total=1&limit=1&{query}")
        tap.ok(got["total"] == count, f"filter {query}", got["total"])


def check_event(tap, server):
    got = server.get("/api/event/120")
    event = got["event"]
    tap.ok(event["seccomp"]["suggestion"] ==
           "- {action: allow, names: [execve]}" and
           event["event"]["id"] == got["id"] and
           event["message"].startswith("/bin/nc (pid 120) was refused execve"),
           "an event with its fix", got)
    for path, status in [("/api/event/999", 404), ("/api/event/0", 400),
                         ("/api/event/x", 400), ("/api/event/-1", 400),
                         ("/api/event/99999999999999999999", 400),
                         ("/api/event/", 404), ("/api/event/1/2", 404)]:
        tap.ok(server.ask(path)[0] == status, f"{path}: {status}")


def check_sums(tap, server):
    top = {one["value"]: one["count"] for one in
           server.get("/api/top?column=call")["values"]}
    tap.ok(top == {name: 40 for name in CALLS}, "top calls", top)
    top = server.get("/api/top?column=program&verdict=kill_process&limit=1")
    tap.ok(top == {"values": [{"value": "/usr/bin/curl", "count": 30}]},
           "top programs, filtered", top)
    since, until = int(NOW * 1000), int(NOW * 1000) + 120000
    line = server.get(f"/api/timeline?since={since}&until={until}&buckets=12")
    sums = {one["verdict"]: sum(count for _, count in one["points"])
            for one in line["series"]}
    tap.ok(sums == {"errno": 90, "kill_process": 30} and
           line["bucket"] == 15000 and all(
               at % 15000 == 0 for one in line["series"]
               for at, _ in one["points"]), "the timeline", line)
    bare = server.get("/api/timeline")
    tap.ok(sum(count for one in bare["series"] for _, count in one["points"])
           == 120, "the timeline of everything", bare)


def check_bad(tap, server):
    """Each is refused, with a word about why."""
    for path, status, word in [
            ("/api/events?limit=0", 400, "limit"),
            ("/api/events?limit=501", 400, "too large"),
            ("/api/events?limit=x", 400, "wants a number"),
            ("/api/events?limit=0x10", 400, "wants a number"),
            ("/api/events?limit=1&limit=2", 400, "twice"),
            ("/api/events?colour=red", 400, "colour"),
            ("/api/events?call=%ff", 400, "UTF-8"),
            ("/api/events?call=a%00b", 400, "call"),
            ("/api/events?text=" + "a" * 9000, 400, "8192"),
            ("/api/events?since=99999999999999999", 400, "too large"),
            ("/api/events?call", 400, "call"),
            ("/api/top", 400, "column"),
            ("/api/top?column=json", 400, "column"),
            ("/api/top?column=1%3Bdrop", 400, "column"),
            ("/api/timeline?buckets=401", 400, "too large"),
            ("/api/timeline?buckets=0", 400, "too small"),
            ("/etc/passwd", 404, "no such"), ("/..", 404, "no such"),
            ("/api/", 404, "no such"), ("//", 404, "no such")]:
        got = server.ask(path)
        tap.ok(got[0] == status and word in got[2].decode(),
               f"{path[:40]}: {status}", got[0], got[2])
    for method, path in [("POST", "/api/events"), ("PUT", "/"),
                         ("DELETE", "/api/event/1"), ("GET", "/api/diff"),
                         ("OPTIONS", "/api/events"), ("GET", "/api/login")]:
        got = server.ask(path, method=method)
        tap.ok(got[0] == 405, f"{method} {path}: 405", got)
    status, _, body = server.ask("/api/status", method="HEAD")
    tap.ok((status, body) == (200, b""), "HEAD")
    got = server.ask("/healthz", headers={"X-Long": "a" * 40000})
    tap.ok(got[0] in (413, 431), "headers have a bound", got[0])


def check_origin(tap, server):
    """Another site in the same browser."""
    for headers, status in [
            ({"Host": "evil.example"}, 403),
            ({"Host": "evil.example:80"}, 403),
            ({"Host": "127.0.0.1.evil.example"}, 403),
            ({"Host": "10.0.0.1"}, 403), ({"Host": ""}, 403),
            ({"Host": "localhost:9"}, 200), ({"Host": "LOCALHOST"}, 200),
            ({"Host": "[::1]:1"}, 200), ({"Host": "127.0.0.2"}, 200),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": f"https://127.0.0.1:{server.port}"}, 403),
            ({"Origin": f"http://127.0.0.1:{server.port}"}, 200),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "none"}, 200)]:
        got = server.ask("/api/status", headers=headers)
        tap.ok(got[0] == status, f"{headers}: {status}", got)
    got = server.ask("/", headers={"Sec-Fetch-Site": "cross-site"})
    tap.ok(got[0] == 200, "a link may lead to the page", got[0])
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        raw.sendall(b"GET /api/status HTTP/1.0\r\n\r\n")
        tap.ok(b" 403 " in raw.recv(4096), "no Host at all: 403")


# Requests that another server may take for another number of them.
FRAMES = [
    ("a length and chunks", b"Content-Length: 4\r\nTransfer-Encoding: "
     b"chunked\r\n", b"0\r\n\r\n"),
    ("two lengths", b"Content-Length: 4\r\nContent-Length: 40\r\n", b"abcd"),
    ("the same length twice", b"Content-Length: 4\r\nContent-Length: 4\r\n",
     b"abcd"),
    ("another coding", b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    ("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: "
     b"chunked\r\n", b"0\r\n\r\n"),
    ("two hosts", b"Host: evil\r\n", b""),
]


def check_frames(tap, server):
    """One answer, 400, and the connection ends: what follows is not asked."""
    host = b"Host: localhost:%d\r\n" % server.port
    for name, headers, body in FRAMES:
        with socket.create_connection(("127.0.0.1", server.port),
                                      PATIENCE) as raw:
            raw.sendall(b"POST /api/login HTTP/1.1\r\n" + host + headers +
                        b"\r\n" + body + b"GET /healthz HTTP/1.1\r\n" + host +
                        b"\r\n")
            raw.settimeout(PATIENCE)
            told = b""
            try:
                while part := raw.recv(65536):
                    told += part
            except ConnectionResetError:
                pass
        tap.ok(told.startswith(b"HTTP/1.1 400 ") and
               told.count(b"HTTP/1.1 ") == 1 and b"\nok\n" not in told,
               f"{name}: 400, and no more", told)


def form(**fields):
    return {"method": "POST", "body": urllib.parse.urlencode(fields),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


OLD = "seccomp: {default_action: allow, syscalls: [{action: errno, names: [bind]}]}"
NEW = OLD.replace("[bind]", "[bind, connect]")
DOCKER = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["bind"], "action": "SCMP_ACT_ERRNO"}]})


def check_diff(tap, server):
    got = server.get("/api/diff", **form(left=OLD, right=OLD))
    tap.ok(got == {"relation": "equal", "differences": [], "count": 0},
           "the same policy", got)
    got = server.get("/api/diff", **form(left=OLD, right=NEW))
    row = [one for one in got["differences"] if one["abi"] == "x86_64"]
    tap.ok(got["relation"] == "looser" and len(row) == 1 and
           row[0]["call"] == "connect" and row[0]["ways"][0] ==
           {"relation": "looser", "left": "allow", "right": "errno(EPERM)",
            "where": [""]}, "one call more", got)
    got = server.get("/api/diff", **form(left=DOCKER, right=OLD))
    tap.ok("relation" in got, "a profile of containers", got)
    for fields, side, word in [
            ({"left": OLD.replace("bind", "bnid"), "right": NEW}, "left",
             "bnid"), ({"left": OLD, "right": "seccomp: ["}, "right", ""),
            ({"left": OLD}, "right", "no policy"), ({}, "left", "no policy")]:
        status, _, body = server.ask("/api/diff", **form(**fields))
        got = json.loads(body)
        tap.ok(status == 422 and got["side"] == side and word in got["error"],
               f"a wrong {side}: {word}", got)
    for body, kind, status in [
            ("{}", "application/json", 415), ("left=" + "a" * (1 << 21),
             "application/x-www-form-urlencoded", 413)]:
        got = server.ask("/api/diff", method="POST", body=body,
                         headers={"Content-Type": kind})
        tap.ok(got[0] == status, f"{kind}, {len(body)} bytes: {status}", got)
    offers = server.get("/api/policies")["policies"]
    tap.ok({"strict", "no-network"} <= {one["name"] for one in offers},
           "presets are offered")


def read_stream(server, path, headers, count):
    """The first rows of a stream, and the id of the last one."""
    connection = server.connect()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    rows, last = [], None
    while len(rows) < count:
        line = answer.readline().decode().rstrip("\n")
        if line.startswith("data: ["):
            rows += json.loads(line[6:])
        elif line.startswith("id: "):
            last = int(line[4:])
    connection.close()
    return rows, last, answer.headers["Content-Type"]


def check_stream(tap, server):
    rows, last, kind = read_stream(server, "/api/stream?after=110", {}, 10)
    tap.ok([row["row"] for row in rows] == list(range(111, 121)) and
           kind == "text/event-stream", "a stream from a row on", rows)
    rows, *_ = read_stream(server, "/api/stream", {"Last-Event-ID": "118"}, 2)
    tap.ok([row["row"] for row in rows] == [119, 120], "and resumed", rows)
    rows, *_ = read_stream(server, "/api/stream?after=100&call=bind", {}, 6)
    tap.ok({row["call"] for row in rows} == {"bind"}, "and filtered", rows)
    tooks, calls = [], []
    connection = server.connect()
    connection.request("GET", "/api/stream")
    answer = connection.getresponse()
    for number in range(121, 121 + TOLD):
        begun = time.monotonic()
        server.feed(record(number, NOW + number, call=165))
        line = ""
        while not line.startswith("data: ["):
            line = answer.readline().decode()
        tooks.append(time.monotonic() - begun)
        calls += [row["call"] for row in json.loads(line[6:])]
    connection.close()
    # The least: the machine may have other work in between.
    tap.ok(calls == ["mount"] * TOLD and min(tooks) < 1,
           "what comes is told within a second", calls, tooks)


def check_hostile(tap, server):
    server.feed(hostile(200, NOW + 200))
    server.wait_for(124 + TOLD)
    rows = server.get("/api/events?limit=4")["rows"]
    events = [server.get(f"/api/event/{row['row']}") for row in rows[::-1]]
    whole = [one["event"]["process"]["executable"] for one in events]
    tap.ok(whole[0] == HOSTILE[0][1].decode() and
           whole[1] == HOSTILE[1][1].decode() and
           whole[2].endswith("\u202egnp.exe") and
           whole[3] == HOSTILE[3][1].decode(), "hostile names are data", whole)
    tap.ok(all(len(row["program"]) <= 301 for row in rows),
           "and short in lists", rows)
    raw = server.ask("/api/events?limit=4")[2]
    tap.ok(all(byte >= 0x20 for byte in raw), "no control byte in JSON")


def check_behind(tap, server):
    """A reader that is far behind is moved on, and told by how much."""
    stored = server.get("/api/status")["stored"]
    server.feed("".join(record(1000 + i, NOW + 1000) for i in range(2500)))
    server.wait_for(stored + 2500)
    connection = server.connect()
    connection.request("GET", "/api/stream?after=1")
    answer = connection.getresponse()
    skipped, rows = None, []
    while not rows:
        line = answer.readline().decode().rstrip("\n")
        if line == "event: skipped":
            skipped = int(answer.readline().decode().split()[1])
        elif line.startswith("data: ["):
            rows = json.loads(line[6:])
    connection.close()
    tap.ok(skipped and skipped + 1 == rows[0]["row"] - 1 and
           len(rows) == 200, "who is behind is told by how much", skipped,
           rows[:1], len(rows))


def check_bounds(tap, server):
    """Too many streams are refused; the rest goes on."""
    until = time.monotonic() + PATIENCE
    while server.get("/api/status")["streams"] and time.monotonic() < until:
        time.sleep(0.1)
    held = []
    for _ in range(40):
        connection = server.connect()
        connection.request("GET", "/api/stream")
        held.append(connection)
    statuses = [one.getresponse().status for one in held]
    tap.ok(statuses.count(200) == 32 and statuses.count(503) == 8,
           "32 streams at most", statuses)
    tap.ok(server.ask("/healthz")[0] == 200, "and others are served")
    for connection in held:
        connection.close()


def certificate(folder):
    """(certificate, key) that openssl signs itself; None where it is not."""
    if not shutil.which("openssl"):
        return None
    names = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", names[1], "-out",
                    names[0]], check=True, stderr=subprocess.DEVNULL)
    return names


def check_rules(tap, program, folder):
    """What is refused before anything is served."""
    token = folder / "token"
    token.write_text("0123456789abcdef0123\n")
    token.chmod(0o600)
    loose = folder / "loose"
    loose.write_text("0123456789abcdef0123\n")
    loose.chmod(0o644)
    short = folder / "short"
    short.write_text("secret\n")
    short.chmod(0o600)
    pem = folder / "no.pem"
    pem.write_text("no certificate\n")
    for words, message in [
            (["--listen", "0.0.0.0:0"], "a token (--token-file) and TLS"),
            (["--listen", "0.0.0.0:0", "--token-file", token],
             "it wants TLS (--tls-cert, --tls-key)"),
            (["--listen", "[::]:0", "--tls-cert", pem, "--tls-key", pem],
             "it wants a token (--token-file);"),
            (["--listen", "127.0.0.1:0", "--tls-cert", pem], "go together"),
            (["--listen", "127.0.0.1:0", "--tls-cert", pem, "--tls-key", pem],
             "no PEM file"),
            (["--listen", "127.0.0.1:0", "--token-file", loose], "chmod 600"),
            (["--listen", "127.0.0.1:0", "--token-file", short],
             "16 characters"),
            (["--listen", "127.0.0.1:0", "--token-file", "nowhere"],
             "No such file"),
            (["--listen", "127.0.0.1"], "HOST:PORT"),
            (["--listen", "127.0.0.1:99999"], "HOST:PORT"),
            (["--listen", "::1:80"], "HOST:PORT"),
            (["--listen", "127.0.0.1:0", "--policy", "nowhere"],
             "nowhere: No such file"),
            (["--listen", "127.0.0.1:0", "--host", ":"], "name of a host"),
            (["--tls-key", "x"], "are for --listen")]:
        ran = subprocess.run([program, *map(str, words), "/dev/null"],
                             cwd=folder, timeout=PATIENCE, check=False,
                             stderr=subprocess.PIPE, text=True)
        tap.ok(ran.returncode in (2, 3) and message in ran.stderr,
               " ".join(map(str, words)).replace(str(folder), ""), ran.stderr)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = subprocess.run([program, "--listen", f"127.0.0.1:{port}",
                              "/dev/null"], check=False, text=True,
                             timeout=PATIENCE, stderr=subprocess.PIPE)
        tap.ok(ran.returncode == 3 and "in use" in ran.stderr,
               "an address that is taken", ran.stderr)
    return token


def check_guesses(tap, server, good):
    """Wrong tokens are one peer's own business; the right one is right."""
    wrong = {"Authorization": "Bearer 00000000000000000000"}
    begun = time.monotonic()
    status = server.ask("/api/status", headers=wrong)[0]
    took = time.monotonic() - begun
    tap.ok(status == 429 and took >= 1, "a wrong bearer waits, too", status,
           took)
    for _ in range(3):
        tap.ok(server.ask("/api/status", headers=good)[0] == 200,
               "the right bearer is right, whoever guessed")
    status = server.ask("/api/login", **form(token="0123456789abcdef0123"))[0]
    tap.ok(status == 200, "and so is a right login", status)
    for path, options in [("/api/status", {"headers": wrong}),
                          ("/api/login", form(token="wrong"))]:
        status = server.ask(path, source="127.0.0.2", **options)[0]
        tap.ok(status == 401, f"another peer is answered at once: {path}",
               status)
    # It finds all of them at once, however slow we are.
    held = []
    server.process.send_signal(signal.SIGSTOP)
    for _ in range(24):
        connection = server.connect()
        connection.request("GET", "/api/status", headers=wrong)
        held.append(connection)
    server.process.send_signal(signal.SIGCONT)
    tooks, statuses = [], []
    for _ in range(5):
        begun = time.monotonic()
        statuses.append(server.ask("/api/status", headers=good)[0])
        tooks.append(time.monotonic() - begun)
    tap.ok(statuses == [200] * 5 and min(tooks) < 1,
           "while many guess, the right one has its answer", statuses, tooks)
    answers = [answer_of(connection) for connection in held]
    tap.ok(answers.count(429) == 16 and answers.count(None) == 8,
           "so many wait, the others have no answer", answers)


def answer_of(connection):
    """The status; None where the connection was closed without one."""
    try:
        return connection.getresponse().status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    finally:
        connection.close()


def check_token(tap, program, token):
    server = Server(program, "--token-file", token, "/dev/null")
    good = {"Authorization": "Bearer 0123456789abcdef0123"}
    for path, headers, status in [
            ("/", {}, 200), ("/healthz", {}, 200), ("/api/status", {}, 401),
            ("/api/stream", {}, 401), ("/api/events", {}, 401),
            ("/api/policies", {}, 401), ("/api/status", good, 200),
            ("/api/status", {"Cookie": "callgate=" + "0" * 64}, 401)]:
        got = server.ask(path, headers=headers)
        tap.ok(got[0] == status, f"token: {path} {headers}: {status}", got)
    status, headers, _ = server.ask("/api/login", **form(
        token="0123456789abcdef0123"))
    cookie = headers["Set-Cookie"] or ""
    tap.ok(status == 200 and "HttpOnly" in cookie and
           "SameSite=Strict" in cookie and "0123456789" not in cookie,
           "a login gives a cookie", cookie)
    pair = {"Cookie": cookie.split(";")[0]}
    tap.ok(server.ask("/api/status", headers=pair)[0] == 200, "which is good")
    statuses = [server.ask("/api/login", **form(token=f"wrong {i}"))[0]
                for i in range(7)]
    tap.ok(statuses == [401] * 5 + [429] * 2, "guessing is slow", statuses)
    tap.ok(server.ask("/api/status", headers=pair)[0] == 200,
           "and does no harm to who is in")
    check_guesses(tap, server, good)
    tap.ok(server.stop() == 0, "ends in order")


def check_tls(tap, program, token, folder):
    pair = certificate(folder)
    if not pair:
        tap.skip("TLS", "no openssl to make a certificate")
        return
    server = Server(program, "--listen", "0.0.0.0:0", "--token-file", token,
                    "--tls-cert", pair[0], "--tls-key", pair[1],
                    "--host", "watch.example", "/dev/null", secure=True)
    status, headers, _ = server.ask("/api/login", **form(
        token="0123456789abcdef0123"))
    cookie = headers["Set-Cookie"] or ""
    tap.ok(status == 200 and cookie.startswith("__Host-callgate=") and
           "; Secure" in cookie, "a login by TLS", status, cookie)
    cookie = {"Cookie": cookie.split(";")[0]}
    for host, wanted in [("watch.example", 200), ("evil.example", 403),
                         ("10.1.2.3:8443", 200), ("watch.example.", 200)]:
        got = server.ask("/api/status", headers={**cookie, "Host": host})
        tap.ok(got[0] == wanted, f"TLS, called {host}: {wanted}", got[0])
    tap.ok("max-age" in (headers["Strict-Transport-Security"] or ""),
           "TLS is for good")
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw.settimeout(PATIENCE)
        try:
            plain = raw.recv(100)
        except ConnectionResetError:
            plain = b""
        tap.ok(b"200 OK" not in plain, "nothing without TLS", plain)
    tap.ok(server.stop() == 0, "TLS: ends in order")


def check_store(tap, program, folder):
    """Of a store that outlives the watch."""
    for turn in (1, 2):
        server = Server(program, "--store", folder / "events.db", "-",
                        log=record(turn, NOW + turn))
        stored = server.wait_for(turn)
        got = server.get("/api/events?total=1")
        tap.ok(stored == turn and got["total"] == turn and
               server.get("/api/status")["in_memory"] is False,
               f"a store in a file, {turn}", got)
        tap.ok(server.stop() == 0, f"and an end in order, {turn}")


def check_losses(tap, program, folder):
    """What a sink loses is beside what others lose, and a row of its own."""
    for store in ([], ["--store", folder / "lost.db"]):
        server = Server(program, "--spool", folder / f"spool{len(store)}",
                        "--sink", "file:/dev/full,name=full,spool=256KiB",
                        *store, "-", log=many() * 20)
        until = time.monotonic() + PATIENCE
        rows = []
        while not rows and time.monotonic() < until:
            time.sleep(0.1)
            rows = server.get("/api/events?action=lost-events")["rows"]
        lost = server.get("/api/status")["watch"]["lost"]
        event = server.get(f"/api/event/{rows[0]['row']}")["event"]
        tap.ok("events were lost by sink full: " in rows[0]["notice"] and
               "call" not in rows[0] and
               0 < event["seccomp"]["lost"]["total"] <= lost["sink full"] and
               lost["store"] == 0, "what a sink lost", rows, lost)
        rows, *_ = read_stream(
            server, "/api/stream?after=1&action=lost-events", {}, 1)
        tap.ok("notice" in rows[0], "a stream has it", rows)
        rows = server.get("/api/events?call=bind")["rows"]
        tap.ok(rows and not any("notice" in row for row in rows),
               "a violation is no notice", rows)
        server.stop()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    program = program_of(sys.argv[1])
    tap = Tap()
    ran = subprocess.run([program, "--listen", "127.0.0.1:0", "-n", "1",
                          "/nonexistent"], check=False, text=True,
                         stderr=subprocess.PIPE)
    if "was built without" in ran.stderr:
        tap.skip("the page", ran.stderr.strip())
        tap.done()
    server = Server(program, "-", log=many())
    server.wait_for(120)
    for check in (check_page, check_events, check_event, check_sums, check_bad,
                  check_origin, check_diff, check_stream, check_hostile,
                  check_behind, check_bounds):
        check(tap, server)
    tap.ok(server.stop() == 0, "ends in order", server.process.returncode)
    with tempfile.TemporaryDirectory(prefix="callgate-view-") as name:
        folder = pathlib.Path(name)
        token = check_rules(tap, program, folder)
        check_token(tap, program, token)
        check_tls(tap, program, token, folder)
        check_store(tap, program, folder)
        check_losses(tap, program, folder)
    tap.done()


if __name__ == "__main__":
    main()
