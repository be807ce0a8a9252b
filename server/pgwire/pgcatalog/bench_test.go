package pgcatalog

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/command"
)

// wide shows many tables of ten columns.
type wide struct {
	policy.Denied
	identity string
	all      []*policy.Resource
}

func (w wide) Identity() string              { return w.identity }
func (w wide) Resources() []*policy.Resource { return w.all }

func manyTables(n int) []*policy.Resource {
	columns := make([]catalog.Column, 10)
	for i := range columns {
		kind := []catalog.Kind{catalog.Text, catalog.Int32, catalog.Float64}[i%3]
		columns[i] = catalog.Column{Name: fmt.Sprintf("列%d", i), Type: catalog.Type{Kind: kind}, Comment: "说明"}
	}
	table := &catalog.Table{Columns: columns, Comment: "表"}
	all := make([]*policy.Resource, n)
	for i := range all {
		all[i] = &policy.Resource{Path: []string{"档案", fmt.Sprintf("表%d", i)}, Source: "wj", Table: table, Columns: columns}
	}
	return all
}

// columnsOfAll is what pgJDBC asks in getColumns(null, null, null, null).
func columnsOfAll(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile("testdata/jdbc.sql")
	if err != nil {
		b.Fatal(err)
	}
	for _, piece := range command.Split(string(text)) {
		before, after, found := strings.Cut(piece.SQL, " AND n.nspname LIKE")
		if found && strings.Contains(before, "AS adsrc") {
			_, after, _ = strings.Cut(after, ") c WHERE true")
			return before + ") c WHERE true" + after
		}
	}
	b.Fatal("no getColumns in testdata/jdbc.sql")
	return ""
}

// BenchmarkColumnsOfManyTables asks for the columns of 5,000 tables as pgJDBC does:
// described and asked, where the catalogue must be made first and where it is there.
func BenchmarkColumnsOfManyTables(b *testing.B) {
	all, sql := manyTables(5000), columnsOfAll(b)
	ask := func(b *testing.B, c *Catalogues) {
		s := server.Session{Snapshot: wide{identity: "w", all: all}}
		if _, _, err := c.Describe(b.Context(), s, facts, server.Request{SQL: sql}); err != nil {
			b.Fatal(err)
		}
		a, mine, err := c.Query(b.Context(), s, facts, server.Request{SQL: sql})
		if err != nil || !mine {
			b.Fatal(mine, err)
		}
		defer a.Stream.Release()
		rows := int64(0)
		for a.Stream.Next() {
			rows += a.Stream.RecordBatch().NumRows()
		}
		if rows != 50_000 {
			b.Fatalf("%d rows", rows)
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			c := New("Asia/Shanghai")
			ask(b, c)
			c.Close()
		}
	})
	b.Run("again", func(b *testing.B) {
		c := New("Asia/Shanghai")
		defer c.Close()
		ask(b, c)
		for b.Loop() {
			ask(b, c)
		}
	})
}
