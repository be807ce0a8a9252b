package planner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
)

// Texts are read in the forms in which DuckDB takes them and the gateway writes them, also
// in lists.
func TestTextsOfValues(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	const day, infinite = int64(86_400_000_000), int64(math.MaxInt64)
	money, kind := catalog.DecimalOf(5, 2), func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	for _, c := range []struct {
		typ    catalog.Type
		text   string
		want   any
		inList string
	}{
		{kind(catalog.Date), "2024-2-9", int64(19762), "2024-02-09"},
		{kind(catalog.Date), "-000043-03-15", int64(-735160), "0044-03-15 (BC)"},
		{kind(catalog.Date), "+012024-12-25", int64(3672507), "12024-12-25"},
		{kind(catalog.Date), "infinity", int64(math.MaxInt32), "infinity"},
		{kind(catalog.Date), "2024-02-30", nil, ""},
		{kind(catalog.Date), "2024-02-29T10:00", nil, ""},
		{kind(catalog.Time), "24:00:00", day, "24:00:00.000000"},
		{kind(catalog.Time), "12:00", day / 2, "12:00:00.000000"},
		{kind(catalog.Time), "12", nil, ""},
		{kind(catalog.Timestamp), "2024-02-29T12:00", 19782*day + day/2, "2024-02-29 12:00:00.000000"},
		{kind(catalog.Timestamp), "-infinity", -infinite, "-infinity"},
		{kind(catalog.Timestamp), "2024-02-29 12:00:00Z", nil, ""},
		{kind(catalog.TimestampTZ), "2024-02-29 00:00:00", 19782*day - day/3, "2024-02-28 16:00:00.000000Z"},
		{kind(catalog.TimestampTZ), "1986-05-04 02:30:00", int64(515529000000000), "1986-05-03 18:30:00.000000Z"},
		{kind(catalog.TimestampTZ), "1986-09-14 01:30", int64(527016600000000), "1986-09-13 17:30:00.000000Z"},
		{kind(catalog.TimestampTZ), "infinity", infinite, "infinity"},
		{kind(catalog.TimestampTZ), "2024-02-29 00:00:00 Asia/Shanghai", nil, ""},
		{money, ".5", "0.5", "0.5"},
		{money, "5.", "5", "5"},
		{money, "-12.50", "-12.50", "-12.50"},
		{money, "+1.500", "1.5", "1.5"},
		{money, " 1.5E2 ", "150", "150"},
		{money, "1e-2", "0.01", "0.01"},
		{money, "-0.001e1", "-0.01", "-0.01"},
		{money, "1e-3", nil, ""},
		{money, "1.005", nil, ""},
		{money, "1e3", nil, ""},
		{money, "1000e-1", nil, ""},
		{money, "1e99999999999999999999", nil, ""},
		{money, ".", nil, ""},
		{money, "NaN", nil, ""},
		{kind(catalog.Float64), "0x1p3", nil, ""},
		{kind(catalog.Float64), "1e3", 1000.0, "1000"},
	} {
		v, err := Param{Name: "1", Type: c.typ, zone: shanghai}.Value(c.text)
		if err == nil != (c.want != nil) || err == nil && v.V != c.want {
			t.Errorf("%s %q: %v (%v), want %v", c.typ.DuckDB(), c.text, v.V, err, c.want)
		}
		list, err := Param{Name: "1", List: catalog.ListOf(c.typ), zone: shanghai}.ListValue([]*string{&c.text})
		if want := `["` + c.inList + `"]`; err == nil != (c.want != nil) || err == nil && list.V != want {
			t.Errorf("%s %q in a list: %v (%v), want %s", c.typ.DuckDB(), c.text, list.V, err, want)
		}
	}
	s, err := newPlanner(t).Prepare(t.Context(), "SELECT a FROM g.t WHERE tz > $1 AND tz IN (SELECT unnest($2::TIMESTAMPTZ[]))", testTables(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Params[0].Value("2024-02-29 00:00:00"); err != nil || v.V != int64(1709136000000000) {
		t.Errorf("%v %v", v, err)
	}
	item := "2024-02-29"
	if v, err := s.Params[1].ListValue([]*string{&item}); err != nil || v.V != `["2024-02-28 16:00:00.000000Z"]` {
		t.Errorf("%v %v", v, err)
	}
}

// A number with an exponent is what DuckDB makes of it, or none.
func TestDecimalTexts(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	for _, typ := range []catalog.Type{catalog.DecimalOf(5, 2), catalog.DecimalOf(18, 3), catalog.DecimalOf(38, 10)} {
		same, err := conn.Prepare(t.Context(), "SELECT CASE WHEN TRY_CAST($1::VARCHAR AS "+typ.DuckDB()+") = $2::"+typ.DuckDB()+" THEN 'same' END")
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for range 5000 {
			text := pick("", "", "-", "+", " ") + pick("", "0", "5", "12", "999", "1000", "00012", "9999999999999999999999999999") + pick("", ".", ".") + pick("", "0", "5", "25", "999", "0001", "500000") + pick("", "", "e0", "E1", "e+2", "e-1", "e-3", "e12", "e-30", "e27", "e") + pick("", "", " ", "x")
			v, ok := (Param{Name: "1", Type: typ}).Value(text)
			if ok != nil {
				continue
			}
			taken++
			if got, err := same.Text(t.Context(), written(text), v); err != nil || got != "same" {
				t.Errorf("%q is %v here, another %s for DuckDB (%v)", text, v.V, typ.DuckDB(), err)
			}
		}
		same.Close()
		if taken < 500 {
			t.Errorf("only %d numbers were read", taken)
		}
	}
}

// Times with zones are compared, grouped and sorted, for which DuckDB's binder calls a
// function that people may not call.
func TestTimesWithZones(t *testing.T) {
	p := newPlanner(t)
	for _, sql := range []string{"SELECT DISTINCT tz::TIMETZ::VARCHAR FROM g.t", "SELECT a FROM g.t ORDER BY tz::TIMETZ", "SELECT a FROM g.t WHERE tz::TIMETZ > '12:00:00+00'::TIMETZ", "SELECT count(*) FROM g.t GROUP BY tz::TIMETZ"} {
		if _, err := p.Prepare(t.Context(), sql, testTables(), Options{}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := p.Prepare(t.Context(), "SELECT timetz_byte_comparable(tz::TIMETZ) FROM g.t", testTables(), Options{}); err == nil {
		t.Error("people may call it")
	}
}
