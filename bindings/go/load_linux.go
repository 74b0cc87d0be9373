package callgate

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// SECCOMP_FILTER_FLAG_*.
const (
	FlagTSync            = 1
	FlagLog              = 2
	FlagSpecAllow        = 4
	FlagNewListener      = 8
	FlagTSyncESRCH       = 16
	FlagWaitKillableRecv = 32

	setModeFilter         = 1
	getNotifSizes         = 3
	prSetNoNewPrivs       = 38
	prGetSeccomp          = 21
	stillToRead, confined = -1, 2
)

// LoadOptions says how a filter is put into force.
type LoadOptions struct {
	Flags uint32
	// This thread alone. Lock the goroutine to it before, and never unlock it:
	// then the thread ends with the goroutine. Do not let that be the first
	// thread, which never ends: call runtime.LockOSThread in an init function.
	OneThread      bool
	KeepPrivileges bool // no no_new_privs: needs CAP_SYS_ADMIN
}

// Loaded says what was done.
type Loaded struct {
	Threads  int       // seen under a filter
	Verified bool      // /proc confirmed each of them
	Listener *Listener // if FlagNewListener was asked for
}

// ErrBlocked is there where an outer filter answers for the kernel.
var ErrBlocked = errors.New("an outer filter or sandbox refuses seccomp(2); this kernel was not asked")

// ErrUnsupported is there where the kernel has no seccomp(2).
var ErrUnsupported = errors.New("this kernel has no seccomp(2): it needs Linux 3.17 with CONFIG_SECCOMP_FILTER")

// ThreadError names the thread that could not be brought along; nothing was
// loaded then.
type ThreadError struct{ Thread int }

func (e *ThreadError) Error() string {
	return fmt.Sprintf("thread %d has a seccomp filter of its own, so the threads cannot be brought under one filter; nothing was loaded", e.Thread)
}

type sockFprog struct {
	length uint16
	filter *Instruction
}

func seccomp(operation, flags uintptr, argument unsafe.Pointer) (uintptr, syscall.Errno) {
	got, _, number := syscall.RawSyscall(sysSeccomp, operation, flags, uintptr(argument))
	return got, number
}

// ask whether the flags are known: a filter at NULL is looked at after them.
func ask(flags uint32) error {
	_, number := seccomp(setModeFilter, uintptr(flags), nil)
	switch number {
	case syscall.EFAULT:
		return nil
	case syscall.ENOSYS:
		if mode() == confined {
			return ErrBlocked
		}
		return ErrUnsupported
	case syscall.EINVAL:
		return fmt.Errorf("this kernel does not take the seccomp flags 0x%x", flags)
	default:
		return fmt.Errorf("%w: %v", ErrBlocked, number)
	}
}

func mode() int {
	got, _, number := syscall.RawSyscall(syscall.SYS_PRCTL, prGetSeccomp, 0, 0)
	if number != 0 {
		return stillToRead
	}
	return int(got)
}

// Supported says whether filters can be loaded in here.
func Supported() bool { return sysSeccomp != 0 && ask(FlagTSync) == nil }

// SetNoNewPrivs sets no_new_privs for this thread; filters need it, and Load
// sets it by itself.
func SetNoNewPrivs() error {
	if _, _, number := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); number != 0 {
		return fmt.Errorf("no_new_privs cannot be set: %w", number)
	}
	return nil
}

// Load puts the program into force in every thread, unless asked otherwise.
func (p *Program) Load(options LoadOptions) (Loaded, error) {
	if len(p.Instructions) == 0 || len(p.Instructions) > maxInstructions {
		return Loaded{}, fmt.Errorf("a filter has 1 to %d instructions, and not %d", maxInstructions, len(p.Instructions))
	}
	if sysSeccomp == 0 {
		return Loaded{}, ErrUnsupported
	}
	flags := options.Flags | p.Flags
	if !options.OneThread {
		flags |= FlagTSync
	}
	if flags&FlagTSync != 0 && flags&FlagNewListener != 0 {
		flags |= FlagTSyncESRCH
	}
	if err := ask(flags); err != nil {
		return Loaded{}, err
	}
	// no_new_privs and the filter belong to a thread, not to a goroutine.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if !options.KeepPrivileges {
		if err := SetNoNewPrivs(); err != nil {
			return Loaded{}, err
		}
	}
	return p.put(flags, options)
}

func (p *Program) put(flags uint32, options LoadOptions) (Loaded, error) {
	before := ownFilters()
	program := sockFprog{uint16(len(p.Instructions)), &p.Instructions[0]}
	got, number := seccomp(setModeFilter, uintptr(flags), unsafe.Pointer(&program))
	runtime.KeepAlive(p)
	switch {
	case number == syscall.EACCES:
		return Loaded{}, fmt.Errorf("loading a filter needs no_new_privs or CAP_SYS_ADMIN: %w", number)
	case number == syscall.ESRCH:
		return Loaded{}, &ThreadError{}
	case number != 0:
		return Loaded{}, fmt.Errorf("the kernel refuses the filter: %w", number)
	}
	var loaded Loaded
	if flags&FlagNewListener != 0 {
		loaded.Listener = &Listener{fd: int(got)}
	} else if got > 0 {
		return Loaded{}, &ThreadError{int(got)}
	}
	// In two steps: Go does not say which operand of a return comes first.
	err := p.verify(&loaded, options, before)
	return loaded, err
}

// verify looks into /proc, if that surely passes the new filter: nobody shall
// be killed for looking.
func (p *Program) verify(loaded *Loaded, options LoadOptions, before int) error {
	if !p.surelyAllows() {
		return nil
	}
	folders, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return nil
	}
	self := syscall.Gettid()
	for _, folder := range folders {
		id, _ := strconv.Atoi(filepath.Base(folder))
		if options.OneThread && id != self {
			continue
		}
		found, filters := statusOf(folder)
		if found == stillToRead {
			continue // it has ended
		}
		if found != confined || (before >= 0 && filters <= before && filters >= 0) {
			return fmt.Errorf("the kernel took the filter, but thread %d is not under it", id)
		}
		loaded.Threads++
	}
	loaded.Verified = loaded.Threads > 0
	return nil
}

func ownFilters() int {
	_, filters := statusOf("/proc/thread-self")
	return filters
}

// statusOf reads "Seccomp" and "Seccomp_filters" of a thread.
func statusOf(folder string) (mode, filters int) {
	mode, filters = stillToRead, -1
	file, err := os.Open(folder + "/status")
	if err != nil {
		return
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) != 2 {
			continue
		}
		switch words[0] {
		case "Seccomp:":
			mode, _ = strconv.Atoi(words[1])
		case "Seccomp_filters:":
			filters, _ = strconv.Atoi(words[1])
		}
	}
	return
}

// LoadFile has the command compile a policy file, and loads it in every thread.
func LoadFile(path string) error {
	program, err := CompileFile(path)
	if err != nil {
		return err
	}
	_, err = program.Load(LoadOptions{})
	return err
}

// NoNewProcesses gives up starting programs and processes, for ever; the
// runtime can start threads as before.
func NoNewProcesses() (Loaded, error) {
	program, err := CompilePreset("no-new-processes")
	if err != nil {
		return Loaded{}, err
	}
	return program.Load(LoadOptions{})
}

// blockSignals keeps all signals from this thread, but those that nobody can.
func blockSignals() syscall.Errno {
	all := [2]uint64{math.MaxUint64, math.MaxUint64}
	how, size := uintptr(0), uintptr(8) // SIG_BLOCK, 64 signals
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		how, size = 1, 16
	}
	_, _, number := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&all)), 0, size, 0, 0)
	return number
}

// Strict lets this thread read, write, exit and sigreturn, and kills the process
// for anything else. It is a filter, not the kernel's own strict mode: that
// kills the thread alone, and leaves the rest of a Go program hanging.
//
// Go's runtime needs more than these calls, at any time that it is called: by
// memory, channels, and nearly every function, of which a goroutine may be made
// to let others run. So do nothing but RawSyscall once it returns nil. Signals
// are blocked in this thread from then on, as the runtime sends itself some.
func Strict() error {
	program, err := CompilePreset("strict")
	if err != nil {
		return err
	}
	if sysSeccomp == 0 {
		return ErrUnsupported
	}
	if err := ask(0); err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := SetNoNewPrivs(); err != nil {
		return err
	}
	filter := sockFprog{uint16(len(program.Instructions)), &program.Instructions[0]}
	number := blockSignals()
	if number == 0 {
		_, number = seccomp(setModeFilter, 0, unsafe.Pointer(&filter))
	}
	runtime.KeepAlive(program)
	if number == 0 {
		return nil // with nothing done since
	}
	return fmt.Errorf("the kernel refuses the filter: %w", number)
}
