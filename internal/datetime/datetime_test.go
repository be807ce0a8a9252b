package datetime_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
	"github.com/lianji/lianji/internal/duck"
)

var kinds = []catalog.Kind{catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ}

func read(k catalog.Kind, text string, zone *time.Location) (int64, bool) {
	switch k {
	case catalog.Date:
		return datetime.ReadDay(text)
	case catalog.Time:
		return datetime.ReadClock(text)
	case catalog.Timestamp:
		return datetime.ReadStamp(text)
	}
	return datetime.ReadInstant(text, zone)
}

func write(k catalog.Kind, v int64) string {
	switch k {
	case catalog.Date:
		return datetime.Day(v)
	case catalog.Time:
		return datetime.Clock(v)
	case catalog.Timestamp:
		return datetime.Stamp(v)
	}
	return datetime.Instant(v)
}

// asker asks a DuckDB of some zone about texts.
type asker struct {
	t    *testing.T
	zone *time.Location
	same map[catalog.Kind]*duck.Stmt
}

func newAsker(t *testing.T, name string) *asker {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(t.Context(), duck.Options{TimeZone: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	a := &asker{t: t, zone: zone, same: map[catalog.Kind]*duck.Stmt{}}
	for _, k := range kinds {
		typ := catalog.Type{Kind: k}.DuckDB()
		s, err := conn.Prepare(t.Context(), "SELECT CASE WHEN v IS NULL THEN 'none' WHEN v = $2::"+typ+" THEN 'same' ELSE v::VARCHAR END FROM (SELECT TRY_CAST($1::VARCHAR AS "+typ+") AS v)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		a.same[k] = s
	}
	return a
}

// duckdb tells what DuckDB reads: nothing, the same, or something else.
func (a *asker) duckdb(k catalog.Kind, text string, v int64) string {
	a.t.Helper()
	out, err := a.same[k].Text(a.t.Context(), catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: text}, catalog.Value{Type: catalog.Type{Kind: k}, V: v})
	if err != nil { // the session's zone leads out of all times
		return "none"
	}
	return out
}

// Whatever is read is what DuckDB reads.
func TestAsDuckDB(t *testing.T) {
	parts := [][]string{
		{"", "", "", " ", "\t", "x"},
		{"2024", "2024", "1986", "44", "0044", "0", "1", "0000", "-43", "-0043", "-1", "10000", "12024", "290308", "290309", "294246", "294247", "5877641", "5877642", "5881579", "5881580", "12345678", "+2024", "", "-"},
		{"-", "-", "-", "/", " ", `\`, ".", ""},
		{"01", "1", "2", "03", "05", "06", "7", "09", "11", "12", "13", "0", "00", "002"},
		{"-", "-", "-", "-", "/", " ", `\`},
		{"01", "1", "3", "04", "10", "14", "21", "22", "24", "25", "29", "30", "31", "32", "0", "001"},
		{"", "", "", "", " (BC)", " (bc)", "(BC)", "  (BC)", " BC", "x"},
		{" ", " ", " ", "T", "T", "  ", "t", "", " T"},
		{"", "00:00:00", "1:2:3", "02:30:00", "01:30:00", "01:30", "23:54", "24:00:00", "24:00", "24:00:01", "25:00:00", "12:60", "12:00:60", "12", "12:", "12:3:", "4:0:54.775806", "4:0:54.775807", "4:0:54.775808", "012:00:00"},
		{"", "", "", ".", ".5", ".123456", ".1234567", ".1234560", ".000000000000", ",5"},
		{"", "", "", "Z", "+08", "-0530", "+05:45", "+08:05:43", "+08:30:15 ", "+8", "+080", "+24", "+08:60", "+083015", " UTC", " Asia/Shanghai", " ", "z", "x"},
	}
	words := []string{"infinity", "-infinity", "Infinity", "-INF", "inf", " inf ", "+infinity", "infinityx", "epoch", " EPOCH ", "-epoch", "epoch 00:00:00", "now", "today", "", "-", " "}
	random := rand.New(rand.NewPCG(1, 2))
	for _, zone := range []string{"Asia/Shanghai", "America/New_York", "UTC"} {
		a, taken := newAsker(t, zone), map[catalog.Kind]int{}
		for i := range 20_000 {
			text := ""
			if i < len(words) {
				text = words[i]
			}
			likely := random.IntN(3) > 0 // the first ones of a part, which are right
			for p, part := range parts {
				if i < len(words) || p > 0 && p < 8 && i%7 == 0 || p > 6 && i%3 == 0 { // a time alone, a date alone
					continue
				}
				n := len(part)
				if likely {
					n = n*2/3 + 1
				}
				text += part[random.IntN(min(n, len(part)))]
			}
			for _, k := range kinds {
				v, ok := read(k, text, a.zone)
				if !ok {
					continue
				}
				taken[k]++
				if got := a.duckdb(k, text, v); got != "same" && !beyond(k, strings.TrimSpace(text), v) {
					t.Errorf("%s: %q is %d here, %s (%s)", zone, text, v, got, catalog.Type{Kind: k}.DuckDB())
				}
			}
		}
		for _, k := range kinds {
			if taken[k] < 100 {
				t.Errorf("only %d texts were taken as %s", taken[k], catalog.Type{Kind: k}.DuckDB())
			}
		}
	}
}

// beyond tells what DuckDB does not take, or takes for another instant: PostgreSQL's offset
// behind a time without seconds, and a thousandth more where the years run out.
func beyond(k catalog.Kind, text string, v int64) bool {
	clock := text[strings.LastIndexAny(text, " T")+1:]
	return k == catalog.TimestampTZ && (v > math.MaxInt64/10*9 || v < math.MinInt64/10*9 || strings.Count(clock[:strings.IndexAny(clock+"Z", "Z+-")], ":") == 1)
}

// What the gateway and DuckDB print is read, and DuckDB reads what is written here.
func TestPrinted(t *testing.T) {
	a := newAsker(t, "Asia/Shanghai")
	const day = 86_400_000_000
	for _, c := range []struct {
		kind  catalog.Kind
		value int64
		texts []string
	}{
		{catalog.Date, 19_782, []string{"2024-02-29"}},
		{catalog.Date, -719_162, []string{"0001-01-01"}},
		{catalog.Date, -719_163, []string{"0000-12-31", "0001-12-31 (BC)"}},
		{catalog.Date, -735_160, []string{"-000043-03-15", "0044-03-15 (BC)"}},
		{catalog.Date, 3_672_507, []string{"+012024-12-25", "12024-12-25"}},
		{catalog.Date, math.MaxInt32 - 1, []string{"+5881580-07-10", "5881580-07-10"}},
		{catalog.Date, -math.MaxInt32 + 1, []string{"-5877641-06-25", "5877642-06-25 (BC)"}},
		{catalog.Date, datetime.InfiniteDay, []string{"infinity"}},
		{catalog.Date, -datetime.InfiniteDay, []string{"-infinity"}},
		{catalog.Time, day, []string{"24:00:00"}},
		{catalog.Time, day - 1, []string{"23:59:59.999999"}},
		{catalog.Time, 0, []string{"00:00:00", "00:00"}},
		{catalog.Timestamp, -735_160*day + 3_723_000_000, []string{"-000043-03-15T01:02:03", "0044-03-15 (BC) 01:02:03"}},
		{catalog.Timestamp, 3_672_507*day + 1, []string{"+012024-12-25T00:00:00.000001", "12024-12-25 00:00:00.000001"}},
		{catalog.Timestamp, math.MaxInt64 - 1, []string{"+294247-01-10T04:00:54.775806", "294247-01-10 04:00:54.775806"}},
		{catalog.Timestamp, math.MinInt64 / day * day, []string{"-290308-12-22T00:00:00", "290309-12-22 (BC) 00:00:00"}},
		{catalog.Timestamp, datetime.InfiniteTime, []string{"infinity"}},
		{catalog.Timestamp, -datetime.InfiniteTime, []string{"-infinity"}},
		{catalog.TimestampTZ, -735_160 * day, []string{"-000043-03-15T00:00:00Z", "0044-03-15 (BC) 00:00:00+00", "0044-03-15 (BC) 08:05:43"}},
		{catalog.TimestampTZ, 3_672_507 * day, []string{"+012024-12-25T00:00:00Z", "12024-12-25 08:00:00+08"}},
		{catalog.TimestampTZ, datetime.InfiniteTime, []string{"infinity"}},
		{catalog.TimestampTZ, -datetime.InfiniteTime, []string{"-infinity"}},
	} {
		for _, text := range append(c.texts, write(c.kind, c.value)) {
			if v, ok := read(c.kind, text, a.zone); !ok || v != c.value {
				t.Errorf("%q: %d %v, want %d", text, v, ok, c.value)
			}
		}
		if got := a.duckdb(c.kind, write(c.kind, c.value), c.value); got != "same" {
			t.Errorf("DuckDB reads %q, written for %d, as %s", write(c.kind, c.value), c.value, got)
		}
	}
}

// What cannot be kept whole is not read.
func TestNothingIsCutOff(t *testing.T) {
	for text, of := range map[string][]catalog.Kind{
		"2024-02-29 10:00": {catalog.Date, catalog.Time}, "2024-02-29x": kinds, "2024-02-29 (BC)": kinds, "2023-02-29": kinds, "2024-2/9": kinds, "0000-01-01 (BC)": kinds,
		"2024-02-29 00:00:00+08": {catalog.Timestamp}, "2024-02-29 00:00:00Z": {catalog.Date, catalog.Timestamp},
		"2024-02-29 00:00:00.0000001": kinds, "00:00:00.0000001": kinds, "00:00:00,5": kinds, "00:00:00Z": kinds, "24:00:00.000001": kinds, "00:60": kinds, "00:00:60": kinds, "12": kinds,
		"2024-02-29 00:00:00 Asia/Shanghai": kinds, "2024-02-29 00:00:00+24": kinds, "2024-02-29 00:00:00+08:60": kinds, "2024-02-29 00:00:00+08:00:60": kinds, "2024-02-29 00:00:00+8": kinds,
		"294247-01-10 04:00:54.775807": {catalog.Timestamp}, "290309-12-21 (BC) 23:59:59": kinds, "5881580-07-11": kinds, "5877642-06-24 (BC)": kinds, "5881580-07-10 00:00": kinds,
		"-290308-12-22 00:00:00+08": {catalog.TimestampTZ}, "-290308-12-22 00:00:00+04": {catalog.TimestampTZ}, "294247-01-10 04:00:00-08": {catalog.TimestampTZ},
		"+2024-01-01": kinds, "+infinity": kinds, "now": kinds, "": kinds, "-": kinds, "2024-02-29 ": {catalog.Timestamp, catalog.TimestampTZ},
	} {
		for _, k := range kinds {
			if v, ok := read(k, text, time.UTC); ok && slices.Contains(of, k) {
				t.Errorf("%q is %s %d", text, catalog.Type{Kind: k}.DuckDB(), v)
			}
		}
	}
	if _, ok := datetime.ReadInstant("2024-02-29 00:00:00", nil); ok {
		t.Error("a wall clock of no zone is an instant")
	}
}

// Where clocks change, wall clocks are the instants that DuckDB takes them for.
func TestChangesOfClocks(t *testing.T) {
	for _, name := range []string{"America/New_York", "Asia/Shanghai", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "America/Caracas", "Africa/Monrovia", "Asia/Kathmandu", "UTC"} {
		a := newAsker(t, name)
		changes := []time.Time{time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2060, 3, 14, 7, 0, 0, 0, time.UTC), time.Date(2060, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(12024, 7, 1, 0, 0, 0, 0, time.UTC)}
		for at := time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC).In(a.zone); ; {
			_, end := at.ZoneBounds() // which never end at the end of a leap year to come
			if end.IsZero() || end.Year() > 2035 {
				break
			}
			at = end
			changes = append(changes, end)
		}
		for _, change := range changes {
			_, before := change.Add(-time.Second).In(a.zone).Zone()
			for _, by := range []time.Duration{-25 * time.Hour, -3601 * time.Second, -time.Hour, -31 * time.Minute, -time.Second, 0, time.Second, 29 * time.Minute, 59 * time.Minute, time.Hour, 90 * time.Minute, 24 * time.Hour} {
				text := datetime.Stamp(change.UnixMicro() + int64(before)*1_000_000 + by.Microseconds())
				v, ok := datetime.ReadInstant(text, a.zone)
				if got := a.duckdb(catalog.TimestampTZ, text, v); !ok || got != "same" {
					t.Errorf("%s in %s: %s here (%v), %s", text, name, datetime.Instant(v), ok, got)
				}
			}
		}
	}
}
