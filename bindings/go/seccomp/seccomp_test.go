package seccomp_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"callgate"
	"callgate/seccomp"
)

func TestMain(m *testing.M) {
	if command := os.Getenv("CALLGATE_COMMAND"); command != "" {
		callgate.Command = command
	}
	if os.Getenv("CALLGATE_CHILD") != "" {
		os.Exit(confined())
	}
	os.Exit(m.Run())
}

// Row B1: write(1) may be made, write(2) may not. The old package let both.
func confined() int {
	err := seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{
				{Action: seccomp.ActionAllow, NamesWithCondtions: []seccomp.NameWithConditions{
					{Name: "write", Conditions: seccomp.ArgumentConditions{
						{Argument: 0, Operation: seccomp.Equal, Value: 1}}}}},
				{Action: seccomp.ActionErrno | seccomp.Action(syscall.EROFS), Names: []string{"write"}},
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_, one := syscall.Write(1, []byte("one\n"))
	_, two := syscall.Write(2, []byte("two\n"))
	fmt.Println(one, two)
	return 0
}

func TestLoadFilter(t *testing.T) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "CALLGATE_CHILD=1")
	said, err := command.CombinedOutput()
	if err != nil || string(said) != "one\n<nil> read-only file system\n" {
		t.Errorf("%v: %q", err, said)
	}
}

func names(list ...string) []seccomp.SyscallGroup {
	return []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: list}}
}

func condition(c seccomp.Condition) []seccomp.SyscallGroup {
	return []seccomp.SyscallGroup{{Action: seccomp.ActionErrno,
		NamesWithCondtions: []seccomp.NameWithConditions{{Name: "read",
			Conditions: seccomp.ArgumentConditions{c}}}}}
}

// Rows C of the acceptance table, and those where the old package says nothing.
func TestRefusals(t *testing.T) {
	rows := []struct {
		name   string
		policy seccomp.Policy
		want   string
	}{
		{"C1: no syscalls", seccomp.Policy{DefaultAction: seccomp.ActionAllow}, "syscalls must not be empty"},
		{"C2: no such action", seccomp.Policy{DefaultAction: 0x12345678, Syscalls: names("read")}, "invalid default_action"},
		{"no such group action", seccomp.Policy{DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{Action: 0x12345678, Names: []string{"read"}}}}, "invalid action"},
		{"C4: two unknown names", seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: names("raed", "wriet")}, "'raed'"},
		{"C5: twice", seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: names("read", "read")}, "duplicate"},
		{"C7: argument 6", seccomp.Policy{DefaultAction: seccomp.ActionAllow,
			Syscalls: condition(seccomp.Condition{Argument: 6, Operation: seccomp.Equal})}, "5"},
		{"B10: no operation", seccomp.Policy{DefaultAction: seccomp.ActionAllow,
			Syscalls: condition(seccomp.Condition{Value: 1})}, "operation"},
		{"an empty group", seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: names()}, "names"},
	}
	for _, row := range rows {
		_, err := row.policy.Assemble()
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestAssemble(t *testing.T) {
	policy := seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: names("mkdirat")}
	normal, err := policy.Assemble()
	if err != nil {
		t.Fatal(err)
	}
	policy.ForeignElastic = true
	old, err := policy.Assemble()
	if err != nil || len(old) >= len(normal) {
		t.Error("the old answers need less", len(old), len(normal), err)
	}
	var out strings.Builder
	if err := policy.Dump(&out); err != nil || !strings.HasPrefix(out.String(), "0: op 0x20") {
		t.Error(err, out.String())
	}
	// C9: all 64 bits.
	policy.Syscalls = condition(seccomp.Condition{Operation: seccomp.LessThan, Value: ^uint64(0)})
	if _, err := policy.Assemble(); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	var action seccomp.Action
	if err := action.Unpack("KILL_Process"); err != nil || action != seccomp.ActionKillProcess {
		t.Error(err, action)
	}
	if err := action.Unpack("kill"); err == nil {
		t.Error("kill is no action")
	}
	flags := seccomp.FilterFlagTSync | seccomp.FilterFlagLog | 64
	if flags.String() != "tsync|log|unknown" {
		t.Error(flags)
	}
	var operation seccomp.Operation
	if err := operation.Unpack("bitsset"); err != nil || operation != seccomp.BitsSet {
		t.Error(err, operation)
	}
}
