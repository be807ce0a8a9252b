package files

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
)

const (
	// csvLine is the longest line, csvBuffer what DuckDB reads at once.
	csvLine   = 16 << 20
	csvBuffer = 32 << 20
	// csvHeader is the most of a file that is looked at for its first line.
	csvHeader = 1 << 20
)

// commas are what may stand between fields, unless the file is a .tsv: the one
// that gives the header the most fields, and as many to the lines after it.
var commas = []string{",", ";", "\t", "|"}

// describeCSV reads the header, which every CSV file must have, and sniffs the
// types of columns that are not declared.
func (t *table) describeCSV(ctx context.Context, c *duck.Conn, declared map[string]catalog.Type) error {
	first := t.files[0]
	t.comma = "\t"
	if name := strings.ToLower(first.path); !strings.HasSuffix(name, ".tsv") && !strings.HasSuffix(name, ".tsv.gz") {
		best := 0
		for _, comma := range commas {
			names, same, err := t.start(first, comma)
			score := len(names)
			if same && len(names) > 1 {
				score += csvHeader // more than any number of names
			}
			if err == nil && score > best {
				t.comma, best = comma, score
			}
		}
	}
	if err := t.check(ctx, c, t.files, "files_shape"); err != nil {
		return err
	}
	names := catalog.PublishNames(named(t.shapes[""].columns))
	raw := make([]string, len(names))
	for i, name := range names {
		t.columns = append(t.columns, column{name: name, raw: fmt.Sprintf("c%d", i)})
		raw[i] = t.columns[i].raw
	}
	types, err := sniff(ctx, c, csvReader(t.files, t.comma, len(names)), raw, textClass, catalog.Text)
	if err != nil {
		return err
	}
	t.setTypes(types, declared)
	return nil
}

// setTypes gives each column its declared type, or else the sniffed one.
func (t *table) setTypes(sniffed []catalog.Type, declared map[string]catalog.Type) {
	for i := range t.columns {
		c := &t.columns[i]
		c.typ = sniffed[i]
		if d, ok := declared[c.name]; ok {
			c.typ = d
		}
		c.spelled = c.typ.DuckDB()
	}
}

// named gives columns without a name one, as DuckDB does.
func named(header []string) []string {
	out := make([]string, len(header))
	for i, name := range header {
		if out[i] = name; name == "" {
			out[i] = fmt.Sprintf("column%d", i)
		}
	}
	return out
}

const byteOrderMark = "\ufeff"

// header reads a CSV file's first line.
func (t *table) header(f file, comma string) ([]string, error) {
	names, _, err := t.start(f, comma)
	return names, err
}

// linesAfter is how many lines after the header are compared with it.
const linesAfter = 5

// start reads a CSV file's first line, and whether the next ones have as many fields.
func (t *table) start(f file, comma string) (names []string, same bool, err error) {
	in, err := open(f)
	if err != nil {
		return nil, false, t.refuse("files_unreadable", f, nil)
	}
	defer in.Close()
	b := bufio.NewReader(in)
	if mark, _ := b.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = b.Discard(len(mark))
	}
	if first, _ := b.Peek(1); len(first) == 0 || first[0] == '\n' || first[0] == '\r' {
		return nil, false, t.refuse("files_no_header", f, nil)
	}
	r := csv.NewReader(io.LimitReader(b, csvHeader))
	r.Comma = rune(comma[0])
	names, err = r.Read()
	if err != nil {
		return nil, false, t.refuse("files_header", f, nil)
	}
	for _, name := range names {
		switch {
		case !utf8.ValidString(name):
			return nil, false, t.refuse("files_encoding", f, map[string]any{"Line": 1})
		case strings.ContainsAny(name, "\r\x00"):
			return nil, false, t.refuse("files_header", f, nil)
		}
	}
	for range linesAfter {
		if _, err := r.Read(); err == io.EOF {
			break
		} else if err != nil {
			return names, false, nil
		}
	}
	return names, true, nil
}

// stream is a file's content, unpacked.
type stream struct {
	io.Reader
	file *os.File
}

func (s stream) Close() error { return s.file.Close() }

func open(f file) (io.ReadCloser, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	if !packed(f) {
		return stream{buffered, in}, nil
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	return stream{bufio.NewReader(unpacked), in}, nil
}

func packed(f file) bool { return strings.EqualFold(filepath.Ext(f.path), ".gz") }

// compression writes how files are packed; otherwise DuckDB looks at each ending.
func compression(files []file, otherwise string) string {
	if slices.ContainsFunc(files, func(f file) bool { return !packed(f) }) {
		return literal(otherwise)
	}
	return literal("gzip")
}

// csvReader writes the reading of all cells as text. A field that is empty and
// not quoted is NULL.
func csvReader(files []file, comma string, columns int) string {
	types := make([]string, columns)
	for i := range types {
		types[i] = fmt.Sprintf("'c%d': 'VARCHAR'", i)
	}
	return "read_csv(" + paths(files) + ", auto_detect = false, header = true, delim = " + literal(comma) + `, quote = '"', escape = '"', ` +
		"nullstr = '', allow_quoted_nulls = false, encoding = 'utf-8', compression = " + compression(files, "auto") + ", hive_partitioning = false, " +
		"max_line_size = " + num(csvLine) + ", buffer_size = " + num(csvBuffer) + ", filename = " + literal(fileColumn) + ", " +
		"columns = {" + strings.Join(types, ", ") + "})"
}

// csvValue writes a cell's value. In a column that is not text an empty field is
// NULL, quoted or not.
func csvValue(raw string, t catalog.Type, fail string) string {
	if t.Kind == catalog.Text {
		return raw
	}
	return "CASE WHEN " + raw + " IS NULL OR " + raw + " = '' THEN NULL WHEN " + fits(raw, t) + " THEN CAST(" + raw + " AS " + t.DuckDB() + ") ELSE " + fail + " END"
}

func csvUnfit(raw string, t catalog.Type) string {
	return raw + " <> '' AND NOT coalesce(" + fits(raw, t) + ", false)"
}
