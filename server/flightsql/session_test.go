package flightsql

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/server/servertest"
)

func optionsOf(t *testing.T, values map[string]any) *flight.SetSessionOptionsRequest {
	t.Helper()
	all, err := flight.NewSessionOptionValues(values)
	if err != nil {
		t.Fatal(err)
	}
	return &flight.SetSessionOptionsRequest{SessionOptions: all}
}

// cookies keeps those that an action's answer sets, and sends them with the calls after
// it, one at a time. The client's own middleware loses them now and then: the end of a
// stream and that of its context race there, and one of them leaves the header unread
// (arrow-go 18.8, flight/client.go, finishFunc).
func cookies() flight.ClientMiddleware {
	jar, answer := flight.NewCookieMiddleware(), metadata.MD{}
	begin := func(ctx context.Context) context.Context {
		jar.(flight.ClientHeadersMiddleware).HeadersReceived(ctx, answer)
		answer = nil
		return jar.StartCall(ctx)
	}
	return flight.ClientMiddleware{
		Unary: func(ctx context.Context, method string, req, reply any, c *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return call(begin(ctx), method, req, reply, c, opts...)
		},
		Stream: func(ctx context.Context, desc *grpc.StreamDesc, c *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			ctx = begin(ctx)
			if strings.HasSuffix(method, "/DoAction") {
				opts = append(opts, grpc.Header(&answer))
			}
			return open(ctx, desc, c, method, opts...)
		},
	}
}

// What a session is told holds for its later calls, and what cannot be is refused then.
func TestSessionOptions(t *testing.T) {
	office, q := newOffice(), &servertest.Querier{}
	client, err := fsql.NewClient(doorOf(t, q, office), nil, []flight.ClientMiddleware{cookies()}, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := as(t, "wang")
	state := func() string {
		got, err := client.GetSessionOptions(ctx, &flight.GetSessionOptionsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return got.SessionOptions["purpose"].GetStringValue() + " " + got.SessionOptions["mode"].GetStringValue()
	}
	if got := state(); got != " interface" {
		t.Errorf("before: %q", got)
	}
	info, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set   map[string]any
		wrong string
		state string
	}{
		{map[string]any{"purpose": "DB"}, "", "DB interface"},
		{map[string]any{"PURPOSE": "JC", "x-lianji-mode": "download"}, "", "JC download"},
		{map[string]any{"purpose": "NONE"}, "purpose INVALID_VALUE", "JC download"},
		{map[string]any{"purpose": "db"}, "purpose INVALID_VALUE", "JC download"},
		{map[string]any{"purpose": int64(7)}, "purpose INVALID_VALUE", "JC download"},
		{map[string]any{"mode": "online"}, "mode INVALID_VALUE", "JC download"},
		{map[string]any{"colour": "red", "mode": "interface"}, "colour INVALID_NAME", "JC interface"},
		{map[string]any{"mode": nil, "purpose": nil}, "", " interface"},
		{map[string]any{"purpose": "DB"}, "", "DB interface"},
	} {
		got, err := client.SetSessionOptions(ctx, optionsOf(t, c.set))
		if err != nil {
			t.Fatal(err)
		}
		var wrong []string
		for name, e := range got.Errors {
			wrong = append(wrong, name+" "+e.Value.String())
		}
		if strings.Join(wrong, ",") != c.wrong || state() != c.state {
			t.Errorf("%v: %q, then %q", c.set, wrong, state())
		}
	}
	// A ticket is for the purpose that it was asked for.
	if _, _, _, err := rows(ctx, client, info); err == nil {
		t.Error("a ticket of before the purpose was set gives rows")
	}
	if info, err = client.Execute(ctx, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := rows(ctx, client, info); err != nil {
		t.Error(err)
	}
	if _, sessions := q.Asked(); sessions[len(sessions)-1].Purpose != "DB" {
		t.Errorf("asked for %+v", sessions)
	}
	closed, err := client.CloseSession(ctx, &flight.CloseSessionRequest{})
	if err != nil || closed.Status != flight.CloseSessionResultClosed {
		t.Errorf("%v, %v", closed, err)
	}
	if got := state(); got != " interface" {
		t.Errorf("after it was closed: %q", got)
	}
}

// A cookie that nobody made is refused, those of others are not looked at.
func TestCookies(t *testing.T) {
	client := connect(t, doorOf(t, &servertest.Querier{}, newOffice()))
	for cookie, want := range map[string]string{
		"other=1; another=2": "", "lianji_session=%%%": "request_invalid", "lianji_session=" + "cHVycG9zZT1OT05F": "parameter_invalid", // purpose=NONE
		"lianji_session=" + "cHVycG9zZT1EQg": "", "==": "",
	} {
		_, err := client.Execute(as(t, "wang", "cookie", cookie), "SELECT 1")
		if _, own := codeOf(err); own != want {
			t.Errorf("%q: %v", cookie, err)
		}
	}
}
