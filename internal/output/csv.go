package output

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow"
)

// csvText is the form CSV.
type csvText struct {
	schema *arrow.Schema
	cells  []cell
}

func (c *csvText) bind(b arrow.RecordBatch) error {
	c.cells = c.cells[:0]
	for _, column := range b.Columns() {
		value, err := bindCSV(column)
		if err != nil {
			return err
		}
		c.cells = append(c.cells, value)
	}
	return nil
}

// bindCSV gives a column's values as fields; NULL is nothing at all.
func bindCSV(a arrow.Array) (cell, error) {
	value, shape := bindPlain(a, false)
	if shape == 0 {
		var err error
		if value, err = bindJSONValue(a); err != nil {
			return nil, err
		}
		shape = free
	}
	if shape == bare {
		return func(dst []byte, i int) []byte {
			if a.IsNull(i) {
				return dst
			}
			return value(dst, i)
		}, nil
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return dst
		}
		start := len(dst)
		dst = value(dst, i)
		if shape == inked && len(dst) > start {
			return dst
		}
		return quoteField(dst, start)
	}, nil
}

// quoteField puts dst[start:] in quotes where it would be read otherwise than it
// is meant: when it is empty, holds a separator, a quote or a line end, or begins
// or ends with a blank, which some readers trim.
func quoteField(dst []byte, start int) []byte {
	text := dst[start:]
	if !needsQuotes(text) {
		return dst
	}
	extra := 2 + bytes.Count(text, []byte{'"'})
	n := len(dst)
	for range extra {
		dst = append(dst, '"')
	}
	// Move the text towards the end, from its end, doubling quotes on the way.
	to := len(dst) - 1 // the closing quote stays
	for from := n - 1; from >= start; from-- {
		to--
		dst[to] = dst[from]
		if dst[from] == '"' {
			to--
			dst[to] = '"'
		}
	}
	dst[start], dst[len(dst)-1] = '"', '"'
	return dst
}

var special = [256]bool{',': true, '"': true, '\r': true, '\n': true}

func needsQuotes(text []byte) bool {
	if len(text) == 0 || isBlank(text[0]) || isBlank(text[len(text)-1]) {
		return true
	}
	for _, c := range text {
		if special[c] {
			return true
		}
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (c *csvText) head(dst []byte) []byte {
	for i := range c.schema.NumFields() {
		if i > 0 {
			dst = append(dst, ',')
		}
		start := len(dst)
		dst = quoteField(append(dst, c.schema.Field(i).Name...), start)
	}
	return append(dst, "\r\n"...)
}

func (c *csvText) row(dst []byte, i int) []byte {
	for k, value := range c.cells {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = value(dst, i)
	}
	return append(dst, "\r\n"...)
}

func (c *csvText) tail(dst []byte, _ Footer) []byte { return dst }

func (c *csvText) broken(dst []byte, _ Problem) []byte { return dst }
