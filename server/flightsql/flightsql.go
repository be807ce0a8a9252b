// Package flightsql is the Flight SQL door: statements, prepared statements and
// metadata for Arrow clients, ADBC and JDBC, over gRPC. A call that a client makes is
// decided on by itself: the door keeps nothing of a client between two calls but which
// tickets were used and which answers are on their way.
package flightsql

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Options of the door. Querier is required.
type Options struct {
	Querier server.Querier
	// Session gives whose statement it is and what it may see; nil means that nothing
	// exists for anybody.
	Session server.Sessions
	// Login tries a login's password from an address and gives the token that stands for
	// it from then on; nil means that a password is a token.
	Login func(ctx context.Context, login, password, client string) (string, error)
	// Refused hears of each request that is refused before its statement is looked at;
	// nil means nobody.
	Refused server.Refused
	// TLS is what the door shows of itself; nil speaks without.
	TLS *tls.Config
	// Secret makes the keys of tickets and handles: gateways that have the same one take
	// each other's. Nil means one that ends with the process.
	Secret []byte
	// Logger gets a line for each answer and each refusal; nil means nowhere. Its handler
	// must redact.
	Logger *slog.Logger
	// ClientWait is how long a client may keep its statement waiting, beside a second
	// for each 64 KiB that it takes; 0 means DefaultClientWait.
	ClientWait time.Duration
	// PlaceEvery is after how long a client is told the place in the queue of its statement;
	// 0 means server.PlaceEvery.
	PlaceEvery time.Duration
	Version    string // the gateway's, which clients are told
}

// DefaultClientWait ends an answer whose client has stopped reading.
const DefaultClientWait = 60 * time.Second

// doorName is the door's in the audit log.
const doorName = "flight"

// door implements flight.FlightServer. What it does not implement itself it leaves to
// rest, which takes the requests apart and calls it back by prepared and session.
type door struct {
	flight.BaseFlightServer
	Options
	seal    *sealer
	used    *used
	running *running
	closed  *closed
	facts   *facts
	rest    flight.FlightServer

	life    context.Context // ends when answers that still run must
	writers sync.WaitGroup  // of answers on their way
}

func newDoor(life context.Context, o Options) (*door, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ClientWait <= 0 {
		o.ClientWait = DefaultClientWait
	}
	if o.PlaceEvery <= 0 {
		o.PlaceEvery = server.PlaceEvery
	}
	secret := o.Secret
	if secret == nil {
		secret = make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return nil, errs.From(err)
		}
	}
	seal, err := newSealer(secret)
	if err != nil {
		return nil, errs.From(err)
	}
	d := &door{Options: o, life: life, seal: seal, used: newUsed(time.Now), running: newRunning(), closed: newClosed()}
	if d.facts, err = newFacts(o.Version); err != nil {
		return nil, errs.From(err)
	}
	d.rest = fsql.NewFlightServerWithAllocator(&calls{door: d}, bounded{})
	return d, nil
}

// calls is what of Flight SQL comes by DoAction and DoPut.
type calls struct {
	fsql.BaseServer
	door *door
}

// Bounds of what a client may send and keep open.
const (
	maxMessage = 4 << 20 // bytes of one message: they come before anybody knows whose it is
	maxHeader  = 64 << 10
	maxStreams = 128 // calls at the same time over one connection
)

// workers are the goroutines that wait for calls; more calls than these get goroutines of
// their own. One that has served before need not grow its stack again, which is a tenth of
// a look-up's time.
const workers = 64

func (d *door) server() *grpc.Server {
	creds := insecure.NewCredentials()
	if d.TLS != nil {
		creds = credentials.NewTLS(d.TLS) // it tells of each call what the client showed
	}
	s := grpc.NewServer(grpc.Creds(creds),
		grpc.ChainUnaryInterceptor(d.unary), grpc.ChainStreamInterceptor(d.stream),
		grpc.NumStreamWorkers(workers), grpc.MaxRecvMsgSize(maxMessage), grpc.MaxHeaderListSize(maxHeader), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(connectTime), grpc.KeepaliveParams(alive), grpc.KeepaliveEnforcementPolicy(pings),
	)
	flight.RegisterFlightServiceServer(s, d)
	return s
}
