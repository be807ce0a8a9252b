package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// message writes the body of a DataRow; a nil field is NULL.
func message(fields ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(fields)))
	for _, f := range fields {
		if f == nil {
			b = binary.BigEndian.AppendUint32(b, math.MaxUint32)
			continue
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return b
}

// oneDecoder decodes one column of a type.
func oneDecoder(tb testing.TB, mem memory.Allocator, t catalog.Type, number uint32) *decoder {
	tb.Helper()
	c, ok := newColumn(t, number)
	if !ok {
		tb.Fatalf("%s from type %d: no column", t, number)
	}
	schema := catalog.ArrowSchema([]catalog.Column{{Name: "v", Type: t}})
	return newDecoder(schema, []column{*c}, mem, 0)
}

// numeric encodes digits as PostgreSQL does: to the base 10,000, without zeros at
// either end.
func numeric(tb testing.TB, s string) []byte {
	tb.Helper()
	sign := uint16(numericPositive)
	if strings.HasPrefix(s, "-") {
		sign, s = numericNegative, s[1:]
	}
	whole, part, _ := strings.Cut(s, ".")
	scale := len(part)
	for len(whole)%4 != 0 {
		whole = "0" + whole
	}
	for len(part)%4 != 0 {
		part += "0"
	}
	all, weight := whole+part, len(whole)/4-1
	for strings.HasPrefix(all, "0000") {
		all, weight = all[4:], weight-1
	}
	for strings.HasSuffix(all, "0000") {
		all = all[:len(all)-4]
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(all)/4))
	b = binary.BigEndian.AppendUint16(b, uint16(int16(weight)))
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, uint16(scale))
	for i := 0; i < len(all); i += 4 {
		var digit uint16
		if _, err := fmt.Sscanf(all[i:i+4], "%d", &digit); err != nil {
			tb.Fatal(err)
		}
		b = binary.BigEndian.AppendUint16(b, digit)
	}
	return b
}

// Decimals of every precision and scale, against big integers.
func TestDecimals(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	random := rand.New(rand.NewPCG(7, 11))
	for precision := int32(1); precision <= 38; precision++ {
		for scale := int32(0); scale <= precision; scale++ {
			d := oneDecoder(t, mem, catalog.DecimalOf(precision, scale), 1700)
			limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
			most := new(big.Int).Sub(limit, big.NewInt(1))
			units := []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(-1), most, new(big.Int).Neg(most)}
			for range 20 {
				u := new(big.Int).Mul(big.NewInt(random.Int64()), big.NewInt(random.Int64()))
				u.Mul(u, big.NewInt(random.Int64N(1000)-500))
				u.Rem(u, new(big.Int).Exp(big.NewInt(10), big.NewInt(1+random.Int64N(int64(precision))), nil))
				units = append(units, u)
			}
			for _, u := range units {
				if err := d.row(message(numeric(t, plain(u, int(scale))))); err != nil {
					t.Fatalf("(%d,%d) %s: %v", precision, scale, u, err)
				}
			}
			b, err := d.batch()
			if err != nil {
				t.Fatal(err)
			}
			for i, u := range units {
				if got := b.Column(0).(*array.Decimal128).Value(i).BigInt(); got.Cmp(u) != 0 {
					t.Errorf("(%d,%d): %s is read as %s", precision, scale, u, got)
				}
			}
			b.Release()
			// One more digit before the point, one more after it.
			over := []string{plain(limit, int(scale)), "-" + plain(limit, int(scale))}
			over = append(over, plain(big.NewInt(1), int(scale)+1), plain(new(big.Int).Add(new(big.Int).Mul(most, big.NewInt(10)), big.NewInt(5)), int(scale)+1))
			for _, s := range over {
				if err := d.row(message(numeric(t, s))); !errors.Is(err, errRange) {
					t.Errorf("(%d,%d): %s gives %v", precision, scale, s, err)
				}
			}
			// A longer spelling of a value that fits is that value.
			if err := d.row(message(numeric(t, plain(most, int(scale))+zerosAfter(scale)))); err != nil {
				t.Errorf("(%d,%d): zeros at the end: %v", precision, scale, err)
			}
			d.release()
		}
	}
}

func zerosAfter(scale int32) string {
	if scale == 0 {
		return ".00000000"
	}
	return "00000000"
}

// plain writes units of 10^-scale in digits.
func plain(u *big.Int, scale int) string {
	s := new(big.Int).Abs(u).String()
	for len(s) <= scale {
		s = "0" + s
	}
	if scale > 0 {
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if u.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// What PostgreSQL sends beside plain digits, or never sends.
func TestDecimalOddities(t *testing.T) {
	head := func(digits, weight int, sign uint16, more ...uint16) []byte {
		b := binary.BigEndian.AppendUint16(nil, uint16(digits))
		b = binary.BigEndian.AppendUint16(b, uint16(int16(weight)))
		b = binary.BigEndian.AppendUint16(b, sign)
		b = binary.BigEndian.AppendUint16(b, 0)
		for _, m := range more {
			b = binary.BigEndian.AppendUint16(b, m)
		}
		return b
	}
	for _, c := range []struct {
		name  string
		field []byte
		want  error
	}{
		{"NaN", head(0, 0, numericNaN), errNaN},
		{"infinity", head(0, 0, numericInf), errInfinite},
		{"-infinity", head(0, 0, numericNegInf), errInfinite},
		{"another sign", head(0, 0, 1), errMalformed},
		{"a digit above 9999", head(1, 0, 0, 10000), errMalformed},
		{"a digit above 9999, the long way", head(1, 9, 0, 10000), errMalformed},
		{"fewer digits than said", head(2, 0, 0, 1), errMalformed},
		{"more digits than said", head(0, 0, 0, 1), errMalformed},
		{"nothing", []byte{}, errMalformed},
		{"half a digit", append(head(1, 0, 0), 0), errMalformed},
		{"far too large", head(1, 32767, 0, 1), errRange},
		{"far too small", head(1, -32768, 0, 1), errRange},
		{"zero, far away", head(1, 32767, 0, 0), nil},
		{"zeros in front", head(5, 4, 0, 0, 0, 0, 0, 7), nil},
		{"zero with a sign", head(0, 0, numericNegative), nil},
	} {
		d := oneDecoder(t, memory.NewGoAllocator(), catalog.DecimalOf(9, 2), 1700)
		if err := d.row(message(c.field)); !errors.Is(err, c.want) && (err != nil || c.want != nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Fields of a wrong length are never taken for values.
func TestWrongLengths(t *testing.T) {
	for number, w := range wireTypes {
		typ := catalog.Type{Kind: w.kind}
		if w.kind == catalog.Decimal {
			typ = catalog.DecimalOf(9, 2)
		}
		for n := range 40 {
			f := make([]byte, n)
			d := oneDecoder(t, memory.NewGoAllocator(), typ, number)
			fits := d.columns[0].width == n && n > 0 || d.columns[0].op == opText || d.columns[0].op == opChar ||
				w.op == opBool && n == 1 || w.op == opUUID && n == 16 || w.op == opDecimal && n == 8
			if w.op == opDecimal && n == 16 {
				fits = false
			}
			if err := d.row(message(f)); (err == nil) != fits {
				t.Errorf("type %d, %d bytes: %v", number, n, err)
			}
		}
	}
}

// Rows that do not hold what the first two bytes and the lengths say.
func TestMalformedRows(t *testing.T) {
	whole := message([]byte{0, 0, 0, 1})
	for n := range whole {
		d := oneDecoder(t, memory.NewGoAllocator(), catalog.Type{Kind: catalog.Int32}, 23)
		if err := d.row(whole[:n]); !errors.Is(err, errMalformed) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for name, b := range map[string][]byte{
		"bytes after the end": append(message([]byte{0, 0, 0, 1}), 0),
		"two fields":          message([]byte{0, 0, 0, 1}, nil),
		"a length below -1":   {0, 1, 0xff, 0xff, 0xff, 0xfe},
	} {
		d := oneDecoder(t, memory.NewGoAllocator(), catalog.Type{Kind: catalog.Int32}, 23)
		if err := d.row(b); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A column is decoded only as the type that the server announced.
func TestAnnouncedTypes(t *testing.T) {
	for number, w := range wireTypes {
		for kind := catalog.Invalid; kind <= catalog.Null; kind++ {
			typ := catalog.Type{Kind: kind}
			if kind == catalog.Decimal {
				typ = catalog.DecimalOf(9, 2)
			}
			if _, ok := newColumn(typ, number); ok != (kind == w.kind) {
				t.Errorf("type %d as %s: %t", number, typ, ok)
			}
			if kind == catalog.Invalid {
				continue
			}
			if _, ok := newColumn(catalog.ListOf(typ), w.array); ok != (kind == w.kind) {
				t.Errorf("array %d as a list of %s: %t", w.array, typ, ok)
			}
		}
	}
	if _, ok := newColumn(catalog.ListOf(catalog.ListOf(catalog.Type{Kind: catalog.Int32})), 1007); ok {
		t.Error("a list of lists from an array")
	}
}

func arrayField(dimensions uint32, elem uint32, rest ...uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, dimensions)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, elem)
	for _, r := range rest {
		b = binary.BigEndian.AppendUint32(b, r)
	}
	return b
}

func TestArrays(t *testing.T) {
	for _, c := range []struct {
		name  string
		field []byte
		want  error
	}{
		{"empty", arrayField(0, 23), nil},
		{"one", arrayField(1, 23, 1, 1, 4, 7), nil},
		{"NULL", arrayField(1, 23, 1, 1, math.MaxUint32), nil},
		{"another element type", arrayField(1, 20, 0, 1), errMalformed},
		{"two dimensions", arrayField(2, 23, 1, 1, 1, 1, 4, 7), errShape},
		{"from index 0", arrayField(1, 23, 1, 0, 4, 7), errShape},
		{"more elements than bytes", arrayField(1, 23, 1<<31, 1), errMalformed},
		{"a negative length", arrayField(1, 23, 1, 1, math.MaxUint32-1), errMalformed},
		{"a length beyond the end", arrayField(1, 23, 1, 1, 8, 7), errMalformed},
		{"bytes after the last element", arrayField(1, 23, 1, 1, 4, 7, 9), errMalformed},
		{"bytes after nothing", arrayField(0, 23, 1), errMalformed},
		{"cut short", arrayField(1, 23, 1), errMalformed},
		{"no header", []byte{0, 0, 0, 1}, errMalformed},
		{"an element of a wrong length", arrayField(1, 23, 1, 1, 0), errMalformed},
	} {
		mem := &counting{CheckedAllocator: memory.NewCheckedAllocator(memory.NewGoAllocator())}
		d := oneDecoder(t, mem, catalog.ListOf(catalog.Type{Kind: catalog.Int32}), 1007)
		if err := d.row(message(c.field)); !errors.Is(err, c.want) && (err != nil || c.want != nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if mem.peak > 64<<10 {
			t.Errorf("%s: a field of %d bytes reserves %d", c.name, len(c.field), mem.peak)
		}
		d.release()
		mem.AssertSize(t, 0)
	}
}

// Text is checked batch by batch: also where two texts make a character together
// that neither holds.
func TestTextIsUTF8(t *testing.T) {
	for _, c := range []struct {
		texts []string
		fits  bool
	}{
		{[]string{"", "中", "a", "", "é"}, true},
		{[]string{"\xe4", "\xb8\xad"}, false},
		{[]string{"\xe4\xb8", "\xad"}, false},
		{[]string{"a", "\xff"}, false},
		{[]string{"\xb8"}, false},
		{[]string{"\xed\xa0\x80"}, false}, // a surrogate
	} {
		for _, number := range []uint32{25, 1042, 1043} {
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			d := oneDecoder(t, mem, catalog.Type{Kind: catalog.Text}, number)
			for _, s := range c.texts {
				if err := d.row(message([]byte(s))); err != nil {
					t.Fatal(err)
				}
			}
			b, err := d.batch()
			if (err == nil) != c.fits || err != nil && !errors.Is(err, errEncoding) {
				t.Errorf("%q: %v", c.texts, err)
			}
			if b != nil {
				b.Release()
			}
			d.release()
			mem.AssertSize(t, 0)
		}
	}
}

// A large cell has a batch of its own, and the count of bytes is near enough.
func TestBatchLimits(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	d := oneDecoder(t, mem, catalog.Type{Kind: catalog.Blob}, 17)
	defer d.release()
	small, large := message(make([]byte, 1<<20)), message(make([]byte, connectors.BatchBytes+1))
	var batches []int64
	add := func(m []byte) {
		if d.full(len(m)) {
			b, err := d.batch()
			if err != nil {
				t.Fatal(err)
			}
			batches = append(batches, b.NumRows())
			b.Release()
		}
		if err := d.row(m); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 {
		add(small)
	}
	add(large)
	add(small)
	add(small)
	if got, want := fmt.Sprint(batches, d.rows), "[7 1 1] 2"; got != want {
		t.Errorf("batches %s, want %s", got, want)
	}
}
