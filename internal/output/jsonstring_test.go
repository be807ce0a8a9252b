package output

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// encoding/json, told not to escape for HTML, is the measure: byte for byte.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "张三", "\x00\x1f\x7f\"\\/", "a\xffb", "\xe2\x80", "\u2028\u2029\ufffd", "\U0001F600", "<&>", "\b\f\n\r\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		got := appendJSONString([]byte("x"), s)[1:]
		if !bytes.Equal(got, bytes.TrimSuffix(want.Bytes(), []byte("\n"))) {
			t.Errorf("%q: got %s, want %s", s, got, want.Bytes())
		}
	})
}

func FuzzDecimal(f *testing.F) {
	f.Add(int64(0), uint64(1), int32(38))
	f.Add(int64(-1), uint64(0), int32(0))
	f.Add(int64(1)<<61, uint64(math.MaxUint64), int32(19))
	f.Fuzz(func(t *testing.T, hi int64, lo uint64, scale int32) {
		n := decimal128.New(hi, lo)
		limit := decimal128.GetMaxValue(38)
		if scale < 0 || scale > 38 || n.Greater(limit) || n.Less(limit.Negate()) {
			t.Skip("outside of decimal(38)")
		}
		digits := n.BigInt().String()
		want := new(big.Rat).SetFrac(n.BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(int(scale))
		if got := string(appendDecimal(nil, n, scale)); got != want {
			t.Errorf("%s with scale %d: %s, want %s", digits, scale, got, want)
		}
	})
}

// Package time knows the same calendar.
func FuzzCalendar(f *testing.F) {
	for _, s := range []int64{0, -1, 951782400, 4107542400, -62167219200, 253402300799, -62135596801} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, second int64) {
		if second < -1<<40 || second > 1<<40 {
			t.Skip("package time prints years beyond five digits otherwise")
		}
		at := time.Unix(second, 0).UTC()
		if y := at.Year(); y < 0 || y > 9999 {
			t.Skip("written with a sign")
		}
		if got, want := string(stamp{perSecond: 1, separator: 'T', zone: "Z"}.append(nil, second)), at.Format(time.RFC3339); got != want {
			t.Errorf("%d: %s, want %s", second, got, want)
		}
		if got, want := string(stamp{perSecond: 1e6, separator: ' ', places: 6}.append(nil, second*1e6+1)), at.Format(time.DateTime)+".000001"; got != want {
			t.Errorf("%d: %s, want %s", second, got, want)
		}
	})
}

// Four centuries and the days round the end of each year.
func TestCivilAgreesWithTime(t *testing.T) {
	for days := int64(-800_000); days < 200_000; days++ {
		at := time.Unix(days*secondsPerDay, 0).UTC()
		if y, m, d := civil(days); y != int64(at.Year()) || m != int(at.Month()) || d != at.Day() {
			t.Fatalf("day %d: %d-%d-%d, want %s", days, y, m, d, at)
		}
	}
	for _, c := range []struct {
		day  arrow.Date32
		want string
	}{{math.MaxInt32 - 1, "+5881580-07-10"}, {-math.MaxInt32 + 1, "-5877641-06-25"}} {
		if got := string(appendDate(nil, c.day)); got != c.want {
			t.Errorf("%d: %s, want %s", c.day, got, c.want)
		}
	}
}

func FuzzFloat(f *testing.F) {
	f.Add(math.Float64bits(1e-6))
	f.Add(math.Float64bits(1e21))
	f.Add(math.Float64bits(-0.5))
	f.Fuzz(func(t *testing.T, bits uint64) {
		v := math.Float64frombits(bits)
		if !isFinite(v) {
			t.Skip("not a number in JSON")
		}
		text := appendFloat(nil, v, 64)
		if !json.Valid(text) || !bytes.ContainsAny(text, ".e") {
			t.Errorf("%s", text)
		}
		if back, err := strconv.ParseFloat(string(text), 64); err != nil || math.Float64bits(back) != bits {
			t.Errorf("%s reads back as %v", text, back)
		}
	})
}
