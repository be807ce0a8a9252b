package e2e

import (
	"context"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// flightSite serves a site over Flight SQL too.
func flightSite(t *testing.T, engine string) (*site, *fsql.Client) {
	t.Helper()
	s := newSite(t, testpg.Start(t), 4, engine)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, strings.Replace(string(text), `{http: "127.0.0.1:0"}`, `{http: "127.0.0.1:0", flight: "127.0.0.1:0"}`, 1))
	s.serve(t)
	return s, s.flight(t)
}

func (s *site) flight(t *testing.T) *fsql.Client {
	t.Helper()
	var address string
	waitfor.True(t, 5*time.Second, "the address of Flight SQL", func() bool {
		if m := regexp.MustCompile(`grpc://([0-9.:]+[0-9])`).FindStringSubmatch(s.log.String()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	c, err := fsql.NewClient(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// A client of Flight SQL that goes away, cancels or cancels by another call ends its
// statement at the source.
func TestFlightClientGone(t *testing.T) {
	s, client := flightSite(t, "memory: 256MiB")
	for _, way := range []string{"gone", "cancelled", "connection closed"} {
		for _, c := range endless {
			t.Run(way+" "+c.name, func(t *testing.T) {
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				asks := client
				if way == "connection closed" {
					asks = s.flight(t)
				}
				info, err := asks.Execute(ctx, published(c.sql))
				if err != nil {
					t.Fatal(err)
				}
				stream, err := asks.Client.DoGet(ctx, info.Endpoint[0].Ticket)
				if err != nil {
					t.Fatal(err)
				}
				s.awaitActive(t, 1)
				if c.loud { // nothing more is read: the gateway's writes stand still
					for range 2 {
						if _, err := stream.Recv(); err != nil {
							t.Fatal(err)
						}
					}
				}
				switch way {
				case "gone":
					leave()
				case "connection closed":
					_ = asks.Close()
				case "cancelled":
					got, err := client.CancelFlightInfo(t.Context(), &flight.CancelFlightInfoRequest{Info: info})
					if err != nil || got.Status != flight.CancelStatusCancelled {
						t.Errorf("%v, %v", got, err)
					}
				}
				s.awaitGone(t)
				if way != "cancelled" {
					return
				}
				for err == nil {
					_, err = stream.Recv()
				}
				if said := status.Convert(err); said.Code() != codes.Canceled || !strings.Contains(said.Message(), "client cancelled") {
					t.Errorf("the client is told %v", err)
				}
			})
		}
	}
	if got := s.flightAnswer(t, client, "SELECT id, name FROM 政务.户 WHERE id = 17"); got != "17 n17" {
		t.Errorf("afterwards the door answers %q", got)
	}
	if n := strings.Count(s.log.String(), "code=internal"); n != 0 {
		t.Errorf("%d of those who went look like an error of the gateway:\n%s", n, s.log.String())
	}
}

// flightAnswer gives a statement's rows, joined by blanks and line ends.
func (s *site) flightAnswer(t *testing.T, client *fsql.Client, statement string) string {
	t.Helper()
	info, err := client.Execute(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	return flightRows(t, client, info)
}

func flightRows(t *testing.T, client *fsql.Client, info *flight.FlightInfo) string {
	t.Helper()
	r, err := client.DoGet(t.Context(), info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var lines []string
	for r.Next() {
		b := r.RecordBatch()
		for i := range int(b.NumRows()) {
			var cells []string
			for _, c := range b.Columns() {
				cells = append(cells, c.ValueStr(i))
			}
			lines = append(lines, strings.Join(cells, " "))
		}
	}
	if err := r.Err(); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// The metadata are those of what is published, by the names that statements take.
func TestFlightMetadata(t *testing.T) {
	s, client := flightSite(t, "memory: 256MiB")
	info, err := client.GetTables(t.Context(), &fsql.GetTablesOpts{IncludeSchema: true})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(flightRows(t, client, info), "\n")
	if len(got) != 6 || !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "(null) 政务 户 TABLE ") }) {
		t.Errorf("%q", got)
	}
	s.nothingOpen(t)
}

// A parameter is what the client sent: beside a column of another type it is compared as
// a value of its own type, and refused nowhere for its size.
func TestFlightParameterTypes(t *testing.T) {
	_, client := flightSite(t, "memory: 256MiB")
	of := func(typ arrow.DataType, json string) arrow.Array {
		a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader("["+json+"]"))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	double := func(json string) arrow.Array { return of(arrow.PrimitiveTypes.Float64, json) }
	float := func(json string) arrow.Array { return of(arrow.PrimitiveTypes.Float32, json) }
	bigint := func(json string) arrow.Array { return of(arrow.PrimitiveTypes.Int64, json) }
	for _, c := range []struct {
		sql    string
		values []arrow.Array
		want   string
	}{
		{"SELECT count(*) FROM 政务.户 WHERE (id * 0 + 0.1)::FLOAT = $1", []arrow.Array{double("0.1")}, "0"},
		{"SELECT count(*) FROM 政务.户 WHERE (id * 0 + 0.1)::FLOAT = $1", []arrow.Array{float("0.1")}, "20000"},
		{"SELECT count(*) FROM 政务.户 WHERE (id * 0 + 0.1)::DOUBLE >= $1", []arrow.Array{float("0.1")}, "0"},
		{"SELECT count(*) FROM 政务.户 WHERE (id * 0 + 0.1)::DOUBLE >= $1", []arrow.Array{double("0.1")}, "20000"},
		{"SELECT count(*) FROM 政务.户 WHERE id::FLOAT = $1", []arrow.Array{double("1e40")}, "0"},
		{"SELECT count(*) FROM 政务.户 WHERE id::FLOAT < $1", []arrow.Array{bigint("3")}, "2"},
		{"SELECT count(*) FROM 政务.户 WHERE 16777216::FLOAT = $1", []arrow.Array{double("16777217")}, "0"},
		{"SELECT count(*) FROM 政务.户 WHERE 16777216::FLOAT = $1", []arrow.Array{bigint("16777217")}, "20000"},
		{"SELECT count(*) FROM 政务.户 WHERE id < $1", []arrow.Array{bigint("9223372036854775807")}, "20000"},
		{"SELECT count(*) FROM 政务.户 WHERE id::SMALLINT = $1", []arrow.Array{bigint("2147483647")}, "0"},
		{"SELECT count(*) FROM 政务.户 WHERE id::DECIMAL(9,2) < $1", []arrow.Array{bigint("9007199254740993")}, "20000"},
		{"SELECT max(id::SMALLINT + $1) FROM 政务.户", []arrow.Array{bigint("32767")}, "52767"},
		// DATE + BIGINT is none; the other value has its type beside it all the same.
		{"SELECT '0.1'::FLOAT = $1, DATE '2024-02-28' + $2", []arrow.Array{double("0.1"), bigint("1")}, "false 2024-02-29"},
	} {
		p, err := client.Prepare(t.Context(), c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		fields := make([]arrow.Field, len(c.values))
		for i, v := range c.values {
			fields[i] = arrow.Field{Name: strconv.Itoa(i + 1), Type: v.DataType()}
		}
		p.SetParameters(array.NewRecordBatch(arrow.NewSchema(fields, nil), c.values, 1))
		info, err := p.Execute(t.Context())
		if err != nil {
			t.Errorf("%s with %v: %v", c.sql, c.values, err)
			continue
		}
		if got := flightRows(t, client, info); got != c.want {
			t.Errorf("%s with %v: %s, want %s", c.sql, c.values, got, c.want)
		}
	}
}

// A value of a type of which DuckDB takes none is refused, and nothing of the place's type is
// made of its text: not when the same text was bound with a text before either.
func TestFlightValuesKeepTheirTypes(t *testing.T) {
	_, client := flightSite(t, "memory: 256MiB")
	for _, c := range []struct {
		sql, text string // which the place takes
		typ       arrow.DataType
		json      string
	}{
		{"SELECT TIMESTAMP '2024-01-01' + $1", "1 day", arrow.PrimitiveTypes.Float32, "0.1"},
		{"SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' + $1", "1 day", arrow.PrimitiveTypes.Int64, "-1"},
		{"SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' + $1", "1 day", &arrow.Decimal128Type{Precision: 3, Scale: 2}, `"1.50"`},
		{"SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' + $1", "1 day", arrow.FixedWidthTypes.Time64us, `"13:30:05"`},
		{"SELECT 1 = ANY($1)", "[1, 2]", arrow.PrimitiveTypes.Float64, "0.5"},
		{"SELECT count(*) FROM 政务.户 WHERE id::VARCHAR > $1", "x", arrow.PrimitiveTypes.Float64, "0.5"},
	} {
		asked := func(typ arrow.DataType, json string) error {
			p, err := client.Prepare(t.Context(), c.sql)
			if err != nil {
				t.Fatalf("%s: %v", c.sql, err)
			}
			v, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader("["+json+"]"))
			if err != nil {
				t.Fatal(err)
			}
			p.SetParameters(array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "1", Type: typ}}, nil), []arrow.Array{v}, 1))
			_, err = p.Execute(t.Context())
			return err
		}
		for range 2 {
			if err := asked(c.typ, c.json); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%s with %s %s: %v", c.sql, c.typ, c.json, err)
			}
			if err := asked(arrow.BinaryTypes.String, strconv.Quote(c.text)); err != nil {
				t.Errorf("%s with a text: %v", c.sql, err)
			}
		}
	}
}
