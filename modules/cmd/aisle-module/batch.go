package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// batch gathers rows of one context into frames, scores them and hands them on.
type batch struct {
	module  *host.Module
	shape   abi.Shape
	most    int // rows of a frame
	terms   int // 0: nobody asks for contributions
	tell    func(f *abi.Frame, explain func(row, head int) ([]float64, error)) error
	numbers []float32 // of all rows: the context's, the row's
	ids     []uint32
	rows    int
}

// read takes a row. One of another context waits until the others are scored.
func (b *batch) read(r *rows.Reader) (err error) {
	n, i := len(b.numbers), len(b.ids)
	if b.numbers, b.ids, err = r.Next(b.numbers, b.ids); err != nil {
		b.numbers, b.ids = b.numbers[:n], b.ids[:i]
		return err
	}
	sameNumbers := slices.EqualFunc(b.numbers[:b.shape.ContextDense], b.numbers[n:n+b.shape.ContextDense], func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y)
	})
	if sameNumbers && slices.Equal(b.ids[:b.shape.ContextCategorical], b.ids[i:i+b.shape.ContextCategorical]) {
		if b.rows++; b.rows == abi.MaxRows {
			return b.flush()
		}
		return nil
	}
	numbers, ids := slices.Clone(b.numbers[n:]), slices.Clone(b.ids[i:])
	b.numbers, b.ids = b.numbers[:n], b.ids[:i]
	err = b.flush()
	b.numbers, b.ids, b.rows = append(b.numbers, numbers...), append(b.ids, ids...), 1
	return err
}

// flush scores what was gathered. What is too much for one frame of the module's
// goes in smaller ones from then on.
func (b *batch) flush() error {
	for done := 0; done < b.rows; {
		n := min(b.rows-done, b.most)
		err := b.score(done, n)
		if n > abi.BlockRows && (errors.Is(err, host.ErrRoom) || errors.Is(err, host.ErrFuel)) {
			b.most = n / 2
			continue
		}
		if terminal.IsWrong(err) {
			return err
		} else if err != nil {
			return fmt.Errorf("the scorer fails on a frame of %d rows: %w%s", n, err, advice(err))
		}
		done += n
	}
	b.numbers, b.ids, b.rows = b.numbers[:0], b.ids[:0], 0
	return nil
}

func (b *batch) score(from, n int) error {
	in, err := b.module.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(b.shape, n)
	if err != nil {
		return err
	}
	b.fill(f, from)
	if err := in.Score(); err != nil {
		return err
	}
	return b.tell(f, func(row, head int) ([]float64, error) { return in.Explain(row, head, b.terms) })
}

func (b *batch) fill(f *abi.Frame, from int) {
	s := b.shape
	dense, ids := s.ContextDense+s.Dense, s.ContextCategorical+s.Categorical
	for i := range f.Rows() {
		numbers, names := b.numbers[(from+i)*dense:(from+i+1)*dense], b.ids[(from+i)*ids:(from+i+1)*ids]
		if i == 0 {
			copy(f.ContextDense(), numbers)
			copy(f.ContextCategorical(), names)
		}
		for c, x := range numbers[s.ContextDense:] {
			f.Dense(i/abi.BlockRows, c)[i%abi.BlockRows] = x
		}
		for c, id := range names[s.ContextCategorical:] {
			f.Categorical(i/abi.BlockRows, c)[i%abi.BlockRows] = id
		}
	}
}
