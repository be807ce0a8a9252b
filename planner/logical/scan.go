package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// get reads a table, or calls a function that gives rows.
func (d *decoder) get(r *reader) rel {
	if len(r.list("children")) > 0 {
		d.unsupported("a table function over columns")
	}
	r.numbers("table_index")
	types, names := r.list("returned_types"), r.list("names")
	r.empty("projection_ids", "original_arguments", "projected_input")
	d.plainFilters(r)
	if r.index("ordinality_idx") != none {
		d.unsupported("WITH ORDINALITY")
	}
	d.declared(r.list("arguments"))
	columns := make([]ir.Column, 0, len(types))
	if len(names) != len(types) {
		d.broken("a table with %d names of %d columns", len(names), len(types))
		return stub()
	}
	for i := range types {
		if names[i].Kind != text {
			d.broken("the name of a column is no text")
		}
		columns = append(columns, ir.Column{Name: names[i].Text, Type: d.typ(&types[i])})
	}
	read := d.columnIndexes(r.list("column_indexes"), len(columns))
	name := r.text("name")
	if d.err != nil {
		return stub()
	}
	if name == "seq_scan" {
		return d.scan(r, columns, read)
	}
	return d.tableFunction(r, name, columns, read)
}

// plainFilters makes sure that nothing was pushed into the scan.
func (d *decoder) plainFilters(r *reader) {
	f := d.object(r.object("table_filters"), "the filters of a table")
	f.empty("filters")
	f.done()
	x := d.object(r.object("extra_info"), "the files of a table")
	x.is("file_filters", "")
	if x.index("total_files") != none || x.index("filtered_files") != none {
		d.unsupported("a table of files")
	}
	x.done()
}

// columnIndexes gives which columns are read, by their place in the table; -1 for
// the row's number, which also stands where no column is needed.
func (d *decoder) columnIndexes(list []value, width int) []int {
	var out []int
	for i := range list {
		r := d.object(&list[i], "a column of a table")
		n := r.index("index")
		r.empty("child_indexes")
		r.is("index_type", "FULL_READ")
		t := d.object(r.object("type"), "a part of a column")
		t.is("id", "INVALID")
		t.done()
		r.is("field", "")
		if !r.flag("has_index") {
			d.unsupported("a column without an index")
		}
		r.done()
		switch {
		case n == none:
			out = append(out, -1)
		case n >= uint64(width):
			d.broken("a column that the table does not have")
		default:
			out = append(out, int(n))
		}
	}
	return out
}

func (d *decoder) scan(r *reader, columns []ir.Column, read []int) rel {
	r.is("catalog_name", "")
	r.is("schema_name", "")
	if !r.flag("has_serialize") {
		d.unsupported("a scan that does not say of what")
	}
	f := d.object(r.object("function_data"), "a scan")
	f.label("schema", "table")
	f.not("is_index_scan")
	f.not("is_create_index")
	f.empty("result_ids")
	table, ok := d.tables[f.text("catalog")]
	f.done()
	if !ok || table.Table == nil || len(table.Columns) != len(columns) {
		d.broken("a scan of a table that the statement does not name")
		return stub()
	}
	for i, c := range table.Columns {
		if !catalog.SameName(c.Name, columns[i].Name) || !c.Type.Equal(columns[i].Type) {
			d.broken("column %d of %s is %s %s", i+1, table.Resource, columns[i].Name, columns[i].Type)
		}
	}
	s := &ir.Scan{Ref: table.Ref, Source: table.Source, Resource: table.Resource, Table: table.Table}
	ids := map[int]ir.Column{}
	for _, at := range read {
		if _, ok := ids[at]; !ok && at >= 0 {
			ids[at] = d.scanColumn(s, table, at)
		}
	}
	if len(s.Columns) == 0 { // rows still have to be counted by something
		d.scanColumn(s, table, narrowest(table.Columns))
	}
	out := rel{node: s}
	for _, at := range read {
		out.cols = append(out.cols, ids[at]) // of the row's number: a column without an id
	}
	return out
}

func (d *decoder) scanColumn(s *ir.Scan, t Table, at int) ir.Column {
	base := t.Columns[at]
	c := d.plan.NewColumn(base.Name, base.Type)
	s.Columns = append(s.Columns, ir.ScanColumn{Column: c, Base: base, Position: at})
	return c
}

// narrowest picks the column that costs least to read.
func narrowest(columns []catalog.Column) int {
	best := 0
	for i, c := range columns {
		if width(c.Type.Kind) < width(columns[best].Type.Kind) {
			best = i
		}
	}
	return best
}

func width(k catalog.Kind) int {
	switch k {
	case catalog.Bool, catalog.Int8, catalog.Uint8:
		return 1
	case catalog.Int16, catalog.Uint16:
		return 2
	case catalog.Int32, catalog.Uint32, catalog.Float32, catalog.Date:
		return 4
	case catalog.Int64, catalog.Uint64, catalog.Float64, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
		return 8
	case catalog.Decimal:
		return 16
	}
	return 64
}

// generators are the functions in FROM whose rows hang on their arguments alone.
var generators = map[string]bool{"range": true, "generate_series": true, "unnest": true, "repeat": true}

func (d *decoder) tableFunction(r *reader, name string, columns []ir.Column, read []int) rel {
	if !generators[name] {
		d.unsupported("the table function %s", name)
	}
	r.is("catalog_name", "system")
	r.is("schema_name", "main")
	r.not("has_serialize")
	r.empty("named_parameters")
	d.declared(r.list("input_table_types"))
	for i, names := 0, r.list("input_table_names"); i < len(names); i++ {
		if names[i].Kind != text || names[i].Text != "" {
			d.unsupported("a table function over a table")
		}
	}
	f := &ir.TableFunction{Name: name}
	parameters := r.list("parameters")
	for i := range parameters {
		f.Args = append(f.Args, d.constant(&parameters[i]))
	}
	for _, c := range columns {
		if name == "repeat" { // DuckDB names its column after the value, and names are shown
			c.Name = "repeat"
		}
		f.Columns = append(f.Columns, d.plan.NewColumn(c.Name, c.Type))
	}
	if len(f.Columns) == 0 {
		d.broken("a table function without columns")
	}
	out := rel{node: f}
	for _, at := range read {
		c := ir.Column{}
		if at >= 0 {
			c = f.Columns[at]
		}
		out.cols = append(out.cols, c)
	}
	return out
}

func (d *decoder) expressionGet(r *reader) rel {
	in := d.input(r)
	if v, ok := in.node.(*ir.Values); !ok || len(in.cols) != 1 || in.cols[0].ID != 0 || len(v.Rows) != 1 {
		d.unsupported("VALUES with subqueries or columns")
	}
	r.numbers("table_index")
	n := &ir.Values{}
	for _, t := range d.types(r.list("expr_types")) {
		n.Columns = append(n.Columns, d.plan.NewColumn("column", t))
	}
	rows := r.list("expressions")
	for i := range rows {
		row := d.exprs(rows[i].List, in.cols)
		if rows[i].Kind != array || len(row) != len(n.Columns) {
			d.broken("a row of VALUES with %d columns", len(row))
			break
		}
		for k, e := range row {
			if d.err == nil && !e.Type().Equal(n.Columns[k].Type) {
				d.broken("a value of the type %s in a column %s", e.Type(), n.Columns[k].Type)
			}
		}
		n.Rows = append(n.Rows, row)
	}
	if len(n.Rows) == 0 || len(n.Columns) == 0 {
		d.broken("VALUES without rows")
	}
	return rel{node: n, cols: n.Columns}
}

// dummyScan gives the one row of a SELECT without FROM. Nothing reads its column.
func (d *decoder) dummyScan(r *reader) rel {
	r.children(0)
	r.numbers("table_index")
	t := catalog.Type{Kind: catalog.Int32}
	return rel{
		node: &ir.Values{Columns: []ir.Column{d.plan.NewColumn("dummy", t)}, Rows: [][]ir.Expr{{plain(t, int64(0))}}},
		cols: []ir.Column{{}},
	}
}
