package peers

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// kernels are the families with weights, against C and against Go as one writes it.
// Rows are in place on all sides; only scoring is timed.
func kernels() []contest {
	var all []contest
	for _, columns := range []int{32, 128} {
		all = append(all, contest{fmt.Sprintf("dense-1000x%d", columns),
			func(tb testing.TB) []racer { return dense(tb, 1000, columns) }, 1e-5})
	}
	for _, bits := range []int{16, 18} {
		all = append(all, contest{fmt.Sprintf("hashed-1000x30-of-2^%d", bits),
			func(tb testing.TB) []racer { return hashed(tb, 1000, 30, bits) }, 1e-5})
	}
	return append(all, contest{"linucb-100x32",
		func(tb testing.TB) []racer { return linucb(tb, 100, 32) }, 1e-4})
}

// sandboxed is a model in the sandbox over random rows, and the frame.
func sandboxed(tb testing.TB, m scoring.Model, rows int) (racer, *abi.Frame) {
	tb.Helper()
	module, _ := admitted(tb, m)
	in, f := framed(tb, module, m.FrameShape(), rows)
	sample.Fill(f, sample.Rand(2), 0)
	return clocked("ours", func() {
		if err := in.Score(); err != nil {
			tb.Fatal(err)
		}
	}, func() []float64 { return answers(f) }), f
}

func denseRows(f *abi.Frame) (x []float32) {
	for i := range f.Rows() {
		x = f.DenseRow(x, i)
	}
	return x
}

func dense(tb testing.TB, rows, columns int) []racer {
	s := scoring.Shape{Frame: abi.Shape{Dense: columns, Heads: 1}}
	l := sample.Linear(s, sample.Rand(1))
	l.Heads[0].Mean[0] = 0 // the bias, which the peers have not
	ours, f := sandboxed(tb, l, rows)
	x, w := denseRows(f), make([]float32, columns)
	for c := range w {
		w[c] = l.Heads[0].Mean[s.Weight(c)]
	}
	out := make([]float64, rows)
	return []racer{
		ours,
		native(tb, "C", "kernels", encoded(tb, w, x), "dense", strconv.Itoa(rows), strconv.Itoa(columns)),
		clocked("Go", func() { plainDense(w, x, out) }, func() []float64 { return out }),
	}
}

func hashed(tb testing.TB, rows, columns, bits int) []racer {
	s := scoring.Shape{Frame: abi.Shape{Categorical: columns, Heads: 1}, Bits: bits}
	l := sample.Linear(s, sample.Rand(1))
	l.Heads[0].Mean[0] = 0
	ours, f := sandboxed(tb, l, rows)
	var ids []uint32
	for i := range rows {
		ids = f.CategoricalRow(ids, i)
	}
	table := l.Heads[0].Mean[s.Nothing()+1:][:1<<bits]
	out := make([]float64, rows)
	return []racer{
		ours,
		native(tb, "C", "kernels", encoded(tb, table, ids), "hashed", strconv.Itoa(rows), strconv.Itoa(columns), strconv.Itoa(bits)),
		clocked("Go", func() { plainHashed(table, 1<<bits-1, ids, columns, out) }, func() []float64 { return out }),
	}
}

func linucb(tb testing.TB, rows, columns int) []racer {
	l := sample.LinUCB(scoring.LinUCBShape{Frame: abi.Shape{Dense: columns, Heads: 1, Variance: true}}, sample.Rand(1))
	ours, f := sandboxed(tb, l, rows)
	x, head := denseRows(f), l.Heads[0]
	inverse := make([]float32, columns*columns) // root · its transpose
	for i := range columns {
		for k := range columns {
			for j := range columns {
				inverse[i*columns+k] += head.Root[i*columns+j] * head.Root[k*columns+j]
			}
		}
	}
	out := make([]float64, 2*rows)
	return []racer{
		ours,
		native(tb, "C", "kernels", encoded(tb, head.Mean, inverse, x), "linucb", strconv.Itoa(rows), strconv.Itoa(columns)),
		clocked("Go", func() { plainLinUCB(head.Mean, inverse, x, out[:rows], out[rows:]) }, func() []float64 { return out }),
	}
}

// The Go peers are what one would write: rows in a row, plain loops.

//go:noinline
func plainDense(w, x []float32, out []float64) {
	for r := range out {
		row := x[r*len(w):][:len(w)]
		var m float32
		for i, x := range row {
			m += w[i] * x
		}
		out[r] = float64(m)
	}
}

//go:noinline
func plainHashed(table []float32, mask uint32, ids []uint32, columns int, out []float64) {
	for r := range out {
		var m float32
		for _, id := range ids[r*columns:][:columns] {
			m += table[id&mask]
		}
		out[r] = float64(m)
	}
}

//go:noinline
func plainLinUCB(theta, inverse, x []float32, mean, variance []float64) {
	d := len(theta)
	for r := range mean {
		row := x[r*d:][:d]
		var m, v float32
		for i, x := range row {
			m += theta[i] * x
			var y float32
			for j, w := range inverse[i*d:][:d] {
				y += w * row[j]
			}
			v += x * y
		}
		mean[r], variance[r] = float64(m), float64(v)
	}
}
