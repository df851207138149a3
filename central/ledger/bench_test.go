package ledger

import (
	"fmt"
	"testing"
)

func perSecond(b *testing.B, rows int) {
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkAppend commits 50,000 rows a file, of which half are decisions of
// the given size.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{300, 2000} {
		b.Run(fmt.Sprintf("decision=%d", size), func(b *testing.B) {
			f := open(b, b.TempDir())
			rows := mixed("store-1", 1, 50_000, size)
			for i := 0; b.Loop(); i++ {
				rows[0].Epoch[15], rows[0].Epoch[14] = byte(i), byte(i>>8) // another log, or its range would be refused
				for j := range rows {
					rows[j].Epoch = rows[0].Epoch
				}
				if _, err := f.Append(b.Context(), rows, nothing); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, len(rows))
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{300, 700, 2000} {
		b.Run(fmt.Sprintf("decision=%d", size), func(b *testing.B) {
			f := open(b, b.TempDir())
			rows := mixed("store-1", 1, 50_000, size)
			file, err := f.Append(b.Context(), rows, nothing)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Read(b.Context(), file, func(int64, *Row) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, len(rows))
		})
	}
}
