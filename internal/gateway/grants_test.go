package gateway

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Statements about grants go to who keeps them, with their place in the text; without a
// catalogue, and for an operator's own statement, they are refused.
func TestGrantsGoToTheCatalogue(t *testing.T) {
	g, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	var asked []string
	keeper := func(_ context.Context, s server.Session, text string) (server.Table, error) {
		asked = append(asked, s.Door+" "+text)
		if text == "REVOKE x" {
			return server.Table{}, errs.New(errs.SyntaxError, "grants_too_much", nil).At(text, 7)
		}
		return server.Table{Columns: []string{"a", "b"}, Rows: [][]string{{"1", "2"}, {"3", "4"}}}, nil
	}
	s := server.Session{Grants: keeper, Door: "http"}
	answer, err := g.Query(t.Context(), s, server.Request{SQL: " GRANT y; "})
	if err != nil || len(answer.Columns) != 2 || !answer.Stream.Next() || answer.Stream.RecordBatch().NumRows() != 2 {
		t.Fatalf("got %+v %v", answer, err)
	}
	answer.Stream.Release()
	_, err = g.Query(t.Context(), s, server.Request{SQL: "/* a */ REVOKE x"})
	if e := errs.From(err); e == nil || e.ID != "grants_too_much" || e.Pos == nil || e.Pos.Offset != 15 {
		t.Errorf("got %v %+v", err, e.Pos)
	}
	if len(asked) != 2 || asked[0] != "http GRANT y" {
		t.Errorf("asked %q", asked)
	}
	for name, c := range map[string]struct {
		session server.Session
		params  []server.Param
		want    errs.Code
	}{
		"no catalogue": {server.Session{}, nil, errs.NotSupported},
		"an operator":  {server.Session{Grants: keeper, Operator: true}, nil, errs.NotSupported},
		"parameters":   {s, []server.Param{{Text: "1"}}, errs.ParameterInvalid},
	} {
		if _, err := g.Query(t.Context(), c.session, server.Request{SQL: "SHOW GRANTS", Params: c.params}); errs.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if len(asked) != 2 {
		t.Errorf("asked %q", asked)
	}
}

// A list that is put together while it is read has each row once, and nothing is put
// together that nobody reads.
func TestListsStream(t *testing.T) {
	g, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	made := 0
	s := server.Session{Grants: func(context.Context, server.Session, string) (server.Table, error) {
		return server.Table{Columns: []string{"a"}, Rows: [][]string{{"0"}}, More: func() [][]string {
			if made++; made > 3 {
				return nil
			}
			return [][]string{{strconv.Itoa(2*made - 1)}, {strconv.Itoa(2 * made)}}
		}}, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answer, err := g.Query(ctx, s, server.Request{SQL: "SHOW GRANTS"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for answer.Stream.Next() {
		b := answer.Stream.RecordBatch()
		for i := range int(b.NumRows()) {
			got = append(got, b.Column(0).ValueStr(i))
		}
		if made > len(got)/2 {
			t.Errorf("%d were made, %v were read", made, got)
		}
	}
	if d := strings.Join(got, ","); d != "0,1,2,3,4,5,6" || answer.Stream.Err() != nil || made != 4 {
		t.Errorf("%s, %v, asked %d times", d, answer.Stream.Err(), made)
	}
	answer.Stream.Release()
	made = 0
	if answer, err = g.Query(ctx, s, server.Request{SQL: "SHOW GRANTS"}); err != nil || !answer.Stream.Next() {
		t.Fatal(err)
	}
	cancel()
	if answer.Stream.Next() || errs.CodeOf(answer.Stream.Err()) != errs.Canceled {
		t.Errorf("it goes on after its end: %v", answer.Stream.Err())
	}
	answer.Stream.Release()
}
