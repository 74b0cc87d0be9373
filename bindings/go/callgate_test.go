package callgate_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"callgate"
)

func TestMain(m *testing.M) {
	if command := os.Getenv("CALLGATE_COMMAND"); command != "" {
		callgate.Command = command
	}
	if name := os.Getenv("CALLGATE_CHILD"); name != "" {
		if err := children[name](); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if _, err := exec.LookPath(callgate.Command); err != nil {
		fmt.Println("no command callgate:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A filter cannot be taken off: what loads one does so in a process of its own.
func child(t *testing.T, name string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "CALLGATE_CHILD="+name)
	if said, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, said)
	}
}

var children = map[string]func() error{
	"threads": allThreads, "odd": oddThread, "blocked": blocked,
	"one": oneThread,
}

const refuseMkdir = `{"seccomp": {"default_action": "allow", "syscalls":
	[{"action": "errno(EROFS)", "names": ["mkdirat"]}]}}`

func refused() bool { return errors.Is(syscall.Mkdir("/nowhere/x", 0700), syscall.EROFS) }

// Many goroutines on many threads, before and after.
func allThreads() error {
	program, err := callgate.CompileText(refuseMkdir)
	if err != nil {
		return err
	}
	var ready, done sync.WaitGroup
	start := make(chan bool)
	results := make(chan bool, 8)
	for i := 0; i < cap(results); i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			<-start
			results <- refused()
			done.Done()
		}()
	}
	ready.Wait()
	loaded, err := program.Load(callgate.LoadOptions{})
	if err != nil {
		return err
	}
	close(start)
	done.Wait()
	close(results)
	for ok := range results {
		if !ok {
			return errors.New("a thread is not under the filter")
		}
	}
	if !loaded.Verified || loaded.Threads < 8 {
		return fmt.Errorf("%d threads seen, verified %v", loaded.Threads, loaded.Verified)
	}
	return nil
}

func oneThread() error {
	program, err := callgate.CompileText(refuseMkdir)
	if err != nil {
		return err
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		loaded, err := program.Load(callgate.LoadOptions{OneThread: true})
		if err == nil && (loaded.Threads != 1 || !refused()) {
			err = errors.New("this thread is free")
		}
		result <- err
	}()
	if err := <-result; err != nil {
		return err
	}
	if refused() {
		return errors.New("another thread is confined, too")
	}
	return nil
}

// A thread that has a filter of its own is named, and nothing is loaded.
func oddThread() error {
	program, err := callgate.CompileText(refuseMkdir)
	if err != nil {
		return err
	}
	id, hold := make(chan int), make(chan bool)
	go func() {
		runtime.LockOSThread()
		if _, err := program.Load(callgate.LoadOptions{OneThread: true}); err != nil {
			panic(err)
		}
		id <- syscall.Gettid()
		<-hold
	}()
	odd := <-id
	_, err = program.Load(callgate.LoadOptions{})
	var thread *callgate.ThreadError
	if !errors.As(err, &thread) || thread.Thread != odd {
		return fmt.Errorf("not so: %v, thread %d", err, odd)
	}
	if refused() {
		return errors.New("something was loaded")
	}
	return nil
}

// An outer filter that answers EPERM is no kernel without seccomp.
func blocked() error {
	outer, err := callgate.CompileText(`{"seccomp": {"default_action": "allow",
		"syscalls": [{"action": "errno(EPERM)", "names": ["seccomp"]}]}}`)
	if err != nil {
		return err
	}
	program, err := callgate.CompileText(refuseMkdir)
	if err != nil {
		return err
	}
	if _, err := outer.Load(callgate.LoadOptions{}); err != nil {
		return err
	}
	if _, err = program.Load(callgate.LoadOptions{}); !errors.Is(err, callgate.ErrBlocked) {
		return fmt.Errorf("not so: %v", err)
	}
	if callgate.Supported() {
		return errors.New("supported, it says")
	}
	return nil
}

func TestLoad(t *testing.T) {
	for name := range children {
		t.Run(name, func(t *testing.T) { child(t, name) })
	}
}

func TestBytes(t *testing.T) {
	program, err := callgate.CompilePreset("no-exec")
	if err != nil {
		t.Fatal(err)
	}
	again, err := callgate.FromBytes(program.Bytes())
	if err != nil || len(again.Instructions) != len(program.Instructions) {
		t.Error("bytes do not come back", err)
	}
	for _, bad := range [][]byte{nil, []byte("no filter"), make([]byte, 8*4097)} {
		if _, err := callgate.FromBytes(bad); err == nil {
			t.Errorf("%d bytes are taken", len(bad))
		}
	}
	if _, err := (&callgate.Program{}).Load(callgate.LoadOptions{}); err == nil {
		t.Error("an empty filter is loaded")
	}
	if unsafe.Sizeof(callgate.Instruction{}) != 8 {
		t.Error("an instruction has 8 bytes")
	}
}

func TestErrors(t *testing.T) {
	_, err := callgate.CompileText("seccomp:\n  default_acton: allow\n")
	var policy *callgate.PolicyError
	if !errors.As(err, &policy) || !strings.Contains(err.Error(), "did you mean 'default_action'") {
		t.Error(err)
	}
	if err := callgate.LoadFile("/nowhere"); err == nil {
		t.Error("a file that is nowhere is loaded")
	}
	kept := callgate.Command
	callgate.Command = "/nowhere/callgate"
	defer func() { callgate.Command = kept }()
	if _, err := callgate.CompilePreset("no-exec"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
