package keptfile

import (
	"fmt"
	"slices"

	"github.com/lianji/lianji/catalog"
)

// The members of a file. Every one is written out here, so that nothing that a table
// gets later goes to disk by itself: neither counts nor values are in it.
type (
	file struct {
		Format  int      `json:"format"`
		Sources []source `json:"sources"`
	}
	source struct {
		Name     string  `json:"name"`
		Identity string  `json:"identity"`
		Tables   []table `json:"tables"`
	}
	table struct {
		Schema     string     `json:"schema"`
		Name       string     `json:"name"`
		View       bool       `json:"view,omitempty"`
		Comment    string     `json:"comment,omitempty"`
		Columns    []column   `json:"columns"`
		PrimaryKey []string   `json:"primary_key,omitempty"`
		Unique     [][]string `json:"unique,omitempty"`
	}
	column struct {
		Name            string `json:"name"`
		SourceName      string `json:"source_name"`
		Type            *typ   `json:"type,omitempty"` // none where it cannot be read
		SourceType      string `json:"source_type"`
		NotNull         bool   `json:"not_null,omitempty"`
		Collation       string `json:"collation,omitempty"`
		BinaryCollation bool   `json:"binary_collation,omitempty"`
		NumberAsText    bool   `json:"number_as_text,omitempty"`
		Comment         string `json:"comment,omitempty"`
	}
	typ struct {
		Kind      string  `json:"kind"`
		Precision int32   `json:"precision,omitempty"`
		Scale     int32   `json:"scale,omitempty"`
		Elem      *typ    `json:"elem,omitempty"`
		Fields    []field `json:"fields,omitempty"`
	}
	field struct {
		Name string `json:"name"`
		Type typ    `json:"type"`
	}
)

// kinds are the words for kinds: their numbers may change from version to version.
var kinds = map[catalog.Kind]string{
	catalog.Bool: "bool", catalog.Int8: "int8", catalog.Int16: "int16", catalog.Int32: "int32", catalog.Int64: "int64",
	catalog.Uint8: "uint8", catalog.Uint16: "uint16", catalog.Uint32: "uint32", catalog.Uint64: "uint64",
	catalog.Float32: "float32", catalog.Float64: "float64", catalog.Decimal: "decimal", catalog.Text: "text", catalog.Blob: "blob",
	catalog.Date: "date", catalog.Time: "time", catalog.TimestampS: "timestamp_s", catalog.TimestampMS: "timestamp_ms",
	catalog.Timestamp: "timestamp", catalog.TimestampNS: "timestamp_ns", catalog.TimestampTZ: "timestamptz", catalog.Interval: "interval",
	catalog.UUID: "uuid", catalog.JSON: "json", catalog.HugeInt: "hugeint", catalog.List: "list", catalog.Struct: "struct",
	catalog.Map: "map", catalog.Null: "null",
}

var kindOf = func() map[string]catalog.Kind {
	of := make(map[string]catalog.Kind, len(kinds))
	for k, word := range kinds {
		of[word] = k
	}
	return of
}()

func tableOf(t *catalog.Table) (table, error) {
	out := table{Schema: t.ID.Schema, Name: t.ID.Name, View: t.View, Comment: t.Comment, PrimaryKey: t.PrimaryKey, Unique: t.Unique}
	for _, c := range t.Columns {
		of := column{
			Name: c.Name, SourceName: c.SourceName, SourceType: c.SourceType, NotNull: c.NotNull,
			Collation: c.Collation.Name, BinaryCollation: c.Collation.Binary, NumberAsText: c.NumberAsText, Comment: c.Comment,
		}
		if c.Type.Readable() {
			written, err := typeOf(c.Type)
			if err != nil {
				return out, err
			}
			of.Type = &written
		}
		out.Columns = append(out.Columns, of)
	}
	return out, nil
}

func typeOf(t catalog.Type) (typ, error) {
	out := typ{Kind: kinds[t.Kind], Precision: t.Precision, Scale: t.Scale}
	if out.Kind == "" {
		return out, fmt.Errorf("no word for the kind %d", t.Kind)
	}
	if t.Elem != nil {
		elem, err := typeOf(*t.Elem)
		if err != nil {
			return out, err
		}
		out.Elem = &elem
	}
	for _, f := range t.Fields {
		of, err := typeOf(f.Type)
		if err != nil {
			return out, err
		}
		out.Fields = append(out.Fields, field{f.Name, of})
	}
	return out, nil
}

// table gives what was written; not ok where no source is described so, or nothing could
// be shown of it.
func (t table) table() (*catalog.Table, bool) {
	out := &catalog.Table{
		ID: catalog.TableID{Schema: t.Schema, Name: t.Name}, View: t.View, Comment: t.Comment,
		PrimaryKey: t.PrimaryKey, Unique: t.Unique, Rows: -1,
	}
	seen := map[string]bool{}
	for _, c := range t.Columns {
		name := catalog.Fold(c.Name)
		if name == "" || seen[name] {
			return nil, false
		}
		seen[name] = true
		of := catalog.Column{
			Name: c.Name, SourceName: c.SourceName, SourceType: c.SourceType, NotNull: c.NotNull,
			Collation: catalog.Collation{Name: c.Collation, Binary: c.BinaryCollation}, NumberAsText: c.NumberAsText, Comment: c.Comment,
		}
		if c.Type != nil {
			var ok bool
			if of.Type, ok = c.Type.of(); !ok {
				return nil, false
			}
		}
		out.Columns = append(out.Columns, of)
	}
	for _, key := range append(slices.Clone(t.Unique), t.PrimaryKey) {
		for _, name := range key {
			if _, ok := out.Column(name); !ok {
				return nil, false
			}
		}
	}
	return out, t.Name != "" && len(t.Columns) > 0
}

// of gives a type that can be read; not ok where there is none such.
func (t typ) of() (catalog.Type, bool) {
	out := catalog.Type{Kind: kindOf[t.Kind], Precision: t.Precision, Scale: t.Scale}
	if t.Elem != nil {
		elem, ok := t.Elem.of()
		if !ok {
			return out, false
		}
		out.Elem = &elem
	}
	for _, f := range t.Fields {
		of, ok := f.Type.of()
		if !ok {
			return out, false
		}
		out.Fields = append(out.Fields, catalog.Field{Name: f.Name, Type: of})
	}
	digits := out.Kind != catalog.Decimal || 1 <= t.Precision && t.Precision <= 38 && 0 <= t.Scale && t.Scale <= t.Precision
	return out, out.Readable() && digits
}
