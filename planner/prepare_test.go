package planner

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

// everything is a snapshot of a few tables.
type everything []*policy.Resource

func (s everything) Identity() string              { return "test" }
func (s everything) Resources() []*policy.Resource { return s }
func (s everything) Resolve(path []string) (*policy.Resource, bool) {
	for _, r := range s {
		if samePath(r.Path, path) || (len(path) == 3 && samePath(r.Path, []string{path[0], path[2]})) {
			return r, true
		}
	}
	return nil, false
}

// exactly calls every predicate exact, but on doubles.
type exactly struct{ dialect.ScansOnly }

func (exactly) Name() string { return "exactly" }

func (exactly) Verdict(p dialect.Predicate) (dialect.Verdict, string) {
	switch p.Column.Type.Kind {
	case catalog.Float64:
		return dialect.None, "doubles stay here"
	case catalog.Text:
		return dialect.Superset, "text is checked again"
	}
	return dialect.Exact, ""
}

func (exactly) Scan(t *catalog.Table, columns []catalog.Column, preds []dialect.Predicate) (string, []catalog.Value) {
	var names, where []string
	var values []catalog.Value
	for _, c := range columns {
		names = append(names, c.SourceName)
	}
	for _, p := range preds {
		where = append(where, p.Column.SourceName+" "+p.Op.String()+strings.Repeat(" ?", len(p.Values)))
		values = append(values, p.Values...)
	}
	sql := "SELECT " + strings.Join(names, ", ") + " FROM " + t.ID.String()
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return sql, values
}

func col(name string, t catalog.Type) catalog.Column {
	return catalog.Column{Name: name, SourceName: name, Type: t}
}

func testTables() everything {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	resource := func(schema, name, source string, columns ...catalog.Column) *policy.Resource {
		t := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: name}, Columns: columns, Rows: -1}
		return &policy.Resource{Path: []string{schema, name}, Source: source, Table: t, Columns: columns}
	}
	return everything{
		resource("g", "t", "s1", col("a", kind(catalog.Int32)), col("b", kind(catalog.Int64)), col("v", kind(catalog.Text)), col("d", kind(catalog.Date)),
			col("ts", kind(catalog.Timestamp)), col("tz", kind(catalog.TimestampTZ)), col("dec", catalog.DecimalOf(12, 2)), col("f", kind(catalog.Float64)),
			col("u", kind(catalog.UUID)), col("bo", kind(catalog.Bool))),
		resource("g", "s", "s2", col("id", kind(catalog.Int32)), col("w", kind(catalog.Text))),
		resource("公安", "人口", "s1", col("身份证号", kind(catalog.Text)), col("姓名", kind(catalog.Text))),
	}
}

func newPlanner(t testing.TB) *Planner {
	b := NewInProcess("Asia/Shanghai")
	t.Cleanup(b.Close)
	return New(b, func(string) dialect.Dialect { return exactly{} })
}

// Every everyday shape of a parameter gets a type, before its value is known, and
// the declared one where there is one.
func TestParameterTypes(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct{ sql, want string }{
		{"SELECT * FROM g.t WHERE a = $1", "INTEGER"},
		{"SELECT * FROM g.t WHERE a IN ($1, $2)", "INTEGER INTEGER"},
		{"SELECT * FROM g.t WHERE b BETWEEN ? AND ?", "BIGINT BIGINT"},
		{"SELECT * FROM g.t WHERE v LIKE $1", "VARCHAR"},
		{"SELECT * FROM g.t WHERE d >= $from AND d < $to", "DATE DATE"},
		{"SELECT * FROM g.t WHERE dec > $1", "DECIMAL(12,2)"},
		{"SELECT * FROM g.t WHERE ts = $1 AND tz = $2", "TIMESTAMP TIMESTAMP WITH TIME ZONE"},
		{"SELECT * FROM g.t WHERE u = $1", "UUID"},
		{"SELECT * FROM g.t WHERE bo = $1", "BOOLEAN"},
		{"SELECT * FROM g.t LIMIT $1 OFFSET $2", "BIGINT BIGINT"},
		{"SELECT coalesce(a, $1) FROM g.t", "INTEGER"},
		{"SELECT $1::DATE", "DATE"},
		{"SELECT upper($1)", "VARCHAR"},
		{"SELECT CASE WHEN a = $1 THEN 1 END FROM g.t", "INTEGER"},
		{"SELECT a FROM g.t WHERE (a, b) = ($1, $2)", "VARCHAR VARCHAR"},
		{"SELECT a FROM g.t WHERE a = $1 OR b = $1", "VARCHAR"},
		{"SELECT $1 AS x UNION ALL SELECT v FROM g.t", "VARCHAR"},
		{"SELECT $1", "VARCHAR"},
		{"SELECT $1, $2", "VARCHAR VARCHAR"},
		{"SELECT a + $1 FROM g.t", "BIGINT"},
		{"SELECT v || $1 FROM g.t", "VARCHAR"},
		{"SELECT * FROM g.t WHERE d > $1 - INTERVAL 3 DAY", "TIMESTAMP"},
		{"SELECT * FROM g.t WHERE $1 IS NULL OR a = $1", "VARCHAR"},
		{"SELECT date_trunc($1, d) FROM g.t", "VARCHAR"},
		{"SELECT * FROM g.t WHERE a = ANY($1)", "via BIGINT[]"},
		{"SELECT sum(a) * $1 FROM g.t", "BIGINT"},
		{"SELECT * FROM g.t WHERE $1 = $2", "VARCHAR VARCHAR"},
		{"SELECT * FROM g.t WHERE a % $1 = 0", "BIGINT"},
		{"SELECT -$1", "BIGINT"},
		{"SELECT * FROM g.t WHERE v IN (SELECT w FROM g.s WHERE id > $1)", "INTEGER"},
		{"SELECT substr(v, $1, $2) FROM g.t", "BIGINT BIGINT"},
		{"SELECT round(f, $1) FROM g.t", "INTEGER"},
		{"SELECT list_contains([1, 2], $1)", "INTEGER"},
		{"SELECT greatest(a, $1) FROM g.t", "INTEGER"},
		{"SELECT d + $1 FROM g.t", "INTEGER"},
		{"SELECT dec * $1, $2 + dec, dec - $3, dec % $4, mod(dec, $5) FROM g.t", "DECIMAL(18,3) DECIMAL(18,3) DECIMAL(18,3) DECIMAL(18,3) DECIMAL(18,3)"},
		{"SELECT dec / $1, dec // $2, a / $3, INTERVAL 1 DAY * $4 FROM g.t", "DOUBLE DOUBLE DOUBLE DOUBLE"},
		{"SELECT f * $1, $2 - f, f::FLOAT * $3, avg(a) * $4 FROM g.t GROUP BY f", "DOUBLE DOUBLE FLOAT DOUBLE"},
		{"SELECT $1 + 1.5, $2 * 2e0, $3 + 1, a // $4 FROM g.t", "DECIMAL(18,3) DOUBLE BIGINT BIGINT"},
		{"SELECT $2 * dec * $1, $3 + $4 FROM g.t", "DECIMAL(18,3) DECIMAL(18,3) BIGINT BIGINT"},
		{"SELECT a + $1 FROM g.t WHERE v LIKE $2 AND dec * $3 > $4", "BIGINT VARCHAR DECIMAL(18,3) DECIMAL(18,5)"},
		{"SELECT a + $2, d + $1 FROM g.t", "INTEGER BIGINT"},
		{"SELECT d + a * $1 FROM g.t", "INTEGER"},
		{"SELECT d - $1, $2 - d FROM g.t", "INTEGER DATE"},
		{"SELECT ts - $1, $2 - ts, tz - $3 FROM g.t", "TIMESTAMP TIMESTAMP TIMESTAMP WITH TIME ZONE"},
		{"SELECT ts + $1, tz - ($2 - INTERVAL 1 HOUR), INTERVAL 1 DAY + $3 FROM g.t", "via INTERVAL TIMESTAMP TIMESTAMP"},
		{"SELECT date_trunc('hour', $1), date_diff('hour', ts, $2) FROM g.t", "TIMESTAMP TIMESTAMP"},
		{"SELECT abs($1), round($2, 2), sum($3), to_days($4)", "DOUBLE DOUBLE DOUBLE BIGINT"},
		{"SELECT * FROM g.t WHERE v = $1 AND a > ALL (SELECT id FROM g.s WHERE w = $2)", "VARCHAR VARCHAR"},
		{"WITH x AS (SELECT a FROM g.t WHERE a = $1) SELECT * FROM x WHERE a < $2", "INTEGER INTEGER"},
		{"SELECT count(*) FILTER (WHERE a = $1) FROM g.t", "INTEGER"},
		{"SELECT list_sum($1), list_avg($2), list_max($3)", "via DOUBLE[] via DOUBLE[] via VARCHAR[]"},
		{"SELECT list_transform($1, x -> x), list_filter($2, x -> x > 1), [x + 1 FOR x IN $3]", "via VARCHAR[] via DOUBLE[] via DOUBLE[]"},
		{"SELECT list_bool_and($1)", "via BOOLEAN[]"},
	} {
		s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		var got []string
		for _, q := range s.Params {
			if q.Cast != "" {
				got = append(got, "via "+q.Cast)
			} else {
				got = append(got, q.Type.DuckDB())
			}
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %s, want %s", c.sql, g, c.want)
		}
	}
	s, err := p.Prepare(t.Context(), "SELECT $1 + a FROM g.t", testTables(), Options{Declared: func(string) catalog.Type { return catalog.Type{Kind: catalog.Int16} }})
	if err != nil || s.Params[0].Type.Kind != catalog.Int16 || s.Columns[0].Type.Kind != catalog.Int32 {
		t.Errorf("a declared type: %+v %v", s, err)
	}
	// Where a NULL of no type does not do, the other parameters have their types all the same.
	s, err = p.Prepare(t.Context(), "SELECT date_trunc('day', $1), $2", testTables(), Options{Declared: func(name string) catalog.Type {
		return catalog.Type{Kind: map[string]catalog.Kind{"1": catalog.Null, "2": catalog.Int16}[name]}
	}})
	if err != nil || s.Params[0].Type.Kind != catalog.Timestamp || s.Params[1].Type.Kind != catalog.Int16 {
		t.Errorf("a NULL that has to have a type: %+v %v", s, err)
	}
	s, err = p.Prepare(t.Context(), "SELECT $1", testTables(), Options{Declared: func(string) catalog.Type { return catalog.Type{Kind: catalog.Null} }})
	if err != nil || s.Params[0].Told().Kind != catalog.Null {
		t.Errorf("a NULL of no type: %+v %v", s, err)
	}
	s, err = p.Prepare(t.Context(), "SELECT a * $1 FROM g.t", testTables(), Options{Samples: []string{"-12.50"}})
	if err != nil || !s.Params[0].Type.Equal(catalog.DecimalOf(4, 2)) {
		t.Errorf("a type that fits the value: %+v %v", s, err)
	}
	for sample, want := range map[string]string{"": "DECIMAL(18,3)", "2": "BIGINT", "1.5": "DECIMAL(2,1)"} {
		for range 2 { // from the cache too
			s, err := p.Prepare(t.Context(), "SELECT dec * $1 FROM g.t", testTables(), Options{Samples: []string{sample}})
			if err != nil || s.Params[0].Type.DuckDB() != want {
				t.Errorf("with %q: %v %v", sample, s, err)
			}
		}
	}
}

// How large a function's results get is known before it runs.
func TestSizesAreConstant(t *testing.T) {
	p := newPlanner(t)
	for sql, want := range map[string]errs.Code{
		"SELECT lpad(v, a, 'x') FROM g.t":                         errs.NotSupported,
		"SELECT repeat(v, a + 1) FROM g.t":                        errs.NotSupported,
		"SELECT repeat('x', $1)":                                  errs.NotSupported,
		"SELECT list_resize([1], b) FROM g.t":                     errs.NotSupported,
		"SELECT rpad(v, (SELECT max(id) FROM g.s), 'x') FROM g.t": errs.NotSupported,
		"SELECT lpad(v, 10, 'x'), repeat(v, 2 + 1) FROM g.t":      "",
	} {
		_, err := p.Prepare(t.Context(), sql, testTables(), Options{})
		if got := errs.CodeOf(err); got != want {
			t.Errorf("%s: %q (%v), want %q", sql, got, err, want)
		}
	}
}

// What each row makes of a parameter is bounded as what it makes of a constant is.
func TestLongParameters(t *testing.T) {
	p := newPlanner(t)
	for _, c := range []struct {
		sql     string
		lengths []int
		want    errs.Code
	}{
		{"SELECT v || $1 FROM g.t", []int{10_000}, ""},
		{"SELECT v || $1 FROM g.t", []int{50_000}, errs.StatementTooComplex},
		{"SELECT v FROM g.t WHERE v = $1", []int{1_000_000}, ""},
		{"SELECT v || $later FROM g.t WHERE v = $first", []int{10_000, 1_000_000}, ""},
		{"SELECT v || ? FROM g.t WHERE v = ?", []int{1_000_000, 10}, errs.StatementTooComplex},
		{"SELECT concat_ws(',', v, $1, $1) FROM g.t", []int{30_000}, errs.StatementTooComplex},
	} {
		s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		var values []catalog.Value
		for _, n := range c.lengths {
			values = append(values, catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: strings.Repeat("x", n)})
		}
		if _, err := s.Plan(t.Context(), values); errs.CodeOf(err) != c.want {
			t.Errorf("%s with %v: %v, want %q", c.sql, c.lengths, err, c.want)
		}
	}
	// What is made of parameters alone is made once, as of constants.
	ints := "[" + strings.Repeat("1234567, ", 999) + "1]"
	for _, sql := range []string{
		"SELECT v FROM g.t WHERE a = ANY($1::INT[])", "SELECT v FROM g.t WHERE a IN (SELECT unnest($1::INT[]))", "SELECT v FROM g.t WHERE list_contains($1::BIGINT[], a)",
		"SELECT v FROM g.t JOIN (SELECT unnest($1::INT[]) i) x ON a = x.i", "SELECT list_sum($1::INT[])", "SELECT v FROM g.t WHERE v = ANY(string_split($1, ','))",
		"SELECT v FROM g.t WHERE v IN (SELECT unnest(string_split($1, ',')))", "SELECT v FROM g.t WHERE v = lower($1)", "SELECT v FROM g.t WHERE v = ANY(list_transform(string_split($1, ','), x -> trim(x)))",
	} {
		s, err := p.Prepare(t.Context(), sql, testTables(), Options{})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if _, err := s.Plan(t.Context(), []catalog.Value{{Type: catalog.Type{Kind: catalog.Text}, V: ints}}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestUnknownNameBesideOpenParameters(t *testing.T) {
	_, err := newPlanner(t).Prepare(t.Context(), "SELECT $1, $2, nope FROM g.t WHERE a = $1", testTables(), Options{})
	if e := errs.From(err); e == nil || e.Code != errs.UnknownName || e.Args["Name"] != "nope" {
		t.Errorf("%+v", e)
	}
}
