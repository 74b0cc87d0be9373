package callgate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// Command is the command that compiles policies, looked up in PATH.
var Command = "callgate"

// Instruction is one of classic BPF, laid out as struct sock_filter and as
// bpf.RawInstruction of golang.org/x/net/bpf, to which it converts.
type Instruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

// Program is a filter: proved equal to its policy, unless it came as bytes.
type Program struct {
	Instructions []Instruction
	// Flags are SECCOMP_FILTER_FLAG_*, besides those of LoadOptions.
	Flags uint32
}

const maxInstructions = 4096

// FromBytes takes over what `callgate compile --format raw` wrote for a machine
// of this byte order.
func FromBytes(data []byte) (*Program, error) {
	if len(data) == 0 || len(data)%8 != 0 || len(data)/8 > maxInstructions {
		return nil, fmt.Errorf("%d bytes are no filter: it has 1 to %d instructions of 8 bytes",
			len(data), maxInstructions)
	}
	program := &Program{Instructions: make([]Instruction, len(data)/8)}
	err := binary.Read(bytes.NewReader(data), byteOrder, program.Instructions)
	return program, err
}

// Bytes is an array of struct sock_filter.
func (p *Program) Bytes() []byte {
	var out bytes.Buffer
	// A bytes.Buffer takes everything.
	_ = binary.Write(&out, byteOrder, p.Instructions)
	return out.Bytes()
}

// CompileFile has the command compile the policy in a file for this machine,
// and prove the result for every possible call.
func CompileFile(path string) (*Program, error) {
	return compile(nil, "--policy", path)
}

// CompileText is the same for a policy that is a text: YAML or JSON.
func CompileText(text string) (*Program, error) {
	return compile([]byte(text), "--policy", "/dev/stdin")
}

// CompilePreset is the same for a policy that comes with the command.
func CompilePreset(name string) (*Program, error) {
	return compile(nil, "--preset", name)
}

func compile(text []byte, options ...string) (*Program, error) {
	if this.abi == "" {
		return nil, fmt.Errorf("no filters are made for %s", runtime.GOARCH)
	}
	arguments := append([]string{"compile", "--format", "raw", "--arch", this.abi}, options...)
	command := exec.Command(Command, arguments...)
	var said bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(text), &said
	data, err := command.Output()
	if err != nil {
		return nil, compileError(err, said.String())
	}
	return FromBytes(data)
}

// PolicyError is what the command says of a policy that it does not compile.
type PolicyError struct {
	Message string // with file, line and column, perhaps several lines
	status  *exec.ExitError
}

func (e *PolicyError) Error() string { return e.Message }

// Unwrap is the exit status of the command.
func (e *PolicyError) Unwrap() error { return e.status }

func compileError(err error, said string) error {
	var status *exec.ExitError
	if errors.As(err, &status) && said != "" {
		return &PolicyError{
			Message: strings.TrimPrefix(strings.TrimSpace(said), "callgate: "), status: status}
	}
	return fmt.Errorf("cannot run %s: %w", Command, err)
}
