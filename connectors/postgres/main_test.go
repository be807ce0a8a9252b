package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/testpg"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(testpg.Exit))
}
