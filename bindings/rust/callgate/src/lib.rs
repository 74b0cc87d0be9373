//! Proven seccomp filters for this process.
//!
//! ```no_run
//! callgate::load_file("app.yml")?; // every thread, or an error
//! callgate::no_new_processes(Default::default())?;
//! # Ok::<(), callgate::Error>(())
//! ```
//!
//! Nothing is half done: where [`Error`] is returned, no filter was loaded. A
//! filter can never be taken off again.

#![warn(missing_docs)]

use callgate_sys as sys;
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::time::Duration;

/// Why something failed: `enum cg_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Memory ran out, or a budget of it.
    NoMemory,
    /// The text is neither YAML nor JSON.
    Syntax,
    /// The text is well formed, but says no such thing.
    Meaning,
    /// The architecture is unknown or has no such call.
    Arch,
    /// More instructions are needed than the kernel takes.
    TooLong,
    /// The kernel would refuse these instructions.
    Program,
    /// The filter does not do what the policy says.
    Proof,
    /// The proof ran out of its budget.
    Undecided,
    /// An argument is out of its range.
    Input,
    /// The system refused: see [`Error::errno`].
    System,
    /// This kernel or machine cannot do it.
    Unsupported,
    /// An outer filter or sandbox forbids it.
    Blocked,
    /// A thread could not be brought under the filter: [`Error::thread`].
    Thread,
    /// A newer library's.
    Other(i32),
}

impl Status {
    fn from(number: c_int) -> Status {
        use Status::*;
        const KNOWN: [Status; 13] = [
            NoMemory, Syntax, Meaning, Arch, TooLong, Program, Proof,
            Undecided, Input, System, Unsupported, Blocked, Thread,
        ];
        KNOWN
            .get((number as usize).wrapping_sub(1))
            .copied()
            .unwrap_or(Other(number))
    }
}

/// What went wrong, and where.
#[derive(Clone, Debug)]
pub struct Error {
    /// Which kind of failure it is.
    pub status: Status,
    /// The file or part that `line` counts in, or "".
    pub source: String,
    /// From 1; 0 where no text is to blame.
    pub line: u32,
    /// From 1, in bytes; 0 as above.
    pub column: u32,
    /// errno of the call that failed, or 0.
    pub errno: i32,
    /// The thread to blame, or 0.
    pub thread: i32,
    /// One line, no full stop.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line != 0 {
            write!(out, "{}:{}:{}: ", self.source, self.line, self.column)?;
        } else if !self.source.is_empty() {
            write!(out, "{}: ", self.source)?;
        }
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;

fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: the library's texts end with NUL.
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

/// Make a call that takes an error last.
fn check(call: impl FnOnce(*mut sys::cg_error) -> c_int) -> Result<()> {
    // SAFETY: all zeros is a cg_error.
    let mut err: sys::cg_error = unsafe { std::mem::zeroed() };
    if call(&mut err) == sys::CG_OK {
        return Ok(());
    }
    Err(error(&err))
}

fn error(err: &sys::cg_error) -> Error {
    Error {
        status: Status::from(err.status),
        source: text(err.source.as_ptr()),
        line: err.line,
        column: err.column,
        errno: err.sys_errno,
        thread: err.thread,
        message: text(err.message.as_ptr()),
    }
}

/// A C string; what has a NUL inside is cut there by nobody, but refused.
fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error {
        status: Status::Input,
        source: String::new(),
        line: 0,
        column: 0,
        errno: 0,
        thread: 0,
        message: "a text has a NUL inside".into(),
    })
}

fn c_strings(names: &[&str]) -> Result<Vec<CString>> {
    names.iter().map(|name| c_string(name.as_bytes())).collect()
}

fn pointers(names: &[CString]) -> Vec<*const c_char> {
    names.iter().map(|name| name.as_ptr()).collect()
}

/// How a filter is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    /// `SECCOMP_FILTER_FLAG_*`; all threads, unless `one_thread`.
    pub flags: u32,
    /// This thread alone.
    pub one_thread: bool,
    /// Do not set no_new_privs; needs CAP_SYS_ADMIN.
    pub keep_privileges: bool,
    /// Hand out a [`Listener`].
    pub listener: bool,
}

/// What a load did.
#[derive(Debug)]
pub struct Loaded {
    /// Threads that were seen to be under a filter.
    pub threads: u32,
    /// /proc confirmed each of them.
    pub verified: bool,
    /// If one was asked for.
    pub listener: Option<Listener>,
}

/// What a policy answers to a call, and which line says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// "errno(EACCES)", "allow".
    pub answer: String,
    /// The file.
    pub source: String,
    /// From 1; 0 where no line does.
    pub line: u32,
}

/// What a person means: see callgate-policy(5).
#[derive(Debug)]
pub struct Policy(ptr::NonNull<sys::cg_policy>);

// SAFETY: a policy never changes once made (callgate/error.h).
unsafe impl Send for Policy {}
unsafe impl Sync for Policy {}

impl Policy {
    fn make(
        call: impl FnOnce(*mut *mut sys::cg_policy, *mut sys::cg_error) -> c_int,
    ) -> Result<Policy> {
        let mut out = ptr::null_mut();
        check(|err| call(&mut out, err))?;
        Ok(Policy(ptr::NonNull::new(out).expect("a policy")))
    }

    /// Read a file; what it extends lies beside it.
    pub fn open(path: impl AsRef<Path>) -> Result<Policy> {
        let path = c_string(path.as_ref().as_os_str().as_bytes())?;
        // SAFETY: all pointers are good for the call, here and below.
        Policy::make(|out, err| unsafe {
            sys::cg_policy_open(path.as_ptr(), ptr::null(), out, err)
        })
    }

    /// Read a text; `source` is its name in errors.
    pub fn parse(text: &str, source: &str) -> Result<Policy> {
        let source = c_string(source.as_bytes())?;
        Policy::make(|out, err| unsafe {
            sys::cg_policy_parse(text.as_ptr().cast(), text.len(),
                                 source.as_ptr(), ptr::null(), out, err)
        })
    }

    /// One that comes with the library.
    pub fn preset(name: &str) -> Result<Policy> {
        let name = c_string(name.as_bytes())?;
        Policy::make(|out, err| unsafe {
            sys::cg_policy_preset(name.as_ptr(), ptr::null(), out, err)
        })
    }

    /// False if it says `enabled: false`.
    pub fn enabled(&self) -> bool {
        unsafe { sys::cg_policy_enabled(self.0.as_ptr()) }
    }

    /// Compile it, and prove the result for every possible call.
    pub fn compile(&self) -> Result<Program> {
        let mut out = ptr::null_mut();
        check(|err| unsafe {
            sys::cg_compile(self.0.as_ptr(), ptr::null(), &mut out, err)
        })?;
        Ok(Program(ptr::NonNull::new(out).expect("a program")))
    }

    /// Compile and load, with the policy's own flags besides those given.
    pub fn load(&self, mut options: LoadOptions) -> Result<Loaded> {
        options.flags |= unsafe { sys::cg_policy_flags(self.0.as_ptr()) };
        self.compile()?.load(options)
    }

    /// What is answered to "openat(AT_FDCWD, _, O_RDONLY)", and why. An argument
    /// that is _ or missing is 0.
    pub fn explain(&self, call: &str) -> Result<Reason> {
        let call = c_string(call.as_bytes())?;
        let mut parsed = sys::cg_call::default();
        let mut known = 0;
        let mut answer = [0; 64];
        check(|err| unsafe {
            sys::cg_call_parse(call.as_ptr(), sys::cg_abi_native(),
                               &mut parsed, &mut known, err)
        })?;
        // SAFETY: cg_policy_explain() fills the whole struct.
        let reason = unsafe {
            let mut reason = std::mem::zeroed::<sys::cg_reason>();
            sys::cg_policy_explain(self.0.as_ptr(), &parsed, &mut reason);
            sys::cg_answer_print(reason.answer, reason.abi,
                                 answer.as_mut_ptr(), answer.len());
            reason
        };
        Ok(Reason {
            answer: text(answer.as_ptr()),
            source: text(reason.source),
            line: reason.line,
        })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        unsafe { sys::cg_policy_free(self.0.as_ptr()) }
    }
}

/// A filter: proved equal to its policy, unless it came as bytes.
#[derive(Debug)]
pub struct Program(ptr::NonNull<sys::cg_program>);

// SAFETY: a program never changes once made.
unsafe impl Send for Program {}
unsafe impl Sync for Program {}

impl Program {
    /// Take over what `callgate compile --format raw` wrote for this machine.
    pub fn from_bytes(bytes: &[u8]) -> Result<Program> {
        let mut out = ptr::null_mut();
        check(|err| unsafe {
            sys::cg_program_from_bytes(
                bytes.as_ptr().cast(), bytes.len(),
                cfg!(target_endian = "big"), &mut out, err)
        })?;
        Ok(Program(ptr::NonNull::new(out).expect("a program")))
    }

    /// An array of `struct sock_filter`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut count = 0;
        // SAFETY: 8 bytes an instruction, borrowed from the program.
        unsafe {
            let insns = sys::cg_program_insns(self.0.as_ptr(), &mut count);
            std::slice::from_raw_parts(insns.cast::<u8>(), 8 * count).to_vec()
        }
    }

    /// Put it into force in every thread, or in this one alone.
    pub fn load(&self, options: LoadOptions) -> Result<Loaded> {
        let listens = if options.listener { sys::CG_FLAG_NEW_LISTENER } else { 0 };
        let given = sys::cg_load_options {
            flags: options.flags | listens,
            one_thread: options.one_thread,
            keep_privileges: options.keep_privileges,
            allow_prctl: false,
        };
        let mut done = sys::cg_loaded::default();
        check(|err| unsafe {
            sys::cg_load(self.0.as_ptr(), &given, &mut done, err)
        })?;
        // SAFETY: the descriptor is ours alone.
        let listener = (done.listener >= 0)
            .then(|| Listener(unsafe { OwnedFd::from_raw_fd(done.listener) }));
        Ok(Loaded { threads: done.threads, verified: done.verified, listener })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        unsafe { sys::cg_program_free(self.0.as_ptr()) }
    }
}

/// Read, compile, prove and load a policy file, for every thread.
pub fn load_file(path: impl AsRef<Path>) -> Result<()> {
    let path = c_string(path.as_ref().as_os_str().as_bytes())?;
    check(|err| unsafe { sys::cg_load_file(path.as_ptr(), ptr::null(), err) })
}

/// The kernel's strict mode: this thread may read, write, exit and sigreturn.
pub fn strict() -> Result<()> {
    check(|err| unsafe { sys::cg_load_strict(err) })
}

/// How new processes are refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProcessesOptions {
    /// Elasticsearch's filter, which lets clone(2) and so fork(3) through.
    pub compatible: bool,
    /// Be content with this thread where others cannot be brought along.
    pub this_thread_will_do: bool,
}

/// For whom new processes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProcesses {
    /// And for what it starts from now on.
    ThisThread,
    /// With the number of those that were seen.
    AllThreads(u32),
}

/// Give up starting programs and processes, for ever.
pub fn no_new_processes(options: NoProcessesOptions) -> Result<NoProcesses> {
    let given = sys::cg_noproc_options {
        mode: options.compatible as c_int,
        this_thread_will_do: options.this_thread_will_do,
    };
    // SAFETY: all zeros is a cg_noproc.
    let mut out: sys::cg_noproc = unsafe { std::mem::zeroed() };
    check(|err| unsafe { sys::cg_no_new_processes(&given, &mut out, err) })?;
    Ok(if out.state == 2 {
        NoProcesses::AllThreads(out.threads)
    } else {
        NoProcesses::ThisThread
    })
}

/// A call that waits for its supervisor.
#[derive(Debug)]
pub struct Notification<'a> {
    listener: BorrowedFd<'a>,
    id: u64,
    /// Of the caller.
    pub thread: i32,
    /// Its number.
    pub nr: u32,
    /// Its architecture.
    pub arch: u32,
    /// Its arguments.
    pub args: [u64; 6],
}

impl Notification<'_> {
    /// Of the call; "" if its number has none.
    pub fn name(&self) -> String {
        // SAFETY: what is returned lives for ever.
        unsafe {
            let abi = sys::cg_abi_of_call(self.arch, self.nr);
            if abi.is_null() {
                return String::new();
            }
            let call = sys::cg_syscall_at(abi, self.nr);
            if call.is_null() { String::new() } else { text((*call).name) }
        }
    }

    /// Whether the caller still waits.
    pub fn waits(&self) -> bool {
        unsafe { sys::cg_notify_waits(self.listener.as_raw_fd(), self.id) }
    }

    /// Return `value` in the kernel's place.
    pub fn answer(self, value: i64) -> Result<()> {
        check(|err| unsafe {
            sys::cg_notify_answer(self.listener.as_raw_fd(), self.id, value, 0,
                                  err)
        })
    }

    /// Fail with an errno in the kernel's place.
    pub fn refuse(self, errno: i32) -> Result<()> {
        check(|err| unsafe {
            sys::cg_notify_answer(self.listener.as_raw_fd(), self.id, 0, errno,
                                  err)
        })
    }

    /// Give the caller a copy of a descriptor, and return its number.
    pub fn answer_fd(self, fd: BorrowedFd<'_>, cloexec: bool) -> Result<()> {
        check(|err| unsafe {
            sys::cg_notify_answer_fd(self.listener.as_raw_fd(), self.id,
                                     fd.as_raw_fd(), cloexec, err)
        })
    }

    /// Let the kernel carry it out. Never a decision about a pointer.
    pub fn go_on(self) -> Result<()> {
        check(|err| unsafe {
            sys::cg_notify_continue(self.listener.as_raw_fd(), self.id, err)
        })
    }

    /// Memory of the caller; it may change right after.
    pub fn read(&self, address: u64, most: usize) -> Result<Vec<u8>> {
        let record = sys::cg_notification {
            id: self.id, thread: self.thread, ..Default::default()
        };
        let mut out = vec![0; most];
        let mut length = 0;
        check(|err| unsafe {
            sys::cg_notify_read(
                self.listener.as_raw_fd(), &record, address,
                out.as_mut_ptr().cast::<c_void>(), most, &mut length, err)
        })?;
        out.truncate(length);
        Ok(out)
    }

    /// Text of the caller, up to its NUL.
    pub fn read_text(&self, address: u64) -> Result<String> {
        let bytes = self.read(address, 4096)?;
        let end = bytes.iter().position(|byte| *byte == 0);
        Ok(String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())])
            .into_owned())
    }
}

/// What came while a supervisor waited.
#[derive(Debug)]
pub enum Event<'a> {
    /// A call.
    Call(Notification<'a>),
    /// None in time.
    Timeout,
    /// Nobody is under the filter any more.
    End,
}

/// A signal came; the same number on every machine.
const EINTR: i32 = 4;

/// What a supervisor holds.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Wait for a call, for so long at most.
    pub fn receive(&self, timeout: Option<Duration>) -> Result<Event<'_>> {
        use std::os::fd::AsFd;

        let wait = timeout.map_or(-1, |time| {
            c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX)
        });
        let mut record = sys::cg_notification::default();
        let mut event = 0;
        check(|err| unsafe {
            sys::cg_notify_receive(self.0.as_raw_fd(), wait, &mut event,
                                   &mut record, err)
        })?;
        Ok(match event {
            sys::CG_NOTIFY_CALL => Event::Call(Notification {
                listener: self.0.as_fd(),
                id: record.id,
                thread: record.thread,
                nr: record.call.nr,
                arch: record.call.arch,
                args: record.call.args,
            }),
            sys::CG_NOTIFY_TIMEOUT => Event::Timeout,
            _ => Event::End,
        })
    }

    /// The next call; None at the end, when nobody is under the filter.
    pub fn next_call(&self) -> Result<Option<Notification<'_>>> {
        loop {
            match self.receive(None) {
                Ok(Event::Call(call)) => return Ok(Some(call)),
                Ok(Event::Timeout) => (),
                Ok(Event::End) => return Ok(None),
                Err(error) if error.errno == EINTR => (),
                Err(error) => return Err(error),
            }
        }
    }
}

/// What came of an installation.
#[derive(Clone, Debug)]
#[must_use]
pub struct Installed {
    /// "installed", "off", "unavailable", "refused", "failed".
    pub result: String,
    /// "join", "compile" or "load".
    pub step: String,
    /// Why, if it is not installed.
    pub error: Option<Error>,
    /// A line of JSON, if it is.
    pub attestation: Option<String>,
}

/// Parts of a program say what they need; one policy comes of it.
#[derive(Debug)]
pub struct Registry(ptr::NonNull<sys::cg_registry>);

impl Registry {
    /// Nothing is needed yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Registry {
        let handle = unsafe { sys::cg_registry_new() };
        Registry(ptr::NonNull::new(handle).expect("memory"))
    }

    /// Calls, @groups, and rules such as "socket(AF_UNIX)".
    pub fn need(&mut self, who: &str, names: &[&str]) -> Result<&mut Self> {
        let (who, names) = (c_string(who.as_bytes())?, c_strings(names)?);
        let names = pointers(&names);
        check(|err| unsafe {
            sys::cg_registry_need(self.0.as_ptr(), who.as_ptr(),
                                  names.as_ptr(), names.len(), err)
        })?;
        Ok(self)
    }

    /// What a preset allows.
    pub fn need_preset(&mut self, who: &str, preset: &str) -> Result<&mut Self> {
        let who = c_string(who.as_bytes())?;
        let preset = c_string(preset.as_bytes())?;
        check(|err| unsafe {
            sys::cg_registry_need_preset(self.0.as_ptr(), who.as_ptr(),
                                         preset.as_ptr(), err)
        })?;
        Ok(self)
    }

    /// Never to be made, whoever needs them.
    pub fn refuse(&mut self, who: &str, names: &[&str]) -> Result<&mut Self> {
        let (who, names) = (c_string(who.as_bytes())?, c_strings(names)?);
        let names = pointers(&names);
        check(|err| unsafe {
            sys::cg_registry_refuse(self.0.as_ptr(), who.as_ptr(),
                                    names.as_ptr(), names.len(), err)
        })?;
        Ok(self)
    }

    /// The user's word on it.
    pub fn configure_file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        let path = c_string(path.as_ref().as_os_str().as_bytes())?;
        check(|err| unsafe {
            sys::cg_registry_configure_file(self.0.as_ptr(), path.as_ptr(), err)
        })?;
        Ok(self)
    }

    /// Join, compile, prove and load. With `best_effort` a kernel that does
    /// not load it is no error: look at the result.
    pub fn install(&mut self, name: &str, best_effort: bool) -> Result<Installed> {
        let name = c_string(name.as_bytes())?;
        let options = sys::cg_install_options {
            name: name.as_ptr(),
            best_effort,
            must_be_on: false,
            load: ptr::null(),
        };
        // SAFETY: all zeros is a cg_install; it is filled whatever happens.
        let mut out: sys::cg_install = unsafe { std::mem::zeroed() };
        check(|err| unsafe {
            sys::cg_registry_install(self.0.as_ptr(), &options, &mut out, err)
        })?;
        if out.loaded.listener >= 0 {
            // SAFETY: the descriptor is ours alone, and nobody asked for it.
            drop(unsafe { OwnedFd::from_raw_fd(out.loaded.listener) });
        }
        let line = unsafe { sys::cg_install_attestation(&out) };
        let attestation = (!line.is_null()).then(|| text(line));
        unsafe { sys::free(line.cast()) };
        Ok(Installed {
            result: text(unsafe { sys::cg_install_text(out.result) }),
            step: text(out.step),
            error: (out.error.status != sys::CG_OK).then(|| error(&out.error)),
            attestation,
        })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        unsafe { sys::cg_registry_free(self.0.as_ptr()) }
    }
}
