package logical

import (
	"github.com/lianji/lianji/catalog"
)

var kinds = map[string]catalog.Kind{
	"BOOLEAN": catalog.Bool, "TINYINT": catalog.Int8, "SMALLINT": catalog.Int16, "INTEGER": catalog.Int32, "BIGINT": catalog.Int64,
	"UTINYINT": catalog.Uint8, "USMALLINT": catalog.Uint16, "UINTEGER": catalog.Uint32, "UBIGINT": catalog.Uint64, "HUGEINT": catalog.HugeInt,
	"FLOAT": catalog.Float32, "DOUBLE": catalog.Float64, "VARCHAR": catalog.Text, "BLOB": catalog.Blob, "DATE": catalog.Date, "TIME": catalog.Time,
	"TIMESTAMP": catalog.Timestamp, "TIMESTAMP_S": catalog.TimestampS, "TIMESTAMP_MS": catalog.TimestampMS, "TIMESTAMP_NS": catalog.TimestampNS,
	"TIMESTAMP WITH TIME ZONE": catalog.TimestampTZ, "INTERVAL": catalog.Interval, "UUID": catalog.UUID, "NULL": catalog.Null,
}

// declaredOnly are types that a function declares for its parameters and that no
// value has.
var declaredOnly = map[string]bool{"ANY": true, "INVALID": true}

// typ reads the type of a value.
func (d *decoder) typ(v *value) catalog.Type { return d.readType(v, false) }

// declared reads types as a function declares them. Nothing depends on them: the
// arguments have types of their own.
func (d *decoder) declared(list []value) {
	for i := range list {
		d.readType(&list[i], true)
	}
}

func (d *decoder) readType(v *value, declared bool) catalog.Type {
	if !d.enter() {
		return catalog.Type{}
	}
	defer d.leave()
	if v.Kind == object && len(v.List) == 1 && v.List[0].Key == "id" && v.List[0].Kind == text { // most are
		return d.plainType(v.List[0].Text, declared)
	}
	r := d.object(v, "a type")
	id := r.text("id")
	if id == "LAMBDA" {
		d.unsupported("a lambda")
	}
	if r.has("type_info") {
		info := d.object(r.object("type_info"), id)
		r.done()
		t := d.withInfo(id, info, declared)
		info.done()
		return t
	}
	r.done()
	return d.plainType(id, declared)
}

// plainType gives the type that has no more than its name.
func (d *decoder) plainType(id string, declared bool) catalog.Type {
	if id == "LAMBDA" {
		d.unsupported("a lambda")
	}
	k, ok := kinds[id]
	if !ok && !(declared && declaredOnly[id]) {
		d.unsupported("the type %s", id)
	}
	return catalog.Type{Kind: k}
}

// withInfo reads a type that has more than its name.
func (d *decoder) withInfo(id string, info *reader, declared bool) catalog.Type {
	form, alias := info.text("type"), info.text("alias")
	switch {
	case id == "VARCHAR" && form == "GENERIC_TYPE_INFO" && alias == "JSON":
		return catalog.Type{Kind: catalog.JSON}
	case alias != "":
		d.unsupported("the type %s", alias)
	case id == "DECIMAL" && form == "DECIMAL_TYPE_INFO":
		width, scale := info.index("width"), info.index("scale")
		if width < 1 || width > 38 || scale > width {
			d.broken("a decimal of %d digits, %d after the point", width, scale)
		}
		return catalog.DecimalOf(int32(width), int32(scale))
	case id == "LIST" && form == "LIST_TYPE_INFO":
		return catalog.ListOf(d.readType(info.get("child_type"), declared))
	case id == "STRUCT" && form == "STRUCT_TYPE_INFO":
		return catalog.Type{Kind: catalog.Struct, Fields: d.fields(info.list("child_types"), declared)}
	case id == "MAP" && form == "LIST_TYPE_INFO":
		entry := d.readType(info.get("child_type"), declared)
		if entry.Kind != catalog.Struct || len(entry.Fields) != 2 {
			d.broken("a map without key and value")
		}
		return catalog.Type{Kind: catalog.Map, Fields: entry.Fields}
	case id == "VARCHAR" && form == "STRING_TYPE_INFO":
		d.unsupported("text with the collation %s", info.text("collation"))
	case id == "ANY" && form == "ANY_TYPE_INFO" && declared:
		d.readType(info.get("target_type"), declared)
		info.index("cast_score")
	default:
		d.unsupported("the type %s (%s)", id, form)
	}
	return catalog.Type{}
}

func (d *decoder) fields(list []value, declared bool) []catalog.Field {
	out := make([]catalog.Field, 0, len(list))
	for i := range list {
		r := d.object(&list[i], "a field of a struct")
		out = append(out, catalog.Field{Name: r.text("first"), Type: d.readType(r.get("second"), declared)})
		r.done()
	}
	return out
}

func (d *decoder) types(list []value) []catalog.Type {
	out := make([]catalog.Type, 0, len(list))
	for i := range list {
		out = append(out, d.typ(&list[i]))
	}
	return out
}
