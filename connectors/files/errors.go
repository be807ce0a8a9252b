package files

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// refuse makes an error about one file. What is wrong with its content is
// ValueUnreadable, all else SourceFailed.
func (t *table) refuse(id string, f file, args msg.Args) *errs.Error {
	all := msg.Args{"Source": t.source, "Table": t.name, "File": f.shown}
	for k, v := range args {
		all[k] = v
	}
	code := errs.ValueUnreadable
	switch id {
	case "files_shape", "files_changed", "files_layout", "files_name_twice", "files_no_columns", "files_unreadable":
		code = errs.SourceFailed
	}
	return errs.New(code, id, all)
}

// explain reads an error of DuckDB in a scan: which file, line and column. Its
// text quotes what stands there, and is not passed on.
func (s *source) explain(ctx context.Context, in duckscan.Instance, f connectors.Fragment, e *duck.Error) error {
	var read []*table
	s.mu.Lock()
	for _, id := range append([]catalog.TableID{f.Table}, f.More...) {
		if t := s.tables[id.Name]; t != nil {
			described := *t // its list of files is replaced by other scans
			read = append(read, &described)
		}
	}
	s.mu.Unlock()
	for _, t := range read {
		if err := s.cellError(ctx, in, t, e); err != nil {
			return err
		}
	}
	// The message may name a file; what names none is told of the first table.
	slices.SortStableFunc(read, func(a, b *table) int { return b.named(e) - a.named(e) })
	for _, t := range read {
		if err := t.fileError(e); err != nil {
			return err
		}
	}
	return nil
}

// named counts the files of the table whose paths stand in DuckDB's message.
func (t *table) named(e *duck.Error) int {
	n := 0
	for _, f := range t.files {
		if strings.Contains(e.Message, f.path) {
			n++
		}
	}
	return n
}

// contentError turns an error of DuckDB about a table's files into one that names
// the file; others stay as they are.
func (s *source) contentError(t *table, err error) error {
	var e *duck.Error
	if errors.As(err, &e) {
		if err := t.fileError(e); err != nil {
			return err
		}
	}
	return err
}

// cellError reads the error that a view raises for a cell that does not fit.
func (s *source) cellError(ctx context.Context, in duckscan.Instance, t *table, e *duck.Error) error {
	_, rest, found := strings.Cut(e.Message, marker)
	number, path, _ := strings.Cut(rest, ":")
	i, err := strconv.Atoi(number)
	if !found || err != nil || i < 0 || i >= len(t.columns) {
		return nil
	}
	f, known := t.find(path)
	if !known {
		return nil
	}
	args := msg.Args{"Column": t.columns[i].name, "Type": t.columns[i].typ.DuckDB()}
	if line := s.lineOf(ctx, in, t, f, i); line > 0 {
		args["Line"] = line
		return t.refuse("files_value", f, args)
	}
	return t.refuse("files_value_somewhere", f, args)
}

var (
	csvError = regexp.MustCompile(`^[A-Za-z ]*Error: CSV Error on Line: (\d+)`)
	csvFile  = "\n  file = "
	csvWords = []struct{ says, id string }{
		{"\nExpected Number of Columns:", "files_columns"},
		{"\nInvalid unicode (byte sequence mismatch) detected.", "files_encoding"},
		{"\nValue with unterminated quote found.", "files_quote"},
		{"\nMaximum line size of", "files_long_line"},
	}
	jsonError = regexp.MustCompile(`^[A-Za-z ]*Error: (Malformed JSON|JSON transform error) in file "`)
	jsonPlace = regexp.MustCompile(`^", (?:at byte \d+ )?in (line|record/value) (\d+)`)
)

// fileError reads what DuckDB's readers say of a file; nil when it is about none.
func (t *table) fileError(e *duck.Error) error {
	if m := csvError.FindStringSubmatch(e.Message); m != nil {
		return t.csvFault(e.Message, m[1])
	}
	if m := jsonError.FindStringSubmatchIndex(e.Message); m != nil {
		return t.jsonFault(e.Message[m[2]:m[3]], e.Message[m[1]:])
	}
	// Other messages name the file somewhere. The longest path counts: one may be
	// the beginning of another.
	var hit *file
	for i, f := range t.files {
		if strings.Contains(e.Message, f.path) && (hit == nil || len(f.path) > len(hit.path)) {
			hit = &t.files[i]
		}
	}
	var out *errs.Error
	switch {
	case e.Kind == duck.KindIO && hit != nil && strings.Contains(e.Message, "No files found"):
		out = t.refuse("files_unreadable", *hit, nil)
	case hit != nil && (e.Kind == duck.KindIO || e.Kind == duck.KindData || e.Kind == duck.KindInternal):
		out = t.refuse("files_malformed", *hit, nil)
	case e.Kind == duck.KindData:
		out = errs.New(errs.ValueUnreadable, "files_data", msg.Args{"Source": t.source, "Table": t.name})
	default:
		return nil
	}
	out.Detail = duckscan.Detail(e)
	return out
}

func (t *table) csvFault(message, record string) error {
	f := t.files[0]
	// The file's name stands in the list of options at the end, after the line's own
	// text, which may look like anything.
	if at := strings.LastIndex(message, csvFile); at >= 0 {
		path, _, _ := strings.Cut(message[at+len(csvFile):], "\n")
		f, _ = t.find(path)
	}
	id := "files_malformed_line"
	for _, w := range csvWords {
		if strings.Contains(message, w.says) {
			id = w.id
			break
		}
	}
	if f.path == "" {
		return errs.New(errs.ValueUnreadable, "files_data", msg.Args{"Source": t.source, "Table": t.name})
	}
	n, _ := strconv.Atoi(record)
	line := n
	if exact := csvLineOf(f, t.comma[0], n, true); exact > 0 {
		line = exact
	}
	return t.refuse(id, f, msg.Args{"Line": line})
}

func (t *table) jsonFault(what, rest string) error {
	for _, f := range t.files {
		tail, found := strings.CutPrefix(rest, f.path)
		place := jsonPlace.FindStringSubmatch(tail)
		if !found || place == nil {
			continue
		}
		n, _ := strconv.Atoi(place[2])
		line := 0
		if what == "Malformed JSON" {
			line = malformedLine(f, t.json)
		} else if line = jsonLineOf(f, t.json, n); line == 0 && place[1] == "line" {
			line = n
		}
		if line > 0 {
			return t.refuse("files_malformed_line", f, msg.Args{"Line": line})
		}
		return t.refuse("files_malformed", f, nil)
	}
	return errs.New(errs.ValueUnreadable, "files_data", msg.Args{"Source": t.source, "Table": t.name})
}
