package output

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// What a worksheet holds, by the limits of the programs that open it.
const (
	xlsxRows    = 1_048_576 // with the line of names
	xlsxColumns = 16_384
	xlsxText    = 32_767 // UTF-16 units of a cell
)

// The parts of a workbook beside its one worksheet.
var xlsxParts = []struct{ name, text string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="lianji" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	sheetHead = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetTail = `</sheetData></worksheet>`
)

// xlsx is a workbook while its rows are written. Its table of contents comes last, so one
// that broke off is read by nothing.
type xlsx struct {
	zip   *zip.Writer
	sheet io.Writer
	rows  int
	buf   []byte
}

func writeXLSX(ctx context.Context, out *sink, s Stream) (int64, error) {
	more, err := next(ctx, s)
	if err != nil {
		return 0, err
	}
	if s.Schema().NumFields() > xlsxColumns {
		return 0, errs.New(errs.ResultTooLarge, "output_xlsx_columns", msg.Args{"Most": xlsxColumns})
	}
	x := &xlsx{zip: zip.NewWriter(out)}
	if err := x.open(s.Schema()); err != nil {
		return 0, toWriter(err)
	}
	var rows int64
	for more {
		n, err := x.write(s.RecordBatch())
		if rows += n; err != nil {
			return rows, toWriter(err)
		}
		if more, err = out.next(ctx, s); err != nil {
			return rows, toWriter(err)
		}
	}
	if err := x.close(); err != nil {
		return rows, toWriter(err)
	}
	return rows, out.empty()
}

// toWriter finds out what of an error was the writer's.
func toWriter(err error) error {
	var gone *WriteError
	if errors.As(err, &gone) {
		return gone
	}
	return err
}

// create begins a part. All have the same date: the answer says nothing of when it was made.
func (x *xlsx) create(name string) (io.Writer, error) {
	return x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
}

func (x *xlsx) open(schema *arrow.Schema) error {
	for _, part := range xlsxParts {
		w, err := x.create(part.name)
		if err == nil {
			_, err = io.WriteString(w, xmlHead+part.text)
		}
		if err != nil {
			return err
		}
	}
	var err error
	if x.sheet, err = x.create("xl/worksheets/sheet1.xml"); err != nil {
		return err
	}
	x.buf = append(x.buf[:0], xmlHead+sheetHead+"<row>"...)
	for i := range schema.NumFields() {
		if x.buf, err = appendInline(x.buf, []byte(schema.Field(i).Name)); err != nil {
			return err
		}
	}
	x.buf = append(x.buf, "</row>"...)
	x.rows = 1
	return x.spill(0)
}

func (x *xlsx) spill(least int) error {
	if len(x.buf) < least {
		return nil
	}
	_, err := x.sheet.Write(x.buf)
	x.buf = x.buf[:0]
	return err
}

func (x *xlsx) write(b arrow.RecordBatch) (rows int64, err error) {
	cells := make([]xlsxCell, b.NumCols())
	for i, column := range b.Columns() {
		if cells[i], err = bindXLSX(column); err != nil {
			return 0, err
		}
	}
	for i := range int(b.NumRows()) {
		if x.rows == xlsxRows {
			return rows, errs.New(errs.ResultTooLarge, "output_xlsx_rows", msg.Args{"Most": xlsxRows - 1})
		}
		x.buf = append(x.buf, "<row>"...)
		for _, cell := range cells {
			if x.buf, err = cell(x.buf, i); err != nil {
				return rows, err
			}
		}
		x.buf = append(x.buf, "</row>"...)
		x.rows++
		rows++
		if err := x.spill(bufferSize); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func (x *xlsx) close() error {
	x.buf = append(x.buf, sheetTail...)
	if err := x.spill(0); err != nil {
		return err
	}
	return x.zip.Close()
}

// xlsxCell appends the cell in row i of one column.
type xlsxCell func(dst []byte, i int) ([]byte, error)

// bindXLSX writes numbers that a worksheet keeps exactly as numbers, truth values as such,
// and everything else as text within the cell, which nothing takes for a formula. NULL is
// an empty cell.
func bindXLSX(a arrow.Array) (xlsxCell, error) {
	value, shape := bindPlain(a, false)
	if shape == 0 {
		var err error
		if value, err = bindJSONValue(a); err != nil {
			return nil, err
		}
	}
	kind := "<c><v>"
	var text func(i int) bool // whether a value is no number
	switch a := a.(type) {
	case *array.Boolean:
		kind, value = `<c t="b"><v>`, func(dst []byte, i int) []byte {
			if a.Value(i) {
				return append(dst, '1')
			}
			return append(dst, '0')
		}
	case *array.Int8, *array.Int16, *array.Int32, *array.Uint8, *array.Uint16, *array.Uint32:
	case *array.Float32:
		text = func(i int) bool { return !isFinite(float64(a.Value(i))) }
	case *array.Float64:
		text = func(i int) bool { return !isFinite(a.Value(i)) }
	default:
		kind = ""
	}
	var own []byte
	return func(dst []byte, i int) ([]byte, error) {
		switch {
		case a.IsNull(i):
			return append(dst, "<c/>"...), nil
		case kind == "" || text != nil && text(i):
			own = value(own[:0], i)
			return appendInline(dst, own)
		}
		return append(value(append(dst, kind...), i), "</v></c>"...), nil
	}, nil
}

// appendInline appends a cell of text.
func appendInline(dst, text []byte) ([]byte, error) {
	dst = append(dst, `<c t="inlineStr"><is><t xml:space="preserve">`...)
	units := 0
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		units++
		switch {
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '_' && isEscape(text[at:]):
			dst = append(dst, "_x005F_"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF: // no characters of XML
			dst = append(dst, "_x"...)
			hex := strconv.FormatUint(uint64(r), 16)
			dst = append(append(append(dst, "0000"[len(hex):]...), hex...), '_')
		default:
			if r > math.MaxUint16 {
				units++
			}
			dst = utf8.AppendRune(dst, r)
		}
		at += size
	}
	if units > xlsxText {
		return dst, errs.New(errs.ResultTooLarge, "output_xlsx_text", msg.Args{"Most": xlsxText})
	}
	return append(dst, "</t></is></c>"...), nil
}

// isEscape reports whether a text begins like the sign for a character: _x000A_.
func isEscape(text []byte) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return err == nil
}
