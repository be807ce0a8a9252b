package output

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
)

// jsonCells holds the columns of the batch at hand; both JSON forms write rows with it.
type jsonCells []cell

func (c *jsonCells) bind(b arrow.RecordBatch) error {
	*c = (*c)[:0]
	for _, column := range b.Columns() {
		value, err := bindJSON(column)
		if err != nil {
			return err
		}
		*c = append(*c, value)
	}
	return nil
}

func (c jsonCells) row(dst []byte, i int) []byte {
	dst = append(dst, '[')
	for k, value := range c {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = value(dst, i)
	}
	return append(dst, ']')
}

func appendColumns(dst []byte, schema *arrow.Schema, types []catalog.Type) []byte {
	dst = append(dst, `"columns":[`...)
	for i, t := range types {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSONString(append(dst, `{"name":`...), schema.Field(i).Name)
		dst = appendJSONString(append(dst, `,"type":`...), t.DuckDB())
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendRowCount(dst []byte, rows int64) []byte {
	return strconv.AppendInt(append(dst, `"row_count":`...), rows, 10)
}

// jsonDocument is the form JSON.
type jsonDocument struct {
	schema   *arrow.Schema
	types    []catalog.Type
	cells    jsonCells
	notEmpty bool
}

func (*jsonDocument) endsWithObject() {}

func (d *jsonDocument) bind(b arrow.RecordBatch) error { return d.cells.bind(b) }

func (d *jsonDocument) head(dst []byte) []byte {
	dst = appendColumns(append(dst, '{'), d.schema, d.types)
	return append(dst, ",\n\"rows\":["...)
}

func (d *jsonDocument) row(dst []byte, i int) []byte {
	if d.notEmpty {
		dst = append(dst, ',')
	}
	d.notEmpty = true
	return d.cells.row(append(dst, '\n'), i)
}

func (d *jsonDocument) endRows(dst []byte) []byte {
	if d.notEmpty {
		dst = append(dst, '\n')
	}
	return append(dst, "],"...)
}

func (d *jsonDocument) tail(dst []byte, f Footer) []byte {
	return append(f.appendTo(d.endRows(dst)), objectEnd...)
}

func (d *jsonDocument) broken(dst []byte, p Problem) []byte {
	return append(p.appendTo(append(d.endRows(dst), `"error":`...)), "}\n"...)
}

// jsonLines is the form NDJSON.
type jsonLines struct {
	schema *arrow.Schema
	types  []catalog.Type
	cells  jsonCells
}

func (l *jsonLines) bind(b arrow.RecordBatch) error { return l.cells.bind(b) }

func (*jsonLines) endsWithObject() {}

func (l *jsonLines) head(dst []byte) []byte {
	return append(appendColumns(append(dst, '{'), l.schema, l.types), "}\n"...)
}

func (l *jsonLines) row(dst []byte, i int) []byte {
	return append(l.cells.row(dst, i), '\n')
}

func (l *jsonLines) tail(dst []byte, f Footer) []byte {
	return append(f.appendTo(append(dst, '{')), objectEnd...)
}

func (l *jsonLines) broken(dst []byte, p Problem) []byte {
	return append(p.appendTo(append(dst, `{"error":`...)), "}\n"...)
}
