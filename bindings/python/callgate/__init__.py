"""Proven seccomp filters for this process.

    import callgate
    callgate.load_file("app.yml")         # every thread, or an exception
    callgate.no_new_processes()

Nothing is half done: what cannot be done raises callgate.Error, and then no
filter was loaded. A filter can never be taken off again.
"""

import ctypes
import enum
import errno
import os
from ctypes import byref
from typing import (
    Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Union)

from ._library import (
    CCall, CError, CInstall, CInstallOptions, CLoaded, CLoadOptions, CNoproc,
    CNoprocOptions, CNotification, CReason, lib, libc)

__all__ = [
    "Error", "Flag", "Installed", "Listener", "Loaded", "NoProcesses",
    "Notification", "Policy", "Program", "Reason", "Registry", "Status",
    "load_file", "may_serve", "no_new_processes", "strict"]

_Path = Union[str, "os.PathLike[str]"]


class Status(enum.IntEnum):
    """Why something failed: enum cg_status."""

    OK = 0
    NOMEM = 1
    SYNTAX = 2
    MEANING = 3
    ARCH = 4
    TOOLONG = 5
    PROGRAM = 6
    PROOF = 7
    UNDECIDED = 8
    INPUT = 9
    SYSTEM = 10
    UNSUPPORTED = 11
    BLOCKED = 12
    THREAD = 13


class Flag(enum.IntFlag):
    """SECCOMP_FILTER_FLAG_*."""

    TSYNC = 1
    LOG = 2
    SPEC_ALLOW = 4
    NEW_LISTENER = 8
    TSYNC_ESRCH = 16
    WAIT_KILLABLE_RECV = 32


class Error(Exception):
    """What went wrong, and where: the fields of struct cg_error."""

    def __init__(self, err: CError) -> None:
        self.status = Status(err.status)
        self.source: str = err.source.decode("utf-8", "replace")
        self.line: int = err.line
        self.column: int = err.column
        self.errno: int = err.sys_errno
        self.thread: int = err.thread
        self.check: str = _text(err.check)
        self.message: str = err.message.decode("utf-8", "replace")
        place = f"{self.source}: " if self.source else ""
        if self.line:
            place = f"{self.source}:{self.line}:{self.column}: "
        super().__init__(place + self.message)


def _check(function: Callable[..., int], *arguments: Any) -> None:
    """Call what takes an error last."""
    err = CError()
    if function(*arguments, byref(err)) != 0:
        raise Error(err)


def _whole(data: bytes) -> bytes:
    """C would take a text with a NUL inside for a shorter one."""
    if b"\0" in data:
        raise ValueError(f"a text has a NUL inside: {data!r}")
    return data


def _bytes(text: str) -> bytes:
    return _whole(text.encode())


def _file(path: _Path) -> bytes:
    return _whole(os.fsencode(path))


def _names(names: Sequence[str]) -> Any:
    array = (ctypes.c_char_p * len(names))()
    array[:] = [_bytes(name) for name in names]
    return array


def _text(pointer: Optional[bytes]) -> str:
    return pointer.decode("utf-8", "replace") if pointer else ""


class Loaded(NamedTuple):
    """What a load did."""

    threads: int
    verified: bool
    set_no_new_privs: bool
    listener: Optional["Listener"]


class Reason(NamedTuple):
    """What a policy answers to a call, and the line that says so."""

    answer: str
    source: str
    line: int
    column: int


class _Object:
    """Something of the library's, freed with its function."""

    _free: Callable[[Optional[int]], None]

    def __init__(self, handle: Optional[int]) -> None:
        self._handle = handle

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            type(self)._free(self._handle)


def _abi(name: Optional[str]) -> int:
    abi = lib.cg_abi_by_name(_bytes(name)) if name else lib.cg_abi_native()
    if not abi:
        raise ValueError(f"no architecture is called {name!r}")
    return int(abi)


def _call(text: str, arch: Optional[str]) -> CCall:
    call, known = CCall(), ctypes.c_uint32()
    _check(lib.cg_call_parse, _bytes(text), _abi(arch), byref(call),
           byref(known))
    return call


class Program(_Object):
    """A filter: proved equal to its policy, unless it came as bytes."""

    _free = lib.cg_program_free

    @classmethod
    def from_bytes(cls, data: bytes, big_endian: bool = False) -> "Program":
        """Take over `callgate compile --format raw`'s bytes."""
        out = ctypes.c_void_p()
        _check(lib.cg_program_from_bytes, data, len(data), big_endian,
               byref(out))
        return cls(out.value)

    def __bytes__(self) -> bytes:
        """An array of struct sock_filter."""
        count = ctypes.c_size_t()
        insns = lib.cg_program_insns(self._handle, byref(count))
        return ctypes.string_at(insns, 8 * count.value)

    def __len__(self) -> int:
        return len(bytes(self)) // 8

    def load(self, flags: Flag = Flag(0), one_thread: bool = False,
             keep_privileges: bool = False) -> Loaded:
        """Put it into force in every thread, or in this one alone."""
        options = CLoadOptions(int(flags), one_thread, keep_privileges, False)
        loaded = CLoaded()
        _check(lib.cg_load, self._handle, byref(options), byref(loaded))
        listener = Listener(loaded.listener) if loaded.listener >= 0 else None
        return Loaded(loaded.threads, loaded.verified, loaded.set_no_new_privs,
                      listener)


class Policy(_Object):
    """What a person means: see callgate-policy(5)."""

    _free = lib.cg_policy_free

    @classmethod
    def open(cls, path: _Path) -> "Policy":
        out = ctypes.c_void_p()
        _check(lib.cg_policy_open, _file(path), None, byref(out))
        return cls(out.value)

    @classmethod
    def parse(cls, text: str, source: str = "policy") -> "Policy":
        out, data = ctypes.c_void_p(), text.encode()
        _check(lib.cg_policy_parse, data, len(data), _bytes(source), None,
               byref(out))
        return cls(out.value)

    @classmethod
    def preset(cls, name: str) -> "Policy":
        out = ctypes.c_void_p()
        _check(lib.cg_policy_preset, _bytes(name), None, byref(out))
        return cls(out.value)

    @property
    def enabled(self) -> bool:
        return bool(lib.cg_policy_enabled(self._handle))

    @property
    def warnings(self) -> List[str]:
        found: List[str] = []
        err = CError()
        while lib.cg_policy_warning(self._handle, len(found), byref(err)):
            found.append(str(Error(err)))
        return found

    def compile(self) -> Program:
        """Compile it, and prove the result for every possible call."""
        out = ctypes.c_void_p()
        _check(lib.cg_compile, self._handle, None, byref(out))
        return Program(out.value)

    def load(self, **options: Any) -> Loaded:
        """Compile and load, with the policy's own flags besides those here."""
        flags = Flag(lib.cg_policy_flags(self._handle))
        return self.compile().load(
            flags=flags | options.pop("flags", Flag(0)), **options)

    def explain(self, call: str, arch: Optional[str] = None) -> Reason:
        """What is answered to "openat(AT_FDCWD, _, O_RDONLY)", and why.

        An argument that is _ or missing is 0.
        """
        reason, text = CReason(), ctypes.create_string_buffer(64)
        lib.cg_policy_explain(self._handle, byref(_call(call, arch)),
                              byref(reason))
        lib.cg_answer_print(reason.answer, reason.abi, text, len(text))
        return Reason(_text(text.value), _text(reason.source), reason.line,
                      reason.column)


def load_file(path: _Path) -> None:
    """Read, compile, prove and load a policy file, for every thread."""
    _check(lib.cg_load_file, _file(path), None)


def strict() -> None:
    """The kernel's strict mode: read, write, exit and sigreturn alone.

    Python itself needs more than that at its end: leave with os.write() done
    and a raw exit, or be killed.
    """
    _check(lib.cg_load_strict)


class NoProcesses(NamedTuple):
    """For whom new processes are refused: "none", "this thread", ..."""

    state: str
    system: str
    step: str
    threads: int
    verified: bool


_STATES = ["none", "this thread", "all threads"]


def no_new_processes(compatible: bool = False,
                     this_thread_will_do: bool = False) -> NoProcesses:
    """Give up starting programs and processes, for ever."""
    options = CNoprocOptions(int(compatible), this_thread_will_do)
    out = CNoproc()
    _check(lib.cg_no_new_processes, byref(options), byref(out))
    return NoProcesses(_STATES[out.state], _text(out.system), _text(out.step),
                       out.threads, out.verified)


def may_serve(noproc: Optional[NoProcesses],
              addresses: Sequence[str]) -> None:
    """Raise unless new processes are refused or all is loopback."""
    given = CNoproc()
    if noproc:
        given = CNoproc(_STATES.index(noproc.state), noproc.system.encode(),
                        noproc.step.encode(), noproc.threads, noproc.verified)
    _check(lib.cg_noproc_may_serve, byref(given), _names(addresses),
           len(addresses))


class Notification:
    """A call that waits for its supervisor's answer."""

    def __init__(self, listener: "Listener", record: CNotification) -> None:
        self._listener, self._record = listener, record

    @property
    def thread(self) -> int:
        return int(self._record.thread)

    @property
    def name(self) -> Optional[str]:
        """Of the call; None if its number has none."""
        call = self._record.call
        abi = lib.cg_abi_of_call(call.arch, call.nr)
        found = lib.cg_syscall_at(abi, call.nr) if abi else None
        if not found:
            return None
        # The name is the first field of struct cg_syscall.
        return _text(ctypes.cast(found, ctypes.POINTER(ctypes.c_char_p))[0])

    @property
    def args(self) -> List[int]:
        return list(self._record.call.args)

    def __str__(self) -> str:
        text = ctypes.create_string_buffer(512)
        lib.cg_call_print(byref(self._record.call), None, text, len(text))
        return _text(text.value)

    def waits(self) -> bool:
        return bool(lib.cg_notify_waits(self._listener.fd, self._record.id))

    def answer(self, value: int = 0, errno: int = 0) -> None:
        """Return `value` in the kernel's place, or fail with `errno`."""
        _check(lib.cg_notify_answer, self._listener.fd, self._record.id, value,
               errno)

    def answer_fd(self, fd: int, cloexec: bool = True) -> None:
        """Give the caller a copy of `fd`, and return its number."""
        _check(lib.cg_notify_answer_fd, self._listener.fd, self._record.id, fd,
               cloexec)

    def go_on(self) -> None:
        """Let the kernel carry it out. Never a decision about a pointer."""
        _check(lib.cg_notify_continue, self._listener.fd, self._record.id)

    def read(self, address: int, size: int) -> bytes:
        """Memory of the caller; it may change right after."""
        out, length = ctypes.create_string_buffer(size), ctypes.c_size_t()
        _check(lib.cg_notify_read, self._listener.fd, byref(self._record),
               address, out, size, byref(length))
        return out.raw[:length.value]

    def read_text(self, address: int, size: int = 4096) -> str:
        return os.fsdecode(self.read(address, size).split(b"\0")[0])


class Listener:
    """What a supervisor holds; iterate over it for calls until none can come."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def receive(self, timeout: Optional[float] = None
                ) -> Optional[Notification]:
        """The next call; None if none came in time, or a signal did.

        EOFError at the end.
        """
        event, record = ctypes.c_int(), CNotification()
        try:
            _check(lib.cg_notify_receive, self.fd,
                   -1 if timeout is None else int(timeout * 1000),
                   byref(event), byref(record))
        except Error as error:
            if error.errno != errno.EINTR:
                raise
            return None  # Python's own handler of the signal has been called
        if event.value == 2:
            raise EOFError("nobody is under the filter any more")
        return Notification(self, record) if event.value == 0 else None

    def __iter__(self) -> Iterator[Notification]:
        while True:
            try:
                found = self.receive()
            except EOFError:
                return
            if found:
                yield found

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Installed(NamedTuple):
    """What came of an installation; `result` is to be looked at."""

    result: str
    step: str
    error: Optional[Error]
    threads: int
    sha256: str
    attestation: Optional[str]


class Registry(_Object):
    """Parts of a program say what they need; one policy comes of it."""

    _free = lib.cg_registry_free

    def __init__(self) -> None:
        super().__init__(lib.cg_registry_new())
        if not self._handle:
            raise MemoryError

    def need(self, who: str, *names: str) -> None:
        """Calls, @groups, and rules such as "socket(AF_UNIX)"."""
        _check(lib.cg_registry_need, self._handle, _bytes(who),
               _names(names), len(names))

    def need_preset(self, who: str, preset: str) -> None:
        _check(lib.cg_registry_need_preset, self._handle, _bytes(who),
               _bytes(preset))

    def refuse(self, who: str, *names: str) -> None:
        """Whoever needs them."""
        _check(lib.cg_registry_refuse, self._handle, _bytes(who),
               _names(names), len(names))

    def configure(self, text: str, source: str = "configuration") -> None:
        data = text.encode()
        _check(lib.cg_registry_configure, self._handle, data, len(data),
               _bytes(source))

    def configure_file(self, path: _Path) -> None:
        _check(lib.cg_registry_configure_file, self._handle, _file(path))

    def install(self, name: str = "", best_effort: bool = False,
                must_be_on: bool = False) -> Installed:
        options = CInstallOptions(_bytes(name), best_effort, must_be_on, None)
        out = CInstall()
        _check(lib.cg_registry_install, self._handle, byref(options),
               byref(out))
        if out.loaded.listener >= 0:
            os.close(out.loaded.listener)  # nobody asked for one here
        line = lib.cg_install_attestation(byref(out))
        attestation = _text(ctypes.string_at(line)) if line else None
        libc.free(line)
        return Installed(
            _text(lib.cg_install_text(out.result)), _text(out.step),
            Error(out.error) if out.error.status else None,
            out.loaded.threads, _text(out.sha256), attestation)
