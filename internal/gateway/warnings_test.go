package gateway

import (
	"fmt"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
)

// Whoever has grants hears of a resource and its item, and of nothing that policy hides.
func TestDiscreetWarnings(t *testing.T) {
	resource := func(name, source, table string, guard *policy.Guard) *policy.Resource {
		return &policy.Resource{
			Path: []string{"公安", name}, Source: source, Guard: guard, Table: &catalog.Table{ID: catalog.TableID{Schema: "z", Name: table}},
			Columns: []catalog.Column{{Name: "出生", SourceName: "d"}},
		}
	}
	zeros := func(source, table, column string) errs.Warning {
		return errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": source, "Table": table, "Column": column, "Count": int64(2)}}
	}
	open, filtered := resource("日", "my", "t", nil), resource("限", "my", "u", &policy.Guard{})
	told := "[{zero_dates gateway_zero_dates map[Count:2 Item:出生 Resource:公安.日]}]"
	somewhere := "[{zero_dates gateway_zero_dates_somewhere map[Count:2]}]"
	for name, c := range map[string]struct {
		w       errs.Warning
		named   []*policy.Resource
		lookups []planner.Read
		want    string
	}{
		"an item":                     {zeros("my", "t", "d"), []*policy.Resource{open}, nil, told},
		"an expression":               {zeros("my", "t", "…"), []*policy.Resource{open}, nil, somewhere},
		"several tables at once":      {zeros("my", "t, s", "d"), []*policy.Resource{open}, nil, somewhere},
		"an item without a grant":     {zeros("my", "t", "e"), []*policy.Resource{open}, nil, somewhere},
		"rows that are hidden":        {zeros("my", "u", "d"), []*policy.Resource{filtered}, nil, "[]"},
		"hidden rows beside":          {zeros("my", "t", "d"), []*policy.Resource{open, filtered}, nil, "[]"},
		"a look-up of policy beside":  {zeros("my", "t", "d"), []*policy.Resource{open}, []planner.Read{{Resource: filtered}}, "[]"},
		"a look-up of policy alone":   {zeros("other", "t", "d"), []*policy.Resource{open}, []planner.Read{{Resource: resource("密", "other", "t", nil)}}, "[]"},
		"a source that nobody named":  {zeros("other", "t", "d"), []*policy.Resource{open}, nil, "[]"},
		"a look-up in another source": {zeros("my", "t", "d"), []*policy.Resource{open}, []planner.Read{{Resource: resource("密", "other", "t", nil)}}, told},
		"of another kind":             {errs.Warning{Code: errs.MoreWarnings, ID: "exec_more_warnings", Args: msg.Args{"Source": "my", "Count": 3}}, []*policy.Resource{open}, nil, "[]"},
		"of no source":                {errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates"}, []*policy.Resource{resource("日", "", "t", nil)}, nil, "[]"},
	} {
		got := fmt.Sprint(discreetWarnings([]errs.Warning{c.w}, c.named, c.lookups))
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
