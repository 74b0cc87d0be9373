package callgate

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What is known here of other machines is what the command knows.
func TestNumbers(t *testing.T) {
	command := os.Getenv("CALLGATE_COMMAND")
	if command == "" {
		command = Command
	}
	said := map[string]string{}
	for _, machine := range machines {
		for name := range machine.calls {
			if _, known := said[name]; known {
				continue
			}
			out, err := exec.Command(command, "syscalls", name, "--all").Output()
			if err != nil {
				t.Fatal(err)
			}
			said[name] = string(out)
		}
	}
	for _, machine := range machines {
		for name, nr := range machine.calls {
			found := false
			for _, line := range strings.Split(said[name], "\n") {
				words := strings.Fields(line)
				found = found || (len(words) > 2 && words[0] == machine.abi &&
					words[1] == fmt.Sprint(nr) && words[2] == name)
			}
			if !found {
				t.Errorf("%s: %s is not %d", machine.abi, name, nr)
			}
		}
	}
}
