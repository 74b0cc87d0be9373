package callgate

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Registry has one policy for a program of many parts: each says what it needs,
// and one filter comes of it. The user's configuration may change it.
//
// Nothing is judged before Compile. The zero value is a registry without parts;
// it is not for several goroutines at once.
type Registry struct {
	arguments []string
	err       error // the first thing that could not be said
}

// ErrOff is there where the user's configuration has switched the registry off.
var ErrOff = errors.New("the user has switched the policy off (enabled: false)")

// Need says that the part who needs these calls, @groups, and rules such as
// "socket(AF_UNIX)". Everything that no part needs is refused with EPERM.
func (r *Registry) Need(who string, names ...string) *Registry {
	return r.list("--need", who, names)
}

// NeedPreset says that the part needs what a preset allows.
func (r *Registry) NeedPreset(who, preset string) *Registry {
	if strings.ContainsAny(preset, "./") {
		return r.fail("'%s' is no preset", preset)
	}
	return r.add("--need-policy", who, preset)
}

// NeedFile says that the part needs what the policy in a file allows.
func (r *Registry) NeedFile(who, path string) *Registry {
	if !strings.Contains(path, "/") {
		path = "./" + path // and no preset
	}
	return r.add("--need-policy", who, path)
}

// Refuse says that the program never makes these calls, whoever needs them.
func (r *Registry) Refuse(who string, names ...string) *Registry {
	return r.list("--refuse", who, names)
}

// ConfigureFile takes the user's configuration: a policy whose key `registered`
// says whether it extends, restricts or replaces what the parts have said. A
// later one takes the place of an earlier one.
func (r *Registry) ConfigureFile(path string) *Registry {
	if path == "" || strings.ContainsRune(path, 0) {
		return r.fail("'%s' is no file", path)
	}
	r.arguments = append(r.arguments, "--registered", path)
	return r
}

// Compile joins it all into one policy, and has that compiled and proved. ErrOff
// if the user has switched it off. A part that needs what another one refuses,
// or a name that is no call, is a *PolicyError that says whose it is.
func (r *Registry) Compile() (*Program, error) {
	if r.err != nil {
		return nil, r.err
	}
	if len(r.arguments) == 0 {
		return nil, errors.New("no part has said what it needs")
	}
	program, err := compile(nil, r.arguments...)
	var status *exec.ExitError
	if errors.As(err, &status) && status.ExitCode() == 1 {
		return nil, ErrOff
	}
	return program, err
}

// Install compiles it and puts it into force in every thread.
func (r *Registry) Install(options LoadOptions) (Loaded, error) {
	program, err := r.Compile()
	if err != nil {
		return Loaded{}, err
	}
	return program.Load(options)
}

func (r *Registry) list(option, who string, names []string) *Registry {
	if len(names) == 0 {
		return r.fail("'%s' names no call", who)
	}
	for _, name := range names {
		if name == "" {
			return r.fail("'%s' names a call without a name", who)
		}
	}
	return r.add(option, who, strings.Join(names, ","))
}

func (r *Registry) add(option, who, what string) *Registry {
	if who == "" || strings.ContainsAny(who, "=\x00") {
		return r.fail("'%s' is no name of a part: it is not empty, and has no '='", who)
	}
	if strings.ContainsRune(what, 0) {
		return r.fail("'%s' needs what has a NUL byte in its name", who)
	}
	r.arguments = append(r.arguments, option, who+"="+what)
	return r
}

func (r *Registry) fail(format string, values ...any) *Registry {
	if r.err == nil {
		r.err = fmt.Errorf(format, values...)
	}
	return r
}
