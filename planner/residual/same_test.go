package residual_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/plantest"
)

var (
	seedFlag  = flag.Uint64("residual.seed", 20240229, "seed of generated tables and statements")
	countFlag = flag.Uint64("residual.statements", 500, "generated statements")
)

func tpchWorld(t testing.TB, sf float64) *world {
	dir := oracle.TPCH(t, sf)
	tables := map[string][]catalog.Column{}
	for _, name := range oracle.TPCHTables {
		tables["tpch."+name] = oracle.TPCHColumns(name, oracle.DuckDB)
	}
	keys := map[string][]string{}
	for _, table := range plantest.Tables("tpch") {
		keys["tpch."+table.ID.Name] = table.PrimaryKey
	}
	return newWorld(t, tables, keys, func(r *oracle.Reference) error {
		for _, name := range oracle.TPCHTables {
			if err := r.LoadTPCH(t.Context(), dir, name, oracle.DuckDB, "tpch", name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Each statement of TPC-H gives the same rows, and each has a text.
func TestTPCH(t *testing.T) {
	w := tpchWorld(t, 0.01)
	for i, text := range plantest.TPCH(t) {
		unsupported := map[string]int{}
		w.check(t, fmt.Sprintf("statement %d", i+1), oracle.TPCHStatement(i+1, text), unsupported)
		for why := range unsupported {
			t.Errorf("statement %d: %s", i+1, why)
		}
	}
}

func TestTPCDS(t *testing.T) {
	dir := oracle.TPCDS(t, 0.01)
	tables := map[string][]catalog.Column{}
	for _, name := range oracle.TPCDSTables {
		tables["ds."+name] = oracle.TPCDSColumns(name, oracle.DuckDB)
	}
	w := newWorld(t, tables, nil, func(r *oracle.Reference) error {
		for _, name := range oracle.TPCDSTables {
			if err := r.LoadTPCDS(t.Context(), dir, name, oracle.DuckDB, "ds", name); err != nil {
				return err
			}
		}
		return nil
	})
	unsupported := map[string]int{}
	for n := 1; n <= 99; n++ {
		text, err := oracle.TPCDSText(dir, n, "ds")
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, fmt.Sprintf("statement %d", n), oracle.TPCDSStatement(n, text), unsupported)
	}
	report(t, 99, unsupported)
}

// Statements at random over every type, on trees as they are bound and as the rules
// leave them, the former for every second one. (The statements of TPC-H and TPC-DS are products of all their tables
// before any rule, and would not end.)
func TestGenerated(t *testing.T) {
	t.Logf("seed %d (-residual.seed)", *seedFlag)
	tables := oracle.TestTables(*seedFlag, oracle.DuckDB, "duck")
	tables = append(tables, oracle.TestTables(*seedFlag, oracle.PostgreSQL, "pgx")...)
	columns := map[string][]catalog.Column{}
	for _, table := range tables {
		columns[table.Path[0]+"."+table.Path[1]] = table.Columns
	}
	w := newWorld(t, columns, nil, func(r *oracle.Reference) error {
		for _, table := range tables {
			if err := r.Load(t.Context(), table); err != nil {
				return err
			}
		}
		return nil
	})
	g := oracle.NewGenerator(*seedFlag, tables)
	for every, bare := range map[uint64]bool{1: false, 2: true} {
		w.bare = bare
		unsupported, all := map[string]int{}, 0
		for n := uint64(0); n < *countFlag; n += every {
			all++
			w.check(t, fmt.Sprintf("statement %d", n), g.Statement(n), unsupported)
		}
		report(t, all, unsupported)
	}
}
