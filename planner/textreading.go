package planner

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// textReading is what the fallback knows of a statement: what of its plan can be told
// to sources, each table reference a scan of its own.
type textReading struct {
	root     *node
	refs     []refReading // in the order of the statement's references
	straight *straight    // when rows can go to the client as the source gives them
}

// refReading is what the fallback knows of a table reference.
type refReading struct {
	columns []int    // of resource.Columns, needed
	spool   bool     // must be read into a table first: DuckDB may read it more than once
	where   []pushed // that all of its rows must pass to matter
}

// forText reads the plan for the fallback, once: most statements never need it.
func (s *Statement) forText() (*textReading, error) {
	s.textOnce.Do(func() { s.textRead, s.textErr = s.readForText() })
	return s.textRead, s.textErr
}

func (s *Statement) readForText() (*textReading, error) {
	w := &textReading{root: decodePlan(s.raw)}
	need, where := requiredColumns(w.root), pushPredicates(w.root)
	if need.rowid {
		return nil, errs.New(errs.UnknownName, "unknown_column", msg.Args{"Name": "rowid"})
	}
	for _, ref := range s.refs {
		one := refReading{spool: ref.spool || need.reads[ref.number] > 1 || need.again[ref.number]}
		for i := range ref.resource.Columns {
			if need.columns[ref.number][i] {
				one.columns = append(one.columns, i)
			}
		}
		if len(one.columns) == 0 { // count(*): rows still have to be counted by something
			one.columns = []int{narrowest(ref.resource.Columns)}
		}
		// One read's filter says nothing of the other's, and nothing goes below a guard.
		if need.reads[ref.number] == 1 && ref.resource.Guard == nil {
			one.where = where[ref.number]
		}
		w.refs = append(w.refs, one)
	}
	if len(s.refs) == 1 && !w.refs[0].spool && s.refs[0].resource.Guard == nil {
		w.straight = straightThrough(w.root, s.refs[0])
	}
	return w, nil
}

// narrowest picks the column that costs least to read.
func narrowest(columns []catalog.Column) int {
	best, cost := 0, 1<<30
	for i, c := range columns {
		w := 64
		switch c.Type.Kind {
		case catalog.Bool, catalog.Int8, catalog.Uint8:
			w = 1
		case catalog.Int16, catalog.Uint16:
			w = 2
		case catalog.Int32, catalog.Uint32, catalog.Float32, catalog.Date:
			w = 4
		case catalog.Int64, catalog.Uint64, catalog.Float64, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
			w = 8
		case catalog.Decimal:
			w = 16
		}
		if w < cost {
			best, cost = i, w
		}
	}
	return best
}
