package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/testpg"
)

// shown is what the server shows of the statement that asks for it.
const shown = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"

// The people of the server see to which statement of the gateway theirs belongs. What is
// prepared there stays as it is, as often as a statement comes with a comment of its own.
func TestComment(t *testing.T) { both(t, commented) }

func commented(t *testing.T, alone bool) {
	db := testpg.Start(t).Database(t)
	s := open(t, db.Reader, 1)
	s.alone = alone
	conn := s.acquire()
	frag := s.statement(shown)
	frag.Columns = []catalog.Column{{Name: "query", SourceName: "query", Type: catalog.Type{Kind: catalog.Text}}}
	prepared := s.statement("SELECT count(*) AS n FROM pg_prepared_statements")
	for i := range 100 {
		frag.Comment = connectors.Comment{Purpose: "DB-HC", Query: fmt.Sprintf("q%d", i), Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
		rows, err := s.rows(conn, frag)
		want := fmt.Sprintf("/*purpose='DB-HC',query='q%d',traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/ %s", i, shown)
		if err != nil || len(rows) != 1 || rows[0][0] != want {
			t.Fatalf("%v %v, want %s", rows, err, want)
		}
		if i%10 > 0 {
			continue
		}
		if rows, err := s.rows(conn, prepared); err != nil || rows[0][0] != int64(1) {
			t.Fatalf("%v statements are prepared, %v", rows, err)
		}
	}
	// One text after another and the first one again: each is answered by itself.
	for i, n := range []int64{1, 2, 1} {
		one := s.statement(fmt.Sprintf("SELECT %d::bigint AS n", n))
		one.Comment = connectors.Comment{Query: "again"}
		if rows, err := s.rows(conn, one); err != nil || rows[0][0] != n {
			t.Fatalf("statement %d: %v %v, want %d", i, rows, err, n)
		}
	}
	frag.Comment = connectors.Comment{}
	if rows, err := s.rows(conn, frag); err != nil || !strings.HasPrefix(rows[0][0].(string), "SELECT") {
		t.Errorf("%v %v", rows, err)
	}
	if rows, err := s.rows(conn, prepared); err != nil || rows[0][0] != int64(2) {
		t.Errorf("%v statements are prepared, %v", rows, err)
	}
}
