package files

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

var (
	notANumber       = math.NaN()
	negativeInfinity = math.Inf(-1)
)

func interval(months, days int32, nanos int64) arrow.MonthDayNanoInterval {
	return arrow.MonthDayNanoInterval{Months: months, Days: days, Nanoseconds: nanos}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// schemaOnly are columns that DuckDB does not write. Files with them are made of
// their schema alone, in Thrift's compact form, without a row.
var schemaOnly = map[string][]element{
	"wide decimal":           {{kind: fixedBytes, length: 21, name: "v", converted: 5, precision: 50, scale: 2}},
	"list of wide decimals":  {{name: "v", children: 1, converted: 3}, {name: "list", children: 1, repeated: true}, {kind: fixedBytes, length: 21, name: "element", converted: 5, precision: 50, scale: 2}},
	"time of nanoseconds":    {{kind: int64Bytes, name: "v", logical: clock(7, false)}},
	"instant of nanoseconds": {{kind: int64Bytes, name: "v", logical: clock(8, true)}},
	"INT96":                  {{kind: int96Bytes, name: "v"}},
	"all null":               {{kind: int32Bytes, name: "v", logical: []byte{0xbc, 0, 0}}}, // union field 11, an empty struct
}

// Parquet's physical types, one more each: 0 is none.
const (
	int32Bytes = 1 + 1
	int64Bytes = 2 + 1
	int96Bytes = 3 + 1
	fixedBytes = 7 + 1
)

// element is a node of the schema; converted 5 is DECIMAL, 3 is LIST.
type element struct {
	name                        string
	kind, length, children      int
	converted, precision, scale int
	repeated                    bool
	logical                     []byte
}

// clock is the logical type TIME (union field 7) or TIMESTAMP (8) of nanoseconds.
func clock(field byte, utc bool) []byte {
	flag := byte(0x12) // field 1, false
	if utc {
		flag = 0x11
	}
	return []byte{field<<4 | 0xc, flag, 0x1c, 0x3c, 0, 0, 0, 0}
}

func zigzag(n int) []byte { return binary.AppendUvarint(nil, uint64(n)<<1) }

func (e element) encode() []byte {
	var out []byte
	last := byte(0)
	add := func(field, kind byte, content []byte) {
		out = append(append(out, (field-last)<<4|kind), content...)
		last = field
	}
	const i32, text, structure = 5, 8, 12
	if e.kind > 0 {
		add(1, i32, zigzag(e.kind-1))
	}
	if e.length > 0 {
		add(2, i32, zigzag(e.length))
	}
	repetition := 1 // optional
	if e.repeated {
		repetition = 2
	}
	add(3, i32, zigzag(repetition))
	add(4, text, append(binary.AppendUvarint(nil, uint64(len(e.name))), e.name...))
	if e.children > 0 {
		add(5, i32, zigzag(e.children))
	}
	if e.converted > 0 {
		add(6, i32, zigzag(e.converted))
	}
	if e.precision > 0 {
		add(7, i32, zigzag(e.scale))
		add(8, i32, zigzag(e.precision))
	}
	if e.logical != nil {
		add(10, structure, e.logical)
	}
	return append(out, 0)
}

// writeSchema writes a Parquet file of a BIGINT column n and the given one.
func writeSchema(tb testing.TB, path string, column []element) {
	tb.Helper()
	elements := append([]element{{name: "schema", children: 2}, {kind: int64Bytes, name: "n"}}, column...)
	footer := []byte{0x15, 2, 0x19, byte(len(elements)<<4 | 12)} // version 1, a list of structs
	for _, e := range elements {
		footer = append(footer, e.encode()...)
	}
	footer = append(footer, 0x16, 0, 0x19, 0x0c, 0) // no rows, no row groups
	file := append([]byte("PAR1"), footer...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
	if err := os.WriteFile(path, append(file, "PAR1"...), 0o600); err != nil {
		tb.Fatal(err)
	}
}
