// Package seccomp has the interface of Elastic's go-seccomp-bpf: Filter, Policy,
// SyscallGroup, LoadFilter and the rest. Change the import, and the same program
// gets filters that are proved, from the command callgate.
//
// It is right where that package is wrong:
//
//   - A condition that does not hold cannot spoil the entries behind it.
//   - LoadFilter is an error where a thread could not be synchronised, names the
//     thread, and looks into /proc afterwards.
//   - What is refused is refused through other ABIs of the machine (int 0x80),
//     too. ForeignElastic asks for the old answers.
//   - A condition without an operation, and an empty group, are errors.
//   - no_new_privs and the filter are set on one thread.
//
// Assemble returns callgate.Instruction, which converts to bpf.RawInstruction of
// golang.org/x/net/bpf.
package seccomp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"callgate"
)

// FilterFlag is a SECCOMP_FILTER_FLAG_*.
type FilterFlag uint32

// The flags that have a name.
const (
	FilterFlagTSync FilterFlag = 1
	FilterFlagLog   FilterFlag = 2
)

func (f FilterFlag) String() string {
	var names []string
	if f&FilterFlagTSync != 0 {
		names = append(names, "tsync")
	}
	if f&FilterFlagLog != 0 {
		names = append(names, "log")
	}
	if f&^(FilterFlagTSync|FilterFlagLog) != 0 {
		names = append(names, "unknown")
	}
	return strings.Join(names, "|")
}

// MarshalText is String.
func (f FilterFlag) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Action is what happens to a call: SECCOMP_RET_*.
type Action uint32

// The actions. An errno is EPERM, unless one is added: ActionErrno | 13.
const (
	ActionKillThread  Action = 0x00000000
	ActionKillProcess Action = 0x80000000
	ActionTrap        Action = 0x00030000
	ActionErrno       Action = 0x00050000
	ActionUserNotify  Action = 0x7fc00000
	ActionTrace       Action = 0x7ff00000
	ActionLog         Action = 0x7ffc0000
	ActionAllow       Action = 0x7fff0000
)

const actionBits, dataBits = 0xffff0000, 0x0000ffff

var actionNames = map[Action]string{
	ActionKillThread: "kill_thread", ActionKillProcess: "kill_process",
	ActionTrap: "trap", ActionErrno: "errno", ActionUserNotify: "user_notif",
	ActionTrace: "trace", ActionLog: "log", ActionAllow: "allow",
}

func (a Action) String() string {
	if name, known := actionNames[a&actionBits]; known {
		return name
	}
	return "unknown"
}

// MarshalText is String.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Unpack reads the name of an action; case does not matter.
func (a *Action) Unpack(text string) error {
	for action, name := range actionNames {
		if strings.EqualFold(name, text) {
			*a = action
			return nil
		}
	}
	return fmt.Errorf("invalid action: %v", text)
}

// word is the action in the language of callgate-policy(5), with its data.
func (a Action) word() (string, error) {
	name, known := actionNames[a&actionBits]
	data := a & dataBits
	if !known {
		return "", fmt.Errorf("invalid action 0x%08x", uint32(a))
	}
	switch {
	case data == 0 && a == ActionErrno:
		return "errno(EPERM)", nil
	case data == 0:
		return name, nil
	case a&actionBits == ActionErrno || a&actionBits == ActionTrap || a&actionBits == ActionTrace:
		return fmt.Sprintf("%s(%d)", name, uint32(data)), nil
	}
	return "", fmt.Errorf("%s takes no data", name)
}

// Operation compares an argument, 64 bits unsigned, with a value.
type Operation string

// The operations.
const (
	Equal          Operation = "Equal"
	NotEqual       Operation = "NotEqual"
	GreaterThan    Operation = "GreaterThan"
	LessThan       Operation = "LessThan"
	GreaterOrEqual Operation = "GreaterOrEqual"
	LessOrEqual    Operation = "LessOrEqual"
	BitsSet        Operation = "BitsSet"
	BitsNotSet     Operation = "BitsNotSet"
)

// Operations lists them.
var Operations = []Operation{Equal, NotEqual, GreaterThan, LessThan,
	GreaterOrEqual, LessOrEqual, BitsSet, BitsNotSet}

// Unpack reads the name of an operation; case does not matter.
func (o *Operation) Unpack(text string) error {
	for _, operation := range Operations {
		if strings.EqualFold(string(operation), text) {
			*o = operation
			return nil
		}
	}
	return fmt.Errorf("invalid operation: %v", text)
}

// Condition is on one argument.
type Condition struct {
	Argument  int       `config:"argument" default:"0" json:"argument" yaml:"argument"`
	Operation Operation `config:"operation" validate:"required" json:"operation" yaml:"operation"`
	Value     uint64    `config:"value" default:"0" json:"value" yaml:"value"`
}

// ArgumentConditions must all hold.
type ArgumentConditions []Condition

// NameWithConditions is a call with conditions; several of one name are
// alternatives.
type NameWithConditions struct {
	Name       string             `config:"name" validate:"required" json:"name" yaml:"name"`
	Conditions ArgumentConditions `config:"arguments" validate:"required" json:"arguments" yaml:"arguments"`
}

// SyscallGroup has calls, and what happens to them.
type SyscallGroup struct {
	Names              []string             `config:"names" json:"names,omitempty" yaml:"names,omitempty"`
	NamesWithCondtions []NameWithConditions `config:"names_with_args" json:"names_with_args,omitempty" yaml:"names_with_args,omitempty"`
	Action             Action               `config:"action" validate:"required" json:"action" yaml:"action"`
}

// Policy has groups; the first that matches a call decides.
type Policy struct {
	DefaultAction Action         `config:"default_action" json:"default_action" yaml:"default_action"`
	Syscalls      []SyscallGroup `config:"syscalls" json:"syscalls" yaml:"syscalls"`

	// ForeignElastic gives the answers that go-seccomp-bpf gives to calls of
	// other architectures: the default action, and ENOSYS for x32.
	ForeignElastic bool `config:"-" json:"-" yaml:"-"`
}

// Filter is a policy, and how it is loaded.
type Filter struct {
	NoNewPrivs bool       `config:"no_new_privs" json:"no_new_privs"`
	Flag       FilterFlag `config:"flag" json:"flag"`
	Policy     Policy     `config:"policy" json:"policy"`
}

// Validate says whether there is a default action and something to filter.
func (p *Policy) Validate() error {
	if _, known := actionNames[p.DefaultAction]; !known || p.DefaultAction == ActionUserNotify {
		return fmt.Errorf("invalid default_action value %d", uint32(p.DefaultAction))
	}
	if len(p.Syscalls) == 0 {
		return errors.New("syscalls must not be empty")
	}
	return nil
}

type group struct {
	Action string               `json:"action"`
	Names  []string             `json:"names,omitempty"`
	Args   []NameWithConditions `json:"names_with_args,omitempty"`
}

// text is the policy as callgate-policy(5) has it.
func (p *Policy) text() (string, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	action, err := p.DefaultAction.word()
	if err != nil {
		return "", err
	}
	settings := map[string]interface{}{"default_action": action}
	if p.ForeignElastic {
		settings["foreign"] = "elastic"
	}
	groups := make([]group, 0, len(p.Syscalls))
	for i, from := range p.Syscalls {
		word, err := from.Action.word()
		if err != nil {
			return "", fmt.Errorf("syscalls.%d: %w", i, err)
		}
		groups = append(groups, group{word, from.Names, from.NamesWithCondtions})
	}
	settings["syscalls"] = groups
	text, err := json.Marshal(map[string]interface{}{"seccomp": settings})
	return string(text), err
}

func (p *Policy) compile() (*callgate.Program, error) {
	text, err := p.text()
	if err != nil {
		return nil, err
	}
	return callgate.CompileText(text)
}

// Assemble compiles the policy for this machine, and proves the result.
func (p *Policy) Assemble() ([]callgate.Instruction, error) {
	program, err := p.compile()
	if err != nil {
		return nil, err
	}
	return program.Instructions, nil
}

// Dump writes the instructions, numbered.
func (p *Policy) Dump(out io.Writer) error {
	instructions, err := p.Assemble()
	if err != nil {
		return err
	}
	for n, i := range instructions {
		if _, err := fmt.Fprintf(out, "%d: op 0x%02x, jt %d, jf %d, k 0x%x\n", n, i.Op, i.Jt, i.Jf, i.K); err != nil {
			return err
		}
	}
	return nil
}

// Supported says whether filters can be loaded in here.
func Supported() bool { return callgate.Supported() }

// SetNoNewPrivs sets no_new_privs for this thread.
func SetNoNewPrivs() error { return callgate.SetNoNewPrivs() }

// LoadFilter compiles and loads the filter: in all threads with FilterFlagTSync,
// in this one alone without.
func LoadFilter(filter Filter) error {
	program, err := filter.Policy.compile()
	if err != nil {
		return fmt.Errorf("failed to assemble policy: %w", err)
	}
	_, err = program.Load(callgate.LoadOptions{
		Flags:          uint32(filter.Flag),
		OneThread:      filter.Flag&FilterFlagTSync == 0,
		KeepPrivileges: !filter.NoNewPrivs,
	})
	if err != nil {
		return fmt.Errorf("failed loading seccomp filter: %w", err)
	}
	return nil
}
