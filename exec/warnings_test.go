package exec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// warning is a stream that has warnings and nothing else.
type warning struct {
	connectors.Stream
	list []errs.Warning
}

func (w warning) Warnings() []errs.Warning { return w.list }

func zeros(column string, n int64) errs.Warning {
	return errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "sj", "Table": "t", "Column": column, "Count": n}}
}

// What two streams say of the same column is one warning, and the streams' own stay as
// they are, so that asking twice counts once.
func TestWarningsOnce(t *testing.T) {
	var w warners
	w.note(warning{list: []errs.Warning{zeros("b", 2), zeros("a", 1)}})
	w.note(&errStream{})
	w.note(warning{list: []errs.Warning{zeros("b", 3)}})
	for range 2 {
		got := w.warnings()
		const want = "[map[Column:a Count:1 Source:sj Table:t] map[Column:b Count:5 Source:sj Table:t]]"
		var args []msg.Args
		for _, one := range got {
			args = append(args, one.Args)
		}
		if fmt.Sprint(args) != want {
			t.Errorf("%v, want %s", args, want)
		}
	}
}

// errStream is a stream that cannot have warnings.
type errStream struct{ connectors.Stream }

func TestWarningsAreBounded(t *testing.T) {
	var w warners
	var list []errs.Warning
	for i := range maxWarnings + 7 {
		list = append(list, zeros(fmt.Sprintf("c%02d", i), 1))
	}
	w.note(warning{list: list})
	got := w.warnings()
	last := got[len(got)-1]
	if len(got) != maxWarnings+1 || got[maxWarnings-1].Args["Column"] != "c19" || last.Code != errs.MoreWarnings || !strings.HasPrefix(last.Text(), "7 more") {
		t.Errorf("%d warnings, the last: %s", len(got), last.Text())
	}
	w = warners{}
	w.note(warning{list: list[:maxWarnings]})
	if got := w.warnings(); len(got) != maxWarnings || got[maxWarnings-1].Code != errs.ZeroDates {
		t.Errorf("%d warnings where all have a place", len(got))
	}
}
