package flightsql

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is who may ask in these tests: wang and li, each with a token of their name,
// for the purposes DB and JC.
type office struct {
	mu       sync.Mutex
	opens    map[string]snapshot // by principal
	revoked  map[string]bool     // tokens
	refusals []server.Refusal
	asked    []server.Asker
}

// snapshot opens some resources.
type snapshot struct {
	identity string
	list     []*policy.Resource
}

func (s snapshot) Identity() string                          { return s.identity }
func (s snapshot) Resources() []*policy.Resource             { return s.list }
func (s snapshot) Resolve([]string) (*policy.Resource, bool) { return nil, false }

func newOffice() *office {
	return &office{opens: map[string]snapshot{"wang": {identity: "w1"}, "li": {identity: "l1"}}, revoked: map[string]bool{}}
}

func (o *office) session(_ context.Context, by server.Asker) (server.Session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, by)
	name, ok := strings.CutPrefix(by.Token, "token-")
	s, known := o.opens[name]
	switch {
	case !ok || !known || o.revoked[by.Token]:
		return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	case by.Purpose != "" && by.Purpose != "DB" && by.Purpose != "JC":
		return server.Session{}, errs.New(errs.ParameterInvalid, "policy_purpose", nil)
	}
	s.identity += by.Purpose
	return server.Session{Snapshot: s, Purpose: by.Purpose, Principal: name, Agency: "MZ"}, nil
}

func (o *office) refused(_ context.Context, r server.Refusal) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusals = append(o.refusals, r)
	return nil
}

func (o *office) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

// opened serves a door for the time of a test.
func opened(t *testing.T, o Options) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return openedOn(t, ln, o)
}

func openedOn(t *testing.T, ln net.Listener, o Options) string {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	done := safego.Run(func() error { return serve(ctx, ln, o, 50*time.Millisecond) })
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Errorf("the door ends with %v", err)
		}
	})
	return ln.Addr().String()
}

// door with an office, over a querier.
func doorOf(t *testing.T, q server.Querier, o *office) string {
	return opened(t, Options{Querier: q, Session: o.session, Refused: o.refused, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
}

func connect(t *testing.T, address string) *fsql.Client {
	t.Helper()
	c, err := fsql.NewClient(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// as is the context of calls with headers beside a bearer's token.
func as(t *testing.T, name string, headers ...string) context.Context {
	ctx := t.Context()
	if name != "" {
		headers = append(headers, "authorization", "Bearer token-"+name)
	}
	return metadata.AppendToOutgoingContext(ctx, headers...)
}

// codeOf gives a status and our code in its details.
func codeOf(err error) (codes.Code, string) {
	s := status.Convert(err)
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Domain == errorDomain {
			return s.Code(), info.Metadata["code"]
		}
	}
	return s.Code(), ""
}

// rows reads an answer to its end.
func rows(ctx context.Context, c *fsql.Client, info *flight.FlightInfo) (n int64, foot string, schema *arrow.Schema, err error) {
	r, err := c.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		return 0, "", nil, err
	}
	defer r.Release()
	schema = r.Schema()
	for r.Next() {
		n += r.RecordBatch().NumRows()
		foot = string(r.LatestAppMetadata())
	}
	return n, foot, schema, r.Err()
}

func TestStatement(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []servertest.Row
		rows  int64
	}{
		{"rows", []servertest.Row{{Rows: 2}, {Rows: 3}}, 5},
		{"none", nil, 0},
		{"empty batches", []servertest.Row{{Rows: 0}, {Rows: 1}, {Rows: 0}}, 1},
	} {
		q := &servertest.Querier{Feed: servertest.Feed(c.steps...), Warn: []errs.Warning{{Code: errs.ZeroDates, ID: "exec_more_warnings", Args: msg.Args{"Count": 3}}}, Times: []server.SourceTimes{{Agency: "GA"}}}
		client := connect(t, doorOf(t, q, newOffice()))
		ctx := as(t, "wang", "purpose", "DB", "x-lianji-mode", "download", "connectiontimeout", "5")
		info, err := client.Execute(ctx, "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(info.Endpoint); n != 1 || len(info.Endpoint[0].Location) != 0 || info.Endpoint[0].ExpirationTime == nil {
			t.Errorf("%s: endpoints %v", c.name, info.Endpoint)
		}
		// What was told before is what comes, byte by byte.
		stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		first, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(info.Schema), string(first.DataHeader)) {
			t.Errorf("%s: the stream's schema is not the one of FlightInfo", c.name)
		}
		var last *flight.FlightData
		for {
			data, err := stream.Recv()
			if err != nil {
				break
			}
			last = data
		}
		if got := stream.Trailer().Get(RowCountTrailer); !slices.Equal(got, []string{itoa(c.rows)}) {
			t.Errorf("%s: trailer %v", c.name, got)
		}
		want := `{"row_count":` + itoa(c.rows) + `,"query_id":"q-1","warnings":[{"code":"zero_dates"`
		if last == nil || !strings.HasPrefix(string(last.AppMetadata), want) {
			t.Errorf("%s: footer %q", c.name, last.GetAppMetadata())
		}
		if got := stream.Trailer().Get(FooterTrailer); len(got) != 1 || got[0] != string(last.GetAppMetadata()) || !strings.Contains(got[0], `"sources":[{"agency":"GA",`) {
			t.Errorf("%s: trailer %q", c.name, got)
		}
		asked, sessions := q.Asked()
		if len(asked) != 1 || asked[0].SQL != "SELECT 1" || asked[0].ID == "" || sessions[0].Principal != "wang" || sessions[0].Purpose != "DB" ||
			sessions[0].Mode != catalog.Download || sessions[0].Door != "flight" || sessions[0].Client != "127.0.0.1" {
			t.Errorf("%s: asked %+v by %+v", c.name, asked, sessions)
		}
		<-q.Streams()[0].Released
	}
}

func itoa(n int64) string { return string(appendInt(nil, n)) }

func appendInt(dst []byte, n int64) []byte {
	if n >= 10 {
		dst = appendInt(dst, n/10)
	}
	return append(dst, byte('0'+n%10))
}

// Who it is can be said by a bearer's token or a password, on any call; the answer has
// the token.
func TestWhoAsks(t *testing.T) {
	office := newOffice()
	q := &servertest.Querier{}
	client := connect(t, doorOf(t, q, office))
	basic := func(text string) string { return "Basic " + text }
	for _, c := range []struct {
		name, authorization string
		ok                  bool
	}{
		{"bearer", "Bearer token-wang", true},
		{"bearer in another case", "bearer token-wang", true},
		{"basic", basic("YW55OnRva2VuLXdhbmc="), true}, // any:token-wang
		{"basic without padding", basic("YW55OnRva2VuLXdhbmc"), true},
		{"unknown", "Bearer token-nobody", false},
		{"wrong password", basic("YW55OndhbmcxMjM="), false},
		{"no colon", basic("YW55"), false},
		{"no base64", basic("%%%"), false},
		{"another scheme", "Digest token-wang", false},
		{"no credential", "Bearer ", false},
		{"nothing", "", false},
	} {
		ctx := t.Context()
		if c.authorization != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", c.authorization)
		}
		var head metadata.MD
		_, err := client.Execute(ctx, "SELECT 1", grpc.Header(&head))
		shake, e := client.Client.Handshake(ctx)
		if e != nil {
			t.Fatal(e)
		}
		shakeHead, _ := shake.Header()
		if !c.ok {
			code, own := codeOf(err)
			if code != codes.Unauthenticated || own != "unauthenticated" || len(shakeHead.Get("authorization")) > 0 || len(head.Get("authorization")) > 0 {
				t.Errorf("%s: %v, %v", c.name, err, head)
			}
			continue
		}
		want := []string{"Bearer token-wang"}
		if isBasic := strings.HasPrefix(c.authorization, "Basic"); err != nil || slices.Equal(head.Get("authorization"), want) != isBasic || !slices.Equal(shakeHead.Get("authorization"), want) {
			t.Errorf("%s: %v; the answer has %v, the handshake's %v", c.name, err, head, shakeHead)
		}
	}
	// Two that differ are none.
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer token-wang", "authorization", "Bearer token-li")
	if _, err := client.Execute(ctx, "SELECT 1"); status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
	office.set(func() {
		for _, r := range office.refusals {
			if r.Door != "flight" || r.Code != errs.Unauthenticated || r.Query == "" || r.Client != "127.0.0.1" {
				t.Errorf("refusal %+v", r)
			}
		}
		if len(office.refusals) < 14 {
			t.Errorf("%d refusals told", len(office.refusals))
		}
	})
	// The helper of the client library does the same.
	ctx, err := client.Client.AuthenticateBasicToken(t.Context(), "any", "token-li")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Execute(ctx, "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// A login's password is tried where there are logins, and its token stands for it.
func TestLogin(t *testing.T) {
	office := newOffice()
	var tried []string
	address := opened(t, Options{Querier: &servertest.Querier{}, Session: office.session, Refused: office.refused,
		Login: func(_ context.Context, login, password, client string) (string, error) {
			tried = append(tried, login+" "+password+" "+client)
			if password != "open:sesame" {
				return "", errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return "token-" + login, nil
		}})
	client := connect(t, address)
	ctx, err := client.Client.AuthenticateBasicToken(t.Context(), "li", "open:sesame")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Execute(ctx, "SELECT 1"); err != nil {
		t.Error(err)
	}
	if _, err := client.Client.AuthenticateBasicToken(t.Context(), "li", "shut"); status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
	if !slices.Equal(tried, []string{"li open:sesame 127.0.0.1", "li shut 127.0.0.1"}) {
		t.Errorf("tried %q", tried)
	}
	office.set(func() {
		if len(office.refusals) != 1 || office.refusals[0].Login != "li" {
			t.Errorf("told %+v", office.refusals)
		}
	})
}

// What stands in headers and cannot be is refused when the client connects; what is not
// known is not looked at.
func TestHeaders(t *testing.T) {
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{nil, ""},
		{[]string{"purpose", ""}, ""},
		{[]string{"purpose", "DB", "x-lianji-purpose", "DB"}, ""},
		{[]string{"purpose", "DB", "x-lianji-purpose", "JC"}, "request_invalid"},
		{[]string{"purpose", "NONE"}, "parameter_invalid"},
		{[]string{"purpose", "db"}, "request_invalid"},
		{[]string{"mode", "interface"}, ""},
		{[]string{"mode", "online"}, "request_invalid"},
		{[]string{"mode", "offline"}, "request_invalid"},
		{[]string{"threadpoolsize", "4", "useencryption", "false"}, ""},
	} {
		ctx := as(t, "wang", c.headers...)
		shake, err := client.Client.Handshake(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, err = shake.Recv()
		if _, own := codeOf(err); own != c.want {
			t.Errorf("%q: %v", c.headers, err)
		}
	}
}

// An error has our code, text and number.
func TestErrors(t *testing.T) {
	at := errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": "t"}).At("SELECT * FROM t", 14)
	at.Nearest = []string{"公安.人口"}
	busy := errs.New(errs.QueueFull, "queue_full", nil)
	busy.RetryAfter = 2 * time.Second
	secret := errs.Wrap(errs.SourceFailed, "source_failed", msg.Args{"Source": "mz"}, errors.New("password=hunter2"))
	for _, c := range []struct {
		err   error
		code  codes.Code
		state string
	}{
		{at, codes.InvalidArgument, "42P01"}, {busy, codes.ResourceExhausted, "53300"}, {secret, codes.Unavailable, "58000"},
		{errs.New(errs.ReadOnly, "flight_read_only", nil), codes.InvalidArgument, "25006"}, {errors.New("hunter2"), codes.Internal, "XX000"},
	} {
		client := connect(t, doorOf(t, &servertest.Querier{Err: c.err}, newOffice()))
		var head metadata.MD
		_, err := client.Execute(as(t, "wang", "accept-language", "zh-CN"), "SELECT * FROM t", grpc.Header(&head))
		s := status.Convert(err)
		var info *errdetails.ErrorInfo
		var retry *errdetails.RetryInfo
		for _, d := range s.Details() {
			switch d := d.(type) {
			case *errdetails.ErrorInfo:
				info = d
			case *errdetails.RetryInfo:
				retry = d
			}
		}
		if s.Code() != c.code || info == nil || info.Metadata["sqlstate"] != c.state || s.Message() != errs.From(c.err).Text("zh-CN") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v became %v with %v", c.err, s, info)
			continue
		}
		if id := info.Metadata["query_id"]; id == "" || !slices.Equal(head.Get(QueryIDHeader), []string{id}) {
			t.Errorf("the query is %q, and %v in the header", id, head)
		}
		if c.err == error(at) && (info.Metadata["line"] != "1" || info.Metadata["column"] != "15" || info.Metadata["nearest"] != "公安.人口" || info.Reason != "UNKNOWN_NAME") {
			t.Errorf("%v", info)
		}
		if (c.err == error(busy)) != (retry != nil && retry.RetryDelay.AsDuration() == 2*time.Second) {
			t.Errorf("%v: ask again %v", c.err, retry)
		}
	}
}

// An answer that breaks off does not look like a whole one.
func TestBrokenAnswer(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: errs.New(errs.Revoked, "policy_revoked", nil)})}
	client := connect(t, doorOf(t, q, newOffice()))
	info, err := client.Execute(as(t, "wang"), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	n, foot, _, err := rows(as(t, "wang"), client, info)
	if _, own := codeOf(err); own != "revoked" || n != 2 || foot != "" {
		t.Errorf("%d rows, %q, %v", n, foot, err)
	}
	<-q.Streams()[0].Released
}

// A panic is an error of the gateway, and the door goes on.
func TestPanic(t *testing.T) {
	office := newOffice()
	address := opened(t, Options{Querier: panics{}, Session: office.session})
	client := connect(t, address)
	for range 2 {
		_, err := client.Execute(as(t, "wang"), "SELECT 1")
		if code, own := codeOf(err); code != codes.Internal || own != "internal" || strings.Contains(err.Error(), "110101") {
			t.Error(err)
		}
	}
}

type panics struct{}

func (panics) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	panic("110101199001011234")
}

func (panics) Describe(context.Context, server.Session, server.Request) (*server.Described, error) {
	panic("110101199001011234")
}

// Without anything configured the door is shut.
func TestNothingConfigured(t *testing.T) {
	q := &servertest.Querier{}
	client := connect(t, opened(t, Options{Querier: q}))
	if _, err := client.Execute(as(t, "wang"), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	info, err := client.GetTables(as(t, "wang"), &fsql.GetTablesOpts{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, _, err := rows(as(t, "wang"), client, info); n != 0 || err != nil {
		t.Errorf("%d tables, %v", n, err)
	}
}

// batchOf makes a batch of one row.
func batchOf(t *testing.T, columns ...arrow.Array) arrow.RecordBatch {
	t.Helper()
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: itoa(int64(i)), Type: c.DataType(), Nullable: true}
	}
	b := array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, 1)
	t.Cleanup(b.Release)
	return b
}

func numbers(values ...int64) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(values, nil)
	return b.NewArray()
}
