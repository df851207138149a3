package sdk_test

import (
	"context"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/sdk"
)

var dot = abi.Shape{Dense: 32, Heads: 1}

// BenchmarkDot1000x32 is the same dot product in each language, row by row and
// block by block, as the toolchain made it and metered in turn; with what the
// sealed module weighs.
func BenchmarkDot1000x32(b *testing.B) {
	for _, lang := range sdk.Languages() {
		for form, blocks := range map[string]bool{"rows": false, "blocks": true} {
			b.Run(lang+"/"+form, func(b *testing.B) { compare(b, build(b, lang, "dot", blocks), dot) })
		}
	}
}

// BenchmarkTemplate1000 is the same for the templates.
func BenchmarkTemplate1000(b *testing.B) {
	for _, lang := range sdk.Languages() {
		b.Run(lang, func(b *testing.B) { compare(b, build(b, lang, "", false), template.shape) })
	}
}

func compare(b *testing.B, code []byte, s abi.Shape) {
	sealed := seal(b, code)
	free, paid := newPlain(b, code), newMetered(b, sealed, host.Limits{Fuel: 1000})
	sample.Fill(free.frame(s, 1000), sample.Rand(1), 0)
	f, err := paid.Frame(s, 1000)
	if err != nil {
		b.Fatal(err)
	}
	sample.Fill(f, sample.Rand(1), 0)
	bestFree, bestPaid := time.Hour, time.Hour
	for b.Loop() {
		start := time.Now()
		free.score()
		bestFree = min(bestFree, time.Since(start))
		start = time.Now()
		if err := paid.Score(); err != nil {
			b.Fatal(err)
		}
		bestPaid = min(bestPaid, time.Since(start))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(bestFree)/1000, "ns/row-plain")
	b.ReportMetric(float64(bestPaid)/1000, "ns/row-metered")
	b.ReportMetric(float64(bestPaid)/float64(bestFree), "ratio")
	b.ReportMetric(float64(paid.Spent())/1000, "fuel/row")
	b.ReportMetric(float64(len(sealed)), "code-B")
	b.ReportMetric(float64(free.guest.Memory().Size()), "memory-B")
}

// BenchmarkInstance is what one more instance takes.
func BenchmarkInstance(b *testing.B) {
	ctx := context.Background()
	for _, lang := range sdk.Languages() {
		b.Run(lang, func(b *testing.B) {
			g := newPlain(b, build(b, lang, "dot", true))
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
