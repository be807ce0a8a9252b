package postgres

import (
	"encoding/binary"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// BenchmarkDecoder decodes rows like lineitem's (a bigint, three numerics, a date)
// and like orders' texts out of memory: what the connector itself costs.
func BenchmarkDecoder(b *testing.B) {
	day := binary.BigEndian.AppendUint32(nil, 1234)
	key := binary.BigEndian.AppendUint64(nil, 6000000)
	money, text := catalog.DecimalOf(15, 2), catalog.Type{Kind: catalog.Text}
	for _, c := range []struct {
		name    string
		types   []wired
		message []byte
	}{
		{"lineitem", []wired{{catalog.Type{Kind: catalog.Int64}, 20}, {money, 1700}, {money, 1700}, {money, 1700}, {catalog.Type{Kind: catalog.Date}, 1082}},
			message(key, numeric(b, "17.00"), numeric(b, "90123.45"), numeric(b, "0.04"), day)},
		{"texts", []wired{{text, 1042}, {text, 1042}, {text, 1042}, {text, 1043}},
			message([]byte("O"), []byte("4-NOT SPECIFIED"), []byte("Clerk#000000951"), []byte("furiously special packages wake blithely after"))},
	} {
		b.Run(c.name, func(b *testing.B) {
			var columns []column
			var described []catalog.Column
			for _, w := range c.types {
				col, _ := newColumn(w.typ, w.number)
				columns = append(columns, *col)
				described = append(described, catalog.Column{Name: "c", Type: w.typ})
			}
			d := newDecoder(catalog.ArrowSchema(described), columns, memory.NewGoAllocator(), connectors.DefaultBatchRows)
			defer d.release()
			b.SetBytes(int64(len(c.message)))
			for b.Loop() {
				if d.full(len(c.message)) {
					batch, err := d.batch()
					if err != nil {
						b.Fatal(err)
					}
					batch.Release()
				}
				if err := d.row(c.message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
