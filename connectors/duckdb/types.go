package duckdb

import (
	"context"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
)

//go:generate go test -tags=duckdb_arrow -count=1 -run=^TestTypesDoc$ . -update-types

// columnInfo is a column as DuckDB's catalogue lists it.
type columnInfo struct {
	Schema, Relation, Name string
	Type                   string
	Nullable               bool
	Comment                string
}

// columns gives the columns of a table or view. The types are those that a
// statement over it has: the listed ones are spellings. A view that cannot be
// bound any more is listed with columns that have no type.
func columns(ctx context.Context, c *duck.Conn, relation string, listed []columnInfo) ([]catalog.Column, error) {
	out := make([]catalog.Column, len(listed))
	names := make([]string, len(listed))
	for i, l := range listed {
		names[i] = l.Name
		out[i] = catalog.Column{SourceName: l.Name, SourceType: l.Type, NotNull: !l.Nullable, Comment: l.Comment}
	}
	for i, name := range catalog.PublishNames(names) {
		out[i].Name = name
	}
	bound, err := duckscan.Types(ctx, c, relation)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil || len(bound) != len(listed):
		return out, nil
	}
	text := false
	for i := range out {
		if bound[i].Name == out[i].SourceName {
			out[i].Type = duckscan.As(bound[i].Type)
			text = text || out[i].Type.Kind == catalog.Text
		}
	}
	if !text {
		return out, nil
	}
	collations, err := duckscan.Collations(ctx, c, relation, len(out))
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Type.Kind == catalog.Text {
			out[i].Collation = collations[i]
		}
	}
	return out, nil
}
