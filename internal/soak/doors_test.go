package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/array"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/internal/errs"
)

// door is a way to ask. ask gives the rows and the sum of the first column of a whole
// answer, or the code of the error that it was told, or another error.
type door struct {
	name string
	ask  func(ctx context.Context, p *place, sql string) (rows, sum int64, code string, err error)
	code func(errs.Code) string
	// twoCalls says that a statement is asked by one call and its rows by another.
	twoCalls bool
	// deadlines says that the gateway is told how long a client waits, and ends its statement
	// then: a client that leaves so may hear of it before its own clock says so.
	deadlines bool
}

// is tells whether a code is the one that the door tells for one of ours.
func (d door) is(code string) func(errs.Code) bool {
	return func(c errs.Code) bool { return d.code(c) == code }
}

func doors() []door {
	own := func(c errs.Code) string { return string(c) }
	return []door{
		{name: "http", ask: askHTTP, code: own},
		{name: "flight", ask: askFlight, code: own, twoCalls: true, deadlines: true},
		{name: "postgres", ask: askPostgres, code: errs.Code.SQLState},
	}
}

func askHTTP(ctx context.Context, p *place, sql string) (rows, sum int64, code string, err error) {
	body, err := json.Marshal(map[string]string{"sql": sql, "purpose": "DB-HC"})
	if err != nil {
		return 0, 0, "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		return 0, 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return 0, 0, "", err
	}
	var answer struct {
		Code  string
		Rows  [][]any
		Count *int64 `json:"row_count"`
		Error *struct{ Code string }
	}
	switch err := json.Unmarshal(text, &answer); {
	case err != nil:
		return 0, 0, "", err
	case answer.Error != nil:
		return 0, 0, answer.Error.Code, nil
	case answer.Code != "":
		return 0, 0, answer.Code, nil
	case answer.Count == nil:
		return 0, 0, "", io.ErrUnexpectedEOF
	}
	for _, row := range answer.Rows {
		n, err := strconv.ParseInt(row[0].(string), 10, 64)
		if err != nil {
			return 0, 0, "", err
		}
		rows, sum = rows+1, sum+n
	}
	if rows != *answer.Count {
		return 0, 0, "", io.ErrUnexpectedEOF
	}
	return rows, sum, "", nil
}

func askFlight(ctx context.Context, p *place, sql string) (rows, sum int64, code string, err error) {
	client, err := fsql.NewClient(p.others["grpc"], nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, 0, "", err
	}
	defer func() { _ = client.Close() }()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+p.token, "purpose", "DB-HC")
	info, err := client.Execute(ctx, sql)
	if err != nil {
		return 0, 0, flightCode(err), err
	}
	r, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return 0, 0, flightCode(err), err
	}
	defer r.Release()
	for r.Next() {
		if b := r.RecordBatch(); b.NumRows() > 0 {
			for _, n := range b.Column(0).(*array.Int64).Int64Values() {
				rows, sum = rows+1, sum+n
			}
		}
	}
	if err := r.Err(); err != nil {
		return 0, 0, flightCode(err), err
	}
	return rows, sum, "", nil
}

func flightCode(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Metadata["code"]
		}
	}
	return ""
}

func askPostgres(ctx context.Context, p *place, sql string) (rows, sum int64, code string, err error) {
	config, err := pgconn.ParseConfig("postgres://wang~token@" + p.others["postgres"] + "/lianji?sslmode=disable")
	if err != nil {
		return 0, 0, "", err
	}
	config.Password, config.RuntimeParams["purpose"] = p.token, "DB-HC"
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return 0, 0, postgresCode(err), err
	}
	defer func() { _ = conn.Close(ctx) }()
	r := conn.ExecParams(ctx, sql, nil, nil, nil, nil)
	for r.NextRow() {
		n, e := strconv.ParseInt(string(r.Values()[0]), 10, 64)
		err = errors.Join(err, e)
		rows, sum = rows+1, sum+n
	}
	if _, e := r.Close(); e != nil {
		return 0, 0, postgresCode(e), e
	}
	return rows, sum, "", err
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
