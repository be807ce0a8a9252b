package flightsql

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// commandOf reads a command, or the ticket that is one.
func commandOf(text []byte) (proto.Message, error) {
	var packed anypb.Any
	if err := proto.Unmarshal(text, &packed); err != nil {
		return nil, errs.New(errs.RequestInvalid, "flight_command", nil)
	}
	cmd, err := packed.UnmarshalNew()
	if err != nil {
		return nil, errs.New(errs.RequestInvalid, "flight_command", nil)
	}
	return cmd, nil
}

// GetFlightInfo implements flight.FlightServer.
func (d *door) GetFlightInfo(ctx context.Context, desc *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	c := callerOf(ctx)
	cmd, err := commandOf(desc.GetCmd())
	if err != nil {
		return nil, err
	}
	info := &flight.FlightInfo{FlightDescriptor: desc, TotalRecords: -1, TotalBytes: -1}
	if answer, ok := d.known(c, cmd); ok {
		// What is known of the catalogue is asked for with the command itself.
		info.Schema = serialized(answer.schema)
		info.Endpoint = []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: desc.Cmd}}}
		return info, nil
	}
	what, schema, err := d.looked(ctx, c, cmd)
	if err != nil {
		return nil, err
	}
	if len(what.Names) > 0 && !what.Bound {
		return nil, errs.New(errs.ParameterInvalid, "flight_params_missing", nil)
	}
	info.Schema = serialized(schema)
	what.Schema = digest(schema)
	handle, err := d.seal.seal(ticketKind, what)
	if err != nil {
		return nil, err
	}
	ticket, err := fsql.CreateStatementQueryTicket(handle)
	if err != nil {
		return nil, errs.From(err)
	}
	// No location: the rows come over the connection that the client has.
	info.Endpoint = []*flight.FlightEndpoint{{
		Ticket: &flight.Ticket{Ticket: ticket}, ExpirationTime: timestamppb.New(what.Made.Add(ticketLife).Truncate(time.Second)),
	}}
	return info, nil
}

// GetSchema implements flight.FlightServer.
func (d *door) GetSchema(ctx context.Context, desc *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	c := callerOf(ctx)
	cmd, err := commandOf(desc.GetCmd())
	if err != nil {
		return nil, err
	}
	if answer, ok := d.known(c, cmd); ok {
		return &flight.SchemaResult{Schema: serialized(answer.schema)}, nil
	}
	_, schema, err := d.looked(ctx, c, cmd)
	if err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: serialized(schema)}, nil
}

// looked looks at the statement of a command without running it, and begins its ticket.
func (d *door) looked(ctx context.Context, c *caller, cmd proto.Message) (*sealed, *arrow.Schema, error) {
	var what *sealed
	switch cmd := cmd.(type) {
	case *pb.CommandStatementQuery:
		if len(cmd.GetTransactionId()) > 0 {
			return nil, nil, errs.New(errs.NotSupported, "flight_transaction", nil)
		}
		what = d.seal.made(c, cmd.GetQuery())
	case *pb.CommandPreparedStatementQuery:
		prepared, err := d.prepared(c, cmd.GetPreparedStatementHandle())
		if err != nil {
			return nil, nil, err
		}
		what = d.seal.made(c, prepared.SQL)
		what.Names, what.Params, what.Bound = prepared.Names, prepared.Params, prepared.Bound
	case *pb.CommandStatementUpdate, *pb.CommandPreparedStatementUpdate, *pb.CommandStatementIngest:
		return nil, nil, errs.New(errs.ReadOnly, "flight_read_only", nil)
	default:
		return nil, nil, errs.New(errs.NotSupported, "flight_command_unknown", nil)
	}
	told, err := d.described(ctx, c, what.SQL, what.Params)
	if err != nil {
		return nil, nil, err
	}
	if what.Names == nil {
		what.Names = names(told.Params)
	}
	return what, catalog.ArrowSchema(told.Columns), nil
}

// described looks at a statement, which waits for its turn as one that runs.
func (d *door) described(ctx context.Context, c *caller, sql string, params []server.Param) (*server.Described, error) {
	stop := d.tellPlace(ctx, c)
	defer stop()
	return d.Querier.Describe(ctx, c.session, server.Request{ID: c.id, SQL: sql, Params: params, Traceparent: c.trace, TraceID: &c.followed})
}

func names(columns []catalog.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name
	}
	return out
}

// DoGet implements flight.FlightServer.
func (d *door) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	ctx := stream.Context()
	c := callerOf(ctx)
	cmd, err := commandOf(t.GetTicket())
	if err != nil {
		return err
	}
	if answer, ok := d.known(c, cmd); ok {
		return d.tell(c, stream, answer)
	}
	ticket, ok := cmd.(*pb.TicketStatementQuery)
	if !ok {
		return errs.New(errs.RequestInvalid, "flight_handle", nil)
	}
	what, err := d.seal.opened(ticketKind, ticket.GetStatementHandle(), c)
	if err != nil {
		return err
	}
	if err := what.current(c); err != nil {
		return err
	}
	if err := d.used.take(what); err != nil {
		return err
	}
	return d.run(ctx, c, stream, what)
}

// serialized writes a schema as FlightInfo has it.
func serialized(s *arrow.Schema) []byte { return flight.SerializeSchema(s, memory.DefaultAllocator) }

// digest tells schemas apart. It reads the fields, since it costs less than to write the
// schema out once more for each answer.
func digest(s *arrow.Schema) []byte {
	h := sha256.New()
	var text []byte
	for _, f := range s.Fields() {
		is := f.Fingerprint()
		text = append(binary.AppendUvarint(text[:0], uint64(len(is))), is...)
		_, _ = h.Write(text) // it never fails
	}
	return h.Sum(nil)
}

// sameSchema tells whether an answer has the schema that its client was told of.
func (what *sealed) sameSchema(s *arrow.Schema) bool {
	return bytes.Equal(what.Schema, digest(s))
}
