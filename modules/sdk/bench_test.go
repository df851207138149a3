package sdk_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

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

// BenchmarkInstance is what a sealed template takes: to be admitted, and for one
// more instance.
func BenchmarkInstance(b *testing.B) {
	for _, lang := range sdk.Languages() {
		b.Run(lang, func(b *testing.B) {
			sealed := seal(b, build(b, lang, "", false))
			const more = 20
			admitted, one, many, heap := time.Hour, time.Hour, time.Hour, uint64(0)
			for b.Loop() {
				e, err := host.Open(host.Options{})
				if err != nil {
					b.Fatal(err)
				}
				admitted = min(admitted, admit(b, e, sealed, 1))
				one = min(one, admit(b, e, sealed, 1))
				before := inUse()
				many = min(many, admit(b, e, sealed, 1+more))
				heap = (inUse() - before) / (1 + more)
				e.Close()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(admitted)/1e6, "ms/admission")
			b.ReportMetric(float64(many-one)/more/1e3, "µs/instance")
			b.ReportMetric(float64(heap), "B/instance")
		})
	}
}

// admit times admission; the module lives as long as its engine.
func admit(b *testing.B, e *host.Engine, sealed []byte, instances int) time.Duration {
	start := time.Now()
	if _, err := e.Admit(sealed, nil, host.Limits{Instances: instances}); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func inUse() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// BenchmarkLent is what requests see of a template's pool: each borrows an instance,
// fills a frame, scores and returns it, one caller and eight, as fast as they
// can. Instances are renewed after each, as on nodes, or left as they are.
func BenchmarkLent(b *testing.B) {
	for _, lang := range sdk.Languages() {
		e, err := host.Open(host.Options{})
		if err != nil {
			b.Fatal(err)
		}
		code := seal(b, build(b, lang, "", false))
		for form, keeps := range map[string]bool{"renewed": false, "left": true} {
			for _, rows := range []int{100, 5000} {
				m, err := e.Admit(code, nil, host.Limits{Frame: template.shape, Room: rows, Keeps: keeps})
				if err != nil {
					b.Fatal(err)
				}
				for _, callers := range []int{1, 8} {
					b.Run(fmt.Sprintf("%s/%s/%d/%d", lang, form, rows, callers), func(b *testing.B) { lent(b, m, rows, callers) })
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		}
		e.Close()
	}
}

func lent(b *testing.B, m *host.Module, rows, callers int) {
	from, err := abi.New(template.shape, rows)
	if err != nil {
		b.Fatal(err)
	}
	sample.Fill(&from, sample.Rand(1), 0)
	took := make([][]time.Duration, callers)
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range callers {
		all.Go(func() {
			for range b.N/callers + 1 {
				start := time.Now()
				if err := lend(m, &from); err != nil {
					b.Error(err)
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	all.Wait()
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	b.ReportMetric(float64(len(sorted))/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(sorted[len(sorted)/2])/1e3, "µs-p50")
	b.ReportMetric(float64(sorted[len(sorted)*99/100])/1e3, "µs-p99")
}

func lend(m *host.Module, from *abi.Frame) error {
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(from.Shape(), from.Rows())
	if err != nil {
		return err
	}
	copy(f.Bytes(), from.Input())
	return in.Score()
}
