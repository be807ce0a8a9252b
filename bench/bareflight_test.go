package bench

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"

	"github.com/lianji/lianji/internal/safego"
)

// bareFlight asks a Flight SQL server that does nothing but ask by pgx: what no gateway
// behind Flight SQL can go below.
func bareFlight(b *testing.B, g *guarded) lookUp {
	b.Helper()
	s := grpc.NewServer()
	flight.RegisterFlightServiceServer(s, fsql.NewFlightServer(&bareFlightSQL{look: pgxRow(b, g.dsn, nil)}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := safego.Run(func() error { return s.Serve(ln) })
	b.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
	})
	return askFlight(b, ln.Addr().String(), g.token, fmt.Sprintf(byKey, "renkou"))
}

// bareFlightSQL is the server of one client, which has one prepared statement.
type bareFlightSQL struct {
	fsql.BaseServer
	look func(ctx context.Context, sql string, key int64) ([]any, error)
	key  int64
}

var bareRow = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "xm", Type: arrow.BinaryTypes.String}, {Name: "sfzh", Type: arrow.BinaryTypes.String},
	{Name: "qx", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int32},
}, nil)

// CreatePreparedStatement implements fsql.Server.
func (*bareFlightSQL) CreatePreparedStatement(_ context.Context, r fsql.ActionCreatePreparedStatementRequest) (fsql.ActionCreatePreparedStatementResult, error) {
	params := arrow.NewSchema([]arrow.Field{{Name: "1", Type: arrow.PrimitiveTypes.Int64}}, nil)
	return fsql.ActionCreatePreparedStatementResult{Handle: []byte(r.GetQuery()), DatasetSchema: bareRow, ParameterSchema: params}, nil
}

// DoPutPreparedStatementQuery implements fsql.Server.
func (s *bareFlightSQL) DoPutPreparedStatementQuery(_ context.Context, cmd fsql.PreparedStatementQuery, in flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	for in.Next() {
		s.key = in.RecordBatch().Column(0).(*array.Int64).Value(0)
	}
	return cmd.GetPreparedStatementHandle(), in.Err()
}

// GetFlightInfoPreparedStatement implements fsql.Server.
func (*bareFlightSQL) GetFlightInfoPreparedStatement(_ context.Context, _ fsql.PreparedStatementQuery, desc *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return &flight.FlightInfo{
		Schema: flight.SerializeSchema(bareRow, memory.DefaultAllocator), FlightDescriptor: desc, TotalRecords: -1, TotalBytes: -1,
		Endpoint: []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: desc.Cmd}}},
	}, nil
}

// DoGetPreparedStatement implements fsql.Server.
func (s *bareFlightSQL) DoGetPreparedStatement(ctx context.Context, cmd fsql.PreparedStatementQuery) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	row, err := s.look(ctx, string(cmd.GetPreparedStatementHandle()), s.key)
	if err != nil {
		return nil, nil, err
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, bareRow)
	defer b.Release()
	b.Field(0).(*array.Int64Builder).Append(row[0].(int64))
	for i := 1; i < 4; i++ {
		b.Field(i).(*array.StringBuilder).Append(row[i].(string))
	}
	b.Field(4).(*array.Int32Builder).Append(row[4].(int32))
	rows := make(chan flight.StreamChunk, 1)
	rows <- flight.StreamChunk{Data: b.NewRecordBatch()}
	close(rows)
	return bareRow, rows, nil
}
