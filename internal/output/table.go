package output

import (
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/mattn/go-runewidth"
)

// widestPad is the most columns of the terminal that a cell is padded to, so that
// one long text does not push everything else out of sight.
const widestPad = 64

// terminal measures text; East Asian characters of ambiguous width count one
// column wherever the program runs, so that the same table is the same bytes.
var terminal = &runewidth.Condition{StrictEmojiNeutral: true}

// table is the form Table: psql's manner, with the widths of the first batch.
type table struct {
	schema  *arrow.Schema
	cells   []cell
	right   []bool
	widths  []int
	scratch []byte
}

func newTable(schema *arrow.Schema) *table {
	t := &table{schema: schema, right: make([]bool, schema.NumFields()), widths: make([]int, schema.NumFields())}
	for i := range t.right {
		t.right[i] = isNumber(schema.Field(i).Type)
		t.widths[i] = width(appendVisible(nil, []byte(schema.Field(i).Name)))
	}
	return t
}

func isNumber(t arrow.DataType) bool {
	return arrow.IsInteger(t.ID()) || arrow.IsFloating(t.ID()) || arrow.IsDecimal(t.ID())
}

func (t *table) bind(b arrow.RecordBatch) error {
	first := t.cells == nil
	t.cells = t.cells[:0]
	for _, column := range b.Columns() {
		value, err := bindTable(column)
		if err != nil {
			return err
		}
		t.cells = append(t.cells, value)
	}
	if first {
		t.measure(int(b.NumRows()))
	}
	return nil
}

func (t *table) measure(rows int) {
	for k, value := range t.cells {
		for i := range rows {
			t.scratch = value(t.scratch[:0], i)
			t.widths[k] = max(t.widths[k], width(t.scratch))
		}
		t.widths[k] = min(t.widths[k], widestPad)
	}
}

// bindTable gives a column's values as a terminal shows them.
func bindTable(a arrow.Array) (cell, error) {
	value, shape := bindPlain(a, false)
	if shape == 0 {
		var err error
		if value, err = bindJSONValue(a); err != nil {
			return nil, err
		}
		shape = free
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, "NULL"...)
		}
		start := len(dst)
		dst = value(dst, i)
		if shape == free && !allPrintable(dst[start:]) {
			text := append([]byte(nil), dst[start:]...)
			dst = appendVisible(dst[:start], text)
		}
		return dst
	}, nil
}

// head comes after the first bind, so the widths are known. Without a row the
// names alone give them.
func (t *table) head(dst []byte) []byte {
	var name []byte
	for i := range t.widths {
		name = appendVisible(name[:0], []byte(t.schema.Field(i).Name))
		dst = t.pad(dst, i, name)
	}
	dst = append(dst, '\n')
	for i, w := range t.widths {
		if i > 0 {
			dst = append(dst, '+')
		}
		for range w + 2 {
			dst = append(dst, '-')
		}
	}
	return append(dst, '\n')
}

func (t *table) row(dst []byte, i int) []byte {
	for k, value := range t.cells {
		t.scratch = value(t.scratch[:0], i)
		dst = t.pad(dst, k, t.scratch)
	}
	return append(dst, '\n')
}

// pad appends the text of column k with what stands before and after it.
func (t *table) pad(dst []byte, k int, text []byte) []byte {
	if k > 0 {
		dst = append(dst, ' ', '|')
	}
	dst = append(dst, ' ')
	blanks := t.widths[k] - width(text)
	if t.right[k] {
		dst = append(appendBlanks(dst, blanks), text...)
	} else {
		dst = append(dst, text...)
		if k < len(t.widths)-1 {
			dst = appendBlanks(dst, blanks)
		}
	}
	return dst
}

func appendBlanks(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, ' ')
	}
	return dst
}

func (t *table) tail(dst []byte, _ int64) []byte { return dst }

func (t *table) broken(dst []byte, _ Problem) []byte { return dst }

// width counts the terminal columns of printable text.
func width(text []byte) int {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return terminal.StringWidth(string(text))
		}
	}
	return len(text)
}

func allPrintable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			return isVisible(text)
		}
	}
	return true
}

func isVisible(text []byte) bool {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if isHidden(r) || (r == utf8.RuneError && size == 1) {
			return false
		}
		i += size
	}
	return true
}

// isHidden reports characters that steer a terminal or turn the direction of
// writing: a value from a database must not be able to do either.
func isHidden(r rune) bool {
	return r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x2028 || r == 0x2029
}

// appendVisible appends text with such characters as escapes: \n, \t, \x1b, \u202e.
func appendVisible(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case isHidden(r) && r < 0x100:
			dst = append(dst, '\\', 'x', hex[r>>4], hex[r&0xF])
		case isHidden(r):
			dst = append(dst, '\\', 'u', hex[r>>12], hex[r>>8&0xF], hex[r>>4&0xF], hex[r&0xF])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
