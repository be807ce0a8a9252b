package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// jsonObject is the largest object in a file.
const jsonObject = 16 << 20

// describeJSON takes the keys of the first rows' objects for columns, and those
// that are declared.
func (t *table) describeJSON(ctx context.Context, c *duck.Conn, declared map[string]catalog.Type) error {
	for _, f := range t.files {
		layout, err := t.layout(f)
		if err != nil {
			return err
		}
		// A file that is empty goes with any; the most general layout reads each of
		// the two that are no arrays.
		switch {
		case t.json == "" || t.json == layout:
			t.json = layout
		case layout == "":
		case t.json != "array" && layout != "array":
			t.json = "unstructured"
		default:
			return t.refuse("files_layout", f, nil)
		}
	}
	if t.json == "" {
		t.json = "newline_delimited"
	}
	if err := t.check(ctx, c, t.files, "files_shape"); err != nil {
		return err
	}
	keys, err := t.keys(ctx, c)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !slices.Contains(keys, name) {
			keys = append(keys, name)
		}
	}
	if len(keys) == 0 {
		return t.refuse("files_no_columns", t.files[0], nil)
	}
	seen := map[string]bool{}
	raw := make([]string, len(keys))
	for i, key := range keys {
		if seen[strings.ToLower(key)] {
			return t.refuse("files_name_twice", t.files[0], msg.Args{"Column": key})
		}
		seen[strings.ToLower(key)] = true
		t.columns = append(t.columns, column{name: key, raw: key})
		raw[i] = catalog.QuoteIdent(key)
	}
	types, err := sniff(ctx, c, jsonReader(t.files, t.json, keys), raw, jsonClass, catalog.JSON)
	if err != nil {
		return err
	}
	t.setTypes(types, declared)
	return nil
}

// layout tells an array of objects, one object a line, and objects over several
// lines apart; it is empty for a file without a value.
func (t *table) layout(f file) (string, error) {
	in, err := open(f)
	if err != nil {
		return "", t.refuse("files_unreadable", f, nil)
	}
	defer in.Close()
	r := bufio.NewReader(in)
	for {
		b, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return "", nil
		case err != nil:
			return "", t.refuse("files_unreadable", f, nil)
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			continue
		case b == '[':
			return "array", nil
		}
		_ = r.UnreadByte()
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return "", t.refuse("files_unreadable", f, nil)
		}
		if json.Valid(bytes.TrimSpace(line)) {
			return "newline_delimited", nil
		}
		return "unstructured", nil
	}
}

// keys gives the keys of the first rows in the order in which they first come.
func (t *table) keys(ctx context.Context, c *duck.Conn) ([]string, error) {
	text, err := c.QueryText(ctx, `WITH o AS (SELECT json_keys(json) AS ks, row_number() OVER () AS n FROM (SELECT json FROM read_json_objects(`+
		paths(t.files)+", format = "+literal(t.json)+", "+jsonOptions(t.files)+`) LIMIT `+num(sampleRows)+`)),
		k AS (SELECT n, unnest(ks) AS k, unnest(range(len(ks))) AS i FROM o)
		SELECT CAST(to_json(list(k ORDER BY place)) AS VARCHAR) FROM (SELECT k, min(n * 1000000 + i) AS place FROM k GROUP BY k)`)
	if err != nil || text == "" {
		return nil, err
	}
	var keys []string
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return nil, errs.Internalf("the keys of a sample cannot be read")
	}
	return keys, nil
}

func jsonOptions(files []file) string {
	return "compression = " + compression(files, "auto_detect") + ", hive_partitioning = false, maximum_object_size = " + num(jsonObject)
}

// jsonReader writes the reading of objects with each of these keys' values as JSON.
func jsonReader(files []file, layout string, keys []string) string {
	types := make([]string, len(keys))
	for i, key := range keys {
		types[i] = literal(key) + ": 'JSON'"
	}
	return "read_json(" + paths(files) + ", format = " + literal(layout) + ", records = true, " + jsonOptions(files) +
		", filename = " + literal(fileColumn) + ", columns = {" + strings.Join(types, ", ") + "})"
}

// A JSON value that DuckDB read is written without spaces, so its first character
// tells what it is. That costs less than DuckDB's own functions on JSON, which
// keep memory of many times the largest value each.
const isJSONText = `starts_with(%[1]s, '"')`

// jsonSpelling writes the text of a JSON value: of a text what it says, of all
// else how it is written.
func jsonSpelling(raw string) string {
	v := "CAST(" + raw + " AS VARCHAR)"
	return "CASE WHEN " + fmt.Sprintf(isJSONText, v) + " THEN " + raw + " ->> '$' ELSE " + v + " END"
}

// jsonPlain writes the condition under which a JSON value is read as text: texts,
// whole numbers and booleans.
func jsonPlain(raw string) string {
	v := "CAST(" + raw + " AS VARCHAR)"
	return "(" + fmt.Sprintf(isJSONText, v) + " OR regexp_full_match(" + v + ", '-?[0-9]+|true|false'))"
}

// jsonInner writes what the reader gives for a column, and jsonValue what becomes
// of that: each spelling is made once.
func jsonInner(raw string, t catalog.Type, fail string) string {
	switch t.Kind {
	case catalog.JSON:
		return raw
	case catalog.Text:
		return "CASE WHEN " + raw + " IS NULL THEN NULL WHEN " + jsonPlain(raw) + " THEN " + jsonSpelling(raw) + " ELSE " + fail + " END"
	}
	return jsonSpelling(raw)
}

func jsonValue(v string, t catalog.Type, fail string) string {
	if t.Kind == catalog.JSON || t.Kind == catalog.Text {
		return v
	}
	return "CASE WHEN " + v + " IS NULL THEN NULL WHEN " + fits(v, t) + " THEN CAST(" + v + " AS " + t.DuckDB() + ") ELSE " + fail + " END"
}

func jsonUnfit(raw string, t catalog.Type) string {
	fit := "true"
	switch t.Kind {
	case catalog.JSON:
	case catalog.Text:
		fit = jsonPlain(raw)
	default:
		fit = fits("("+jsonSpelling(raw)+")", t)
	}
	return raw + " IS NOT NULL AND NOT coalesce(" + fit + ", false)"
}
