package oracle

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

var (
	intType    = arrow.PrimitiveTypes.Int64
	floatType  = arrow.PrimitiveTypes.Float64
	stringType = arrow.BinaryTypes.String
)

func schemaOf(types ...arrow.DataType) *arrow.Schema {
	fields := make([]arrow.Field, len(types))
	for i, t := range types {
		fields[i] = arrow.Field{Name: string(rune('a' + i)), Type: t, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func result(s *arrow.Schema, rows ...[]any) Result { return Result{Schema: s, Rows: rows} }

func row(cells ...any) []any { return cells }

const (
	one   = 1.0
	near  = 1.0 + 5e-13 // within 1e-12 of one
	apart = 1.0 + 3e-12
)

var limited = Order{Limited: true, Limit: 2}

func TestCompare(t *testing.T) {
	is, ifs := schemaOf(intType, stringType), schemaOf(intType, floatType, floatType)
	a, b, c := row(int64(1), "x"), row(int64(2), nil), row(int64(3), "")
	nan := math.NaN()
	for _, k := range []struct {
		name  string
		want  Result
		got   Result
		order Order
		fails string // part of the error; empty: they agree
	}{
		{"lists agree", result(is, a, b, c), result(is, a, b, c), Order{Total: true}, ""},
		{"two rows swapped in a list", result(is, a, b, c), result(is, a, c, b), Order{Total: true}, "row 2, column 1 (a): 3, want 2"},
		{"two rows swapped in a multiset", result(is, a, b, c), result(is, c, b, a), Order{}, ""},
		{"a list too short", result(is, a, b), result(is, a), Order{Total: true}, "1 rows, want 2: row 2 (2, NULL) is missing"},
		{"a list too long", result(is, a), result(is, a, b), Order{Total: true}, "2 rows, want 1: row 2 (2, NULL) is one too many"},
		{"both empty", result(is), result(is), Order{Total: true}, ""},
		{"empty instead of rows", result(is, a), result(is), Order{}, "0 rows, want 1: a row is missing: (1, \"x\")"},
		{"rows instead of empty", result(is), result(is, a), Order{}, "1 rows, want 0: row 1 (1, \"x\") is not among"},
		{"NULL is not the empty string", result(is, row(int64(3), "")), result(is, row(int64(3), nil)), Order{}, "column 2 (b): NULL, want \"\""},
		{"NULL is not zero", result(is, row(nil, "x")), result(is, row(int64(0), "x")), Order{Total: true}, "column 1 (a): 0, want NULL"},
		{"NULLs are equal", result(is, row(nil, nil)), result(is, row(nil, nil)), Order{Total: true}, ""},
		{"a trailing blank counts", result(is, row(int64(1), "x ")), result(is, row(int64(1), "x")), Order{}, `"x", want "x "`},
		{"same count, a duplicate of the wrong row", result(is, a, a, b), result(is, a, b, b), Order{}, "or too often"},
		{"a duplicate lost", result(is, a, a), result(is, a), Order{}, "1 rows, want 2: a row is missing"},
		{"text that looks like another row's key", result(schemaOf(stringType, stringType), row("a", "s1:b")), result(schemaOf(stringType, stringType), row("as1:", "b")), Order{}, "not among"},

		{"a double within the tolerance", result(ifs, row(int64(1), one, nil)), result(ifs, row(int64(1), near, nil)), Order{Total: true}, ""},
		{"a double outside of it", result(ifs, row(int64(1), one, nil)), result(ifs, row(int64(1), apart, nil)), Order{Total: true}, "column 2 (b)"},
		{"large doubles, relative", result(ifs, row(int64(1), 1e300, nil)), result(ifs, row(int64(1), 1e300*near, nil)), Order{}, ""},
		{"small doubles, relative", result(ifs, row(int64(1), 1e-300, nil)), result(ifs, row(int64(1), 2e-300, nil)), Order{}, "column 2"},
		{"NaN is NaN", result(ifs, row(int64(1), nan, nil)), result(ifs, row(int64(1), nan, nil)), Order{}, ""},
		{"NaN is not NULL", result(ifs, row(int64(1), nan, nil)), result(ifs, row(int64(1), nil, nil)), Order{}, "NULL, want NaN"},
		{"infinity has a sign", result(ifs, row(int64(1), math.Inf(1), nil)), result(ifs, row(int64(1), math.Inf(-1), nil)), Order{Total: true}, "-Inf, want +Inf"},
		{"infinity is not a large number", result(ifs, row(int64(1), math.Inf(1), nil)), result(ifs, row(int64(1), math.MaxFloat64, nil)), Order{}, "want +Inf"},
		{"zero has none", result(ifs, row(int64(1), 0.0, nil)), result(ifs, row(int64(1), math.Copysign(0, -1), nil)), Order{}, ""},
		{"rounding turns the order of two rows round",
			result(ifs, row(int64(1), one, 5.0), row(int64(1), near, 3.0)),
			result(ifs, row(int64(1), near, 5.0), row(int64(1), one, 3.0)), Order{}, ""},
		{"the same with a wrong second double",
			result(ifs, row(int64(1), one, 5.0), row(int64(1), near, 3.0)),
			result(ifs, row(int64(1), near, 5.0), row(int64(1), one, 4.0)), Order{}, "or too often"},
		{"one wanted row cannot serve two",
			result(ifs, row(int64(1), one, nil), row(int64(1), 2.0, nil)),
			result(ifs, row(int64(1), one, nil), row(int64(1), near, nil)), Order{}, "row 2 (1, 1.0000000000005, NULL)"},
		{"doubles do not cross groups",
			result(ifs, row(int64(1), 7.0, nil), row(int64(2), 8.0, nil)),
			result(ifs, row(int64(1), 8.0, nil), row(int64(2), 7.0, nil)), Order{}, "not among"},

		{"limit: any two of three", result(is, a, b, c), result(is, c, a), limited, ""},
		{"limit: one too few", result(is, a, b, c), result(is, a), limited, "1 rows, want 2"},
		{"limit: one too many", result(is, a, b, c), result(is, a, b, c), limited, "3 rows, want 2"},
		{"limit: a row from elsewhere", result(is, a, b, c), result(is, a, row(int64(9), "x")), limited, "row 2 (9, \"x\") is not among the wanted rows, or too often; nearest: column 1 (a): 9, want 2"}, // (1, "x") is taken
		{"limit: a row twice that is there once", result(is, a, b, c), result(is, a, a), limited, "too often"},
		{"limit over fewer rows", result(is, a), result(is, a), limited, ""},
		{"limit 0", result(is, a, b), result(is), Order{Limited: true}, ""},
		{"offset leaves one", result(is, a, b, c), result(is, b), Order{Limited: true, Limit: 5, Offset: 2}, ""},
		{"offset ignored", result(is, a, b, c), result(is, a, b, c), Order{Limited: true, Limit: 5, Offset: 2, Keys: []int{0}}, "3 rows, want 1"},
		{"offset beyond the end", result(is, a), result(is), Order{Limited: true, Limit: 5, Offset: 9}, ""},

		{"sorted by the key, ties any way", result(is, row(int64(1), "x"), row(int64(1), "y"), row(int64(2), "z")),
			result(is, row(int64(1), "y"), row(int64(1), "x"), row(int64(2), "z")), Order{Keys: []int{0}}, ""},
		{"not sorted by the key", result(is, row(int64(1), "x"), row(int64(1), "y"), row(int64(2), "z")),
			result(is, row(int64(1), "y"), row(int64(2), "z"), row(int64(1), "x")), Order{Keys: []int{0}}, "row 2, column 1 (a): 2 stands where the order wants 1"},
		{"NULLs at the wrong end", result(is, row(nil, "x"), row(int64(1), "y")), result(is, row(int64(1), "y"), row(nil, "x")), Order{Keys: []int{0}}, "row 1, column 1 (a): 1 stands where the order wants NULL"},
		{"limit took other rows than the order says", result(is, row(int64(1), "x"), row(int64(1), "y"), row(int64(2), "z")),
			result(is, row(int64(1), "y"), row(int64(2), "z")), Order{Keys: []int{0}, Limited: true, Limit: 2}, "row 2, column 1 (a): 2 stands where the order wants 1"},
		{"the order counts from the offset", result(is, row(int64(1), "x"), row(int64(1), "y"), row(int64(2), "z")),
			result(is, row(int64(1), "x"), row(int64(2), "z")), Order{Keys: []int{0}, Limited: true, Limit: 2, Offset: 1}, ""},
		{"limit with a tie cut in two", result(is, row(int64(1), "x"), row(int64(1), "y"), row(int64(2), "z")),
			result(is, row(int64(1), "y")), Order{Keys: []int{0}, Limited: true, Limit: 1}, ""},

		{"lists inside, doubles within the tolerance", result(schemaOf(arrow.ListOf(floatType)), row(row(one, nil))), result(schemaOf(arrow.ListOf(floatType)), row(row(near, nil))), Order{}, ""},
		{"lists inside, another length", result(schemaOf(arrow.ListOf(intType)), row(row(int64(1)))), result(schemaOf(arrow.ListOf(intType)), row(row(int64(1), nil))), Order{}, "not among"},
		{"a list of none is not NULL", result(schemaOf(arrow.ListOf(intType)), row(row())), result(schemaOf(arrow.ListOf(intType)), row(nil)), Order{Total: true}, "NULL, want ()"},

		{"a column too few", result(is, a), result(schemaOf(intType), row(int64(1))), Order{}, "1 columns, want 2"},
		{"another width", result(is, a), result(schemaOf(arrow.PrimitiveTypes.Int32, stringType), a), Order{}, "column 1 (a) has type int32, want int64"},
	} {
		err := Compare(k.want, k.got, k.order)
		switch {
		case k.fails == "" && err != nil:
			t.Errorf("%s: %v", k.name, err)
		case k.fails != "" && (err == nil || !strings.Contains(err.Error(), k.fails)):
			t.Errorf("%s: error %v, want one with %q", k.name, err, k.fails)
		}
	}
}

func TestCompareSchemas(t *testing.T) {
	utc, none := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Microsecond}
	structOf := func(name string, t arrow.DataType) arrow.DataType {
		return arrow.StructOf(arrow.Field{Name: name, Type: t, Nullable: true})
	}
	for _, k := range []struct {
		a, b arrow.DataType
		same bool
	}{
		{utc, none, false},
		{utc, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Asia/Shanghai"}, false},
		{none, &arrow.TimestampType{Unit: arrow.Nanosecond}, false},
		{&arrow.Decimal128Type{Precision: 12, Scale: 2}, &arrow.Decimal128Type{Precision: 12, Scale: 3}, false},
		{&arrow.Decimal128Type{Precision: 12, Scale: 2}, &arrow.Decimal128Type{Precision: 13, Scale: 2}, false},
		{arrow.ListOf(intType), arrow.ListOfField(arrow.Field{Name: "l", Type: intType}), true},
		{arrow.ListOf(intType), arrow.ListOf(stringType), false},
		{structOf("x", intType), structOf("y", intType), false},
		{structOf("x", intType), structOf("x", stringType), false},
		{structOf("x", arrow.ListOf(intType)), structOf("x", arrow.ListOfField(arrow.Field{Name: "l", Type: intType})), true},
		{arrow.MapOf(stringType, intType), arrow.MapOf(stringType, intType), true},
		{arrow.MapOf(stringType, intType), arrow.MapOf(stringType, stringType), false},
		{stringType, arrow.BinaryTypes.LargeString, false},
	} {
		err := Compare(result(schemaOf(k.a)), result(schemaOf(k.b)), Order{})
		if (err == nil) != k.same {
			t.Errorf("%s and %s: %v", k.a, k.b, err)
		}
	}
	one := arrow.NewSchema([]arrow.Field{{Name: "A", Type: intType}}, nil)
	if err := Compare(result(schemaOf(intType)), result(one), Order{}); err == nil {
		t.Error("the case of a name counts")
	}
}

// Shuffled rows with noise below the tolerance agree; one value changed beyond it does not.
func TestMultisetsWithNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := schemaOf(intType, floatType, floatType)
	for round := range 200 {
		n := 1 + r.IntN(60)
		var want, got Result
		want.Schema, got.Schema = s, s
		for range n {
			base := []float64{1, 2, 1e9, -3}[r.IntN(4)]
			x, y := base*(1+float64(r.IntN(4))*4e-13), float64(r.IntN(5))
			want.Rows = append(want.Rows, row(int64(r.IntN(2)), x, y))
		}
		for _, w := range want.Rows {
			noise := 1 + (r.Float64()-0.5)*1e-12
			got.Rows = append(got.Rows, row(w[0], w[1].(float64)*noise, w[2]))
		}
		r.Shuffle(n, func(i, j int) { got.Rows[i], got.Rows[j] = got.Rows[j], got.Rows[i] })
		if err := Compare(want, got, Order{}); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		got.Rows[r.IntN(n)][2] = 17.0
		if Compare(want, got, Order{}) == nil {
			t.Fatalf("round %d: a wrong value was not seen", round)
		}
	}
}

// A column of doubles alone is one group: it must not take quadratic time.
func TestALargeGroupOfDoubles(t *testing.T) {
	const n = 60_000
	s := schemaOf(floatType)
	want, got := Result{Schema: s}, Result{Schema: s}
	for i := range n {
		want.Rows = append(want.Rows, row(float64(i)))
		got.Rows = append(got.Rows, row(float64(n-1-i)*near))
	}
	if err := Compare(want, got, Order{}); err != nil {
		t.Error(err)
	}
	got.Rows[n/2] = row(0.5)
	if err := Compare(want, got, Order{}); err == nil || !strings.Contains(err.Error(), "row 30001 (0.5)") {
		t.Errorf("%v", err)
	}
}
