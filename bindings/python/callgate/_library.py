"""The functions and structs of libcallgate.so.0, as ctypes sees them."""

import ctypes
import os
from ctypes import (
    POINTER, Structure, c_bool, c_char, c_char_p, c_int, c_int32, c_int64,
    c_size_t, c_uint32, c_uint64, c_void_p)
from typing import Any, List, Tuple


class CError(Structure):
    _fields_ = [
        ("status", c_int), ("line", c_uint32), ("column", c_uint32),
        ("sys_errno", c_int32), ("thread", c_int32), ("check", c_char_p),
        ("source", c_char * 256),
        ("message", c_char * 512)]


class CCall(Structure):
    _fields_ = [("nr", c_uint32), ("arch", c_uint32), ("ip", c_uint64),
                ("args", c_uint64 * 6)]


class CLoadOptions(Structure):
    _fields_ = [("flags", c_uint32), ("one_thread", c_bool),
                ("keep_privileges", c_bool), ("allow_prctl", c_bool)]


class CLoaded(Structure):
    _fields_ = [("listener", c_int), ("threads", c_uint32),
                ("verified", c_bool), ("set_no_new_privs", c_bool),
                ("by_prctl", c_bool)]


class CNoprocOptions(Structure):
    _fields_ = [("mode", c_int), ("this_thread_will_do", c_bool)]


class CNoproc(Structure):
    _fields_ = [("state", c_int), ("system", c_char_p), ("step", c_char_p),
                ("threads", c_uint32), ("verified", c_bool)]


class CNotification(Structure):
    _fields_ = [("id", c_uint64), ("thread", c_int32), ("call", CCall)]


class CReason(Structure):
    _fields_ = [("answer", c_uint32), ("cause", c_int), ("source", c_char_p),
                ("line", c_uint32), ("column", c_uint32), ("abi", c_void_p),
                ("call", c_void_p)]


class CInstallOptions(Structure):
    _fields_ = [("name", c_char_p), ("best_effort", c_bool),
                ("must_be_on", c_bool), ("load", POINTER(CLoadOptions))]


class CInstall(Structure):
    _fields_ = [("result", c_int), ("step", c_char_p), ("error", CError),
                ("loaded", CLoaded), ("name", c_char * 256),
                ("sha256", c_char * 65), ("instructions", c_uint32),
                ("flags", c_uint32)]


_ERR = POINTER(CError)
_OUT = POINTER(c_void_p)
_NAMES = POINTER(c_char_p)

# Name, result, arguments. A status comes back as c_int.
_FUNCTIONS: List[Tuple[str, Any, List[Any]]] = [
    ("cg_status_text", c_char_p, [c_int]),
    ("cg_abi_native", c_void_p, []),
    ("cg_abi_by_name", c_void_p, [c_char_p]),
    ("cg_abi_of_call", c_void_p, [c_uint32, c_uint32]),
    ("cg_syscall_at", c_void_p, [c_void_p, c_uint32]),
    ("cg_policy_open", c_int, [c_char_p, c_void_p, _OUT, _ERR]),
    ("cg_policy_parse", c_int,
     [c_char_p, c_size_t, c_char_p, c_void_p, _OUT, _ERR]),
    ("cg_policy_preset", c_int, [c_char_p, c_void_p, _OUT, _ERR]),
    ("cg_policy_free", None, [c_void_p]),
    ("cg_policy_enabled", c_bool, [c_void_p]),
    ("cg_policy_flags", c_uint32, [c_void_p]),
    ("cg_policy_explain", None, [c_void_p, POINTER(CCall), POINTER(CReason)]),
    ("cg_policy_warning", c_bool, [c_void_p, c_size_t, _ERR]),
    ("cg_call_parse", c_int,
     [c_char_p, c_void_p, POINTER(CCall), POINTER(c_uint32), _ERR]),
    ("cg_call_print", None, [POINTER(CCall), c_void_p, c_char_p, c_size_t]),
    ("cg_answer_print", None, [c_uint32, c_void_p, c_char_p, c_size_t]),
    ("cg_compile", c_int, [c_void_p, c_void_p, _OUT, _ERR]),
    ("cg_program_from_bytes", c_int,
     [c_char_p, c_size_t, c_bool, _OUT, _ERR]),
    ("cg_program_free", None, [c_void_p]),
    ("cg_program_insns", c_void_p, [c_void_p, POINTER(c_size_t)]),
    ("cg_program_decide", c_uint32, [c_void_p, POINTER(CCall), c_void_p]),
    ("cg_load", c_int,
     [c_void_p, POINTER(CLoadOptions), POINTER(CLoaded), _ERR]),
    ("cg_load_file", c_int, [c_char_p, POINTER(CLoadOptions), _ERR]),
    ("cg_load_strict", c_int, [_ERR]),
    ("cg_no_new_processes", c_int,
     [POINTER(CNoprocOptions), POINTER(CNoproc), _ERR]),
    ("cg_noproc_may_serve", c_int,
     [POINTER(CNoproc), _NAMES, c_size_t, _ERR]),
    ("cg_notify_receive", c_int,
     [c_int, c_int, POINTER(c_int), POINTER(CNotification), _ERR]),
    ("cg_notify_waits", c_bool, [c_int, c_uint64]),
    ("cg_notify_answer", c_int, [c_int, c_uint64, c_int64, c_int, _ERR]),
    ("cg_notify_continue", c_int, [c_int, c_uint64, _ERR]),
    ("cg_notify_answer_fd", c_int, [c_int, c_uint64, c_int, c_bool, _ERR]),
    ("cg_notify_read", c_int,
     [c_int, POINTER(CNotification), c_uint64, c_char_p, c_size_t,
      POINTER(c_size_t), _ERR]),
    ("cg_registry_new", c_void_p, []),
    ("cg_registry_free", None, [c_void_p]),
    ("cg_registry_need", c_int,
     [c_void_p, c_char_p, _NAMES, c_size_t, _ERR]),
    ("cg_registry_refuse", c_int,
     [c_void_p, c_char_p, _NAMES, c_size_t, _ERR]),
    ("cg_registry_need_preset", c_int, [c_void_p, c_char_p, c_char_p, _ERR]),
    ("cg_registry_configure", c_int,
     [c_void_p, c_char_p, c_size_t, c_char_p, _ERR]),
    ("cg_registry_configure_file", c_int, [c_void_p, c_char_p, _ERR]),
    ("cg_registry_install", c_int,
     [c_void_p, POINTER(CInstallOptions), POINTER(CInstall), _ERR]),
    ("cg_install_text", c_char_p, [c_int]),
    ("cg_install_attestation", c_void_p, [POINTER(CInstall)]),
]


def _open() -> ctypes.CDLL:
    """The library: where CALLGATE_LIBRARY says, else where the system has it."""
    path = os.environ.get("CALLGATE_LIBRARY", "libcallgate.so.0")
    library = ctypes.CDLL(path, use_errno=True)
    for name, result, arguments in _FUNCTIONS:
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = _open()
libc = ctypes.CDLL(None)
libc.free.argtypes = [c_void_p]
libc.free.restype = None
