package mysql

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
)

// one decodes rows of one column.
func one(t testing.TB, typ catalog.Type, c column, rows ...[]byte) (string, error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	v, fits := newVector(typ, c)
	if !fits {
		t.Fatalf("%s is not read from %+v", typ, c)
	}
	columns := []catalog.Column{{Name: "v", Type: typ}}
	d := newDecoder(catalog.ArrowSchema(columns), []vector{*v}, alloc, 100)
	defer d.release()
	for _, row := range rows {
		if err := d.row(row); err != nil {
			return "", err
		}
	}
	b, err := d.batch()
	if err != nil {
		return "", err
	}
	defer b.Release()
	return b.Column(0).String(), nil
}

// cell is a row of one value that is not NULL.
func cell(value ...byte) []byte { return append([]byte{packetOK, 0}, value...) }

func text(s string) []byte { return cell(append(appendLength(nil, len(s)), s...)...) }

var textColumn = column{kind: typeVarString, charset: 45}

// Text that is not UTF-8 is an error, also where two halves of a character would make
// a whole one together.
func TestBrokenText(t *testing.T) {
	typ := catalog.Type{Kind: catalog.Text}
	if got, err := one(t, typ, textColumn, text("中"), text(""), text("a"), []byte{packetOK, 4}); err != nil || got != `["中" "" "a" (null)]` {
		t.Errorf("%s, %v", got, err)
	}
	for _, rows := range [][][]byte{{text("\xe4")}, {text("\xe4"), text("\xb8\xad")}, {text("中\xff")}} {
		if got, err := one(t, typ, textColumn, rows...); !errors.Is(err, errEncoding) {
			t.Errorf("%q: %s, %v", rows, got, err)
		}
	}
}

// What the bytes of a row say of themselves is checked, not believed.
func TestMalformedRows(t *testing.T) {
	whole, decimal := column{kind: typeLongLong}, column{kind: typeNewDecimal}
	for _, c := range []struct {
		what string
		typ  catalog.Type
		c    column
		row  []byte
	}{
		{"nothing", catalog.Type{Kind: catalog.Int64}, whole, []byte{}},
		{"no bits for NULL", catalog.Type{Kind: catalog.Int64}, whole, []byte{packetOK}},
		{"another kind of row", catalog.Type{Kind: catalog.Int64}, whole, []byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"a byte too few", catalog.Type{Kind: catalog.Int64}, whole, cell(1, 2, 3, 4, 5, 6, 7)},
		{"a byte too many", catalog.Type{Kind: catalog.Int64}, whole, cell(1, 2, 3, 4, 5, 6, 7, 8, 9)},
		{"a byte too few to widen", catalog.Type{Kind: catalog.Int64}, column{kind: typeLong}, cell(1, 2, 3)},
		{"a length beyond the row", catalog.Type{Kind: catalog.Text}, textColumn, cell(5, 'a')},
		{"a huge length", catalog.Type{Kind: catalog.Text}, textColumn, cell(0xFE, 255, 255, 255, 255, 255, 255, 255, 255)},
		{"half a length", catalog.Type{Kind: catalog.Text}, textColumn, cell(0xFC, 1)},
		{"NULL where a value is said to be", catalog.Type{Kind: catalog.Text}, textColumn, cell(packetLocal)},
		{"no digit", catalog.DecimalOf(5, 2), decimal, text("-")},
		{"two points", catalog.DecimalOf(5, 2), decimal, text("1.2.3")},
		{"letters", catalog.DecimalOf(5, 2), decimal, text("1e3")},
		{"a month 13", catalog.Type{Kind: catalog.Date}, column{kind: typeDate}, cell(4, 0xE8, 7, 13, 1)},
		{"half a date", catalog.Type{Kind: catalog.Date}, column{kind: typeDate}, cell(3, 0xE8, 7, 1)},
		{"a date with a time", catalog.Type{Kind: catalog.Date}, column{kind: typeDate}, cell(7, 0xE8, 7, 1, 1, 1, 1, 1)},
		{"an hour 24", catalog.Type{Kind: catalog.Timestamp}, column{kind: typeDateTime}, cell(7, 0xE8, 7, 1, 1, 24, 0, 0)},
		{"a million of microseconds", catalog.Type{Kind: catalog.Timestamp}, column{kind: typeDateTime}, cell(11, 0xE8, 7, 1, 1, 0, 0, 0, 0x40, 0x42, 0x0F, 0)},
		{"a sign 2", catalog.Type{Kind: catalog.Interval}, column{kind: typeTime}, cell(8, 2, 0, 0, 0, 0, 0, 0, 0)},
		{"two bytes for a bit", catalog.Type{Kind: catalog.Bool}, column{kind: typeBit, length: 1}, cell(2, 0, 1)},
		{"a bit 2", catalog.Type{Kind: catalog.Bool}, column{kind: typeBit, length: 1}, cell(1, 2)},
		{"too few bits", catalog.Type{Kind: catalog.Text}, column{kind: typeBit, length: 11}, cell(1, 2)},
	} {
		if got, err := one(t, c.typ, c.c, c.row); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %s, %v", c.what, got, err)
		}
	}
}

// A number is the same with any digits, or an error; big.Rat says which.
func TestDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		precision := rapid.Int32Range(1, maxDigits).Draw(t, "precision")
		scale := rapid.Int32Range(0, precision).Draw(t, "scale")
		s := rapid.StringMatching(`-?(0{0,3}[0-9]{1,40}|0)(\.[0-9]{1,40}|\.0{1,40})?`).Draw(t, "number")
		want, _ := new(big.Rat).SetString(s)
		unscaled := new(big.Rat).Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
		fits := unscaled.IsInt() && new(big.Int).Abs(unscaled.Num()).Cmp(limit) < 0
		v, _ := newVector(catalog.DecimalOf(precision, scale), column{kind: typeNewDecimal})
		v.start(memory.NewGoAllocator())
		v.reserve(1)
		err := v.decimal([]byte(s), 0)
		if !fits {
			if !errors.Is(err, errRange) {
				t.Fatalf("%s as DECIMAL(%d,%d): %v", s, precision, scale, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s as DECIMAL(%d,%d): %v", s, precision, scale, err)
		}
		a, err := v.finish(1)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Release()
		if got := a.(*array.Decimal128).Value(0).BigInt(); got.Cmp(unscaled.Num()) != 0 {
			t.Fatalf("%s as DECIMAL(%d,%d): %s", s, precision, scale, got)
		}
	})
}

// A day's number and its fields are the same day, also before 1970 and over the ends
// of leap years.
func TestDays(t *testing.T) {
	at := daysOf(0, 1, 1)
	for year := 0; year <= maxYear; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= monthDays(year, month); day++ {
				if got := daysOf(year, month, day); got != at {
					t.Fatalf("%d-%d-%d is day %d, want %d", year, month, day, got, at)
				}
				if y, m, d := civil(at); y != int64(year) || m != int64(month) || d != int64(day) {
					t.Fatalf("day %d is %d-%d-%d, want %d-%d-%d", at, y, m, d, year, month, day)
				}
				at++
			}
		}
	}
	if at != 2932897 || daysOf(1970, 1, 1) != 0 {
		t.Errorf("the day after 9999-12-31 is %d", at)
	}
}

// Whole numbers that come in fewer bytes keep their value and sign.
func TestWidening(t *testing.T) {
	for _, c := range []struct {
		kind catalog.Kind
		c    column
		row  []byte
		want string
	}{
		{catalog.Int64, column{kind: typeLong}, cell(0xFE, 0xFF, 0xFF, 0xFF), "[-2]"},
		{catalog.Int64, column{kind: typeLong, flags: flagUnsigned}, cell(0xFE, 0xFF, 0xFF, 0xFF), "[4294967294]"},
		{catalog.Int32, column{kind: typeShort}, cell(0, 0x80), "[-32768]"},
		{catalog.Int16, column{kind: typeTiny, flags: flagUnsigned}, cell(0xFF), "[255]"},
		{catalog.Uint64, column{kind: typeTiny, flags: flagUnsigned}, cell(0xFF), "[255]"},
		{catalog.Int32, column{kind: typeYear, flags: flagUnsigned}, cell(0xE8, 7), "[2024]"},
	} {
		if got, err := one(t, catalog.Type{Kind: c.kind}, c.c, c.row); err != nil || got != c.want {
			t.Errorf("%s, %v, want %s", got, err, c.want)
		}
	}
	for kind, c := range map[catalog.Kind]column{
		catalog.Int32: {kind: typeLongLong}, catalog.Uint64: {kind: typeLong}, catalog.Int64: {kind: typeLongLong, flags: flagUnsigned},
		catalog.Int8: {kind: typeTiny, flags: flagUnsigned}, catalog.Uint16: {kind: typeDouble}, catalog.Date: {kind: typeDateTime},
		catalog.Text: {kind: typeBlob, charset: charsetBinary}, catalog.Blob: textColumn, catalog.Timestamp: {kind: typeTimestamp},
		catalog.TimestampTZ: {kind: typeDateTime}, catalog.Bool: {kind: typeBit, length: 2}, catalog.Float32: {kind: typeDouble},
	} {
		if _, fits := newVector(catalog.Type{Kind: kind}, c); fits {
			t.Errorf("%s is read from %+v", catalog.Type{Kind: kind}, c)
		}
	}
}

// Any bytes give rows or an error.
func FuzzRow(f *testing.F) {
	f.Add([]byte{packetOK, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 'a', 4, 0xE8, 7, 1, 1, 3, '1', '.', '5', 0})
	columns := []struct {
		t catalog.Type
		c column
	}{
		{catalog.Type{Kind: catalog.Int64}, column{kind: typeLongLong}}, {catalog.Type{Kind: catalog.Text}, textColumn},
		{catalog.Type{Kind: catalog.Date}, column{kind: typeDate}}, {catalog.DecimalOf(20, 2), column{kind: typeNewDecimal}},
		{catalog.Type{Kind: catalog.Interval}, column{kind: typeTime}}, {catalog.Type{Kind: catalog.Text}, column{kind: typeBit, length: 60}},
		{catalog.Type{Kind: catalog.TimestampTZ}, column{kind: typeTimestamp}}, {catalog.Type{Kind: catalog.Int32}, column{kind: typeTiny}},
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer alloc.AssertSize(t, 0)
		var vectors []vector
		var described []catalog.Column
		for _, c := range columns {
			v, _ := newVector(c.t, c.c)
			vectors, described = append(vectors, *v), append(described, catalog.Column{Name: strings.Repeat("v", len(vectors)+1), Type: c.t})
		}
		d := newDecoder(catalog.ArrowSchema(described), vectors, alloc, 10)
		defer d.release()
		if d.row(row) != nil {
			return
		}
		b, err := d.batch()
		if err != nil {
			return
		}
		defer b.Release()
		for _, c := range b.Columns() {
			if v, ok := c.(interface{ ValidateFull() error }); ok && v.ValidateFull() != nil {
				t.Error(v.ValidateFull())
			}
		}
	})
}
