package leak

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
)

// flightDoor is a client of Flight SQL.
type flightDoor struct{ *place }

func (d flightDoor) Ask(t *testing.T, statement, token, purpose string) answer {
	t.Helper()
	client := d.client(t)
	ctx := flightContext(t, token, purpose)
	return flightAnswer(t, ctx, client, func() (*flight.FlightInfo, error) { return client.Execute(ctx, statement) })
}

// Prepare implements preparer.
func (d flightDoor) Prepare(t *testing.T, statement, token, purpose string) func() answer {
	t.Helper()
	client := d.client(t)
	ctx := flightContext(t, token, purpose)
	s, err := client.Prepare(ctx, statement)
	if err != nil {
		t.Fatal(err)
	}
	return func() answer {
		t.Helper()
		return flightAnswer(t, ctx, client, func() (*flight.FlightInfo, error) { return s.Execute(ctx) })
	}
}

func (d flightDoor) client(t *testing.T) *fsql.Client {
	t.Helper()
	client, err := fsql.NewClient(d.others["grpc"], nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func flightContext(t *testing.T, token, purpose string) context.Context {
	ctx := t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	if purpose != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "purpose", purpose)
	}
	return ctx
}

func flightAnswer(t *testing.T, ctx context.Context, client *fsql.Client, execute func() (*flight.FlightInfo, error)) answer {
	t.Helper()
	var said strings.Builder
	a := answer{}
	if err := flightRows(ctx, client, execute, &said, &a.Rows); err != nil {
		s := status.Convert(err)
		fmt.Fprintf(&said, "%s: %s", s.Code(), s.Message())
		for _, detail := range s.Details() {
			if info, ok := detail.(*errdetails.ErrorInfo); ok {
				a.Code = info.Metadata["code"]
			}
			fmt.Fprintf(&said, " %v", detail)
		}
		if a.Code == "" {
			t.Fatal(err)
		}
	}
	a.Said = queryNames.ReplaceAllString(said.String(), "")
	return a
}

// flightRows writes and counts the rows of an answer.
func flightRows(ctx context.Context, client *fsql.Client, execute func() (*flight.FlightInfo, error), to *strings.Builder, rows *int) error {
	info, err := execute()
	if err != nil {
		return err
	}
	for _, e := range info.Endpoint {
		r, err := client.DoGet(ctx, e.Ticket)
		if err != nil {
			return err
		}
		fmt.Fprintln(to, r.Schema())
		for r.Next() {
			text, err := r.RecordBatch().MarshalJSON()
			if err != nil {
				r.Release()
				return err
			}
			*rows += int(r.RecordBatch().NumRows())
			to.Write(text)
		}
		err = r.Err()
		r.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// postgresDoor is a client of PostgreSQL's protocol.
type postgresDoor struct{ *place }

func (d postgresDoor) Ask(t *testing.T, statement, token, purpose string) answer {
	t.Helper()
	conn, err := d.connect(t, token, purpose)
	if err != nil {
		return postgresError(t, err, "")
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	return postgresAnswer(t, conn.ExecParams(t.Context(), statement, nil, nil, nil, nil))
}

// Prepare implements preparer.
func (d postgresDoor) Prepare(t *testing.T, statement, token, purpose string) func() answer {
	t.Helper()
	conn, err := d.connect(t, token, purpose)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if _, err := conn.Prepare(t.Context(), "kept", statement, nil); err != nil {
		t.Fatal(err)
	}
	return func() answer {
		t.Helper()
		return postgresAnswer(t, conn.ExecPrepared(t.Context(), "kept", nil, nil, nil))
	}
}

func (d postgresDoor) connect(t *testing.T, token, purpose string) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://" + d.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = "nobody", token
	if _, p, ok := d.state(t).Bearer(store.Hash(token), time.Now()); ok {
		config.User = p.Login
	}
	config.User += "~token"
	if purpose != "" {
		config.RuntimeParams["purpose"] = purpose
	}
	return pgconn.ConnectConfig(t.Context(), config)
}

func postgresAnswer(t *testing.T, read *pgconn.ResultReader) answer {
	t.Helper()
	r := read.Read()
	var said strings.Builder
	for _, f := range r.FieldDescriptions {
		fmt.Fprintf(&said, "%s %d, ", f.Name, f.DataTypeOID)
	}
	for _, row := range r.Rows {
		for _, cell := range row {
			if cell == nil {
				said.WriteString(" -")
				continue
			}
			fmt.Fprintf(&said, " %q", cell)
		}
		said.WriteString("\n")
	}
	if r.Err != nil {
		return postgresError(t, r.Err, said.String())
	}
	return answer{Rows: len(r.Rows), Said: said.String() + r.CommandTag.String()}
}

func postgresError(t *testing.T, err error, before string) answer {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	told := *e
	told.File, told.Line = "", 0
	// PostgreSQL tells names of tables, columns and functions apart, as this door does.
	code := e.Code
	if code == "42703" || code == "42883" {
		code = errs.UnknownName.SQLState()
	}
	return answer{Code: code, Said: before + queryNames.ReplaceAllString(fmt.Sprintf("%+v", told), "")}
}
