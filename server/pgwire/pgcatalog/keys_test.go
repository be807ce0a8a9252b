package pgcatalog

import (
	"slices"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// keyed is a snapshot of tables with keys: open, of two columns, with a part that is hidden,
// and one that is masked. one_pkey has the name of an index.
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
		of("masked", columns, &policy.Guard{Masks: map[string]string{"Id": "0"}}, "Id"), of("none", columns, nil), of("one_pkey", columns[:1], nil),
	}
}

// Primary keys are told where all of one is open as it is, and nothing of the others.
func TestKeys(t *testing.T) {
	c := open(t)
	for _, q := range []struct{ sql, want string }{
		{"select c.relname, k.conname, k.conkey, pg_get_constraintdef(k.oid), pg_get_constraintdef(k.oid, true) from pg_constraint k join pg_class c on c.oid = k.conrelid where contype = 'p' order by 1",
			"one|one_pkey1|[2]|PRIMARY KEY (\"Id\")|PRIMARY KEY (\"Id\")\ntwo|two_pkey|[2,1]|PRIMARY KEY (\"Id\", b)|PRIMARY KEY (\"Id\", b)\n"},
		{"select table_name, column_name, ordinal_position from information_schema.key_column_usage join information_schema.table_constraints t using (constraint_name, table_name) where t.constraint_type = 'PRIMARY KEY' order by 1, 3",
			"one|Id|1\ntwo|Id|1\ntwo|b|2\n"},
		{"select table_name, column_name from information_schema.columns where is_nullable = 'NO' order by 1, 2", "one|Id\ntwo|Id\ntwo|b\n"},
		{"select relname from pg_class where relkind = 'r' order by 1", "masked\nnone\none\none_pkey\npart\ntwo\n"},
		{"select c.relname, x.relname, x.relnatts, i.indnatts, i.indkey, c.relhasindex from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid order by 1", "one|one_pkey1|1|1|[2]|true\ntwo|two_pkey|2|2|[2,1]|true\n"},
		{"select relname, relhasindex from pg_class where relkind <> 'i' and not relhasindex or relkind = 'i' order by 1", "masked|false\nnone|false\none_pkey|false\none_pkey1|false\npart|false\ntwo_pkey|false\n"},
		{"select c.relname, a.attname, a.attnum from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relkind = 'i' order by 1, 3", "one_pkey1|Id|1\ntwo_pkey|Id|1\ntwo_pkey|b|2\n"},
		{"select table_name, count(*) from information_schema.columns group by 1 order by 1", "masked|3\nnone|3\none|3\none_pkey|1\npart|1\ntwo|3\n"},
		{"select count(*), count(distinct indexrelid), count(distinct oid) filter (oid <> indexrelid) from pg_index join pg_constraint on conindid = indexrelid", "2|2|2\n"},
		{"select opcname from pg_index, pg_opclass where pg_opclass.oid = any(indclass) and indrelid = '公安.two'::regclass", "int8_ops\n"},
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

// A vector has a type of its own; its elements, and what is made of these, have not.
func TestElementsOfVectors(t *testing.T) {
	c := open(t)
	a, mine, err := c.Query(t.Context(), server.Session{Snapshot: keyed{}}, facts, server.Request{SQL: "SELECT indkey, keys, indclass, key, class, ks, classes, part FROM (SELECT indkey, indkey AS keys, indclass, indrelid, indkey[0:1] AS part FROM pg_index) i" +
		" JOIN (SELECT indrelid, array_agg(key) AS ks, array_agg(class) AS classes, min(key) AS key, min(class) AS class FROM (SELECT indrelid, unnest(indkey) AS key, unnest(pg_index.indclass) AS class FROM pg_index) q GROUP BY indrelid) u USING (indrelid) ORDER BY keys"})
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	defer a.Stream.Release()
	var oids []uint32
	for _, column := range a.Columns {
		oids = append(oids, pgvalue.Style{OIDs: true}.Of(column.Type).OID)
	}
	if want := []uint32{22, 22, 30, 21, 26, 1005, 1028, 1005}; !slices.Equal(oids, want) {
		t.Errorf("types %d, want %d", oids, want)
	}
}
