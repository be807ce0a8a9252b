package pgcatalog

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// keyed is a snapshot of tables with keys: open, of two columns, with a part that is hidden,
// and one that is masked.
type keyed struct{ policy.Denied }

func (keyed) Identity() string { return "keyed" }

func (keyed) Resources() []*policy.Resource {
	number := catalog.Type{Kind: catalog.Int64}
	columns := []catalog.Column{{Name: "b", Type: number}, {Name: "Id", Type: number}, {Name: "c", Type: number}}
	of := func(name string, open []catalog.Column, guard *policy.Guard, key ...string) *policy.Resource {
		return &policy.Resource{Path: []string{"公安", name}, Table: &catalog.Table{Columns: columns, PrimaryKey: key}, Columns: open, Guard: guard}
	}
	return []*policy.Resource{
		of("one", columns, nil, "Id"), of("two", columns, nil, "Id", "b"), of("part", columns[:1], nil, "b", "Id"),
		of("masked", columns, &policy.Guard{Masks: map[string]string{"Id": "0"}}, "Id"), of("none", columns, nil),
	}
}

// Primary keys are told where all of one is open as it is, and nothing of the others.
func TestKeys(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"select c.relname, k.conname, k.conkey, pg_get_constraintdef(k.oid), pg_get_constraintdef(k.oid, true) from pg_constraint k join pg_class c on c.oid = k.conrelid where contype = 'p' order by 1",
			"one|one_pkey|[2]|PRIMARY KEY (\"Id\")|PRIMARY KEY (\"Id\")\ntwo|two_pkey|[2,1]|PRIMARY KEY (\"Id\", b)|PRIMARY KEY (\"Id\", b)\n"},
		{"select table_name, column_name, ordinal_position from information_schema.key_column_usage join information_schema.table_constraints t using (constraint_name, table_name) where t.constraint_type = 'PRIMARY KEY' order by 1, 3",
			"one|Id|1\ntwo|Id|1\ntwo|b|2\n"},
		{"select table_name, column_name from information_schema.columns where is_nullable = 'NO' order by 1, 2", "one|Id\ntwo|Id\ntwo|b\n"},
		{"select relname from pg_class where relkind = 'r' order by 1", "masked\nnone\none\npart\ntwo\n"},
		{"select pg_get_constraintdef(1)", "\n"},
	} {
		a, mine, err := c.Query(t.Context(), server.Session{Snapshot: keyed{}}, facts, server.Request{SQL: q.sql})
		if err != nil || !mine {
			t.Errorf("%s: %v %v", q.sql, mine, err)
			continue
		}
		if got := lines(a); got != q.want {
			t.Errorf("%s:\n%swant\n%s", q.sql, got, q.want)
		}
	}
}
