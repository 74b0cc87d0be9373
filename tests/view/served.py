"""Start callgate watch with a page on a free port, and ask it by HTTP."""

import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds, for a machine that has other work

# Verdicts as `code=`, with the name that the store has.
VERDICTS = {"kill_process": 0x80000000, "errno": 0x50000, "log": 0x7ffc0000,
            "trap": 0x30000}


def record(serial, at, comm="nc", exe="/bin/nc", call=49, verdict="errno",
           pid=7):
    """A record of audit; names that want it are in hexadecimal digits."""
    def name(value):
        data = value if isinstance(value, bytes) else value.encode()
        plain = all(0x21 <= byte < 0x7f and byte != 0x22 for byte in data)
        return f'"{data.decode()}"' if plain else data.hex().upper()
    return (f"type=SECCOMP msg=audit({at:.3f}:{serial}): auid=1000 uid=33 "
            f"gid=33 ses=1 pid={pid} comm={name(comm)} exe={name(exe)} "
            f"sig=0 arch=c000003e syscall={call} compat=0 ip=0x7f "
            f"code={VERDICTS[verdict]:#x}\n")


HOSTILE = [
    (b"<img src=x one>", b"/tmp/<script>document.title='x'</script>/<b>b</b>"),
    (b"\x1b[2J\x1b]0;t\x07", b"/tmp/\x1b[31mred\x1b]52;c;ZXZpbA==\x07"),
    (b"\xff\xfe\x80bad", b"/opt/\xc3\x28\xa0\xa1/\xe2\x80\xaegnp.exe"),
    (b"long", b"/" + b"A" * 4090),
]


def hostile(serial, at):
    """Records of programs that hope to be more than text."""
    return "".join(record(serial + i, at, comm, exe, call=59, pid=66 + i)
                   for i, (comm, exe) in enumerate(HOSTILE))


class Server:
    """The watch, its address, and what it has said."""

    def __init__(self, program, *words, log=None, secure=False, cwd=None):
        self.secure = secure
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(program), "--listen", "127.0.0.1:0", *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=self.said, cwd=cwd)
        if log is not None:
            self.feed(log)
        self.port = self.find_port()

    def stderr(self):
        self.said.seek(0)
        return self.said.read().decode(errors="replace")

    def find_port(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = re.search(r"the page is at \S+:(\d+)/", self.stderr())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit(f"the watch does not serve: {self.stderr()}")

    def feed(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def connect(self, source=None):
        if not self.secure:
            return http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=PATIENCE,
                source_address=source and (source, 0))
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port,
                                           timeout=PATIENCE, context=context)

    def ask(self, path, method="GET", headers=None, body=None, source=None):
        """(status, headers, bytes)"""
        connection = self.connect(source)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        got = answer.status, answer.headers, answer.read()
        connection.close()
        return got

    def get(self, path, **options):
        """What is answered, as JSON."""
        return json.loads(self.ask(path, **options)[2])

    def wait_for(self, count):
        """Until so many events are stored."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            stored = self.get("/api/status")["stored"]
            if stored >= count:
                return stored
            time.sleep(0.05)
        return stored

    def stop(self):
        """Its exit status."""
        self.process.stdin.close()
        self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = None
        self.said.close()
        return status


class Watch:
    """The watch of this machine's own violations, once it listens."""

    def __init__(self, folder, *command):
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        path = f"{folder}/ready-{time.monotonic_ns()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(path)
            os.chmod(path, 0o777)
            self.process = subprocess.Popen(
                [str(word) for word in command], stdout=self.out,
                stderr=self.err, env={**os.environ, "NOTIFY_SOCKET": path})
            ready.settimeout(0.2)
            self.ready = self.wait_ready(ready)

    def wait_ready(self, ready):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                return ready.recv(100) == b"READY=1"
            except TimeoutError:
                pass
        return False

    def text(self, file):
        file.seek(0)
        return file.read().decode(errors="replace")

    def tells(self, *words):
        """Whether all of this comes to be said."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if all(word in self.text(self.out) for word in words):
                return True
            time.sleep(0.05)
        return False

    def stop(self):
        """Its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


def program_of(command):
    """callgate-watch, which lies beside callgate."""
    return os.path.join(os.path.dirname(os.path.abspath(command)),
                        "callgate-watch")
