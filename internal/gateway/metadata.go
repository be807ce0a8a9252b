package gateway

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// The columns of answers that are no query's.
var (
	schemasColumns  = []string{"schema"}
	tablesColumns   = []string{"schema", "table", "comment"}
	describeColumns = []string{"column", "type", "source_type", "comment"}
	explainColumns  = []string{"explain"}
)

// metadata answers SHOW and DESCRIBE from the snapshot: no source is touched and
// DuckDB's own metadata is never asked.
func metadata(s policy.Snapshot, stmt sqltext.Stmt, sql string) (*server.Answer, error) {
	switch stmt.Kind {
	case sqltext.ShowSchemas:
		var rows [][]string
		for _, r := range s.Resources() {
			schema := strings.Join(r.Path[:len(r.Path)-1], ".")
			if len(rows) == 0 || rows[len(rows)-1][0] != schema {
				rows = append(rows, []string{schema})
			}
		}
		return table(schemasColumns, rows), nil
	case sqltext.ShowTables:
		var rows [][]string
		for _, r := range s.Resources() {
			last := len(r.Path) - 1
			if len(stmt.Path) > 0 && !strings.EqualFold(strings.Join(stmt.Path, "."), strings.Join(r.Path[:last], ".")) {
				continue
			}
			rows = append(rows, []string{strings.Join(r.Path[:last], "."), r.Path[last], r.Table.Comment})
		}
		return table(tablesColumns, rows), nil
	}
	r, ok := policy.Listed(s, stmt.Path)
	if !ok {
		if err := policy.Unavailable(s, stmt.Path); err != nil {
			return nil, err
		}
		e := errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": strings.Join(stmt.Path, ".")})
		var names []string
		for _, r := range s.Resources() {
			names = append(names, r.Name())
		}
		e.Nearest = gate.Nearest(strings.Join(stmt.Path, "."), names, 3)
		return nil, e.At(sql, stmt.Offset)
	}
	return columnsOf(r.Columns), nil
}

// columnsOf lists columns as DESCRIBE does.
func columnsOf(columns []catalog.Column) *server.Answer {
	var rows [][]string
	for _, c := range columns {
		rows = append(rows, []string{c.Name, c.Type.DuckDB(), c.SourceType, c.Comment})
	}
	return table(describeColumns, rows)
}

// explained gives a plan's explanation as rows of text. With ANALYZE the plan runs
// as any other query does, and only what was counted comes back.
func (g *Gateway) explained(ctx context.Context, s server.Session, bound *planner.Statement, p *planner.Plan, stmt sqltext.Stmt) (*server.Answer, error) {
	reads := bound.Resources()
	whole := explainsWhole(s, reads)
	e, add := bound.Explain(p), (*planner.Explanation).AddOwnRun
	if whole {
		e, add = p.ExplainWhole(), (*planner.Explanation).AddRun
	}
	if stmt.Analyze {
		ctx, end := watched(ctx, s, reads)
		defer end()
		measured, err := g.engine.Analyze(ctx, p)
		if err != nil {
			return nil, why(ctx, err)
		}
		add(e, measured)
	}
	if stmt.JSON {
		var b strings.Builder
		w := json.NewEncoder(&b)
		w.SetEscapeHTML(false) // a source's text is to be read as it is
		w.SetIndent("", "  ")
		if err := w.Encode(e); err != nil {
			return nil, errs.Internalf("explain: %v", err)
		}
		return table(explainColumns, [][]string{{strings.TrimRight(b.String(), "\n")}}), nil
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimRight(e.Text(), "\n"), "\n") {
		rows = append(rows, []string{line})
	}
	return table(explainColumns, rows), nil
}

func textColumns(names []string) []catalog.Column {
	columns := make([]catalog.Column, len(names))
	for i, n := range names {
		columns[i] = catalog.Column{Name: n, Type: catalog.Type{Kind: catalog.Text}}
	}
	return columns
}

// table gives an answer of text columns.
func table(names []string, rows [][]string) *server.Answer {
	columns := textColumns(names)
	schema := catalog.ArrowSchema(columns)
	return &server.Answer{Columns: columns, Stream: &fixed{schema: schema, batch: textBatch(schema, rows)}}
}

func textBatch(schema *arrow.Schema, rows [][]string) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, row := range rows {
		for i, cell := range row {
			b.Field(i).(*array.StringBuilder).Append(cell)
		}
	}
	return b.NewRecordBatch()
}

// fixed is a stream of one batch.
type fixed struct {
	schema *arrow.Schema
	batch  arrow.RecordBatch
	given  bool
}

func (f *fixed) Schema() *arrow.Schema          { return f.schema }
func (f *fixed) RecordBatch() arrow.RecordBatch { return f.batch }
func (f *fixed) Err() error                     { return nil }
func (f *fixed) Warnings() []errs.Warning       { return nil }

func (f *fixed) Next() bool {
	first := !f.given && f.batch != nil && f.batch.NumRows() > 0
	f.given = true
	return first
}

func (f *fixed) Release() {
	if f.batch != nil {
		f.batch.Release()
		f.batch = nil
	}
}
