package flightsql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

// large answers every statement with one batch of texts of these lengths.
type large struct {
	lengths []int
	columns []catalog.Column
	batch   arrow.RecordBatch
	given   bool
}

func (l *large) Describe(context.Context, server.Session, server.Request) (*server.Described, error) {
	return &server.Described{Columns: l.columns}, nil
}

func (l *large) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(l.columns))
	defer b.Release()
	for i, n := range l.lengths {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", n))
	}
	l.batch, l.given = b.NewRecordBatch(), false
	return &server.Answer{ID: "q", Columns: l.columns, Stream: l}, nil
}

func (l *large) Schema() *arrow.Schema          { return l.batch.Schema() }
func (l *large) RecordBatch() arrow.RecordBatch { return l.batch }
func (l *large) Err() error                     { return nil }
func (l *large) Warnings() []errs.Warning       { return nil }
func (l *large) Release()                       {}
func (l *large) Next() bool {
	first := !l.given
	l.given = true
	return first
}

func same(n, size int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = size
	}
	return out
}

// Messages have up to 2 MiB; a row that has more comes alone; one that no client takes
// is an error that names the column.
func TestMessageSizes(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name    string
		lengths []int
		most    int // bytes of a message
		batches int // with rows
		fails   bool
	}{
		{"small", same(10, 10), 1000, 1, false},
		{"many rows", same(100_000, 100), 2 * mib, 6, false},
		{"three of 1 MiB", same(3, mib), 2 * mib, 3, false},
		{"a large one between small ones", []int{5, 5 * mib, 5, 5}, 5*mib + 1000, 3, false},
		{"the largest", []int{maxRow - 100}, maxRow + 1000, 1, false},
		{"too large", []int{5, maxRow + 1, 5}, 0, 0, true},
	} {
		for _, zip := range []string{"none", "lz4", "zstd"} {
			l := &large{lengths: c.lengths, columns: servertest.Columns}
			client := connect(t, doorOf(t, l, newOffice()))
			ctx := as(t, "wang", "compression", zip)
			info, err := client.Execute(ctx, "SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
			if err != nil {
				t.Fatal(err)
			}
			most, messages, failed := 0, 0, false
			for {
				data, err := stream.Recv()
				if err == io.EOF {
					break
				}
				if failed = err != nil; failed {
					if code, own := codeOf(err); !c.fails || code != codes.FailedPrecondition || own != "result_too_large" || !strings.Contains(err.Error(), "姓名") {
						t.Errorf("%s: %v", c.name, err)
					}
					break
				}
				most, messages = max(most, len(data.DataBody)), messages+1
			}
			if failed != c.fails {
				t.Errorf("%s %s: an error: %v", c.name, zip, failed)
			}
			if c.fails {
				continue
			}
			if most > c.most || messages != c.batches+2 { // the schema, and the end
				t.Errorf("%s %s: %d messages, the largest of %d bytes", c.name, zip, messages, most)
			}
			if zip != "none" && c.name == "many rows" && most > mib/4 {
				t.Errorf("%s: %d bytes are not compressed", zip, most)
			}
			again, err := client.Execute(ctx, "SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			if n, foot, _, err := rows(ctx, client, again); err != nil || n != int64(len(c.lengths)) || !strings.Contains(foot, fmt.Sprintf(`"row_count":%d,`, n)) {
				t.Errorf("%s %s: %d rows, %s, %v", c.name, zip, n, foot, err)
			}
		}
	}
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	info, err := client.Execute(as(t, "wang"), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := rows(as(t, "wang", "compression", "gzip"), client, info); status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
}

// Rows of another schema than the client was told of do not come.
func TestSchemaThatChanged(t *testing.T) {
	l := &large{lengths: same(1, 1), columns: servertest.Columns}
	client := connect(t, doorOf(t, l, newOffice()))
	info, err := client.Execute(as(t, "wang"), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	l.columns = []catalog.Column{{Name: "id", Type: kindOf(catalog.Int64)}, {Name: "name", Type: kindOf(catalog.Text)}}
	n, _, _, err := rows(as(t, "wang"), client, info)
	if _, own := codeOf(err); own != "conflict" || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Schemas that a client would read otherwise have other digests.
func TestDigest(t *testing.T) {
	column := func(name string, typ catalog.Type) catalog.Column { return catalog.Column{Name: name, Type: typ} }
	structOf := func(name string, kind catalog.Kind) catalog.Type {
		return catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: name, Type: kindOf(kind)}}}
	}
	mapOf := func(to catalog.Kind) catalog.Type {
		return catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Type: kindOf(catalog.Text)}, {Type: kindOf(to)}}}
	}
	whole, text := kindOf(catalog.Int32), kindOf(catalog.Text)
	schemas := [][]catalog.Column{
		{}, {column("a", whole)}, {column("A", whole)}, {column("", whole)}, {column("a", text)}, {column("a", whole), column("b", whole)}, {column("b", whole), column("a", whole)},
		{column("a", text), column("b", text)}, {column("a{"+text.Arrow().Fingerprint()+"}Fnb", text)}, // a name that looks like two columns
		{column("a", structOf("b", catalog.Int32))}, {column("a", structOf("c", catalog.Int32))}, {column("a", structOf("b", catalog.Int64))},
		{column("a", mapOf(catalog.Int32))}, {column("a", mapOf(catalog.Text))}, {column("a", catalog.ListOf(whole))}, {column("a", catalog.ListOf(text))},
		{column("a", catalog.DecimalOf(10, 2))}, {column("a", catalog.DecimalOf(10, 3))}, {column("a", catalog.DecimalOf(11, 2))},
	}
	for kind := range sqlTypes {
		switch kind {
		case catalog.Struct, catalog.Map, catalog.List, catalog.Decimal, catalog.Int32, catalog.Text, catalog.UUID, catalog.JSON, catalog.Null, catalog.HugeInt:
		default:
			schemas = append(schemas, []catalog.Column{column("a", kindOf(kind))})
		}
	}
	seen := map[string]*arrow.Schema{}
	for _, columns := range schemas {
		s := catalog.ArrowSchema(columns)
		if other := seen[string(digest(s))]; other != nil {
			t.Errorf("one digest of\n%s\n%s", s, other)
		}
		seen[string(digest(s))] = s
		if again := catalog.ArrowSchema(columns); string(digest(again)) != string(digest(s)) {
			t.Errorf("two digests of\n%s", s)
		}
	}
}

// The sizes of parts of nested and sliced columns count.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		typ  arrow.DataType
		json string
		from int
		to   int
		want int64
	}{
		{arrow.PrimitiveTypes.Int64, `[1, 2, 3]`, 1, 3, 1 + 16},
		{arrow.BinaryTypes.String, `["aaaa", "bb", "c"]`, 1, 3, 1 + 8 + 3},
		{arrow.BinaryTypes.Binary, `["AAAA", "AAAA"]`, 0, 1, 1 + 4 + 3},
		{arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1], [2, 3, 4], []]`, 1, 2, 1 + 4 + 1 + 12},
		{arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32}), `[{"a": 1}, {"a": 2}]`, 0, 2, 1 + 1 + 8},
		{arrow.FixedWidthTypes.Boolean, `[true, false]`, 0, 2, 1 + 1},
		{arrow.PrimitiveTypes.Int64, `[]`, 0, 0, 0},
	} {
		a, _, err := array.FromJSON(memory.DefaultAllocator, c.typ, strings.NewReader(c.json))
		if err != nil {
			t.Fatal(err)
		}
		if got := bytesOf(a, c.from, c.to); got != c.want {
			t.Errorf("%s %s from %d to %d: %d bytes, want %d", c.typ, c.json, c.from, c.to, got, c.want)
		}
	}
}

// A client that does not read keeps its statement for so long and no longer, and takes no
// other one's answer with it.
func TestSlowClient(t *testing.T) {
	feed := make(chan servertest.Row)
	stop := make(chan struct{})
	fed := safego.Run(func() error {
		for {
			select {
			case feed <- servertest.Row{Rows: 1000}:
			case <-stop:
				return nil
			}
		}
	})
	defer func() {
		close(stop)
		<-fed
	}()
	q := &servertest.Querier{Feed: feed}
	client := connect(t, opened(t, Options{Querier: q, Session: newOffice().session, ClientWait: 100 * time.Millisecond}))
	ctx := as(t, "wang")
	info, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, 2*time.Second, "the statement of a client that does not read", func() bool {
		all := q.Streams()
		if len(all) == 0 {
			return false
		}
		select {
		case <-all[0].Released:
			return true
		default:
			return false
		}
	})
	for err == nil {
		_, err = stream.Recv()
	}
	if code, own := codeOf(err); code != codes.DeadlineExceeded || own != "client_slow" {
		t.Errorf("told %v", err)
	}
	if _, err := client.Execute(ctx, "SELECT 1"); err != nil {
		t.Errorf("the connection does not live on: %v", err)
	}
}

// A call that ends, ends what it began; a cancelled one says who did it.
func TestCancel(t *testing.T) {
	q := &servertest.Querier{Feed: make(chan servertest.Row)}
	client := connect(t, doorOf(t, q, newOffice()))
	for i, how := range []string{"leave", "cancel"} {
		ctx, leave := context.WithCancel(as(t, "wang"))
		info, err := client.Execute(ctx, "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		waitfor.True(t, time.Second, "the statement", func() bool { return len(q.Streams()) == i+1 })
		request := &flight.CancelFlightInfoRequest{Info: info}
		if how == "leave" {
			leave()
		} else if got, err := client.CancelFlightInfo(as(t, "li"), request); err == nil {
			t.Errorf("somebody else cancels it: %v", got)
		} else if got, err := client.CancelFlightInfo(as(t, "wang"), request); err != nil || got.Status != flight.CancelStatusCancelled {
			t.Errorf("%v, %v", got, err)
		}
		<-q.Streams()[i].Released
		_, err = stream.Recv()
		if code, own := codeOf(err); how == "cancel" && (code != codes.Canceled || own != "canceled" || !strings.Contains(err.Error(), "client cancelled")) {
			t.Errorf("told %v", err)
		}
		if how == "cancel" {
			if got, err := client.CancelFlightInfo(as(t, "wang"), request); err != nil || got.Status != flight.CancelStatusNotCancellable {
				t.Errorf("once more: %v, %v", got, err)
			}
		}
		leave()
	}
}

// When the door ends, answers that still run get a time to end, and are told why then.
func TestShutdown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	q := &servertest.Querier{Feed: make(chan servertest.Row)}
	office := newOffice()
	done := safego.Run(func() error {
		return serve(ctx, ln, Options{Querier: q, Session: office.session}, 50*time.Millisecond)
	})
	client := connect(t, ln.Addr().String())
	info, err := client.Execute(as(t, "wang"), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Client.DoGet(as(t, "wang"), info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, time.Second, "the statement", func() bool { return len(q.Streams()) == 1 })
	end()
	_, err = stream.Recv()
	if code, own := codeOf(err); code != codes.Unavailable || own != "gateway_closing" || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("told %v", err)
	}
	if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
