package config_test

import (
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// A kind that goes by another name here is told by the name that it has.
func TestKindsByAnotherName(t *testing.T) {
	for said, want := range map[string]string{"MariaDB": "mysql", "postgresql": "postgres", "sqlite3": "sqlite", "csv": "files"} {
		_, err := load(t, "sources: {a: {kind: "+said+", path: x}}\n", nil)
		if e := errs.From(err); e == nil || e.ID != "config_kind" || len(e.Nearest) != 1 || e.Nearest[0] != want {
			t.Errorf("%s: %+v", said, e)
		}
	}
}
