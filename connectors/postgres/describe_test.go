package postgres_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testpg"
)

func TestDescribeEveryKindOfTable(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `
		CREATE TABLE plain (id integer PRIMARY KEY, a text, b text, c text, gone integer,
			UNIQUE (b, a), UNIQUE (c) DEFERRABLE);
		ALTER TABLE plain DROP COLUMN gone;
		CREATE UNIQUE INDEX ON plain (b) INCLUDE (c);
		CREATE UNIQUE INDEX ON plain (a) WHERE id > 0;
		CREATE UNIQUE INDEX ON plain (lower(a));
		INSERT INTO plain SELECT i, i, i, i FROM generate_series(1, 1000) i;
		CREATE TABLE parted (k integer, v text) PARTITION BY RANGE (k);
		CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (300);
		CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (300) TO (1000);
		INSERT INTO parted SELECT i, 'x' FROM generate_series(0, 999) i;
		CREATE VIEW seen AS SELECT id, a FROM plain;
		CREATE MATERIALIZED VIEW kept AS SELECT id FROM plain WHERE id <= 100;
		CREATE TABLE unknown_size (id integer);
		CREATE EXTENSION file_fdw;
		CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		CREATE FOREIGN TABLE elsewhere (line text) SERVER files OPTIONS (filename '/dev/null');
		CREATE TABLE no_columns ();
		CREATE TABLE denied (secret text);
		REVOKE ALL ON denied FROM PUBLIC, reader;
		ANALYZE plain; ANALYZE parted_1; ANALYZE parted_2; ANALYZE kept`)
	s := open(t, db.Reader, 2)
	plain := s.table("plain")
	got := map[string]string{}
	for _, table := range s.tables {
		got[table.ID.String()] = fmt.Sprintf("view %t, %d columns, rows %d", table.View, len(table.Columns), table.Rows)
	}
	want := map[string]string{
		"public.plain": "view false, 4 columns, rows 1000", "public.seen": "view true, 2 columns, rows -1", "public.kept": "view true, 1 columns, rows 100",
		"public.parted": "view false, 2 columns, rows 1000", "public.parted_1": "view false, 2 columns, rows 300", "public.parted_2": "view false, 2 columns, rows 700",
		"public.elsewhere": "view false, 1 columns, rows -1", "public.no_columns": "view false, 0 columns, rows -1",
		"public.unknown_size": "view false, 1 columns, rows -1", "public.denied": "view false, 1 columns, rows -1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
	if !slices.Equal(plain.PrimaryKey, []string{"id"}) {
		t.Errorf("primary key %q", plain.PrimaryKey)
	}
	// Not the deferrable one, not the partial one, not the expression; and c is only included.
	if d := cmp.Diff([][]string{{"b", "a"}, {"b"}}, plain.Unique); d != "" {
		t.Errorf("unique keys (-want +got):\n%s", d)
	}
	conn := s.acquire()
	for _, name := range []string{"parted", "kept", "seen", "elsewhere"} {
		table := s.table(name)
		rows, err := s.rows(conn, s.fragment(table, table.Columns))
		if err != nil || (table.Rows > 0 && len(rows) != int(table.Rows)) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	denied := s.table("denied")
	if _, err := s.rows(conn, s.fragment(denied, denied.Columns)); errs.CodeOf(err) != errs.SourceRefused {
		t.Errorf("a table without a grant: %s", detail(err))
	}
}

func TestDescribeNames(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `
		CREATE SCHEMA "户籍.Schema";
		CREATE TABLE "户籍.Schema"."人 ""口""" ("姓名" text, "Id" integer, "ID" integer, id integer, "a.b" text, "$1" text);
		INSERT INTO "户籍.Schema"."人 ""口""" VALUES ('张三', 1, 2, 3, 'dot', 'dollar')`)
	s := open(t, db.Reader, 1)
	table := s.table(`人 "口"`)
	if want := (catalog.TableID{Schema: "户籍.Schema", Name: `人 "口"`}); table.ID != want {
		t.Errorf("table %+v", table.ID)
	}
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name+"<-"+c.SourceName)
	}
	if d := cmp.Diff([]string{"姓名<-姓名", "Id<-Id", "ID_2<-ID", "id_3<-id", "a.b<-a.b", "$1<-$1"}, names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	rows, err := s.rows(s.acquire(), s.fragment(table, table.Columns))
	if err != nil {
		t.Fatal(detail(err))
	}
	if d := cmp.Diff([][]any{{"张三", int64(1), int64(2), int64(3), "dot", "dollar"}}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestDescribeCollations(t *testing.T) {
	const columns = `CREATE TABLE t (plain text, c text COLLATE "C", posix varchar(9) COLLATE "POSIX", icu text COLLATE "zh-x-icu",
		named name, padded char(3), folded public.citext, size integer, label mood, code code, amount numeric)`
	const setup = `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN code AS text COLLATE "C";`
	c, none := catalog.Collation{Name: "C", Binary: true}, catalog.Collation{}
	plain := func(name string) catalog.Collation { return catalog.Collation{Name: name} }
	for _, test := range []struct {
		name    string
		options []string
		want    map[string]catalog.Collation
	}{
		{"C", nil, map[string]catalog.Collation{"plain": c, "c": c, "posix": {Name: "POSIX", Binary: true}, "icu": plain("zh-x-icu"), "named": c,
			"padded": plain("C"), "folded": plain("C"), "size": none, "label": plain("C"), "code": c, "amount": plain("C")}},
		{"ICU", []string{testpg.ChineseICU}, map[string]catalog.Collation{"plain": plain("zh-u-co-pinyin"), "c": c, "posix": {Name: "POSIX", Binary: true},
			"icu": plain("zh-x-icu"), "named": c, "padded": plain("zh-u-co-pinyin"), "folded": plain("zh-u-co-pinyin"), "size": none,
			"label": plain("zh-u-co-pinyin"), "code": c, "amount": plain("zh-u-co-pinyin")}},
		// Without UTF-8 no collation is told: the name says that any text can be sent.
		{"not UTF-8", []string{"ENCODING 'EUC_CN' LOCALE 'C'"}, nil},
	} {
		db := testpg.Start(t).Database(t, test.options...)
		if test.want == nil {
			db.Exec(t, `CREATE TABLE t (plain text, c text COLLATE "C"); INSERT INTO t VALUES (U&'\4E2D\6587', 'a')`)
			test.want = map[string]catalog.Collation{"plain": none, "c": none}
		} else {
			db.Exec(t, setup+columns)
		}
		s := open(t, db.Reader, 1)
		table := s.table("t")
		got := map[string]catalog.Collation{}
		for _, col := range table.Columns {
			got[col.Name] = col.Collation
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, d)
		}
		if rows, err := s.rows(s.acquire(), s.fragment(table, table.Columns)); err != nil || len(rows) == 1 && rows[0][0] != "中文" {
			t.Errorf("%s: %v, %v", test.name, rows, err)
		}
	}
}

// Numbers that no DECIMAL holds are told apart from what is text at the source too.
func TestDescribeNumbersAsText(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `CREATE DOMAIN price AS numeric; CREATE DOMAIN cents AS price; CREATE DOMAIN exact AS numeric(9,2);
		CREATE TABLE t (free numeric, wide numeric(39,2), price price, cents cents, exact numeric(38,2), domain exact,
			list numeric[], plain text, size integer, span numrange)`)
	got := map[string]bool{}
	for _, c := range open(t, db.Reader, 1).table("t").Columns {
		if c.NumberAsText {
			got[c.Name] = true
		}
	}
	if d := cmp.Diff(map[string]bool{"free": true, "wide": true, "price": true, "cents": true}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Every type that a column of this server can have is in the type table: by its
// own name, or by the kind of type that it is.
func TestEveryTypeHasARow(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, typesSetup)
	rows := map[string]bool{}
	for _, r := range typeRows() {
		rows[r.Source] = true
	}
	conn, err := pgconn.Connect(t.Context(), db.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	result := conn.ExecParams(t.Context(), `
		SELECT format_type(t.oid, NULL), t.typtype, n.nspname = 'pg_catalog', coalesce(e.typarray = t.oid, false), t.oid
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type e ON e.oid = t.typelem
		WHERE t.typtype <> 'p' AND NOT (t.typtype = 'c' AND n.nspname IN ('pg_catalog', 'information_schema'))
		  AND coalesce(e.typrelid, 0) = 0 AND coalesce(e.typtype, 'b') <> 'p' ORDER BY t.oid`, nil, nil, nil, nil).Read()
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	kinds := map[string]string{"d": "a domain", "e": "an enum", "r": "a range", "m": "a multirange", "c": "a composite"}
	spelled := map[string]string{"character": "character(n)", "character varying": "character varying(n)", "bit": "bit(n)",
		"time without time zone": "time", "timestamp without time zone": "timestamp"}
	seen := map[string]int{}
	var ddl strings.Builder
	tried := 0
	for _, r := range result.Rows {
		name, class, own, array := string(r[0]), string(r[1]), string(r[2]) == "t", string(r[3]) == "t"
		source := name
		if s, ok := spelled[name]; ok {
			source = s
		}
		switch {
		case array:
			source = "an array"
		case kinds[class] != "":
			source = kinds[class]
		case !own && !rows[source]:
			source = "an extension's type"
		}
		if !rows[source] {
			t.Errorf("pg_type has %s (typtype %s), and the type table has no row for it", name, class)
		}
		seen[source]++
		number, err := strconv.Atoi(string(r[4]))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&ddl, "CREATE TABLE t_%d (v %s); INSERT INTO t_%d VALUES (NULL);", number, name, number)
		tried++
	}
	// And each can be read, as NULL at least.
	db.Exec(t, ddl.String())
	s := open(t, db.Reader, 1)
	s.table("t_16")
	lease := s.acquire()
	for _, table := range s.tables {
		if !strings.HasPrefix(table.ID.Name, "t_") {
			continue
		}
		tried--
		column := table.Columns[0]
		if !column.Type.Readable() {
			t.Errorf("%s cannot be read", column.SourceType)
			continue
		}
		if got, err := s.rows(lease, s.fragment(table, table.Columns)); err != nil || len(got) != 1 || got[0][0] != nil {
			t.Errorf("%s: %v, %v", column.SourceType, got, err)
		}
	}
	if tried != 0 {
		t.Errorf("%d types were not tried", tried)
	}
	t.Logf("%d types; rows used: %d", len(result.Rows), len(seen))
}
