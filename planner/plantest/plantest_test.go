package plantest_test

import (
	"testing"

	"github.com/lianji/lianji/internal/duck"
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

func TestRaw(t *testing.T) {
	raw, tables, err := plantest.Fixed(t).Raw(t, "SELECT 1 FROM s.t AS x, s.w AS y, s.t AS z")
	if err != nil || len(raw) == 0 || len(tables) != 3 || tables[1].Resource != "s.w" || tables[1].Source != plantest.Lite || tables[2].Ref != 3 {
		t.Errorf("%d bytes, %+v, %v", len(raw), tables, err)
	}
	if raw, _, err := plantest.Fixed(t).Raw(t, "SELECT nope FROM s.t"); raw != nil || err == nil {
		t.Errorf("%s %v", raw, err)
	}
}
