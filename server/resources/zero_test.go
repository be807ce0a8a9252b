package resources

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The two zeros are one place in an order, whose rows are counted together; no other value
// and no text is taken for one.
func TestTheTwoZerosAreOnePlace(t *testing.T) {
	for _, kind := range []arrow.DataType{arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float32, arrow.BinaryTypes.String} {
		b := array.NewBuilder(memory.DefaultAllocator, kind)
		a := b.NewArray()
		for text, want := range map[string]string{"-0.0": "0.0", "-0": "0", "0.0": "0.0", "-0.5": "-0.5", "-01": "-01", "-1.0": "-1.0"} {
			if kind.ID() == arrow.STRING {
				want = text
			}
			if got := string(zeroed([]byte(text), a)); got != want {
				t.Errorf("%s %s: %s, want %s", kind, text, got, want)
			}
		}
		a.Release()
		b.Release()
	}
}
