package output_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

var allForms = []output.Form{output.Table, output.JSON, output.NDJSON, output.CSV, output.Arrow, output.Parquet}

// people has two columns of the same name, a NULL and Chinese text, in two batches
// with an empty one between them.
func people(t testing.TB, alloc memory.Allocator) (*fakeStream, []catalog.Type) {
	types := []catalog.Type{kind(catalog.Int64), kind(catalog.Text), catalog.DecimalOf(10, 2), kind(catalog.Text)}
	columns := []catalog.Column{{Name: "id", Type: types[0]}, {Name: "姓名", Type: types[1]}, {Name: "amount", Type: types[2]}, {Name: "姓名", Type: types[3]}}
	schema := catalog.ArrowSchema(columns)
	rows := [][]any{{int64(1), "张三", "12.50", "x"}, {int64(2), "O'Brien, \"Bob\"", nil, ""}, {int64(30), nil, "-1000.00", "上海市"}}
	make := func(rows [][]any) arrow.RecordBatch {
		b := array.NewRecordBuilder(alloc, schema)
		defer b.Release()
		for _, r := range rows {
			for i, v := range r {
				switch f := b.Field(i).(type) {
				case *array.Int64Builder:
					f.Append(v.(int64))
				case *array.StringBuilder:
					if v == nil {
						f.AppendNull()
					} else {
						f.Append(v.(string))
					}
				case *array.Decimal128Builder:
					if v == nil {
						f.AppendNull()
					} else if err := f.AppendValueFromString(v.(string)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		batch := b.NewRecordBatch()
		t.Cleanup(batch.Release)
		return batch
	}
	return &fakeStream{schema: schema, batches: []arrow.RecordBatch{make(rows[:2]), make(nil), make(rows[2:])}}, types
}

const (
	peopleColumns = `"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"},{"name":"amount","type":"DECIMAL(10,2)"},{"name":"姓名","type":"VARCHAR"}]`
	peopleRow1    = `["1","张三","12.50","x"]`
	peopleRow2    = `["2","O'Brien, \"Bob\"",null,""]`
	peopleRow3    = `["30",null,"-1000.00","上海市"]`
)

func TestWholeDocuments(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { alloc.AssertSize(t, 0) })
	want := map[output.Form]string{
		output.JSON: "{" + peopleColumns + ",\n\"rows\":[\n" + peopleRow1 + ",\n" + peopleRow2 + ",\n" + peopleRow3 + "\n],\"row_count\":3}\n",
		output.NDJSON: "{" + peopleColumns + "}\n" + peopleRow1 + "\n" + peopleRow2 + "\n" + peopleRow3 + "\n" +
			"{\"row_count\":3}\n",
		output.CSV: "id,姓名,amount,姓名\r\n1,张三,12.50,x\r\n2,\"O'Brien, \"\"Bob\"\"\",,\"\"\r\n30,,-1000.00,上海市\r\n",
		// Widths come from the first batch: the third row's longer amount moves what follows.
		output.Table: "" +
			" id | 姓名           | amount | 姓名\n" +
			"----+----------------+--------+------\n" +
			"  1 | 张三           |  12.50 | x\n" +
			"  2 | O'Brien, \"Bob\" |   NULL | \n" +
			" 30 | NULL           | -1000.00 | 上海市\n",
	}
	for f, text := range want {
		s, types := people(t, alloc)
		var out bytes.Buffer
		got, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(text, out.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", f, d)
		}
		if got.Rows != 3 || got.Bytes != int64(out.Len()) {
			t.Errorf("%s: summary %+v for %d bytes", f, got, out.Len())
		}
	}
}

func TestArrowIsReadBack(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { alloc.AssertSize(t, 0) })
	s, types := people(t, alloc)
	var out bytes.Buffer
	if _, err := output.Write(t.Context(), &out, output.Arrow, s, output.Options{Types: types}); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Schema().Equal(s.Schema()) {
		t.Errorf("schema %s, want %s", r.Schema(), s.Schema())
	}
	for _, want := range []arrow.RecordBatch{s.batches[0], s.batches[2]} {
		if !r.Next() || !array.RecordEqual(r.RecordBatch(), want) {
			t.Fatalf("got %v (%v), want %v", r.RecordBatch(), r.Err(), want)
		}
	}
	if r.Next() || r.Err() != nil {
		t.Errorf("more after the last batch, or %v", r.Err())
	}
	if !bytes.HasSuffix(out.Bytes(), []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}) {
		t.Error("no end marker")
	}
}

func TestEmptyResults(t *testing.T) {
	want := map[output.Form]string{
		output.JSON:   "{" + peopleColumns + ",\n\"rows\":[],\"row_count\":0}\n",
		output.NDJSON: "{" + peopleColumns + "}\n{\"row_count\":0}\n",
		output.CSV:    "id,姓名,amount,姓名\r\n",
		output.Table:  " id | 姓名 | amount | 姓名\n----+------+--------+------\n",
	}
	for _, f := range allForms {
		s, types := people(t, memory.NewGoAllocator())
		s.batches = s.batches[1:2] // the one without rows
		var out bytes.Buffer
		if _, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types}); err != nil {
			t.Fatal(err)
		}
		if f == output.Arrow {
			r, err := ipc.NewReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Schema().Equal(s.Schema()) || r.Next() || r.Err() != nil {
				t.Errorf("arrow: %s, %v", r.Schema(), r.Err())
			}
			r.Release()
			continue
		}
		if f == output.Parquet {
			continue // read back by others in TestParquetOfManyBatches
		}
		if d := cmp.Diff(want[f], out.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", f, d)
		}
	}
}

// A result without columns in its batches cannot exist; one without a declared
// type, or with another one than its stream has, must not be written.
func TestTypesMustFitTheStream(t *testing.T) {
	for name, change := range map[string]func([]catalog.Type) []catalog.Type{
		"too few":      func(ts []catalog.Type) []catalog.Type { return ts[:3] },
		"another":      func(ts []catalog.Type) []catalog.Type { ts[0] = kind(catalog.Int32); return ts },
		"scale":        func(ts []catalog.Type) []catalog.Type { ts[2] = catalog.DecimalOf(10, 1); return ts },
		"none":         func(ts []catalog.Type) []catalog.Type { ts[1] = catalog.Type{}; return ts },
		"list of text": func(ts []catalog.Type) []catalog.Type { ts[1] = catalog.ListOf(kind(catalog.Text)); return ts },
	} {
		for _, f := range allForms {
			s, types := people(t, memory.NewGoAllocator())
			var out bytes.Buffer
			got, err := output.Write(t.Context(), &out, f, s, output.Options{Types: change(types)})
			if errs.CodeOf(err) != errs.Internal || got.Bytes != 0 || out.Len() != 0 {
				t.Errorf("%s, %s: %v, %+v", name, f, err, got)
			}
		}
	}
}

func TestFailureBeforeTheFirstBatchWritesNothing(t *testing.T) {
	for _, f := range allForms {
		s, types := people(t, memory.NewGoAllocator())
		s.batches, s.err = nil, errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": "mz"})
		var out bytes.Buffer
		got, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types})
		if errs.CodeOf(err) != errs.SourceUnreachable || got != (output.Summary{}) || out.Len() != 0 {
			t.Errorf("%s: %v, %+v, %q", f, err, got, out.String())
		}
	}
}

// How a client of each form sees that an answer is not complete.
func TestFailureInTheMiddle(t *testing.T) {
	const problem = `{"title":"Source mz failed while it answered.","code":"source_failed","query_id":"q-7"}`
	cause := errs.Wrap(errs.SourceFailed, "source_failed", msg.Args{"Source": "mz"}, errors.New("secret of the source"))
	write := func(f output.Form) (string, string) {
		s, types := people(t, memory.NewGoAllocator())
		s.batches, s.err = s.batches[:2], cause
		var out, notes bytes.Buffer
		got, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types, QueryID: "q-7", Notes: &notes})
		if !errors.Is(err, error(cause)) || got.Rows != 2 || got.Bytes != int64(out.Len()) {
			t.Errorf("%s: %v, %+v", f, err, got)
		}
		if strings.Contains(out.String(), "secret") {
			t.Errorf("%s shows the detail", f)
		}
		return out.String(), notes.String()
	}
	head := "{" + peopleColumns
	if got, _ := write(output.JSON); got != head+",\n\"rows\":[\n"+peopleRow1+",\n"+peopleRow2+"\n],\"error\":"+problem+"}\n" {
		t.Errorf("json: %s", got)
	} else if !json.Valid([]byte(got)) {
		t.Errorf("json: not valid: %s", got)
	}
	if got, _ := write(output.NDJSON); got != head+"}\n"+peopleRow1+"\n"+peopleRow2+"\n{\"error\":"+problem+"}\n" {
		t.Errorf("ndjson: %s", got)
	}
	// CSV and Table: the caller aborts; a complete table alone has its line of notes.
	if got, _ := write(output.CSV); strings.Count(got, "\r\n") != 3 {
		t.Errorf("csv: %q", got)
	}
	if _, notes := write(output.Table); notes != "" {
		t.Errorf("table: %q", notes)
	}
	got, _ := write(output.Arrow)
	r, err := ipc.NewReader(strings.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	batches := 0
	for r.Next() {
		batches++
	}
	if batches != 1 || !errors.Is(r.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("arrow: %d batches, %v; want 1 and an unexpected end", batches, r.Err())
	}
}

func TestProblemOf(t *testing.T) {
	e := errs.New(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": "mz"}).At("select 姓名\nfrom x", 19)
	e.Nearest = []string{"y"}
	got, err := json.Marshal(output.ProblemOf(fmt.Errorf("outer: %w", e), "q-1", "zh-CN"))
	want := `{"title":"` + e.Text("zh-CN") + `","status":502,"code":"source_unreachable","query_id":"q-1","position":{"offset":19,"line":2,"column":6},"nearest":["y"]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if p := output.ProblemOf(errors.New("password=x"), ""); p.Code != errs.Internal || strings.Contains(p.Title, "password") {
		t.Errorf("%+v", p)
	}
}

// The first rows are with the client before the source has given the last.
func TestRowsLeaveAsTheyCome(t *testing.T) {
	for _, f := range allForms {
		if f == output.Parquet {
			continue // row group by row group: TestParquetOfManyBatches
		}
		s, types := people(t, memory.NewGoAllocator())
		var out bytes.Buffer
		flushes := make(chan int, 10) // bytes that a flush has sent on their way
		written, before := 0, 0
		s.onNext = func(n int) {
			if n != 1 && n != 3 { // after rows
				return
			}
			select { // a source that thinks until the rows before have left
			case written = <-flushes:
			case <-time.After(10 * time.Second):
			}
			if written <= before {
				t.Errorf("%s: %d bytes flushed when batch %d was asked for, and %d before", f, written, n+1, before)
			}
			before = written
		}
		flush := func() error { flushes <- out.Len(); return nil }
		if _, err := output.Write(t.Context(), &out, f, s, output.Options{Types: types, Flush: flush}); err != nil {
			t.Fatal(err)
		}
		if before == 0 || before > out.Len() {
			t.Errorf("%s: %d of %d bytes flushed", f, before, out.Len())
		}
	}
}

// failingWriter takes n bytes and then breaks.
type failingWriter struct{ n int }

var errGone = errors.New("connection reset")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, errGone
	}
	w.n -= len(p)
	return len(p), nil
}

func TestAWriterThatBreaks(t *testing.T) {
	for _, f := range allForms {
		for _, room := range []int{0, 40, 220} {
			s, types := people(t, memory.NewGoAllocator())
			_, err := output.Write(t.Context(), &failingWriter{room}, f, s, output.Options{Types: types})
			var we *output.WriteError
			if room == 220 && err == nil && (f == output.CSV || f == output.Table) {
				continue // it fits
			}
			if !errors.As(err, &we) || !errors.Is(err, errGone) {
				t.Errorf("%s with room for %d: %v", f, room, err)
			}
		}
		s, types := people(t, memory.NewGoAllocator())
		tried := make(chan bool, 10)
		s.onNext = func(n int) {
			if n == 1 && f != output.Parquet {
				<-tried
			}
		}
		_, err := output.Write(t.Context(), io.Discard, f, s, output.Options{Types: types, Flush: func() error { tried <- true; return errGone }})
		var we *output.WriteError
		if !errors.As(err, &we) {
			t.Errorf("%s, flush: %v", f, err)
		}
	}
}

func TestACancelledContextEndsTheAnswer(t *testing.T) {
	for _, f := range allForms {
		s, types := people(t, memory.NewGoAllocator())
		ctx, cancel := context.WithCancel(t.Context())
		s.onNext = func(n int) {
			if n == 1 {
				cancel()
			}
		}
		got, err := output.Write(ctx, io.Discard, f, s, output.Options{Types: types})
		if !errors.Is(err, context.Canceled) || got.Rows != 2 {
			t.Errorf("%s: %v after %d rows", f, err, got.Rows)
		}
	}
}

func TestTableNotes(t *testing.T) {
	for lang, want := range map[string]string{"en": "3 row(s) in ", "zh-CN": "3 行，用时 "} {
		s, types := people(t, memory.NewGoAllocator())
		var notes bytes.Buffer
		o := output.Options{Types: types, Notes: &notes, Langs: []string{lang}, Started: time.Now().Add(-1500 * time.Millisecond)}
		if _, err := output.Write(t.Context(), io.Discard, output.Table, s, o); err != nil {
			t.Fatal(err)
		}
		if got := notes.String(); !strings.HasPrefix(got, want+"1.5") && !strings.HasPrefix(got, want+"1.6") {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

// A reader that knows nothing of us reads the CSV back.
func TestCSVIsReadBack(t *testing.T) {
	texts := []string{"a,b", `"`, `""x`, "\r\n", " ", "", "张三", "x\"", "\t."}
	b := array.NewStringBuilder(memory.NewGoAllocator())
	defer b.Release()
	b.AppendValues(texts, nil)
	column := b.NewArray()
	defer column.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: `head "er",`, Type: arrow.BinaryTypes.String}, {Name: "", Type: arrow.BinaryTypes.String}}, nil)
	batch := array.NewRecordBatch(schema, []arrow.Array{column, column}, int64(len(texts)))
	defer batch.Release()
	got, err := csv.NewReader(strings.NewReader(written(t, output.CSV, batch, []catalog.Type{kind(catalog.Text), kind(catalog.Text)}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{`head "er",`, ""}}
	for _, s := range texts {
		s = strings.ReplaceAll(s, "\r\n", "\n") // as encoding/csv reads it
		want = append(want, []string{s, s})
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAVeryLargeCell(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	b := array.NewStringBuilder(memory.NewGoAllocator())
	defer b.Release()
	b.AppendValues([]string{big, "y"}, nil)
	column := b.NewArray()
	defer column.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	batch := array.NewRecordBatch(schema, []arrow.Array{column}, 2)
	defer batch.Release()
	types := []catalog.Type{kind(catalog.Text)}
	if got, want := written(t, output.CSV, batch, types), "v\r\n"+big+"\r\ny\r\n"; got != want {
		t.Errorf("csv: %d bytes, want %d", len(got), len(want))
	}
	for _, line := range strings.Split(written(t, output.Table, batch, types), "\n")[1:2] {
		if line != strings.Repeat("-", 64+2) {
			t.Errorf("the rule has %d characters", len(line))
		}
	}
}

func TestForms(t *testing.T) {
	for _, f := range allForms {
		got, ok := output.ParseForm(f.String())
		if !ok || got != f || output.ContentType(f) == "" {
			t.Errorf("%s: %v %v %q", f, got, ok, output.ContentType(f))
		}
	}
	for _, name := range []string{"", "avro", "JSON"} {
		if f, ok := output.ParseForm(name); ok {
			t.Errorf("%q is %s", name, f)
		}
	}
	s, types := people(t, memory.NewGoAllocator())
	if _, err := output.Write(t.Context(), io.Discard, 0, s, output.Options{Types: types}); errs.CodeOf(err) != errs.Internal {
		t.Errorf("no form: %v", err)
	}
}
