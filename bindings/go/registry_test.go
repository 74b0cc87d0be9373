package callgate_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"callgate"
)

func init() { children["registry"] = partsTogether }

// What Go's runtime, the binding and this test need besides.
var runtimeNeeds = []string{"read", "write", "close", "futex", "mmap", "munmap", "madvise",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "clone", "clone3", "gettid",
	"getpid", "tgkill", "nanosleep", "sched_yield", "exit", "exit_group", "openat", "fcntl",
	"epoll_ctl", "epoll_pwait", "getdents64", "newfstatat", "eventfd2", "epoll_create1",
	"set_robust_list", "rseq", "mprotect", "brk", "sched_getaffinity", "prctl", "restart_syscall"}

// Two parts: what either needs is allowed, and all else is not.
func partsTogether() error {
	var registry callgate.Registry
	registry.Need("runtime", runtimeNeeds...).Need("web", "socket(AF_UNIX)").Refuse("boss", "mkdirat")
	loaded, err := registry.Install(callgate.LoadOptions{})
	if err != nil {
		return err
	}
	if _, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0); err != nil {
		return fmt.Errorf("a local socket: %w", err)
	}
	if _, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("a socket of the net: %v", err)
	}
	if err := syscall.Mkdir("/nowhere/x", 0700); !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("mkdir: %v", err)
	}
	if loaded.Listener != nil {
		return errors.New("nobody asked for a listener")
	}
	return nil
}

func TestRegistry(t *testing.T) { child(t, "registry") }

func configuration(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "user.yml")
	if err := os.WriteFile(path, []byte(text), 0600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Rows: what is registered, and a part of the error, or "" for none.
func TestRegistryCompile(t *testing.T) {
	file := configuration(t, "seccomp: {default_action: errno, syscalls: [{action: allow, names: [bind]}]}\n")
	more := configuration(t, "seccomp: {registered: extend, syscalls: [{action: allow, names: [listen]}]}\n")
	less := configuration(t, "seccomp: {registered: restrict, syscalls: [{action: errno, names: [bind]}]}\n")
	wrong := configuration(t, "seccomp: {syscalls: [{action: errno, names: [bind]}]}\n")
	tests := []struct {
		name, want string
		register   func(r *callgate.Registry)
	}{
		{"nothing", "no part", func(*callgate.Registry) {}},
		{"names", "", func(r *callgate.Registry) { r.Need("web", "bind", "socket(AF_UNIX)", "@basic-io") }},
		{"a preset", "", func(r *callgate.Registry) { r.NeedPreset("web", "strict") }},
		{"a file", "", func(r *callgate.Registry) { r.NeedFile("web", file) }},
		{"refused", "", func(r *callgate.Registry) { r.Need("web", "bind").Refuse("boss", "execve") }},
		{"extended", "", func(r *callgate.Registry) { r.Need("web", "bind").ConfigureFile(more) }},
		{"restricted", "", func(r *callgate.Registry) { r.Need("web", "bind", "read").ConfigureFile(less) }},
		{"a call that is none", "web: ", func(r *callgate.Registry) { r.Need("web", "opne") }},
		{"a preset that is none", "nothere", func(r *callgate.Registry) { r.NeedPreset("web", "nothere") }},
		{"a path as preset", "is no preset", func(r *callgate.Registry) { r.NeedPreset("web", "/etc/x") }},
		{"a file that is not there", "nothere", func(r *callgate.Registry) { r.NeedFile("web", "nothere") }},
		{"no names", "names no call", func(r *callgate.Registry) { r.Need("web") }},
		{"an empty name", "without a name", func(r *callgate.Registry) { r.Need("web", "read", "") }},
		{"nobody", "no name of a part", func(r *callgate.Registry) { r.Need("", "read") }},
		{"two in one", "no name of a part", func(r *callgate.Registry) { r.Need("a=b", "read") }},
		{"a NUL byte", "NUL", func(r *callgate.Registry) { r.Need("web", "re\x00ad") }},
		{"a configuration that says nothing of how", "registered",
			func(r *callgate.Registry) { r.Need("web", "bind").ConfigureFile(wrong) }},
		{"no file", "is no file", func(r *callgate.Registry) { r.Need("web", "bind").ConfigureFile("") }},
		{"the first mistake counts", "names no call",
			func(r *callgate.Registry) { r.Need("web").Need("", "read") }},
	}
	for _, test := range tests {
		var registry callgate.Registry
		test.register(&registry)
		program, err := registry.Compile()
		switch {
		case test.want == "" && (err != nil || len(program.Instructions) == 0):
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || program != nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, and not %q", test.name, err, test.want)
		}
	}
}

func TestRegistryOff(t *testing.T) {
	var registry callgate.Registry
	registry.Need("web", "bind").ConfigureFile(configuration(t, "seccomp: {enabled: false}\n"))
	if program, err := registry.Compile(); program != nil || !errors.Is(err, callgate.ErrOff) {
		t.Errorf("switched off: %v", err)
	}
	if _, err := registry.Install(callgate.LoadOptions{}); !errors.Is(err, callgate.ErrOff) {
		t.Errorf("switched off: %v", err)
	}
}

// The same parts make the same filter as one policy of all they need.
func TestRegistryIsTheUnion(t *testing.T) {
	var registry callgate.Registry
	program, err := registry.Need("a", "read", "bind").Need("b", "write").Compile()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := callgate.CompileText("seccomp: {default_action: errno, syscalls: [{action: allow, names: [read, bind, write]}]}")
	if err != nil {
		t.Fatal(err)
	}
	if string(program.Bytes()) != string(whole.Bytes()) {
		t.Error("the filter differs from that of the whole")
	}
}
