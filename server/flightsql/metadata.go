package flightsql

import (
	"cmp"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/proto"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

// known is an answer out of the caller's snapshot: no source is touched for it, and it is
// no statement for the audit.
type known struct {
	schema *arrow.Schema
	// rows gives the rows batch by batch, each as long as its taker does not return, and ends
	// with the first error of that.
	rows func(take func(arrow.RecordBatch) error) error
}

// tableType is the type of every table: what it is at its source is the source's affair.
const tableType = "TABLE"

// known answers a command that asks what there is; false for any other.
func (d *door) known(c *caller, cmd proto.Message) (known, bool) {
	resources := c.session.Snapshot.Resources
	switch cmd := cmd.(type) {
	case *pb.CommandGetCatalogs:
		// Names have two parts, agency and resource: there are no catalogues to choose from.
		return built(schema_ref.Catalogs, func(*row) {}), true
	case *pb.CommandGetDbSchemas:
		return built(schema_ref.DBSchemas, func(out *row) { schemas(out, cmd, resources()) }), true
	case *pb.CommandGetTables:
		schema := schema_ref.Tables
		if cmd.GetIncludeSchema() {
			schema = schema_ref.TablesWithIncludedSchema
		}
		return built(schema, func(out *row) { tables(out, cmd, resources()) }), true
	case *pb.CommandGetTableTypes:
		return built(schema_ref.TableTypes, func(out *row) { out.add(tableType) }), true
	case *pb.CommandGetPrimaryKeys:
		return built(schema_ref.PrimaryKeys, func(out *row) {
			keys(out, fsql.TableRef{Catalog: cmd.Catalog, DBSchema: cmd.DbSchema, Table: cmd.GetTable()}, resources())
		}), true
	case *pb.CommandGetExportedKeys, *pb.CommandGetImportedKeys, *pb.CommandGetCrossReference:
		// Which tables refer to which is not in the catalogue.
		return built(schema_ref.ExportedKeys, func(*row) {}), true
	case *pb.CommandGetXdbcTypeInfo:
		return built(schema_ref.XdbcTypeInfo, func(out *row) { types(out, cmd) }), true
	case *pb.CommandGetSqlInfo:
		return known{schema_ref.SqlInfo, func(take func(arrow.RecordBatch) error) error {
			batch, err := d.facts.batch(cmd.GetInfo())
			if err != nil {
				return err
			}
			defer batch.Release()
			return take(batch)
		}}, true
	}
	return known{}, false
}

// row adds rows to an answer, whose columns have the values' types. What was added leaves
// as soon as it fills a message: the schemas of many tables are large.
type row struct {
	b     *array.RecordBuilder
	bytes int // of texts, since the last batch
	take  func(arrow.RecordBatch) error
	err   error // of take: what is added after it goes nowhere
}

func built(schema *arrow.Schema, add func(*row)) known {
	return known{schema, func(take func(arrow.RecordBatch) error) error {
		out := &row{b: array.NewRecordBuilder(memory.DefaultAllocator, schema), take: take}
		defer out.b.Release()
		add(out)
		out.leave()
		return out.err
	}}
}

// leave hands what was added to the taker.
func (r *row) leave() {
	if r.err != nil {
		return
	}
	batch := r.b.NewRecordBatch()
	defer batch.Release()
	r.bytes, r.err = 0, r.take(batch)
}

// add appends a row; nil is NULL.
func (r *row) add(values ...any) {
	for i, v := range values {
		switch b := r.b.Field(i).(type) {
		case *array.StringBuilder:
			if text, ok := v.(string); ok {
				b.Append(text)
				r.bytes += len(text)
				continue
			}
		case *array.BinaryBuilder:
			if text, ok := v.([]byte); ok {
				b.Append(text)
				r.bytes += len(text)
				continue
			}
		case *array.Int32Builder:
			if n, ok := v.(int32); ok {
				b.Append(n)
				continue
			}
		case *array.BooleanBuilder:
			if is, ok := v.(bool); ok {
				b.Append(is)
				continue
			}
		case *array.ListBuilder:
			if texts, ok := v.([]string); ok {
				b.Append(true)
				b.ValueBuilder().(*array.StringBuilder).AppendValues(texts, nil)
				continue
			}
		}
		r.b.Field(i).AppendNull()
	}
	if r.bytes >= mostBytes/2 {
		r.leave()
	}
}

// agencyOf and tableOf are the two parts of a resource's name.
func agencyOf(r *policy.Resource) string { return strings.Join(r.Path[:len(r.Path)-1], ".") }
func tableOf(r *policy.Resource) string  { return r.Path[len(r.Path)-1] }

// anyCatalog tells whether tables that are in no catalogue are asked for.
func anyCatalog(name *string) bool { return name == nil || *name == "" }

func schemas(out *row, cmd *pb.CommandGetDbSchemas, all []*policy.Resource) {
	if !anyCatalog(cmd.Catalog) {
		return
	}
	var names []string
	for _, r := range all {
		if name := agencyOf(r); matches(cmd.DbSchemaFilterPattern, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		out.add(nil, name)
	}
}

func tables(out *row, cmd *pb.CommandGetTables, all []*policy.Resource) {
	if !anyCatalog(cmd.Catalog) || len(cmd.GetTableTypes()) > 0 && !slices.Contains(cmd.GetTableTypes(), tableType) {
		return
	}
	for _, r := range all {
		if out.err != nil {
			return
		}
		if !matches(cmd.DbSchemaFilterPattern, agencyOf(r)) || !matches(cmd.TableNameFilterPattern, tableOf(r)) {
			continue
		}
		values := []any{nil, agencyOf(r), tableOf(r), tableType}
		if cmd.GetIncludeSchema() {
			values = append(values, serialized(described(r)))
		}
		out.add(values...)
	}
}

// described gives a table's schema with what clients want to know of its columns.
func described(r *policy.Resource) *arrow.Schema {
	plain := catalog.ArrowSchema(r.Columns)
	fields := plain.Fields()
	b := fsql.NewColumnMetadataBuilder()
	for i, c := range r.Columns {
		t := typeOf(c.Type)
		b.Clear()
		b.SchemaName(agencyOf(r)).TableName(tableOf(r)).TypeName(t.name).
			IsAutoIncrement(false).IsCaseSensitive(t.quoted && !t.isTime()).IsReadOnly(true).IsSearchable(true)
		if t.precision > 0 {
			b.Precision(t.precision)
		}
		if t.number || t.isTime() {
			b.Scale(t.scale)
		}
		if c.Comment != "" {
			b.Remarks(c.Comment)
		}
		fields[i].Metadata = b.Metadata()
	}
	return arrow.NewSchema(fields, nil)
}

// isTime tells whether the scale is of seconds.
func (t sqlType) isTime() bool { return t.subcode != pb.XdbcDatetimeSubcode_XDBC_SUBCODE_UNKNOWN }

// keys lists the columns of a table's primary key.
func keys(out *row, of fsql.TableRef, all []*policy.Resource) {
	if !anyCatalog(of.Catalog) {
		return
	}
	for _, r := range all {
		if !catalog.SameName(tableOf(r), of.Table) || of.DBSchema != nil && !catalog.SameName(agencyOf(r), *of.DBSchema) {
			continue
		}
		for i, at := range r.Key() {
			out.add(nil, agencyOf(r), tableOf(r), r.Columns[at].Name, int32(i+1), nil)
		}
	}
}

// types lists the types that columns have.
func types(out *row, cmd *pb.CommandGetXdbcTypeInfo) {
	var all []sqlType
	for kind, t := range sqlTypes {
		if t.xdbc != pb.XdbcDataType_XDBC_UNKNOWN_TYPE && kind != catalog.Null && (cmd.DataType == nil || *cmd.DataType == int32(t.xdbc)) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b sqlType) int {
		signed := func(t sqlType) int {
			if t.unsigned {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(a.xdbc, b.xdbc), cmp.Compare(a.name, b.name), cmp.Compare(signed(a), signed(b)), cmp.Compare(b.precision, a.precision), cmp.Compare(b.scale, a.scale))
	})
	all = slices.CompactFunc(all, func(a, b sqlType) bool { return a.xdbc == b.xdbc && a.name == b.name && a.unsigned == b.unsigned })
	const nullable, searchable = int32(1), int32(3)
	for _, t := range all {
		var size, quote, unsigned, subcode, radix, low, high, params any
		if t.precision > 0 {
			size = t.precision
		}
		if t.quoted {
			quote = "'"
		}
		if t.number {
			unsigned, radix, low, high = t.unsigned, int32(10), int32(0), t.scale
			if t.name == "float4" || t.name == "float8" {
				radix = int32(2)
			}
		}
		if t.isTime() {
			subcode, low, high = int32(t.subcode), int32(0), t.scale
		}
		if t.xdbc == pb.XdbcDataType_XDBC_DECIMAL && t.scale > 0 {
			params = []string{"precision", "scale"}
		}
		out.add(t.name, int32(t.xdbc), size, quote, quote, params, nullable, t.quoted && !t.isTime(), searchable, unsigned,
			false, false, t.name, low, high, int32(t.xdbc), subcode, radix, nil)
	}
}
