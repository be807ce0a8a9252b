// Package packaging has no code: its test holds the unit to what docs/operations.md says.
package packaging

import (
	"os/exec"
	"strings"
	"testing"
)

// exposure is the most that systemd may rate the unit, in tenths of its scale from 0 to
// 10; above 20 something that docs/operations.md says is not so.
const exposure = "20"

func TestUnit(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	out, err := exec.Command(tool, "security", "--no-pager", "--offline=true", "--threshold="+exposure, "./lianji.service").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, must := range []string{"✓ PrivateTmp=", "✓ User=/DynamicUser=", "✓ NoNewPrivileges=", "✓ ProtectSystem="} {
		if !strings.Contains(string(out), must) {
			t.Errorf("systemd does not say %q", must)
		}
	}
}
