package main

import (
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
)

// sampled begins a frame and fills it with values that the golden vectors try, of
// which the first misses none: so that what depends on them, as the way through a
// tree does, goes every way. The same file gets the same frame.
func (f *file) sampled(in *host.Instance, rows int) (*abi.Frame, error) {
	shape, err := f.Manifest.Frame()
	if err != nil {
		return nil, err
	}
	frame, err := in.Frame(shape, rows)
	if err != nil {
		return nil, err
	}
	return frame, f.sample(frame)
}

func (f *file) sample(to *abi.Frame) error {
	r := rand.New(rand.NewPCG(1, 0))
	from, err := frameOf(f.Golden[0])
	if err != nil {
		return err
	}
	copy(to.ContextDense(), from.ContextDense())
	copy(to.ContextCategorical(), from.ContextCategorical())
	if from.Rows() == 0 {
		return nil
	}
	for b := range abi.Blocks(to.Rows()) {
		for c := range to.Shape().Dense {
			for i := range abi.BlockRows {
				pick := r.IntN(from.Rows())
				to.Dense(b, c)[i] = from.Dense(pick/abi.BlockRows, c)[pick%abi.BlockRows]
			}
		}
		for c := range to.Shape().Categorical {
			for i := range abi.BlockRows {
				pick := r.IntN(from.Rows())
				to.Categorical(b, c)[i] = from.Categorical(pick/abi.BlockRows, c)[pick%abi.BlockRows]
			}
		}
	}
	return nil
}

// frameOf is the frame of a golden vector, without answers.
func frameOf(v bundle.Vector) (abi.Frame, error) {
	shape, rows, err := abi.ParseHeader(v.Input)
	if err != nil {
		return abi.Frame{}, err
	}
	f, err := abi.New(shape, rows)
	if err != nil {
		return f, err
	}
	copy(f.Bytes(), v.Input)
	return f, nil
}
