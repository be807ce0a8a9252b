package planner

import (
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
)

// An instant is read in the forms in which DuckDB and PostgreSQL write it, and without an
// offset as a wall clock of the session's zone.
func TestInstants(t *testing.T) {
	for _, c := range []struct{ zone, text, want string }{
		{"", "2024-02-29T01:02:03Z", "2024-02-29T01:02:03Z"},
		{"", "2024-02-29 01:02:03.000001+08:00", "2024-02-28T17:02:03.000001Z"},
		{"", "2024-02-29 01:02:03.000000000-05:30", "2024-02-29T06:32:03Z"},
		{"", "2024-02-29 00:00:00+00", "2024-02-29T00:00:00Z"},
		{"", "2024-02-29 00:00:00+0800", "2024-02-28T16:00:00Z"},
		{"", "2024-02-29 00:00 -05", "2024-02-29T05:00:00Z"},
		{"", "2024-02-29 00:00:00", ""},
		{"Asia/Shanghai", "2024-02-29 00:00:00", "2024-02-28T16:00:00Z"},
		{"Asia/Shanghai", "2024-02-29", "2024-02-28T16:00:00Z"},
		{"America/New_York", "2024-03-10 01:59:59", "2024-03-10T06:59:59Z"},
		{"America/New_York", "2024-03-10 02:30:00", ""},
		{"America/New_York", "2024-03-10 03:00:00", "2024-03-10T07:00:00Z"},
		{"America/New_York", "2024-11-03 01:30:00", ""},
		{"America/New_York", "2024-11-03 00:59:59", "2024-11-03T04:59:59Z"},
		{"America/New_York", "2024-11-03 02:00:00", "2024-11-03T07:00:00Z"},
		{"UTC", "2024-02-30 00:00:00", ""},
		{"UTC", "2024-02-29 00:00:00.0000001Z", ""},
		{"UTC", "2024-02-29 00:00:00,5Z", ""},
		{"UTC", "2024-02-29 00:00:00 Asia/Shanghai", ""},
		{"UTC", "infinity", ""},
	} {
		v, err := Param{Name: "1", Type: catalog.Type{Kind: catalog.TimestampTZ}, zone: c.zone}.Value(c.text)
		got := ""
		if err == nil {
			got = time.UnixMicro(v.V.(int64)).UTC().Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%s in %s: %s (%v), want %s", c.text, c.zone, got, err, c.want)
		}
	}
	s, err := newPlanner(t).Prepare(t.Context(), "SELECT a FROM g.t WHERE tz > $1 AND tz IN (SELECT unnest($2::TIMESTAMPTZ[]))", testTables(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Params[0].Value("2024-02-29 00:00:00"); err != nil || v.V != int64(1709136000000000) {
		t.Errorf("%v %v", v, err)
	}
	item := "2024-02-29 00:00:00"
	if v, err := s.Params[1].ListValue([]*string{&item}); err != nil || v.V != `["2024-02-28 16:00:00Z"]` {
		t.Errorf("%v %v", v, err)
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
