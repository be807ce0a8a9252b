// Package soak holds a gateway under mixed load for as long as LIANJI_SOAK says: people
// who leave, cancel and lose their grants, and a source that goes away and comes back.
package soak

import (
	"testing"

	"github.com/lianji/lianji/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }
