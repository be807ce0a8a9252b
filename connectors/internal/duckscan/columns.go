package duckscan

import (
	"context"
	"encoding/json"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

// As gives the type in which the gateway reads a value of a DuckDB type: parts
// that it has no type for are read as text (the dialect casts them).
func As(t catalog.Type) catalog.Type {
	switch t.Kind {
	case catalog.Invalid:
		return catalog.Type{Kind: catalog.Text}
	case catalog.Null:
		return catalog.Type{Kind: catalog.Int32}
	}
	if t.Elem != nil {
		return catalog.ListOf(As(*t.Elem))
	}
	if t.Fields != nil {
		fields := make([]catalog.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = catalog.Field{Name: f.Name, Type: As(f.Type)}
		}
		t.Fields = fields
	}
	return t
}

// Types gives the names and types of the columns of a relation, which stands in
// SQL as it is.
func Types(ctx context.Context, c *duck.Conn, relation string) ([]duck.ResultColumn, error) {
	stmt, err := c.Prepare(ctx, "SELECT * FROM "+relation)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	return stmt.Columns(), nil
}

// Collations gives the collation of each column of a relation, as its bound plan
// has it: the catalogue's own tables do not show them.
func Collations(ctx context.Context, c *duck.Conn, relation string, columns int) ([]catalog.Collation, error) {
	text, err := c.QueryText(ctx, "SELECT json_serialize_plan(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false, optimize := false)",
		catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: "SELECT * FROM " + relation})
	if err != nil {
		return nil, err
	}
	var parsed struct {
		Plans []struct {
			Type        string
			Expressions []struct {
				ReturnType struct {
					ID   string
					Info *struct{ Collation string } `json:"type_info"`
				} `json:"return_type"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, errs.Internalf("the plan of a table cannot be read")
	}
	out := make([]catalog.Collation, columns)
	if len(parsed.Plans) != 1 || parsed.Plans[0].Type != "LOGICAL_PROJECTION" || len(parsed.Plans[0].Expressions) != columns {
		return out, nil // nothing is known: nothing is called binary
	}
	for i, e := range parsed.Plans[0].Expressions {
		if e.ReturnType.ID != "VARCHAR" {
			continue
		}
		if info := e.ReturnType.Info; info != nil {
			out[i].Name = info.Collation
		}
		out[i].Binary = out[i].Name == ""
	}
	return out, nil
}
