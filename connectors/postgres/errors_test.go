package postgres

import (
	"testing"

	"github.com/lianji/lianji/catalog"
)

// A column that was computed is not called by its expression: values may stand in it.
func TestComputedColumnsHaveNoName(t *testing.T) {
	number := catalog.Type{Kind: catalog.Int64}
	computed := catalog.Column{Name: "n + 4711", SourceName: "n + 4711", Type: number, SourceType: number.DuckDB()}
	if got := nameOf(computed) + nameOf(catalog.Column{SourceName: "n", Type: number, SourceType: "bigint"}); got != "…n" {
		t.Error(got)
	}
}
