package files

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
)

func TestStatistics(t *testing.T) {
	f := newFolder(t)
	f.parquet("one.parquet", `SELECT i::INTEGER AS id, (i % 4)::DECIMAL(10,2) AS class, DATE '2024-01-01' + (i % 366)::INTEGER AS day,
		CASE WHEN i % 4 = 0 THEN NULL ELSE 'x' || (i % 10) END AS name, {'id': 'z'} AS nested FROM range(1000) r(i)`)
	for i := range 3 {
		f.parquet(fmt.Sprintf("many/%d.parquet", i), fmt.Sprintf("SELECT (i + %d)::BIGINT AS id FROM range(1000) r(i)", i*1000))
	}
	f.put("list.csv", "id,name\n"+strings.Repeat("123,abc\n", 20000))
	f.put("short.csv", "id\n1\n2\n")
	f.put("rows.ndjson", strings.Repeat(`{"id": 1}`+"\n", 300))
	f.put("array.json", `[{"id": 1}]`)
	f.put("packed.csv.gz", pack("id\n1\n"))
	s := f.open(f.path, nil)
	tables := f.tables(s)
	var list []*catalog.Table
	for _, table := range tables {
		list = append(list, table)
	}
	all, err := s.Statistics(t.Context(), list)
	must(t, err)
	for name, rows := range map[string]int64{"one": 1000, "many": 3000, "list": 20000, "short": 2, "rows": 300} {
		if got := all[tables[name].ID]; got == nil || got.Rows < rows*99/100 || got.Rows > rows*101/100 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, name := range []string{"array", "packed"} {
		if all[tables[name].ID] != nil {
			t.Errorf("something is known of %s", name)
		}
	}
	one := all[tables["one"].ID]
	if x := one.Column("id"); x.Extent() != 999 || x.NullShare != 0 {
		t.Errorf("id: extent %g, nulls %g", x.Extent(), x.NullShare)
	}
	if x := one.Column("class"); x.Extent() != 3 || x.Distinct != 4 {
		t.Errorf("class: extent %g, %g values", x.Extent(), x.Distinct)
	}
	if x := one.Column("day"); x.Extent() != 365*86400e6 {
		t.Errorf("day: extent %g", x.Extent())
	}
	if x := one.Column("name"); x.NullShare != 0.25 || x.Extent() != -1 {
		t.Errorf("name: nulls %g, extent %g", x.NullShare, x.Extent())
	}
	if x := all[tables["many"].ID].Column("id"); x.Extent() != 2999 {
		t.Errorf("many: extent %g", x.Extent())
	}
	must(t, os.Remove(f.path+"/one.parquet"))
	if all, err = s.Statistics(t.Context(), list); err != nil || all[tables["many"].ID] == nil {
		t.Errorf("a file that is gone hides the others: %v", err)
	}
}
