package duck

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
)

// DuckDB throws where a scan's rows find no memory: that is the statement's error,
// and not the end of the process.
func TestScanWithoutMemory(t *testing.T) {
	text := catalog.Type{Kind: catalog.Text}
	list := catalog.Type{Kind: catalog.List, Elem: &text}
	columns := []catalog.Column{{Name: "l", Type: list}, {Name: "s", Type: text}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(columns))
	defer b.Release()
	const rows = 1000
	cell := strings.Repeat("x", 100<<10)
	lists := b.Field(0).(*array.ListBuilder)
	for range rows {
		lists.Append(true)
		lists.ValueBuilder().(*array.StringBuilder).Append(cell)
		b.Field(1).(*array.StringBuilder).Append(cell)
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	_, c := open(t, Options{Scans: true, MemoryBytes: 16 << 20})
	for _, column := range []string{"s", "l"} {
		scan := NewScan(t.Context(), ScanOptions{Columns: columns, Rows: rows, Open: func(context.Context, bool) (ArrowStream, error) {
			return &batches{recs: []arrow.RecordBatch{rec}}, nil
		}})
		_, err := c.QueryText(t.Context(), "SELECT max("+column+")::VARCHAR FROM ("+scan.SQL()+")")
		var e *Error
		if err == nil || !errors.As(scan.Err(), &e) || e.Kind != KindMemory {
			t.Errorf("%s: %v, of the scan: %v", column, err, scan.Err())
		}
		scan.Close()
	}
	if got, err := c.QueryText(t.Context(), "SELECT 'still here'"); err != nil || got != "still here" {
		t.Errorf("%q %v", got, err)
	}
}
