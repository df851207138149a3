package sdk_test

import (
	"context"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/sdk"
)

var dot = abi.Shape{Dense: 32, Heads: 1}

// BenchmarkDot1000x32 is the same dot product in each language, row by row and
// block by block, as the toolchain made it; with what the module weighs.
func BenchmarkDot1000x32(b *testing.B) {
	for _, lang := range sdk.Languages() {
		for form, blocks := range map[string]bool{"rows": false, "blocks": true} {
			b.Run(lang+"/"+form, func(b *testing.B) {
				code := build(b, lang, "dot", blocks)
				g := newPlain(b, wazero.NewRuntimeConfig(), code)
				f := g.frame(dot, 1000)
				sample.Fill(f, sample.Rand(1), 0)
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					g.score()
					best = min(best, time.Since(start))
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(best)/1000, "ns/row")
				b.ReportMetric(float64(len(code)), "code-B")
				b.ReportMetric(float64(g.guest.Memory().Size()), "memory-B")
			})
		}
	}
}

// BenchmarkInstance is what one more instance takes.
func BenchmarkInstance(b *testing.B) {
	ctx := context.Background()
	for _, lang := range sdk.Languages() {
		b.Run(lang, func(b *testing.B) {
			g := newPlain(b, wazero.NewRuntimeConfig(), build(b, lang, "dot", true))
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				in, err := g.runtime.InstantiateModule(ctx, g.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
				best = min(best, time.Since(start))
				if err != nil {
					b.Fatal(err)
				}
				in.Close(ctx)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(best)/1000, "µs/instance")
		})
	}
}
