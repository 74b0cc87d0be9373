//! libcallgate's functions and structs, as `callgate/*.h` declare them. Use the
//! crate `callgate` instead, unless something is missing there.

#![allow(non_camel_case_types)]
#![no_std]

use core::ffi::{c_char, c_int, c_void};

pub const CG_OK: c_int = 0;
pub const CG_FLAG_NEW_LISTENER: u32 = 8;
pub const CG_NOTIFY_CALL: c_int = 0;
pub const CG_NOTIFY_TIMEOUT: c_int = 1;
pub const CG_NOTIFY_END: c_int = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cg_error {
    pub status: c_int,
    pub line: u32,
    pub column: u32,
    pub sys_errno: i32,
    pub thread: i32,
    pub check: *const c_char,
    pub source: [c_char; 256],
    pub message: [c_char; 512],
}

#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct cg_call {
    pub nr: u32,
    pub arch: u32,
    pub ip: u64,
    pub args: [u64; 6],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct cg_load_options {
    pub flags: u32,
    pub one_thread: bool,
    pub keep_privileges: bool,
    pub allow_prctl: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct cg_loaded {
    pub listener: c_int,
    pub threads: u32,
    pub verified: bool,
    pub set_no_new_privs: bool,
    pub by_prctl: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct cg_noproc_options {
    pub mode: c_int,
    pub this_thread_will_do: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cg_noproc {
    pub state: c_int,
    pub system: *const c_char,
    pub step: *const c_char,
    pub threads: u32,
    pub verified: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct cg_notification {
    pub id: u64,
    pub thread: i32,
    pub call: cg_call,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cg_reason {
    pub answer: u32,
    pub cause: c_int,
    pub source: *const c_char,
    pub line: u32,
    pub column: u32,
    pub abi: *const c_void,
    pub call: *const c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cg_install_options {
    pub name: *const c_char,
    pub best_effort: bool,
    pub must_be_on: bool,
    pub load: *const cg_load_options,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cg_install {
    pub result: c_int,
    pub step: *const c_char,
    pub error: cg_error,
    pub loaded: cg_loaded,
    pub name: [c_char; 256],
    pub sha256: [c_char; 65],
    pub instructions: u32,
    pub flags: u32,
}

/// The first field of struct cg_syscall; the rest is internal.
#[repr(C)]
pub struct cg_syscall {
    pub name: *const c_char,
    index: u16,
}

macro_rules! opaque {
    ($($name:ident)*) => { $(
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
        }
    )* };
}
opaque!(cg_policy cg_program cg_registry cg_abi);

extern "C" {
    pub fn cg_abi_native() -> *const cg_abi;
    pub fn cg_abi_of_call(arch: u32, nr: u32) -> *const cg_abi;
    pub fn cg_syscall_at(abi: *const cg_abi, nr: u32) -> *const cg_syscall;
    pub fn cg_policy_open(
        path: *const c_char, options: *const c_void,
        out: *mut *mut cg_policy, err: *mut cg_error) -> c_int;
    pub fn cg_policy_parse(
        text: *const c_char, length: usize, source: *const c_char,
        options: *const c_void, out: *mut *mut cg_policy,
        err: *mut cg_error) -> c_int;
    pub fn cg_policy_preset(
        name: *const c_char, options: *const c_void,
        out: *mut *mut cg_policy, err: *mut cg_error) -> c_int;
    pub fn cg_policy_free(policy: *mut cg_policy);
    pub fn cg_policy_enabled(policy: *const cg_policy) -> bool;
    pub fn cg_policy_flags(policy: *const cg_policy) -> u32;
    pub fn cg_policy_explain(
        policy: *const cg_policy, call: *const cg_call,
        reason: *mut cg_reason);
    pub fn cg_call_parse(
        text: *const c_char, abi: *const cg_abi, call: *mut cg_call,
        known: *mut u32, err: *mut cg_error) -> c_int;
    pub fn cg_answer_print(
        answer: u32, abi: *const c_void, out: *mut c_char, size: usize);
    pub fn cg_compile(
        policy: *const cg_policy, options: *const c_void,
        out: *mut *mut cg_program, err: *mut cg_error) -> c_int;
    pub fn cg_program_from_bytes(
        bytes: *const c_void, length: usize, big_endian: bool,
        out: *mut *mut cg_program, err: *mut cg_error) -> c_int;
    pub fn cg_program_free(program: *mut cg_program);
    pub fn cg_program_insns(
        program: *const cg_program, count: *mut usize) -> *const c_void;
    pub fn cg_load(
        program: *const cg_program, options: *const cg_load_options,
        loaded: *mut cg_loaded, err: *mut cg_error) -> c_int;
    pub fn cg_load_file(
        path: *const c_char, options: *const cg_load_options,
        err: *mut cg_error) -> c_int;
    pub fn cg_load_strict(err: *mut cg_error) -> c_int;
    pub fn cg_no_new_processes(
        options: *const cg_noproc_options, out: *mut cg_noproc,
        err: *mut cg_error) -> c_int;
    pub fn cg_noproc_may_serve(
        noproc: *const cg_noproc, addresses: *const *const c_char,
        count: usize, err: *mut cg_error) -> c_int;
    pub fn cg_notify_receive(
        listener: c_int, timeout: c_int, event: *mut c_int,
        out: *mut cg_notification, err: *mut cg_error) -> c_int;
    pub fn cg_notify_waits(listener: c_int, id: u64) -> bool;
    pub fn cg_notify_answer(
        listener: c_int, id: u64, value: i64, number: c_int,
        err: *mut cg_error) -> c_int;
    pub fn cg_notify_continue(
        listener: c_int, id: u64, err: *mut cg_error) -> c_int;
    pub fn cg_notify_answer_fd(
        listener: c_int, id: u64, fd: c_int, cloexec: bool,
        err: *mut cg_error) -> c_int;
    pub fn cg_notify_read(
        listener: c_int, notification: *const cg_notification, address: u64,
        out: *mut c_void, size: usize, length: *mut usize,
        err: *mut cg_error) -> c_int;
    pub fn cg_registry_new() -> *mut cg_registry;
    pub fn cg_registry_free(registry: *mut cg_registry);
    pub fn cg_registry_need(
        registry: *mut cg_registry, who: *const c_char,
        names: *const *const c_char, count: usize,
        err: *mut cg_error) -> c_int;
    pub fn cg_registry_refuse(
        registry: *mut cg_registry, who: *const c_char,
        names: *const *const c_char, count: usize,
        err: *mut cg_error) -> c_int;
    pub fn cg_registry_need_preset(
        registry: *mut cg_registry, who: *const c_char,
        preset: *const c_char, err: *mut cg_error) -> c_int;
    pub fn cg_registry_configure_file(
        registry: *mut cg_registry, path: *const c_char,
        err: *mut cg_error) -> c_int;
    pub fn cg_registry_install(
        registry: *mut cg_registry, options: *const cg_install_options,
        out: *mut cg_install, err: *mut cg_error) -> c_int;
    pub fn cg_install_text(result: c_int) -> *const c_char;
    pub fn cg_install_attestation(install: *const cg_install) -> *mut c_char;
    /// libc's: what the library hands out as text is freed with it.
    pub fn free(pointer: *mut c_void);
}
