package flightsql

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/servertest"
)

// A ticket gives its rows once, to whom it was given, for the purpose that it was asked
// for, while the same is open.
func TestTicketOfAnother(t *testing.T) {
	for _, c := range []struct {
		name   string
		who    string
		more   []string
		before func(o *office)
		want   string
	}{
		{"its own", "wang", []string{"purpose", "DB"}, nil, ""},
		{"another principal", "li", []string{"purpose", "DB"}, nil, "request_invalid"},
		{"another purpose", "wang", []string{"purpose", "JC"}, nil, "request_invalid"},
		{"no purpose", "wang", nil, nil, "request_invalid"},
		{"another mode", "wang", []string{"purpose", "DB", "mode", "download"}, nil, "request_invalid"},
		{"nobody", "", nil, nil, "unauthenticated"},
		{"after the token was taken back", "wang", []string{"purpose", "DB"}, func(o *office) { o.revoked["token-wang"] = true }, "unauthenticated"},
		{"after a grant was taken back", "wang", []string{"purpose", "DB"}, func(o *office) { o.opens["wang"] = snapshot{identity: "w2"} }, "conflict"},
	} {
		office, q := newOffice(), &servertest.Querier{}
		client := connect(t, doorOf(t, q, office))
		info, err := client.Execute(as(t, "wang", "purpose", "DB"), "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if c.before != nil {
			office.set(func() { c.before(office) })
		}
		ctx := as(t, c.who, c.more...)
		_, _, _, err = rows(ctx, client, info)
		if _, own := codeOf(err); own != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
		if asked, _ := q.Asked(); (len(asked) == 1) != (c.want == "") {
			t.Errorf("%s: %d statements ran", c.name, len(asked))
		}
		if c.want != "" {
			if got, err := client.CancelFlightInfo(ctx, &flight.CancelFlightInfoRequest{Info: info}); err == nil && got.Status == flight.CancelStatusCancelled && c.who != "wang" {
				t.Errorf("%s: it is cancelled", c.name)
			}
		}
	}
}

// A ticket is used once; one whose statement never began is as good as before.
func TestTicketTwice(t *testing.T) {
	q := &servertest.Querier{}
	client := connect(t, doorOf(t, q, newOffice()))
	ctx := as(t, "wang")
	info, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	q.Err = context.DeadlineExceeded
	if _, _, _, err := rows(ctx, client, info); err == nil {
		t.Error("rows of a statement that did not begin")
	}
	q.Err = nil
	for i, want := range []string{"", "request_invalid"} {
		_, _, _, err := rows(ctx, client, info)
		if _, own := codeOf(err); own != want {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
	// Cancelled before it was used.
	if info, err = client.Execute(ctx, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if got, err := client.CancelFlightInfo(ctx, &flight.CancelFlightInfoRequest{Info: info}); err != nil || got.Status != flight.CancelStatusCancelled {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, _, err := rows(ctx, client, info); err == nil {
		t.Error("rows after it was cancelled")
	}
}

// Nobody can make a ticket, by changing one or otherwise, and a handle is no ticket.
func TestTicketsThatNobodyMade(t *testing.T) {
	q := &servertest.Querier{}
	client := connect(t, doorOf(t, q, newOffice()))
	ctx := as(t, "wang")
	info, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := client.Prepare(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := commandOf(info.Endpoint[0].Ticket.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	good := cmd.(*pb.TicketStatementQuery).StatementHandle
	var bad [][]byte
	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1 << (i % 8)
		bad = append(bad, changed)
	}
	bad = append(bad, nil, []byte("1"), []byte("SELECT 1"), good[:len(good)-1], append(bytes.Clone(good), 0), prepared.Handle(), make([]byte, 64), bytes.Repeat([]byte{'x'}, maxSealed+1))
	for _, handle := range bad {
		ticket, err := fsql.CreateStatementQueryTicket(handle)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.DoGet(ctx, &flight.Ticket{Ticket: ticket}); err == nil {
			t.Fatalf("%q opens", handle)
		}
	}
	for _, cmd := range []proto.Message{
		&pb.CommandPreparedStatementQuery{PreparedStatementHandle: good}, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: prepared.Handle()},
		&pb.CommandStatementQuery{Query: "SELECT 1"}, &pb.CommandStatementUpdate{Query: "SELECT 1"}, &pb.ActionBeginTransactionRequest{},
	} {
		packed, err := anypb.New(cmd)
		if err != nil {
			t.Fatal(err)
		}
		text, err := proto.Marshal(packed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.DoGet(ctx, &flight.Ticket{Ticket: text}); err == nil {
			t.Errorf("%T is a ticket", cmd)
		}
	}
	for _, text := range []string{"", "x", "\x0a\x03abc"} {
		if _, err := client.DoGet(ctx, &flight.Ticket{Ticket: []byte(text)}); err == nil {
			t.Errorf("%q is a ticket", text)
		}
	}
	if asked, _ := q.Asked(); len(asked) != 0 {
		t.Errorf("%d statements ran", len(asked))
	}
	// Tickets say nothing of what they are for, and no two are alike.
	again, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(good, []byte("SELECT")) || bytes.Contains(again.Endpoint[0].Ticket.Ticket, good[:16]) {
		t.Error("a ticket can be read or guessed")
	}
}

// What is forgotten of used tickets does not make one good again.
func TestTicketsGrowOld(t *testing.T) {
	now := time.Unix(1e9, 0)
	u := newUsed(func() time.Time { return now })
	made := func(n byte) *sealed { return &sealed{Number: number{n}, Made: now} }
	first := made(1)
	if err := u.take(first); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		now = now.Add(ticketLife / 2)
		if err := u.take(made(byte(now.Unix() % 251))); err != nil {
			t.Error(err)
		}
		if u.take(first) == nil {
			t.Error("a used ticket is good again")
		}
	}
	late := made(2)
	now = now.Add(ticketLife + time.Second)
	if u.take(late) == nil {
		t.Error("a ticket that is too old is taken")
	}
	if u.take(&sealed{Number: number{3}, Made: now.Add(time.Hour)}) == nil {
		t.Error("a ticket of the future is taken")
	}
	// When there are too many to remember, older ones are refused instead of forgotten.
	const most = 1000
	u = newUsed(func() time.Time { return now })
	u.most = most
	one := made(9)
	if err := u.take(one); err != nil {
		t.Fatal(err)
	}
	for n := range 3 * most {
		now = now.Add(time.Microsecond)
		if err := u.take(&sealed{Number: number{8, byte(n), byte(n >> 8), byte(n >> 16), 1}, Made: now}); err != nil {
			t.Fatal(n, err)
		}
	}
	if len(u.recent)+len(u.older) > 2*most || u.take(one) == nil {
		t.Errorf("%d and %d remembered", len(u.recent), len(u.older))
	}
}

// A prepared statement is its client's, as long as the same is open.
func TestHandleOfAnother(t *testing.T) {
	for _, c := range []struct {
		name   string
		who    string
		more   []string
		before func(o *office)
		want   string
	}{
		{"its own", "wang", []string{"purpose", "DB"}, nil, ""},
		{"another principal", "li", []string{"purpose", "DB"}, nil, "request_invalid"},
		{"another purpose", "wang", []string{"purpose", "JC"}, nil, "request_invalid"},
		{"after a grant was taken back", "wang", []string{"purpose", "DB"}, func(o *office) { o.opens["wang"] = snapshot{identity: "w2"} }, "conflict"},
		{"after the token was taken back", "wang", []string{"purpose", "DB"}, func(o *office) { o.revoked["token-wang"] = true }, "unauthenticated"},
	} {
		office, q := newOffice(), &servertest.Querier{Params: []catalog.Column{{Name: "1", Type: catalog.Type{Kind: catalog.Int64}}}}
		client := connect(t, doorOf(t, q, office))
		prepared, err := client.Prepare(as(t, "wang", "purpose", "DB"), "SELECT $1")
		if err != nil {
			t.Fatal(err)
		}
		// Parameters that its owner bound are in the handle alone.
		prepared.SetParameters(batchOf(t, numbers(110101)))
		mine, err := prepared.Execute(as(t, "wang", "purpose", "DB"))
		if err != nil {
			t.Fatal(err)
		}
		_ = mine
		if c.before != nil {
			office.set(func() { c.before(office) })
		}
		ctx := as(t, c.who, c.more...)
		_, err = client.Client.GetFlightInfo(ctx, commandFor(t, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: prepared.Handle()}))
		if _, own := codeOf(err); own != c.want {
			t.Errorf("%s: run: %v", c.name, err)
		}
		prepared.SetParameters(batchOf(t, numbers(7)))
		_, err = prepared.Execute(ctx)
		if _, own := codeOf(err); own != c.want {
			t.Errorf("%s: bind: %v", c.name, err)
		}
		_, err = client.Client.GetSchema(ctx, commandFor(t, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: prepared.Handle()}))
		if _, own := codeOf(err); own != c.want {
			t.Errorf("%s: describe: %v", c.name, err)
		}
		closes := prepared.Close(ctx)
		if _, own := codeOf(closes); own != c.want && own != "" {
			t.Errorf("%s: close: %v", c.name, closes)
		}
		if c.who == "li" && closes == nil {
			t.Errorf("%s closes it", c.name)
		}
	}
}

func commandFor(t *testing.T, cmd proto.Message) *flight.FlightDescriptor {
	t.Helper()
	packed, err := anypb.New(cmd)
	if err != nil {
		t.Fatal(err)
	}
	text, err := proto.Marshal(packed)
	if err != nil {
		t.Fatal(err)
	}
	return &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: text}
}

// What is not open to somebody is in no answer about what there is.
func TestMetadataShowsNoMore(t *testing.T) {
	whole := catalog.Type{Kind: catalog.Int64}
	table := &catalog.Table{
		ID: catalog.TableID{Schema: "secret_schema", Name: "secret_table"}, View: true, Comment: "secret comment",
		Columns:    []catalog.Column{{Name: "sfzh", Type: whole}, {Name: "secret_column", Type: whole, Comment: "secret remark"}, {Name: "xm", Type: whole}},
		PrimaryKey: []string{"sfzh", "secret_column"},
	}
	masked := &catalog.Table{Columns: []catalog.Column{{Name: "id", Type: whole}}, PrimaryKey: []string{"id"}}
	open := []*policy.Resource{
		{Path: []string{"公安", "人口"}, Source: "secret_source", Table: table, Columns: []catalog.Column{{Name: "sfzh", Type: whole}, {Name: "xm", Type: whole}}},
		{Path: []string{"公安", "证件"}, Source: "secret_source", Table: masked, Columns: masked.Columns, Guard: &policy.Guard{RowFilter: "secret_filter", Masks: map[string]string{"id": "secret_mask"}}},
	}
	others := []*policy.Resource{{Path: []string{"secret_agency", "secret_resource"}, Table: table, Columns: table.Columns}}
	office := newOffice()
	office.opens["wang"], office.opens["li"] = snapshot{"w1", open}, snapshot{"l1", others}
	client := connect(t, doorOf(t, &servertest.Querier{}, office))
	ctx := as(t, "wang")
	name := "人口"
	any := "%"
	for _, cmd := range []proto.Message{
		&pb.CommandGetCatalogs{}, &pb.CommandGetDbSchemas{}, &pb.CommandGetDbSchemas{DbSchemaFilterPattern: &any}, &pb.CommandGetTables{IncludeSchema: true}, &pb.CommandGetTables{TableNameFilterPattern: &any},
		&pb.CommandGetTableTypes{}, &pb.CommandGetPrimaryKeys{Table: name}, &pb.CommandGetPrimaryKeys{Table: "证件"}, &pb.CommandGetPrimaryKeys{Table: "secret_resource"},
		&pb.CommandGetExportedKeys{Table: name}, &pb.CommandGetImportedKeys{Table: name}, &pb.CommandGetCrossReference{PkTable: name, FkTable: name},
		&pb.CommandGetXdbcTypeInfo{}, &pb.CommandGetSqlInfo{},
	} {
		info, err := client.Client.GetFlightInfo(ctx, commandFor(t, cmd))
		if err != nil {
			t.Fatal(err)
		}
		stream, err := client.Client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			t.Fatal(err)
		}
		for {
			data, err := stream.Recv()
			if err != nil {
				break
			}
			for _, word := range []string{"secret_", "secret ", "secret"} {
				if bytes.Contains(data.DataBody, []byte(word)) || bytes.Contains(data.DataHeader, []byte(word)) {
					t.Errorf("%T tells %q: %q", cmd, word, data.DataBody)
				}
			}
			if _, keys := cmd.(*pb.CommandGetPrimaryKeys); keys && bytes.Contains(data.DataBody, []byte("公安")) {
				t.Errorf("part of a key, or a mask, is told as a key: %q", data.DataBody)
			}
		}
	}
	// Who may see all of it does.
	info, err := client.GetPrimaryKeys(as(t, "li"), fsql.TableRef{Table: "SECRET_resource"})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, _, err := rows(as(t, "li"), client, info); n != 2 || err != nil {
		t.Errorf("%d columns of the key, %v", n, err)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		names   string
	}{
		{"%", "人口 renkou a_b"}, {"人%", "人口"}, {"_口", "人口"}, {"RENKOU", "renkou"}, {"ren%u", "renkou"}, {"a_b", "a_b axb"}, {`a\_b`, "a_b"},
		{"", ""}, {"%k%", "renkou"}, {"%%%u%", "renkou"}, {"renkou_", ""}, {`\`, ""}, {"r%n%o_", "renkou"},
	} {
		var got []string
		for _, name := range []string{"人口", "renkou", "a_b", "axb"} {
			if matches(&c.pattern, name) {
				got = append(got, name)
			}
		}
		if c.pattern == "%" {
			got = slices.DeleteFunc(got, func(s string) bool { return s == "axb" })
		}
		if strings.Join(got, " ") != c.names {
			t.Errorf("%q matches %q, want %q", c.pattern, got, c.names)
		}
	}
	// No pattern takes long.
	long := strings.Repeat("%a", 5000)
	if matches(&long, strings.Repeat("a", 4999)) {
		t.Error("too short")
	}
}

// arriving is a listener that counts.
type arriving struct {
	net.Listener
	come atomic.Int64
}

func (a *arriving) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if err == nil {
		a.come.Add(1)
	}
	return c, err
}

// A connection without a call of somebody known ends soon, whatever is said on it, and gives
// way to others; one with such a call stays.
func TestStrangers(t *testing.T) {
	own, trusted := pair(t)
	for name, with := range map[string]struct {
		door   *tls.Config
		client credentials.TransportCredentials
	}{
		"plain": {nil, insecure.NewCredentials()},
		"tls": {
			&tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12},
			credentials.NewTLS(&tls.Config{RootCAs: trusted}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			counted := &arriving{Listener: ln}
			const strange = time.Second
			o := Options{Querier: &servertest.Querier{}, Session: newOffice().session, TLS: with.door}
			address := openedOn(t, listen.NewCrowd(16, 16).Within(counted, strange), o)
			wang := dialed(t, address, with.client)
			if _, err := wang.Execute(as(t, "wang"), "SELECT 1"); err != nil {
				t.Fatal(err)
			}
			nobody := dialed(t, address, with.client)
			if _, err := nobody.Execute(as(t, "nobody"), "SELECT 1"); status.Code(err) != codes.Unauthenticated {
				t.Errorf("nobody: %v", err)
			}
			var raw []net.Conn
			for range 20 {
				nc, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = nc.Close() })
				if _, err := nc.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
					t.Fatal(err)
				}
				raw = append(raw, nc)
			}
			if _, err := dialed(t, address, with.client).Execute(as(t, "li"), "SELECT 1"); err != nil {
				t.Errorf("beside strangers: %v", err)
			}
			begun := time.Now()
			for i, nc := range raw {
				_ = nc.SetReadDeadline(begun.Add(20 * strange))
				if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("the %d. stranger stays", i+1)
				}
			}
			if name == "plain" && time.Since(begun) > 8*time.Second { // the preface's own time is 10 s
				t.Errorf("they stay for %v", time.Since(begun))
			}
			come := counted.come.Load()
			waitfor.True(t, 10*strange, "nobody's connection to end", func() bool {
				_, err := nobody.Execute(as(t, "nobody"), "SELECT 1")
				return status.Code(err) == codes.Unauthenticated && counted.come.Load() > come
			})
			come = counted.come.Load()
			if _, err := wang.Execute(as(t, "wang"), "SELECT 1"); err != nil || counted.come.Load() != come {
				t.Errorf("%v, and %d came again", err, counted.come.Load()-come)
			}
		})
	}
}
