package planner

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

// Plan is a statement with its parameters' values: what each source is asked,
// and what DuckDB does with the answers. It is immutable.
type Plan struct {
	Columns []catalog.Column // of the result
	Scans   []*Scan          // one for each table reference, in the text's order
	// Straight says that the one scan's rows are the answer. Project then gives,
	// for each result column, the scan's column.
	Straight bool
	Project  []int
	// Text is the residual, for DuckDB: it names scan n as <Catalog>.<Schema>.<Name> of Scans[n-1].
	Text   string
	Values []catalog.Value // of Text's parameters, by number from 1
	root   *node
}

// Scan is one fragment: what one table reference reads of its source.
type Scan struct {
	Resource  *policy.Resource
	Catalog   string // the reference's own, in binder and executor
	Schema    string
	Name      string
	Positions []int            // of Resource.Columns, that are read
	Columns   []catalog.Column // the same, as columns
	Where     []Judged         // every predicate that reached the reference
	SQL       string           // in the source's dialect
	Values    []catalog.Value  // of SQL's placeholders
	Spool     bool             // must be read into a table first: it may be read more than once
	dialect   dialect.Dialect
}

// Whole gives the scan with every column of its resource: for a spool, where
// nothing tells whether a column that was left out is read after all, and for a
// residual in which DuckDB reads more than the plan needs.
func (s *Scan) Whole() *Scan {
	w := *s
	w.Positions, w.Columns = nil, s.Resource.Columns
	for i := range w.Columns {
		w.Positions = append(w.Positions, i)
	}
	w.SQL, w.Values = s.dialect.Scan(s.Resource.Table, w.Columns, s.sent())
	return &w
}

// sent gives the predicates that the source gets.
func (s *Scan) sent() []dialect.Predicate {
	var sent []dialect.Predicate
	for _, j := range s.Where {
		if j.Verdict != dialect.None {
			sent = append(sent, j.Predicate)
		}
	}
	return sent
}

// Judged is a predicate with its verdict.
type Judged struct {
	dialect.Predicate
	Verdict dialect.Verdict
	Reason  string // in words, where the verdict is not exact
}

// Plan gives the statement its parameters' values, one for each of s.Params.
func (s *Statement) Plan(values []catalog.Value) (*Plan, error) {
	if len(values) != len(s.Params) {
		return nil, errs.New(errs.ParameterInvalid, "parameter_count", msg.Args{"Want": len(s.Params), "Got": len(values)})
	}
	p := &Plan{Columns: s.Columns, Text: s.text, Values: values, root: s.root}
	for _, ref := range s.refs {
		scan, err := s.scan(ref, values)
		if err != nil {
			return nil, err
		}
		p.Scans = append(p.Scans, scan)
	}
	s.goStraight(p, values)
	return p, nil
}

func (s *Statement) scan(ref *reference, values []catalog.Value) (*Scan, error) {
	r := ref.resource
	d := s.planner.dialect(r.Source)
	if d == nil {
		return nil, errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": r.Source})
	}
	scan := &Scan{Resource: r, Catalog: ref.catalog(), Schema: ref.schema, Name: ref.name, Positions: ref.columns, Spool: ref.spool, dialect: d}
	for _, i := range ref.columns {
		scan.Columns = append(scan.Columns, r.Columns[i])
	}
	for _, q := range s.pushed[ref.number] {
		if judged, ok := judge(d, r, q, values); ok {
			scan.Where = append(scan.Where, judged)
		}
	}
	if scan.Spool {
		return scan.Whole(), nil
	}
	scan.SQL, scan.Values = d.Scan(r.Table, scan.Columns, scan.sent())
	return scan, nil
}

// judge makes a predicate of a conjunct and asks the dialect for its worth. Not
// ok means that its constants have no value that DuckDB's casts surely give.
func judge(d dialect.Dialect, r *policy.Resource, q pushed, values []catalog.Value) (Judged, bool) {
	column := r.Columns[q.column]
	if !q.typ.Equal(column.Type) {
		return Judged{}, false
	}
	j := Judged{Predicate: dialect.Predicate{Column: column, Op: q.op}}
	for _, o := range q.operands {
		v, ok := o.resolve(values, column.Type)
		if !ok {
			return Judged{}, false
		}
		j.Values = append(j.Values, v)
	}
	j.Verdict, j.Reason = d.Verdict(j.Predicate)
	return j, true
}

// goStraight lets the rows pass DuckDB by, where every predicate is exact.
func (s *Statement) goStraight(p *Plan, values []catalog.Value) {
	if s.straight == nil {
		return
	}
	r, scan := s.straight.ref.resource, p.Scans[0]
	d := s.planner.dialect(r.Source)
	var where []Judged
	for _, q := range s.straight.where {
		judged, ok := judge(d, r, q, values)
		if !ok || judged.Verdict != dialect.Exact {
			return
		}
		where = append(where, judged)
	}
	at := map[int]int{}
	var positions []int
	var columns []catalog.Column
	for _, c := range s.straight.columns {
		if _, ok := at[c]; !ok {
			at[c] = len(columns)
			positions, columns = append(positions, c), append(columns, r.Columns[c])
		}
		p.Project = append(p.Project, at[c])
	}
	scan.Positions, scan.Columns, scan.Where = positions, columns, where
	scan.SQL, scan.Values = d.Scan(r.Table, columns, scan.sent())
	p.Straight = true
}

// View writes the statement that shows a scan to the residual under its own
// name; from is a SELECT of all of Resource.Columns.
func (s *Scan) View(from string) []string {
	place := catalog.QuoteIdent(s.Catalog) + "." + catalog.QuoteIdent(s.Schema)
	kind := "VIEW"
	if s.Spool {
		kind = "TABLE"
	}
	return []string{
		"ATTACH ':memory:' AS " + catalog.QuoteIdent(s.Catalog),
		"CREATE SCHEMA IF NOT EXISTS " + place,
		strings.Join([]string{"CREATE", kind, place + "." + catalog.QuoteIdent(s.Name), "AS", from}, " "),
	}
}
