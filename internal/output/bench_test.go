package output_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/output"
)

// Nine columns like those of TPC-H's orders; the metric rows/s is what to look at.
func BenchmarkWrite(b *testing.B) {
	types := []catalog.Type{
		kind(catalog.Int64), kind(catalog.Int64), kind(catalog.Text), catalog.DecimalOf(15, 2), kind(catalog.Date),
		kind(catalog.Text), kind(catalog.Text), kind(catalog.Int32), kind(catalog.Text),
	}
	columns := make([]catalog.Column, len(types))
	for i, t := range types {
		columns[i] = catalog.Column{Name: fmt.Sprintf("c%d", i), Type: t}
	}
	const rows = 64 << 10
	builder := array.NewRecordBuilder(memory.NewGoAllocator(), catalog.ArrowSchema(columns))
	defer builder.Release()
	for i := range rows {
		builder.Field(0).(*array.Int64Builder).Append(int64(i) * 37)
		builder.Field(1).(*array.Int64Builder).Append(int64(i) * 7919 % 150_000)
		builder.Field(2).(*array.StringBuilder).Append("O")
		builder.Field(3).(*array.Decimal128Builder).Append(decimal(int64(i) * 123_457))
		builder.Field(4).(*array.Date32Builder).Append(arrow.Date32(8035 + i%2400))
		builder.Field(5).(*array.StringBuilder).Append("1-URGENT")
		builder.Field(6).(*array.StringBuilder).Append(fmt.Sprintf("Clerk#%09d", i%1000))
		builder.Field(7).(*array.Int32Builder).Append(0)
		builder.Field(8).(*array.StringBuilder).Append("furiously special foxes, and 张三 nag carefully above")
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	for _, f := range allForms {
		b.Run(f.String(), func(b *testing.B) {
			b.ReportAllocs()
			total := int64(0)
			for b.Loop() {
				s := &fakeStream{schema: batch.Schema(), batches: []arrow.RecordBatch{batch}}
				got, err := output.Write(b.Context(), io.Discard, f, s, output.Options{Types: types})
				if err != nil {
					b.Fatal(err)
				}
				total += got.Rows
				b.SetBytes(got.Bytes)
			}
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func decimal(unscaled int64) decimal128.Num { return decimal128.FromI64(unscaled) }
