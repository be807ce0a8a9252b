package flightsql

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/lianji/lianji/internal/errs"
)

// Handshake implements flight.FlightServer: who it is stands in the header, and so does
// the answer.
func (*door) Handshake(flight.FlightService_HandshakeServer) error { return nil }

// ListFlights implements flight.FlightServer: what there is stands in the metadata.
func (*door) ListFlights(*flight.Criteria, flight.FlightService_ListFlightsServer) error { return nil }

// actions are what DoAction takes.
var actions = []*flight.ActionType{
	{Type: fsql.CreatePreparedStatementActionType, Description: "prepares a statement"},
	{Type: fsql.ClosePreparedStatementActionType, Description: "closes a prepared statement"},
	{Type: flight.CancelFlightInfoActionType, Description: "ends an answer"},
	{Type: fsql.CancelQueryActionType, Description: "ends an answer, as clients of before CancelFlightInfo do"},
	{Type: flight.SetSessionOptionsActionType, Description: "sets purpose and mode"},
	{Type: flight.GetSessionOptionsActionType, Description: "gives purpose and mode"},
	{Type: flight.CloseSessionActionType, Description: "forgets what was set"},
}

// ListActions implements flight.FlightServer.
func (*door) ListActions(_ *flight.Empty, stream flight.FlightService_ListActionsServer) error {
	for _, a := range actions {
		if err := stream.Send(a); err != nil {
			return err
		}
	}
	return nil
}

// DoAction implements flight.FlightServer.
func (d *door) DoAction(a *flight.Action, stream flight.FlightService_DoActionServer) error {
	return d.rest.DoAction(a, stream)
}

// CancelFlightInfo implements fsql.Server. An answer that runs is ended, and a ticket
// that waits is used up.
func (f *calls) CancelFlightInfo(ctx context.Context, r *flight.CancelFlightInfoRequest) (flight.CancelFlightInfoResult, error) {
	status, err := f.door.cancel(callerOf(ctx), r.GetInfo().GetEndpoint())
	return flight.CancelFlightInfoResult{Status: status}, err
}

func (d *door) cancel(c *caller, endpoints []*flight.FlightEndpoint) (flight.CancelStatus, error) {
	out := flight.CancelStatusNotCancellable
	for _, e := range endpoints {
		cmd, err := commandOf(e.GetTicket().GetTicket())
		if err != nil {
			return out, err
		}
		ticket, ok := cmd.(*pb.TicketStatementQuery)
		if !ok {
			continue // of metadata, which takes no time
		}
		what, err := d.seal.opened(ticketKind, ticket.GetStatementHandle(), c)
		if err != nil {
			return out, err
		}
		if d.running.cancel(what.Number, errs.New(errs.Canceled, "flight_canceled", nil)) || d.used.take(what) == nil {
			out = flight.CancelStatusCancelled
		}
	}
	return out, nil
}
