"""The binding against the library and the running kernel.

A filter cannot be taken off: what loads one does so in a child.
"""

import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap

import pytest

import callgate
from callgate import _library

HERE = pathlib.Path(__file__).resolve().parent
POLICY = """\
seccomp:
  default_action: allow
  syscalls:
    - action: errno(EROFS)
      names: [mkdir, mkdirat]
"""


def child(code, folder=None):
    """Run Python in a process of its own; what it says, and its status."""
    path = [str(HERE.parent), *sys.path]
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        cwd=folder, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)})
    return ran.stdout, ran.returncode


def blocks():
    """The examples of the README, each with what it prints."""
    text = (HERE.parent / "README.md").read_text()
    return re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.S)


@pytest.mark.parametrize("number", range(2))
def test_readme(number, tmp_path):
    code, wanted = blocks()[number]
    assert child(code, tmp_path) == (wanted, 0)


def test_layout():
    """Every struct is laid out as the C compiler has it."""
    program = os.environ.get("CALLGATE_LAYOUT")
    if not program:
        pytest.skip("CALLGATE_LAYOUT names no program that tells the layout")
    types = {"cg_error": "CError", "cg_call": "CCall",
             "cg_load_options": "CLoadOptions", "cg_loaded": "CLoaded",
             "cg_noproc_options": "CNoprocOptions", "cg_noproc": "CNoproc",
             "cg_notification": "CNotification", "cg_reason": "CReason",
             "cg_install_options": "CInstallOptions",
             "cg_install": "CInstall"}
    rows = subprocess.check_output([program], text=True).splitlines()
    assert len(rows) > 40
    for row in rows:
        name, field, offset, size = row.split()
        struct = getattr(_library, types[name])
        if field == ".":
            assert ctypes.sizeof(struct) == int(size), row
        else:
            at = getattr(struct, field)
            assert (at.offset, at.size) == (int(offset), int(size)), row


def test_error():
    with pytest.raises(callgate.Error) as caught:
        callgate.Policy.parse("seccomp:\n  default_acton: allow\n", "mine.yml")
    error = caught.value
    assert error.status is callgate.Status.MEANING
    assert (error.source, error.line) == ("mine.yml", 2)
    assert "did you mean 'default_action'" in str(error)


def test_missing_file():
    with pytest.raises(callgate.Error) as caught:
        callgate.load_file("/nowhere/app.yml")
    assert caught.value.status is callgate.Status.SYSTEM
    assert caught.value.errno == 2


def test_explain():
    policy = callgate.Policy.parse(POLICY, "mine.yml")
    assert policy.explain("mkdir()") == ("errno(EROFS)", "mine.yml", 5, 15)
    assert policy.explain("read").answer == "allow"
    assert policy.enabled and isinstance(policy.warnings, list)
    with pytest.raises(callgate.Error):
        policy.explain("nosuchcall")
    with pytest.raises(ValueError):
        policy.explain("read", arch="pdp11")


def test_bytes():
    program = callgate.Policy.preset("no-exec").compile()
    again = callgate.Program.from_bytes(bytes(program))
    assert len(program) > 5 and bytes(again) == bytes(program)
    with pytest.raises(callgate.Error):
        callgate.Program.from_bytes(b"not a filter")


def test_load_file(tmp_path):
    (tmp_path / "app.yml").write_text(POLICY)
    assert child("""
        import os, callgate
        callgate.load_file("app.yml")
        try:
            os.mkdir("x")
        except OSError as error:
            print(error.strerror)
        """, tmp_path) == ("Read-only file system\n", 0)


def test_strict_kills():
    out, status = child("""
        import os, callgate
        callgate.strict()
        os.write(1, b"x")
        os.getuid()
        """)
    assert (out, status) == ("x", -signal.SIGKILL)


def test_no_new_processes_threads():
    assert child("""
        import subprocess, threading
        import callgate

        go = threading.Event()
        said = []
        def old():
            go.wait()
            try:
                subprocess.run(["true"])
            except PermissionError:
                said.append("refused")
        thread = threading.Thread(target=old)
        thread.start()
        done = callgate.no_new_processes()
        go.set()
        thread.join()
        later = threading.Thread(target=old)
        later.start()
        later.join()
        print(done.state, done.threads, done.verified, said)
        callgate.may_serve(done, ["0.0.0.0:80"])
        """) == ("all threads 2 True ['refused', 'refused']\n", 0)


def test_may_serve():
    callgate.may_serve(None, ["127.0.0.1", "[::1]:80"])
    with pytest.raises(callgate.Error):
        callgate.may_serve(None, ["0.0.0.0"])


def test_registry(tmp_path):
    (tmp_path / "user.yml").write_text(
        "seccomp:\n  registered: restrict\n  syscalls:\n"
        "    - {action: errno, names: [getppid]}\n")
    out, status = child("""
        import ctypes, json, callgate
        registry = callgate.Registry()
        registry.need_preset("all", "no-network")
        registry.need("me", "getpid", "socket(AF_UNIX)")
        registry.configure_file("user.yml")
        done = registry.install("mine")
        line = json.loads(done.attestation)
        print(done.result, done.step, line["policy"],
              line["sha256"] == done.sha256, ctypes.CDLL(None).getppid())
        """, tmp_path)
    assert (out, status) == ("installed load mine True -1\n", 0)


def test_registry_conflict():
    registry = callgate.Registry()
    with pytest.raises(callgate.Error, match="registered"):
        registry.configure("seccomp: {syscalls: [{action: errno, "
                           "names: read}]}")
    registry.configure("seccomp: {enabled: false}")
    assert registry.install().result == "off"
    with pytest.raises(callgate.Error):
        registry.install(must_be_on=True)


def test_listener_end():
    assert child("""
        import threading, callgate
        policy = callgate.Policy.parse('''{seccomp: {default_action: allow,
            syscalls: [{action: notify, names: [getppid]}]}}''')
        found = []
        def run():
            found.append(policy.load(one_thread=True,
                         flags=callgate.Flag.NEW_LISTENER).listener)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        print(list(found[0]))
        """) == ("[]\n", 0)


def test_a_nul_inside_is_no_end():
    """Not a shorter path, and not another call than was named."""
    registry = callgate.Registry()
    for action in (lambda: callgate.Policy.open("a\0b"),
                   lambda: callgate.Policy.preset("no-exec\0ute"),
                   lambda: callgate.load_file("a\0b"),
                   lambda: registry.refuse("me", "ptrace\0d"),
                   lambda: registry.need("me\0you", "read")):
        with pytest.raises(ValueError, match="NUL"):
            action()


def test_a_signal_does_not_end_a_supervisor():
    out, status = child("""
        import callgate, os, signal, threading, time
        program = callgate.Policy.parse('{"seccomp": {"default_action": '
            '"allow", "syscalls": [{"action": "notify", '
            '"names": ["mkdir", "mkdirat"]}]}}').compile()
        signal.signal(signal.SIGUSR1, lambda *_: None)
        found = []
        ready, go = threading.Event(), threading.Event()
        def confined():
            found.append(program.load(callgate.Flag.NEW_LISTENER,
                                      one_thread=True).listener)
            ready.set()
            go.wait()
            os.mkdir("/nowhere/at/all")
        def disturb():
            for _ in range(20):
                time.sleep(0.01)
                signal.pthread_kill(threading.main_thread().ident,
                                    signal.SIGUSR1)
            go.set()
        threading.Thread(target=confined).start()
        ready.wait()
        threading.Thread(target=disturb).start()
        for call in found[0]:
            print(call.name)
            call.answer()
        """)
    assert (out, status) == ("mkdir\n", 0)
