"""A server that takes events as Elasticsearch does, strictly, and fails to order.

It knows the index template, data streams and the bulk API, as far as a sender of
events uses them, and refuses whatever is not just so: a wrong media type, an
action other than create, a body without its last newline, a document without
@timestamp. Each such refusal is remembered in `complaints`: a test wants none.

As a program: bulk_server.py [PORT], which prints its URL.
"""

import base64
import collections
import gzip
import http.server
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

NDJSON = re.compile(r"application/(x-ndjson|vnd\.elasticsearch\+x-ndjson; ?"
                    r"compatible-with=\d+)$")
JSON = re.compile(r"application/(json|vnd\.elasticsearch\+json; ?"
                  r"compatible-with=\d+)$")
STREAM = re.compile(r"[a-z0-9][a-z0-9._-]*$")

# What happens to one bulk request, instead of its being taken.
Fault = collections.namedtuple("Fault", "kind value", defaults=[None])


class Refused(Exception):
    """The request is wrong: a status, a type and a reason."""


def parse_bulk(body, default):
    """[(stream, id, document)] of a bulk body."""
    if not body.endswith(b"\n"):
        raise Refused(400, "illegal_argument_exception",
                      "The bulk request must be terminated by a newline [\\n]")
    lines = body.decode("utf-8").split("\n")[:-1]
    if len(lines) % 2:
        raise Refused(400, "illegal_argument_exception", "an odd line")
    rows = []
    values = json.loads("[" + ",".join(lines) + "]")
    if len(values) != len(lines):
        raise Refused(400, "illegal_argument_exception", "a line of several")
    for action, source in zip(values[::2], values[1::2]):
        if list(action) != ["create"]:
            raise Refused(400, "illegal_argument_exception",
                          "only write ops with an op_type of create are "
                          "allowed in data streams")
        about = action["create"]
        unknown = set(about) - {"_id", "_index"}
        if unknown:
            raise Refused(400, "illegal_argument_exception", str(unknown))
        rows.append((about.get("_index", default), about.get("_id"), source))
    return rows


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment an answer: the other side's delayed acknowledgements would
    # else be waited for.
    wbufsize = -1

    def log_message(self, *_):
        pass

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers = [*headers, ("Content-Encoding", "gzip")]
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def refuse(self, status, kind, reason, headers=()):
        self.answer(status, {"error": {"type": kind, "reason": reason},
                             "status": status}, headers)

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return data

    def dispatch(self):
        store = self.server.store
        url = urllib.parse.urlparse(self.path)
        wanted = store.authorization
        try:
            if wanted and self.headers.get("Authorization") != wanted:
                self.body()
                raise Refused(401, "security_exception",
                              "missing or wrong credentials")
            self.route(store, url.path, urllib.parse.parse_qs(url.query))
        except Refused as wrong:
            if wrong.args[0] == 400:
                store.complain(f"{self.command} {self.path}: {wrong.args}")
            self.refuse(*wrong.args)
        except (ValueError, KeyError, TypeError) as wrong:
            store.complain(f"{self.command} {self.path}: {wrong!r}")
            self.refuse(400, "parse_exception", repr(wrong))

    do_GET = do_PUT = do_POST = do_HEAD = dispatch

    def route(self, store, path, query):
        if path == "/" and self.command in ("GET", "HEAD"):
            self.answer(200, {"name": "strict", "cluster_name": "strict",
                              "version": {"number": "9.0.0",
                                          "build_flavor": "default"},
                              "tagline": "You Know, for Search"})
        elif path.startswith("/_index_template/"):
            self.template(store, path.rsplit("/", 1)[1])
        elif path.endswith("/_bulk") and self.command in ("POST", "PUT"):
            self.bulk(store, path[1:-len("/_bulk")] or None, query)
        else:
            raise Refused(404, "resource_not_found_exception", path)

    def template(self, store, name):
        if self.command == "GET":
            if name not in store.templates:
                raise Refused(404, "resource_not_found_exception", name)
            self.answer(200, {"index_templates": [
                {"name": name, "index_template": store.templates[name]}]})
            return
        if not JSON.match(self.headers.get("Content-Type", "")):
            raise Refused(400, "media_type_header_exception",
                          self.headers.get("Content-Type"))
        template = json.loads(self.body())
        if not template["index_patterns"] or template["data_stream"] != {} or \
                template["priority"] <= 100:
            raise Refused(400, "illegal_argument_exception", "template")
        store.templates[name] = template
        store.puts += 1
        self.answer(200, {"acknowledged": True})

    def bulk(self, store, stream, query):
        fault = store.next_fault(self)
        if fault.kind == "reset":
            # In the middle of the body, and not in good order.
            length = int(self.headers.get("Content-Length", 0))
            self.rfile.read(min(fault.value, length // 2))
            self.reset()
            return
        body = self.body()
        if fault.kind == "status":
            status, after = fault.value
            self.refuse(status, "es_rejected_execution_exception", "busy",
                        [("Retry-After", str(after))] if after else [])
            return
        if store.largest and len(body) > store.largest:
            self.refuse(413, "content_too_long_exception", "too long")
            return
        if not NDJSON.match(self.headers.get("Content-Type", "")):
            raise Refused(400, "media_type_header_exception",
                          self.headers.get("Content-Type"))
        if not (query.get("filter_path") or ["errors,items"])[0].startswith(
                "errors,items"):
            raise Refused(400, "illegal_argument_exception", "filter_path")
        rows = parse_bulk(body, stream)
        items = [store.create(row, fault) for row in rows]
        store.requests.append({
            "headers": dict(self.headers), "path": self.path,
            "body": body.decode(), "packed":
            self.headers.get("Content-Encoding") == "gzip"})
        if fault.kind == "slow":
            time.sleep(fault.value)
        if fault.kind == "silent":
            # Taken, and the answer is lost.
            self.reset()
            return
        errors = any(item["create"]["status"] >= 300 for item in items)
        if query.get("filter_path"):
            # As far as the path of a sender of events goes.
            items = [{"create": {key: item["create"][key] for key in
                                 ("status", "error") if key in item["create"]}}
                     for item in items]
            self.answer(200, {"errors": errors, "items": items})
        else:
            self.answer(200, {"took": 1, "errors": errors, "items": items})

    def reset(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.wfile = type("Nowhere", (), {"flush": lambda _: None,
                                          "close": lambda _: None,
                                          "closed": True})()
        self.connection.close()


class Store:
    """What was taken, and what is to go wrong."""

    def __init__(self):
        self.lock = threading.Lock()
        self.documents = {}   # id: document
        self.templates, self.puts = {}, 0
        self.requests, self.complaints = [], []
        self.faults = iter(())
        self.largest = 0
        self.authorization = None
        self.poison = None    # a document with this text is refused for good
        self.duplicates = 0

    def complain(self, text):
        self.complaints.append(text)

    def next_fault(self, _):
        with self.lock:
            return next(self.faults, Fault("none"))

    def basic(self, user, password):
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization = f"Basic {pair}"

    def create(self, row, fault):
        stream, number, document = row
        status, error = 201, None
        with self.lock:
            if not stream or not STREAM.match(stream):
                status, error = 400, ("invalid_index_name_exception", stream)
            elif "@timestamp" not in document:
                status, error = 400, ("document_parsing_exception",
                                      "no @timestamp")
                self.complain(f"no @timestamp: {document}")
            elif fault.kind == "item" and fault.value():
                status, error = 429, ("es_rejected_execution_exception",
                                      "rejected execution")
            elif self.poison and self.poison in json.dumps(document):
                status, error = 400, ("document_parsing_exception",
                                      "failed to parse field [process.pid]")
            elif number in self.documents:
                status, error = 409, ("version_conflict_engine_exception",
                                      "document already exists")
                self.duplicates += 1
            else:
                self.documents[number] = document
        item = {"_index": stream, "_id": number, "status": status}
        if error:
            item["error"] = {"type": error[0], "reason": error[1]}
        return {"create": item}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """Connections end in all ways here."""


def bind(store, port=0):
    """A server that has its port, and refuses whoever connects."""
    server = Server(("127.0.0.1", port), Handler, bind_and_activate=False)
    server.store = store
    server.server_bind()
    return server


def serve(server):
    server.server_activate()
    threading.Thread(target=server.serve_forever, args=(0.02,),
                     daemon=True).start()


def url_of(server, scheme="http"):
    return f"{scheme}://127.0.0.1:{server.server_address[1]}"


def start(store, port=0, tls=None):
    """(server, URL); `tls` is a certificate and its key."""
    server = bind(store, port)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    serve(server)
    return server, url_of(server, "https" if tls else "http")


def main():
    _, url = start(Store(), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
