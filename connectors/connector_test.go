package connectors

import (
	"testing"

	"github.com/lianji/lianji/catalog"
)

// A column that was computed is not called by its expression: values may stand in it.
func TestComputedColumnsHaveNoName(t *testing.T) {
	date := catalog.Type{Kind: catalog.Date}
	computed := catalog.Column{Name: "coalesce(d, 'hunter2')", SourceName: "coalesce(d, 'hunter2')", Type: date, SourceType: date.DuckDB()}
	if got := ColumnName(computed) + ColumnName(catalog.Column{SourceName: "born", Type: date, SourceType: "date"}); got != "…born" {
		t.Error(got)
	}
}
