package output

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

const (
	// widestPad is the most columns that a cell is padded to where no terminal sets a
	// limit, so that one long text does not push everything else out of sight.
	widestPad = 64
	// leastText and leastName are what a terminal's columns leave of texts and of names
	// before rows are written as records.
	leastText, leastName = 8, 6
)

// table is the form Table: psql's manner, with the widths of the first batch. On a
// terminal it keeps to its width: texts are shortened, and where even that does not
// do, each row becomes a record with a line for each column. Numbers, dates and the
// like are never shortened; if a later batch has wider ones, a new head comes first.
type table struct {
	limit   int // the terminal's columns; 0 means no limit
	names   [][]byte
	right   []bool
	cells   []cell
	texts   []bool // of cells: may be shortened
	widest  []int  // of each column so far, its name not counted
	widths  []int
	records bool
	again   bool  // a head comes before the batch at hand
	before  int64 // rows of the batches before, for the records' numbers
	rows    int64 // of the batch at hand
	cut     int64 // values shortened
	scratch []byte
}

func newTable(schema *arrow.Schema, limit int) *table {
	n := schema.NumFields()
	t := &table{limit: limit, names: make([][]byte, n), right: make([]bool, n), texts: make([]bool, n), widest: make([]int, n)}
	for i, f := range schema.Fields() {
		t.names[i] = appendVisible(nil, []byte(f.Name))
		t.right[i] = isNumber(f.Type)
	}
	t.lay()
	return t
}

func isNumber(t arrow.DataType) bool {
	return arrow.IsInteger(t.ID()) || arrow.IsFloating(t.ID()) || arrow.IsDecimal(t.ID())
}

func (t *table) bind(b arrow.RecordBatch) error {
	first := t.cells == nil
	t.cells = t.cells[:0]
	for i, column := range b.Columns() {
		value, isText, err := bindTable(column)
		if err != nil {
			return err
		}
		t.cells, t.texts[i] = append(t.cells, value), isText
	}
	t.before, t.rows = t.before+t.rows, b.NumRows()
	if t.again = false; first || (t.limit > 0 && !t.records) {
		wider := t.measure(int(b.NumRows()))
		t.again = wider && !first
	}
	return nil
}

// measure widens the columns to the values of the batch and lays the table out
// anew where that is needed; wider says that it was.
func (t *table) measure(rows int) (wider bool) {
	first := t.before == 0
	for k, value := range t.cells {
		if t.texts[k] && !first {
			continue // shortened to the width that it has
		}
		for i := range rows {
			t.scratch = value(t.scratch[:0], i)
			w := len(t.scratch)
			if w > t.widest[k] {
				w = width(t.scratch[:min(w, mostBytes)])
			}
			if w > t.widest[k] {
				t.widest[k], wider = w, true
			}
		}
	}
	if wider {
		old := t.widths
		t.lay()
		wider = !slices.Equal(old, t.widths)
	}
	return wider
}

// bindTable gives a column's values as a terminal shows them, and whether they are
// texts, of which a part says something too.
func bindTable(a arrow.Array) (cell, bool, error) {
	value, shape := bindPlain(a, false)
	if shape == 0 {
		var err error
		if value, err = bindJSONValue(a); err != nil {
			return nil, false, err
		}
		shape = free
	}
	isText := shape == free || a.DataType().ID() == arrow.BINARY
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, null...)
		}
		start := len(dst)
		dst = value(dst, i)
		if shape == free && !allPrintable(dst[start:]) {
			text := append([]byte(nil), dst[start:]...)
			dst = appendVisible(dst[:start], text)
		}
		if isText && isLikeNull(dst[start:]) {
			text := append([]byte(nil), dst[start:]...)
			dst = append(append(append(dst[:start], '"'), text...), '"')
		}
		return dst
	}, isText, nil
}

const null = "NULL"

// isLikeNull reports the text NULL, and that text in any number of quotes: all of
// them get a pair more, so that none is taken for NULL or for another.
func isLikeNull(text []byte) bool {
	quotes := len(text) - len(null)
	return quotes >= 0 && quotes%2 == 0 && string(bytes.Trim(text, `"`)) == null && string(text[quotes/2:quotes/2+len(null)]) == null
}

// head comes after the first bind, so the widths are known. Without a row the
// names alone give them.
func (t *table) head(dst []byte) []byte {
	if t.records {
		return dst
	}
	for i, name := range t.names {
		dst = t.pad(dst, i, name, true)
	}
	dst = append(dst, '\n')
	for i, w := range t.widths {
		if i > 0 {
			dst = append(dst, '+')
		}
		dst = appendRepeated(dst, '-', w+2)
	}
	return append(dst, '\n')
}

func (t *table) row(dst []byte, i int) []byte {
	if t.records {
		return t.record(dst, i)
	}
	if t.again && i == 0 {
		dst = t.head(append(dst, '\n'))
	}
	for k, value := range t.cells {
		t.scratch = value(t.scratch[:0], i)
		if t.texts[k] && t.limit > 0 {
			t.shorten(t.widths[k])
		}
		dst = t.pad(dst, k, t.scratch, false)
	}
	return append(dst, '\n')
}

// shorten shortens scratch and counts that.
func (t *table) shorten(columns int) {
	var cut bool
	if t.scratch, cut = shorten(t.scratch, 0, columns); cut {
		t.cut++
	}
}

// pad appends the text of column k, or its name, with what stands before and after it.
func (t *table) pad(dst []byte, k int, text []byte, isName bool) []byte {
	if k > 0 {
		dst = append(dst, ' ', '|')
	}
	dst = append(dst, ' ')
	start := len(dst)
	if isName && t.limit > 0 {
		text, _ = shorten(bytes.Clone(text), 0, t.widths[k])
	}
	blanks := t.widths[k] - width(text)
	if t.right[k] {
		return append(appendRepeated(dst, ' ', blanks), text...)
	}
	dst = append(dst[:start], text...)
	if k < len(t.widths)-1 {
		dst = appendRepeated(dst, ' ', blanks)
	}
	return dst
}

// record appends a row with a line for each column.
func (t *table) record(dst []byte, i int) []byte {
	label := t.widths[0]
	start := len(dst)
	dst = append(strconv.AppendInt(append(dst, "-[ "...), t.before+int64(i)+1, 10), " ]"...)
	dst = appendRepeated(dst, '-', t.limit-(len(dst)-start))
	for k, value := range t.cells {
		dst = append(dst, '\n')
		name, _ := shorten(bytes.Clone(t.names[k]), 0, label)
		dst = appendRepeated(append(dst, name...), ' ', label-width(name))
		t.scratch = value(t.scratch[:0], i)
		if t.texts[k] {
			t.shorten(max(t.limit-label-3, leastText))
		}
		dst = append(append(dst, " | "...), t.scratch...)
	}
	return append(dst, '\n')
}

func appendRepeated(dst []byte, c byte, n int) []byte {
	for range n {
		dst = append(dst, c)
	}
	return dst
}

func (t *table) tail(dst []byte, _ Footer) []byte { return dst }

func (t *table) broken(dst []byte, _ Problem) []byte { return dst }
