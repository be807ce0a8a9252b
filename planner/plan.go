package planner

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/tokenize"
)

// Plan is a statement with its parameters' values: what each source is asked, and
// what DuckDB does with the answers. It is immutable.
type Plan struct {
	Columns []catalog.Column // of the result
	Streams []*Stream        // what the residual reads, or the client when Straight
	// Straight says that the one stream's rows are the answer. Project then gives,
	// for each result column, the stream's column; nil means as they are.
	Straight bool
	Project  []int
	Text     string          // the residual, for DuckDB
	Values   []catalog.Value // of Text's parameters, by number from 1
	// Fallback says in words why the statement runs as it was written, each table
	// reference a scan of its own; empty when the planner's tree was used.
	Fallback string
	Scans    []*Scan // of the fallback, one for each table reference, in the text's order
	root     *node   // of the fallback
	tree     ir.Node // with the borders of sources; nil for the fallback
	byText   func() (*Plan, error)
	notes    func() []rules.Note // of a tree
	fired    []string            // rules that changed the tree
}

// Stream is what a residual reads: rows of a source, or of a stage of policy.
type Stream struct {
	Source  string            // empty for a stage
	SQL     string            // in the source's dialect
	Values  []catalog.Value   // of SQL's placeholders
	Columns []catalog.Column  // as they come
	Table   catalog.TableID   // for errors that name one; the first that is read
	More    []catalog.TableID // further ones
	Rows    int64             // estimate; -1 when unknown
	Shown   []catalog.Column  // what the residual sees
	Fetched []int             // for each of Shown its place in Columns, -1 for one that does not come
	Spool   bool              // must be read into a table first: it may be read more than once
	Stage   *Stage            // when it is no source's
	Keyed   *Keyed            // when it waits for keys; nil otherwise
	part    *ir.Remote        // of a tree; nil for the fallback
	view    func(kind, from string) []string
	whole   func() *Stream
}

// Stage is a statement of policy that runs apart: the residual sees its rows only.
type Stage struct {
	Text    string
	Streams []*Stream
	Tokens  []tokenize.Of // that the text makes
}

// Views writes the statements that show a stream to its residual under its own name;
// from is a SELECT of all of Shown. A spool becomes a table.
func (s *Stream) Views(from string) []string {
	if s.Spool {
		return s.view("TABLE", from)
	}
	return s.view("VIEW", from)
}

// Whole gives the stream with every column that the residual sees: for a residual
// in which DuckDB reads more than the plan needs.
func (s *Stream) Whole() *Stream {
	if s.whole == nil {
		return s
	}
	return s.whole()
}

// Spooled gives the stream to be read into a table first.
func (s *Stream) Spooled() *Stream {
	w := *s.Whole()
	w.Spool = true
	return &w
}

// Scan is what one table reference of the fallback reads of its source.
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

// maxSent is how many predicates a source gets with one scan of the fallback: SQLite
// refuses an expression of more than 1,000 levels.
const maxSent = 200

// sent gives the predicates that the source gets: of those that only spare rows, the
// first ones do.
func (s *Scan) sent() []dialect.Predicate {
	var sent []dialect.Predicate
	for _, j := range s.Where {
		if j.Verdict != dialect.None && len(sent) < maxSent {
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

// Plan gives the statement its parameters' values, one for each of s.Params. It ends
// with ctx between two rules.
func (s *Statement) Plan(ctx context.Context, values []catalog.Value) (*Plan, error) {
	if len(values) != len(s.Params) {
		return nil, errs.New(errs.ParameterInvalid, "parameter_count", msg.Args{"Want": len(s.Params), "Got": len(values)})
	}
	if err := s.tooLong(values); err != nil {
		return nil, err
	}
	why := s.fallback
	if s.logical != nil {
		p, reason, err := s.planTree(ctx, values)
		if err != nil {
			return nil, errs.From(err)
		}
		if p != nil {
			return p, nil
		}
		why = reason
	}
	return s.planText(values, why, false)
}

// tooLong refuses a parameter of which each row would make more than the gate lets
// constants make.
func (s *Statement) tooLong(values []catalog.Value) error {
	for i, v := range values {
		most, ok := s.longest[strconv.Itoa(i+1)]
		if text, isText := v.V.(string); ok && isText && len(text) > most {
			return errs.New(errs.StatementTooComplex, "parameter_too_long", msg.Args{"Name": s.Params[i].Name, "Max": most})
		}
	}
	return nil
}

// Resources lists what the statement names, whether or not a plan still reads it.
func (s *Statement) Resources() []*policy.Resource {
	out := make([]*policy.Resource, len(s.refs))
	for i, r := range s.refs {
		out[i] = r.resource
	}
	return out
}

// typed gives text with its columns cast to the types of the answer. DuckDB types
// 'x' || NULL as NULL once it knows that a parameter's value is NULL, or what it computes
// of one.
func typed(text string, columns []catalog.Column) string {
	if s, err := sqltext.Statement(text); err == nil { // without its semicolon
		text = s.SQL
	}
	names, list := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = "n" + strconv.Itoa(i+1)
		list[i] = names[i]
		if c.Type.Kind != catalog.Null {
			list[i] = "CAST(" + names[i] + " AS " + c.Type.DuckDB() + ")"
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + text + "\n) AS x(" + strings.Join(names, ", ") + ")"
}

// planText plans the fallback. Its types are cast where a value is NULL, or a plan
// without that turned out to have others.
func (s *Statement) planText(values []catalog.Value, why string, cast bool) (*Plan, error) {
	read, err := s.forText()
	if err != nil {
		return nil, err
	}
	p := &Plan{Columns: s.Columns, Text: s.text, Values: values, Fallback: why, root: read.root}
	if cast || slices.ContainsFunc(values, catalog.Value.IsNull) {
		p.Text = typed(s.text, s.Columns)
	} else if len(values) > 0 {
		p.byText = func() (*Plan, error) { return s.planText(values, why, true) }
	}
	for i, ref := range s.refs {
		scan, err := s.scan(ref, read.refs[i], values)
		if err != nil {
			return nil, err
		}
		p.Scans = append(p.Scans, scan)
	}
	s.goStraight(p, read.straight, values)
	for i, scan := range p.Scans {
		stream := scan.stream()
		if guard := s.guards[s.refs[i].number]; guard != nil {
			var err error
			if stream, err = s.guardedStream(scan, guard, s.refs[i].number); err != nil {
				return nil, err
			}
		}
		p.Streams = append(p.Streams, stream)
	}
	return p, nil
}

// stream gives what the executor needs of the scan.
func (s *Scan) stream() *Stream {
	t := &Stream{
		Source: s.Resource.Source, SQL: s.SQL, Values: s.Values, Columns: s.Columns, Table: s.Resource.Table.ID,
		Rows: s.Resource.Table.Estimate(), Shown: s.Resource.Columns, Spool: s.Spool, view: s.views,
		whole: func() *Stream { return s.Whole().stream() },
	}
	t.Fetched = make([]int, len(t.Shown))
	for i := range t.Fetched {
		t.Fetched[i] = -1
	}
	for k, i := range s.Positions {
		t.Fetched[i] = k
	}
	return t
}

func (s *Statement) scan(ref *reference, read refReading, values []catalog.Value) (*Scan, error) {
	r := ref.resource
	d := s.planner.dialect(r.Source)
	if d == nil {
		return nil, errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": r.Source})
	}
	scan := &Scan{Resource: r, Catalog: ref.catalog(), Schema: ref.schema, Name: ref.name, Positions: read.columns, Spool: read.spool, dialect: d}
	for _, i := range read.columns {
		scan.Columns = append(scan.Columns, r.Columns[i])
	}
	for _, q := range read.where {
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
func (s *Statement) goStraight(p *Plan, way *straight, values []catalog.Value) {
	if way == nil || len(way.where) > maxSent {
		return
	}
	r, scan := way.ref.resource, p.Scans[0]
	d := s.planner.dialect(r.Source)
	var where []Judged
	for _, q := range way.where {
		judged, ok := judge(d, r, q, values)
		if !ok || judged.Verdict != dialect.Exact {
			return
		}
		where = append(where, judged)
	}
	at := map[int]int{}
	var positions []int
	var columns []catalog.Column
	for _, c := range way.columns {
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

// views shows the scan in the catalogue of its own that the text names.
func (s *Scan) views(kind, from string) []string {
	place := catalog.QuoteIdent(s.Catalog) + "." + catalog.QuoteIdent(s.Schema)
	return []string{
		"ATTACH ':memory:' AS " + catalog.QuoteIdent(s.Catalog),
		"CREATE SCHEMA IF NOT EXISTS " + place,
		strings.Join([]string{"CREATE", kind, place + "." + catalog.QuoteIdent(s.Name), "AS", from}, " "),
	}
}

// ByText gives the plan to try next when DuckDB turns out not to take the residual, or
// to give other types: the fallback, and then that with its types cast. It is nil when
// there is none.
func (p *Plan) ByText() (*Plan, error) {
	if p.byText == nil {
		return nil, nil
	}
	return p.byText()
}

// Tree gives the tree with the borders of sources; nil for the fallback.
func (p *Plan) Tree() ir.Node { return p.tree }
