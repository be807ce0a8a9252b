package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// What is described is what an answer would have, for every kind of statement; nothing
// runs: the source of the table is not there.
func TestDescribed(t *testing.T) {
	g := newGateway(t, Options{})
	s := server.Session{Snapshot: oneTable{}, GrantsColumns: func(text string) ([]string, error) {
		if text != "SHOW GRANTS" {
			t.Errorf("columns of %q", text)
		}
		return []string{"grant"}, nil
	}, Grants: func(context.Context, server.Session, string) (server.Table, error) {
		t.Error("the statement ran")
		return server.Table{}, nil
	}}
	number := catalog.Type{Kind: catalog.Int64}
	for _, c := range []struct {
		sql    string
		params []server.Param
		want   string
	}{
		{"SELECT 姓名, 1::DECIMAL(5,2) AS x FROM 公安.人口 WHERE 姓名 = $1", nil, "姓名 VARCHAR, x DECIMAL(5,2) <- 1 VARCHAR"},
		{"SELECT 姓名 FROM 公安.人口 WHERE length(姓名) > $n", nil, "姓名 VARCHAR <- n BIGINT"},
		{"SELECT $1 + 1 AS y", []server.Param{{Type: number}}, "y BIGINT <- 1 BIGINT"},
		{"SELECT $1 AS y", []server.Param{{Type: catalog.Type{Kind: catalog.Date}}}, "y DATE <- 1 DATE"},
		{"SELECT 姓名 FROM 公安.人口 WHERE 姓名::BLOB = $1 OR 姓名::BLOB = ANY($2)", nil, "姓名 VARCHAR <- 1 BLOB, 2 BLOB[]"},
		{"SELECT $1 AS y", []server.Param{{Type: catalog.Type{Kind: catalog.Blob}}}, "y BLOB <- 1 BLOB"},
		{"EXPLAIN SELECT 姓名 FROM 公安.人口 WHERE 姓名 = $1", nil, "explain VARCHAR <- 1 VARCHAR"},
		{"SHOW TABLES", nil, "schema VARCHAR, table VARCHAR, comment VARCHAR <- "},
		{"SHOW SCHEMAS", nil, "schema VARCHAR <- "},
		{"DESCRIBE 公安.人口", nil, "column VARCHAR, type VARCHAR, source_type VARCHAR, comment VARCHAR <- "},
		{"SHOW GRANTS", nil, "grant VARCHAR <- "},
	} {
		d, err := g.Describe(t.Context(), s, server.Request{SQL: c.sql, Params: c.params})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if got := spelled(d.Columns) + " <- " + spelled(d.Params); got != c.want {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
	}
}

func spelled(columns []catalog.Column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name+" "+c.Type.DuckDB())
	}
	return strings.Join(out, ", ")
}

// A statement that cannot be described is refused as it would be when asked, and the
// operator's log has it.
func TestNotDescribed(t *testing.T) {
	var log bytes.Buffer
	g := newGateway(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for sql, code := range map[string]errs.Code{
		"SELECT 住址 FROM 公安.人口": errs.UnknownName, "SELECT 1; SELECT 2": errs.OneStatement, "DROP TABLE x": errs.ReadOnly, "SHOW GRANTS": errs.NotSupported,
	} {
		log.Reset()
		_, asked := g.Query(t.Context(), server.Session{Snapshot: oneTable{}}, server.Request{SQL: sql})
		_, err := g.Describe(t.Context(), server.Session{Snapshot: oneTable{}}, server.Request{SQL: sql, ID: "q-17"})
		if errs.CodeOf(err) != code || err.Error() != asked.Error() {
			t.Errorf("%s: %v, and asked: %v", sql, err, asked)
		}
		if !strings.Contains(log.String(), "query=q-17") {
			t.Errorf("%s: the log has %s", sql, log.String())
		}
	}
}
