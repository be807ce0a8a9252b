package connectortest

import "testing"

// TestSoundFake runs the suite on a connector without a fault.
func TestSoundFake(t *testing.T) { Run(t, fakeHarness("")) }
