package leak

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedVariable); dir != "" {
		os.Exit(serveUntilKilled(dir))
	}
	code := m.Run()
	if err := testmaria.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	testpg.Exit(code)
}

// long reports whether the long form of the tests was asked for.
func long() bool { return os.Getenv("LIANJI_LONG") != "" }

// shapes are the resources of filters, in order.
var shapes = slices.Sorted(maps.Keys(filters))

// number reads a number from the environment.
func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
