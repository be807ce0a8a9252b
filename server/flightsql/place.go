package flightsql

import (
	"context"
	"io"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/server"
)

// PlaceHeader is the header that has the place in the queue that a statement had when it had
// waited for its turn for a while.
const PlaceHeader = "lianji-place"

// tellPlace sends the header of a call's answer, until stop is called, with the place of its
// statement that waits for its turn. There is one header alone: the place that it has later
// on is not told.
func (d *door) tellPlace(ctx context.Context, c *caller) (stop func()) {
	return server.TellPlace(d.Querier, c.session, c.id, d.PlaceEvery, func(place int) error {
		if err := grpc.SendHeader(ctx, metadata.Pairs(PlaceHeader, strconv.Itoa(place))); err != nil {
			return err
		}
		return io.EOF // no more of it
	})
}
