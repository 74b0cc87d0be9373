"""The `seccomp` module: filters by libseccomp's interface, from Python.

Programs that import libseccomp's own binding run with this one unchanged, on
whichever libseccomp.so.2 the loader finds. Names, values and exceptions are the
binding's; what the functions do is told in libseccomp's manual pages.

    >>> import errno, seccomp
    >>> filter = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    >>> filter.add_rule(seccomp.ERRNO(errno.EPERM), "mount")
    >>> filter.load()
"""

import ctypes
import errno

_library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
_libc = ctypes.CDLL(None)

_INT = 2**31
_U32 = 2**32 - 1
_U64 = 2**64 - 1


def _as_int(value):
    """A token or an action as the C int that the binding shows."""
    return value - 2**32 if value >= _INT else value


KILL_PROCESS = _as_int(0x80000000)
KILL = 0
TRAP = 0x30000
LOG = 0x7ffc0000
ALLOW = 0x7fff0000
NOTIFY = 0x7fc00000

NE, LT, LE, EQ, GE, GT, MASKED_EQ = range(1, 8)


def _integer(value):
    if not isinstance(value, int):
        raise TypeError("an integer is required")
    return value


def _unsigned(value, most):
    """An integer that fits an unsigned C type, or the binding's exceptions."""
    value = int(value) if isinstance(value, Arch) else _integer(value)
    if value < 0:
        raise OverflowError(f"can't convert negative value to "
                            f"uint{most.bit_length()}_t")
    if value > most:
        raise OverflowError(f"value too large to convert to "
                            f"uint{most.bit_length()}_t")
    return value


def _signed(value, type="int", bits=32):
    """An integer that fits a signed C type: ctypes would cut it silently."""
    value = _integer(value)
    if -2**(bits - 1) <= value < 2**(bits - 1):
        return value
    raise OverflowError("Python int too large to convert to C long"
                        if bits == 64 else
                        f"value too large to convert to {type}")


def _word(value):
    """An action, a token or an attribute's value, which are C ints here."""
    return _signed(int(value) if isinstance(value, Arch) else value) & _U32


def ERRNO(errno):
    """Refuse a call with this errno."""
    return 0x50000 | _signed(errno) & 0xffff


def TRACE(value):
    """Tell a tracer, with this value."""
    return 0x7ff00000 | _signed(value) & 0xffff


class _ArgCmp(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("datum_a", ctypes.c_uint64), ("datum_b", ctypes.c_uint64)]


class _Data(ctypes.Structure):
    _fields_ = [("nr", ctypes.c_int), ("arch", ctypes.c_uint32),
                ("ip", ctypes.c_uint64), ("args", ctypes.c_uint64 * 6)]


class _Request(ctypes.Structure):
    _fields_ = [("id", ctypes.c_uint64), ("pid", ctypes.c_uint32),
                ("flags", ctypes.c_uint32), ("data", _Data)]


class _Response(ctypes.Structure):
    _fields_ = [("id", ctypes.c_uint64), ("val", ctypes.c_int64),
                ("error", ctypes.c_int32), ("flags", ctypes.c_uint32)]


_U32_T, _INT_T, _PTR = ctypes.c_uint32, ctypes.c_int, ctypes.c_void_p
_FUNCTIONS = {
    "init": (_PTR, [_U32_T]),
    "reset": (_INT_T, [_PTR, _U32_T]),
    "release": (None, [_PTR]),
    "merge": (_INT_T, [_PTR, _PTR]),
    "load": (_INT_T, [_PTR]),
    "api_get": (ctypes.c_uint, []),
    "api_set": (_INT_T, [ctypes.c_uint]),
    "arch_native": (_U32_T, []),
    "arch_resolve_name": (_U32_T, [ctypes.c_char_p]),
    "arch_exist": (_INT_T, [_PTR, _U32_T]),
    "arch_add": (_INT_T, [_PTR, _U32_T]),
    "arch_remove": (_INT_T, [_PTR, _U32_T]),
    "attr_get": (_INT_T, [_PTR, _INT_T, ctypes.POINTER(_U32_T)]),
    "attr_set": (_INT_T, [_PTR, _INT_T, _U32_T]),
    "syscall_resolve_num_arch": (_PTR, [_U32_T, _INT_T]),
    "syscall_resolve_name": (_INT_T, [ctypes.c_char_p]),
    "syscall_resolve_name_rewrite": (_INT_T, [_U32_T, ctypes.c_char_p]),
    "syscall_priority": (_INT_T, [_PTR, _INT_T, ctypes.c_uint8]),
    "rule_add_array": (_INT_T, [_PTR, _U32_T, _INT_T, ctypes.c_uint,
                                ctypes.POINTER(_ArgCmp)]),
    "rule_add_exact_array": (_INT_T, [_PTR, _U32_T, _INT_T, ctypes.c_uint,
                                      ctypes.POINTER(_ArgCmp)]),
    "notify_alloc": (_INT_T, [ctypes.POINTER(_PTR), ctypes.POINTER(_PTR)]),
    "notify_free": (None, [_PTR, _PTR]),
    "notify_receive": (_INT_T, [_INT_T, _PTR]),
    "notify_respond": (_INT_T, [_INT_T, _PTR]),
    "notify_fd": (_INT_T, [_PTR]),
    "export_pfc": (_INT_T, [_PTR, _INT_T]),
    "export_bpf": (_INT_T, [_PTR, _INT_T]),
    # Since 2.6; an older library has none of these.
    "export_bpf_mem": (_INT_T, [_PTR, _PTR, ctypes.POINTER(ctypes.c_size_t)]),
    "precompute": (_INT_T, [_PTR]),
    "transaction_start": (_INT_T, [_PTR]),
    "transaction_commit": (_INT_T, [_PTR]),
    "transaction_reject": (None, [_PTR]),
}


def _call(name, *args):
    function = getattr(_library, "seccomp_" + name)
    function.restype, function.argtypes = _FUNCTIONS[name]
    return function(*args)


def _must(rc):
    if rc != 0:
        raise RuntimeError(f"Library error (errno = {rc})")


def c_str(string):
    """Text as the bytes that C takes."""
    return string.encode() if isinstance(string, str) else bytes(string)


def _number(syscall):
    if isinstance(syscall, str):
        return _call("syscall_resolve_name", c_str(syscall))
    if isinstance(syscall, int):
        return _signed(syscall)
    raise TypeError("Syscall must either be an int or str type")


def get_api():
    """What the library and the kernel can do, from 1 on."""
    return _call("api_get")


def set_api(level):
    """Say what they can do."""
    rc = _call("api_set", _unsigned(level, _U32))
    if rc == -errno.EINVAL:
        raise ValueError("Invalid level")
    _must(rc)


def system_arch():
    """The token of this machine's architecture."""
    return _call("arch_native")


def resolve_syscall(arch, syscall):
    """The name (bytes) of a call's number, or the number of its name."""
    if isinstance(syscall, str):
        return _call("syscall_resolve_name_rewrite", _word(arch),
                     c_str(syscall))
    if not isinstance(syscall, int):
        raise TypeError("Syscall must either be an int or str type")
    name = _call("syscall_resolve_num_arch", _word(arch), _number(syscall))
    if not name:
        raise ValueError(f"Unknown syscall {syscall} on arch {int(arch)}")
    try:
        return ctypes.string_at(name)
    finally:
        _libc.free(_PTR(name))


class Arch:
    """An architecture: by token, by name, or this machine's own."""

    NATIVE = 0

    def __init__(self, arch=0):
        if isinstance(arch, int):
            self._token = arch & _U32 or system_arch()
            known = self._token in _TOKENS and -_INT <= arch < _INT
        elif isinstance(arch, str):
            self._token = _call("arch_resolve_name", c_str(arch))
            known = self._token != 0
        else:
            raise TypeError("Architecture must be an int or str type")
        if not known:
            raise ValueError("Invalid architecture")

    def __int__(self):
        return _as_int(self._token)


_ARCHES = {
    "X86": 0x40000003, "X86_64": 0xc000003e, "X32": 0x4000003e,
    "ARM": 0x40000028, "AARCH64": 0xc00000b7, "LOONGARCH64": 0xc0000102,
    "M68K": 0x4, "MIPS": 0x8, "MIPS64": 0x80000008, "MIPS64N32": 0xa0000008,
    "MIPSEL": 0x40000008, "MIPSEL64": 0xc0000008, "MIPSEL64N32": 0xe0000008,
    "PARISC": 0xf, "PARISC64": 0x8000000f, "PPC": 0x14, "PPC64": 0x80000015,
    "PPC64LE": 0xc0000015, "S390": 0x16, "S390X": 0x80000016,
    "RISCV64": 0xc00000f3, "SH": 0x4000002a, "SHEB": 0x2a,
}
_TOKENS = frozenset(_ARCHES.values())
for _name, _token in _ARCHES.items():
    setattr(Arch, _name, _as_int(_token))
del _name, _token


class Attr:
    """The attributes of a filter."""

    ACT_DEFAULT = 1
    ACT_BADARCH = 2
    CTL_NNP = 3
    CTL_TSYNC = 4
    API_TSKIP = 5
    CTL_LOG = 6
    CTL_SSB = 7
    CTL_OPTIMIZE = 8
    API_SYSRAWRC = 9
    CTL_WAITKILL = 10


class Arg:
    """A condition on one argument of a call."""

    def __init__(self, arg, op, datum_a, datum_b=0):
        self._compare = _ArgCmp(_unsigned(arg, _U32), _signed(op, "enum scmp_compare"),
                                _unsigned(datum_a, _U64),
                                _unsigned(datum_b, _U64))


class Notification:
    """A call that waits for an answer."""

    def __init__(self, id, pid, flags, syscall, arch, ip, args):
        self._id = _unsigned(id, _U64)
        self._pid = _unsigned(pid, _U32)
        self._flags = _unsigned(flags, _U32)
        self._syscall = _integer(syscall)
        self._arch = _unsigned(arch, _U32)
        self._ip = _unsigned(ip, _U64)
        self._args = [_unsigned(arg, _U64) for arg in args]

    id = property(lambda self: self._id, doc="Names it in the response.")
    pid = property(lambda self: self._pid, doc="Of the thread that waits.")
    flags = property(lambda self: self._flags, doc="None are in use.")
    syscall = property(lambda self: self._syscall, doc="The call's number.")
    syscall_arch = property(lambda self: self._arch,
                            doc="The token of its architecture.")
    syscall_ip = property(lambda self: self._ip, doc="Where it was made.")
    syscall_args = property(lambda self: self._args,
                            doc="Its six arguments.")


class NotificationResponse:
    """What a waiting call is answered: a value, or an error below 0."""

    def __init__(self, notify, val=0, error=0, flags=0):
        self.id = notify.id
        self.val = val
        self.error = error
        self.flags = flags

    def __setattr__(self, name, value):
        if name in ("id", "flags"):
            value = _unsigned(value, _U64 if name == "id" else _U32)
        elif name in ("val", "error"):
            value = _signed(value, "int32_t", 64 if name == "val" else 32)
        object.__setattr__(self, name, value)


class SyscallFilter:
    """A filter: what is done with which calls."""

    def __init__(self, defaction):
        self._ctx = None
        self._defaction = _word(defaction)
        self._ctx = _call("init", self._defaction)
        if not self._ctx:
            raise RuntimeError("Library error")

    def __del__(self):
        if getattr(self, "_ctx", None):
            _call("release", self._ctx)

    def reset(self, defaction=-1):
        """Begin anew, by default with the same default action."""
        action = self._defaction
        if defaction != -1:
            action = _word(defaction)
        rc = _call("reset", self._ctx, action)
        if rc == -errno.EINVAL:
            raise ValueError("Invalid action")
        _must(rc)
        self._defaction = action

    def merge(self, filter):
        """Take over the rules of another filter, which begins anew."""
        if not isinstance(filter, SyscallFilter):
            raise TypeError(f"Argument 'filter' has incorrect type (expected "
                            f"seccomp.SyscallFilter, got "
                            f"{type(filter).__name__})")
        _must(_call("merge", self._ctx, filter._ctx))
        filter._ctx = None
        filter._ctx = _call("init", filter._defaction)
        if not filter._ctx:
            raise RuntimeError("Library error")

    def exist_arch(self, arch):
        """Whether the filter has rules for an architecture."""
        rc = _call("arch_exist", self._ctx, _word(arch))
        if rc == -errno.EINVAL:
            raise ValueError("Invalid architecture")
        if rc not in (0, -errno.EEXIST):
            _must(rc)
        return rc == 0

    def add_arch(self, arch):
        """One more architecture."""
        self._change_arch("arch_add", arch)

    def remove_arch(self, arch):
        """One less."""
        self._change_arch("arch_remove", arch)

    def _change_arch(self, what, arch):
        rc = _call(what, self._ctx, _word(arch))
        if rc == -errno.EINVAL:
            raise ValueError("Invalid architecture")
        _must(rc)

    def load(self):
        """Put this process under the filter. That cannot be undone."""
        _must(_call("load", self._ctx))

    def get_attr(self, attr):
        """The value of an attribute."""
        value = _U32_T()
        rc = _call("attr_get", self._ctx,
                   _signed(attr, "enum scmp_filter_attr"),
                   ctypes.byref(value))
        if rc == -errno.EINVAL:
            raise ValueError("Invalid attribute")
        _must(rc)
        return value.value

    def set_attr(self, attr, value):
        """Set an attribute."""
        rc = _call("attr_set", self._ctx,
                   _signed(attr, "enum scmp_filter_attr"), _word(value))
        if rc == -errno.EINVAL:
            raise ValueError("Invalid attribute")
        _must(rc)

    def syscall_priority(self, syscall, priority):
        """How often a call is made, from 0 to 255."""
        if priority < 0 or priority > 255:
            raise ValueError("Syscall priority must be between 0 and 255")
        _must(_call("syscall_priority", self._ctx, _number(syscall),
                    priority))

    def add_rule(self, action, syscall, *args):
        """What is done with a call if all its conditions hold."""
        self._add("rule_add_array", action, syscall, args)

    def add_rule_exactly(self, action, syscall, *args):
        """The same; refused where it would have to be rewritten."""
        self._add("rule_add_exact_array", action, syscall, args)

    def _add(self, what, action, syscall, args):
        number = _number(syscall)
        if len(args) > 6:
            raise RuntimeError("Maximum number of arguments exceeded")
        for arg in args:
            if not isinstance(arg, Arg):
                raise TypeError(f"Cannot convert {type(arg).__name__} to "
                                f"seccomp.Arg")
        array = (_ArgCmp * len(args))(*(arg._compare for arg in args))
        _must(_call(what, self._ctx, _word(action), number, len(args),
                    array))

    def _listener(self):
        fd = _call("notify_fd", self._ctx)
        if fd < 0:
            raise RuntimeError("Notifications not enabled/active")
        return fd

    def get_notify_fd(self):
        """Where calls that wait for an answer are told."""
        return self._listener()

    def receive_notify(self):
        """Wait for the next call that waits for an answer."""
        fd = self._listener()
        request = _PTR()
        _must(_call("notify_alloc", ctypes.byref(request), None))
        try:
            rc = _call("notify_receive", fd, request)
            if rc < 0:
                _must(rc)
            at = _Request.from_address(request.value)
            return Notification(at.id, at.pid, at.flags, at.data.nr,
                                at.data.arch, at.data.ip, list(at.data.args))
        finally:
            _call("notify_free", request, None)

    def respond_notify(self, response):
        """Answer a call."""
        fd = self._listener()
        room = _PTR()
        _must(_call("notify_alloc", None, ctypes.byref(room)))
        try:
            at = _Response.from_address(room.value)
            at.id, at.val = response.id, response.val
            at.error, at.flags = response.error, response.flags
            rc = _call("notify_respond", fd, room)
            if rc < 0:
                _must(rc)
        finally:
            _call("notify_free", None, room)

    def export_pfc(self, file):
        """Write the filter as text to a file."""
        _must(_call("export_pfc", self._ctx, file.fileno()))

    def export_bpf(self, file):
        """Write the program to a file."""
        _must(_call("export_bpf", self._ctx, file.fileno()))

    def export_bpf_mem(self):
        """The program as bytes."""
        length = ctypes.c_size_t()
        _must(_call("export_bpf_mem", self._ctx, None, ctypes.byref(length)))
        room = ctypes.create_string_buffer(length.value)
        _must(_call("export_bpf_mem", self._ctx, room, ctypes.byref(length)))
        return room.raw

    def precompute(self):
        """Make the program, so that loading it takes nothing more."""
        _must(_call("precompute", self._ctx))

    def start_transaction(self):
        """Remember the rules as they are."""
        _must(_call("transaction_start", self._ctx))

    def reject_transaction(self):
        """Go back to what was remembered last."""
        _call("transaction_reject", self._ctx)

    def commit_transaction(self):
        """Forget what was remembered last."""
        _must(_call("transaction_commit", self._ctx))
