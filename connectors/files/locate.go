package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/lianji/lianji/connectors/internal/duckscan"
)

// lineOf finds the line of the first cell of a file's i-th column that does not
// fit; 0 when it cannot be found. It reads the file again, on a connection of its
// own: the scan's still holds the result that failed.
func (s *source) lineOf(ctx context.Context, in duckscan.Instance, t *table, f file, i int) int {
	c, err := in.DB.Connect()
	if err != nil {
		return 0
	}
	defer c.Close()
	text, err := c.QueryText(ctx, "SELECT CAST(min(n) AS VARCHAR) FROM (SELECT row_number() OVER () AS n, * FROM "+
		t.reader([]file{f})+") WHERE "+t.unfit(i))
	if err != nil {
		return 0
	}
	row, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	if t.format == jsonFormat {
		return jsonLineOf(f, t.json, row)
	}
	return csvLineOf(f, t.comma[0], row+1, len(t.columns) == 1)
}

// csvLineOf gives the line on which a file's n-th record begins, the header being
// the first; 0 when there are fewer. DuckDB passes over empty lines where there is
// more than one column, and counts them in its own errors.
func csvLineOf(f file, comma byte, n int, countEmpty bool) int {
	in, err := open(f)
	if err != nil {
		return 0
	}
	defer in.Close()
	r := bufio.NewReader(in)
	line, record, begun := 1, 0, 0 // begun is the line on which the record began
	quoted, fieldStart := false, true
	last := byte(0)
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0
		}
		newline := b == '\n' || b == '\r'
		if begun == 0 && (!newline || countEmpty) && !(b == '\n' && last == '\r') {
			if record++; record == n {
				return line
			}
			begun = line
		}
		switch {
		case b == '"' && quoted:
			if next, _ := r.Peek(1); len(next) == 1 && next[0] == '"' {
				_, _ = r.Discard(1)
			} else {
				quoted = false
			}
		case quoted:
		case b == '"' && fieldStart:
			quoted = true
		case newline:
			begun, fieldStart = 0, true
		default:
			fieldStart = b == comma || (fieldStart && b == ' ')
		}
		if newline && !(b == '\n' && last == '\r') {
			line++
		}
		last = b
	}
}

// jsonLineOf gives the line on which a file's n-th record begins; 0 when there are
// fewer.
func jsonLineOf(f file, layout string, n int) int {
	in, err := open(f)
	if err != nil {
		return 0
	}
	defer in.Close()
	r := bufio.NewReader(in)
	line, record, depth, base := 1, 0, 0, 0
	if layout == "array" {
		base = 1
	}
	inside, text, escaped := false, false, false // of a record, of a text, after a backslash
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0
		}
		switch {
		case escaped:
			escaped = false
		case text:
			escaped, text = b == '\\', b != '"'
		case b == ' ' || b == '\t' || b == '\r' || b == '\n' || b == ',':
			inside = inside && depth > base
		case b == ']' || b == '}':
			depth--
			inside = inside && depth > base
		default:
			if depth == base && !inside {
				if record++; record == n {
					return line
				}
				inside = true
			}
			text = b == '"'
			if b == '[' || b == '{' {
				depth++
			}
		}
		if b == '\n' {
			line++
		}
	}
}

// malformedLine finds the line of the first record of a file that is no JSON; 0
// when there is none.
func malformedLine(f file, layout string) int {
	in, err := open(f)
	if err != nil {
		return 0
	}
	defer in.Close()
	if layout == "newline_delimited" {
		r := bufio.NewReader(in)
		for line := 1; ; line++ {
			text, err := r.ReadBytes('\n')
			if text = bytes.TrimSpace(text); len(text) > 0 && !(json.Valid(text) && utf8.Valid(text)) {
				return line
			}
			if err != nil {
				return 0
			}
		}
	}
	d := json.NewDecoder(in)
	if layout == "array" {
		if _, err := d.Token(); err != nil {
			return 0
		}
	}
	for good := 0; layout != "array" || d.More(); good++ {
		var record json.RawMessage
		if err := d.Decode(&record); err == io.EOF {
			return 0
		} else if err != nil || !utf8.Valid(record) {
			return jsonLineOf(f, layout, good+1)
		}
	}
	return 0
}
