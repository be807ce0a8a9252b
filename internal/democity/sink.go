package democity

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// sink stores one source. Its owner closes it, also after an error.
type sink interface {
	// table opens a table, or a part of one, for writing. The writer must be
	// finished before the next table is opened.
	table(ctx context.Context, t *table, part string) (tableWriter, error)
	close() error
}

type tableWriter interface {
	put(values ...any) error
	// finish makes what was put durable; abandon gives it up. One of the two
	// is called, once.
	finish(ctx context.Context) error
	abandon()
}

func openSink(ctx context.Context, s source, folder string) (sink, error) {
	path := filepath.Join(folder, s.path)
	switch s.form {
	case inSQLite:
		return openSQLite(ctx, path)
	case inDuckDB:
		return openDuckDB(ctx, path)
	case inParquet:
		return openParquet(ctx, path)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	return csvSink{path}, nil
}

// rowsPerCheck is how many rows are written between two looks at the context.
const rowsPerCheck = 2048

// write stores every section of a source and returns the rows per resource.
func (c *city) write(ctx context.Context, s source, folder string) (counts map[string]int, err error) {
	out, err := openSink(ctx, s, folder)
	if err != nil {
		return nil, fmt.Errorf("democity: open %s: %w", s.path, err)
	}
	defer func() {
		if e := out.close(); err == nil && e != nil {
			err = fmt.Errorf("democity: close %s: %w", s.path, e)
		}
	}()
	counts = map[string]int{}
	for _, part := range sections[s.name] {
		n, err := c.writeSection(ctx, out, part)
		if err != nil {
			return nil, fmt.Errorf("democity: write %s: %w", part.table.name, err)
		}
		counts[part.table.resource] += n
	}
	return counts, nil
}

func (c *city) writeSection(ctx context.Context, out sink, s section) (int, error) {
	w, err := out.table(ctx, s.table, s.part)
	if err != nil {
		return 0, err
	}
	n := 0
	err = s.rows(c, func(values ...any) error {
		if n++; n%rowsPerCheck == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return w.put(values...)
	})
	if err != nil {
		w.abandon()
		return 0, err
	}
	return n, w.finish(ctx)
}

// csvSink writes one file a table, with a header line; NULL is an empty field.
type csvSink struct{ folder string }

func (s csvSink) close() error { return nil }

func (s csvSink) table(_ context.Context, t *table, _ string) (tableWriter, error) {
	file, err := os.Create(filepath.Join(s.folder, t.name+".csv"))
	if err != nil {
		return nil, err
	}
	header := make([]string, len(t.columns))
	for i, c := range t.columns {
		header[i] = c.name
	}
	w := &csvWriter{file: file, out: csv.NewWriter(file), fields: make([]string, len(header))}
	if err := w.out.Write(header); err != nil {
		w.abandon()
		return nil, err
	}
	return w, nil
}

type csvWriter struct {
	file   *os.File
	out    *csv.Writer
	fields []string
}

func (w *csvWriter) put(values ...any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			w.fields[i] = ""
		case string:
			w.fields[i] = v
		case int64:
			w.fields[i] = strconv.FormatInt(v, 10)
		case fmt.Stringer: // day, moment
			w.fields[i] = v.String()
		default:
			return unknownValue(v)
		}
	}
	return w.out.Write(w.fields)
}

func (w *csvWriter) finish(context.Context) error {
	w.out.Flush()
	if err := w.out.Error(); err != nil {
		w.abandon()
		return err
	}
	return w.file.Close()
}

// abandon leaves an unfinished file in a folder that is thrown away.
func (w *csvWriter) abandon() { _ = w.file.Close() }

func unknownValue(v any) error { return fmt.Errorf("no form for a %T", v) }
