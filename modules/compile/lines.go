package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// lineSums are functions that sum lines over the columns of a block's rows: 16
// rows in 4 vectors, unrolled over columns.
type lineSums struct {
	*linUCB
	*fn
	sums    []int // by vector
	weights []int // of some columns
	base    int   // a local that is 0
}

// splats is how many columns' weights are splatted before any is used: wazero's
// splat depends on what its register held before, and one register after another
// would wait for itself.
const splats = 6

// Parameters of all of them.
const (
	lineColumns = 0 // address of the rows' columns
	lineAt      = 1 // of the first line's first column
	lineOut     = 2 // of the answers, for weights
)

func (e *linUCB) lineSums(f *fn) *lineSums {
	l := &lineSums{linUCB: e, fn: f, sums: f.some(vectors, wasm.V128), weights: f.some(splats, wasm.V128)}
	l.base = f.local(wasm.I32)
	return l
}

// sum sums one line over the row's columns from first on, beginning with its sum
// over what all rows share at the address in the local start, or with +0.
func (l *lineSums) sum(c *wasm.Code, first, start int) {
	touch(c, lineColumns, columnBytes*l.rows)
	touch(c, lineAt, 4*l.width)
	for _, sum := range l.sums {
		if start == none {
			c.V128(0, 0, 0, 0)
		} else {
			c.Index(wasm.LocalGet, start)
			c.Mem(wasm.F32Load, l.starts)
			c.Op(wasm.F32x4Splat)
		}
		c.Index(wasm.LocalSet, sum)
	}
	for from := first; from < l.rows; from += splats {
		weights := l.weights[:min(splats, l.rows-from)]
		for i, weight := range weights {
			c.Index(wasm.LocalGet, lineAt)
			c.Mem(wasm.F32Load, 4*(l.shared+from+i))
			c.Op(wasm.F32x4Splat)
			c.Index(wasm.LocalSet, weight)
		}
		for i, weight := range weights {
			for v, sum := range l.sums {
				c.Index(wasm.LocalGet, sum)
				c.Index(wasm.LocalGet, lineColumns)
				c.Mem(wasm.V128Load, columnBytes*(from+i)+16*v)
				c.Index(wasm.LocalGet, weight)
				c.Op(wasm.F32x4Mul, wasm.F32x4Add)
				c.Index(wasm.LocalSet, sum)
			}
		}
	}
}

// weights writes the means of a block and tells whether one is NaN, which a
// missing value always makes it.
func (e *linUCB) weights() int {
	l := e.lineSums(newFn(i32s, wasm.I32, wasm.I32, wasm.I32))
	c := &l.Code
	l.sum(c, 0, l.base)
	touch(c, lineOut, outBytes)
	for v, sum := range l.sums {
		storeWide(c, lineOut, sum, 32*v)
	}
	for v, sum := range l.sums {
		c.Index(wasm.LocalGet, sum)
		if v > 0 {
			c.Op(wasm.F32x4Add)
		}
	}
	c.Index(wasm.LocalTee, l.weights[0])
	c.Index(wasm.LocalGet, l.weights[0])
	c.Op(wasm.F32x4Eq, wasm.I32x4AllTrue, wasm.I32Eqz)
	return e.end(l.fn)
}

// squared is a function that adds the squares of some lines' sums.
type squared struct{ function, lines int }

// allSquares emits the functions for all lines of a root in order: those of what
// all rows share, which span all columns of a row, then the others, some at a time.
func (e *linUCB) allSquares() (out []squared) {
	if e.shared > 0 {
		out = append(out, squared{e.addSquares(0, e.shared), e.shared})
	}
	for at := e.shared; at < e.width; at += linesAtOnce {
		n := min(linesAtOnce, e.width-at)
		out = append(out, squared{e.addSquares(at, n), n})
	}
	return out
}

// addSquares emits the sums of n lines of a root from line first on.
func (e *linUCB) addSquares(first, n int) int {
	l := e.lineSums(newFn(nil, wasm.I32, wasm.I32))
	squares, lines, start := l.some(vectors, wasm.V128), l.local(wasm.I32), none
	for v, square := range squares {
		if first == 0 {
			break
		}
		l.Index(wasm.LocalGet, l.base)
		l.Mem(wasm.V128Load, e.squares+16*v)
		l.Index(wasm.LocalSet, square)
	}
	if first < e.shared {
		start = l.local(wasm.I32)
		l.I32(4)
		l.Index(wasm.LocalSet, start)
	}
	l.I32(int32(n))
	l.Index(wasm.LocalSet, lines)
	meter.Loop(&l.Code, e.fuel, func(c *wasm.Code) {
		l.sum(c, max(0, first-e.shared), start)
		for v, square := range squares {
			c.Index(wasm.LocalGet, square)
			c.Index(wasm.LocalGet, l.sums[v])
			c.Index(wasm.LocalGet, l.sums[v])
			c.Op(wasm.F32x4Mul, wasm.F32x4Add)
			c.Index(wasm.LocalSet, square)
		}
		advance(c, lineAt, 4*e.width)
		if start != none {
			advance(c, start, 4)
		}
		again(c, lines)
	})
	for v, square := range squares {
		l.Index(wasm.LocalGet, l.base)
		l.Index(wasm.LocalGet, square)
		l.Mem(wasm.V128Store, e.squares+16*v)
	}
	return e.end(l.fn)
}

// storeSquares widens the squares into the variances of a block.
func (e *linUCB) storeSquares(c *wasm.Code, variance int) {
	touch(c, variance, outBytes)
	for half := range 2 * vectors {
		c.Index(wasm.LocalGet, variance)
		c.I32(0)
		c.Mem(wasm.V128Load64Zero, e.squares+8*half)
		c.Op(wasm.F64x2PromoteLow)
		c.Mem(wasm.V128Store, 16*half)
	}
}

// storeWide stores a vector's lanes as f64.
func storeWide(c *wasm.Code, base, local, offset int) {
	c.Index(wasm.LocalGet, base)
	c.Index(wasm.LocalGet, local)
	c.Op(wasm.F64x2PromoteLow)
	c.Mem(wasm.V128Store, offset)
	c.Index(wasm.LocalGet, base)
	highHalf(c, local)
	c.Op(wasm.F64x2PromoteLow)
	c.Mem(wasm.V128Store, offset+16)
}
