package flightsql

import (
	"encoding/binary"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

func kindOf(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func TestPrepared(t *testing.T) {
	q := &servertest.Querier{Params: []catalog.Column{{Name: "1", Type: kindOf(catalog.Int32)}, {Name: "2", Type: kindOf(catalog.Text)}}}
	client := connect(t, doorOf(t, q, newOffice()))
	ctx := as(t, "wang")
	p, err := client.Prepare(ctx, "SELECT * FROM t WHERE a = $1 AND b = $2")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.DatasetSchema(); !got.Equal(catalog.ArrowSchema(servertest.Columns)) {
		t.Errorf("dataset %v", got)
	}
	if got := p.ParameterSchema(); !got.Equal(catalog.ArrowSchema(q.Params)) {
		t.Errorf("parameters %v", got)
	}
	if _, err := p.Execute(ctx); status.Code(err) != codes.InvalidArgument {
		t.Errorf("without values: %v", err)
	}
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.AppendNull()
	// Twice, with other values: what is bound is in the handle.
	for i, n := range []int64{7, 8} {
		p.SetParameters(batchOf(t, numbers(n), nullText(text)))
		info, err := p.Execute(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := rows(ctx, client, info); err != nil {
			t.Fatal(err)
		}
		asked, _ := q.Asked()
		want := []server.Param{{Text: itoa(n), Type: kindOf(catalog.Int32)}, {Null: true, Type: kindOf(catalog.Text)}}
		if len(asked) != i+1 || len(asked[i].Params) != 2 || !sameParam(asked[i].Params[0], want[0]) || !sameParam(asked[i].Params[1], want[1]) {
			t.Errorf("asked %+v", asked)
		}
	}
	for name, batch := range map[string]arrow.RecordBatch{
		"one too few": batchOf(t, numbers(7)), "one too many": batchOf(t, numbers(7), numbers(7), numbers(7)), "two rows": twoRows(t),
	} {
		p.SetParameters(batch)
		_, err := p.Execute(ctx)
		if code, own := codeOf(err); code != codes.InvalidArgument || own != "parameter_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	desc := commandFor(t, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: p.Handle()})
	if _, err := client.Client.GetFlightInfo(ctx, desc); status.Code(err) != codes.InvalidArgument {
		t.Errorf("after it was closed: %v", err)
	}
}

func nullText(b *array.StringBuilder) arrow.Array {
	if b.Len() == 0 {
		b.AppendNull()
	}
	return b.NewArray()
}

func sameParam(a, b server.Param) bool {
	return a.Name == b.Name && a.Null == b.Null && a.Text == b.Text && a.Type.Equal(b.Type)
}

func twoRows(t *testing.T) arrow.RecordBatch {
	one := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil), []arrow.Array{numbers(1, 2), numbers(1, 2)}, 2)
	t.Cleanup(one.Release)
	return one
}

// The longest statement has room in a ticket and a handle; what has not is an error, and
// what is larger than a message is not read.
func TestLongStatements(t *testing.T) {
	q := &servertest.Querier{}
	client := connect(t, doorOf(t, q, newOffice()))
	ctx := as(t, "wang")
	for _, c := range []struct {
		sql  string
		want codes.Code
	}{
		{"SELECT '" + strings.Repeat("<", mostText) + "'", codes.OK}, {"SELECT '" + strings.Repeat("\"\n", mostText/2) + "'", codes.OK},
		{"SELECT '" + strings.Repeat("\x01", mostText) + "'", codes.InvalidArgument}, {strings.Repeat("x", maxMessage), codes.ResourceExhausted},
	} {
		info, err := client.Execute(ctx, c.sql)
		if status.Code(err) != c.want {
			t.Errorf("%d bytes of %q: %v", len(c.sql), c.sql[8:10], err)
		}
		if err != nil {
			continue
		}
		if _, _, _, err := rows(ctx, client, info); err != nil {
			t.Error(err)
		}
		p, err := client.Prepare(ctx, c.sql)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Execute(ctx); err != nil {
			t.Error(err)
		}
	}
}

// Statements without parameters run as they are; named ones are found by their names.
func TestPreparedNames(t *testing.T) {
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	ctx := as(t, "wang")
	p, err := client.Prepare(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	info, err := p.Execute(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := rows(ctx, client, info); err != nil {
		t.Error(err)
	}

	what := &sealed{Names: []string{"von", "bis"}, Types: []catalog.Type{kindOf(catalog.Int64), kindOf(catalog.Int64)}}
	for _, c := range []struct {
		names []string
		want  string
	}{{[]string{"von", "bis"}, "1 2"}, {[]string{"bis", "von"}, "2 1"}, {[]string{"a", "b"}, "1 2"}, {[]string{"von", "von"}, "1 2"}} {
		b := batchOf(t, numbers(1), numbers(2))
		schema := arrow.NewSchema([]arrow.Field{{Name: c.names[0], Type: arrow.PrimitiveTypes.Int64}, {Name: c.names[1], Type: arrow.PrimitiveTypes.Int64}}, nil)
		params, err := paramsOf(what, array.NewRecordBatch(schema, b.Columns(), 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := params[0].Text + " " + params[1].Text; got != c.want || params[0].Name != "von" || params[1].Name != "bis" {
			t.Errorf("%q: %+v", c.names, params)
		}
	}
}

// That a statement is none that can be answered is no word about preparing statements.
func TestStatementsThatAreNotPrepared(t *testing.T) {
	for e, want := range map[*errs.Error]codes.Code{
		errs.New(errs.NotSupported, "statement_not_supported", nil): codes.InvalidArgument,
		errs.New(errs.UnknownName, "unknown_table", nil):            codes.InvalidArgument,
		errs.New(errs.Forbidden, "forbidden", nil):                  codes.PermissionDenied,
	} {
		client := connect(t, doorOf(t, &servertest.Querier{Err: e}, newOffice()))
		ctx := as(t, "wang")
		_, err := client.Prepare(ctx, "SELECT round(1.2, ?)")
		if code, own := codeOf(err); code != want || own != string(e.Code) || !strings.Contains(err.Error(), e.Text("en")) {
			t.Errorf("%s: %s, %s, %v", e.Code, code, own, err)
		}
		_, err = client.Execute(ctx, "SELECT round(1.2, 1)")
		if code, own := codeOf(err); code != codes.Code(e.Code.GRPC()) || own != string(e.Code) {
			t.Errorf("%s, asked without values: %s, %s", e.Code, code, own)
		}
	}
}

// Nothing is changed over the door.
func TestReadOnly(t *testing.T) {
	q := &servertest.Querier{}
	client := connect(t, doorOf(t, q, newOffice()))
	ctx := as(t, "wang")
	_, err := client.ExecuteUpdate(ctx, "DELETE FROM t")
	if code, own := codeOf(err); code != codes.InvalidArgument || own != "read_only" {
		t.Error(err)
	}
	p, err := client.Prepare(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.ExecuteUpdate(ctx)
	if code, own := codeOf(err); code != codes.InvalidArgument || own != "read_only" {
		t.Error(err)
	}
	if _, err := client.BeginTransaction(ctx); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Errorf("%d statements ran", len(asked))
	}
}

// The type that a value gets, for the place that it was prepared for.
func TestDeclared(t *testing.T) {
	for _, c := range []struct {
		place, came catalog.Kind
		text        string
		want        catalog.Kind
	}{
		{catalog.Int32, catalog.Int64, "2147483647", catalog.Int32}, {catalog.Int32, catalog.Int64, "2147483648", catalog.Int64},
		{catalog.Int32, catalog.Uint32, "7", catalog.Uint32}, {catalog.Int32, catalog.Int16, "7", catalog.Int16}, {catalog.Int64, catalog.Uint64, "7", catalog.Uint64},
		{catalog.Int64, catalog.Int32, "7", catalog.Int32}, {catalog.Int16, catalog.Int64, "7", catalog.Int64}, {catalog.Int16, catalog.Int32, "2147483647", catalog.Int32},
		{catalog.Decimal, catalog.Int64, "7", catalog.Int64}, {catalog.Float64, catalog.Int64, "9007199254740993", catalog.Int64},
		{catalog.Float32, catalog.Int64, "-16777216", catalog.Float32}, {catalog.Float32, catalog.Int64, "16777217", catalog.Int64}, {catalog.Float32, catalog.Int64, "-16777217", catalog.Int64},
		{catalog.Float32, catalog.Uint64, "7", catalog.Float32}, {catalog.Float32, catalog.Decimal, "7", catalog.Decimal},
		{catalog.Float32, catalog.Float64, "0.5", catalog.Float64}, {catalog.Float32, catalog.Float64, "1e+40", catalog.Float64}, {catalog.Float64, catalog.Float32, "0.1", catalog.Float32},
		{catalog.Float32, catalog.Float64, "1", catalog.Float64}, {catalog.Float32, catalog.Float32, "0.1", catalog.Float32}, {catalog.Int32, catalog.Float64, "7", catalog.Float64},
		{catalog.Date, catalog.Text, "", catalog.Date}, {catalog.Date, catalog.Date, "", catalog.Date}, {catalog.Date, catalog.Timestamp, "", catalog.Timestamp},
		{catalog.Text, catalog.Int64, "7", catalog.Int64}, {catalog.Text, catalog.Text, "", catalog.Text}, {catalog.Bool, catalog.Bool, "", catalog.Bool},
		{catalog.Interval, catalog.Text, "", catalog.Invalid}, {catalog.Interval, catalog.Interval, "", catalog.Invalid}, {catalog.Blob, catalog.Blob, "", catalog.Blob},
		{catalog.Text, catalog.Blob, "", catalog.Blob}, {catalog.Blob, catalog.Text, "", catalog.Invalid},
		{catalog.Invalid, catalog.Int64, "7", catalog.Int64}, {catalog.UUID, catalog.Text, "", catalog.UUID},
	} {
		if got := declared(kindOf(c.place), value{typ: kindOf(c.came), text: c.text}); got.Kind != c.want {
			t.Errorf("%v %s for a place of %v: %v, want %v", kindOf(c.came), c.text, kindOf(c.place), got, kindOf(c.want))
		}
	}
	for _, c := range []struct{ place, came, want catalog.Kind }{
		{catalog.Text, catalog.Null, catalog.Null}, {catalog.Int64, catalog.Null, catalog.Null}, {catalog.Text, catalog.Int64, catalog.Int64},
		{catalog.Int32, catalog.Int64, catalog.Int32}, {catalog.Float32, catalog.Int64, catalog.Float32}, {catalog.Date, catalog.Text, catalog.Date},
		{catalog.Text, catalog.Blob, catalog.Blob}, {catalog.Date, catalog.Invalid, catalog.Date}, {catalog.Interval, catalog.Interval, catalog.Invalid},
	} {
		if got := declared(kindOf(c.place), value{null: true, typ: kindOf(c.came)}); got.Kind != c.want {
			t.Errorf("NULL of %v for a place of %v: %v, want %v", kindOf(c.came), kindOf(c.place), got, kindOf(c.want))
		}
	}
	if got := declared(catalog.DecimalOf(10, 2), value{typ: catalog.DecimalOf(5, 3)}); !got.Equal(catalog.DecimalOf(5, 3)) {
		t.Errorf("a decimal that may not fit: %v", got)
	}
}

// Bytes are told to be such, whatever stands at their place: they are no text. An interval
// is one only where one is wanted.
func TestBytesAreNoText(t *testing.T) {
	of := func(typ arrow.DataType, json string, place catalog.Kind) ([]server.Param, error) {
		a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(json))
		if err != nil {
			t.Fatal(err)
		}
		return paramsOf(&sealed{Names: []string{"1"}, Types: []catalog.Type{kindOf(place)}}, batchOf(t, a))
	}
	for _, place := range []catalog.Kind{catalog.Text, catalog.Int64, catalog.Blob} {
		p, err := of(arrow.BinaryTypes.Binary, `["AP8="]`, place)
		if err != nil || p[0].Type.Kind != catalog.Blob || p[0].Text != `\x00\xff` {
			t.Errorf("bytes for a place of %v: %+v %v", kindOf(place), p, err)
		}
	}
	for place, taken := range map[catalog.Kind]bool{catalog.Text: false, catalog.Interval: true} {
		if _, err := of(arrow.FixedWidthTypes.MonthDayNanoInterval, `[{"months": 1, "days": 0, "nanoseconds": 0}]`, place); (err == nil) != taken {
			t.Errorf("an interval for a place of %v: %v", kindOf(place), err)
		}
	}
}

// Values in the form in which statements take them.
func TestValues(t *testing.T) {
	mem := memory.DefaultAllocator
	us := &arrow.TimestampType{Unit: arrow.Microsecond}
	ns := &arrow.TimestampType{Unit: arrow.Nanosecond}
	tz := &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Asia/Shanghai"}
	for _, c := range []struct {
		typ  arrow.DataType
		json string
		want string // kind and text; empty refuses
	}{
		{arrow.FixedWidthTypes.Boolean, `true`, "BOOLEAN true"}, {arrow.PrimitiveTypes.Int8, `-5`, "TINYINT -5"},
		{arrow.PrimitiveTypes.Int64, `-9223372036854775808`, "BIGINT -9223372036854775808"}, {arrow.PrimitiveTypes.Uint64, `18446744073709551615`, "UBIGINT 18446744073709551615"},
		{arrow.PrimitiveTypes.Float64, `0.1`, "DOUBLE 0.1"}, {arrow.PrimitiveTypes.Float32, `0.1`, "FLOAT 0.1"}, {arrow.PrimitiveTypes.Float64, `1e300`, "DOUBLE 1e+300"},
		{&arrow.Decimal128Type{Precision: 10, Scale: 2}, `"-0.05"`, "DECIMAL(10,2) -0.05"}, {&arrow.Decimal128Type{Precision: 5, Scale: 0}, `"12"`, "DECIMAL(5,0) 12"},
		{arrow.BinaryTypes.String, `"张'三\u0000"`, "VARCHAR 张'三\x00"}, {arrow.BinaryTypes.LargeString, `"x"`, "VARCHAR x"},
		{arrow.BinaryTypes.Binary, `"AP+r"`, `BLOB \x00\xff\xab`},
		{arrow.FixedWidthTypes.Date32, `"2024-02-29"`, "DATE 2024-02-29"}, {arrow.FixedWidthTypes.Date64, `"1899-12-31"`, "DATE 1899-12-31"},
		{arrow.FixedWidthTypes.Time64us, `"23:59:59.000001"`, "TIME 23:59:59.000001"}, {arrow.FixedWidthTypes.Time32s, `"01:02:03"`, "TIME 01:02:03"},
		{us, `"2024-01-02 03:04:05.678901"`, "TIMESTAMP 2024-01-02 03:04:05.678901"}, {ns, `"2024-01-02 03:04:05.678901000"`, "TIMESTAMP 2024-01-02 03:04:05.678901"},
		{ns, `"2024-01-02 03:04:05.678901234"`, ""}, {tz, `"2024-01-02 03:04:05.678Z"`, "TIMESTAMP WITH TIME ZONE 2024-01-02T03:04:05.678Z"},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, `{"months": 1, "days": -2, "nanoseconds": 3000}`, "INTERVAL 1 months -2 days 3 microseconds"},
		{arrow.FixedWidthTypes.Float16, `1`, ""}, {arrow.ListOf(arrow.PrimitiveTypes.Int64), `[1]`, ""}, {arrow.FixedWidthTypes.Duration_us, `"1us"`, ""},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `"x"`, "VARCHAR x"},
		{arrow.PrimitiveTypes.Int64, `null`, "BIGINT NULL"}, {arrow.Null, `null`, `"NULL" NULL`}, {arrow.FixedWidthTypes.Duration_us, `null`, " NULL"},
		{tz, `null`, "TIMESTAMP WITH TIME ZONE NULL"}, {us, `null`, "TIMESTAMP NULL"}, {&arrow.Decimal128Type{Precision: 10, Scale: 2}, `null`, "DECIMAL(10,2) NULL"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int16}, `null`, "SMALLINT NULL"},
	} {
		a, _, err := array.FromJSON(mem, c.typ, strings.NewReader("["+c.json+"]"))
		if err != nil {
			t.Fatalf("%s %s: %v", c.typ, c.json, err)
		}
		v, err := valueOf(a, 0, "p")
		got := v.typ.DuckDB() + " " + v.text
		if v.null {
			got = v.typ.DuckDB() + " NULL"
		}
		if err != nil {
			got = ""
			if strings.Contains(err.Error(), "678901234") {
				t.Errorf("the error repeats the value: %v", err)
			}
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q (%v)", c.typ, c.json, got, c.want, err)
		}
	}
}

// The ends of what Arrow's dates and timestamps hold are infinite, where DuckDB reads them so.
func TestInfiniteValues(t *testing.T) {
	for _, c := range []struct {
		typ  arrow.DataType
		bits uint64
		want string // empty for none that is infinite
	}{
		{arrow.FixedWidthTypes.Date32, math.MaxInt32, "infinity"}, {arrow.FixedWidthTypes.Date32, 1<<31 + 1, "-infinity"},
		{arrow.FixedWidthTypes.Date32, math.MaxInt32 - 1, ""}, {arrow.FixedWidthTypes.Date32, 1 << 31, ""}, {arrow.FixedWidthTypes.Date64, math.MaxInt64, ""},
		{&arrow.TimestampType{Unit: arrow.Second}, math.MaxInt64, "infinity"}, {&arrow.TimestampType{Unit: arrow.Millisecond}, 1<<63 + 1, "-infinity"},
		{&arrow.TimestampType{Unit: arrow.Microsecond}, math.MaxInt64, "infinity"}, {&arrow.TimestampType{Unit: arrow.Microsecond}, 1 << 63, ""},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, 1<<63 + 1, "-infinity"}, {&arrow.TimestampType{Unit: arrow.Microsecond}, math.MaxInt64 - 1, ""},
		{&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, math.MaxInt64, "infinity"}, {&arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, math.MaxInt64, ""},
		{&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, 1<<63 + 1, ""},
	} {
		bits := binary.LittleEndian.AppendUint64(nil, c.bits)
		a := array.MakeFromData(array.NewData(c.typ, 1, []*memory.Buffer{nil, memory.NewBufferBytes(bits)}, nil, 0, 0))
		v, err := valueOf(a, 0, "p")
		if got := v.text; strings.Contains(got, "infinity") != (c.want != "") || c.want != "" && (got != c.want || err != nil) {
			t.Errorf("%s %x: %q (%v), want %q", c.typ, c.bits, got, err, c.want)
		}
	}
}

// put sends messages that a client made by hand to bind the parameters of a statement.
func put(t *testing.T, client *fsql.Client, handle []byte, messages ...*flight.FlightData) error {
	t.Helper()
	stream, err := client.Client.DoPut(as(t, "wang"))
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) > 0 && messages[0].FlightDescriptor == nil {
		messages[0].FlightDescriptor = commandFor(t, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: handle})
	}
	for _, m := range messages {
		if stream.Send(m) != nil {
			break
		}
	}
	_ = stream.CloseSend()
	for {
		if _, err := stream.Recv(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// kept keeps the messages of a writer.
type kept struct{ all []*flight.FlightData }

func (k *kept) Send(d *flight.FlightData) error {
	k.all = append(k.all, &flight.FlightData{DataHeader: append([]byte(nil), d.DataHeader...), DataBody: append([]byte(nil), d.DataBody...)})
	return nil
}

// messagesOf writes a batch as a client would.
func messagesOf(t testing.TB, b arrow.RecordBatch, o ...ipc.Option) []*flight.FlightData {
	t.Helper()
	k := &kept{}
	w := flight.NewRecordWriter(k, append(o, ipc.WithSchema(b.Schema()))...)
	if err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return k.all
}

// Messages that are made to do harm are refused, and the door goes on.
func TestParametersThatDoHarm(t *testing.T) {
	q := &servertest.Querier{Params: []catalog.Column{{Name: "1", Type: kindOf(catalog.Int64)}}}
	client := connect(t, doorOf(t, q, newOffice()))
	p, err := client.Prepare(as(t, "wang"), "SELECT $1")
	if err != nil {
		t.Fatal(err)
	}
	good := func(o ...ipc.Option) []*flight.FlightData { return messagesOf(t, batchOf(t, numbers(7)), o...) }
	if err := put(t, client, p.Handle(), good()...); err != nil {
		t.Fatal(err)
	}
	schema := func(fields ...arrow.Field) *flight.FlightData {
		k := &kept{}
		w := flight.NewRecordWriter(k, ipc.WithSchema(arrow.NewSchema(fields, nil)))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return k.all[0]
	}
	cases := map[string][]*flight.FlightData{
		"no schema":        good()[1:],
		"compressed":       good(ipc.WithZstd()),
		"nested":           {schema(arrow.Field{Name: "a", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)})},
		"no plain type":    {schema(arrow.Field{Name: "a", Type: arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64)})},
		"cut body":         {good()[0], {DataHeader: good()[1].DataHeader, DataBody: good()[1].DataBody[:3]}},
		"no body":          {good()[0], {DataHeader: good()[1].DataHeader}},
		"nothing":          {{}},
		"zeros":            {{DataHeader: make([]byte, 64)}},
		"no descriptor":    nil,
		"twice the schema": {good()[0], good()[0]},
	}
	for name, messages := range cases {
		if err := put(t, client, p.Handle(), messages...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := put(t, client, p.Handle(), good()...); err != nil {
		t.Fatal(err)
	}
}

// fromClient hands messages to a door as if they came over a connection.
type fromClient struct {
	flight.FlightService_DoPutServer
	all []*flight.FlightData
}

func (f *fromClient) Recv() (*flight.FlightData, error) {
	if len(f.all) == 0 {
		return nil, io.EOF
	}
	next := f.all[0]
	f.all = f.all[1:]
	return next, nil
}

// taken is what the door makes of messages with parameters.
func taken(what *sealed, messages []*flight.FlightData) (params []server.Param, err error) {
	err = safego.Call(func() error {
		r, err := flight.NewRecordReader(&checkedPut{FlightService_DoPutServer: &fromClient{all: messages}}, ipc.WithAllocator(bounded{}), ipc.WithDelayReadSchema(true))
		if err != nil {
			return err
		}
		defer r.Release()
		params, err = bound(what, r)
		return err
	})
	return params, err
}

// Each byte of the heads changed: refused, or taken for what it then says, and in no
// case with more memory than a message may have.
func TestChangedParameters(t *testing.T) {
	what := &sealed{Names: []string{"1"}, Types: []catalog.Type{kindOf(catalog.Int64)}}
	good := func() []*flight.FlightData {
		all := messagesOf(t, batchOf(t, numbers(7)))
		all[0].FlightDescriptor = &flight.FlightDescriptor{}
		return all
	}
	if got, err := taken(what, good()); err != nil || len(got) != 1 || got[0].Text != "7" {
		t.Fatalf("%v, %v", got, err)
	}
	var before, after runtime.MemStats
	for m := range 2 {
		for i := range good()[m].DataHeader {
			for _, bit := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255} {
				messages := good()
				messages[m].DataHeader[i] ^= bit
				runtime.ReadMemStats(&before)
				_, _ = taken(what, messages)
				if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > maxMessage {
					t.Fatalf("byte %d of message %d with %x: %d bytes taken", i, m, bit, after.TotalAlloc-before.TotalAlloc)
				}
			}
		}
	}
}

func FuzzParameters(f *testing.F) {
	mem := memory.DefaultAllocator
	for _, c := range []struct {
		typ  arrow.DataType
		json string
	}{
		{arrow.PrimitiveTypes.Int64, `[7]`}, {arrow.BinaryTypes.String, `["张三"]`}, {arrow.Null, `[null]`}, {arrow.FixedWidthTypes.Boolean, `[true]`},
		{&arrow.Decimal128Type{Precision: 10, Scale: 2}, `["1.50"]`}, {&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, `["2024-01-01 00:00:00Z"]`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["x"]`},
	} {
		a, _, err := array.FromJSON(mem, c.typ, strings.NewReader(c.json))
		if err != nil {
			f.Fatal(err)
		}
		b := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "a", Type: c.typ, Nullable: true}}, nil), []arrow.Array{a}, 1)
		all := messagesOf(f, b)
		last := all[len(all)-1]
		f.Add(all[0].DataHeader, last.DataHeader, last.DataBody)
	}
	what := &sealed{Names: []string{"1"}, Types: []catalog.Type{kindOf(catalog.Int64)}}
	f.Fuzz(func(t *testing.T, schema, head, body []byte) {
		params, err := taken(what, []*flight.FlightData{{FlightDescriptor: &flight.FlightDescriptor{}, DataHeader: schema}, {DataHeader: head, DataBody: body}})
		if err == nil && len(params) != 1 {
			t.Errorf("%d parameters without an error", len(params))
		}
	})
}

func FuzzHandles(f *testing.F) {
	s, err := newSealer([]byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	c := &caller{session: server.Session{Snapshot: policy.Denied{}}}
	good, err := s.seal(ticketKind, s.made(c, "SELECT 1"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(nil))
	f.Add([]byte("\x0a\x10lianji_session=x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// Processes that fuzz together each seal their own with the same secret.
		if what, err := s.opened(ticketKind, text, c); err == nil && what.SQL != "SELECT 1" {
			t.Error("a ticket that nobody made")
		}
		_, _ = s.opened(preparedKind, text, c)
		_, _ = commandOf(text)
		md := metadata.Pairs("cookie", string(text), "purpose", string(text), "mode", string(text), "authorization", "Basic "+string(text))
		if o, err := optionsIn(md); err == nil {
			if p, err := o.purpose(md); err == nil && p != "" && !catalog.IsPurposeCode(p) {
				t.Errorf("purpose %q", p)
			}
			_, _ = o.mode(md)
		}
		_, _, _ = basic(string(text))
	})
}
