package mysql_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/testmaria"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(testmaria.Exit))
}
