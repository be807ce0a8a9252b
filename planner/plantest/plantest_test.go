package plantest_test

import (
	"testing"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/plantest"
)

// Every statement of TPC-H and one over all the small tables binds over the fixed
// schema and runs over what DDL makes.
func TestFixedSchema(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{MemoryBytes: 200 << 20, TimeZone: plantest.Zone})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, ddl := range plantest.DDL() {
		if err := conn.Exec(t.Context(), ddl); err != nil {
			t.Fatalf("%s: %v", ddl, err)
		}
	}
	texts := append(plantest.TPCH(t), "SELECT * FROM s.t, s.u, s.v, s.w")
	for i, sql := range texts {
		plantest.Prepare(t, sql)
		rows, err := conn.QueryText(t.Context(), "SELECT CAST(count(*) AS VARCHAR) FROM ("+sql+")")
		if err != nil {
			t.Errorf("statement %d: %v", i+1, err)
		}
		if i == len(texts)-1 && rows != "600" {
			t.Errorf("%s rows of four small tables", rows)
		}
	}
}

// The tables of TPC-H are those of the oracle, which reads them from real data.
func TestTPCHColumns(t *testing.T) {
	tables := plantest.Tables("tpch")
	if len(tables) != len(oracle.TPCHTables) {
		t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		want := oracle.TPCHColumns(table.ID.Name, oracle.PostgreSQL)
		if len(want) != len(table.Columns) {
			t.Fatalf("%s has %d columns, want %d", table.ID, len(table.Columns), len(want))
		}
		for i, c := range table.Columns {
			if c.Name != want[i].Name || !c.Type.Equal(want[i].Type) {
				t.Errorf("%s: column %d is %s %s", table.ID, i+1, c.Name, c.Type)
			}
		}
	}
}

func TestRaw(t *testing.T) {
	raw, tables, err := plantest.Fixed(t).Raw(t, "SELECT 1 FROM s.t AS x, s.w AS y, s.t AS z")
	if err != nil || len(raw) == 0 || len(tables) != 3 || tables[1].Resource != "s.w" || tables[1].Source != plantest.Lite || tables[2].Ref != 3 {
		t.Errorf("%d bytes, %+v, %v", len(raw), tables, err)
	}
	if raw, _, err := plantest.Fixed(t).Raw(t, "SELECT nope FROM s.t"); raw != nil || err == nil {
		t.Errorf("%s %v", raw, err)
	}
}
