package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"callgate"
	"callgate/seccomp"
)

const policy = `
seccomp:
  default_action: allow
  syscalls:
    - action: notify
      names: [mkdir, mkdirat]
`

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// The first thread stays with main: unlike others it never ends, and a filter of
// its own would stay with it.
func init() { runtime.LockOSThread() }

// A thread under a policy: another one decides its mkdir.
func supervised() {
	program, err := callgate.CompileText(policy)
	check(err)
	loaded := make(chan callgate.Loaded)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		done, err := program.Load(callgate.LoadOptions{
			OneThread: true, Flags: callgate.FlagNewListener})
		check(err)
		loaded <- done
		fmt.Println("mkdir:", syscall.Mkdir("/tmp/not-in-this-program", 0700))
	}()
	listener := (<-loaded).Listener
	for {
		call, err := listener.Next()
		if err == io.EOF {
			break // the thread is gone
		}
		check(err)
		path, err := call.Text(call.Args[1]) // Go calls mkdirat
		check(err)
		fmt.Println("asked for", path)
		check(call.Refuse(syscall.EROFS))
	}
	check(listener.Close())
}

// strict may write, and that is all: in a process of its own, for it kills.
func strict() {
	line := []byte("may write\n")
	err := callgate.Strict()
	if err == nil { // from here on the runtime may do nothing
		syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&line[0])), uintptr(len(line)))
		syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0) // the end
	}
	check(err)
}

func strictChild() {
	child := exec.Command(os.Args[0], "strict")
	child.Stdout = os.Stdout
	check(child.Start())
	state, err := child.Process.Wait()
	check(err)
	fmt.Println("strict:", state.Sys().(syscall.WaitStatus).Signal())
}

func main() {
	if len(os.Args) > 1 {
		strict()
	}
	strictChild()
	supervised()

	// As with go-seccomp-bpf, and right where that is wrong.
	filter := seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{
				Action: seccomp.ActionErrno,
				Names:  []string{"bind", "listen"},
			}},
		},
	}
	// What is confined cannot start the command any more: compile first.
	last, err := callgate.CompilePreset("no-new-processes")
	check(err)
	check(seccomp.LoadFilter(filter))
	_, err = syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	fmt.Println("socket:", err, "bind:", syscall.Bind(3, &syscall.SockaddrUnix{}))

	done, err := last.Load(callgate.LoadOptions{})
	check(err)
	fmt.Println("no new processes, seen in every thread:", done.Verified)
	fmt.Println(exec.Command("true").Run())
}
