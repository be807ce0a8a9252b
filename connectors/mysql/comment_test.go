package mysql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/testmaria"
)

// shown is what the server shows of the statement that asks for it.
const shown = "SELECT INFO AS n FROM information_schema.processlist WHERE ID = CONNECTION_ID()"

// The people of the server see to which statement of the gateway theirs belongs. What is
// prepared there does not become more, as often as a statement comes with a comment of its own.
func TestComment(t *testing.T) {
	db := testmaria.StartOwn(t).Database(t)
	s := open(t, db.Reader, 1)
	conn := s.acquire()
	prepared := func() int {
		return db.Count(t, "SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME = 'PREPARED_STMT_COUNT'")
	}
	frag := s.statement(shown)
	frag.Columns = []catalog.Column{{Name: "n", SourceName: "n", Type: catalog.Type{Kind: catalog.Text}}}
	for i := range 100 {
		frag.Comment = connectors.Comment{Purpose: "DB-HC", Query: fmt.Sprintf("q%d", i), Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
		rows, err := s.rows(conn, frag)
		want := fmt.Sprintf("/*purpose='DB-HC',query='q%d',traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/ SELECT", i)
		if err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0][0].(string), want) {
			t.Fatalf("%v %v, want %s", rows, detail(err), want)
		}
		if n := prepared(); n > 1 {
			t.Fatalf("%d statements are prepared", n)
		}
	}
	frag.Comment = connectors.Comment{}
	for range 2 {
		if rows, err := s.rows(conn, frag); err != nil || !strings.HasPrefix(rows[0][0].(string), "SELECT") {
			t.Errorf("%v %v", rows, detail(err))
		}
		if n := prepared(); n != 1 {
			t.Errorf("%d statements are prepared", n)
		}
	}
}
