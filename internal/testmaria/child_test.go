package testmaria_test

import (
	"os"
	"os/exec"
	"testing"
)

// child is this test binary, to run the one test in a process of its own.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "LIANJI_TESTMARIA_CHILD=yes")
	return cmd
}
