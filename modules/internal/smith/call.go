package smith

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// callStatement calls something and takes its results.
func (b *body) callStatement() {
	if len(b.tables) > 0 && b.below(2) == 1 {
		if t, ok := b.funcTable(); ok {
			b.indirect(t)
			return
		}
	}
	f := b.below(b.names)
	s := b.types[b.funcs[f]]
	b.bounded(f, func() {
		b.values(s.in)
		b.index(wasm.Call, f)
		b.sinks(s.out)
	}, nil)
}

// valueCall calls for a value of t, or gives a leaf where nothing fits.
func (b *body) valueCall(t wasm.ValType) {
	f, ok := b.search(b.names+nameCount, func(f int) bool {
		return slices.Equal(b.types[b.funcs[f]].out, []wasm.ValType{t})
	})
	if !ok {
		b.leaf(t)
		return
	}
	s := b.types[b.funcs[f]]
	b.bounded(f, func() {
		b.values(s.in)
		b.index(wasm.Call, f)
	}, s.out)
}

// bounded writes a call of f, which leaves results, in a way that ends: a call of
// a later function, outside loops, and few of them; any other takes one from the
// calls left, or is not made. In wild modules some are made all the same.
func (b *body) bounded(f int, call func(), results []wasm.ValType) {
	if f <= b.self {
		b.has["call back"]++
	}
	name := f >= b.names
	if name || b.wild && b.rarely(3) || f > b.self && b.loops() == 0 && b.calls > 0 {
		if !name {
			b.calls--
			if f <= b.self {
				b.has["recursion without a bound"]++
			}
		}
		call()
		return
	}
	b.index(wasm.GlobalGet, left)
	b.begin(wasm.If, signature{out: results}, func() {
		b.less(left)
		call()
		if len(results) > 0 {
			b.op(wasm.Else)
			for _, t := range results {
				b.leaf(t)
			}
		}
	})
}

func (b *body) funcTable() (int, bool) {
	return b.search(len(b.tables), func(i int) bool { return b.tables[i].typ == wasm.FuncRef })
}

// indirect calls through a table: mostly what a segment put there, of its type.
func (b *body) indirect(t int) {
	typ, at := b.below(len(b.types)), -1
	for _, s := range b.elems {
		if s.mode == active && s.table == t && len(s.refs) > 0 && b.below(3) > 0 {
			i := b.below(len(s.refs))
			if f := s.refs[i]; f >= 0 {
				typ, at = b.funcs[f], s.at+i
			}
		}
	}
	if at < 0 && !b.daring {
		return
	}
	s := b.types[typ]
	call := func() {
		b.values(s.in)
		if at < 0 || b.dare() {
			b.value(wasm.I32)
			b.i32(15)
			b.op(wasm.I32And)
		} else {
			b.i32(int32(at))
		}
		b.index(wasm.CallIndirect, typ, t)
		b.sinks(s.out)
	}
	b.bounded(0, call, nil)
}
