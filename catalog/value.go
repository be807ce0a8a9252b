package catalog

import "encoding/hex"

// Value is a constant that travels to a source: bound, never written into text
// except through a dialect's quoting function. V is nil for NULL, else:
//
//	Bool bool; Int8..Int64 int64; Uint8..Uint64 uint64; Float32, Float64 float64;
//	Decimal string (plain digits, e.g. "-12.50"); Text, UUID, JSON string; Blob []byte;
//	Date int64 (days since 1970-01-01); Time int64 (microseconds since midnight);
//	Timestamp, TimestampTZ int64 (microseconds since the epoch; wall clock as if in UTC)
type Value struct {
	Type Type
	V    any
}

// BlobText writes bytes as DuckDB reads a BLOB from text, every one of them by its digits.
func BlobText(b []byte) string {
	out := make([]byte, 0, 4*len(b))
	for i := range b {
		out = hex.AppendEncode(append(out, `\x`...), b[i:i+1])
	}
	return string(out)
}

// IsNull reports whether the value is NULL.
func (v Value) IsNull() bool { return v.V == nil }
