package output

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// rowsOf is a stream of batches.
type rowsOf struct {
	schema  *arrow.Schema
	batches []arrow.RecordBatch
	err     error
	at      int
}

func (r *rowsOf) Schema() *arrow.Schema          { return r.schema }
func (r *rowsOf) RecordBatch() arrow.RecordBatch { return r.batches[r.at-1] }
func (r *rowsOf) Next() bool {
	r.at++
	return r.at <= len(r.batches)
}
func (r *rowsOf) Err() error {
	if r.at > len(r.batches) {
		return r.err
	}
	return nil
}

var xlsxTypes = []catalog.Type{{Kind: catalog.Int32}, {Kind: catalog.Int64}, {Kind: catalog.Float64}, {Kind: catalog.Bool}, {Kind: catalog.Text}}

func xlsxBatch(texts ...string) arrow.RecordBatch {
	columns := make([]catalog.Column, len(xlsxTypes))
	for i, t := range xlsxTypes {
		columns[i] = catalog.Column{Name: "c<" + string(rune('0'+i)), Type: t}
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(columns))
	defer b.Release()
	for i, text := range texts {
		b.Field(0).(*array.Int32Builder).Append(int32(-i))
		b.Field(1).(*array.Int64Builder).Append(math.MaxInt64)
		b.Field(2).(*array.Float64Builder).Append([]float64{0.5, math.Inf(-1)}[i%2])
		b.Field(3).(*array.BooleanBuilder).Append(i == 0)
		if text == "NULL" {
			b.Field(4).AppendNull()
		} else {
			b.Field(4).(*array.StringBuilder).Append(text)
		}
	}
	return b.NewRecordBatch()
}

type sheet struct {
	Rows []struct {
		Cells []struct {
			Type    string  `xml:"t,attr"`
			Formula *string `xml:"f"`
			Value   string  `xml:"v"`
			Text    *string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// read opens a workbook and gives its cells: the kind, and what is in it.
func readXLSX(t *testing.T, file []byte) [][]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var s sheet
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var any struct{ XMLName xml.Name }
		into := interface{}(&any)
		if f.Name == "xl/worksheets/sheet1.xml" {
			into = &s
		}
		if err := xml.Unmarshal(text, into); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	var out [][]string
	for _, row := range s.Rows {
		var cells []string
		for _, c := range row.Cells {
			if c.Formula != nil {
				t.Errorf("a formula: %s", *c.Formula)
			}
			switch {
			case c.Text != nil:
				cells = append(cells, c.Type+"="+*c.Text)
			default:
				cells = append(cells, c.Type+":"+c.Value)
			}
		}
		out = append(out, cells)
	}
	return out
}

// Numbers that a worksheet keeps are numbers, all else is text in the cell: what looks like
// a formula too.
func TestXLSX(t *testing.T) {
	texts := []string{"=1+1", "+cmd|' /C calc'!A0", "NULL", "", " a\t\"<&>\n ", "\x00\r\x1b_x000A_x_xyz_", "张三🀄\xff"}
	batch := xlsxBatch(texts...)
	defer batch.Release()
	var b bytes.Buffer
	sum, err := Write(t.Context(), &b, XLSX, &rowsOf{schema: batch.Schema(), batches: []arrow.RecordBatch{batch}}, Options{Types: xlsxTypes})
	if err != nil || sum.Rows != 7 {
		t.Fatal(sum, err)
	}
	const large = "inlineStr=9223372036854775807"
	want := [][]string{
		{"inlineStr=c<0", "inlineStr=c<1", "inlineStr=c<2", "inlineStr=c<3", "inlineStr=c<4"},
		{":0", large, ":0.5", "b:1", "inlineStr==1+1"},
		{":-1", large, "inlineStr=-Infinity", "b:0", "inlineStr=+cmd|' /C calc'!A0"},
		{":-2", large, ":0.5", "b:0", ":"},
		{":-3", large, "inlineStr=-Infinity", "b:0", "inlineStr="},
		{":-4", large, ":0.5", "b:0", "inlineStr= a\t\"<&>\n "},
		{":-5", large, "inlineStr=-Infinity", "b:0", "inlineStr=_x0000__x000d__x001b__x005F_x000A_x_xyz_"},
		{":-6", large, ":0.5", "b:0", "inlineStr=张三🀄\uFFFD"},
	}
	if d := cmp.Diff(want, readXLSX(t, b.Bytes())); d != "" {
		t.Error(d)
	}
}

// What a worksheet does not hold is an error, and half of a workbook is none.
func TestXLSXBreaksOff(t *testing.T) {
	batch := xlsxBatch("a", "b")
	defer batch.Release()
	x := &xlsx{sheet: io.Discard, rows: xlsxRows - 2}
	if n, err := x.write(batch); n != 2 || err != nil {
		t.Errorf("the last rows: %d %v", n, err)
	}
	if n, err := x.write(batch); n != 0 || errs.CodeOf(err) != errs.ResultTooLarge {
		t.Errorf("one more: %d %v", n, err)
	}
	for units, text := range map[int]string{xlsxText: strings.Repeat("a", xlsxText-2) + "🀄", xlsxText + 1: strings.Repeat("张", xlsxText-1) + "🀄"} {
		if _, err := appendInline(nil, []byte(text)); (err != nil) != (units > xlsxText) {
			t.Errorf("%d units: %v", units, err)
		}
	}
	var b bytes.Buffer
	broken := &rowsOf{schema: batch.Schema(), batches: []arrow.RecordBatch{batch}, err: errs.New(errs.Timeout, "timeout", nil)}
	if _, err := Write(t.Context(), &b, XLSX, broken, Options{Types: xlsxTypes}); errs.CodeOf(err) != errs.Timeout {
		t.Errorf("%v", err)
	}
	if _, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil {
		t.Error("half of a workbook opens")
	}
}
